"""Elementwise operations: arithmetic, comparisons, logic, casts, activations."""

from __future__ import annotations

import math

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent
from ..formulas import floor_divided, power, remainder_of, sigmoid
from ..ir import Tensor
from ..scalar import Scalar
from ..table import aten

# -- nothing to do --------------------------------------------------------------------------------------


@aten("alias", "contiguous", "clone", "detach", "detach_", "lift_fresh_copy", "lift_fresh", "lift", "positive",
      "resolve_conj", "resolve_neg")
def same(cx: Context, x: Tensor, *_, **__) -> Tensor:
    return x


@aten("dropout", "native_dropout", "feature_dropout", "alpha_dropout")
def dropout(cx: Context, x: Tensor, p: float, train: bool = True) -> Tensor:
    if train and p > 0:
        raise Unsupported("dropout in training mode; call .eval() before export")
    return x


@aten("to.dtype", "to.device", "to.dtype_layout", "to.other", "to.prim_Device", "type_as", "_to_copy", "float", "_cast_Float")
def to(cx: Context, x: Tensor, *_, **__) -> Tensor:
    return x if x.logical == cx.etype else cx.b.cast(x, cx.etype)


@aten("copy", "copy_")
def copy(cx: Context, x: Tensor, source: Tensor, *_) -> Tensor:
    return cx.pointwise(lambda v: v, source)


# -- arithmetic -----------------------------------------------------------------------------------------


def _scaled(cx: Context, x: Scalar, alpha) -> Scalar:
    return x if alpha == 1 else S.mul(x, cx.scalar(alpha, x.etype))


def _logical_or_add(x: Scalar, y: Scalar) -> Scalar:
    return S.logical_or(x, y) if x.etype == "i1" else S.add(x, y)


@aten("add.Tensor", "add.Scalar", "add_.Tensor", "add_.Scalar")
def add(cx: Context, x, y, alpha=1) -> Tensor:
    return cx.pointwise(lambda a, b: _logical_or_add(a, _scaled(cx, b, alpha)), x, y)


@aten("sub.Tensor", "sub.Scalar", "sub_.Tensor", "sub_.Scalar")
def sub(cx: Context, x, y, alpha=1) -> Tensor:
    return cx.pointwise(lambda a, b: S.sub(a, _scaled(cx, b, alpha)), x, y)


@aten("rsub.Scalar", "rsub.Tensor")
def rsub(cx: Context, x, y, alpha=1) -> Tensor:
    return cx.pointwise(lambda a, b: S.sub(b, _scaled(cx, a, alpha)), x, y)


@aten("mul.Tensor", "mul.Scalar", "mul_.Tensor", "mul_.Scalar")
def mul(cx: Context, x, y) -> Tensor:
    return cx.pointwise(S.mul, x, y)


@aten("div.Tensor", "div.Scalar", "div_.Tensor", "div_.Scalar", "true_divide.Tensor")
def div(cx: Context, x, y) -> Tensor:
    return cx.pointwise(S.div, x, y)


@aten("floor_divide", "floor_divide.Scalar")
def floor_divide(cx: Context, x, y) -> Tensor:
    return cx.pointwise(floor_divided, x, y)


@aten("div.Tensor_mode", "div.Scalar_mode")
def div_mode(cx: Context, x, y, rounding_mode=None) -> Tensor:
    def trunc(a: Scalar, b: Scalar) -> Scalar:
        return S.op("math.trunc", S.div(a, b)) if ty.is_float(a.etype) else S.op("arith.divsi", a, b)

    return cx.pointwise({None: S.div, "floor": floor_divided, "trunc": trunc}[rounding_mode], x, y)


@aten("remainder.Tensor", "remainder.Scalar")
def remainder(cx: Context, x, y) -> Tensor:
    return cx.pointwise(remainder_of, x, y)


@aten("fmod.Tensor", "fmod.Scalar")
def fmod(cx: Context, x, y) -> Tensor:
    return cx.pointwise(lambda a, b: S.op("arith.remf" if ty.is_float(a.etype) else "arith.remsi", a, b), x, y)


@aten("neg", "neg_")
def neg(cx: Context, x: Tensor) -> Tensor:
    return cx.pointwise(S.neg, x, compute=cx.etype)


@aten("abs")
def abs_(cx: Context, x: Tensor) -> Tensor:
    return cx.pointwise(lambda a: S.op("math.absf" if ty.is_float(a.etype) else "math.absi", a), x, compute=cx.etype)


