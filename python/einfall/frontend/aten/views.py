"""Relabellings: the same elements under other ranks. Only `cat` and its kin move data."""

from __future__ import annotations

from .. import scalar as S
from ..context import Context
from ..errors import Unsupported
from ..extent import Extent, floordiv, mod, product, rank
from ..ir import Tensor, identity
from ..reach import need, need_slice
from ..table import aten

OPEN = 2**62  # an end beyond this means: to the end


@aten("view", "reshape", "_unsafe_view", "view_as", "reshape_as", "flatten.using_ints", "unflatten.int", "view_copy",
      "_reshape_copy")
def reshape(cx: Context, x: Tensor, *_, **__) -> Tensor:
    return cx.b.reshape(x, cx.shape())


@aten("view.dtype")
def view_dtype(cx: Context, x: Tensor, dtype) -> Tensor:
    if x.etype == cx.etype:
        return x
    raise Unsupported("reinterpreting the bits of a tensor")


@aten("transpose.int", "swapaxes", "swapdims")
def transpose(cx: Context, x: Tensor, a: int, b: int) -> Tensor:
    dims = list(range(x.rank))
    if dims:
        dims[a], dims[b] = dims[b], dims[a]
    return cx.b.permute(x, dims)


@aten("t", "numpy_T", "mT")
def t(cx: Context, x: Tensor) -> Tensor:
    return x if x.rank < 2 else cx.b.permute(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


@aten("permute")
def permute(cx: Context, x: Tensor, dims) -> Tensor:
    return cx.b.permute(x, [d % x.rank for d in dims])


@aten("movedim.int", "movedim.intlist")
def movedim(cx: Context, x: Tensor, source, destination) -> Tensor:
    source = [source] if isinstance(source, int) else list(source)
    destination = [destination] if isinstance(destination, int) else list(destination)
    source, destination = [d % x.rank for d in source], [d % x.rank for d in destination]
    rest = [d for d in range(x.rank) if d not in source]
    place = dict(zip(destination, source))
    return cx.b.permute(x, [place[k] if k in place else rest.pop(0) for k in range(x.rank)])


@aten("unsqueeze", "unsqueeze_")
def unsqueeze(cx: Context, x: Tensor, dim: int) -> Tensor:
    return cx.b.unsqueeze(x, dim % (x.rank + 1))


@aten("squeeze", "squeeze.dim", "squeeze.dims")
def squeeze(cx: Context, x: Tensor, dims=None) -> Tensor:
    dims = range(x.rank) if dims is None else [d % x.rank for d in ([dims] if isinstance(dims, int) else dims)]
    for d in sorted(dims, reverse=True):
        if x.shape[d] == 1:
            x = cx.b.select(x, d, 0)
    return x


@aten("expand", "expand_as", "broadcast_to", "expand_copy")
def expand(cx: Context, x: Tensor, *_, **__) -> Tensor:
    return cx.b.expand(x, cx.shape())


@aten("broadcast_tensors")
def broadcast_tensors(cx: Context, xs) -> tuple[Tensor, ...]:
    return tuple(cx.b.expand(x, cx.shape(v)) for x, v in zip(xs, cx.value))


@aten("slice.Tensor")
def slice_(cx: Context, x: Tensor, dim: int = 0, start=None, end=None, step: int = 1) -> Tensor:
    dim %= x.rank
    size = cx.shape()[dim]
    begin = _start(cx, x.shape[dim], size, start, end, step)
    need_slice(cx, x, dim, begin, size, step)
    return cx.b.slice(x, dim, begin, size, step)


def _start(cx: Context, extent: Extent, size: Extent, start, end, step: int):
    """Where a slice of `size` elements begins, once negative and clamped starts are resolved. Calls in which a start that depends
    on sizes has another sign than it had when torch traced the program are refused."""
    if start is None or size == extent:
        return 0
    if isinstance(start, int) and start >= 0:
        return start
    open_end = end is None or (isinstance(end, int) and end >= OPEN)
    if open_end and step == 1:  # its size tells which sign torch saw
        begin = extent - size
        if isinstance(start, Extent) and start.const is None:
            need(cx, -start - 1 if begin == extent + start else start, "a slice begins on the side that torch.export saw it begin")
    else:
        begin = _from_start(cx, extent, start)
    return begin if begin.const is None else max(begin.const, 0)


def _from_start(cx: Context, extent: Extent, index) -> Extent:
    """The element that `index` names: one that is negative whatever sizes are counts from the end."""
    index = Extent.of(index)
    if index.const is not None:
        return extent + index if index.const < 0 else index
    if not cx.nonnegative(-index):
        return index
    need(cx, -index - 1, "an index that counts from the end is -1 or less")  # 0 is the first one
    return extent + index


@aten("select.int", "select_copy.int")
def select(cx: Context, x: Tensor, dim: int, index) -> Tensor:
    dim %= x.rank
    at = _from_start(cx, x.shape[dim], index)
    need_slice(cx, x, dim, at, Extent.of(1), 1)
    return cx.b.select(x, dim, at)


@aten("narrow")
def narrow(cx: Context, x: Tensor, dim: int, start, length) -> Tensor:
    dim %= x.rank
    begin, size = _from_start(cx, x.shape[dim], start), cx.shape()[dim]
    need_slice(cx, x, dim, begin, size, 1)
    return cx.b.slice(x, dim, begin, size)


@aten("split.Tensor", "split_with_sizes", "chunk", "tensor_split.sections", "split.sizes")
def split(cx: Context, x: Tensor, _, dim: int = 0) -> tuple[Tensor, ...]:
    dim %= x.rank
    out, start = [], Extent.of(0)
    for part in cx.value:
        size = cx.shape(part)[dim]
        out.append(cx.b.slice(x, dim, start, size))
        start = start + size
    return tuple(out)


@aten("tensor_split.indices", "hsplit.array", "hsplit.int", "vsplit.array", "vsplit.int", "dsplit.array", "dsplit.int")
def split_at(cx: Context, x: Tensor, _, dim: int | None = None) -> tuple[Tensor, ...]:
    if dim is None:
        dim = {"h": min(1, x.rank - 1), "v": 0, "d": 2, "t": 0}[str(cx.node.target).split(".")[1][0]]
    return split(cx, x, _, dim)


@aten("unbind.int")
def unbind(cx: Context, x: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    return tuple(cx.b.select(x, dim % x.rank, k) for k in range(len(cx.value)))


@aten("cat", "concat")
def cat(cx: Context, parts, dim: int = 0) -> Tensor:
    shapes = [n.meta["val"].shape for n in cx.node.args[0]]
    parts = [p for p, s in zip(parts, shapes) if not (len(s) == 1 and s[0] == 0 and len(cx.shape()) > 1)]
    dim %= len(cx.shape())
    if len(parts) == 2:
        appended = cx.append_state(parts[0], parts[1], dim)
        if appended is not None:
            return appended
    return cx.b.concat([cx.b.cast(p, cx.etype) for p in parts], dim)


@aten("stack")
def stack(cx: Context, parts, dim: int = 0) -> Tensor:
    dim %= len(cx.shape())
    return cx.b.concat([cx.b.unsqueeze(cx.b.cast(p, cx.etype), dim) for p in parts], dim)


@aten("diff")
def diff(cx: Context, x: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
         append: Tensor | None = None) -> Tensor:
    """Each element less the one before it, `n` times over; booleans tell whether the two differ."""
    dim %= x.rank
    x = cx.b.concat([cx.b.cast(p, cx.etype) for p in (prepend, x, append) if p is not None], dim)
    for _ in range(n):
        size = x.shape[dim] - 1
        less = (lambda a, b: S.cmp("ne", a, b)) if x.etype == "i1" else S.sub
        x = cx.b.map(less, [cx.b.slice(x, dim, 1, size), cx.b.slice(x, dim, 0, size)])
    return x


@aten("repeat")
def repeat(cx: Context, x: Tensor, _) -> Tensor:
    shape = cx.shape()
    off = len(shape) - x.rank
    at = [rank(off + d) if shape[off + d] == e else mod(rank(off + d), e) for d, e in enumerate(x.shape)]
    return cx.b.view(x, at, shape)


@aten("repeat_interleave.self_int")
def repeat_interleave(cx: Context, x: Tensor, repeats, dim=None, **_) -> Tensor:
    if dim is None:
        x, dim = cx.b.reshape(x, [product(x.shape)]), 0
    dim %= x.rank
    at = identity(x.rank)
    at[dim] = floordiv(rank(dim), repeats)
    return cx.b.view(x, at, cx.shape(), x.labels)


@aten("flip")
def flip(cx: Context, x: Tensor, dims) -> Tensor:
    at = identity(x.rank)
    for d in dims:
        at[d % x.rank] = x.shape[d % x.rank] - 1 - rank(d % x.rank)
    return cx.b.view(x, at, x.shape, x.labels)


@aten("roll")
def roll(cx: Context, x: Tensor, shifts, dims=()) -> Tensor:
    if not dims:
        flat = cx.b.reshape(x, [product(x.shape)])
        by = shifts[0] if isinstance(shifts, (list, tuple)) else shifts
        return cx.b.reshape(cx.b.view(flat, [mod(rank(0) + (flat.shape[0] - by), flat.shape[0])], flat.shape), x.shape, x.labels)
    at = identity(x.rank)
    for n, d in zip(shifts, dims):
        at[d % x.rank] = mod(rank(d % x.rank) + (x.shape[d % x.rank] - n), x.shape[d % x.rank])
    return cx.b.view(x, at, x.shape, x.labels)


@aten("constant_pad_nd", "pad")
def pad(cx: Context, x: Tensor, amounts, *args, **kwargs) -> Tensor:
    mode = args[0] if str(cx.node.target) == "aten.pad.default" and args else kwargs.get("mode", "constant")
    value = args[-1] if args and not isinstance(args[-1], str) else kwargs.get("value", 0)
    if mode not in ("constant", None) and isinstance(mode, str):
        return _mirrored(cx, x, amounts, mode)
    at = identity(x.rank)
    for k in range(len(amounts) // 2):
        at[x.rank - 1 - k] = rank(x.rank - 1 - k) - amounts[2 * k]
    fill = value or 0
    x = cx.plain(x)
    return cx.b.view(x, at, cx.shape(), x.labels, fill=float(fill) if "f" in x.etype else int(fill))


def _mirrored(cx: Context, x: Tensor, amounts, mode: str) -> Tensor:
    """Padding by elements of the tensor itself: joined parts of each dimension."""
    for k in range(len(amounts) // 2):
        dim, before, after = x.rank - 1 - k, amounts[2 * k], amounts[2 * k + 1]
        n = x.shape[dim]
        parts = []
        for size, low in ((before, True), (after, False)):
            if not isinstance(size, int):
                raise Unsupported(f"padding mode {mode!r} by a run-time size")
            at = identity(x.rank)
            if mode == "circular":
                at[dim] = rank(dim) + (n - size if low else 0)
            elif mode == "replicate":
                at[dim] = Extent.of(0 if low else n - 1)
            else:
                at[dim] = size - rank(dim) if low else n - 2 - rank(dim)
            if size > 0 and mode != "replicate":
                need(cx, n - size - (mode == "reflect"), f"padding mode {mode!r} takes {size} elements of dimension {dim}")
            parts.append(cx.b.view(x, at, [*x.shape[:dim], Extent.of(size), *x.shape[dim + 1:]], x.labels) if size > 0 else None)
        cut = [max(-before, 0), max(-after, 0)]
        whole = cx.b.slice(x, dim, cut[0], n - cut[0] - cut[1]) if any(cut) else x
        x = cx.b.concat([p for p in (parts[0], whole, parts[1]) if p is not None], dim)
    return x


@aten("unfold")
def unfold(cx: Context, x: Tensor, dim: int, size: int, step: int) -> Tensor:
    """Windows of `size` elements, each `step` behind the one before, along a new last dimension."""
    dim %= x.rank
    at = identity(x.rank)
    at[dim] = rank(dim) * step + rank(x.rank)
    return cx.b.view(x, at, cx.shape())


@aten("diagonal")
def diagonal(cx: Context, x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    dim1, dim2 = dim1 % x.rank, dim2 % x.rank
    last = rank(x.rank - 2)
    keep = [d for d in range(x.rank) if d not in (dim1, dim2)]
    at = [Extent.of(0)] * x.rank
    for k, d in enumerate(keep):
        at[d] = rank(k)
    at[dim1], at[dim2] = last + max(-offset, 0), last + max(offset, 0)
    return cx.b.view(x, at, cx.shape())


# -- functional forms of writes through a view -----------------------------------------------------------


@aten("slice_scatter")
def slice_scatter(cx: Context, x: Tensor, source: Tensor, dim: int = 0, start=None, end=None, step: int = 1) -> Tensor:
    dim %= x.rank
    at = identity(x.rank)
    begin = _start(cx, x.shape[dim], source.shape[dim], start, end, step)
    need_slice(cx, x, dim, begin, source.shape[dim], step)
    at[dim] = rank(dim) * step + begin
    return cx.b.update(cx.plain(x), at, cx.b.cast(source, x.logical))


@aten("select_scatter")
def select_scatter(cx: Context, x: Tensor, source: Tensor, dim: int, index) -> Tensor:
    dim %= x.rank
    at = identity(x.rank - 1)
    begin = _from_start(cx, x.shape[dim], index)
    need_slice(cx, x, dim, begin, Extent.of(1), 1)
    at.insert(dim, begin)
    return cx.b.update(cx.plain(x), at, cx.b.cast(source, x.logical))
