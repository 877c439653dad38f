"""Arithmetic of floating point: each instruction rounds once, to nearest even."""

import ctypes
import ctypes.util

import numpy as np

from . import integers
from .program import DTYPES, op

_libm = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")
_libm.fma.restype, _libm.fma.argtypes = ctypes.c_double, [ctypes.c_double] * 3
_libm.fmaf.restype, _libm.fmaf.argtypes = ctypes.c_float, [ctypes.c_float] * 3
_LOW, _HALF = np.uint64(0x1FFFFFFF), np.uint64(0x10000000)


def widen_bf16(a: np.ndarray) -> np.ndarray:
    return (a.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)


def to_bf16(a: np.ndarray) -> np.ndarray:
    """float32 or float64 to the nearest bf16, ties to even: of a double, through float32 rounded to odd."""
    if a.dtype == np.float64:
        near = a.astype(np.float32)
        bits = near.view(np.uint32)
        inexact = (near.astype(np.float64) != a) & np.isfinite(near) & (bits & np.uint32(1) == 0)
        outward = np.abs(a) > np.abs(near).astype(np.float64)
        a = np.where(inexact, np.where(outward, bits + np.uint32(1), bits - np.uint32(1)), bits).astype(np.uint32).view(np.float32)
    bits = a.view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return np.where(np.isnan(a), np.uint32(0x7FFF), rounded).astype(np.uint16)


def fused_single(a, b, c):
    """The product is exact in float64, the sum is not; it rounds wrongly only if it lies half way between two floats, or
    where floats get coarser."""
    total = a.astype(np.float64) * b.astype(np.float64) + c
    result = total.astype(np.float32)
    halves = (total.view(np.uint64) & _LOW) == _HALF
    small = (np.abs(result) < np.float32(2.0**-125)) & (total != 0)
    for i in np.flatnonzero(halves | small):
        result[i] = _libm.fmaf(a[i], b[i], c[i])
    return result


def fused_down(a, b, c):
    """Of sums whose float64 tells which side of the nearest float they lie on."""
    total = a.astype(np.float64) * b.astype(np.float64) + c
    near = total.astype(np.float32)
    return np.where(near > total, np.nextafter(near, np.float32(-np.inf)), near)


def flushed(a):
    """Subnormals as zeros."""
    return np.where(np.abs(a) < np.finfo(a.dtype).tiny, np.copysign(a.dtype.type(0), a), a)


def fused_double(a, b, c):
    return np.array([_libm.fma(*xyz) for xyz in zip(a.tolist(), b.tolist(), c.tolist())])


def fused_half(a, b, c):
    """Three halves in float64: the product is exact, the sum rounded to odd, which the second rounding does not see."""
    p, c = a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64)
    return odd_sum(p, c).astype(np.float16)


def fused_bfloat(a, b, c):
    p, c = (widen_bf16(a).astype(np.float64) * widen_bf16(b).astype(np.float64)), widen_bf16(c).astype(np.float64)
    return to_bf16(odd_sum(p, c))


def odd_sum(a, b):
    """a + b in float64, rounded to odd."""
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    bits = total.view(np.uint64)
    inexact = (error != 0) & np.isfinite(total) & np.isfinite(error) & (bits & np.uint64(1) == 0)
    outward = (error > 0) == (total > 0)
    return np.where(inexact, np.where(outward, bits + np.uint64(1), bits - np.uint64(1)), bits).view(np.float64)


FUSED = {"f32": fused_single, "f64": fused_double, "f16": fused_half, "bf16": fused_bfloat}


def ordered(function):
    """min and max: a NaN is no number to choose, and -0 lies below 0."""
    low = function is np.fmin

    def choose(a, b):
        result = function(a, b)
        ties = (a == b) & (a == 0)
        if ties.any():
            sign = np.signbit(a) | np.signbit(b) if low else np.signbit(a) & np.signbit(b)
            result = np.where(ties, np.where(sign, -a.dtype.type(0), a.dtype.type(0)), result).astype(a.dtype)
        return result

    return choose


