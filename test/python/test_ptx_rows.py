"""Rows that all warps of a block hold together, and accesses of 16 bytes: extents around what a thread moves, and buffers that are
no such multiples. References are numpy in double precision."""

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

# A thread's 16 bytes, a warp's and a block's lanes, and their neighbours.
COLUMNS = [0, 1, 7, 8, 63, 64, 65, 127, 128, 129, 257]
LONG = [1024, 2056, 4095, 4096, 4097, 8200]


def softmax_of(x):
    p = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return p / p.sum(-1, keepdims=True)


def layer_norm_of(x, g, b):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * g + b


CASES = {"softmax": (softmax_of, "mn"), "layer_norm": (layer_norm_of, "mn n n"), "swiglu": (lambda a, b: a / (1 + np.exp(-a)) * b, "mn mn")}


@pytest.fixture(scope="module")
def packages(build, tmp_path_factory):
    made = {}

    def package(name: str, element: str) -> Package:
        if (name, element) not in made:
            path = tmp_path_factory.mktemp("rows") / "m.einf"
            done = subprocess.run([build / "bin" / "einfall-compile", "-", "-o", path, "--target=sm_80"],
                                  input=timed.text(name, element), text=True, capture_output=True,
                                  env={**os.environ, "PATH": os.devnull})
            assert done.returncode == 0, done.stderr
            made[name, element] = Package(path)
        return made[name, element]

    return package


def check(package: Package, name: str, element: str, rows: int, columns: int, shift: int = 0) -> None:
    reference, shapes = CASES[name]
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


@einfall.cascade
def quotient(x: "m n", d: "m"):
    y[m, n] = x[m, n] / d[m]
    return y[m, n]


def test_quotients_by_one_divisor(build, tmp_path):
    """A thread divides several numbers by one; infinities, what overflows and what is no number are as IEEE has them."""
    done = subprocess.run([build / "bin" / "einfall-compile", "-", "-o", tmp_path / "m.einf", "--target=sm_80"],
                          input=quotient.text("f32", "f32"), text=True, capture_output=True, env={**os.environ, "PATH": os.devnull})
    assert done.returncode == 0, done.stderr
    big, inf, nan = 3.4e38, np.inf, np.nan
    divisors = np.array([1e-10, -1e-10, 3, -7e9, 1e-30, 1e30, 0, -0.0, inf, -inf, nan, 1e-40], np.float32)
    row = np.array([1, -1, big, -big, inf, -inf, nan, 0, 1e-38, 1e-42, 1e38, -1e38, 1e-20, 7] * 19, np.float32)
    numbers = np.tile(row[:257], (len(divisors), 1))
    numbers[:, 14:] *= np.random.default_rng(0).uniform(0.5, 1, 243).astype(np.float32)
    (got,) = Package(tmp_path / "m.einf").call("quotient", numbers, divisors)
    with np.errstate(all="ignore"):
        want = numbers / divisors[:, None]
    np.testing.assert_allclose(got, want, rtol=2.0**-23, atol=2.0**-149)


@einfall.cascade
def scaled_quotient(x: "m n", s: "m", d: "m"):
    y[m, n] = x[m, n] * s[m] / d[m]
    return y[m, n]


@einfall.cascade
def cancelled_quotient(x: "m n", s: "m", d: "m"):
    y[m, n] = (x[m, n] * s[m]) / (d[m] * s[m])
    return y[m, n]


@pytest.mark.parametrize("cascade", [scaled_quotient, cancelled_quotient], ids=lambda cascade: cascade.__name__)
def test_quotients_with_a_factor(build, tmp_path, cascade):
    """A factor of all numbers of a row neither overflows nor is lost before they are divided."""
    done = subprocess.run([build / "bin" / "einfall-compile", "-", "-o", tmp_path / "m.einf", "--target=sm_80"],
                          input=cascade.text("f32", "f32", "f32"), text=True, capture_output=True, env={**os.environ, "PATH": os.devnull})
    assert done.returncode == 0, done.stderr
    numbers = np.array([0, 2.0**-100, 1.23e36, 2.0**120, 1e30, -1e-30, 1, -3, np.inf, np.nan] * 26, np.float32)[:257]
    factors = np.array([2.0**97, 1.2345678e-34, 2.0**-120, 1.1e-30, 1, -1, 0, np.inf, np.nan], np.float32)
    divisors = np.array([2.0**-61, 2.0**61, 2.0**62, 3, -1e-10, 1e30, np.inf], np.float32)
    s, d = (table.ravel() for table in np.meshgrid(factors, divisors, indexing="ij"))
    x = np.tile(numbers, (len(s), 1))
    (got,) = Package(tmp_path / "m.einf").call(cascade.__name__, x, s, d)
    with np.errstate(all="ignore"):
        product = x * s[:, None]
        want = product / (d * s if cascade is cancelled_quotient else d)[:, None]
        true = x.astype(np.float64) * (1 if cascade is cancelled_quotient else s[:, None]) / d[:, None]
    if cascade is scaled_quotient:
        np.testing.assert_allclose(got, want, rtol=2.0**-23, atol=2.0**-149)
        return
    # Without the factor a quotient is nearer to the true one; there is none where the factor is none.
    has_none = ~(np.isfinite(s) & (s != 0))[:, None] | np.isnan(true)
    np.testing.assert_array_equal(np.isnan(got), np.broadcast_to(has_none, got.shape))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got[~has_none], true[~has_none].astype(np.float32), rtol=2.0**-22, atol=2.0**-149)
