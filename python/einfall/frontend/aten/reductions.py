"""Reductions and what is built from them: sums, means, extrema, softmax, normalising statistics, running sums.

Floats narrower than f32 accumulate in f32 and are rounded once; integers are exact.
"""

from __future__ import annotations

import math

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..extent import Extent, product, rank
from ..formulas import power
from ..ir import Tensor
from ..scalar import Scalar
from ..table import aten


def _dims(x: Tensor, dims) -> list[int]:
    if dims is None or (isinstance(dims, (list, tuple)) and not dims):
        return list(range(x.rank))
    return [d % x.rank for d in ([dims] if isinstance(dims, int) else dims)] if x.rank else []


def reduced(cx: Context, x: Tensor, dims, monoid: str, body=lambda v: v, keepdim: bool = False) -> Tensor:
    """`x` reduced over `dims`; with `keepdim` they stay with extent 1."""
    dims = _dims(x, dims)
    out = cx.b.reduce(x, dims, monoid, body)
    for d in sorted(dims) if keepdim else []:
        out = cx.b.unsqueeze(out, d)
    return out


def count(x: Tensor, dims) -> Extent:
    return product(x.shape[d] for d in _dims(x, dims))


def fsum(cx: Context, x: Tensor, dims, compute: str, body=lambda v: v, keepdim: bool = True) -> Tensor:
    """Sum of `body(x)` in type `compute`."""
    return reduced(cx, x, dims, "add", lambda v: body(S.cast(v, compute)), keepdim)


@aten("sum", "sum.dim_IntList")
def sum_(cx: Context, x: Tensor, dims=None, keepdim: bool = False, **_) -> Tensor:
    compute = ty.compute_type(cx.etype)
    return cx.b.cast(fsum(cx, x, dims, compute, keepdim=keepdim), cx.etype)


@aten("mean", "mean.dim")
def mean(cx: Context, x: Tensor, dims=None, keepdim: bool = False, **_) -> Tensor:
    total = fsum(cx, x, dims, ty.compute_type(cx.etype), keepdim=keepdim)
    return cx.pointwise(S.div, total, count(x, dims))


@aten("prod", "prod.dim_int")
def prod(cx: Context, x: Tensor, dims=None, keepdim: bool = False, **_) -> Tensor:
    compute = ty.compute_type(cx.etype)
    return cx.b.cast(reduced(cx, x, dims, "mul", lambda v: S.cast(v, compute), keepdim), cx.etype)


@aten("amax", "max")
def amax(cx: Context, x: Tensor, dims=None, keepdim: bool = False) -> Tensor:
    return reduced(cx, x, dims, "max", lambda v: S.cast(v, cx.etype), keepdim)


@aten("amin", "min")
def amin(cx: Context, x: Tensor, dims=None, keepdim: bool = False) -> Tensor:
    return reduced(cx, x, dims, "min", lambda v: S.cast(v, cx.etype), keepdim)


def _arg(cx: Context, x: Tensor, dim, keepdim: bool, monoid: str) -> Tensor:
    if dim is None:
        x, dim = cx.b.reshape(x, [product(x.shape)]), 0
    dim %= x.rank
    out = cx.b.reduce(x, [dim], monoid, etype="i64")
    return cx.b.unsqueeze(out, dim) if keepdim else out


@aten("argmax")
def argmax(cx: Context, x: Tensor, dim=None, keepdim: bool = False) -> Tensor:
    return _arg(cx, x, dim, keepdim and dim is not None, "argmax")


@aten("argmin")
def argmin(cx: Context, x: Tensor, dim=None, keepdim: bool = False) -> Tensor:
    return _arg(cx, x, dim, keepdim and dim is not None, "argmin")


