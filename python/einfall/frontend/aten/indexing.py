"""Reads and writes through coordinates held in tensors."""

from __future__ import annotations

from .. import etypes as ty
from .. import scalar as S
from ..builder import aligned, broadcast
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent, rank
from ..ir import Tensor, identity
from ..reach import need_inside, need_row, nonnegative
from ..table import aten


@aten("embedding")
def embedding(cx: Context, table: Tensor, ids: Tensor, *_, **__) -> Tensor:
    n = ids.rank
    shape = [*ids.shape, table.shape[1]]
    need_row(cx, ids, table.shape[0], table)
    row = S.to_extent(ids.coord) if ids.coord is not None else None
    if row is not None and cx.nonnegative(row, ids.shape):
        return cx.b.cast(cx.b.view(table, [row, rank(n)], shape, [*ids.labels, table.labels[1]]), cx.etype)
    body = S.cast(S.arg(1, table.etype), cx.etype)
    return cx.b.einsum([ids, table], [identity(n), [Extent.atom("$0"), rank(n)]], shape,
                       [*ids.labels, table.labels[1]], body, coords=[0, None])


def _wrapped(cx: Context, ids: Tensor, size: Extent) -> Tensor:
    """Index values with negative ones counted from the end."""
    ids = cx.b.cast(ids, "i64")
    if nonnegative(cx, ids):
        return ids
    return cx.b.map(lambda v: S.select(S.cmp("lt", v, S.const(0, "i64")), S.add(v, S.extent(size)), v), [ids])


@aten("index.Tensor", "_unsafe_index.Tensor")
def index(cx: Context, x: Tensor, indices, need=need_inside) -> Tensor:
    """x[i0, :, i1, …] with integer tensors; those that are affine in their coordinates become plain indices."""
    indices = [*indices, *[None] * (x.rank - len(indices))]
    given = [d for d, i in enumerate(indices) if i is not None]
    if any(indices[d].etype == "i1" for d in given):
        raise Unsupported("a boolean mask as index gives a size that depends on the data")
    common = broadcast(*(indices[d].shape for d in given))
    adjacent = given == list(range(given[0], given[-1] + 1))
    lead = given[0] if adjacent else 0
    rest = [d for d in range(x.rank) if d not in given]
    before = [d for d in rest if d < lead] if adjacent else []
    order = [*before, *([None] * len(common)), *(d for d in rest if d not in before)]
    shape = [*(x.shape[d] for d in before), *common, *(x.shape[d] for d in rest if d not in before)]
    at: list[Extent] = [Extent.of(0)] * x.rank
    for k, d in enumerate(order):
        if d is not None:
            at[d] = rank(k)
    off = len(before)
    inputs, where, coords = [], [], []
    for d in given:
        t = indices[d]
        need(cx, t, x.shape[d], x)
        pos = [e.subs({f"%{k}": rank(off + k) for k in range(len(common))}) for e in aligned(t, common)]
        e = S.to_extent(t.coord) if t.coord is not None else None
        if e is not None and cx.nonnegative(e, t.shape):
            at[d] = e.subs({f"%{k}": p for k, p in enumerate(pos)})
            continue
        at[d] = Extent.atom(f"${len(coords)}")
        inputs.append(_wrapped(cx, t, x.shape[d]))
        where.append(pos)
        coords.append(len(coords))
    if not inputs:
        return cx.b.view(x, at, shape)
    body = S.arg(len(inputs), x.etype)
    labels = cx.b.labels_for(shape, [x, *inputs])
    return cx.b.einsum([*inputs, x], [*where, at], shape, labels, body, coords=[*coords, None], logical=x.logical)


