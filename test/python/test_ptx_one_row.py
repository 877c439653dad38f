"""Products of one row, emulated, against numpy in double precision: lanes along the sum, several steps of it at once.

Sums end within a step, within the steps that are asked for at once, and where neither leaves a rest.
"""

import numpy as np
import pytest

import einfall
from test_ptx_products import compiled, numbers, wide


@einfall.cascade
def unit(x: "1 K", w: "n K", b: "n"):
    y[m, n] = sum[k](x[m, k] * w[n, k]) + b[n]
    z[m, n] = y[m, n] / (1 + exp(-y[m, n]))
    return z[m, n]


@einfall.cascade
def bare(x: "k", w: "n k", b: "n"):
    y[n] = sum[k](x[k] * w[n, k]) + b[n]
    z[n] = y[n] / (1 + exp(-y[n]))
    return z[n]


def check(package, name: str, n: int, k: int, element: str) -> None:
    rng = np.random.default_rng([n, k])
    x, w, b = (numbers(rng, shape, element) for shape in ([1, k], [n, k], [n]))
    if element == "f32":
        x, w, b = (a.astype(np.float32) for a in (x, w, b))
    got = wide(package.call(name, x if name == "unit" else x[0], w, b)[0]).ravel()
    y = (wide(w) @ wide(x)[0]) + wide(b)
    want = y / (1 + np.exp(-y))
    size = abs(wide(w)) @ abs(wide(x)[0]) + 1
    assert (abs(got - want) <= {"f32": 2.0**-20, "f16": 2.0**-9, "bf16": 2.0**-7}[element] * size).all(), (name, n, k)


@pytest.mark.parametrize("element", ["f32", "bf16", "f16"])
@pytest.mark.parametrize("depth", [96, 512, 1000])
def test_a_rank_of_one_row(build, tmp_path, depth, element):
    package = compiled(build, tmp_path, ["unit"], "sm_90a", lambda name: unit.text(element, element, element).replace("K", str(depth)))
    assert len(package.kernels) == 1
    for n in (1, 33, 130):
        check(package, "unit", n, depth, element)


@pytest.mark.parametrize("element", ["f32", "bf16"])
def test_no_rank_of_rows(build, tmp_path, element):
    package = compiled(build, tmp_path, ["bare"], "sm_90a", lambda name: bare.text(element, element, element))
    for n, k in ((5, 1), (33, 31), (40, 520), (9, 2100), (3, 0)):
        check(package, "bare", n, k, element)
