"""Operations that make tensors out of sizes and numbers: coordinate expressions, never literals."""

from __future__ import annotations

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent, rank
from ..ir import Tensor
from ..table import aten


@aten("arange", "arange.start", "arange.start_step")
def arange(cx: Context, *args, **_) -> Tensor:
    start, step = 0, 1
    if len(args) >= 2:
        start = args[0]
    if len(args) >= 3:
        step = args[2]
    etype = cx.etype
    if any(isinstance(v, float) for v in (start, step)):
        compute = ty.compute_type(etype)
        body = S.add(cx.scalar(start, compute), S.mul(S.cast(S.from_extent(rank(0)), compute), cx.scalar(step, compute)))
    else:
        body = S.from_extent(rank(0) * step + start)
    return cx.b.coordinates(S.cast(body, etype), cx.shape())


def _fill(cx: Context, value) -> Tensor:
    if isinstance(value, Tensor):
        return cx.pointwise(lambda v: v, value)
    if isinstance(value, Extent):
        return cx.b.coordinates(S.cast(S.extent(value), cx.etype), cx.shape())
    return cx.b.full(value, cx.shape(), cx.etype)


@aten("full", "full_like", "new_full", "fill.Scalar", "fill_.Scalar", "fill.Tensor", "fill_.Tensor")
def full(cx: Context, *args, **_) -> Tensor:
    value = args[-1] if len(args) > 1 else None
    if value is None or isinstance(value, (list, tuple)):
        raise Unsupported("fill without a value")
    return _fill(cx, value)


@aten("scalar_tensor")
def scalar_tensor(cx: Context, value, **_) -> Tensor:
    return _fill(cx, value)


@aten("zeros", "zeros_like", "new_zeros", "zero_", "empty.memory_format", "empty_like", "new_empty")
def zeros(cx: Context, *_, **__) -> Tensor:
    return _fill(cx, 0)


@aten("ones", "ones_like", "new_ones")
def ones(cx: Context, *_, **__) -> Tensor:
    return _fill(cx, 1)


@aten("eye", "eye.m")
def eye(cx: Context, *_, **__) -> Tensor:
    return cx.b.coordinates(S.cast(S.cmp("eq", S.from_extent(rank(0)), S.from_extent(rank(1))), cx.etype), cx.shape())


def _triangle(cx: Context, x: Tensor, pred: str, diagonal) -> Tensor:
    n = x.rank
    row, col = S.from_extent(rank(n - 2)), S.from_extent(rank(n - 1))
    zero = S.const(0, x.etype) if ty.compute_type(x.etype) == x.etype else S.cast(S.const(0.0, "f32"), x.etype)
    keep = S.cmp(pred, S.sub(col, row), cx.scalar(diagonal, "i64"))
    return cx.b.map(lambda a: S.select(keep, a, zero), [x])


@aten("tril")
def tril(cx: Context, x: Tensor, diagonal=0) -> Tensor:
    return _triangle(cx, x, "le", diagonal)


@aten("triu")
def triu(cx: Context, x: Tensor, diagonal=0) -> Tensor:
    return _triangle(cx, x, "ge", diagonal)