@aten("square")
def square(cx: Context, x: Tensor) -> Tensor:
    return cx.pointwise(lambda a: S.mul(a, a), x)


@aten("reciprocal")
def reciprocal(cx: Context, x: Tensor) -> Tensor:
    return cx.pointwise(lambda a: S.div(S.const(1.0, a.etype), a), x)


@aten("pow.Tensor_Scalar", "pow_.Scalar")
def pow_scalar(cx: Context, x: Tensor, exponent) -> Tensor:
    if isinstance(exponent, Extent):
        raise Unsupported("power with a run-time size as exponent")
    return cx.pointwise(lambda a: power(a, exponent), x)


def _integer_power(a: Scalar, n: Scalar) -> Scalar:
    """By squares, six of which reach whatever does not wrap but 0, 1 and -1; those repeat. 1 / a^-n, rounded to 0, of a negative n."""
    const = lambda v: S.const(v, a.etype)  # noqa: E731
    odd = S.cmp("ne", S.logical_and(n, const(1)), const(0))
    out, square, rest = const(1), a, n
    for _ in range(6):
        out = S.select(S.cmp("ne", S.logical_and(rest, const(1)), const(0)), S.mul(out, square), out)
        square, rest = S.mul(square, square), S.op("arith.shrsi", rest, const(1))
    is_one, is_minus = S.cmp("eq", a, const(1)), S.cmp("eq", a, const(-1))
    unit = S.select(is_one, const(1), S.select(odd, const(-1), const(1)))
    out = S.select(S.cmp("lt", n, const(0)), const(0), S.select(S.cmp("gt", n, const(63)), const(0), out))
    return S.select(S.logical_or(is_one, is_minus), unit, out)


@aten("pow.Tensor_Tensor", "pow.Scalar")
def pow_tensor(cx: Context, x, y) -> Tensor:
    if not ty.is_float(cx.etype):
        return cx.pointwise(_integer_power, x, y)
    return cx.pointwise(lambda a, b: S.op("math.powf", a, b), x, y)


@aten("maximum", "max.other")
def maximum(cx: Context, x, y) -> Tensor:
    return cx.pointwise(S.maximum, x, y)


@aten("minimum", "min.other")
def minimum(cx: Context, x, y) -> Tensor:
    return cx.pointwise(S.minimum, x, y)


@aten("clamp", "clamp_", "clamp.Tensor", "clip")
def clamp(cx: Context, x: Tensor, min=None, max=None) -> Tensor:
    bounds = [v for v in (min, max) if v is not None]

    def body(a: Scalar, *rest: Scalar) -> Scalar:
        rest = list(rest)
        if min is not None:
            a = S.maximum(a, rest.pop(0))
        return S.minimum(a, rest.pop(0)) if max is not None else a

    return cx.pointwise(body, x, *bounds)


@aten("clamp_min", "clamp_min.Tensor")
def clamp_min(cx: Context, x: Tensor, min) -> Tensor:
    return clamp(cx, x, min=min)


@aten("clamp_max", "clamp_max.Tensor")
def clamp_max(cx: Context, x: Tensor, max) -> Tensor:
    return clamp(cx, x, max=max)


@aten("addcmul")
def addcmul(cx: Context, x, y, z, value=1) -> Tensor:
    return cx.pointwise(lambda a, b, c: S.add(a, S.mul(_scaled(cx, b, value), c)), x, y, z)


@aten("atan2")
def atan2(cx: Context, y, x) -> Tensor:
    return cx.pointwise(lambda a, b: S.op("math.atan2", a, b), y, x)


@aten("hypot")
def hypot(cx: Context, x: Tensor, y: Tensor) -> Tensor:
    """top * sqrt(1 + (low / top)^2): squares of large numbers would overflow."""
    def body(a: Scalar, b: Scalar) -> Scalar:
        a, b = S.op("math.absf", a), S.op("math.absf", b)
        top, low, one = S.maximum(a, b), S.minimum(a, b), S.const(1.0, a.etype)
        part = S.div(low, top)
        plain = S.logical_or(S.cmp("eq", top, S.const(0.0, a.etype)), S.cmp("eq", top, S.const(math.inf, a.etype)))
        return S.select(plain, top, S.mul(top, S.sqrt(S.add(one, S.mul(part, part)))))

    return cx.pointwise(body, x, y)


