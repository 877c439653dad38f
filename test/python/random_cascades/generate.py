"""Random cascades from a sequence of choices.

`Choices` asks a source for every decision and records it; a recorded sequence makes the same cascade again, a shorter or
smaller one a simpler cascade. So a failing case is shrunk by editing its choices (`shrink`).
"""

from __future__ import annotations

import dataclasses
import random
import re
from typing import Callable

import numpy as np

from .evaluate import extent
from .program import FLOATS, Concat, Einsum, Order, Program, Read, Reduced, Scalar, Scan, Tensor, Update, View

SYMBOLS = ("n", "m", "p")
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 33, 0)
LABELS = "ijklabcdefgh"  # r, s, u, v, w stand for what an operation adds
LITERALS = ("4", "1", "2", "3", "8", "5", "16", "7")
POINTS = 40_000  # of one iteration space


class Choices:
    """Decisions: from `recorded` as far as it reaches, then from `source` (0 without one)."""

    def __init__(self, source: Callable[[int], int] | None = None, recorded: list[int] | None = None):
        self.source, self.recorded, self.made = source, recorded or [], []

    @classmethod
    def of_seed(cls, seed: int) -> "Choices":
        return cls(random.Random(seed).randrange)

    def below(self, n: int) -> int:
        at = len(self.made)
        value = self.recorded[at] % n if at < len(self.recorded) else self.source(n) if self.source else 0
        self.made.append(value)
        return value

    def of(self, options):
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        """True in so many cases; False is the simpler one."""
        return self.below(100) >= 100 - percent


@dataclasses.dataclass
class Case:
    """A cascade, sizes to call it with (the interpreter gets the first ones) and the seed of its data."""

    program: Program
    sizes: list[dict[str, int]]
    seed: int
    choices: list[int]

    def inputs(self, k: int) -> dict[str, np.ndarray]:
        """Arrays for the k-th sizes; bf16 as float32 values that it holds."""
        rng = np.random.default_rng([self.seed, k])
        return {t.name: _data(rng, t, self.sizes[k], self.program.ranges) for t in self.program.inputs}


def make(choices: Choices) -> Case:
    sizes = [{s: choices.of(SIZES[:-1] if k or not choices.chance(3) else SIZES) for s in SYMBOLS} for k in range(3)]
    maker = Maker(choices, sizes)
    program = maker.program()
    bounds = " ".join(e for t in program.inputs for e in program.ranges.get(t.name, ()))  # of data alone, perhaps
    used = {*program.symbols(), *re.findall(r"\b[nmpq]\b", bounds)}
    return Case(program, [{s: v for s, v in one.items() if s in used} for one in sizes], choices.below(1 << 16), choices.made)


def _data(rng, tensor: Tensor, sizes, ranges) -> np.ndarray:
    shape = tuple(extent(e, sizes) for e in tensor.shape)
    if tensor.name in ranges:
        low, high = (extent(e, sizes) for e in ranges[tensor.name])
        return rng.integers(low, max(high, low + 1), shape).astype(f"i{max(int(tensor.type[1:]) // 8, 1)}")
    if tensor.type == "i1":
        return rng.random(shape) < 0.7
    if tensor.type not in FLOATS:
        return rng.integers(-9, 10, shape).astype(f"i{int(tensor.type[1:]) // 8}")
    x = rng.standard_normal(shape)
    if tensor.type == "bf16":
        bits = x.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        return bits.view(np.float32)
    return x.astype({"f64": np.float64, "f32": np.float32, "f16": np.float16}[tensor.type])


