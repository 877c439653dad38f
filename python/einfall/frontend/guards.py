"""What torch.export found of sizes while it traced: the program that it gives holds for those alone.

A branch on a size, a view that has to divide it, an index that has to exist and the user's own `Dim(min=, max=)` are no part of
the graph. Of these the ones that are inequalities, equations or remainders become assumptions that every call is checked
against. That sizes 0 and 1 are left out is torch's habit, not the program's: it takes both for special wherever it traces.
"""

from __future__ import annotations

import sympy
import torch

from .context import Context
from .errors import Unsupported
from .exporting import user_inputs
from .extent import Extent
from .reach import need

_DIVISIONS = ("FloorDiv", "CleanDiv", "Mod", "PythonMod", "CeilDiv")
_SPECIAL = 2  # sizes below it torch takes for constants


def need_traced(cx: Context, ep: torch.export.ExportedProgram) -> None:
    """Has every call refused whose sizes are none of those that `ep` was traced for."""
    why = "torch.export traced the program for such sizes only"
    for symbol, range_ in ep.range_constraints.items():
        name = cx.symbols.table.get(str(symbol))
        if name is None:
            continue
        low, high = (int(b) if b.is_Integer else None for b in (range_.lower, range_.upper))
        if low is not None and low > _SPECIAL:
            need(cx, name - low, why)
        if high is not None:
            need(cx, high - name, why)
    for guard in _guards(ep):
        for rest in _rests(cx, guard):
            need(cx, rest, why)


def _guards(ep: torch.export.ExportedProgram) -> list:
    """Relations of sympy over sizes."""
    for node in user_inputs(ep):
        mode = getattr(node.meta.get("val"), "fake_mode", None)
        if mode is not None and mode.shape_env is not None:
            return [guard.expr for guard in mode.shape_env.guards]
    return []


def _rests(cx: Context, guard) -> list[Extent]:
    """Extents that are 0 or more exactly where the relation holds; none of what has no such form or keeps out 0 and 1 alone."""
    kind = type(guard).__name__
    try:
        if any(type(e).__name__ in _DIVISIONS and not e.args[1].is_Integer for e in guard.atoms(sympy.Function)):
            return []  # of what it divides by torch knows more than it says
        if kind in ("Equality", "Eq"):
            a, b = (cx.symbols.extent(e) for e in guard.args)
            return [a - b, b - a]
        if kind in ("GreaterThan", "StrictGreaterThan", "LessThan", "StrictLessThan"):
            great, small = guard.gts, guard.lts
            rest = cx.symbols.extent(great) - cx.symbols.extent(small) - (1 if kind.startswith("Strict") else 0)
            return [] if _leaves_out_special(rest) else [rest]
    except Unsupported:  # a size of the data, a form that extents do not have
        return []
    return []


def _leaves_out_special(rest: Extent) -> bool:
    """True if it is negative for sizes below 2 alone: `s - 1`, `a * b - 1`, as far as its form tells."""
    return all(c > 0 for m, c in rest.terms.items() if m) and rest.terms.get((), 0) >= -_SPECIAL