def _number_of(a: Scalar, b: Scalar, chosen: Scalar) -> Scalar:
    """`chosen` of two, or the one of them that is a number."""
    return S.select(S.cmp("ne", a, a), b, S.select(S.cmp("ne", b, b), a, chosen)) if ty.is_float(a.etype) else chosen


@aten("fmax")
def fmax(cx: Context, x: Tensor, y: Tensor) -> Tensor:
    return cx.pointwise(lambda a, b: _number_of(a, b, S.maximum(a, b)), x, y)


@aten("fmin")
def fmin(cx: Context, x: Tensor, y: Tensor) -> Tensor:
    return cx.pointwise(lambda a, b: _number_of(a, b, S.minimum(a, b)), x, y)


@aten("round.decimals")
def round_decimals(cx: Context, x: Tensor, *, decimals: int = 0) -> Tensor:
    def body(a: Scalar) -> Scalar:
        ten = S.const(10.0 ** abs(decimals), a.etype)
        if decimals < 0:
            return S.mul(S.op("math.roundeven", S.div(a, ten)), ten)
        return S.div(S.op("math.roundeven", S.mul(a, ten)), ten)

    return cx.pointwise(body if ty.is_float(cx.etype) else lambda a: a, x)


def _shift(names: tuple[str, ...], op: str) -> None:
    @aten(*names)
    def imported(cx: Context, x, y) -> Tensor:
        return cx.pointwise(lambda a, b: S.op(op, a, b), x, y, compute=cx.etype)


for _side, _name, _math in (("left", "lshift", "arith.shli"), ("right", "rshift", "arith.shrsi")):
    _shift((f"__{_name}__.Scalar", f"__{_name}__.Tensor", f"bitwise_{_side}_shift.Tensor", f"bitwise_{_side}_shift.Tensor_Scalar"), _math)


@aten("lerp.Scalar", "lerp.Tensor")
def lerp(cx: Context, x, y, weight) -> Tensor:
    return cx.pointwise(lambda a, b, w: S.add(a, S.mul(w, S.sub(b, a))), x, y, weight)


# -- functions of one number ----------------------------------------------------------------------------


def _unary(name: str, fn) -> None:
    @aten(name, name + "_")
    def imported(cx: Context, x: Tensor) -> Tensor:
        return cx.pointwise(fn, x)


for _name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "tanh", "erf",
              "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "erfc"):
    _unary(_name, S.math_fn(_name))
for _name, _math in (("floor", "floor"), ("ceil", "ceil"), ("round", "roundeven"), ("trunc", "trunc")):
    _unary(_name, lambda a, _math=_math: S.op(f"math.{_math}", a) if ty.is_float(a.etype) else a)


def silu(a: Scalar) -> Scalar:
    return S.div(a, S.add(S.const(1.0, a.etype), S.exp(S.neg(a))))


def relu(a: Scalar) -> Scalar:
    return S.maximum(a, S.const(0, a.etype))


def softplus_of(a: Scalar) -> Scalar:
    """log(1 + exp(a)) without overflow."""
    return S.add(relu(a), S.op("math.log1p", S.exp(S.neg(S.op("math.absf", a)))))


def gelu_erf(a: Scalar) -> Scalar:
    c = lambda v: S.const(v, a.etype)  # noqa: E731
    return S.mul(S.mul(a, c(0.5)), S.add(c(1.0), S.erf(S.mul(a, c(math.sqrt(0.5))))))


def gelu_tanh(a: Scalar) -> Scalar:
    c = lambda v: S.const(v, a.etype)  # noqa: E731
    inner = S.mul(c(math.sqrt(2 / math.pi)), S.add(a, S.mul(c(0.044715), S.mul(S.mul(a, a), a))))
    return S.mul(S.mul(a, c(0.5)), S.add(c(1.0), S.tanh(inner)))


def relu6(a: Scalar) -> Scalar:
    return S.minimum(relu(a), S.const(6, a.etype))


def hardsigmoid(a: Scalar) -> Scalar:
    return S.div(relu6(S.add(a, S.const(3, a.etype))), S.const(6, a.etype))


for _name, _fn in (("sigmoid", sigmoid), ("silu", silu), ("relu", relu), ("relu6", relu6), ("hardsigmoid", hardsigmoid)):
    _unary(_name, _fn)
_unary("mish", lambda a: S.mul(a, S.tanh(softplus_of(a))))
_unary("hardswish", lambda a: S.mul(a, hardsigmoid(a)))
_unary("log_sigmoid", lambda a: S.neg(softplus_of(S.neg(a))))
_unary("sign", lambda a: S.select(S.cmp("gt", a, S.const(0, a.etype)), S.const(1, a.etype), S.select(
    S.cmp("lt", a, S.const(0, a.etype)), S.const(-1, a.etype), S.const(0, a.etype))))  # of NaN it is 0


