"""Reductions: each is an Einsum of its own, over the ranks that its body leaves free."""

from __future__ import annotations

import ast
import dataclasses

from ..frontend import scalar as S
from ..frontend.extent import Extent
from ..frontend.ir import Tensor
from ..frontend.scalar import Scalar
from . import functions as F
from .frame import Frame, Rank
from .indices import Indices, subscripts
from .values import Value, convert


@dataclasses.dataclass(frozen=True)
class Emitted:
    """A tensor that was made over `ranks`."""

    tensor: Tensor
    ranks: tuple[Rank, ...]

    @property
    def index(self) -> list[Extent]:
        return [r.coordinate for r in self.ranks]


class Reductions(Indices):
    def reduction(self, node: ast.Call) -> Value:
        func = node.func
        name = func.value.id if isinstance(func.value, ast.Name) else ast.unparse(func.value)
        if name not in F.REDUCTIONS:
            raise self.error(func, f"unknown reduction '{name}'; there are {', '.join(F.REDUCTIONS)}")
        if len(node.args) != 1 or node.keywords:
            raise self.error(node, f"{ast.unparse(func)} takes one expression, but got {len(node.args) + len(node.keywords)}")
        ranks = [self.reduced_rank(r, name) for r in subscripts(func)]
        if name.startswith("arg") and len(ranks) != 1:
            raise self.error(func, f"{name} reduces one rank, but got {len(ranks)}")
        if name == "logsumexp":
            return self.logsumexp(node, ranks)
        return self.reduce(node, ranks, name, lambda: self.value(node.args[0]))

    def reduced_rank(self, node: ast.expr, name: str) -> Rank:
        if not isinstance(node, ast.Name):
            raise self.error(node, f"expected the name of a rank to reduce, e.g. {name}[t](…), but got '{ast.unparse(node)}'")
        rank = self.ranks[node.id]
        if node.id in self.bound:
            raise self.error(node, f"rank '{node.id}' is reduced here, but {self.bound[node.id]}; reduce over another rank: "
                             f"{name}[{node.id}2](x[{node.id}2])")
        return rank

    def reduce(self, node: ast.Call, ranks: list[Rank], name: str, body) -> Value:
        """`body()` reduced over the ranks; as an element of the result in the Einsum around."""
        frame, guarded, bound = self.frame, self.guarded, self.bound
        self.frame, self.guarded = Frame(), 0
        self.bound = bound | {r.name: f"is reduced by the {name}[{r.name}] around" for r in ranks}
        try:
            v = self.prepared(body(), node, name)
            monoid = "add" if name == "mean" else F.MONOIDS[name]
            free = self.ordered(self.frame.free(v.scalar) - {r.number for r in ranks})
            out = self.emit(node, v, free, [(r, monoid) for r in ranks], "i64" if name.startswith("arg") else None)
        finally:
            self.frame, self.guarded, self.bound = frame, guarded, bound
        element = self.frame.read(out.tensor, out.index)
        if name.startswith("arg"):
            return Value(element, "i64")
        v = v.map(element)
        if name == "mean":
            count = Extent.of(1)
            for r in ranks:
                count = count * r.extent
            v = self.as_float(v)
            v = v.map(S.div(v.scalar, S.cast(S.extent(count), v.scalar.etype)))
        return v

    def prepared(self, v: Value, node: ast.Call, name: str) -> Value:
        """The body in the type that the monoid takes: counts of conditions are integers."""
        if name in ("any", "all"):
            return self.condition(v, node.args[0])
        return convert(v, "i64") if v.is_bool else v

    def logsumexp(self, node: ast.Call, ranks: list[Rank]) -> Value:
        """log Σ exp x by the maximum, so that the algebra sees max, exp and sum; rows of -inf give -inf."""
        body = lambda: self.as_float(self.value(node.args[0]))  # noqa: E731
        top = self.reduce(node, ranks, "max", body)
        tensor, index, _ = self.frame.reads[top.scalar.attr]

        def shifted() -> Value:
            v = body()
            return v.map(S.exp(S.sub(v.scalar, _finite(self.frame.read(tensor, index)))))

        total = self.reduce(node, ranks, "sum", shifted)
        return total.map(S.add(_finite(top.scalar), S.log(total.scalar)))


def _finite(x: Scalar) -> Scalar:
    """0 in place of an infinity, which exp(x - max) could not subtract."""
    return S.select(S.cmp("eq", F.absolute(x), S.const(float("inf"), x.etype)), S.const(0.0, x.etype), x)
