"""Typed scalar expressions, and how two types meet.

Arithmetic on floats narrower than f32 is done in f32; `logical` remembers the narrow type for results. A value that
comes from Python numbers alone is weak: it takes the type that it meets, as in PyTorch and JAX.
"""

from __future__ import annotations

import dataclasses

from ..frontend import etypes as ty
from ..frontend import scalar as S
from ..frontend.scalar import Scalar


@dataclasses.dataclass(frozen=True)
class Value:
    """`scalar` has the type in which `logical` is computed."""

    scalar: Scalar
    logical: str
    weak: bool = False

    @property
    def is_bool(self) -> bool:
        return self.logical == "i1"

    @property
    def is_float(self) -> bool:
        return ty.is_float(self.logical)

    @property
    def is_int(self) -> bool:
        return not self.is_bool and not self.is_float

    def map(self, scalar: Scalar) -> "Value":
        return dataclasses.replace(self, scalar=scalar)


def boolean(scalar: Scalar) -> Value:
    return Value(scalar, "i1")


def category(etype: str) -> int:
    return 0 if etype == "i1" else 2 if ty.is_float(etype) else 1


def convert(v: Value, logical: str, weak: bool = False) -> Value:
    """The value in another type, without rounding to a narrow one."""
    return Value(S.cast(v.scalar, ty.compute_type(logical)), logical, weak)


def rounded(v: Value, etype: str) -> Value:
    """The value rounded to an element type by an explicit cast."""
    return Value(S.cast(S.cast(v.scalar, etype), ty.compute_type(etype)), etype)


def common(a: Value, b: Value, default_float: str) -> tuple[str, bool]:
    """(logical type, weak) in which two values meet: float over integer over bool, then the wider one."""
    if a.weak and b.weak or a.logical == b.logical:
        return (a if category(a.logical) >= category(b.logical) else b).logical, a.weak and b.weak
    for x, y in ((a, b), (b, a)):
        if x.weak and not y.weak and category(x.logical) <= category(y.logical):
            return ("i64" if y.is_int and not _fits(x.scalar, y.logical) else y.logical), False
        if x.weak and not y.weak:
            return (default_float, True) if x.is_float else (x.logical, False)
    if category(a.logical) != category(b.logical):
        return max(a, b, key=lambda v: category(v.logical)).logical, False
    if ty.bits(a.logical) == ty.bits(b.logical):
        return "f32", False  # two narrow floats with different ranges
    return max(a, b, key=lambda v: ty.bits(v.logical)).logical, False


def _fits(x: Scalar, etype: str) -> bool:
    top = 1 << ty.bits(etype) - 1
    return x.op != "const" or -top <= x.attr < top


def unify(a: Value, b: Value, default_float: str) -> tuple[Value, Value]:
    logical, weak = common(a, b, default_float)
    return convert(a, logical, weak), convert(b, logical, weak)