@aten("gelu")
def gelu(cx: Context, x: Tensor, approximate: str = "none") -> Tensor:
    return cx.pointwise(gelu_tanh if approximate == "tanh" else gelu_erf, x)


@aten("softplus")
def softplus(cx: Context, x: Tensor, beta=1, threshold=20) -> Tensor:
    def body(a: Scalar) -> Scalar:
        scaled = S.mul(a, S.const(beta, a.etype))
        soft = S.div(softplus_of(scaled), S.const(beta, a.etype))
        return S.select(S.cmp("gt", scaled, S.const(threshold, a.etype)), a, soft)

    return cx.pointwise(body, x)


@aten("leaky_relu")
def leaky_relu(cx: Context, x: Tensor, slope=0.01) -> Tensor:
    return cx.pointwise(lambda a: S.select(S.cmp("gt", a, S.const(0, a.etype)), a, S.mul(a, S.const(slope, a.etype))), x)


@aten("elu")
def elu(cx: Context, x: Tensor, alpha=1, scale=1, input_scale=1) -> Tensor:
    def body(a: Scalar) -> Scalar:
        c = lambda v: S.const(v, a.etype)  # noqa: E731
        low = S.mul(c(alpha), S.op("math.expm1", S.mul(a, c(input_scale))))
        return S.mul(c(scale), S.select(S.cmp("gt", a, c(0)), a, low))

    return cx.pointwise(body, x)


# -- comparisons, logic ---------------------------------------------------------------------------------


def _compare(pred: str) -> None:
    @aten(f"{pred}.Tensor", f"{pred}.Scalar")
    def imported(cx: Context, x, y) -> Tensor:
        return cx.pointwise(lambda a, b: S.cmp(pred, a, b), x, y, compute=cx.promoted(*cx.node.args[:2]), etype="i1")


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _compare(_name)


def _bitwise(names: tuple[str, ...], fn, compute: str | None) -> None:
    @aten(*names)
    def imported(cx: Context, x, y) -> Tensor:
        return cx.pointwise(fn, x, y, compute=compute)


for _kind, _fn in (("and", S.logical_and), ("or", S.logical_or), ("xor", S.logical_xor)):
    _bitwise((f"__{_kind}__.Tensor", f"__{_kind}__.Scalar", f"bitwise_{_kind}.Tensor", f"bitwise_{_kind}.Scalar"), _fn, None)
    _bitwise((f"logical_{_kind}",), _fn, "i1")


@aten("logical_not", "bitwise_not")
def logical_not(cx: Context, x: Tensor) -> Tensor:
    name = str(cx.node.target)
    compute = "i1" if "logical" in name else cx.etype
    return cx.pointwise(lambda a: S.logical_xor(a, S.const(True if a.etype == "i1" else -1, a.etype)), x, compute=compute)


@aten("isnan")
def isnan(cx: Context, x: Tensor) -> Tensor:
    return cx.pointwise(lambda a: S.cmp("ne", a, a), x, compute=ty.compute_type(x.logical))


@aten("isinf")
def isinf(cx: Context, x: Tensor) -> Tensor:
    return cx.pointwise(lambda a: S.cmp("eq", S.op("math.absf", a), S.const(math.inf, a.etype)), x,
                        compute=ty.compute_type(x.logical))


@aten("where.self", "where.ScalarSelf", "where.ScalarOther", "where.Scalar")
def where(cx: Context, c: Tensor, x, y) -> Tensor:
    etype = cx.etype
    values = [v for v in (x, y) if isinstance(v, Tensor)]

    def body(cond: Scalar, *elements: Scalar) -> Scalar:
        it = iter(elements)
        a, b = (S.cast(next(it), etype) if isinstance(v, Tensor) else S.cast(cx.scalar(v, ty.compute_type(etype)), etype)
                for v in (x, y))
        return S.select(S.cast(cond, "i1"), a, b)

    return cx.b.map(body, [c, *values], cx.shape())


@aten("masked_fill.Scalar", "masked_fill.Tensor", "masked_fill_.Scalar", "masked_fill_.Tensor")
def masked_fill(cx: Context, x: Tensor, mask: Tensor, value) -> Tensor:
    return where(cx, mask, value, x)
