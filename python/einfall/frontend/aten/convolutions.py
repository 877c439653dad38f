"""Convolutions: contractions whose operand is read at a stride, an offset and a dilation."""

from __future__ import annotations

from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent, floordiv, rank
from ..ir import Tensor, identity
from ..reach import need
from ..table import aten
from .contractions import contract


def _padding(padding, kernel: list[Extent], dilation: list[int]) -> list[tuple[int, int]]:
    """Zeros before and after each spatial dimension."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding != "same":
        return [(p, p) for p in padding]
    if any(k.const is None for k in kernel):
        raise Unsupported("padding 'same' for a kernel of run-time size")
    totals = [d * (k.const - 1) for k, d in zip(kernel, dilation)]
    return [(t // 2, t - t // 2) for t in totals]


@aten("conv1d", "conv2d", "conv3d", "conv1d.padding", "conv2d.padding", "conv3d.padding")
def convolution(cx: Context, x: Tensor, w: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1,
                groups: int = 1) -> Tensor:
    """x [n, c, s..] (n may be missing) by w [o, c / groups, k..], summed over channels and the kernel's points."""
    spatial = w.rank - 2

    def each(v) -> list[int]:
        v = list(v) if isinstance(v, (list, tuple)) else [v]
        return v * spatial if len(v) == 1 else v

    stride, dilation = each(stride), each(dilation)
    kernel, out = list(w.shape[2:]), w.shape[0]
    around = _padding(padding if isinstance(padding, str) else each(padding), kernel, dilation)
    lead = x.rank - spatial - 1
    if any(p for pair in around for p in pair):
        x = cx.plain(x)
        at, shape = identity(x.rank), list(x.shape)
        for k, (before, after) in enumerate(around):
            at[lead + 1 + k] = rank(lead + 1 + k) - before
            shape[lead + 1 + k] = shape[lead + 1 + k] + before + after
        x = cx.b.view(x, at, shape, x.labels, fill=0.0)
    for k in range(spatial):
        need(cx, x.shape[lead + 1 + k] - (kernel[k] - 1) * dilation[k] - 1, f"a kernel has {kernel[k]} points in dimension {k}")
    shape = cx.shape()
    inner = rank(len(shape))
    points = [rank(len(shape) + 1 + k) for k in range(spatial)]
    places = [rank(lead + 1 + k) * stride[k] + points[k] * dilation[k] for k in range(spatial)]
    channel = inner if groups == 1 else floordiv(rank(lead), floordiv(out, groups)) * w.shape[1] + inner
    batch = [rank(0)][:lead]
    labels = [*x.labels[:lead], "f", *x.labels[lead + 1:]]
    reduced = [(f"c{k}" if k else "c", e, "add") for k, e in enumerate(w.shape[1:])]
    y = contract(cx, x, [*batch, channel, *places], w, [rank(lead), inner, *points], shape, labels,
                 [(l, e) for l, e, _ in reduced], cx.etype)
    if bias is None:
        return cx.b.cast(y, cx.etype)
    bias = cx.b.view(bias, [rank(lead)], [Extent.of(1)] * lead + [out] + [Extent.of(1)] * spatial)
    return cx.pointwise(S.add, y, bias)
