"""Convolutions: contractions whose operand is read at a stride, an offset and a dilation."""

from __future__ import annotations

import math

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent, floordiv, mod, rank
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


@aten("convolution")
def any_convolution(cx: Context, x: Tensor, w: Tensor, bias, stride, padding, dilation, transposed: bool, output_padding, groups: int) -> Tensor:
    """What PyTorch makes `conv_transpose` of: a convolution of x with stride - 1 zeros between its elements by the kernel turned
    around, channels in and out changed places."""
    if not transposed:
        return convolution(cx, x, w, bias, stride, padding, dilation, groups)
    spatial = w.rank - 2
    lead = x.rank - spatial - 1
    stride, padding, dilation, more = ([v[0]] * spatial if len(v) == 1 else list(v) for v in (stride, padding, dilation, output_padding))
    x, w = cx.plain(x), cx.plain(w)
    out, etype = w.shape[1], x.etype
    at, shape = identity(x.rank), list(x.shape)
    between: list[int] = []
    for k in range(spatial):
        d = lead + 1 + k
        before = dilation[k] * (w.shape[2 + k] - 1) - padding[k]
        place = rank(d) - before
        size = (x.shape[d] - 1) * stride[k] + 1
        shape[d] = size + before * 2 + more[k]
        at[d] = place
        between.append(stride[k])
    spread_at, spread = identity(x.rank), list(x.shape)
    for k, s in enumerate(between):
        spread_at[lead + 1 + k] = floordiv(rank(lead + 1 + k), Extent.of(s))
        spread[lead + 1 + k] = (x.shape[lead + 1 + k] - 1) * s + 1
    if any(s != 1 for s in between):
        x = cx.b.view(x, spread_at, spread, x.labels)
        zero = S.cast(S.const(0.0, ty.compute_type(etype)), etype)

        def kept(v: S.Scalar) -> S.Scalar:
            for k, s in enumerate(between):
                if s != 1:
                    on = S.op("arith.remsi", S.from_extent(rank(lead + 1 + k)), S.const(s, "i64"))
                    v = S.select(S.cmp("eq", on, S.const(0, "i64")), v, zero)
            return v

        x = cx.b.map(kept, [x])
    x = cx.b.view(x, at, shape, x.labels, fill=0.0)
    # w [c, o / groups, k..] as [o, c / groups, k..], turned around
    inner = floordiv(w.shape[0], Extent.of(groups))
    turned = [w.shape[2 + k] - 1 - rank(2 + k) for k in range(spatial)]
    group = floordiv(rank(0), out) if groups > 1 else Extent.of(0)
    w = cx.b.view(w, [group * inner + rank(1), mod(rank(0), out) if groups > 1 else rank(0), *turned],
                  [out * groups, inner, *w.shape[2:]])
    return convolution(cx, x, w, bias, 1, 0, dilation, groups)


def _windows(cx: Context, x: Tensor, kernel, stride, padding, dilation, shape, fill):
    """x read through windows, whose points are the last dimensions, `fill` where they are outside; and what each dimension has."""
    spatial = int(str(cx.node.target).split("pool")[1][0])
    each = lambda v: [v] * spatial if isinstance(v, int) else list(v) * (spatial if len(v) == 1 else 1)  # noqa: E731
    kernel, padding, dilation = each(kernel), each(padding), each(dilation)
    stride = each(stride) if stride else kernel
    lead, n = x.rank - spatial, x.rank
    at = [rank(d) for d in range(lead)]
    at += [rank(lead + k) * stride[k] + rank(n + k) * dilation[k] - padding[k] for k in range(spatial)]
    fill = fill if ty.is_float(x.etype) else 0
    return cx.b.view(x, at, [*shape, *map(Extent.of, kernel)], fill=fill), kernel, stride, padding


@aten("max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "max_pool3d_with_indices")
def max_pool(cx: Context, x: Tensor, kernel, stride=(), padding=0, dilation=1, ceil_mode: bool = False):
    pair = "with_indices" in str(cx.node.target)
    if pair and any(n.args[1:] == (1,) and n.users for n in cx.node.users):
        raise Unsupported("where the maxima of a pool are")
    x = cx.plain(x)
    if not ty.is_float(x.etype):
        raise Unsupported("a maximum pool of integers")
    windows, kernel, *_ = _windows(cx, x, kernel, stride, padding, dilation, cx.shape(cx.value[0] if pair else None), -math.inf)
    out = cx.b.reduce(windows, list(range(x.rank, x.rank + len(kernel))), "max")
    return (out, None) if pair else out


@aten("avg_pool1d", "avg_pool2d", "avg_pool3d")
def average_pool(cx: Context, x: Tensor, kernel, stride=(), padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override=None) -> Tensor:
    """Means over windows. Those that reach beyond the padding (`ceil_mode`) count what is inside of it."""
    x, compute = cx.plain(x), ty.compute_type(cx.etype)
    windows, kernel, stride, padding = _windows(cx, x, kernel, stride, padding, 1, cx.shape(), 0.0)
    spatial, n = len(kernel), x.rank
    lead = n - spatial
    total = cx.b.reduce(windows, list(range(n, n + spatial)), "add", lambda v: S.cast(v, compute))

    def mean(v: S.Scalar) -> S.Scalar:
        if divisor_override is not None:
            return S.div(v, S.const(float(divisor_override), compute))
        count = S.const(1, "i64")
        for k in range(spatial):
            begin = S.from_extent(rank(lead + k) * stride[k] - padding[k])
            around = padding[k] if count_include_pad else 0
            end = S.minimum(S.add(begin, S.const(kernel[k], "i64")), S.from_extent(x.shape[lead + k] + around))
            count = S.mul(count, S.sub(end, begin if count_include_pad else S.maximum(begin, S.const(0, "i64"))))
        return S.div(v, S.cast(count, compute))

    return cx.pointwise(lambda v: mean(v), total)
