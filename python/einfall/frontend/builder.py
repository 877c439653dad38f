"""Builds cascades: checks shapes, composes views, inlines coordinate expressions, shares equal ops."""

from __future__ import annotations

import itertools
from typing import Callable, Sequence

import numpy as np

from . import scalar as S
from . import etypes as ty
from .errors import Unsupported
from .extent import Extent, IntLike, divide, floordiv, mod, rank
from .ir import (Concat, Constant, Einsum, Op, Scan, Scatter, Sort, Tensor, TopK, Update, View, default_labels,
                 identity, unique)
from .scalar import Scalar

INLINE_LIMIT = 40  # nodes of a coordinate expression that is repeated in each consumer instead of read


def broadcast(*shapes: Sequence[Extent]) -> tuple[Extent, ...]:
    """The common shape by numpy's rule; extents are taken to agree where neither is the literal 1."""
    n = max(map(len, shapes), default=0)
    out = [Extent.of(1)] * n
    for shape in shapes:
        for k, e in enumerate(shape, n - len(shape)):
            if out[k] == 1:
                out[k] = e
    return tuple(out)


class Builder:
    """Each method adds one op and returns its tensor(s); equal requests give the same tensor."""

    def __init__(self):
        self.loc: tuple | None = None
        self.hint = "v"
        self.factors: dict[Extent, tuple[Extent, ...]] = {}  # run-time extents that a reshape merged
        self._known: dict = {}

    def _add(self, key, op: Op, *specs) -> list[Tensor]:
        """Registers `op` with results (shape, etype, labels, coord, logical) unless an equal op exists."""
        if key is not None and key in self._known:
            return self._known[key]
        op.loc = self.loc
        for shape, etype, labels, coord, logical in specs:
            op.results.append(Tensor(shape, etype, labels, op, self.hint, logical, coord))
        if key is not None:
            self._known[key] = op.results
        return op.results

    def named(self, hint: str) -> "Builder":
        """The builder, with `hint` as the name of what it makes next."""
        self.hint = hint
        return self

    # -- literals -------------------------------------------------------------------------------

    def constant(self, data: np.ndarray, etype: str, labels: Sequence[str] | None = None) -> Tensor:
        """A literal tensor; one that is constant or affine in its coordinates becomes an expression of them."""
        shape = [Extent.of(n) for n in data.shape]
        labels = labels or default_labels(shape)
        if data.size and (data == data.flat[0]).all():
            return self.full(data.flat[0].item(), shape, etype, labels)
        line = affine(data) if np.issubdtype(data.dtype, np.integer) else None
        if line is not None:
            return self.coordinates(S.cast(S.from_extent(line), etype), shape, labels)
        key = ("constant", etype, data.shape, data.dtype.str, data.tobytes())
        return self._add(key, Constant(data), (shape, etype, labels, None, None))[0]

    def full(self, value, shape: Sequence[Extent], etype: str, labels: Sequence[str] | None = None) -> Tensor:
        """A tensor with one value everywhere."""
        if ty.is_float(etype) and ty.bits(etype) < 32:
            return self.coordinates(S.cast(S.const(value, "f32"), etype), shape, labels)
        return self.coordinates(S.const(value, etype), shape, labels)

    def coordinates(self, body: Scalar, shape: Sequence[Extent], labels: Sequence[str] | None = None) -> Tensor:
        """A tensor whose elements are an expression of their coordinates."""
        return self.einsum([], [], shape, labels or default_labels(shape), body)

    # -- einsum ---------------------------------------------------------------------------------

    def einsum(self, inputs: Sequence[Tensor], index: Sequence[Sequence[Extent]], shape: Sequence[Extent],
               labels: Sequence[str], body: Scalar | None = None, reduce: Sequence[tuple[str, Extent, str]] = (),
               coords: Sequence[int | None] | None = None, etype: str | None = None,
               logical: str | None = None) -> Tensor:
        """`reduce` lists (label, extent, monoid); without `body` it is the product of the operands."""
        inputs, index = list(inputs), [list(i) for i in index]
        coords = list(coords) if coords is not None else [None] * len(inputs)
        for t, i in zip(inputs, index):
            assert len(i) == t.rank, f"{len(i)} indices for {t}"
        if body is None and len({t.etype for t in inputs}) != 1:
            raise AssertionError("an einsum over mixed types needs a body")
        etype = etype or (body.etype if body is not None else inputs[0].etype)
        sizes = [*shape, *(e for _, e, _ in reduce)]
        names = list(unique([*labels, *(l for l, _, _ in reduce)], sizes))
        monoids = [m for _, _, m in reduce]
        if body is not None:
            inputs, index, coords, body = _prune(inputs, index, coords, body)
        key = ("einsum", tuple(map(id, inputs)), tuple(map(tuple, index)), tuple(coords), tuple(sizes), tuple(monoids),
               body and id(body), etype)
        op = Einsum(inputs, index, coords, names, sizes, monoids, body)
        coord = body if body is not None and not inputs and not reduce and body.size <= INLINE_LIMIT else None
        return self._add(key, op, (shape, etype, names[:len(shape)], coord, logical))[0]

    def map(self, fn: Callable[..., Scalar], operands: Sequence[Tensor], shape: Sequence[Extent] | None = None) -> Tensor:
        """Applies `fn` to the elements of the operands, broadcast to `shape` by numpy's rule.

        `fn` gets a scalar of the stored type for each operand.
        """
        shape = tuple(shape) if shape is not None else broadcast(*(t.shape for t in operands))
        inputs, index, scalars = [], [], []
        for t in operands:
            at = aligned(t, shape)
            if t.coord is not None:
                scalars.append(index_into(t.coord, at))
                continue
            scalars.append(S.arg(len(inputs), t.etype))
            inputs.append(t)
            index.append(at)
        body = fn(*scalars)
        if body.op == "arg" and inputs[body.attr].shape == shape:
            return inputs[body.attr]
        return self.einsum(inputs, index, shape, self.labels_for(shape, operands), body)

    def labels_for(self, shape: Sequence[Extent], operands: Sequence[Tensor]) -> list[str]:
        """A label for each dimension from the first operand that has the dimension."""
        fallback = default_labels(shape)
        out: list[str] = []
        for k, e in enumerate(shape):
            label = None
            for t in operands:
                d = k - (len(shape) - t.rank)
                if d >= 0 and t.shape[d] == e and (e != 1 or label is None) and t.labels[d] not in out:
                    label = t.labels[d]
                    break
            out.append(label or (fallback[k] if fallback[k] not in out else f"{fallback[k]}{k}"))
        return out

    def reduce(self, t: Tensor, dims: Sequence[int], monoid: str, body: Callable[[Scalar], Scalar] = lambda x: x,
               etype: str | None = None) -> Tensor:
        """Reduces the dimensions `dims` of `body(t)`; the result keeps the other dimensions in order."""
        dims = sorted(d % t.rank for d in dims)
        kept = [d for d in range(t.rank) if d not in dims]
        at: list[Extent] = [Extent.of(0)] * t.rank
        for k, d in enumerate([*kept, *dims]):
            at[d] = rank(k)
        value = body(index_into(t.coord, at) if t.coord is not None else S.arg(0, t.etype))
        return self.einsum([t], [at], [t.shape[d] for d in kept], [t.labels[d] for d in kept], value,
                           [(t.labels[d], t.shape[d], monoid) for d in dims], etype=etype)

    # -- views ----------------------------------------------------------------------------------

    def view(self, t: Tensor, index: Sequence[Extent], shape: Sequence[Extent], labels: Sequence[str] | None = None,
             fill=None) -> Tensor:
        """`t[index]` over new dimensions; without `fill` every index must stay inside `t`."""
        index, shape = list(index), tuple(shape)
        labels = list(unique(labels or self._view_labels(t, index, shape), shape))
        sizes = {f"%{k}": e for k, e in enumerate(shape)}
        if isinstance(t.op, View) and t.op.fill is None and fill is None:
            table = {f"%{k}": e for k, e in enumerate(index)}
            index = [e.subs(table, sizes) for e in t.op.index]
            t = t.op.source
        index = [Extent.of(0) if t.shape[k] == 1 and fill is None else e for k, e in enumerate(index)]
        if fill is None and shape == t.shape and all(e == rank(k) or t.shape[k] == 1 for k, e in enumerate(index)):
            return t
        if t.coord is not None and fill is None:
            return self.coordinates(index_into(t.coord, index), shape, labels)
        key = ("view", id(t), tuple(index), shape, fill)
        return self._add(key, View(t, index, fill), (shape, t.etype, labels, None, t.logical))[0]

    def _view_labels(self, t: Tensor, index: Sequence[Extent], shape: Sequence[Extent]) -> list[str]:
        out: list[str | None] = [None] * len(shape)
        for d, e in enumerate(index):
            ranks = [a for a in e.atoms() if a.startswith("%")]
            if len(ranks) == 1 and t.labels[d] not in out:
                k = int(ranks[0][1:])
                whole = isinstance(e.as_atom, tuple) and e.as_atom[0] == "floordiv"
                if out[k] is None and (whole or ranks[0] not in (e - rank(k)).atoms()):
                    out[k] = t.labels[d]
        fallback = default_labels(shape)
        return [l or (f if f not in out else f"{f}{k}") for k, (l, f) in enumerate(zip(out, fallback))]

    def permute(self, t: Tensor, dims: Sequence[int]) -> Tensor:
        at: list[Extent] = [Extent.of(0)] * t.rank
        for k, d in enumerate(dims):
            at[d] = rank(k)
        return self.view(t, at, [t.shape[d] for d in dims], [t.labels[d] for d in dims])

    def reshape(self, t: Tensor, shape: Sequence[Extent], labels: Sequence[str] | None = None) -> Tensor:
        """The same elements in row-major order under another shape."""
        shape = tuple(shape)
        sizes = {f"%{k}": e for k, e in enumerate(shape)}
        at: list[Extent] = []
        names: list[str | None] = [None] * len(shape)
        for old, new in _groups(t.shape, shape):
            linear = Extent.of(0)
            for k in new:
                linear = linear * shape[k] + rank(k)
            stride = Extent.of(1)
            here = []
            for n, d in enumerate(reversed(old)):
                e = floordiv(linear, stride, sizes)
                here.append(e if n == len(old) - 1 else mod(e, t.shape[d], sizes))
                stride = stride * t.shape[d]
            at += reversed(here)
            if len(new) == 1 and len(old) > 1 and shape[new[0]].const is None:
                self.factors[shape[new[0]]] = tuple(t.shape[d] for d in old)
            _name_group(t, [d for d in old if t.shape[d] != 1], [k for k in new if shape[k] != 1], names)
        fallback = default_labels(shape)
        free = [l for l in fallback if l not in names] + [f"r{k}" for k in range(len(shape))]
        names = [n or (fallback[k] if fallback[k] not in names else free.pop(0)) for k, n in enumerate(names)]
        return self.view(t, at, shape, labels or names)

    def slice(self, t: Tensor, dim: int, start: IntLike, size: IntLike, step: int = 1) -> Tensor:
        """`size` elements of one dimension from `start` on."""
        at = identity(t.rank)
        at[dim] = rank(dim) * step + start
        shape = list(t.shape)
        shape[dim] = Extent.of(size)
        return self.view(t, at, shape, t.labels)

    def select(self, t: Tensor, dim: int, at: IntLike) -> Tensor:
        """One coordinate of a dimension, which goes away."""
        keep = [d for d in range(t.rank) if d != dim]
        index: list[Extent] = [Extent.of(at)] * t.rank
        for k, d in enumerate(keep):
            index[d] = rank(k)
        return self.view(t, index, [t.shape[d] for d in keep], [t.labels[d] for d in keep])

    def unsqueeze(self, t: Tensor, dim: int) -> Tensor:
        shape, labels = list(t.shape), list(t.labels)
        shape.insert(dim, Extent.of(1))
        labels.insert(dim, next(c for c in itertools.chain("uwxyz", (f"u{k}" for k in itertools.count())) if c not in labels))
        at = [rank(k if k < dim else k + 1) for k in range(t.rank)]
        return self.view(t, at, shape, labels)

    def expand(self, t: Tensor, shape: Sequence[Extent]) -> Tensor:
        """Repeats dimensions of extent 1, and adds leading ones."""
        shape = tuple(shape)
        if shape == t.shape:
            return t
        return self.view(t, aligned(t, shape), shape, self.labels_for(shape, [t]))

    # -- the rest -------------------------------------------------------------------------------

    def concat(self, parts: Sequence[Tensor], dim: int) -> Tensor:
        parts = [p for p in parts if p.shape[dim] != 0] or [parts[0]]
        if len(parts) == 1:
            return parts[0]
        shape = list(parts[0].shape)
        shape[dim] = sum((p.shape[dim] for p in parts[1:]), parts[0].shape[dim])
        line = continued(parts, dim)
        if line is not None:
            return self.coordinates(S.cast(S.from_extent(line), parts[0].etype), shape, parts[0].labels)
        key = ("concat", tuple(map(id, parts)), dim)
        return self._add(key, Concat(list(parts), dim), (shape, parts[0].etype, parts[0].labels, None, None))[0]

    def update(self, dest: Tensor, index: Sequence[Extent], source: Tensor) -> Tensor:
        key = ("update", id(dest), tuple(index), id(source))
        return self._add(key, Update(dest, list(index), source), (dest.shape, dest.etype, dest.labels, None, None))[0]

    def scatter(self, dest, index, source, coords, coord_index, monoid=None) -> Tensor:
        op = Scatter(dest, list(index), source, list(coords), [list(i) for i in coord_index], monoid)
        return self._add(None, op, (dest.shape, dest.etype, dest.labels, None, None))[0]

    def scan(self, source: Tensor, init: Tensor, dim: int, body: Callable[[Scalar, Scalar], Scalar]) -> Tensor:
        """The running `body(element, state)` along `dim`; `init` lacks that dimension."""
        expr = body(S.arg(0, source.etype), S.arg(2, init.etype))
        return self._add(None, Scan(source, init, dim, expr), (source.shape, init.etype, source.labels, None, None))[0]

    def topk(self, t: Tensor, dim: int, k: IntLike) -> list[Tensor]:
        shape = list(t.shape)
        shape[dim] = Extent.of(k)
        return self._add(("topk", id(t), dim, Extent.of(k)), TopK(t, dim, Extent.of(k)),
                         (shape, t.etype, t.labels, None, None), (shape, "i64", t.labels, None, None))

    def sort(self, t: Tensor, dim: int, descending: bool) -> list[Tensor]:
        return self._add(("sort", id(t), dim, descending), Sort(t, dim, descending),
                         (t.shape, t.etype, t.labels, None, None), (t.shape, "i64", t.labels, None, None))

    def cast(self, t: Tensor, etype: str) -> Tensor:
        """The tensor in another element type; nothing if it has it."""
        return t if t.etype == etype else self.map(lambda x: S.cast(x, etype), [t])


