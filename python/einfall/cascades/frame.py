"""What is known while a cascade is lowered: names, ranks, and the reads of the Einsum under construction."""

from __future__ import annotations

import dataclasses

from ..frontend import scalar as S
from ..frontend.extent import Extent
from ..frontend.ir import Tensor
from ..frontend.scalar import Scalar


@dataclasses.dataclass
class Rank:
    """A rank of the cascade. Expressions call it by `number` until an Einsum gives it one of its own."""

    name: str
    number: int
    extent: Extent | None = None
    declared: bool = False  # by a statement of its own, not by what it indexes

    @property
    def atom(self) -> str:
        return f"%{self.number}"

    @property
    def coordinate(self) -> Extent:
        return Extent.atom(self.atom)


@dataclasses.dataclass(frozen=True)
class Binding:
    """What a name of the cascade stands for; `weak` if Python numbers alone made it."""

    tensor: Tensor
    logical: str
    weak: bool = False


class Frame:
    """The reads of one Einsum; equal reads are one."""

    def __init__(self):
        self.reads: list[tuple[Tensor, tuple[Extent, ...], int | None]] = []
        self._known: dict = {}
        self._coordinates = 0

    def read(self, t: Tensor, index) -> Scalar:
        """The element of a tensor as a scalar."""
        return S.arg(self._add(t, tuple(index), False), t.etype)

    def coordinate(self, t: Tensor, index) -> Extent:
        """The element of an integer tensor for use in another index."""
        return Extent.atom(f"${self.reads[self._add(t, tuple(index), True)][2]}")

    def _add(self, t: Tensor, index: tuple, coordinate: bool) -> int:
        key = (id(t), index, coordinate)
        if key not in self._known:
            self._known[key] = len(self.reads)
            self.reads.append((t, index, self._coordinates if coordinate else None))
            self._coordinates += coordinate
        return self._known[key]

    def free(self, scalar: Scalar) -> set[int]:
        """Numbers of the ranks that the scalar depends on."""
        out = set(scalar.leaves("index"))
        for k in scalar.leaves("arg"):
            out |= self.free_of(self.reads[k][1])
        return out

    def free_of(self, index) -> set[int]:
        out: set[int] = set()
        for atom in {a for e in index for a in e.atoms()}:
            if atom[0] == "%":
                out.add(int(atom[1:]))
            elif atom[0] == "$":
                out |= self.free_of(next(i for _, i, n in self.reads if n == int(atom[1:])))
        return out
