"""What a cascade means, in numpy: every float as float64 together with a bound of the rounding error that a
computation in the declared types may have.

The bound follows the operations (running error analysis to first order), so a comparison needs no tolerance of its
own. Integers are exact and wrap. Everything is written from docs/spec/ein.md, not from the interpreter.
"""

from __future__ import annotations

import ast
import dataclasses
import functools

import numpy as np

from .program import FLOATS, Concat, Einsum, Order, Program, Scalar, Scan, Tensor, Update, View

UNIT = {"f64": 2.0**-53, "f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}
TINY = {"f64": 2.0**-1060, "f32": 2.0**-125, "f16": 2.0**-24, "bf16": 2.0**-125}
LARGEST = {"f64": 1e308, "f32": 3e38, "f16": 65504.0, "bf16": 3e38}
WIDTHS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "index": 64}


@dataclasses.dataclass
class Value:
    """Floats with their error bound; integers as int64, error 0."""

    v: np.ndarray
    e: np.ndarray

    def at(self, *where) -> "Value":
        return Value(self.v[where], self.e[where])


def exact(v) -> Value:
    v = np.asarray(v)
    return Value(v, np.zeros(v.shape))


def evaluate(program: Program, inputs: dict[str, np.ndarray], sizes: dict[str, int], wide: bool = False) -> list[Value]:
    """The outputs for the inputs. `wide`: floats are computed in float64 whatever their type."""
    with np.errstate(all="ignore"):
        return Evaluator(sizes, wide).run(program, inputs)


