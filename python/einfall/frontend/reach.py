"""How far an index tensor reaches: its least and its greatest element, as extents over run-time sizes.

PyTorch raises where an index lies outside of a table. A compiled gather reads nothing there, silently, so what torch
would raise for has to be refused before the call: as a range of an argument that is an index as it comes, or as an
assumption on sizes (`128 - t`: a table of positions has 128 rows) that every call is checked against.
"""

from __future__ import annotations

from . import etypes as ty
from . import scalar as S
from .context import Context
from .errors import Unsupported
from .extent import Extent
from .ir import Argument, Constant, Einsum, Tensor, TopK, View
from .ranges import covers, narrow
from .scalar import Scalar


def nonnegative(cx: Context, t: Tensor) -> bool:
    """True if no element of an index tensor is negative, as far as its making tells."""
    if t.coord is not None:
        return _nonnegative_scalar(cx, t.coord, t)
    if isinstance(t.op, View):
        return nonnegative(cx, t.op.source) and (t.op.fill is None or t.op.fill >= 0)
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
    """Has every call refused in which an element of `ids` is `size`, the extent of `table`, or more, or less than -size: negative ones
    count from the end. What cannot be told from sizes and from ranges of arguments alone is left to the masked read."""
    _need_between(cx, ids, -size, size, table)


def need_row(cx: Context, ids: Tensor, size: Extent, table: Tensor) -> None:
    """As `need_inside`, of an index that does not count from the end where it is negative."""
    _need_between(cx, ids, Extent.of(0), size, table)


def need_slice(cx: Context, x: Tensor, dim: int, begin, size: Extent, step: int) -> None:
    """Has every call refused in which a slice begins before a dimension or ends behind it: its size was taken to fit."""
    why = f"{called(x)} has {x.shape[dim]} elements in dimension {dim}"
    need(cx, Extent.of(begin), why)
    need(cx, x.shape[dim] - begin - size * step + step - 1, why)


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


def _need_between(cx: Context, ids: Tensor, low: Extent, size: Extent, table: Tensor) -> None:
    if narrow(cx, ids, low, size):
        return
    why = f"{called(table)} has {size} rows"
    for greatest in _ends(cx, ids, True) or ():
        need(cx, size - 1 - greatest, why)
    if not nonnegative(cx, ids):
        for least in _ends(cx, ids, False) or ():
            need(cx, least - low, why)


def need(cx: Context, rest: Extent, why: str) -> None:
    """Has every call refused in which `rest` is negative."""
    if rest.const is not None and rest.const < 0:
        raise Unsupported(f"every call reads outside: {why}")
    if rest.const is None and not cx.nonnegative(rest):
        cx.needs.setdefault(rest, why)


def _ends(cx: Context, t: Tensor, top: bool) -> list[Extent] | None:
    """Extents, the greatest (`top`) or the least of which is the greatest or the least element of `t` (of no padding, where an
    argument says how much there is); None if that is not known. A mere bound would not do: calls are refused for what does occur."""
    if t.coord is not None:
        return _scalar_ends(cx, t.coord, t, top)
    op = t.op
    if isinstance(op, Constant):
        return [Extent.of(int(op.data.max() if top else op.data.min()))] if op.data.size and not ty.is_float(t.etype) else None
    if isinstance(op, View):
        return _ends(cx, op.source, top) if op.fill is None and covers(cx, op.source, op.index, t.shape) else None
    if isinstance(op, Einsum) and not op.reduce and op.body is not None:
        return _scalar_ends(cx, op.body, t, top)
    return None


def _scalar_ends(cx: Context, x: Scalar, t: Tensor, top: bool) -> list[Extent] | None:
    e = S.to_extent(x)
    if e is not None:
        return _end(e, t, top)
    if x.op == "arg" and isinstance(t.op, Einsum):
        return _ends(cx, t.op.inputs[x.attr], top)
    if x.op in ("arith.extsi", "arith.index_cast"):
        return _scalar_ends(cx, x.args[0], t, top)
    if x.op == "arith.subi":
        ends = _scalar_ends(cx, x.args[0], t, top)
        less = _least_argument(x.args[1], t) if top or x.args[1].op == "const" else None
        return [e - less for e in ends] if ends and less is not None else None
    if x.op not in ("arith.addi", "arith.maxsi" if top else "arith.minsi"):
        return None
    a, b = (_scalar_ends(cx, y, t, top) for y in x.args)
    if not a or not b:
        return None
    if x.op != "arith.addi":
        return list(dict.fromkeys(a + b))
    apart = all(e.const is None for e in a) and all(e.const is None for e in b)  # may not be at their ends at one place
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


def _end(e: Extent, t: Tensor, top: bool) -> list[Extent] | None:
    """The greatest or the least value of an expression over the coordinates of `t`, if it is linear in each of them."""
    out, seen = Extent({}), set()
    for m, c in e.terms.items():
        ranks = [a for a in m if isinstance(a, str) and a[0] in "%$"]
        nested = [a for a in m if isinstance(a, tuple) and any(n[0] in "%$" for n in Extent.atom(a).atoms())]
        if nested or len(ranks) > 1 or ranks and (ranks[0][0] == "$" or ranks[0] in seen):
            return None
        seen.update(ranks)
        table = {ranks[0]: t.shape[int(ranks[0][1:])] - 1 if (c > 0) == top else 0} if ranks else {}
        out = out + Extent({m: c}).subs(table)
    return [out]
