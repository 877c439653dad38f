"""Scalar expressions: the bodies of einsums.

A `Scalar` is an immutable, hash-consed node: equal expressions are the same object. `op` is the name of
an `arith` or `math` operation, or one of
  `arg`     operand number `attr` of the einsum
  `const`   the literal `attr`
  `index`   the coordinate (type `index`) of the rank number `attr`
  `extent`  the value (type `index`) of the extent `attr`, an expression over symbols
"""

from __future__ import annotations

import math
import struct
import weakref
from typing import Callable

from . import etypes as ty
from .extent import Extent, floordiv


class Scalar:
    __slots__ = ("op", "etype", "args", "attr", "size", "__weakref__")

    def __init__(self, op, etype, args, attr):
        self.op, self.etype, self.args, self.attr = op, etype, args, attr
        self.size = 1 + sum(a.size for a in args)

    def __repr__(self):
        return f"{self.op}({', '.join(map(repr, self.args))}{'' if self.attr is None else f' {self.attr}'})"

    def leaves(self, op: str) -> set:
        """The attributes of all leaves of one kind: `leaves("arg")` are the operand numbers in use."""
        out, todo, seen = set(), [self], set()
        while todo:
            x = todo.pop()
            if id(x) not in seen:
                seen.add(id(x))
                todo += x.args
                if x.op == op:
                    out.add(x.attr)
        return out


_interned: "weakref.WeakValueDictionary" = weakref.WeakValueDictionary()


def make(op: str, etype: str, *args: Scalar, attr=None) -> Scalar:
    key = (op, etype, tuple(map(id, args)), struct.pack("d", attr) if isinstance(attr, float) else (type(attr), attr))
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Scalar(op, etype, args, attr)
    return found


def arg(k: int, etype: str) -> Scalar:
    return make("arg", etype, attr=k)


def const(value, etype: str) -> Scalar:
    """A literal; floats are rounded to f32 where `etype` is f32 or narrower, integers wrap."""
    if ty.is_float(etype):
        value = float(value)
        if etype != "f64" and math.isfinite(value):
            value = max(min(value, 3.4028234663852886e38), -3.4028234663852886e38)
            value = struct.unpack("f", struct.pack("f", value))[0]
    elif etype == "i1":
        value = bool(value)
    else:
        n = ty.bits(etype)
        value = (int(value) + (1 << n - 1)) % (1 << n) - (1 << n - 1)
    return make("const", etype, attr=value)


def index(k: int) -> Scalar:
    return make("index", "index", attr=k)


def extent(e: Extent, etype: str = "i64") -> Scalar:
    """The value of an extent as an integer."""
    if e.const is not None:
        return const(e.const, etype)
    return cast(make("extent", "index", attr=e), etype)


def op(name: str, *args: Scalar, etype: str | None = None, attr=None) -> Scalar:
    return make(name, etype or args[0].etype, *args, attr=attr)


def is_const(x: Scalar, value=None) -> bool:
    return x.op == "const" and (value is None or x.attr == value)


def substitute(x: Scalar, leaf: Callable[[Scalar], Scalar | None]) -> Scalar:
    """The expression with each leaf for which `leaf` returns something replaced by that."""
    memo: dict[int, Scalar] = {}

    def go(y: Scalar) -> Scalar:
        if id(y) not in memo:
            if not y.args:
                memo[id(y)] = leaf(y) or y
            else:
                args = [go(a) for a in y.args]
                same = all(a is b for a, b in zip(args, y.args))
                if not same and y.op == "arith.index_cast":
                    memo[id(y)] = cast(args[0], y.etype)
                else:
                    memo[id(y)] = y if same else make(y.op, y.etype, *args, attr=y.attr)
        return memo[id(y)]

    return go(x)


# -- casts ------------------------------------------------------------------------------------------


def cast(x: Scalar, to: str) -> Scalar:
    """Converts as PyTorch's `.to` does: floats truncate towards zero to integers, anything to bool is `!= 0`."""
    src = x.etype
    if src == to:
        return x
    if x.op == "const" and not (ty.is_float(to) and ty.bits(to) < 32):
        if not (isinstance(x.attr, float) and not math.isfinite(x.attr) and not ty.is_float(to)):
            return const((x.attr != 0) if to == "i1" else x.attr if ty.is_float(to) else int(x.attr), to)
    if src == "index" or to == "index":
        if "i64" not in (src, to):
            return cast(cast(x, "i64"), to)
        if x.op == "arith.index_cast" and x.args[0].etype == to:
            return x.args[0]
        return make("arith.index_cast", to, x)
    if ty.is_float(src):
        return _cast_float(x, to)
    if ty.is_float(to):
        if ty.bits(to) < 32:
            return cast(cast(x, "f32"), to)
        return make("arith.uitofp" if src == "i1" else "arith.sitofp", to, x)
    if to == "i1":
        return cmp("ne", x, const(0, src))
    if ty.bits(to) > ty.bits(src):
        return make("arith.extui" if src == "i1" else "arith.extsi", to, x)
    return make("arith.trunci", to, x)


def _cast_float(x: Scalar, to: str) -> Scalar:
    src = x.etype
    if to == "i1":
        return cmp("ne", x, const(0.0, src))
    if not ty.is_float(to):
        return make("arith.fptosi", to, cast(x, "f32") if ty.bits(src) < 32 else x)
    if ty.bits(to) == ty.bits(src):
        return cast(cast(x, "f32"), to)
    return make("arith.extf" if ty.bits(to) > ty.bits(src) else "arith.truncf", to, x)


