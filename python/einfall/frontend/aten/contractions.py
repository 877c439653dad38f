"""Contractions: products summed over shared ranks. Narrow floats accumulate in f32, weights are read as stored."""

from __future__ import annotations

import string
from typing import Sequence

from .. import etypes as ty
from .. import scalar as S
from ..builder import broadcast
from ..context import Context
from ..extent import Extent, rank
from ..ir import Tensor
from ..table import aten


def contract(cx: Context, x: Tensor, x_at: Sequence[Extent], y: Tensor, y_at: Sequence[Extent], shape, labels,
             reduce: Sequence[tuple[str, Extent]], etype: str) -> Tensor:
    """The sum over `reduce` of x[x_at] * y[y_at] in the accumulation type of `etype`."""
    compute = ty.compute_type(etype)
    body = S.mul(S.cast(S.arg(0, x.etype), compute), S.cast(S.arg(1, y.etype), compute))
    return cx.b.einsum([x, y], [x_at, y_at], shape, labels, body, [(l, e, "add") for l, e in reduce])


def _rows(cx: Context, x: Tensor) -> Tensor:
    """x with flattened leading dimensions taken apart again: a contraction does not care how rows are counted."""
    parts = [cx.b.factors.get(e, (e,)) for e in x.shape[:-1]]
    return cx.b.reshape(x, [*(e for p in parts for e in p), x.shape[-1]])


def product_of(cx: Context, x: Tensor, w: Tensor, bias, w_at_d: int, etype: str, alpha=1, beta=1) -> Tensor:
    """x[.., d] against the matrix w, contracted over its dimension `w_at_d`; `alpha`, `beta` as in addmm."""
    flat = x
    x = _rows(cx, flat)
    n = x.rank
    d, f = x.shape[-1], w.shape[1 - w_at_d]
    w_at = [rank(n - 1), rank(n)] if w_at_d == 1 else [rank(n), rank(n - 1)]
    shape = [*x.shape[:-1], f]
    label = w.labels[1 - w_at_d]
    label = label if label not in x.labels else "f"
    y = contract(cx, x, [*(rank(k) for k in range(n - 1)), rank(n)], w, w_at, shape, [*x.labels[:-1], label],
                 [(x.labels[-1], d)], etype)
    compute = ty.compute_type(etype)

    def finish(v, *b):
        v = v if alpha == 1 else S.mul(v, S.const(alpha, compute))
        for e in b:
            e = S.cast(e, compute)
            v = S.add(v, e if beta == 1 else S.mul(e, S.const(beta, compute)))
        return S.cast(v, etype)

    if bias is not None and bias.rank == flat.rank and flat.rank > 1:
        bias = cx.b.reshape(bias, [*shape[:-1], bias.shape[-1]]) if x is not flat and bias.shape[0] != 1 else bias
    y = cx.b.map(finish, [y] if bias is None else [y, bias], shape)
    return y if x is flat else cx.b.reshape(y, [*flat.shape[:-1], f])


@aten("linear")
def linear(cx: Context, x: Tensor, w: Tensor, bias: Tensor | None = None) -> Tensor:
    if w.rank == 1:
        return matmul(cx, x, w)
    return product_of(cx, x, w, bias, 1, cx.etype)


@aten("addmm")
def addmm(cx: Context, bias: Tensor, x: Tensor, w: Tensor, beta=1, alpha=1) -> Tensor:
    return product_of(cx, x, w, bias, 0, cx.etype, alpha, beta)


@aten("mm", "_int_mm")
def mm(cx: Context, x: Tensor, w: Tensor) -> Tensor:
    return product_of(cx, x, w, None, 0, cx.etype)


