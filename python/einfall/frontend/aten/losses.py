"""Losses over classes."""

from __future__ import annotations

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import rank
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
    if weight is not None or label_smoothing:
        raise Unsupported("cross-entropy with weights of classes or smoothed labels")
    if ty.is_float(target.etype):
        raise Unsupported("cross-entropy of class probabilities")
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