def with_nan(function):
    choose = ordered(function)
    return lambda a, b: np.where(np.isnan(a) | np.isnan(b), a.dtype.type(np.nan), choose(a, b))


BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "min": ordered(np.fmin), "max": ordered(np.fmax)}
UNARY = {"neg": np.negative, "abs": np.abs, "sqrt": np.sqrt, "rcp": lambda a: a.dtype.type(1) / a,
         "rsqrt": lambda a: (1 / np.sqrt(a.astype(np.float64))).astype(a.dtype), "ex2": lambda a: np.exp2(a.astype(np.float64)).astype(a.dtype),
         "lg2": lambda a: np.log2(a.astype(np.float64)).astype(a.dtype), "sin": lambda a: np.sin(a.astype(np.float64)).astype(a.dtype),
         "cos": lambda a: np.cos(a.astype(np.float64)).astype(a.dtype), "tanh": lambda a: np.tanh(a.astype(np.float64)).astype(a.dtype)}
#: What changes nothing here: rounding to nearest even, and approximations, which give the rounded exact value.
PLAIN = {"rn", "approx", "full", "NaN"}
_APPROXIMATE = {"rsqrt", "ex2", "lg2", "sin", "cos", "tanh"}


def bfloat(function):
    """Through float32, in which sums and products of two bf16 round so that the second rounding does no harm."""
    return lambda *values: to_bf16(function(*map(widen_bf16, values)))


@op("add", "sub", "div", "min", "max", "fma", "neg", "abs", "sqrt", "rcp", *_APPROXIMATE)
def arithmetic(program, index, instruction):
    name, kind, modes = instruction.name, instruction.type, set(instruction.parts[1:-1])
    if kind not in DTYPES or kind in ("pred",):
        raise KeyError(kind)
    if not kind.startswith(("f", "bf")):
        integers.known(instruction, 2)
        if name in integers.UNARY:
            return integers.unary(program, instruction, kind, integers.UNARY[name])
        return integers.binary(program, instruction, kind, integers.BINARY[name])
    if name in ("ex2", "rcp") and {"ftz", "approx"} <= modes:
        return integers.unary(program, instruction, kind, lambda a: flushed(UNARY[name](flushed(a))))
    if name == "fma" and "rm" in modes and kind == "f32":
        return integers.ternary(program, instruction, (kind,) * 3, fused_down)
    if name == "fma" and "sat" in modes and kind == "f32":
        return integers.ternary(program, instruction, (kind,) * 3, lambda a, b, c: np.fmin(np.fmax(fused_single(a, b, c), 0), 1).astype(a.dtype))
    if modes - PLAIN:
        raise ValueError(f"no mode {', '.join(sorted(modes - PLAIN))}")
    if name == "fma":
        return integers.ternary(program, instruction, (kind,) * 3, FUSED[kind])
    if name in ("min", "max"):
        function = (with_nan if "NaN" in modes else ordered)(np.fmin if name == "min" else np.fmax)
    else:
        function = BINARY.get(name) or UNARY[name]
    if kind == "bf16":
        if name in ("neg", "abs"):
            function = (lambda a: a ^ np.uint16(0x8000)) if name == "neg" else (lambda a: a & np.uint16(0x7FFF))
        else:
            function = bfloat(function)
    return (integers.binary if name in BINARY else integers.unary)(program, instruction, kind, function)




@op("copysign")
def copysign(program, index, instruction):
    """The sign of the first operand, the size of the second one."""
    return integers.binary(program, instruction, instruction.type, lambda a, b: np.copysign(b, a))


@op("testp")
def test(program, index, instruction):
    check = {"notanumber": np.isnan, "finite": np.isfinite, "infinite": np.isinf, "number": lambda a: ~np.isnan(a)}[instruction.parts[1]]
    return integers.unary(program, instruction, instruction.type, check)

