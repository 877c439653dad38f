"""Reads of tensors: affine indices, gathers, and which of them may fall outside."""

from __future__ import annotations

import ast

from ..frontend import etypes as ty
from ..frontend import scalar as S
from ..frontend.builder import index_into
from ..frontend.extent import Extent, floordiv, known_nonnegative, mod
from .expressions import Expressions
from .frame import Binding, Frame
from .functions import CONSTANTS
from .values import Value


class Indices(Expressions):
    """Adds names and subscripts to the expressions."""

    def sizes(self) -> dict[str, Extent]:
        return {r.atom: r.extent for r in self.ranks.values() if r.extent is not None}

    def visit_Name(self, node: ast.Name) -> Value:
        name = node.id
        if name in self.tensors:
            return self.element(node, name, [])
        if name in self.ranks:
            return Value(S.cast(S.index(self.ranks[name].number), "i64"), "i64")
        found = self.source.number(node)
        if found is None:
            found = CONSTANTS.get(name)
        if found is None:
            raise self.unknown(node, name)
        return self.number(found)

    def visit_Subscript(self, node: ast.Subscript) -> Value:
        name = node.value.id if isinstance(node.value, ast.Name) else None
        if name is None:
            raise self.error(node.value, "expected the name of a tensor before the brackets")
        if name not in self.tensors:
            raise self.unknown(node.value, name)
        return self.element(node, name, subscripts(node))

    def unknown(self, node: ast.expr, name: str):
        if name in self.assigned:
            return self.error(node, f"'{name}' is read before it is assigned")
        ranks, tensors = ", ".join(self.ranks) or "none", ", ".join(self.tensors) or "none"
        return self.error(node, f"unknown name '{name}'; it is no rank ({ranks}), no tensor ({tensors}) and no number "
                          "of the enclosing scope")

    # -- reads ----------------------------------------------------------------------------------

    def element(self, node: ast.expr, name: str, parts: list[ast.expr]) -> Value:
        """An element of the tensor `name`; one that may lie outside under a condition is a tensor of its own."""
        have = self.tensors[name]
        frame, guarded = self.frame, self.guarded
        if guarded:
            self.frame, self.guarded = Frame(), 0
            try:
                index = self.index(node, name, parts)
                if not self.inside(have.tensor, index):
                    v = self.elements(have, index)
                    t = self.emit(node, v, self.ordered(self.frame.free(v.scalar)))
                    return Value(frame.read(t.tensor, t.index), have.logical, have.weak)
            finally:
                self.frame, self.guarded = frame, guarded
        return self.elements(have, self.index(node, name, parts))

    def elements(self, have: Binding, index: list[Extent]) -> Value:
        t = have.tensor
        if t.coord is not None and _plain(index):
            scalar = index_into(t.coord, index)
        else:
            scalar = self.frame.read(t, index)
        return Value(S.cast(scalar, ty.compute_type(have.logical)), have.logical, have.weak)

    def inside(self, t, index: list[Extent]) -> bool:
        sizes = self.sizes()
        return all(known_nonnegative(e, sizes) and known_nonnegative(n - 1 - e, sizes) for e, n in zip(index, t.shape))

    def index(self, node: ast.expr, name: str, parts: list[ast.expr]) -> list[Extent]:
        t = self.tensors[name].tensor
        if len(parts) != t.rank:
            has = f"'{name}' has {t.rank} ranks [{', '.join(t.labels)}]" if t.rank else f"'{name}' is a number"
            raise self.error(node, f"{has}, but is indexed by {len(parts)}")
        out = [self.offset(part) for part in parts]
        for k, (part, e) in enumerate(zip(parts, out)):
            self.check_index(part, name, t, k, e)
        return out

    def check_index(self, part: ast.expr, name: str, t, k: int, e: Extent) -> None:
        dim = t.shape[k]
        rank = next((r for r in self.ranks.values() if e.as_atom == r.atom), None)
        if rank is not None:
            if rank.extent is None:
                rank.extent = dim
            elif rank.extent != dim and not (rank.declared and known_nonnegative(dim - rank.extent)):
                raise self.error(part, f"rank '{rank.name}' has extent {rank.extent}, but dimension {k} of '{name}' has "
                                 f"extent {dim}; give them the same extent, or index by a rank of that extent")
        elif e.const is not None and e.const < 0:
            raise self.error(part, f"index {e} of '{name}' is negative; count from the end with size(), "
                             f"e.g. size({t.labels[k]}) - {-e.const}")
        elif e.const is not None and dim.const is not None and e.const >= dim.const:
            raise self.error(part, f"index {e} of '{name}' is outside: dimension {k} has extent {dim}")

    # -- index expressions ----------------------------------------------------------------------

    def offset(self, node: ast.expr) -> Extent:
        """An index as an expression over ranks, sizes and elements of integer tensors."""
        if isinstance(node, (ast.Slice, ast.Starred)) or isinstance(node, ast.Constant) and node.value is Ellipsis:
            raise self.error(node, f"'{ast.unparse(node)}' is no index; write a rank for every dimension, e.g. x[i, j + 1]")
        e = self.affine(node)
        if e is not None:
            return e
        frame, guarded = self.frame, self.guarded
        self.frame, self.guarded = Frame(), 0
        try:
            v = self.whole(self.value(node), node)
            t = self.emit(node, v, self.ordered(self.frame.free(v.scalar)))
        finally:
            self.frame, self.guarded = frame, guarded
        return frame.coordinate(t.tensor, t.index)

    def whole(self, v: Value, node: ast.expr) -> Value:
        if not v.is_int:
            raise self.type_error(node, f"an index is an integer, but '{ast.unparse(node)}' is {v.logical}")
        return v

    def affine(self, node: ast.expr) -> Extent | None:
        """The index as an `Extent`, None if it is another kind of expression."""
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return Extent.of(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            e = self.affine(node.operand)
            return None if e is None else -e
        if isinstance(node, ast.BinOp):
            return self.affine_op(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "size":
            return self.size(node)
        if isinstance(node, (ast.Name, ast.Attribute)) and not (isinstance(node, ast.Name) and node.id in self.tensors):
            if isinstance(node, ast.Name) and node.id in self.ranks:
                return self.ranks[node.id].coordinate
            found = self.source.number(node)
            return Extent.of(found) if type(found) is int else None
        if isinstance(node, (ast.Name, ast.Subscript)):
            return self.element_offset(node)
        return None

    def affine_op(self, node: ast.BinOp) -> Extent | None:
        a, b = self.affine(node.left), self.affine(node.right)
        if a is None or b is None:
            return None
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)):
            return a + b if isinstance(node.op, ast.Add) else a - b if isinstance(node.op, ast.Sub) else a * b
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            if b.const is not None and b.const <= 0:
                raise self.error(node.right, f"an index is divided by {b}; the divisor is positive")
            if not any(atom[0] in "%$" for atom in b.atoms()):
                return (floordiv if isinstance(node.op, ast.FloorDiv) else mod)(a, b, *(
                    [self.sizes()] if isinstance(node.op, ast.FloorDiv) else []))
        return None

    def element_offset(self, node: ast.expr) -> Extent | None:
        """An element of an integer tensor as a coordinate."""
        name = node.id if isinstance(node, ast.Name) else node.value.id if isinstance(node.value, ast.Name) else None
        if name not in self.tensors or self.tensors[name].logical == "i1" or ty.is_float(self.tensors[name].logical):
            return None
        t = self.tensors[name].tensor
        index = self.index(node, name, subscripts(node) if isinstance(node, ast.Subscript) else [])
        if t.coord is not None and _plain(index):
            e = S.to_extent(index_into(t.coord, index))
            if e is not None:
                return e
        return self.frame.coordinate(t, index)


def subscripts(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _plain(index: list[Extent]) -> bool:
    """True for polynomials over ranks and sizes, which have the same value as index and as scalar."""
    return all(isinstance(a, str) and a[0] != "$" for e in index for m in e.terms for a in m)
