"""Rows that stay in the registers of a block from one walk to the next (passes/ein-to-tile/HeldRows.cpp): lengths around what the
tiles hold, what else may stand in such a kernel, and how many instructions an element costs. References are numpy in double
precision."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ptx.floats import to_bf16, widen_bf16
from ptx.package import Package

sys.path.append(str(Path(__file__).parents[2] / "bench" / "gpu"))

import einfall  # noqa: E402
import timed  # noqa: E402

# A thread's 16 bytes, a warp's lanes, and what tiles of 256 threads hold, with their neighbours.
SHORT = [1, 7, 63, 65, 127, 129, 257]
LONG = [2047, 2048, 2056, 4088, 4095, 4096, 4097, 4104, 8184, 8192, 8193, 8200]


def softmax_of(x):
    p = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return p / p.sum(-1, keepdims=True)


@einfall.cascade
def masked(x: "m n", lengths: "m"):
    s[m, n] = where(n < lengths[m] and n != 3, x[m, n], -inf)
    p[m, n] = exp(s[m, n] - max[c](s[m, c]))
    y[m, n] = p[m, n] / sum[c](p[m, c])
    return y[m, n]


def masked_of(x, lengths):
    n = np.arange(x.shape[1])
    return softmax_of(np.where((n < lengths[:, None]) & (n != 3), x, -np.inf))


@einfall.cascade
def batched(x: "b s n", g: "n"):
    top[b, s] = max[c](x[b, s, c])
    total[b, s] = sum[c](abs(x[b, s, c] - top[b, s]) * g[c])
    y[b, s, n] = (x[b, s, n] - top[b, s]) * (n + 1) * total[b, s] + x[b, s, 0]
    return y[b, s, n]


def batched_of(x, g):
    y = x - x.max(-1, keepdims=True)
    return y * np.arange(1, x.shape[-1] + 1) * (np.abs(y) * g).sum(-1, keepdims=True) + x[..., :1]


@einfall.cascade
def literal(x: "m 1500"):
    y[m, n] = x[m, n] / sum[c](abs(x[m, c]))
    return y[m, n]


@einfall.cascade
def integers(x: "m n"):
    y[m, n] = x[m, n] * max[c](x[m, c]) - sum[c](x[m, c]) + min[c](x[m, c])
    return y[m, n]


def integers_of(x):
    return x * x.max(-1, keepdims=True) - x.sum(-1, keepdims=True) + x.min(-1, keepdims=True)


def rms_norm_of(x, g):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * g


def layer_norm_of(x, g, b):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * g + b


def cross_entropy_of(x, label):
    top = x.max(-1)
    return top + np.log(np.exp(x - top[:, None]).sum(-1)) - x[np.arange(len(x)), label]


#: A cascade, its meaning, and its inputs: ranks of tensors, or for the last one "index" below n.
CASES = {
    "softmax": (timed.softmax, softmax_of, ["m n"]),
    "rms_norm": (timed.rms_norm, rms_norm_of, ["m n", "n"]),
    "layer_norm": (timed.layer_norm, layer_norm_of, ["m n", "n", "n"]),
    "cross_entropy": (timed.cross_entropy, cross_entropy_of, ["m n", "index"]),
    "masked": (masked, masked_of, ["m n", "index"]),
    "batched": (batched, batched_of, ["b s n", "n"]),
    "literal": (literal, lambda x: x / np.abs(x).sum(-1, keepdims=True), ["m n"]),
}


@pytest.fixture(scope="module")
def packages(build, tmp_path_factory):
    made = {}

    def package(cascade, *types: str) -> Package:
        if (cascade.__name__, types) not in made:
            path = tmp_path_factory.mktemp("held") / "m.einf"
            done = subprocess.run([build / "bin" / "einfall-compile", "-", "-o", path, "--target=sm_80"],
                                  input=cascade.text(*types), text=True, capture_output=True,
                                  env={**os.environ, "PATH": os.devnull})
            assert done.returncode == 0, done.stderr
            made[cascade.__name__, types] = Package(path)
        return made[cascade.__name__, types]

    return package


def run(packages, name: str, element: str, columns: int, shift: int = 0, rows: int = 2) -> Package:
    cascade, reference, shapes = CASES[name]
    random = np.random.default_rng(columns)
    sizes = {"m": rows, "n": columns, "b": 2, "s": 1}
    inputs = [random.integers(1, columns + 1, rows) - (name != "masked") if shape == "index"
              else random.standard_normal([sizes[r] for r in shape.split()]).astype(np.float32) for shape in shapes]
    if element == "bf16":
        inputs = [to_bf16(x) if x.dtype == np.float32 else x for x in inputs]
    package = packages(cascade, *("i64" if s == "index" else element for s in shapes))
    package.shift = shift
    package.machine.executed = 0
    (got,) = package.call(cascade.__name__, *inputs)
    wide = [(widen_bf16(x) if x.dtype == np.uint16 else x).astype(np.float64) if x.dtype != np.int64 else x for x in inputs]
    with np.errstate(all="ignore"):
        want = reference(*wide)
    bound = 1e-2 if element == "bf16" else 1e-5
    got = widen_bf16(got) if element == "bf16" else got
    np.testing.assert_allclose(got, want, rtol=bound, atol=bound * np.nanmax(np.abs(want), initial=1e-3))
    return package


@pytest.mark.parametrize("element", ["bf16", pytest.param("f32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [n for n in CASES if n != "literal"])
def test_short_rows(packages, name, element):
    for columns in SHORT if name != "masked" else SHORT[1:]:
        run(packages, name, element, columns)


@pytest.mark.slow
@pytest.mark.parametrize("element", ["bf16", "f32"])
@pytest.mark.parametrize("name", [n for n in CASES if n != "literal"])
def test_long_rows(packages, name, element):
    for columns in LONG:
        run(packages, name, element, columns)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in CASES if n != "literal"])
def test_buffers_that_are_no_multiples(packages, name):
    for columns in (64, 2048, 4096):
        run(packages, name, "bf16", columns, shift=2)


@pytest.mark.parametrize("element", ["bf16", "f32"])
def test_a_known_length(packages, element):
    run(packages, "literal", element, 1500)


@pytest.mark.parametrize("element", ["i32", pytest.param("i64", marks=pytest.mark.slow), "i8"])
def test_integers(packages, element):
    """They wrap, so that the order does not matter."""
    package = packages(integers, element)
    for columns in (1, 65, 257, 2050):
        x = np.random.default_rng(columns).integers(-100, 100, (3, columns)).astype(f"int{element[1:]}")
        (got,) = package.call("integers", x)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(got, integers_of(x.astype(np.int64)).astype(x.dtype))


TWO_RESULTS = """
func.func @two(%x: !ein.tensor<[m, n], f32> {ein.name = "x"}) -> (!ein.tensor<[m, n], f32> {ein.name = "y"}, !ein.tensor<[m], f32> {ein.name = "t"})
    attributes {ein.entry} {
  %y, %t = ein.kernel "two"(%x) : (!ein.tensor<[m, n], f32>) -> (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) {
  ^bb0(%a: !ein.tensor<[m, n], f32>):
    %t = ein.einsum (%a[m, c]) -> [m] reduce [c: add] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
    %y = ein.einsum (%a[m, n], %t[m]) -> [m, n] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, n], f32> {
    ^bb0(%p: f32, %q: f32):
      %d = arith.subf %p, %q : f32
      ein.yield %d : f32
    }
    ein.yield %y, %t : !ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>
  }
  return %y, %t : !ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>
}
"""


def test_two_results(build, tmp_path):
    done = subprocess.run([build / "bin" / "einfall-compile", "-", "-o", tmp_path / "m.einf", "--target=sm_80", "--compile-from=kernels"],
                          input=TWO_RESULTS, text=True, capture_output=True, env={**os.environ, "PATH": os.devnull})
    assert done.returncode == 0, done.stderr
    package = Package(tmp_path / "m.einf")
    for columns in (0, 1, 129, 2052, 8193):
        x = np.random.default_rng(columns).standard_normal((3, columns)).astype(np.float32)
        y, t = package.call("two", x)
        want = x.astype(np.float64).sum(-1)
        np.testing.assert_allclose(t, want, atol=1e-4)
        np.testing.assert_allclose(y, x - want[:, None], atol=1e-4)


@pytest.mark.parametrize("name, most", [("rms_norm", 12), ("softmax", 19), ("layer_norm", 20), ("cross_entropy", 14)])
def test_instructions_of_an_element(packages, name, most):
    """A row of 4096 in bf16, which all of a tile holds: this bounds the time that a kernel takes."""
    package = run(packages, name, "bf16", 4096)
    assert package.machine.executed / (2 * 4096) < most
