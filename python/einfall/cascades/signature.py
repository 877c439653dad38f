"""Parameters of a cascade: `q: "h s d"`, `k: "bf16 h 64 d"`, `table: "2*t-1"`, `scale`."""

from __future__ import annotations

import ast
import dataclasses
import re

from ..frontend import etypes as ty
from ..frontend.extent import Extent, floordiv, mod, symbol
from .source import Source

ETYPES = (*ty.FLOAT_BITS, "i8", "i16", "i32", "i64", "bool")
#: words of the textual form that cannot be names of ranks
RESERVED = {"floordiv", "ceildiv", "mod", "symbol", "reduce", "fill", "using", "dim"}
#: element types by what users call them: f32, float32, bool
_TYPES = {**ty.FROM_NAME, **{etype: etype for etype in ETYPES}, "bool": "i1"}
#: What nobody means as a rank: an element type of another program, at a width that such types have, or a misspelt width of a
#: float: u64, f33, uint8, complex64. i0, k1, i10 and int are ranks.
_TYPE_LIKE = re.compile(r"(bf|[fiu])(8|16|32|64|128)|b?f[36]\d|f8[eE]\d\w*"
                        r"|(float|bfloat|int|uint|complex)(8|16|32|64|128)(_\w+)?|b?float|complex|uint|half|double")
OPTIONS = ("out", "require_cache_hit")


@dataclasses.dataclass
class Parameter:
    """`dims` is None for a number, which takes the types that it meets; `etype` is None where a call tells it."""

    name: str
    node: ast.arg
    dims: list[Extent] | None = None
    etype: str | None = None


def parameters(source: Source) -> list[Parameter]:
    a = source.tree.args
    if a.vararg or a.kwarg:
        raise source.error(a.vararg or a.kwarg, "a cascade has a fixed number of parameters, without * and **")
    out = [_parameter(source, node) for node in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    bound = {e.as_atom for p in out for e in p.dims or () if isinstance(e.as_atom, str)}
    for p in out:
        for e in p.dims or ():
            if unknown := sorted(e.atoms() - bound):
                raise source.error(p.node.annotation, f"the extent {e} of '{p.name}' uses '{unknown[0]}', which is "
                                   "no whole dimension of any parameter; calls could not tell its size")
    return out


def _parameter(source: Source, node: ast.arg) -> Parameter:
    if node.arg in OPTIONS:
        raise source.error(node, f"'{node.arg}' is an option of every call; give the parameter another name")
    note = node.annotation
    if note is None:
        return Parameter(node.arg, node)
    if isinstance(note, ast.Name) and note.id in ("float", "int", "bool"):
        return Parameter(node.arg, node)
    if not isinstance(note, ast.Constant) or not isinstance(note.value, str):
        raise source.error(note, f"expected the ranks of '{node.arg}' as a string, e.g. \"h s d\" or \"bf16 h s d\", "
                           "or no annotation for a number")
    words = note.value.split()
    etype = _TYPES.get(words[0]) if words else None
    words = words[1:] if etype else words
    for word in words:
        _refuse_element_type(source, node, word)
    dims = [_dimension(source, node, word) for word in words]
    names = [e.as_atom for e in dims if isinstance(e.as_atom, str)]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise source.error(note, f"rank '{twice}' stands twice in '{node.arg}'; give each dimension a rank of its own")
    return Parameter(node.arg, node, dims, etype)


def _refuse_element_type(source: Source, node: ast.arg, word: str) -> None:
    """A misspelt or misplaced element type would be a rank, silently."""
    if word in _TYPES:
        raise source.error(node.annotation, f"'{word}' stands among the ranks of '{node.arg}': an element type stands first, once")
    if _TYPE_LIKE.fullmatch(word):
        raise source.error(node.annotation, f"'{word}' in the annotation of '{node.arg}' looks like an element type and is none; "
                           f"there are {', '.join(ETYPES)}. A rank needs another name")


def _dimension(source: Source, node: ast.arg, word: str) -> Extent:
    try:
        return extent(ast.parse(word, mode="eval").body)
    except (SyntaxError, ValueError):
        raise source.error(node.annotation, f"'{word}' in the ranks of '{node.arg}' is no extent: expected a name, a number "
                           f"or an expression without spaces such as 2*t-1 (element types: {', '.join(ETYPES)})") from None


def extent(node: ast.expr, resolve=symbol) -> Extent:
    """An expression over sizes; `resolve` gives the extent of a name. Raises ValueError."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Extent.of(node.value)
    if isinstance(node, ast.Name):
        check_name(node.id)
        return resolve(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -extent(node.operand, resolve)
    if isinstance(node, ast.BinOp):
        ops = {ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
               ast.FloorDiv: floordiv, ast.Mod: mod}
        if type(node.op) in ops:
            return ops[type(node.op)](extent(node.left, resolve), extent(node.right, resolve))
    raise ValueError("no extent")


def check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in RESERVED:
        raise ValueError(f"'{name}' cannot name a rank")
