"""Top-k and sorting, compiled, against the interpreter: all element types, ties, NaN, odd extents, every target."""

import numpy as np
import pytest

from differential import compile_text, each_target, interpret, interpret_each, samples, same

ELEMENTS = ["f64", "f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "f8E4M3FNUZ", "f8E5M2FNUZ", "i1", "i8", "i16", "i32", "i64"]


def program(element: str, k: int) -> str:
    """Sorted both ways and the k greatest, along the last dimension and along one before it."""
    x, i = f"!ein.tensor<[a, n, b], {element}>", "!ein.tensor<[a, n, b], i64>"
    xm, im = f"!ein.tensor<[a, {k}, b], {element}>", f"!ein.tensor<[a, {k}, b], i64>"
    xl, il = f"!ein.tensor<[a, n, {k}], {element}>", f"!ein.tensor<[a, n, {k}], i64>"
    return f"""func.func @f(%x: {x}) -> ({x}, {i}, {x}, {i}, {xm}, {im}, {xl}, {il}) attributes {{ein.entry}} {{
      %v0, %i0 = ein.sort %x dim 1 : {x} -> {x}, {i}
      %v1, %i1 = ein.sort %x dim 2 descending : {x} -> {x}, {i}
      %v2, %i2 = ein.topk %x dim 1 k {k} : {x} -> {xm}, {im}
      %v3, %i3 = ein.topk %x dim 2 k {k} : {x} -> {xl}, {il}
      return %v0, %i0, %v1, %i1, %v2, %i2, %v3, %i3 : {x}, {i}, {x}, {i}, {xm}, {im}, {xl}, {il}
    }}"""


@pytest.mark.parametrize("element", ELEMENTS)
def test_all_element_types(build, tmp_path, element):
    source, package = compile_text(program(element, 3), tmp_path)
    rng = np.random.default_rng(len(element))
    shapes = (1, 3, 3), (2, 7, 67), (1, 33, 32), (3, 131, 5), (2, 5, 257), (0, 4, 5)
    cases = [[samples(rng, element, shape, few)] for shape in shapes for few in (False, True)]
    for [x], expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        if element.startswith("f8"):  # the interpreter writes them as float32
            for i, axis in enumerate((1, 2, 1, 2)):
                expected[2 * i] = np.take_along_axis(x, expected[2 * i + 1], axis)
        same(package.f(x), expected)


@pytest.mark.parametrize("k", [0, 1, 2, 8, 61])
@each_target
def test_ks_targets_and_threads(build, tmp_path, k, target):
    from einfall import runtime

    threads = runtime.set_num_threads(0)
    x = samples(np.random.default_rng(k), "f32", (3, 64, 67), few=True)
    source, package = compile_text(program("f32", k), tmp_path, (target,))
    expected = interpret(source, "f", [x], tmp_path / "io")
    try:
        for count in (1, 2, 5):
            runtime.set_num_threads(count)
            same(package.f(x), expected)
    finally:
        runtime.set_num_threads(threads)


@pytest.mark.parametrize("order", ["random", "ascending", "descending", "equal"])
def test_long_fibers(build, tmp_path, order):
    _, package = compile_text(program("f32", 50), tmp_path)
    x = np.random.default_rng(0).standard_normal((1, 50, 12800)).astype(np.float32)
    x = {"random": x, "ascending": np.sort(x), "descending": -np.sort(-x), "equal": np.ones_like(x)}[order]
    _, _, values, places, _, _, best, where = package.f(x)
    by = np.argsort(-x, axis=2, kind="stable")
    np.testing.assert_array_equal(places, by)
    np.testing.assert_array_equal(values, np.take_along_axis(x, by, 2))
    np.testing.assert_array_equal(where, by[:, :, :50])
    np.testing.assert_array_equal(best, np.take_along_axis(x, by[:, :, :50], 2))


def test_too_few_to_choose_from(build, tmp_path):
    import einfall

    _, package = compile_text(program("f32", 5), tmp_path)
    with pytest.raises(einfall.EinfallError, match="n - 5 >= 0"):
        package.f(np.zeros((1, 4, 9), np.float32))
