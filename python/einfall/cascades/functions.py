"""The functions of cascades by name."""

from __future__ import annotations

from ..frontend import etypes as ty
from ..frontend import scalar as S
from ..frontend.formulas import sigmoid
from ..frontend.scalar import Scalar

#: reductions: `sum[t](…)`
MONOIDS = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "or", "all": "and",
           "argmax": "argmax", "argmin": "argmin"}
#: reductions that are made of others
DERIVED = ("mean", "logsumexp")
REDUCTIONS = (*MONOIDS, *DERIVED)

#: functions of one float
FLOAT = {name: S.math_fn(name) for name in (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "tanh", "erf",
    "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "erfc")}
FLOAT["sigmoid"] = sigmoid


def _rounding(name: str):
    return lambda x: S.op(f"math.{name}", x) if ty.is_float(x.etype) else x


def absolute(x: Scalar) -> Scalar:
    return S.op("math.absf" if ty.is_float(x.etype) else "math.absi", x)


#: functions of one number that keep its type
SAME = {"abs": absolute, "floor": _rounding("floor"), "ceil": _rounding("ceil"), "round": _rounding("roundeven"),
        "trunc": _rounding("trunc")}
#: functions of two or more numbers of one type
VARIADIC = {"max": S.maximum, "min": S.minimum}

CASTS = {name: name for name in ty.NAMES if name != "i1"} | {"bool": "i1", "int": "i64"}
CONSTANTS = {"inf": float("inf"), "nan": float("nan"), "pi": 3.141592653589793}

NAMES = sorted({*REDUCTIONS, *FLOAT, *SAME, *CASTS, "where", "size", "pow", "float", "isnan"})
