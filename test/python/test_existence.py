"""Reductions over points that may not exist, compiled, against the interpreter."""

import numpy as np
import pytest

from differential import compile_text, each_target, interpret_each, samples, same

X = "!ein.tensor<[n, c], f32>"
CASES = {
    "sum_of_maxima": ("[i]", f"reduce [a in 3: add, b in 4: max]", "%x[i, 4 * a + b - 2]", "!ein.tensor<[n], f32>"),
    "maximum_of_sums": ("[j]", f"reduce [a in 5: max, b in 3: add]", "%x[3 * a + b - 1, j]", "!ein.tensor<[c], f32>"),
    "maximum_of_no_sums": ("[j]", "reduce [a in 5: max, i in n: add]", "%x[i, j]", "!ein.tensor<[c], f32>"),
    "three": ("[]", "reduce [i in n: min, a in 3: max, b in 4: add]", "%x[i, 4 * a + b - 9]", "!ein.tensor<[], f32>"),
    "product_of_all": ("[j]", "reduce [i in n: mul, a in 2: mul, b in 2: max]", "%x[i + 2 * a - 1, j + b]", "!ein.tensor<[c], f32>"),
    "shifted": ("[i, j]", "", "%x[i - 1, j + 1]", X),
    "windows": ("[i, j]", "reduce [r in 3: add, s in 3: add]", "%x[i + r - 1, j + s - 1]", X),
}


@pytest.mark.parametrize("name", CASES)
@each_target
def test_missing_points(build, tmp_path, name, target):
    labels, reduce, index, result = CASES[name]
    text = (f"func.func @f(%x: {X}) -> {result} attributes {{ein.entry}} {{\n"
            f"  %y = ein.einsum ({index}) -> {labels} {reduce} : ({X}) -> {result}\n  return %y : {result}\n}}")
    source, package = compile_text(text, tmp_path, (target,))
    cases = [[np.round(8 * np.random.default_rng(n).standard_normal((n, c))).astype(np.float32)]
             for n, c in ((1, 1), (2, 5), (7, 12), (16, 65), (3, 0), (0, 3))]
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        same(package.f(*arrays), expected)


FILLS = [("f32", "-1.5"), ("f64", "-0.0"), ("i32", "7"), ("i8", "-3"), ("bf16", "1.0e3"), ("f16", "0xFC00"), ("f64", "0x7FF0000000000000"), ("i1", "1"), ("f32", "0.0")]


@pytest.mark.parametrize("element, fill", FILLS)
@each_target
def test_fills(build, tmp_path, element, fill, target):
    x, y, t = f"!ein.tensor<[n, c], {element}>", f"!ein.tensor<[c, n + 3], {element}>", "!ein.tensor<[n], i32>"
    fill = {"1": "true" if element == "i1" else "1"}.get(fill, fill)
    text = f"""func.func @f(%x: {x}, %i: {t}) -> ({y}, {x}) attributes {{ein.entry}} {{
      %v = ein.view %x[j - 1, i + 1] fill {fill} -> [i, j] : {x} -> {y}
      %g = ein.gather %x[r, j] fill {fill} using (%i[i] as r) -> [i, j] : {x} ({t}) -> {x}
      return %v, %g : {y}, {x}
    }}"""
    source, package = compile_text(text, tmp_path, (target,))
    cases = []
    for n, c in ((1, 1), (2, 5), (7, 33), (33, 64), (3, 0)):
        rng = np.random.default_rng(n)
        cases.append([samples(rng, element, (n, c)), rng.integers(-1, n + 1, n, np.int32)])
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        same(package.f(*arrays), expected)
