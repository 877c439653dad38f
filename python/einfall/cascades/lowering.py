"""From the statements of a cascade to a function of `frontend.ir`."""

from __future__ import annotations

import ast
import itertools

from ..frontend import scalar as S
from ..frontend.builder import Builder
from ..frontend.extent import Extent, rank
from ..frontend.ir import Function, Result, argument
from .errors import CascadeError
from .frame import Binding, Frame, Rank
from .indices import subscripts
from .reductions import Emitted, Reductions
from .signature import Parameter, check_name, extent
from .source import Source
from .values import Value


class Lowering(Reductions):
    """Lowers one cascade for one choice of element types: `types[name]` of every parameter."""

    def __init__(self, source: Source, parameters: list[Parameter], types: dict[str, str]):
        self.source, self.builder = source, Builder()
        self.default_float = "f64" if "f64" in types.values() else "f32"
        self.tensors: dict[str, Binding] = {}
        self.ranks: dict[str, Rank] = {}
        self.bound: dict[str, str] = {}  # free and reduced ranks around an expression, and what they are there
        self.assigned: set[str] = set()
        self.frame, self.guarded = Frame(), 0
        self.args = [self.parameter(p, types[p.name]) for p in parameters]
        self.find_names()

    def parameter(self, p: Parameter, etype: str):
        dims = p.dims or []
        for e in dims:
            if isinstance(e.as_atom, str) and e.as_atom not in self.ranks:
                self.ranks[e.as_atom] = Rank(e.as_atom, len(self.ranks), e)
        spare = (c for c in "ijkmnuvxyz")
        labels = [e.as_atom if isinstance(e.as_atom, str) else next(spare) for e in dims]
        t = argument("input", p.name, dims, etype, labels, p.name)
        self.tensors[p.name] = Binding(t, etype, weak=p.dims is None)
        return t.op

    def function(self) -> Function:
        """Raises `CascadeError`."""
        body = list(self.source.tree.body)
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            body.pop(0)
        if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
            raise self.error(body[-1] if body else self.source.tree, "a cascade ends with the tensors it gives: return o[h, s, e]")
        for statement in body[:-1]:
            self.statement(statement)
        self.builder.loc = self.source.location(body[-1])
        value = body[-1].value
        results: list[Result] = []
        for node in value.elts if isinstance(value, ast.Tuple) else [value]:
            results.append(self.returned(node))
            if any(r.name == results[-1].name for r in results[:-1]):
                raise self.error(node, f"'{results[-1].name}' is returned twice; return it once, or assign it to another name")
        return Function(self.source.tree.name, self.args, results)

    # -- names ----------------------------------------------------------------------------------

    def find_names(self) -> None:
        """All ranks: of parameters, on left sides, in the brackets of reductions, declared."""
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                for one in target.elts if isinstance(target, ast.Tuple) else [target]:
                    named = one.value if isinstance(one, ast.Subscript) else one
                    self.assigned |= {named.id} if isinstance(named, ast.Name) else set()
                    self.add_ranks(subscripts(one) if isinstance(one, ast.Subscript) else [])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript):
                self.add_ranks(subscripts(node.func))
            elif isinstance(node, ast.AnnAssign):
                self.add_ranks([node.target])
        for name in (self.assigned | set(self.tensors)) & set(self.ranks):
            raise self.error(self.source.tree, f"'{name}' is both a rank and a tensor; give one of them another name")

    def add_ranks(self, nodes: list[ast.expr]) -> None:
        for node in nodes:
            if isinstance(node, ast.Name) and node.id not in self.ranks:
                try:
                    check_name(node.id)
                except ValueError as e:
                    raise self.error(node, str(e)) from None
                self.ranks[node.id] = Rank(node.id, len(self.ranks))

    def error(self, node: ast.AST, message: str) -> CascadeError:
        return self.source.error(node, message)

    def type_error(self, node: ast.AST, message: str) -> CascadeError:
        return self.source.error(node, message, typed=True)

    def size(self, node: ast.Call) -> Extent:
        self.arity(node, 1)
        return self.extent_of(node.args[0])

    def named_extent(self, node: ast.Name) -> Extent:
        """The size of a rank, or a whole number of the enclosing scope."""
        found = None if node.id in self.ranks else self.source.number(node)
        return Extent.of(found) if type(found) is int else self.extent_of(node)

    def extent_of(self, node: ast.expr) -> Extent:
        if not isinstance(node, ast.Name) or node.id not in self.ranks:
            raise self.error(node, f"expected a rank ({', '.join(self.ranks)}), but got '{ast.unparse(node)}'")
        e = self.ranks[node.id].extent
        if e is None:
            raise self.error(node, f"the extent of rank '{node.id}' is not known here; declare it before: {node.id}: 16")
        return e

    # -- statements -----------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.AnnAssign) and node.value is None and isinstance(node.target, ast.Name):
            return self.declaration(node)
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            raise self.error(node, f"a cascade has no Python {type(node).__name__}; it is made of assignments "
                             "`y[i, j] = …`, declarations of ranks `r: 16` and one return at the end")
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and all(isinstance(t, ast.Subscript) for t in target.elts):
            return self.best(node, target)
        if not isinstance(target, (ast.Name, ast.Subscript)) or isinstance(target, ast.Subscript) and not isinstance(target.value, ast.Name):
            raise self.error(target, f"expected a tensor with its ranks on the left, e.g. y[i, j], but got '{ast.unparse(target)}'")
        name = target.id if isinstance(target, ast.Name) else target.value.id
        left = self.left_ranks(subscripts(target) if isinstance(target, ast.Subscript) else [], name)
        self.assign(node, name, left)

    def declaration(self, node: ast.AnnAssign) -> None:
        """`r: 16` or `i: n // 16`: a rank with its extent."""
        name = node.target.id
        try:
            e = extent(node.annotation, lambda n: self.named_extent(ast.copy_location(ast.Name(n), node.annotation)))
        except ValueError:
            raise self.error(node.annotation, f"expected the extent of rank '{name}' over numbers and ranks, e.g. "
                             f"{name}: n // 16") from None
        r = self.ranks[name]
        if r.extent is not None and r.extent != e:
            raise self.error(node, f"rank '{name}' has extent {r.extent}, but is declared with extent {e}")
        r.extent, r.declared = e, True

    def left_ranks(self, nodes: list[ast.expr], name: str) -> list[Rank]:
        for k, node in enumerate(nodes):
            if not isinstance(node, ast.Name):
                raise self.error(node, f"the left side of '{name}' is indexed by '{ast.unparse(node)}'; expected the name of a rank")
            if node.id in {n.id for n in nodes[:k]}:
                raise self.error(node, f"rank '{node.id}' stands twice on the left side of '{name}'")
        return [self.ranks[n.id] for n in nodes]

    def assign(self, node: ast.Assign, name: str, left: list[Rank]) -> None:
        self.builder.loc, self.builder.hint = self.source.location(node), name
        self.frame, self.guarded, self.left = Frame(), 0, left
        self.bound = {r.name: f"is an index of the result '{name}'" for r in left}
        self.infer_extents(node.value)
        v = self.value(node.value)
        if extra := [r for r in self.ordered(self.frame.free(v.scalar)) if r not in left]:
            raise self.error(self.find(node.value, extra[0].name), f"rank '{extra[0].name}' is neither an index of '{name}' nor "
                             f"reduced; add it to the left side or reduce it, e.g. sum[{extra[0].name}](…)")
        self.tensors[name] = self.whole_tensor(v, left) or Binding(self.emit(node, v, left).tensor, v.logical, v.weak)

    def best(self, node: ast.Assign, target: ast.Tuple) -> None:
        """`best[s, j], at[s, j] = topk[v](x[s, v])`: the greatest elements along v and their coordinates."""
        call, names = node.value, [t.value.id for t in target.elts if isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name)]
        is_topk = (isinstance(call, ast.Call) and isinstance(call.func, ast.Subscript) and isinstance(call.func.value, ast.Name)
                   and call.func.value.id == "topk" and len(call.args) == 1 and not call.keywords)
        if not is_topk or len(names) != 2 or len(target.elts) != 2:
            raise self.error(node, "only topk gives two tensors: best[s, j], at[s, j] = topk[v](x[s, v])")
        left, other = (self.left_ranks(subscripts(t), n) for t, n in zip(target.elts, names))
        if not left or left != other:
            raise self.error(target, f"'{names[0]}' and '{names[1]}' have the same ranks, of which the last one counts the greatest: "
                             f"{names[0]}[s, j], {names[1]}[s, j]")
        k = left[-1].extent.const if left[-1].extent is not None else None
        if k is None:
            raise self.error(target, f"rank '{left[-1].name}' says how many elements topk gives: declare it in a line before, {left[-1].name}: 8")
        self.builder.loc, self.builder.hint = self.source.location(node), names[0]
        self.frame, self.guarded, self.left = Frame(), 0, left[:-1]
        self.bound = {r.name: f"is an index of the result '{names[0]}'" for r in left}
        along = [self.reduced_rank(r, "topk") for r in subscripts(call.func)]
        if len(along) != 1:
            raise self.error(call.func, f"topk orders one rank, but got {len(along)}")
        self.bound[along[0].name] = f"is ordered by the topk[{along[0].name}] around"
        self.infer_extents(call)
        v = self.numeric(self.value(call.args[0]))
        ranks = [*left[:-1], along[0]]
        if extra := [r for r in self.ordered(self.frame.free(v.scalar)) if r not in ranks]:
            raise self.error(self.find(call, extra[0].name), f"rank '{extra[0].name}' is neither an index of '{names[0]}' nor ordered by topk")
        have = self.whole_tensor(v, ranks)
        values, places = self.builder.topk(have.tensor if have else self.emit(node, v, ranks).tensor, len(ranks) - 1, k)
        self.tensors[names[0]], self.tensors[names[1]] = Binding(values, v.logical, v.weak), Binding(places, "i64")

    def whole_tensor(self, v: Value, left: list[Rank]) -> Binding | None:
        """The tensor that the value reads, if it is that tensor over these ranks and nothing else."""
        if v.scalar.op != "arg":
            return None
        t, index, _ = self.frame.reads[v.scalar.attr]
        same = list(index) == [r.coordinate for r in left] and list(t.shape) == [r.extent for r in left]
        return Binding(t, v.logical, v.weak) if same else None

    def find(self, tree: ast.AST, name: str) -> ast.AST:
        return next((n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name), tree)

    def infer_extents(self, tree: ast.AST) -> None:
        """Ranks that are an index by themselves have the dimension's extent, wherever else they stand."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in self.tensors:
                t = self.tensors[node.value.id].tensor
                for part, e in zip(subscripts(node), t.shape):
                    r = self.ranks.get(part.id) if isinstance(part, ast.Name) else None
                    if r is not None and r.extent is None:
                        r.extent = e

    def returned(self, node: ast.expr) -> Result:
        target = node.value if isinstance(node, ast.Subscript) else node
        if not isinstance(target, ast.Name):
            raise self.error(node, "return names tensors with their ranks, e.g. return o[h, s, e]; assign the expression first")
        name = target.id
        if name not in self.tensors:
            raise self.unknown(target, name)
        parts = subscripts(node) if isinstance(node, ast.Subscript) else []
        left = self.left_ranks(parts, name) if all(not isinstance(p, ast.Name) or p.id in self.ranks for p in parts) else []
        self.frame, self.guarded, self.left, self.bound = Frame(), 0, left, {}
        self.builder.hint = name
        have = self.tensors[name]
        index = self.index(node, name, parts)
        v = Value(self.frame.read(have.tensor, index), have.logical)
        stored = S.cast(v.scalar, have.logical)
        same = stored is v.scalar and self.whole_tensor(v, left) and have.tensor.op not in self.args
        t = have.tensor if same else self.emit(node, v.map(stored), left).tensor
        return Result(t, name if all(a.name != name for a in self.args) else name + "_out")

    # -- einsums --------------------------------------------------------------------------------

    def ordered(self, numbers: set[int]) -> list[Rank]:
        """Ranks by their place on the left side, then as they were first named."""
        place = {r.number: k for k, r in enumerate(self.left)}
        return sorted((r for r in self.ranks.values() if r.number in numbers),
                      key=lambda r: (place.get(r.number, len(place)), r.number))

    def emit(self, node: ast.AST, v: Value, out: list[Rank], reduce=(), etype: str | None = None) -> Emitted:
        """The Einsum of the frame: `v` over the ranks `out`, reduced over `reduce`, a list of (rank, monoid)."""
        order = [*out, *(r for r, _ in reduce)]
        for r in order:
            if r.extent is None:
                raise self.error(self.find(node, r.name), f"rank '{r.name}' has no extent: no tensor is indexed by it alone; "
                                 f"declare it in a line before: {r.name}: 16")
        table = {r.atom: rank(k) for k, r in enumerate(order)}
        sizes = {f"%{k}": r.extent for k, r in enumerate(order)}
        place = {r.number: k for k, r in enumerate(order)}
        body = S.substitute(v.scalar, lambda x: S.index(place[x.attr]) if x.op == "index" else None)
        index = [[e.subs(table, sizes) for e in i] for _, i, _ in self.frame.reads]
        t = self.builder.einsum([t for t, _, _ in self.frame.reads], index, [r.extent for r in out], [r.name for r in out],
                                body, [(r.name, r.extent, m) for r, m in reduce], [c for _, _, c in self.frame.reads], etype)
        return Emitted(t, tuple(out))


def trial_types(source: Source, parameters: list[Parameter]) -> dict[str, str]:
    """Likely types, to check a cascade before its first call: integers where a tensor is an index, else f32."""
    inside = {n.id for s in ast.walk(source.tree) if isinstance(s, ast.Subscript)
              for part in itertools.chain.from_iterable(ast.walk(p) for p in subscripts(s))
              for n in [part] if isinstance(n, ast.Name)}
    return {p.name: p.etype or ("i64" if p.name in inside else "f32") for p in parameters}