# -- arithmetic that picks the float or the integer operation -----------------------------------------


def _pick(x: Scalar, floating: str, integer: str) -> str:
    return floating if ty.is_float(x.etype) else integer


def add(x: Scalar, y: Scalar) -> Scalar:
    if not ty.is_float(x.etype):
        if is_const(x, 0):
            return y
        if is_const(y, 0):
            return x
        if x.op == y.op == "const":
            return const(x.attr + y.attr, x.etype)
    return op(_pick(x, "arith.addf", "arith.addi"), x, y)


def sub(x: Scalar, y: Scalar) -> Scalar:
    if is_const(y, 0):
        return x
    return op(_pick(x, "arith.subf", "arith.subi"), x, y)


def mul(x: Scalar, y: Scalar) -> Scalar:
    if is_const(x, 1):
        return y
    if is_const(y, 1):
        return x
    if x.etype == "i1":
        return op("arith.andi", x, y)
    return op(_pick(x, "arith.mulf", "arith.muli"), x, y)


def div(x: Scalar, y: Scalar) -> Scalar:
    """True division of floats."""
    return x if is_const(y, 1) else op("arith.divf", x, y)


def neg(x: Scalar) -> Scalar:
    return op("arith.negf", x) if ty.is_float(x.etype) else op("arith.subi", const(0, x.etype), x)


def maximum(x: Scalar, y: Scalar) -> Scalar:
    return op(_pick(x, "arith.maximumf", "arith.maxsi"), x, y)


def minimum(x: Scalar, y: Scalar) -> Scalar:
    return op(_pick(x, "arith.minimumf", "arith.minsi"), x, y)


def select(c: Scalar, x: Scalar, y: Scalar) -> Scalar:
    if c.op == "const":
        return x if c.attr else y
    return make("arith.select", x.etype, c, x, y)


def logical_and(x: Scalar, y: Scalar) -> Scalar:
    for a, b in ((x, y), (y, x)):
        if a.op == "const" and a.etype == "i1":
            return b if a.attr else a
    return op("arith.andi", x, y)


def logical_or(x: Scalar, y: Scalar) -> Scalar:
    for a, b in ((x, y), (y, x)):
        if a.op == "const" and a.etype == "i1":
            return a if a.attr else b
    return op("arith.ori", x, y)


def logical_xor(x: Scalar, y: Scalar) -> Scalar:
    return op("arith.xori", x, y)


def cmp(pred: str, x: Scalar, y: Scalar) -> Scalar:
    """`pred` is one of eq ne lt le gt ge; NaN compares unequal, as in PyTorch."""
    if ty.is_float(x.etype):
        return make("arith.cmpf", "i1", x, y, attr="une" if pred == "ne" else "o" + pred)
    if pred in ("eq", "ne"):
        a, b = to_extent(x), to_extent(y)
        apart = (a - b).const if a is not None and b is not None else None
        if apart is not None:
            return const((apart == 0) == (pred == "eq"), "i1")
        return make("arith.cmpi", "i1", x, y, attr=pred)
    return make("arith.cmpi", "i1", x, y, attr=("u" if x.etype == "i1" else "s") + pred)


def math_fn(name: str) -> Callable[[Scalar], Scalar]:
    return lambda x: op(f"math.{name}", x)


exp, log, tanh, erf, rsqrt, sqrt = map(math_fn, ("exp", "log", "tanh", "erf", "rsqrt", "sqrt"))


def from_extent(e: Extent, etype: str = "i64") -> Scalar:
    """An expression over rank coordinates and symbols as a scalar: coordinates by `index`, sizes by `extent`."""
    fixed = Extent({m: c for m, c in e.terms.items() if not any(n.startswith("%") for n in Extent({m: c}).atoms())})
    total = None if fixed == 0 and len(e.terms) else extent(fixed, etype)
    for m, c in (e - fixed).terms.items():
        term = const(c, etype)
        for a in m:
            term = mul(term, _from_atom(a, etype))
        total = term if total is None else add(total, term)
    return total if total is not None else const(0, etype)


def _from_atom(atom, etype: str) -> Scalar:
    if isinstance(atom, str):
        return cast(index(int(atom[1:])), etype) if atom[0] == "%" else extent(Extent.atom(atom), etype)
    names = {"floordiv": "arith.floordivsi", "ceildiv": "arith.ceildivsi", "mod": "arith.remsi"}
    return op(names[atom[0]], from_extent(atom[1], etype), from_extent(atom[2], etype))


def to_extent(x: Scalar) -> Extent | None:
    """An integer scalar as an expression over coordinates and symbols, if it is one."""
    if x.op == "const":
        return Extent.of(x.attr) if isinstance(x.attr, int) and not isinstance(x.attr, bool) else None
    if x.op == "index":
        return Extent.atom(f"%{x.attr}")
    if x.op == "extent":
        return x.attr
    if x.op in ("arith.index_cast", "arith.extsi") and x.args[0].etype != "i1":
        return to_extent(x.args[0])
    if x.op in ("arith.addi", "arith.subi", "arith.muli", "arith.floordivsi"):
        a, b = map(to_extent, x.args)
        if a is None or b is None:
            return None
        return {"addi": lambda: a + b, "subi": lambda: a - b, "muli": lambda: a * b,
                "floordivsi": lambda: floordiv(a, b)}[x.op[6:]]()
    return None