# -- helpers --------------------------------------------------------------------------------------------


def affine(data: np.ndarray) -> Extent | None:
    """An integer array as an affine expression of its coordinates, if it is one: positions, offsets, zeros."""
    out = Extent.of(int(data.flat[0])) if data.size else Extent.of(0)
    grid = np.full(data.shape, int(data.flat[0])) if data.size else data
    for d, n in enumerate(data.shape):
        if n > 1 and data.size:
            step = int(np.take(data, 1, axis=d).flat[0]) - int(data.flat[0])
            out = out + rank(d) * step
            grid = grid + step * np.arange(n).reshape([-1 if k == d else 1 for k in range(data.ndim)])
    return out if data.size and np.array_equal(grid, data) else None


def continued(parts: Sequence[Tensor], dim: int) -> Extent | None:
    """The expression of all coordinates of the parts along `dim`, if each goes on where the one before ends."""
    lines = [S.to_extent(p.coord) if p.coord is not None else None for p in parts]
    if any(line is None for line in lines):
        return None
    starts = [sum((p.shape[dim] for p in parts[:k]), Extent.of(0)) for k in range(len(parts))]
    moved = [line.subs({f"%{dim}": rank(dim) - start}) for line, start in zip(lines, starts)]
    whole = next((line for p, line in zip(parts, moved) if p.shape[dim] != 1), moved[0])
    for part, line, start in zip(parts, moved, starts):
        # One element tells nothing of a slope.
        at = {f"%{dim}": start} if part.shape[dim] == 1 else {}
        if line.subs(at) != whole.subs(at):
            return None
    return whole


