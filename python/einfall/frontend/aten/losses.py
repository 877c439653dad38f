"""Losses over classes."""

from __future__ import annotations

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..extent import Extent, product, rank
from ..ir import Tensor
from ..scalar import Scalar
from ..table import aten
from .reductions import exponentials, fsum, reduced

MEAN, SUM = 1, 2


@aten("cross_entropy_loss")
def cross_entropy(cx: Context, x: Tensor, target: Tensor, weight=None, reduction: int = MEAN, ignore_index: int = -100,
                  label_smoothing: float = 0.0) -> Tensor:
    """log(sum(exp x)) less x of the target's class, classes along dimension 1 (0 of a single row).

    The class is chosen by comparing coordinates, so that one walk over the classes serves the maximum, the sum and the
    choice, and x need not be stored.
    """
    if weight is not None or label_smoothing or ty.is_float(target.etype):
        return _weighed(cx, x, target, weight, reduction, ignore_index, label_smoothing)
    compute, dim = ty.compute_type(cx.etype), min(1, x.rank - 1)
    own = cx.b.unsqueeze(target, dim)
    top, _, total = exponentials(cx, x, dim, compute)
    zero = S.const(0.0, compute)
    here = S.from_extent(rank(dim))
    chosen = cx.b.map(lambda v, t: S.select(S.cmp("eq", S.cast(t, "i64"), here), S.cast(v, compute), zero), [x, own],
                      x.shape)
    chosen = reduced(cx, chosen, [dim], "add", keepdim=True)

    def counts(t: Scalar) -> Scalar:
        return S.cmp("ne", S.cast(t, "i64"), S.const(ignore_index, "i64"))

    loss = cx.b.map(lambda m, l, c, t: S.select(counts(t), S.sub(S.add(m, S.log(l)), c), zero),
                    [top, total, chosen, own])
    loss = cx.b.select(loss, dim, 0)
    if reduction == MEAN:
        number = reduced(cx, target, None, "add", lambda t: S.cast(counts(t), compute))
        return cx.pointwise(S.div, fsum(cx, loss, None, compute, keepdim=False), number)
    return cx.b.cast(fsum(cx, loss, None, compute, keepdim=False) if reduction == SUM else loss, cx.etype)


def _weighed(cx: Context, x: Tensor, target: Tensor, weight, reduction: int, ignore_index: int, smoothing: float) -> Tensor:
    """The general form: of each class, how likely it is to be the right one (a class: 1 or 0, smoothed) times its weight."""
    compute, dim = ty.compute_type(cx.etype), min(1, x.rank - 1)
    const = lambda v: S.const(v, compute)  # noqa: E731
    top, _, total = exponentials(cx, x, dim, compute)
    classes, zero = S.cast(S.extent(x.shape[dim]), compute), const(0.0)
    likely = ty.is_float(target.etype)
    own = target if likely else cx.b.unsqueeze(target, dim)
    here = S.from_extent(rank(dim))
    if weight is not None:
        weight = cx.b.view(weight, [rank(dim)], [x.shape[d] if d == dim else Extent.of(1) for d in range(x.rank)])
    weights = [] if weight is None else [weight]

    def counts(t: Scalar) -> Scalar:
        return S.cmp("ne", S.cast(t, "i64"), S.const(ignore_index, "i64"))

    def share(t: Scalar) -> Scalar:
        t = S.cast(t, compute) if likely else S.select(S.cmp("eq", S.cast(t, "i64"), here), const(1.0), zero)
        return S.add(S.mul(t, const(1.0 - smoothing)), S.div(const(smoothing), classes)) if smoothing else t

    def lost(v: Scalar, m: Scalar, l: Scalar, t: Scalar, *w: Scalar) -> Scalar:
        part = share(t)
        part = S.mul(part, S.cast(w[0], compute)) if w else part
        loss = S.mul(part, S.sub(S.add(m, S.log(l)), S.cast(v, compute)))
        if not smoothing:  # a class that cannot be is lost at no price, even where x is -inf
            loss = S.select(S.cmp("eq", part, zero), zero, loss)
        return loss if likely else S.select(counts(t), loss, zero)

    each = cx.b.map(lost, [x, top, total, own, *weights], x.shape)
    loss = reduced(cx, each, [dim], "add")
    if reduction != MEAN:
        return cx.b.cast(fsum(cx, loss, None, compute, keepdim=False) if reduction == SUM else loss, cx.etype)
    whole = fsum(cx, loss, None, compute, keepdim=False)
    if likely:
        return cx.pointwise(S.div, whole, product(loss.shape))

    def counted(t: Scalar, *w: Scalar) -> Scalar:
        one = S.cast(w[0], compute) if w else const(1.0)
        is_it = S.logical_and(counts(t), S.cmp("eq", S.cast(t, "i64"), here)) if w else counts(t)
        return S.select(is_it, one, zero)

    number = cx.b.map(counted, [own, *weights], x.shape if weights else None)
    return cx.pointwise(S.div, whole, reduced(cx, number, None, "add"))