class Maker:
    def __init__(self, choices: Choices, sizes: list[dict[str, int]]):
        self.c, self.sizes = choices, sizes
        self.values: list[Tensor] = []
        self.inputs: list[Tensor] = []
        self.ops: list = []
        self.ranges: dict[str, tuple[str, str]] = {}

    def program(self) -> Program:
        for _ in range(1 + self.c.below(3)):
            self.input(self.c.of(("f32", "f32", "f32", "f32", "f64", "bf16", "f16", "i32", "i64", "i8", "i1")))
        often = [self.contraction, self.map, self.normalised, self.masked, self.window, self.neighbours, self.view, self.gather, self.concat,
                 self.update, self.reversed_sum, self.winner]
        kinds = [*often, *often, self.contraction, self.map, self.scan, self.order, self.scatter]
        for _ in range(1 + self.c.below(6)):
            self.c.of(kinds)()
        if not self.ops:
            self.copy(self.values[0])
        read = {name for op in self.ops for name in _names(op)}
        made = [t for op in self.ops for t in op.results]
        outputs = [t for t in made if t.name not in read or self.c.chance(15)][:4]
        return Program(self.inputs, self.ops, outputs, self.ranges).pruned()

    # -- pieces -----------------------------------------------------------------------------------------

    def size(self, text: str) -> list[int]:
        return [extent(text, s) for s in self.sizes]

    def points(self, extents) -> int:
        return max([int(np.prod([float(v) for v in one])) for one in zip(*map(self.size, extents))] or [1])

    def any_extent(self) -> str:
        return self.c.of(SYMBOLS) if self.c.below(3) < 2 else self.c.of(LITERALS)

    def input(self, type_: str, shape=None) -> Tensor:
        if shape is None:
            shape = tuple(self.any_extent() for _ in range(self.c.of((2, 1, 3, 2, 0, 2))))
        while self.points(shape) > POINTS:
            shape = shape[:-1]
        t = Tensor(f"x{len(self.inputs)}", shape, type_, True)
        self.inputs.append(t)
        self.values.append(t)
        return t

    def add(self, op) -> Tensor:
        self.ops.append(op)
        self.values += op.results
        return op.results[0]

    def new(self, shape, type_: str, exact: bool = False) -> Tensor:
        return Tensor(f"v{sum(len(op.results) for op in self.ops)}", tuple(shape), type_, exact)

    def value(self, least_rank: int = 0, floats: bool | None = None) -> Tensor:
        fits = [t for t in self.values if len(t.shape) >= least_rank and (floats is None or (t.type in FLOATS) == floats)]
        if not fits:
            return self.input("f32" if floats is not False else "i32", tuple(self.any_extent() for _ in range(max(least_rank, 1))))
        return fits[-1 - self.c.below(len(fits))]

    def copy(self, t: Tensor) -> Tensor:
        labels = [f"i{k}" for k in range(len(t.shape))]
        return self.add(Einsum(self.new(t.shape, t.type, t.exact), (Read(t, tuple(labels)),), tuple(labels), (), None))

    def label(self, tensors: list[Tensor], limit: int = 4) -> tuple[list[tuple[str, ...]], dict[str, str]]:
        """Labels for each dimension: often shared where extents are equal. Few enough points."""
        extents: dict[str, str] = {}
        out = []
        for t in tensors:
            mine: list[str] = []
            for e in t.shape:
                same = [x for x in extents if extents[x] == e and (x not in mine or self.c.chance(10))]
                fresh = len(extents) < limit and self.points([*extents.values(), e]) <= POINTS
                if same and not (fresh and self.c.chance(30)):
                    mine.append(same[self.c.below(len(same))])
                else:
                    if not fresh and same:
                        mine.append(same[0])
                        continue
                    mine.append(LABELS[len(extents)])
                    extents[mine[-1]] = e
            out.append(tuple(mine))
        return out, extents

    # -- kinds of operations ----------------------------------------------------------------------------

    def contraction(self) -> None:
        tensors = [self.value() for _ in range(self.c.of((2, 1, 2, 3)))]
        indices, extents = self.label(tensors)
        if self.points(extents.values()) > POINTS:
            return
        reduced = [x for x in extents if self.c.below(2)]
        self.einsum(tensors, indices, extents, reduced)

    def map(self) -> None:
        tensors = [self.value() for _ in range(self.c.of((1, 2, 3)))]
        indices, extents = self.label(tensors)
        if self.points(extents.values()) <= POINTS:
            self.einsum(tensors, indices, extents, [])

    def einsum(self, tensors, indices, extents, reduced) -> None:
        free = [x for x in extents if x not in reduced]
        if self.c.chance(30):
            free = free[::-1]
        body = Body(self.c, [*free, *reduced], self.symbols_in(tensors))
        work = body.common([t.type for t in tensors])
        same = all(t.type == work for t in tensors)
        tree = None if same and self.c.chance(50) else body.tree(tensors, work)
        if len(tensors) > 1 and work == "i1":
            tree = body.tree(tensors, work)
        if not reduced and tree is not None and work == "f32" and self.c.chance(20):
            tree = Scalar("arith.truncf", self.c.of(("bf16", "f16")), (tree,))
        result = tree.type if tree is not None else work
        monoids = {"i1": ("or", "and")}.get(work, ("add", "add", "max", "min", "logaddexp", "mul") if work in FLOATS else
                                            ("add", "max", "min", "or", "and", "mul"))
        if work == "f64":
            monoids = [m for m in monoids if m != "logaddexp"]
        first = self.c.of(monoids)
        terms = tuple(Reduced(x, extents[x], first if self.c.below(4) else self.c.of(monoids)) for x in reduced)
        reads = tuple(Read(t, at) for t, at in zip(tensors, indices))
        self.add(Einsum(self.new([extents[x] for x in free], result), reads, tuple(free), terms, tree))

    def symbols_in(self, tensors) -> list[str]:
        return sorted({e for t in tensors for e in t.shape if e in SYMBOLS})

    def normalised(self) -> None:
        """Exponentials of the distance from the maximum, divided by their sum, over one rank."""
        x = self.value(1, floats=True)
        if x.type != "f32":
            x = self.cast(x, "f32")
        labels = tuple(LABELS[:len(x.shape)])
        over = labels[self.c.below(len(labels))]
        rest = tuple(a for a in labels if a != over)
        kept = [e for a, e in zip(labels, x.shape) if a != over]
        reduced = (x.shape[labels.index(over)],)
        top = self.add(Einsum(self.new(kept, "f32"), (Read(x, labels),), rest, (Reduced(over, *reduced, "max"),), None))
        shift = Scalar("math.exp", "f32", (Scalar("arith.subf", "f32", (arg(0, "f32"), arg(1, "f32"))),))
        pair = (Read(x, labels), Read(top, rest))
        if self.c.below(2):
            total = self.add(Einsum(self.new(kept, "f32"), pair, rest, (Reduced(over, *reduced, "add"),), shift))
            share = Scalar("arith.divf", "f32", (shift, arg(2, "f32")))
            self.add(Einsum(self.new(x.shape, "f32"), (*pair, Read(total, rest)), labels, (), share))
            return
        exps = self.add(Einsum(self.new(x.shape, "f32"), pair, labels, (), shift))
        total = self.add(Einsum(self.new(kept, "f32"), (Read(exps, labels),), rest, (Reduced(over, *reduced, "add"),), None))
        share = Scalar("arith.divf", "f32", (arg(0, "f32"), arg(1, "f32")))
        self.add(Einsum(self.new(x.shape, "f32"), (Read(exps, labels), Read(total, rest)), labels, (), share))

    def cast(self, x: Tensor, type_: str) -> Tensor:
        labels = tuple(LABELS[:len(x.shape)])
        op = "arith.truncf" if x.type == "f64" else "arith.extf"
        return self.add(Einsum(self.new(x.shape, type_), (Read(x, labels),), labels, (), Scalar(op, type_, (arg(0, x.type),))))

    def masked(self) -> None:
        """A mask over coordinates, as an einsum without operands."""
        shape = (self.any_extent(), self.any_extent())
        if self.points(shape) > POINTS:
            return
        body = Body(self.c, ["i", "j"], [e for e in shape if e in SYMBOLS])
        self.add(Einsum(self.new(shape, "i1", True), (), ("i", "j"), (), body.predicate()))

    def window(self) -> None:
        """A sliding sum or maximum: an affine index that may fall outside."""
        x = self.value(1, floats=True)
        labels = list(LABELS[:len(x.shape)])
        at = self.c.below(len(labels))
        width, step, before = self.c.of((3, 2, 4, 7)), self.c.of((1, 2, 3)), self.c.of((1, 0, 2))
        inner = labels[at]
        index = (f"{step} * {inner}" if step > 1 else inner) + " + r" + (f" - {before}" if before else "")
        shape = list(x.shape)
        if step > 1:
            shape[at] = f"({shape[at]}) ceildiv {step}" if " " in shape[at] else f"{shape[at]} ceildiv {step}"
            if shape[at].split()[0].isdigit():
                shape[at] = str(extent(shape[at], {}))
        if self.points([*shape, str(width)]) > POINTS:
            return
        reads = (Read(x, tuple(index if k == at else a for k, a in enumerate(labels))),)
        monoid = self.c.of(("add", "max", "min"))
        self.add(Einsum(self.new(shape, x.type), reads, tuple(labels), (Reduced("r", str(width), monoid),), None))

    def neighbours(self) -> None:
        """A sum of one expression at several places near by, of tensors that are longer than the result."""
        reach = self.c.of((1, 2, 3))
        x = self.value(1, floats=True)
        if x.type != "f32":
            x = self.cast(x, "f32")
        long = [k for k, e in enumerate(x.shape) if e.isdigit() and int(e) > reach]
        if long:
            at = self.c.of(long)
            shape = [str(int(e) - reach) if k == at else e for k, e in enumerate(x.shape)]
        else:
            at, shape = self.c.below(len(x.shape)), list(x.shape)
            x = self.input("f32", tuple(f"{e} + {reach}" if k == at else e for k, e in enumerate(shape)))
            if len(x.shape) != len(shape):
                return
        labels = tuple(LABELS[:len(shape)])
        places = (0, reach) if self.c.below(2) else range(reach + 1)
        f = self.c.of((lambda e: Scalar("arith.mulf", "f32", (e, e)),
                       lambda e: Scalar("math.exp", "f32", (Scalar("math.absf", "f32", (e,)),)),
                       lambda e: e,
                       lambda e: Scalar("arith.subf", "f32", (Scalar("arith.mulf", "f32", (e, e)), e))))
        body = None
        for k in range(len(places)):
            term = f(arg(k, "f32"))
            body = term if body is None else Scalar("arith.addf", "f32", (body, term))
        reads = tuple(Read(x, tuple((f"{a} + {p}" if p else a) if k == at else a for k, a in enumerate(labels))) for p in places)
        self.add(Einsum(self.new(shape, "f32"), reads, labels, (), body))

    def view(self) -> None:
        x = self.value(1)
        labels = list(LABELS[:len(x.shape)])
        kind = self.c.below(5)
        at = self.c.below(len(labels))
        if kind == 0:  # transpose
            order = labels[::-1]
            self.add(View(self.new([x.shape[labels.index(a)] for a in order], x.type, x.exact), (Read(x, tuple(labels)),), tuple(order)))
        elif kind == 1:  # shift, with a fill
            by = self.c.of((-1, 1, -2, 3))
            index = [f"{a} {'+' if by > 0 else '-'} {abs(by)}" if k == at else a for k, a in enumerate(labels)]
            fill = self.c.of((None, None, 1 if x.type not in FLOATS else 1.5))
            fill = None if x.type == "i1" else fill
            self.add(View(self.new(x.shape, x.type, x.exact), (Read(x, tuple(index)),), tuple(labels), fill))
        elif kind == 2 and x.shape[at].isdigit() and int(x.shape[at]) % 2 == 0:  # split
            half = str(int(x.shape[at]) // 2)
            shape = [*x.shape[:at], "2", half, *x.shape[at + 1:]]
            free = [*labels[:at], "u", "v", *labels[at + 1:]]
            index = [f"{half} * u + v" if k == at else a for k, a in enumerate(labels)]
            self.add(View(self.new(shape, x.type, x.exact), (Read(x, tuple(index)),), tuple(free)))
        elif kind == 3 and len(labels) > 1 and x.shape[-1].isdigit():  # flatten
            last = x.shape[-1]
            joined = str(int(x.shape[-2]) * int(last)) if x.shape[-2].isdigit() else f"{last} * ({x.shape[-2]})"
            free = [*labels[:-2], "u"]
            index = [*labels[:-2], f"u floordiv {last}", f"u mod {last}"]
            self.add(View(self.new([*x.shape[:-2], joined], x.type, x.exact), (Read(x, tuple(index)),), tuple(free)))
        else:  # broadcast
            more = self.any_extent()
            if self.points([*x.shape, more]) <= POINTS:
                self.add(View(self.new([more, *x.shape], x.type, x.exact), (Read(x, tuple(labels)),), ("w", *labels)))

    def coordinates(self, table: Tensor, shape) -> Tensor:
        """An integer input with coordinates of the table's first dimension; sometimes some outside."""
        ids = self.input(self.c.of(("i64", "i32")), shape)
        wide = self.c.chance(20)
        self.ranges[ids.name] = ("-1" if wide else "0", f"{table.shape[0]} + 2" if wide else table.shape[0])
        return ids

    def gather(self) -> None:
        table = self.value(1)
        ids = self.coordinates(table, (self.any_extent(),))
        rest = tuple(LABELS[:len(table.shape) - 1])
        if self.points([*ids.shape, *table.shape]) > POINTS:
            return
        reads = (Read(ids, ("s",), "r"), Read(table, ("r", *rest)))
        shape = (*ids.shape, *table.shape[1:])
        if self.c.below(2):
            self.add(View(self.new(shape, table.type, table.exact), reads, ("s", *rest)))
            return
        free = [a for a in ("s", *rest) if self.c.below(3)] or ["s"]
        reduced = tuple(Reduced(a, e, "add" if table.type != "i1" else "or") for a, e in zip(("s", *rest), shape) if a not in free)
        kept = [e for a, e in zip(("s", *rest), shape) if a in free]
        self.add(Einsum(self.new(kept, table.type), reads, tuple(free), reduced, arg(1, table.type)))

    def concat(self) -> None:
        a = self.value(1)
        dim = self.c.below(len(a.shape))
        fits = [t for t in self.values if t.type == a.type and len(t.shape) == len(a.shape)
                and all(e == f for k, (e, f) in enumerate(zip(t.shape, a.shape)) if k != dim)]
        b = fits[self.c.below(len(fits))]
        total = f"{a.shape[dim]} + {b.shape[dim]}" if not (a.shape[dim] + b.shape[dim]).isdigit() else str(
            int(a.shape[dim]) + int(b.shape[dim]))
        shape = [total if k == dim else e for k, e in enumerate(a.shape)]
        if self.points(shape) <= POINTS:
            self.add(Concat(self.new(shape, a.type, a.exact and b.exact), (a, b), dim))

    def update(self) -> None:
        dest = self.value(1)
        labels = list(LABELS[:len(dest.shape)])
        fits = [t for t in self.values if t.type == dest.type and t.shape == dest.shape] or [dest]
        source = fits[self.c.below(len(fits))]
        if dest in self.inputs:
            dest = self.copy(dest)
        by = self.c.of((0, 0, 0, 0, 0, 0, 1))
        at = [f"{labels[0]} + {by}" if by else labels[0], *labels[1:]]
        self.add(Update(self.new(dest.shape, dest.type), dest, tuple(at), Read(source, tuple(labels))))

    def reversed_sum(self) -> None:
        """One tensor read under two labellings: distances or a correlation."""
        x = self.value(1, floats=True)
        rest = tuple(LABELS[2:][:len(x.shape) - 1])
        if x.type not in ("f32", "f64") or self.points([x.shape[0], *x.shape]) > POINTS:
            return
        reads = (Read(x, ("i", *rest)), Read(x, ("j", *rest)))
        away = Scalar("arith.subf", x.type, (arg(0, x.type), arg(1, x.type)))
        body = self.c.of((None, Scalar("arith.mulf", x.type, (away, away))))
        reduced = tuple(Reduced(a, e, "add") for a, e in zip(rest, x.shape[1:]))
        if body is None and not reduced:
            body = away
        self.add(Einsum(self.new((x.shape[0], x.shape[0]), x.type), reads, ("i", "j"), reduced, body))

    def scan(self) -> None:
        x = self.value(1, floats=True)
        if x.type not in ("f32", "f64"):
            return
        labels = tuple(LABELS[:len(x.shape)])
        over = labels[self.c.below(len(labels))]
        rest = tuple(a for a in labels if a != over)
        start = self.input(x.type, tuple(e for a, e in zip(labels, x.shape) if a != over))
        if start.shape != tuple(e for a, e in zip(labels, x.shape) if a != over):
            return
        decay = Scalar("arith.mulf", x.type, (arg(2, x.type), Scalar("constant", x.type, (), 0.5)))
        body = Scalar("arith.addf", x.type, (arg(0, x.type), decay))
        self.add(Scan(self.new(x.shape, x.type), Read(x, labels), Read(start, rest), over, labels,
                      self.c.chance(30), self.c.chance(30), body))

    def order(self) -> None:
        fits = [t for t in self.values if t.shape and t.exact and t.type in ("f32", "i32", "i64")]
        if not fits:
            return
        x = fits[self.c.below(len(fits))]
        dim = self.c.below(len(x.shape))
        shape = list(x.shape)
        k = None
        if shape[dim].isdigit() and self.c.below(2):
            k = 1 + self.c.below(int(shape[dim]))
            shape[dim] = str(k)
        values = self.new(shape, x.type, True)
        number = int(values.name[1:]) + 1
        self.add(Order(values, Tensor(f"v{number}", tuple(shape), "i64", True), x, dim, k, self.c.chance(50)))

    def scatter(self) -> None:
        dest = self.value(1)
        if dest.type == "i1" or not all(e in SYMBOLS or e.isdigit() for e in dest.shape):
            return
        ids = self.coordinates(dest, (self.any_extent(),))
        rest = tuple(LABELS[:len(dest.shape) - 1])
        source = self.input(dest.type, (*ids.shape, *dest.shape[1:]))
        if source.shape != (*ids.shape, *dest.shape[1:]):
            return
        if dest in self.inputs:
            dest = self.copy(dest)
        monoid = self.c.of((None, "add", "max"))
        self.add(Update(self.new(dest.shape, dest.type), dest, ("r", *rest), Read(source, ("s", *rest)),
                        (Read(ids, ("s",), "r"),), monoid))

    def winner(self) -> None:
        """argmax or argmin of values that carry no error, so that its coordinate is certain."""
        fits = [t for t in self.values if t.shape and t.exact and t.type in ("f32", "f64", "i32", "i64", "bf16", "f16")]
        if not fits:
            return
        x = fits[self.c.below(len(fits))]
        labels = tuple(LABELS[:len(x.shape)])
        over = labels[self.c.below(len(labels))]
        rest = tuple(a for a in labels if a != over)
        kept = [e for a, e in zip(labels, x.shape) if a != over]
        term = Reduced(over, x.shape[labels.index(over)], self.c.of(("argmax", "argmin")))
        self.add(Einsum(self.new(kept, self.c.of(("i64", "i32")), True), (Read(x, labels),), rest, (term,), arg(0, x.type)))


def _names(op) -> set[str]:
    return set(re.findall(r"%(\w+)", op.text())) - {t.name for t in op.results}


def arg(k: int, type_: str) -> Scalar:
    return Scalar("arg", type_, (), k)


class Body:
    """Random scalar expressions over the operands of an einsum and its coordinates."""

    def __init__(self, choices: Choices, labels: list[str], symbols: list[str]):
        self.c, self.labels, self.symbols = choices, labels, symbols

    def common(self, types: list[str]) -> str:
        """The type to compute in."""
        if "f64" in types:
            return "f64"
        if set(types) & set(FLOATS):
            return "f32"
        wide = max(types, key=lambda t: int(t[1:]), default="f32")
        return "i32" if wide == "i8" else wide

    def tree(self, tensors: list[Tensor], work: str) -> Scalar:
        terms = [self.convert(arg(k, t.type), work) for k, t in enumerate(tensors)]
        value = self.unary(terms[0], work)
        for term in terms[1:]:
            value = self.binary(value, self.unary(term, work), work)
        if self.labels and work != "i1" and self.c.chance(35):
            zero = Scalar("constant", work, (), self.c.of((0, 1, -2)))
            value = Scalar("arith.select", work, (self.predicate(), value, zero))
        if self.labels and work != "i1" and self.c.chance(15):
            value = self.binary(value, self.coordinate(work), work)
        return value

    def convert(self, x: Scalar, work: str) -> Scalar:
        if x.type == work:
            return x
        if x.type in FLOATS:
            return Scalar("arith.extf", work, (x,))
        if work in FLOATS:
            return Scalar("arith.uitofp" if x.type == "i1" else "arith.sitofp", work, (x,))
        return Scalar("arith.extui" if x.type == "i1" else "arith.extsi", work, (x,))

    def unary(self, x: Scalar, work: str) -> Scalar:
        if work not in FLOATS or not self.c.chance(45):
            return x
        if work == "f64":
            return Scalar(self.c.of(("arith.negf", "math.absf")), work, (x,))
        name = self.c.of(("arith.negf", "math.absf", "math.tanh", "math.exp", "math.log", "math.sqrt", "math.erf", "math.sin",
                          "math.cos"))
        one = Scalar("constant", work, (), 1.0)
        if name == "math.exp":  # bounded above
            x = Scalar("arith.minimumf", work, (x, Scalar("constant", work, (), 4.0)))
        if name in ("math.log", "math.sqrt"):
            x = Scalar("arith.addf", work, (Scalar("math.absf", work, (x,)), one))
        if name in ("math.sin", "math.cos"):  # a moderate argument
            x = Scalar("math.tanh", work, (x,))
        return Scalar(name, work, (x,))

    def binary(self, a: Scalar, b: Scalar, work: str) -> Scalar:
        if work == "i1":
            return Scalar(self.c.of(("arith.andi", "arith.ori", "arith.xori")), work, (a, b))
        if work not in FLOATS:
            return Scalar(self.c.of(("arith.muli", "arith.addi", "arith.subi", "arith.maxsi", "arith.minsi", "arith.andi",
                                     "arith.ori", "arith.xori")), work, (a, b))
        name = self.c.of(("arith.mulf", "arith.addf", "arith.subf", "arith.maximumf", "arith.minimumf", "arith.divf"))
        if name == "arith.divf":
            square = Scalar("arith.mulf", work, (b, b))
            b = Scalar("arith.addf", work, (square, Scalar("constant", work, (), 1.0)))
        return Scalar(name, work, (a, b))

    def index(self) -> Scalar:
        return Scalar("index", "index", (), self.c.of(self.labels))

    def predicate(self) -> Scalar:
        """A comparison of coordinates with each other, with an extent or with a number."""
        left = self.index()
        kind = self.c.below(3)
        if kind == 1 and self.symbols:
            right = Scalar("extent", "index", (), self.c.of(self.symbols) + self.c.of((" - 1", "", " - 3")))
        elif kind == 2:
            right = Scalar("constant", "index", (), self.c.of((2, 0, 5)))
        else:
            right = self.index()
        if self.c.chance(30):
            left = Scalar("arith.addi", "index", (left, Scalar("constant", "index", (), 2)))
        return Scalar("arith.cmpi", "i1", (left, right), self.c.of(("sle", "slt", "sge", "sgt", "eq", "ne")))

    def coordinate(self, work: str) -> Scalar:
        if work not in FLOATS:
            return Scalar("arith.index_cast", work, (self.index(),))
        return Scalar("arith.sitofp", work, (Scalar("arith.index_cast", "i32", (self.index(),)),))


def shrink(choices: list[int], fails: Callable[[list[int]], bool], limit: int = 400) -> list[int]:
    """A shorter and smaller sequence of choices that still fails; asks at most `limit` times."""
    best, asked = list(choices), 0
    changed = True
    while changed and asked < limit:
        changed = False
        for size in (32, 16, 8, 4, 2, 1):
            at = 0
            while at < len(best) and asked < limit:
                for trial in (best[:at] + best[at + size:], best[:at] + [0] * len(best[at:at + size]) + best[at + size:]):
                    if trial != best and asked < limit:
                        asked += 1
                        if fails(trial):
                            best, changed = trial, True
                            break
                else:
                    at += size
    while best and best[-1] == 0:
        best.pop()
    return best