@aten("max.dim")
def max_dim(cx: Context, x: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    x = cx.plain(x)
    return reduced(cx, x, [dim], "max", keepdim=keepdim), _arg(cx, x, dim, keepdim, "argmax")


@aten("min.dim")
def min_dim(cx: Context, x: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    x = cx.plain(x)
    return reduced(cx, x, [dim], "min", keepdim=keepdim), _arg(cx, x, dim, keepdim, "argmin")


@aten("any", "any.dim", "any.dims")
def any_(cx: Context, x: Tensor, dims=None, keepdim: bool = False) -> Tensor:
    return reduced(cx, x, dims, "or", lambda v: S.cast(v, "i1"), keepdim)


@aten("all", "all.dim", "all.dims")
def all_(cx: Context, x: Tensor, dims=None, keepdim: bool = False) -> Tensor:
    return reduced(cx, x, dims, "and", lambda v: S.cast(v, "i1"), keepdim)


# -- softmax and relatives ------------------------------------------------------------------------------


def exponentials(cx: Context, x: Tensor, dim: int, compute: str) -> tuple[Tensor, Tensor, Tensor]:
    """(m, e, l) of a row: its maximum, exp(x - m), and their sum; m and l keep the dimension with extent 1."""
    x = cx.b.map(lambda v: S.cast(v, compute), [x])
    m = reduced(cx, x, [dim], "max", keepdim=True)
    e = cx.b.map(lambda v, mv: S.exp(S.sub(v, mv)), [x, m])
    return m, e, reduced(cx, e, [dim], "add", keepdim=True)


@aten("softmax.int", "_softmax", "special_softmax")
def softmax(cx: Context, x: Tensor, dim: int, *_, **__) -> Tensor:
    _m, e, total = exponentials(cx, x, dim % max(x.rank, 1), ty.compute_type(cx.etype))
    return cx.pointwise(S.div, e, total)


@aten("log_softmax.int", "_log_softmax")
def log_softmax(cx: Context, x: Tensor, dim: int, *_, **__) -> Tensor:
    m, _e, total = exponentials(cx, x, dim % max(x.rank, 1), ty.compute_type(cx.etype))
    return cx.pointwise(lambda v, mv, l: S.sub(S.sub(v, mv), S.log(l)), x, m, total)


@aten("logsumexp")
def logsumexp(cx: Context, x: Tensor, dims, keepdim: bool = False) -> Tensor:
    compute = ty.compute_type(cx.etype)
    m = reduced(cx, x, dims, "max", lambda v: S.cast(v, compute), keepdim=True)
    m = cx.b.map(finite, [m])
    e = cx.b.map(lambda v, mv: S.exp(S.sub(S.cast(v, compute), mv)), [x, m])
    total = reduced(cx, e, dims, "add", keepdim=True)
    out = cx.pointwise(lambda l, mv: S.add(S.log(l), mv), total, m, shape=total.shape)
    for d in [] if keepdim else sorted(_dims(x, dims), reverse=True):
        out = cx.b.select(out, d, 0)
    return out


def finite(m: Scalar) -> Scalar:
    """A row's maximum, or 0 where it is infinite, so that x - m is never infinity minus infinity."""
    return S.select(S.cmp("eq", S.op("math.absf", m), S.const(math.inf, m.etype)), S.const(0.0, m.etype), m)


# -- statistics -----------------------------------------------------------------------------------------


def moments(cx: Context, x: Tensor, dims, compute: str, correction=0) -> tuple[Tensor, Tensor]:
    """(mean, variance) over `dims`, which stay with extent 1; the variance is that of the centred values."""
    n = S.cast(S.extent(count(x, dims)), compute)
    total = fsum(cx, x, dims, compute)
    mu = cx.b.map(lambda s: S.div(s, n), [total])
    centred = cx.b.map(lambda v, m: S.sub(S.cast(v, compute), m), [x, mu])
    squares = reduced(cx, centred, dims, "add", lambda v: S.mul(v, v), keepdim=True)
    free = S.sub(n, S.const(correction, compute)) if correction else n
    return mu, cx.b.map(lambda s: S.div(s, free), [squares])


def _variance(cx: Context, x: Tensor, dims, correction, keepdim: bool, root: bool) -> Tensor:
    _mu, var = moments(cx, x, dims, ty.compute_type(cx.etype), correction)
    out = cx.pointwise(S.sqrt if root else lambda v: v, var, shape=var.shape)
    for d in [] if keepdim else sorted(_dims(x, dims), reverse=True):
        out = cx.b.select(out, d, 0)
    return out


@aten("var", "std", "var.dim", "std.dim")
def var(cx: Context, x: Tensor, dims=None, unbiased: bool = True, keepdim: bool = False) -> Tensor:
    if isinstance(dims, bool):
        dims, unbiased = None, dims
    return _variance(cx, x, dims, int(unbiased), keepdim, "std" in str(cx.node.target))


@aten("var.correction", "std.correction")
def var_correction(cx: Context, x: Tensor, dims=None, correction=1, keepdim: bool = False) -> Tensor:
    return _variance(cx, x, dims, 1 if correction is None else correction, keepdim, "std" in str(cx.node.target))


@aten("var_mean", "std_mean", "var_mean.dim", "std_mean.dim")
def var_mean(cx: Context, x: Tensor, dims=None, unbiased: bool = True, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    if isinstance(dims, bool):
        dims, unbiased = None, dims
    return _var_mean(cx, x, dims, int(unbiased), keepdim)


@aten("var_mean.correction", "std_mean.correction")
def var_mean_correction(cx: Context, x: Tensor, dims=None, correction=1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    return _var_mean(cx, x, dims, 1 if correction is None else correction, keepdim)


def _var_mean(cx: Context, x: Tensor, dims, correction, keepdim: bool) -> tuple[Tensor, Tensor]:
    etype = ty.from_torch(cx.value[0].dtype)
    mu, var = moments(cx, x, dims, ty.compute_type(etype), correction)
    root = S.sqrt if "std" in str(cx.node.target) else lambda v: v
    out = [cx.b.map(lambda v: S.cast(root(v), etype), [var]), cx.b.cast(mu, etype)]
    for d in [] if keepdim else sorted(_dims(x, dims), reverse=True):
        out = [cx.b.select(t, d, 0) for t in out]
    return tuple(out)


@aten("linalg_vector_norm", "norm.ScalarOpt_dim")
def vector_norm(cx: Context, x: Tensor, p=2, dims=None, keepdim: bool = False, **_) -> Tensor:
    compute = ty.compute_type(cx.etype)
    size = lambda v: S.op("math.absf", v)  # noqa: E731
    if p in (math.inf, -math.inf):
        return cx.b.cast(reduced(cx, x, dims, "max" if p > 0 else "min", lambda v: size(S.cast(v, compute)), keepdim), cx.etype)
    if p == 0:
        return cx.b.cast(fsum(cx, x, dims, compute, lambda v: S.cast(S.cmp("ne", v, S.const(0.0, compute)), compute), keepdim), cx.etype)
    body = {1: size, 2: lambda v: S.mul(v, v)}.get(p, lambda v: power(size(v), p))
    total = fsum(cx, x, dims, compute, body, keepdim)
    return cx.pointwise({1: lambda v: v, 2: S.sqrt}.get(p, lambda v: power(v, 1 / p)), total)


# -- running reductions ---------------------------------------------------------------------------------


@aten("cumsum", "cumsum_")
def cumsum(cx: Context, x: Tensor, dim: int, **_) -> Tensor:
    compute = ty.compute_type(cx.etype)
    dim %= x.rank
    each = S.cast(x.coord, compute) if x.coord is not None and not ty.is_float(compute) else None
    if each is not None and each.op == "const":
        return cx.b.coordinates(S.from_extent((rank(dim) + 1) * each.attr, cx.etype), x.shape, x.labels)
    zero = cx.b.full(0, [e for d, e in enumerate(x.shape) if d != dim], compute)
    return cx.b.cast(cx.b.scan(cx.b.cast(x, compute), zero, dim, S.add), cx.etype)


@aten("cumprod", "cumprod_")
def cumprod(cx: Context, x: Tensor, dim: int, **_) -> Tensor:
    compute = ty.compute_type(cx.etype)
    dim %= x.rank
    one = cx.b.full(1, [e for d, e in enumerate(x.shape) if d != dim], compute)
    return cx.b.cast(cx.b.scan(cx.b.cast(x, compute), one, dim, S.mul), cx.etype)


@aten("logcumsumexp")
def logcumsumexp(cx: Context, x: Tensor, dim: int) -> Tensor:
    """The running log(exp a + exp s) = top + log1p(exp -|a - s|), which overflows nowhere."""
    compute = ty.compute_type(cx.etype)
    dim %= x.rank

    def step(a: Scalar, s: Scalar) -> Scalar:
        top = S.maximum(a, s)
        apart = S.op("math.absf", S.sub(a, s))
        grown = S.add(top, S.op("math.log1p", S.exp(S.neg(apart))))
        return S.select(S.cmp("eq", S.op("math.absf", top), S.const(math.inf, compute)), top, grown)  # infinities are not subtracted

    low = cx.b.full(-math.inf, [e for d, e in enumerate(x.shape) if d != dim], compute)
    return cx.b.cast(cx.b.scan(cx.b.cast(x, compute), low, dim, step), cx.etype)
