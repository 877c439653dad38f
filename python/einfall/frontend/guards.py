"""What torch.export found of sizes while it traced: the program that it gives holds for those alone.

A branch on a size, a view that has to divide it and the user's own `Dim(min=, max=)` are no part of the graph. They become
assumptions that every call is checked against. Not so what torch asks for itself, to tell sizes of 0 and 1, or of layouts, from
others: its operations give the same for those. That a call has what slices and indices take is `reach.need_slice`'s.
"""

from __future__ import annotations

import os

import sympy
import torch

from .context import Context
from .errors import Unsupported
from .exporting import user_inputs
from .extent import Extent
from .reach import need

_DIVISIONS = ("FloorDiv", "CleanDiv", "Mod", "PythonMod", "CeilDiv")
_SPECIAL = 2  # sizes below it torch takes for constants
_TORCH = os.path.dirname(torch.__file__) + os.sep


def need_traced(cx: Context, ep: torch.export.ExportedProgram, declared: dict[str, tuple[int | None, int | None]]) -> None:
    """Has every call refused whose sizes are none of those that `ep` was traced for; `declared` are the limits that the user
    gave, by names of torch's symbols. Raises `Unsupported` for a branch of the user's that no call could be checked against."""
    why = "torch.export traced the program for such sizes only"
    for symbol, size in cx.symbols.table.items():
        low, high = declared.get(symbol, (None, None))
        if low is not None and low > _SPECIAL:
            need(cx, size - low, why)
        if high is not None:
            need(cx, high - size, why)
    for guard in _guards(ep):
        own = not guard.sloc.framework_loc.filename.startswith(_TORCH)
        for rest in _rests(cx, guard.expr, own):
            need(cx, rest, why)


def _guards(ep: torch.export.ExportedProgram) -> list:
    """Relations of sympy over sizes, and where they were asked for."""
    for node in user_inputs(ep):
        mode = getattr(node.meta.get("val"), "fake_mode", None)
        if mode is not None and mode.shape_env is not None:
            return [g for g in mode.shape_env.guards if getattr(g.sloc, "framework_loc", None)]
    return []


def _rests(cx: Context, guard, own: bool) -> list[Extent]:
    """Extents that are 0 or more exactly where the relation holds, of those that matter: `own` ones are the user's."""
    kind = type(guard).__name__
    equal = kind in ("Equality", "Eq")
    if not equal and not own:
        return []
    if not own and any(type(e).__name__ in _DIVISIONS and not e.args[1].is_Integer for e in guard.atoms(sympy.Function)):
        return []  # of what it divides by torch knows more than it says
    try:
        a, b = (cx.symbols.extent(e) for e in guard.args)
        apart = a - b
        if equal:
            return [apart, -apart]
        if kind in ("Unequality", "Ne"):
            return [apart * apart - 1]
        strict = 1 if kind.startswith("Strict") else 0
        return [(apart if kind.endswith("GreaterThan") else -apart) - strict]
    except (Unsupported, ValueError):
        if own:
            raise Unsupported(f"the module branches on sizes by {guard}, which no call can be checked against") from None
        return []
