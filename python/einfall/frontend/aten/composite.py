"""Sugar that expands into small cascades: normalisations and attention."""

from __future__ import annotations

import math

from .. import etypes as ty
from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent, floordiv, product, rank
from ..ir import Tensor
from ..scalar import Scalar
from ..table import aten
from .contractions import contract
from .reductions import fsum, moments, reduced


@aten("layer_norm")
def layer_norm(cx: Context, x: Tensor, normalized, weight=None, bias=None, eps: float = 1e-5, *_) -> Tensor:
    dims = list(range(x.rank - len(normalized), x.rank))
    compute = ty.compute_type(cx.etype)
    mu, var = moments(cx, x, dims, compute)
    scale = cx.b.map(lambda v: S.rsqrt(S.add(v, S.const(eps, compute))), [var])
    params = [p for p in (weight, bias) if p is not None]

    def body(v: Scalar, m: Scalar, r: Scalar, *rest: Scalar) -> Scalar:
        rest = list(rest)
        out = S.mul(S.sub(v, m), r)
        out = S.mul(out, rest.pop(0)) if weight is not None else out
        return S.add(out, rest.pop(0)) if bias is not None else out

    return cx.pointwise(body, x, mu, scale, *params)


@aten("rms_norm")
def rms_norm(cx: Context, x: Tensor, normalized, weight=None, eps=None) -> Tensor:
    dims = list(range(x.rank - len(normalized), x.rank))
    compute = ty.compute_type(cx.etype)
    if eps is None:
        eps = {"f64": 2.220446049250313e-16}.get(cx.etype, 1.1920928955078125e-07 if cx.etype == "f32" else
                                                  {"bf16": 0.0078125, "f16": 0.0009765625}.get(cx.etype, 0.0))
    total = fsum(cx, x, dims, compute, lambda v: S.mul(v, v))
    n = S.cast(S.extent(product(x.shape[d] for d in dims)), compute)
    scale = cx.b.map(lambda s: S.rsqrt(S.add(S.div(s, n), S.const(eps, compute))), [total])
    params = [weight] if weight is not None else []
    return cx.pointwise(lambda v, r, *w: S.mul(S.mul(v, r), w[0]) if w else S.mul(v, r), x, scale, *params)


@aten("batch_norm")
def batch_norm(cx: Context, x: Tensor, weight, bias, mean, var, training: bool, momentum=0.1, eps: float = 1e-5, *_) -> Tensor:
    """By the running statistics, channels along dimension 1."""
    if training or mean is None or var is None:
        raise Unsupported("batch norm by the statistics of the batch; call .eval() before export, and keep running statistics")
    params = [t if t is None else cx.b.view(t, [rank(1)], [Extent.of(1), t.shape[0], *[Extent.of(1)] * (x.rank - 2)])
              for t in (mean, var, weight, bias)]

    def body(v: Scalar, m: Scalar, s: Scalar, *rest: Scalar) -> Scalar:
        rest = list(rest)
        out = S.mul(S.sub(v, m), S.rsqrt(S.add(s, S.const(eps, s.etype))))
        out = S.mul(out, rest.pop(0)) if weight is not None else out
        return S.add(out, rest.pop(0)) if bias is not None else out

    return cx.pointwise(body, x, *(p for p in params if p is not None), etype=x.logical, shape=x.shape)


@aten("_native_batch_norm_legit_no_training")
def native_batch_norm(cx: Context, x: Tensor, weight, bias, mean, var, momentum, eps: float) -> tuple:
    return batch_norm(cx, x, weight, bias, mean, var, False, momentum, eps), None, None


@aten("group_norm")
def group_norm(cx: Context, x: Tensor, groups: int, weight=None, bias=None, eps: float = 1e-5, *_) -> Tensor:
    """x [n, c, ..] less the mean and over the deviation of each of the groups that its channels fall into."""
    compute = ty.compute_type(cx.etype)
    parts = cx.b.reshape(x, [x.shape[0], Extent.of(groups), floordiv(x.shape[1], groups), *x.shape[2:]])
    mu, var = moments(cx, parts, list(range(2, parts.rank)), compute)
    scale = cx.b.map(lambda v: S.rsqrt(S.add(v, S.const(eps, compute))), [var])
    normal = cx.b.map(lambda v, m, r: S.mul(S.sub(S.cast(v, compute), m), r), [parts, mu, scale])
    params = [cx.b.view(p, [rank(1)], [Extent.of(1), p.shape[0], *[Extent.of(1)] * (x.rank - 2)]) for p in (weight, bias) if p is not None]

    def body(v: Scalar, *rest: Scalar) -> Scalar:
        rest = list(rest)
        v = S.mul(v, rest.pop(0)) if weight is not None else v
        return S.add(v, rest.pop(0)) if bias is not None else v

    return cx.pointwise(body, cx.b.reshape(normal, x.shape, x.labels), *params)


