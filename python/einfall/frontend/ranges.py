"""Ranges of arguments whose elements are indices as they come.

The runtime checks every element of an argument against one range. An argument that is read as a whole, in whatever shape and integer
type, gets the range of all tables that it is read into. One of which parts are indices gets a range that holds for all parts, once
the whole function is known, and only if its elements are nothing but indices: others may be any numbers.
"""

from __future__ import annotations

import dataclasses

from .context import Context, Read
from .extent import Extent, product
from .ir import Argument, Einsum, Function, Op, Scatter, Tensor, View, identity
from .scalar import Scalar, is_const


def narrow(cx: Context, ids: Tensor, low: Extent, high: Extent) -> bool:
    """Has every call refused in which an element of `ids` is not in [low, high). False if the elements are not an argument's."""
    read = _behind(cx, ids, low.const, high.const)
    if read is None:
        return False
    if not read.whole:
        cx.reads.append(read)
    elif read.high is not None:
        _restrict(read.argument.op, read.low, read.high)
    return True


def settle(cx: Context, f: Function) -> None:
    """Gives ranges to the arguments that are read in parts."""
    uses: dict[int, list[Op]] = {}
    for op in f.ops():
        for t in op.operands():
            uses.setdefault(t.number, []).append(op)
    returned = {r.value.number for r in f.results}
    parts: dict[Tensor, dict[tuple, list[Read]]] = {}
    for read in cx.reads:
        parts.setdefault(read.argument, {}).setdefault((tuple(read.at), read.shape), []).append(read)
    indexed = {read.ids.number for read in cx.reads}
    for t, by_part in parts.items():
        known = [[(r.low, r.high) for r in part if r.high is not None] for part in by_part.values()]
        if all(known) and _only_index(t, uses, returned, indexed):
            ends = [(max(low for low, _ in part), min(high for _, high in part)) for part in known]
            _restrict(t.op, min(low for low, _ in ends), max(high for _, high in ends))


def covers(cx: Context, source: Tensor, index: list[Extent], shape: tuple[Extent, ...]) -> bool:
    """True if it is known that `source[index]` of that shape reads every element of `source`."""
    free = {f"%{k}": n for k, n in enumerate(shape)}
    if all(n == 1 or free.pop(e.as_atom, None) == n for e, n in zip(index, source.shape)):
        return True
    if product(shape) != product(source.shape):
        return False
    flat = cx.b.reshape(source, shape).op
    return isinstance(flat, View) and flat.source is source and flat.index == list(index)


def _restrict(op: Argument, low: int, high: int) -> None:
    known = op.attrs.get("range") or (low, high)
    op.attrs["range"] = [max(low, known[0]), min(high, known[1])]


def _behind(cx: Context, ids: Tensor, low: int | None, high: int | None) -> Read | None:
    """How `ids` reads an argument, if its elements are the argument's."""
    t, at, whole = ids, identity(ids.rank), True
    while t.coord is None and not isinstance(t.op, Argument):
        step = _moved(t.op)
        if step is None:
            return None
        source, index = step
        whole = whole and covers(cx, source, index, t.shape)
        at = [e.subs({f"%{k}": a for k, a in enumerate(at)}) for e in index]
        t = source
    if t.coord is not None or t.op.kind != "input":
        return None
    return Read(t, ids, at, ids.shape, whole, low, high)


def _moved(op: Op) -> tuple[Tensor, list[Extent]] | None:
    """What an op reads, and where, if it gives elements of it as they are, or as wider integers."""
    if isinstance(op, View):
        return (op.source, op.index) if op.fill is None else None
    if not isinstance(op, Einsum) or op.reduce or op.body is None:
        return None
    k = _element(op.body)
    return (op.inputs[k], op.index[k]) if k is not None and op.coords == [None] * len(op.inputs) else None


def _element(x: Scalar) -> int | None:
    """The number of the operand whose element a scalar is."""
    while x.op == "arith.extsi":
        x, = x.args
    return x.attr if x.op == "arg" else None


def _wrapped(op: Einsum) -> bool:
    """True of an index that counts from the end where it is negative."""
    x = op.body
    if op.reduce or x is None or x.op != "arith.select" or x.args[0].op != "arith.cmpi" or x.args[1].op != "arith.addi":
        return False
    own = x.args[2]
    return _element(own) is not None and x.args[0].args[0] is own and is_const(x.args[0].args[1], 0) and x.args[1].args[0] is own


def _only_index(t: Tensor, uses: dict[int, list[Op]], returned: set[int], indexed: set[int], known: bool = False) -> bool:
    """True if elements of `t` are read as indices and not in another way, all of them by what `indexed` has."""
    known = known or t.number in indexed
    if t.number in returned:
        return False
    for op in uses.get(t.number, ()):
        if _moved(op) or isinstance(op, Einsum) and _wrapped(op):
            if not _only_index(op.result, uses, returned, indexed, known):
                return False
        elif isinstance(op, Einsum):
            read = op.body.leaves("arg") if op.body is not None else set(range(len(op.inputs)))
            if not known or any(i is t and (op.coords[k] is None or k in read) for k, i in enumerate(op.inputs)):
                return False
        elif not known or not isinstance(op, Scatter) or op.dest is t or op.source is t:
            return False
    return True