@aten("matmul", "bmm", "mv", "dot", "vdot")
def matmul(cx: Context, x: Tensor, y: Tensor) -> Tensor:
    if x.rank >= 2 and y.rank == 2:
        return product_of(cx, x, y, None, 0, cx.etype)
    batch = broadcast(x.shape[:-2], y.shape[:-2])
    n = len(batch)
    rows, cols = int(x.rank > 1), int(y.rank > 1)
    shape = [*batch, *x.shape[-2:-1][:rows], *(y.shape[-1:] if cols else ())]
    k = rank(len(shape))

    def at(t: Tensor, tail: list[Extent]) -> list[Extent]:
        lead = t.shape[:-2]
        return [Extent.of(0) if e == 1 and batch[n - len(lead) + d] != 1 else rank(n - len(lead) + d)
                for d, e in enumerate(lead)] + tail

    x_at = at(x, [rank(n), k] if rows else [k])
    y_at = at(y, [k, rank(n + rows)] if cols else [k])
    lead = max((x, y), key=lambda t: t.rank)
    labels = [*lead.labels[:n], *([x.labels[-2]] if rows else []), *([y.labels[-1]] if cols else [])]
    out = contract(cx, x, x_at, y, y_at, shape, labels, [(x.labels[-1], x.shape[-1])], cx.etype)
    return cx.b.cast(out, cx.etype)


@aten("baddbmm")
def baddbmm(cx: Context, bias: Tensor, x: Tensor, y: Tensor, beta=1, alpha=1) -> Tensor:
    shape = [x.shape[0], x.shape[1], y.shape[2]]
    out = contract(cx, x, [rank(0), rank(1), rank(3)], y, [rank(0), rank(3), rank(2)], shape,
                   [x.labels[0], x.labels[1], y.labels[2]], [(x.labels[2], x.shape[2])], cx.etype)
    return cx.pointwise(lambda v, b: S.add(S.mul(v, S.const(alpha, v.etype)), S.mul(b, S.const(beta, b.etype))), out, bias)


def _lettered(equation: str, ranks: list[int]) -> str:
    """The equation with letters that it lacks for an ellipsis, aligned at their ends as in broadcasting."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if "..." not in left:
        return equation
    free = [c for c in string.ascii_letters if c not in equation]
    hidden = [n - len(t.replace("...", "")) if "..." in t else 0 for t, n in zip(terms, ranks)]
    most = free[:max(hidden)]
    terms = [t.replace("...", "".join(most[len(most) - n:])) for t, n in zip(terms, hidden)]
    if not arrow:
        letters = left.replace(".", "").replace(",", "")
        right = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return ",".join(terms) + "->" + right.replace("...", "".join(most))


@aten("einsum")
def einsum(cx: Context, equation: str, operands, **_) -> Tensor:
    """torch.einsum: the letters become ranks; three and more operands multiply from the left."""
    equation = _lettered(equation.replace(" ", ""), [t.rank for t in operands])
    left, _, right = equation.partition("->")
    terms = left.split(",")
    letters = "".join(terms)
    if "->" not in equation:
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    size: dict[str, Extent] = {}
    for term, t in zip(terms, operands):
        for c, e in zip(term, t.shape):
            size[c] = e if size.get(c, Extent.of(1)) == 1 else size[c]
    inner = sorted(set(letters) - set(right), key=letters.index)
    number = {c: rank(k) for k, c in enumerate([*right, *inner])}
    at = [[Extent.of(0) if t.shape[d] == 1 and size[c] != 1 else number[c] for d, c in enumerate(term)]
          for term, t in zip(terms, operands)]
    compute = ty.compute_type(cx.etype)
    body = S.cast(S.arg(0, operands[0].etype), compute)
    for k, t in enumerate(operands[1:], 1):
        body = S.mul(body, S.cast(S.arg(k, t.etype), compute))
    lower = {c: c if c.islower() else c.lower() + "_" for c in letters}
    out = cx.b.einsum(operands, at, [size[c] for c in right], [lower[c] for c in right], body,
                      [(lower[c], size[c], "add") for c in inner])
    return cx.b.cast(out, cx.etype)