@aten("instance_norm")
def instance_norm(cx: Context, x: Tensor, weight, bias, mean, var, own: bool, momentum, eps: float, *_) -> Tensor:
    if not own:
        return batch_norm(cx, x, weight, bias, mean, var, False, momentum, eps)
    if x.shape[1].const is None:
        raise Unsupported("instance norm of a run-time number of channels")
    return group_norm(cx, x, x.shape[1].const, weight, bias, eps)


def _not_empty(m: Scalar) -> Scalar:
    """A row's maximum, 0 for a row that is wholly masked: its exponentials are then 0, not NaN."""
    return S.select(S.cmp("eq", m, S.const(-math.inf, m.etype)), S.const(0.0, m.etype), m)


def _masked(cx: Context, scores: Tensor, mask: Tensor | None, scale: float, causal: bool) -> Tensor:
    """scale * scores, plus a float mask, or -inf where a boolean mask or causality forbids."""
    n = scores.rank
    low = S.const(-math.inf, scores.etype)
    row, col = S.from_extent(rank(n - 2)), S.from_extent(rank(n - 1))

    def body(v: Scalar, *m: Scalar) -> Scalar:
        v = S.mul(v, S.const(scale, v.etype))
        for e in m:
            v = S.select(e, v, low) if e.etype == "i1" else S.add(v, S.cast(e, v.etype))
        return S.select(S.cmp("le", col, row), v, low) if causal else v

    return cx.b.map(body, [scores] if mask is None else [scores, mask], scores.shape)


@aten("scaled_dot_product_attention")
def attention(cx: Context, q: Tensor, k: Tensor, v: Tensor, attn_mask=None, dropout_p: float = 0.0,
              is_causal: bool = False, *, scale=None, enable_gqa: bool = False) -> Tensor:
    """softmax(scale * q k' + mask) v, rows that are wholly masked giving 0.

    q [.., h, l, d], k [.., g, m, d], v [.., g, m, e], g a divisor of h under `enable_gqa`. The division by the row
    sum follows the second contraction, in f32.
    """
    if dropout_p:
        raise Unsupported("attention with dropout; call .eval() before export")
    if scale is None:
        if q.shape[-1].const is None:
            raise Unsupported("attention over a run-time head size without a scale")
        scale = 1 / math.sqrt(q.shape[-1].const)
    lead, etype = cx.shape()[:-2], cx.etype
    q = cx.b.expand(q, [*lead, *q.shape[-2:]])  # of fewer batches than the keys, or the mask
    n = q.rank
    while k.rank < n or v.rank < n:
        k, v = (cx.b.unsqueeze(t, 0) if t.rank < n else t for t in (k, v))
    batch = [*range(n - 2)]
    length, keys = q.shape[-2], k.shape[-2]
    m_label = k.labels[-2]

    def shared(t: Tensor) -> list[Extent]:
        """How keys and values are indexed by the leading ranks of the queries."""
        out = [Extent.of(0) if t.shape[d] == 1 and q.shape[d] != 1 else rank(d) for d in batch]
        if enable_gqa and t.shape[n - 3] != q.shape[n - 3]:
            out[-1] = floordiv(rank(n - 3), floordiv(q.shape[n - 3], t.shape[n - 3]))
        return out

    rows = [rank(d) for d in range(n - 1)]
    q_labels = list(q.labels[:-1])
    cx.b.named("scores")
    scores = contract(cx, q, [*rows, rank(n)], k, [*shared(k), rank(n - 1), rank(n)],
                      [*q.shape[:-1], keys], [*q_labels, m_label], [(q.labels[-1], q.shape[-1])], etype)
    cx.b.named("masked")
    scores = _masked(cx, scores, attn_mask, scale, is_causal)
    cx.b.named("top")
    top = cx.b.map(_not_empty, [reduced(cx, scores, [-1], "max", keepdim=True)])
    weight = cx.b.named("weight").map(lambda s, t: S.exp(S.sub(s, t)), [scores, top])
    cx.b.named("total")
    total = reduced(cx, weight, [-1], "add", keepdim=True)
    cx.b.named("mixed")
    mixed = contract(cx, weight, [*rows, rank(n)], v, [*shared(v), rank(n), rank(n - 1)],
                     [*q.shape[:-1], v.shape[-1]], [*q_labels, v.labels[-1]], [(weight.labels[-1], keys)], etype)

    def finish(o: Scalar, l: Scalar) -> Scalar:
        zero = S.const(0.0, o.etype)
        return S.cast(S.select(S.cmp("eq", l, zero), zero, S.div(o, l)), etype)

    return cx.b.named("attention").map(finish, [mixed, total], [*q.shape[:-1], v.shape[-1]])