def aligned(t: Tensor, shape: Sequence[Extent]) -> list[Extent]:
    """How `t` is indexed by the ranks of `shape` under broadcasting."""
    off = len(shape) - t.rank
    if off < 0:
        raise Unsupported(f"a tensor of rank {t.rank} does not broadcast to rank {len(shape)}")
    return [Extent.of(0) if e == 1 and shape[off + d] != 1 else rank(off + d) for d, e in enumerate(t.shape)]


def index_into(coord: Scalar, at: Sequence[Extent]) -> Scalar:
    """A coordinate expression with its own coordinates replaced by the index expressions `at`."""
    return S.substitute(coord, lambda x: S.cast(S.from_extent(at[x.attr]), "index") if x.op == "index" else None) \
        if any(at[k] != rank(k) for k in coord.leaves("index")) else coord


def _prune(inputs, index, coords, body: Scalar):
    """Drops operands that neither the body nor an index reads, merges equal ones, numbers the rest anew."""
    used = body.leaves("arg") | {k for k, c in enumerate(coords) if c is not None}
    first: dict = {}
    place: dict[int, int] = {}
    kept: list[int] = []
    for k in sorted(used):
        key = (id(inputs[k]), tuple(index[k]), coords[k])
        if key not in first:
            first[key] = len(kept)
            kept.append(k)
        place[k] = first[key]
    if kept == list(range(len(inputs))):
        return inputs, index, coords, body
    body = S.substitute(body, lambda x: S.arg(place[x.attr], x.etype) if x.op == "arg" else None)
    return [inputs[k] for k in kept], [index[k] for k in kept], [coords[k] for k in kept], body


