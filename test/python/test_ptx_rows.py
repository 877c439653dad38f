"""Rows that all warps of a block hold together, and accesses of 16 bytes: extents around what a thread moves, and buffers that are
no such multiples. References are numpy in double precision."""

import os
import subprocess

import numpy as np
import pytest

import einfall
from ptx.floats import to_bf16, widen_bf16
from ptx.package import Package

# A thread's 16 bytes, a warp's and a block's lanes, and their neighbours.
COLUMNS = [0, 1, 7, 8, 63, 64, 65, 127, 128, 129, 257]
LONG = [1024, 2056, 4095, 4096, 4097, 8200]


@einfall.cascade
def softmax(x: "m n"):
    p[m, n] = exp(x[m, n] - max[c](x[m, c]))
    y[m, n] = p[m, n] / sum[c](p[m, c])
    return y[m, n]


@einfall.cascade
def layer_norm(x: "m n", g: "n"):
    mean[m] = sum[c](x[m, c]) / size(n)
    var[m] = sum[c]((x[m, c] - mean[m]) ** 2) / size(n)
    y[m, n] = (x[m, n] - mean[m]) * rsqrt(var[m] + 1e-5) * g[n]
    return y[m, n]


@einfall.cascade
def swiglu(a: "m n", b: "m n"):
    y[m, n] = a[m, n] / (1 + exp(-a[m, n])) * b[m, n]
    return y[m, n]


def softmax_of(x):
    p = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return p / p.sum(-1, keepdims=True)


def layer_norm_of(x, g):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * g


CASES = {"softmax": (softmax, softmax_of, "mn"), "layer_norm": (layer_norm, layer_norm_of, "mn n"),
         "swiglu": (swiglu, lambda a, b: a / (1 + np.exp(-a)) * b, "mn mn")}


@pytest.fixture(scope="module")
def packages(build, tmp_path_factory):
    made = {}

    def package(name: str, element: str) -> Package:
        if (name, element) not in made:
            path = tmp_path_factory.mktemp("rows") / "m.einf"
            cascade = CASES[name][0]
            done = subprocess.run([build / "bin" / "einfall-compile", "-", "-o", path, "--target=sm_80"],
                                  input=cascade.text(*[element] * len(cascade._parameters)), text=True, capture_output=True,
                                  env={**os.environ, "PATH": os.devnull})
            assert done.returncode == 0, done.stderr
            made[name, element] = Package(path)
        return made[name, element]

    return package


def check(package: Package, name: str, element: str, rows: int, columns: int, shift: int = 0) -> None:
    _, reference, shapes = CASES[name]
    random = np.random.default_rng(columns)
    sizes = {"m": rows, "n": columns}
    inputs = [random.standard_normal([sizes[s] for s in shape]).astype(np.float32) for shape in shapes.split()]
    if element == "bf16":
        inputs = [to_bf16(x) for x in inputs]
    package.shift = shift
    (got,) = package.call(name, *inputs)
    wide = [(widen_bf16(x) if element == "bf16" else x).astype(np.float64) for x in inputs]
    got = widen_bf16(got) if element == "bf16" else got
    with np.errstate(all="ignore"):
        want = reference(*wide) if columns else np.zeros((rows, 0))
    bound = 4e-3 if element == "bf16" else 3e-6
    np.testing.assert_allclose(got, want, rtol=bound, atol=bound * np.abs(want).max(initial=0) if element == "bf16" else 1e-6)


@pytest.mark.parametrize("element", [pytest.param("f32", marks=pytest.mark.slow), "bf16"])
@pytest.mark.parametrize("name", [n if n == "softmax" else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_columns(packages, name, element):
    package = packages(name, element)
    assert ".v4" in package.ptx
    for columns in COLUMNS:
        check(package, name, element, 3, columns)


@pytest.mark.slow
@pytest.mark.parametrize("name, element", [("softmax", "bf16"), ("layer_norm", "f32"), ("swiglu", "bf16")])
def test_long_rows(packages, name, element):
    for columns in LONG:
        check(packages(name, element), name, element, 2, columns)


@pytest.mark.slow
@pytest.mark.parametrize("element, shift", [("f32", 4), ("bf16", 2), ("bf16", 8)])
@pytest.mark.parametrize("name", CASES)
def test_buffers_that_are_no_multiples(packages, name, element, shift):
    for columns in (8, 64, 257):
        check(packages(name, element), name, element, 3, columns, shift)
