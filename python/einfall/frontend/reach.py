"""How far an index tensor reaches: its least and its greatest element, as extents over run-time sizes.

PyTorch raises where an index lies outside of a table. A compiled gather reads nothing there, silently, so what torch
would raise for has to be refused before the call: as a range of an argument that is an index as it comes, or as an
assumption on sizes (`128 - t`: a table of positions has 128 rows) that every call is checked against.
"""

from __future__ import annotations

from . import scalar as S
from .context import Context
from .extent import Extent, floordiv
from .ir import Argument, Einsum, Tensor, TopK, View
from .scalar import Scalar


def nonnegative(cx: Context, t: Tensor) -> bool:
    """True if no element of an index tensor is negative, as far as its making tells."""
    if t.coord is not None:
        return _nonnegative_scalar(cx, t.coord, t)
    if isinstance(t.op, View):
        return nonnegative(cx, t.op.source)
    if isinstance(t.op, Argument):
        low = (t.op.attrs.get("range") or [-1])[0]
        return low >= 0
    if isinstance(t.op, TopK):
        return t is t.op.results[1]
    if isinstance(t.op, Einsum):
        if set(t.op.reduce) & {"argmax", "argmin"}:
            return all(e.const != 0 for e in t.op.sizes)
        return not t.op.reduce and t.op.body is not None and _nonnegative_scalar(cx, t.op.body, t)
    return False


def _nonnegative_scalar(cx: Context, x: Scalar, t: Tensor) -> bool:
    e = S.to_extent(x)
    if e is not None:
        return cx.nonnegative(e, t.shape)
    if x.op == "arith.maxsi":
        return any(_nonnegative_scalar(cx, a, t) for a in x.args)
    if x.op in ("arith.addi", "arith.muli", "arith.minsi", "arith.floordivsi"):
        return all(_nonnegative_scalar(cx, a, t) for a in x.args)
    if x.op == "arg" and isinstance(t.op, Einsum):
        return nonnegative(cx, t.op.inputs[x.attr])
    return False


def need_inside(cx: Context, ids: Tensor, size: Extent, table: Tensor) -> None:
    """Has every call refused in which an element of `ids` is `size`, the extent of `table`, or more. What cannot be
    told from sizes and from ranges of arguments alone is left to the masked read."""
    if isinstance(ids.op, Argument) and ids.op.kind == "input" and size.const is not None:
        low, high = ids.op.attrs.get("range") or (-size.const, size.const)
        ids.op.attrs["range"] = [low, min(high, size.const)]
        return
    for greatest in _above(cx, ids) or ():
        rest = size - 1 - greatest
        if rest.const is None and not cx.nonnegative(rest):
            cx.needs.setdefault(rest, f"{called(table)} has {size} rows")


def need_row(cx: Context, ids: Tensor, size: Extent, table: Tensor) -> None:
    """As `need_inside`, of an index that does not count from the end where it is negative."""
    if isinstance(ids.op, Argument) and ids.op.kind == "input" and size.const is not None:
        low, high = ids.op.attrs.get("range") or (0, size.const)
        ids.op.attrs["range"] = [max(low, 0), high]
    need_inside(cx, ids, size, table)


def need_slice(cx: Context, x: Tensor, dim: int, begin, size: Extent, step: int) -> None:
    """Has every call refused in which a slice ends behind a dimension of fixed extent: its size was taken to fit."""
    rest = x.shape[dim] - begin - size * step + step - 1
    if x.shape[dim].const is not None and rest.const is None and not cx.nonnegative(rest):
        cx.needs.setdefault(rest, f"{called(x)} has {x.shape[dim]} elements in dimension {dim}")


def because(needs: dict[Extent, str]) -> dict[str, str]:
    """Of each size that needs bound from above on their own, why it cannot be larger: the reason of the least bound."""
    least: dict[str, tuple[int, str]] = {}
    for e, why in needs.items():
        name, *others = e.atoms() or {""}
        slope = e.terms.get((name,), 0)
        if others or slope >= 0 or not set(e.terms) <= {(), (name,)}:
            continue
        bound = e.terms.get((), 0) // -slope
        if name not in least or bound < least[name][0]:
            least[name] = bound, why
    return {name: why for name, (_, why) in least.items()}


def called(t: Tensor) -> str:
    """The name that the user knows a table by."""
    return t.op.name if isinstance(t.op, Argument) else t.hint


def _above(cx: Context, t: Tensor) -> list[Extent] | None:
    """Extents, the greatest of which is the greatest element of `t` (of no padding, where an argument says how much there
    is); None if that is not known. A mere upper bound would not do: calls are refused for what does occur."""
    if t.coord is not None:
        return _scalar_above(cx, t.coord, t)
    op = t.op
    if isinstance(op, View):
        return _above(cx, op.source)
    if isinstance(op, Einsum) and not op.reduce and op.body is not None:
        return _scalar_above(cx, op.body, t)
    return None


def _scalar_above(cx: Context, x: Scalar, t: Tensor) -> list[Extent] | None:
    e = S.to_extent(x)
    if e is not None:
        return _greatest(e, t)
    if x.op == "arg" and isinstance(t.op, Einsum):
        return _above(cx, t.op.inputs[x.attr])
    if x.op in ("arith.extsi", "arith.index_cast"):
        return _scalar_above(cx, x.args[0], t)
    if x.op == "arith.subi":
        high, low = _scalar_above(cx, x.args[0], t), _least_argument(x.args[1], t)
        return [e - low for e in high] if high and low is not None else None
    if x.op not in ("arith.addi", "arith.maxsi"):
        return None
    a, b = (_scalar_above(cx, y, t) for y in x.args)
    if not a or not b:
        return None
    if x.op == "arith.maxsi":
        return list(dict.fromkeys(a + b))
    apart = all(e.const is None for e in a) and all(e.const is None for e in b)  # may not be greatest at one place
    return None if apart else [p + q for p in a for q in b]


def _least_argument(x: Scalar, t: Tensor) -> int | None:
    """The least number that a literal or an element of an argument may be."""
    if x.op == "const":
        return x.attr
    if x.op != "arg" or not isinstance(t.op, Einsum):
        return None
    op = t.op.inputs[x.attr].op
    while isinstance(op, View):
        op = op.source.op
    return (op.attrs.get("range") or [None])[0] if isinstance(op, Argument) else None


def _greatest(e: Extent, t: Tensor) -> list[Extent] | None:
    """The greatest value of an expression over the coordinates of `t`, if it is linear in them."""
    out = Extent({})
    for m, c in e.terms.items():
        ranks = [a for a in m if isinstance(a, str) and a[0] in "%$"]
        nested = [a for a in m if isinstance(a, tuple) and any(n[0] in "%$" for n in Extent.atom(a).atoms())]
        if nested or len(ranks) > 1 or ranks and ranks[0][0] == "$":
            return None
        table = {ranks[0]: t.shape[int(ranks[0][1:])] - 1 if c > 0 else 0} if ranks else {}
        out = out + Extent({m: c}).subs(table)
    return [out]