def _groups(old: Sequence[Extent], new: Sequence[Extent]):
    """Splits two shapes into the smallest aligned runs of dimensions with equal products."""
    i = j = 0
    while i < len(old) or j < len(new):
        a, b = ([i] if i < len(old) else []), ([j] if j < len(new) else [])
        p = old[i] if a else Extent.of(1)
        q = new[j] if b else Extent.of(1)
        i, j = i + len(a), j + len(b)
        while p != q:
            more_old = i < len(old) and (j >= len(new) or _divides(p, q) or (not _divides(q, p) and _smaller(p, q)))
            if more_old:
                p, a, i = p * old[i], [*a, i], i + 1
            elif j < len(new):
                q, b, j = q * new[j], [*b, j], j + 1
            else:
                break  # equal by a guard that we cannot see
        yield a, b


def _divides(p: Extent, q: Extent) -> bool:
    return p != 0 and divide(q, p)[1] == 0


def _smaller(p: Extent, q: Extent) -> bool:
    return p.const is not None and q.const is not None and p.const < q.const


def _name_group(t: Tensor, old: list[int], new: list[int], names: list) -> None:
    """Labels of the new dimensions of one run: kept where one stays one, (h, d) where one splits in two."""
    if len(old) == len(new):
        for d, k in zip(old, new):
            names[k] = t.labels[d]
    elif len(old) == 1 and len(new) == 2:
        names[new[0]], names[new[1]] = "h", "d"
    elif len(new) == 1 and old:
        names[new[0]] = t.labels[old[-1]]