class _CeilDiv(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        down = ast.BinOp(ast.UnaryOp(ast.USub(), node.left), ast.FloorDiv(), node.right)
        return ast.UnaryOp(ast.USub(), down)


@functools.cache
def _compiled(text: str):
    """An extent or an index as Python code; `ceildiv` goes through an operator of the same precedence."""
    text = text.replace(" floordiv ", " // ").replace(" mod ", " % ").replace(" ceildiv ", " @ ")
    return compile(ast.fix_missing_locations(_CeilDiv().visit(ast.parse(text, mode="eval"))), "<index>", "eval")


def index(text: str, names: dict):
    """The value of an index; names may be arrays."""
    return eval(_compiled(text), {}, names)  # noqa: S307 (texts of our own)


def extent(text: str, sizes: dict[str, int]) -> int:
    return int(index(text, sizes))


class Evaluator:
    def __init__(self, sizes: dict[str, int], wide: bool):
        self.sizes, self.wide = sizes, wide
        self.values: dict[str, Value] = {}

    def run(self, program: Program, inputs: dict[str, np.ndarray]) -> list[Value]:
        for t in program.inputs:
            array = inputs[t.name]
            self.values[t.name] = exact(array.astype(np.float64 if t.type in FLOATS else np.int64))
        for op in program.ops:
            results = getattr(self, type(op).__name__.lower())(op)
            for tensor, value in zip(op.results, results):
                shape = self.shape(tensor)
                assert value.v.shape == shape, (tensor, value.v.shape, shape)
                self.values[tensor.name] = value
        return [self.values[t.name] for t in program.outputs]

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        return tuple(extent(e, self.sizes) for e in tensor.shape)

    # -- rounding ---------------------------------------------------------------------------------------

    def rounded(self, v, e, type_: str, ulps: float = 1.0) -> Value:
        """`v` after an operation that is right within `ulps` roundings of its type."""
        type_ = "f64" if self.wide else type_
        unknown = np.isposinf(e)
        e = e + np.abs(v) * (UNIT[type_] * ulps) + TINY[type_]
        e = np.where(np.isfinite(v), e, 0.0)
        return Value(v, np.where(unknown | np.isfinite(v) & (np.abs(v) + e > LARGEST[type_]), np.inf, e))

    # -- points -----------------------------------------------------------------------------------------

    def points(self, labels, extents, reads) -> tuple[dict, list[Value], np.ndarray]:
        """(names, elements, existence) of each read over the whole space; names are coordinates of ranks and symbols."""
        n = len(labels)
        names = dict(self.sizes)
        for k, (label, size) in enumerate(zip(labels, extents)):
            names[label] = np.arange(size).reshape([-1 if i == k else 1 for i in range(n)])
        there = np.ones(extents, bool)
        elements = []
        for read in reads:
            source = self.values[read.tensor.name]
            at = [np.broadcast_to(index(i, names), extents) for i in read.indices]
            inside = np.ones(extents, bool)
            for i, size in zip(at, source.v.shape):
                inside &= (i >= 0) & (i < size)
            if source.v.size:
                at = tuple(np.clip(i, 0, size - 1) for i, size in zip(at, source.v.shape))
                element = Value(np.broadcast_to(source.v[at], extents), np.broadcast_to(source.e[at], extents))
            else:
                inside &= False
                element = exact(np.zeros(extents, source.v.dtype))
            if read.coordinate:
                names[read.coordinate] = np.where(inside, element.v, -1)
            there &= inside
            elements.append(element)
        return names, elements, there

    # -- operations -------------------------------------------------------------------------------------

    def einsum(self, op: Einsum) -> list[Value]:
        free = self.shape(op.result)
        labels = [*op.free, *(r.label for r in op.reduced)]
        extents = (*free, *(extent(r.extent, self.sizes) for r in op.reduced))
        names, elements, there = self.points(labels, extents, op.reads)
        if op.body is None:
            value = elements[0]
            for other in elements[1:]:
                value = self.scalar_op(Scalar("arith.mulf" if op.result.type in FLOATS else "arith.muli", op.result.type),
                                       [value, other])
        else:
            value = self.body(op.body, elements, names)
        value = Value(np.broadcast_to(value.v, extents), np.broadcast_to(value.e, extents))
        if not op.reduced:
            return [Value(np.where(there, value.v, 0), np.where(there, value.e, 0))]
        kind = op.reads[0].tensor.type if op.body is None else op.body.type
        for monoid, count in reversed(_groups(op.reduced)):
            flat = (*value.v.shape[:-count], int(np.prod(value.v.shape[-count:])))
            value, there = self.reduce(monoid, Value(value.v.reshape(flat), value.e.reshape(flat)), there.reshape(flat), kind)
        return [value]

    def reduce(self, monoid: str, x: Value, there: np.ndarray, type_: str) -> tuple[Value, np.ndarray]:
        """Reduces the last dimension."""
        some = there.any(-1)
        if monoid in ("argmax", "argmin"):
            if not x.v.shape[-1]:
                return exact(np.full(some.shape, -1)), some
            key = x.v if monoid == "argmax" else -x.v
            lowest = -np.inf if type_ in FLOATS else np.iinfo(np.int64).min
            best = np.argmax(np.where(there, key, lowest), -1)
            return exact(np.where(some, best, -1)), some
        identity = _identity(monoid, type_)
        v = np.where(there, x.v, identity)
        e = np.where(there, x.e, 0.0)
        if type_ not in FLOATS:
            return exact(_wrap(_integers(monoid, v, identity), type_)), some
        return self.reduce_floats(monoid, v, e, type_), some

    def reduce_floats(self, monoid: str, v, e, type_: str) -> Value:
        n = v.shape[-1]
        if monoid == "add":
            total, error = v.sum(-1), e.sum(-1) + self.spread(np.abs(v).sum(-1), n, type_)
            # Of infinities of both signs nothing is promised: a factor of the terms may have moved out of the sum.
            meet = np.isnan(total) & ~np.isnan(v).any(-1)
            return self.rounded(total, np.where(meet, np.inf, error), type_)
        if monoid == "mul":
            size, stored = np.abs(v), "f64" if self.wide else type_
            # In some order the large factors, or the small ones, come first: then they overflow, or lose their digits.
            large = np.maximum(size + e, 1.0).prod(-1)
            lost = np.where(large > LARGEST[stored], np.inf, large * TINY[stored])
            error = (size + e).prod(-1) - size.prod(-1) + self.spread(size.prod(-1), n, type_)
            return self.rounded(np.where(np.isinf(lost), 1.0, v.prod(-1)), error + lost, type_)
        if monoid in ("max", "min"):
            pick = np.maximum if monoid == "max" else np.minimum
            return Value(pick.reduce(v, -1, initial=_identity(monoid, type_)), e.max(-1, initial=0.0))
        top = v.max(-1, initial=-np.inf)
        shift = np.where(np.isfinite(top), top, 0.0)
        total = np.log(np.exp(v - shift[..., None]).sum(-1)) + shift
        size = np.where(np.isfinite(v), np.abs(v), 0.0).max(-1, initial=0.0)
        error = e.max(-1, initial=0.0) + self.spread(size + np.log(n + 1) + 1, 4 * n + 8, type_)
        return Value(total, np.where(np.isfinite(total), error, 0.0))

    def spread(self, size, n: int, type_: str):
        """Rounding of n operations on values up to `size`."""
        return np.where(np.isfinite(size), size, 0.0) * (UNIT["f64" if self.wide else type_] * n)

    def view(self, op: View) -> list[Value]:
        shape = self.shape(op.result)
        _, elements, there = self.points(op.free, shape, op.reads)
        fill = 0 if op.fill is None else op.fill
        return [Value(np.where(there, elements[-1].v, fill), np.where(there, elements[-1].e, 0.0))]

    def concat(self, op: Concat) -> list[Value]:
        parts = [self.values[p.name] for p in op.parts]
        return [Value(np.concatenate([p.v for p in parts], op.dim), np.concatenate([p.e for p in parts], op.dim))]

    def update(self, op: Update) -> list[Value]:
        dest, source = self.values[op.dest.name], self.values[op.source.tensor.name]
        names, _, there = self.points(op.source.indices, source.v.shape, op.coords)
        v, e = dest.v.copy(), dest.e.copy()
        at = [np.broadcast_to(index(i, names), source.v.shape) for i in op.at]
        for point in np.ndindex(source.v.shape):
            where = tuple(int(i[point]) for i in at)
            if there[point] and all(0 <= i < size for i, size in zip(where, v.shape)):
                if op.monoid is None:
                    v[where], e[where] = source.v[point], source.e[point]
                else:
                    pair = Value(np.array([v[where], source.v[point]]), np.array([e[where], source.e[point]]))
                    new, _ = self.reduce(op.monoid, pair, np.ones(2, bool), op.dest.type)
                    v[where], e[where] = new.v, new.e
        return [Value(v, e)]

    def scan(self, op: Scan) -> list[Value]:
        shape = self.shape(op.result)
        _, [element, start], there = self.points(op.free, shape, [op.read, op.start])
        axis = op.free.index(op.over)
        v, e = np.zeros(shape), np.zeros(shape)
        steps = range(shape[axis])
        state = None
        for t in reversed(steps) if op.reverse else steps:
            here = tuple(t if k == axis else slice(None) for k in range(len(shape)))
            state = state or start.at(*here)
            new = self.body(op.body, [element.at(*here), start.at(*here), state], {})
            assert there[here].all()
            v[here], e[here] = (state.v, state.e) if op.exclusive else (new.v, new.e)
            state = new
        return [Value(v if op.result.type in FLOATS else v.astype(np.int64), e)]

    def order(self, op: Order) -> list[Value]:
        source = self.values[op.source.name]
        descending = op.descending or op.k is not None
        order = np.argsort(-source.v if descending else source.v, op.dim, kind="stable")
        if op.k is not None:
            order = np.take(order, np.arange(op.k), op.dim)
        take = lambda x: np.take_along_axis(x, order, op.dim)  # noqa: E731
        return [Value(take(source.v), take(source.e)), exact(order.astype(np.int64))]

    # -- bodies -----------------------------------------------------------------------------------------

    def body(self, s: Scalar, elements: list[Value], names: dict) -> Value:
        if s.op == "arg":
            return elements[s.more]
        if s.op == "constant":
            return exact(np.asarray(s.more, np.float64 if s.type in FLOATS else np.int64))
        if s.op == "index":
            return exact(names[s.more])
        if s.op == "extent":
            return exact(extent(s.more, self.sizes))
        return self.scalar_op(s, [self.body(a, elements, names) for a in s.args])

    def scalar_op(self, s: Scalar, args: list[Value]) -> Value:
        name = s.op.split(".")[1]
        if s.op == "arith.select":
            which, a, b = args
            return Value(np.where(which.v != 0, a.v, b.v), np.where(which.v != 0, a.e, b.e))
        if name == "cmpi":
            return exact(_compare(s.more, args[0].v, args[1].v, s.args[0].type).astype(np.int64))
        if name in ("extf", "truncf"):
            return self.rounded(args[0].v, args[0].e, s.type) if name == "truncf" else args[0]
        if name in ("sitofp", "uitofp"):
            v = args[0].v if name == "sitofp" else _unsigned(args[0].v, s.args[0].type)
            return self.rounded(v.astype(np.float64), 0.0, s.type)
        if name in ("extsi", "trunci", "index_cast", "extui"):
            return exact(_wrap(_unsigned(args[0].v, s.args[0].type) if name == "extui" else args[0].v, s.type))
        if s.type in FLOATS:
            value = self.rounded(*_float_op(name, args), s.type, 1.0 if s.op.startswith("arith") else 8.0)
            if name in ("tanh", "sin", "cos", "erf"):  # near 0 they are as good as at 1, not better
                value.e = value.e + 4 * UNIT["f64" if self.wide else s.type]
            return value
        return exact(_wrap(_integer_op(name, [a.v for a in args]), s.type))


def _groups(reduced) -> list[tuple[str, int]]:
    groups: list[tuple[str, int]] = []
    for r in reduced:
        if groups and groups[-1][0] == r.monoid:
            groups[-1] = (r.monoid, groups[-1][1] + 1)
        else:
            groups.append((r.monoid, 1))
    return groups


def _identity(monoid: str, type_: str):
    if type_ in FLOATS:
        return {"add": 0.0, "mul": 1.0, "max": -np.inf, "min": np.inf, "logaddexp": -np.inf}[monoid]
    width = WIDTHS[type_]
    low = -(1 << (width - 1))
    return {"add": 0, "mul": 1, "max": low, "min": -low - 1, "or": 0, "and": -1}[monoid]


def _integers(monoid: str, v, identity: int):
    with_ufunc = {"add": np.add, "mul": np.multiply, "or": np.bitwise_or, "and": np.bitwise_and, "max": np.maximum,
                  "min": np.minimum}
    return with_ufunc[monoid].reduce(v, -1, initial=identity)


def _wrap(v, type_: str):
    """Two's complement; i1 as 0 and 1."""
    width = WIDTHS[type_]
    v = np.asarray(v, np.int64)
    if width == 64:
        return v
    low = v & ((1 << width) - 1)
    return low if width == 1 else np.where(low >> (width - 1), low - (1 << width), low)


def _unsigned(v, type_: str):
    return np.asarray(v, np.int64) & ((1 << WIDTHS[type_]) - 1)


def _compare(predicate: str, a, b, type_: str):
    if type_ == "i1":
        a, b = -a, -b
    return {"eq": np.equal, "ne": np.not_equal, "slt": np.less, "sle": np.less_equal, "sgt": np.greater,
            "sge": np.greater_equal}[predicate](a, b)


def _integer_op(name: str, a):
    return {"addi": np.add, "subi": np.subtract, "muli": np.multiply, "maxsi": np.maximum, "minsi": np.minimum,
            "andi": np.bitwise_and, "ori": np.bitwise_or, "xori": np.bitwise_xor}[name](*a)


def _float_op(name: str, args: list[Value]) -> tuple[np.ndarray, np.ndarray]:
    """Value, and what the errors of the arguments make of its error. What nobody knows makes nothing that is known."""
    v, e = _known_float_op(name, args)
    unknown = np.isposinf(args[0].e) if len(args) == 1 else np.isposinf(args[0].e) | np.isposinf(args[1].e)
    return v, np.where(unknown, np.inf, e)


def _known_float_op(name: str, args: list[Value]) -> tuple[np.ndarray, np.ndarray]:
    a = args[0]
    if len(args) == 2:
        b = args[1]
        if name in ("addf", "subf"):
            return (a.v + b.v if name == "addf" else a.v - b.v), a.e + b.e
        if name == "mulf":
            return a.v * b.v, _finite(np.abs(a.v) * b.e) + _finite(np.abs(b.v) * a.e) + a.e * b.e
        if name == "divf":
            q = a.v / b.v
            return q, (a.e + np.abs(q) * b.e) / np.maximum(np.abs(b.v) - b.e, 1e-300)
        return (np.maximum if name == "maximumf" else np.minimum)(a.v, b.v), np.maximum(a.e, b.e)
    if name == "negf":
        return -a.v, a.e
    if name == "absf":
        return np.abs(a.v), a.e
    if name == "sqrt":
        root = np.sqrt(a.v)
        return root, np.minimum(a.e / np.maximum(root, 1e-300), np.sqrt(a.e))
    if name == "exp":
        v = np.exp(a.v)
        return v, v * np.expm1(a.e)
    if name == "log":
        return np.log(a.v), a.e / np.maximum(np.abs(a.v) - a.e, 1e-300)
    if name == "erf":
        return np.vectorize(_erf, otypes=[float])(a.v), 1.2 * a.e
    return {"tanh": np.tanh, "sin": np.sin, "cos": np.cos}[name](a.v), a.e + 0.0


def _finite(e):
    return np.where(np.isnan(e), 0.0, e)


def _erf(x: float) -> float:
    import math

    return math.erf(x)