@aten("index_put", "index_put_", "_unsafe_index_put")
def index_put(cx: Context, x: Tensor, indices, values: Tensor, accumulate: bool = False) -> Tensor:
    """x with x[i0, :, i1, …] = values, or += values under `accumulate`; a mask over x chooses the elements that are written."""
    given = [d for d, i in enumerate(indices) if i is not None]
    x = cx.plain(x)
    if len(given) == 1 and indices[given[0]].etype == "i1":
        return _put_under_mask(cx, x, given[0], indices[given[0]], values, accumulate)
    if any(indices[d].etype == "i1" for d in given):
        raise Unsupported("a boolean mask among other indices that are written to")
    common = broadcast(*(indices[d].shape for d in given))
    adjacent = given == list(range(given[0], given[-1] + 1))
    rest = [d for d in range(x.rank) if d not in given]
    before = [d for d in rest if adjacent and d < given[0]]
    shape = [*(x.shape[d] for d in before), *common, *(x.shape[d] for d in rest if d not in before)]
    at: list[Extent] = [Extent.of(0)] * x.rank
    for k, d in enumerate([*before, *([None] * len(common)), *(d for d in rest if d not in before)]):
        if d is not None:
            at[d] = rank(k)
    coords, where = [], []
    for d in given:
        need_inside(cx, indices[d], x.shape[d], x)
        at[d] = Extent.atom(f"${len(coords)}")
        coords.append(_wrapped(cx, indices[d], x.shape[d]))
        where.append([e.subs({f"%{k}": rank(len(before) + k) for k in range(len(common))}) for e in aligned(indices[d], common)])
    source = cx.b.expand(cx.b.cast(values, x.etype), shape)
    return cx.b.scatter(x, at, source, coords, where, "add" if accumulate else None)


def _put_under_mask(cx: Context, x: Tensor, dim: int, mask: Tensor, values: Tensor, accumulate: bool) -> Tensor:
    """One value, or one for each of the dimensions behind the mask, where the mask is true. How many there are depends on the data."""
    behind = x.rank - dim - mask.rank
    if values.rank > behind and not all(e == 1 for e in values.shape[:values.rank - behind]):
        raise Unsupported("as many values as a boolean mask has true elements; write one value, or choose by torch.where")
    for _ in range(values.rank - behind):
        values = cx.b.select(values, 0, 0)
    for _ in range(behind):
        mask = cx.b.unsqueeze(mask, mask.rank)

    def body(m, v, old):
        v = S.cast(v, x.etype)
        return S.select(m, S.cast(S.add(S.cast(old, wide), S.cast(v, wide)), x.etype) if accumulate else v, old)

    wide = ty.compute_type(x.etype)
    return cx.b.map(body, [mask, values, x], x.shape)


@aten("index_select")
def index_select(cx: Context, x: Tensor, dim: int, ids: Tensor) -> Tensor:
    return index(cx, x, [*[None] * (dim % x.rank), ids], need_row)


@aten("gather")
def gather(cx: Context, x: Tensor, dim: int, ids: Tensor, **_) -> Tensor:
    at = identity(x.rank)
    at[dim % x.rank] = Extent.atom("$0")
    need_row(cx, ids, x.shape[dim % x.rank], x)
    ids = _wrapped(cx, ids, x.shape[dim % x.rank])
    return cx.b.einsum([ids, x], [identity(x.rank), at], ids.shape, ids.labels, S.arg(1, x.etype), coords=[0, None],
                       logical=x.logical)


def _scatter(cx: Context, x: Tensor, dim: int, ids: Tensor, source, monoid: str | None) -> Tensor:
    dim %= x.rank
    at = identity(x.rank)
    at[dim] = Extent.atom("$0")
    need_row(cx, ids, x.shape[dim], x)
    x = cx.plain(x)
    if not isinstance(source, Tensor):
        source = cx.b.full(source, ids.shape, x.etype)
    if source.shape != ids.shape:
        source = cx.b.view(source, identity(source.rank), ids.shape, ids.labels)
    return cx.b.scatter(x, at, cx.b.cast(source, x.etype), [_wrapped(cx, ids, x.shape[dim])], [identity(ids.rank)], monoid)


@aten("scatter.src", "scatter.value")
def scatter(cx: Context, x: Tensor, dim: int, ids: Tensor, source) -> Tensor:
    return _scatter(cx, x, dim, ids, source, None)


@aten("scatter_add")
def scatter_add(cx: Context, x: Tensor, dim: int, ids: Tensor, source: Tensor) -> Tensor:
    return _scatter(cx, x, dim, ids, source, "add")


@aten("topk")
def topk(cx: Context, x: Tensor, k, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Tensor, Tensor]:
    if not largest:  # negated integers would not order their least one, and negated NaN would come first
        return tuple(cx.b.slice(t, dim % x.rank, 0, k) for t in cx.b.sort(cx.plain(x), dim % x.rank, False))
    return tuple(cx.b.topk(cx.plain(x), dim % x.rank, k))


@aten("sort", "sort.stable")
def sort(cx: Context, x: Tensor, dim: int = -1, descending: bool = False, stable=None) -> tuple[Tensor, Tensor]:
    if isinstance(dim, bool):
        dim = -1
    return tuple(cx.b.sort(cx.plain(x), dim % x.rank, descending))
