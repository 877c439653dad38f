"""The cascade as Python objects: tensors with named ranks and the ops that make them.

Index expressions are `Extent`s over rank numbers: in `View`, `Gather`, `Concat` results and in `Einsum`
the atom `"%k"` is the k-th rank of the op: the result's dimensions in order, for einsums followed by the reduced
ranks. In `Update` and `Scatter` `"%k"` is the k-th dimension of the source. Text comes from `printer.py`.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Sequence

from . import etypes as ty
from .extent import Extent, rank
from .scalar import Scalar

_ids = itertools.count()


class Tensor:
    """A value: extents, element type, a label for each dimension.

    etype    stored element type
    logical  element type that the program gives it; differs from `etype` only for weights stored in another type
    coord    if set: its elements as a scalar expression of its own coordinates and sizes (no operands)
    """

    __slots__ = ("shape", "etype", "labels", "op", "hint", "logical", "coord", "number")

    def __init__(self, shape: Sequence[Extent], etype: str, labels: Sequence[str], op: "Op", hint: str,
                 logical: str | None = None, coord: Scalar | None = None):
        self.shape, self.etype, self.op, self.hint, self.coord = tuple(shape), etype, op, hint, coord
        self.labels = unique(labels, self.shape)
        self.logical = logical or etype
        self.number = next(_ids)

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __repr__(self):
        dims = ", ".join(f"{l}:{e}" for l, e in zip(self.labels, self.shape))
        return f"<{self.hint} [{dims}] {self.etype}>"


def unique(labels: Sequence[str], shape: Sequence[Extent]) -> tuple[str, ...]:
    """The labels made distinct: the extent's own symbol where free, else with a number behind."""
    taken: set[str] = set()
    out = []
    for label, e in zip(labels, shape):
        if label in taken:
            base = e.as_atom if isinstance(e.as_atom, str) else label
            label = base if base not in taken else next(f"{base}{k}" for k in itertools.count(1) if f"{base}{k}" not in taken)
        taken.add(label)
        out.append(label)
    return tuple(out)


@dataclasses.dataclass(eq=False)
class Op:
    """Base of all ops. `loc` is (file, line) or (file, line, column) of the user's program."""

    results: list[Tensor] = dataclasses.field(init=False, default_factory=list)
    loc: tuple | None = dataclasses.field(init=False, default=None)

    def operands(self) -> list[Tensor]:
        return []

    @property
    def result(self) -> Tensor:
        return self.results[0]


@dataclasses.dataclass(eq=False)
class Argument(Op):
    """A function argument: kind `input`, `state` or `weight`, known to users as `name`."""

    kind: str
    name: str
    attrs: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(eq=False)
class Constant(Op):
    """A literal tensor; `data` is a numpy array (bf16 and fp8 as float32)."""

    data: object


@dataclasses.dataclass(eq=False)
class Einsum(Op):
    """`index[i]` indexes operand i; `coords[i]` is the number n if operand i is read as coordinate `"$n"`, else None."""

    inputs: list[Tensor]
    index: list[list[Extent]]
    coords: list[int | None]
    labels: list[str]
    sizes: list[Extent]
    reduce: list[str]  # monoids of the last ranks
    body: Scalar | None

    def operands(self):
        return self.inputs


@dataclasses.dataclass(eq=False)
class View(Op):
    source: Tensor
    index: list[Extent]
    fill: float | int | None = None

    def operands(self):
        return [self.source]


@dataclasses.dataclass(eq=False)
class Concat(Op):
    inputs: list[Tensor]
    dim: int

    def operands(self):
        return self.inputs


@dataclasses.dataclass(eq=False)
class Update(Op):
    dest: Tensor
    index: list[Extent]
    source: Tensor

    def operands(self):
        return [self.dest, self.source]


@dataclasses.dataclass(eq=False)
class Scatter(Op):
    """`coords[i]` is read at `coord_index[i]` over the source's dimensions and names `"$i"`; `monoid` may be None."""

    dest: Tensor
    index: list[Extent]
    source: Tensor
    coords: list[Tensor]
    coord_index: list[list[Extent]]
    monoid: str | None

    def operands(self):
        return [self.dest, self.source, *self.coords]


@dataclasses.dataclass(eq=False)
class Scan(Op):
    """A recurrence over dimension `dim` of `source` from `init`; the body's operands are element, init, state."""

    source: Tensor
    init: Tensor
    dim: int
    body: Scalar

    def operands(self):
        return [self.source, self.init]


@dataclasses.dataclass(eq=False)
class TopK(Op):
    source: Tensor
    dim: int
    k: Extent

    def operands(self):
        return [self.source]


@dataclasses.dataclass(eq=False)
class Sort(Op):
    source: Tensor
    dim: int
    descending: bool

    def operands(self):
        return [self.source]


@dataclasses.dataclass
class Result:
    """A function result: the tensor, the name users see, and the state it is the new value of, if any."""

    value: Tensor
    name: str | None = None
    state: str | None = None


@dataclasses.dataclass
class Function:
    """One entry point. `args` are given in order; weights that no result needs are not printed."""

    name: str
    args: list[Argument]
    results: list[Result]
    params: list[str] = dataclasses.field(default_factory=list)
    #: extents that are at least 0 in every call: `t - s`
    assume: list[Extent] = dataclasses.field(default_factory=list)
    #: why sizes cannot be larger, by symbol
    because: dict[str, str] = dataclasses.field(default_factory=dict)

    def ops(self) -> list[Op]:
        """What the results need, producers first."""
        seen: dict[int, Op] = {}
        todo = [r.value.op for r in self.results]
        while todo:
            op = todo.pop()
            if id(op) not in seen:
                seen[id(op)] = op
                todo += [t.op for t in op.operands()]
        return sorted(seen.values(), key=lambda op: op.results[0].number)

    def live_args(self) -> list[Argument]:
        used = {id(op) for op in self.ops()}
        return [a for a in self.args if a.kind != "weight" or id(a) in used]


def argument(kind: str, name: str, shape: Sequence[Extent], etype: str, labels: Sequence[str], hint: str,
             logical: str | None = None, **attrs) -> Tensor:
    op = Argument(kind, name, attrs)
    op.results.append(Tensor(shape, etype, labels, op, hint, logical))
    return op.result


def default_labels(shape: Sequence[Extent], names: Sequence[str] = ()) -> list[str]:
    """Labels for a tensor nobody named: symbols where an extent is one, else `names`, else i, j, k, …"""
    fallback = iter("ijklmnpqruvwxyz")
    out = []
    for n, e in enumerate(shape):
        atom = e.as_atom
        out.append(atom if isinstance(atom, str) and atom[0] not in "%$" else names[n] if n < len(names) else next(fallback))
    return list(unique(out, shape))


def identity(n: int) -> list[Extent]:
    return [rank(k) for k in range(n)]


def etype_of(t: Tensor) -> str:
    """The element type in which the program computes with `t`."""
    return ty.compute_type(t.logical)
