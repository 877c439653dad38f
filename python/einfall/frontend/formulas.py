"""Formulas over scalar expressions that have no operation of their own."""

from __future__ import annotations

from . import etypes as ty
from . import scalar as S
from .errors import Unsupported
from .scalar import Scalar


def floor_divided(a: Scalar, b: Scalar) -> Scalar:
    if ty.is_float(a.etype):
        return S.op("math.floor", S.div(a, b))
    return S.op("arith.floordivsi", a, b)


def remainder_of(a: Scalar, b: Scalar) -> Scalar:
    """Python's %: the result has the divisor's sign."""
    return S.sub(a, S.mul(floor_divided(a, b), b))


def power(x: Scalar, exponent) -> Scalar:
    """x to a literal exponent: products for small integers, roots for halves, else `math.powf`."""
    if float(exponent).is_integer() and 1 <= exponent and (exponent <= 8 or not ty.is_float(x.etype)):
        out, square, n = None, x, int(exponent)
        while n:
            if n & 1:
                out = square if out is None else S.mul(out, square)
            n >>= 1
            square = S.mul(square, square) if n else square
        return out
    if not ty.is_float(x.etype):
        if exponent == 0:
            return S.const(1, x.etype)
        raise Unsupported(f"integer power {exponent}")
    if exponent == 0:
        return S.const(1.0, x.etype)
    if exponent in (0.5, -0.5):
        return S.sqrt(x) if exponent > 0 else S.rsqrt(x)
    if exponent == -1:
        return S.div(S.const(1.0, x.etype), x)
    return S.op("math.powf", x, S.const(exponent, x.etype))


def sigmoid(a: Scalar) -> Scalar:
    one = S.const(1.0, a.etype)
    return S.div(one, S.add(one, S.exp(S.neg(a))))
