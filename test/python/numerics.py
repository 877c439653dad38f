"""What tests of numerics share: the targets, and equality of bits."""

import subprocess

import numpy as np

import cpus
from paths import BUILD


TARGETS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")

# name: bits of the significand after the point, of the exponent, its bias, the infinity's exponent field (or none)
_FORMATS = {"bf16": (7, 8, 127, 255), "f8E5M2": (2, 5, 15, 31), "f8E4M3FN": (3, 4, 7, None),
            "f8E5M2FNUZ": (2, 5, 16, None), "f8E4M3FNUZ": (3, 4, 8, None)}


def decoded(array: np.ndarray, element: str) -> np.ndarray:
    """The values of bits in a narrow format, as the interpreter writes them; other arrays as they are."""
    if element not in _FORMATS or array.dtype.kind == "f":
        return array
    mantissa, width, bias, special = _FORMATS[element]
    code = array.astype(np.int64)
    field, rest = (code >> mantissa) & ((1 << width) - 1), code & ((1 << mantissa) - 1)
    value = np.ldexp(rest + np.where(field > 0, 1 << mantissa, 0), np.maximum(field, 1) - bias - mantissa)
    if special is not None:
        value = np.where(field == special, np.where(rest == 0, np.inf, np.nan), value)
    elif element == "f8E4M3FN":
        value = np.where(code & 0x7F == 0x7F, np.nan, value)
    negative = (code >> (mantissa + width)) & 1 == 1
    value = np.where(negative, -value, value)
    if element.endswith("FNUZ"):
        value = np.where(code == 0x80, np.nan, value)
    return value.astype(np.float32)


def assert_same_bits(got: np.ndarray, expected: np.ndarray, what: str = "") -> None:
    """The same shape, type and bits; any NaN equals any other, as which one comes out is the CPU's."""
    assert got.shape == expected.shape and got.dtype == expected.dtype, (what, got.dtype, expected.dtype)
    a, b = np.ascontiguousarray(got), np.ascontiguousarray(expected)
    if a.dtype.kind == "f":
        nan = np.isnan(a) & np.isnan(b)
        a, b = np.where(nan, 0, a), np.where(nan, 0, b)
    unsigned = f"u{a.dtype.itemsize}"
    same = a.view(unsigned) == b.view(unsigned)
    assert same.all(), f"{what}: {(~same).sum()} of {same.size} differ, at {np.argwhere(~same)[:4].tolist()}: got " \
                       f"{got[~same][:4]}, expected {expected[~same][:4]}"


def compile_strict(source, package, targets=None, *options) -> None:
    command = [BUILD / "bin" / "einfall-compile", source, "-o", package, "--numerics=strict", *options]
    command += [f"--target={t}" for t in targets or cpus.here(*TARGETS)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
