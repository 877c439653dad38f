"""Small cascades as objects that print themselves as `ein` text.

Extents and indices are strings in the syntax of `ein`, which Python evaluates after a few replacements (see
`evaluate`); bodies are trees of scalar operations.
"""

from __future__ import annotations

import dataclasses
import functools
import re

FLOATS = ("f64", "f32", "f16", "bf16")


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A value of the cascade; `exact` means that floats in it carry no rounding error."""

    name: str
    shape: tuple[str, ...]
    type: str
    exact: bool = False

    @property
    def text(self) -> str:
        return f"!ein.tensor<[{', '.join(self.shape)}], {self.type}>"


@dataclasses.dataclass(frozen=True)
class Scalar:
    """A scalar operation of a body. `op` is "arg", "constant", "index", "extent" or an operation's name; `more` is its
    operand number, value, rank, extent or predicate."""

    op: str
    type: str
    args: tuple["Scalar", ...] = ()
    more: object = None


@dataclasses.dataclass(frozen=True)
class Read:
    tensor: Tensor
    indices: tuple[str, ...]
    coordinate: str | None = None

    @property
    def text(self) -> str:
        name = f" as {self.coordinate}" if self.coordinate else ""
        return f"%{self.tensor.name}[{', '.join(self.indices)}]{name}"


@dataclasses.dataclass(frozen=True)
class Reduced:
    label: str
    extent: str
    monoid: str


@dataclasses.dataclass(frozen=True)
class Einsum:
    result: Tensor
    reads: tuple[Read, ...]
    free: tuple[str, ...]
    reduced: tuple[Reduced, ...]
    body: Scalar | None

    @property
    def results(self) -> tuple[Tensor, ...]:
        return (self.result,)

    def text(self) -> str:
        sizes = dict(zip(self.free, self.result.shape)) | {r.label: r.extent for r in self.reduced}
        alone = {(i, e) for r in self.reads for i, e in zip(r.indices, r.tensor.shape) if i in sizes}
        plain = {i for i, e in alone if sizes[i] == e}
        partial = " {partial}" if any(sizes[i] != e for i, e in alone) else ""
        terms = [f"{r.label}{'' if r.label in plain else ' in ' + r.extent}: {r.monoid}" for r in self.reduced]
        line = (f"%{self.result.name} = ein.einsum ({', '.join(r.text for r in self.reads)}) -> [{', '.join(self.free)}]"
                + (f" reduce [{', '.join(terms)}]" if terms else "")
                + partial + f"\n      : ({', '.join(r.tensor.text for r in self.reads)}) -> {self.result.text}")
        if self.body is None:
            return line
        return line + " {\n" + region([f"%e{k}: {r.tensor.type}" for k, r in enumerate(self.reads)], self.body) + "\n  }"


@dataclasses.dataclass(frozen=True)
class View:
    """`ein.view`, or `ein.gather` if a read names a coordinate."""

    result: Tensor
    reads: tuple[Read, ...]  # the coordinates' operands, then the tensor
    free: tuple[str, ...]
    fill: float | int | None = None

    @property
    def results(self) -> tuple[Tensor, ...]:
        return (self.result,)

    def text(self) -> str:
        *coords, source = self.reads
        using = f" using ({', '.join(r.text for r in coords)})" if coords else ""
        types = f" ({', '.join(r.tensor.text for r in coords)})" if coords else ""
        fill = "" if self.fill is None else f" fill {self.fill!r}"
        return (f"%{self.result.name} = ein.{'gather' if coords else 'view'} {source.text}{fill}{using} -> [{', '.join(self.free)}]"
                f"\n      : {source.tensor.text}{types} -> {self.result.text}")


@dataclasses.dataclass(frozen=True)
class Concat:
    result: Tensor
    parts: tuple[Tensor, ...]
    dim: int

    @property
    def results(self) -> tuple[Tensor, ...]:
        return (self.result,)

    def text(self) -> str:
        return (f"%{self.result.name} = ein.concat {', '.join('%' + p.name for p in self.parts)} dim {self.dim}"
                f"\n      : ({', '.join(p.text for p in self.parts)}) -> {self.result.text}")


@dataclasses.dataclass(frozen=True)
class Update:
    """`ein.update`, or `ein.scatter` if there are coordinates."""

    result: Tensor
    dest: Tensor
    at: tuple[str, ...]
    source: Read
    coords: tuple[Read, ...] = ()
    monoid: str | None = None

    @property
    def results(self) -> tuple[Tensor, ...]:
        return (self.result,)

    def text(self) -> str:
        types = f"{self.dest.text}, {self.source.tensor.text}"
        head = f"%{self.dest.name}[{', '.join(self.at)}] = {self.source.text}"
        if not self.coords:
            return f"%{self.result.name} = ein.update {head} : {types}"
        using = ", ".join(r.text for r in self.coords)
        monoid = f" {self.monoid}" if self.monoid else ""
        return (f"%{self.result.name} = ein.scatter {head} using ({using}){monoid}\n      : {types}"
                f" ({', '.join(r.tensor.text for r in self.coords)})")


@dataclasses.dataclass(frozen=True)
class Scan:
    result: Tensor
    read: Read
    start: Read
    over: str
    free: tuple[str, ...]
    exclusive: bool
    reverse: bool
    body: Scalar  # argument 0 is the element, 2 the state

    @property
    def results(self) -> tuple[Tensor, ...]:
        return (self.result,)

    def text(self) -> str:
        words = (" exclusive" if self.exclusive else "") + (" reverse" if self.reverse else "")
        types = [self.read.tensor, self.start.tensor]
        scalars = [f"%e{k}: {t.type}" for k, t in enumerate((*types, self.start.tensor))]
        return (f"%{self.result.name} = ein.scan ({self.read.text}, {self.start.text}) over {self.over} -> "
                f"[{', '.join(self.free)}]{words}\n      : ({', '.join(t.text for t in types)}) -> {self.result.text} {{\n"
                + region(scalars, self.body) + "\n  }")


@dataclasses.dataclass(frozen=True)
class Order:
    """`ein.topk` if `k` is given, else `ein.sort`."""

    values: Tensor
    indices: Tensor
    source: Tensor
    dim: int
    k: int | None
    descending: bool

    @property
    def results(self) -> tuple[Tensor, ...]:
        return (self.values, self.indices)

    def text(self) -> str:
        what = f"topk %{self.source.name} dim {self.dim} k {self.k}" if self.k is not None else (
            f"sort %{self.source.name} dim {self.dim}" + (" descending" if self.descending else ""))
        return (f"%{self.values.name}, %{self.indices.name} = ein.{what} : {self.source.text} -> "
                f"{self.values.text}, {self.indices.text}")


@dataclasses.dataclass
class Program:
    """A function with its inputs, operations and results. `ranges` are the values that an integer input takes."""

    inputs: list[Tensor]
    ops: list
    outputs: list[Tensor]
    ranges: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)

    def symbols(self) -> list[str]:
        tensors = [*self.inputs, *(t for op in self.ops for t in op.results)]
        parts = [e for t in tensors for e in t.shape]
        for op in self.ops:
            parts += re.findall(r"\b[nmpq]\b", op.text())
        return sorted({s for e in parts for s in re.findall(r"\b[nmpq]\b", e)})

    def params(self) -> list[str]:
        """Symbols that no input's shape binds."""
        bound = {e for t in self.inputs for e in t.shape}
        return [s for s in self.symbols() if s not in bound]

    def pruned(self) -> "Program":
        """Without operations and inputs that no output needs."""
        needed, ops = {t.name for t in self.outputs}, []
        for op in reversed(self.ops):
            if any(t.name in needed for t in op.results):
                ops.insert(0, op)
                needed |= set(re.findall(r"%(\w+)", op.text()))
        return Program([t for t in self.inputs if t.name in needed], ops, self.outputs, self.ranges)

    def text(self, name: str) -> str:
        inputs = ", ".join(f'%{t.name}: {t.text} {{ein.name = "{t.name}"}}' for t in self.inputs)
        outputs = ", ".join(f'{t.text} {{ein.name = "{t.name}"}}' for t in self.outputs)
        params = ", ".join(f'"{p}"' for p in self.params())
        attributes = "ein.entry" + (f", ein.params = [{params}]" if params else "")
        lines = [f"func.func @{name}({inputs})\n    -> ({outputs}) attributes {{{attributes}}} {{"]
        lines += ["  " + op.text() for op in self.ops]
        lines += [f"  return {', '.join('%' + t.name for t in self.outputs)} : {', '.join(t.text for t in self.outputs)}", "}"]
        return "\n".join(lines) + "\n"


# -- bodies ---------------------------------------------------------------------------------------------


def region(arguments: list[str], body: Scalar) -> str:
    """The lines of a region that yields `body`."""
    lines = [f"  ^bb0({', '.join(arguments)}):"] if arguments else []
    names: dict[int, str] = {}

    def emit(s: Scalar) -> str:
        if s.op == "arg":
            return f"%e{s.more}"
        if id(s) not in names:
            args = [emit(a) for a in s.args]
            names[id(s)] = f"%s{len(names)}"
            lines.append(f"    {names[id(s)]} = {_operation(s, args)}")
        return names[id(s)]

    value = emit(body)
    lines.append(f"    ein.yield {value} : {body.type}")
    return "\n".join(lines)


CASTS = ("arith.extf", "arith.truncf", "arith.sitofp", "arith.uitofp", "arith.extsi", "arith.extui", "arith.trunci",
         "arith.index_cast")


def _operation(s: Scalar, args: list[str]) -> str:
    listed = ", ".join(args)
    if s.op == "constant":
        return f"arith.constant {_literal(s.more, s.type)}"
    if s.op == "index":
        return f'ein.index "{s.more}"'
    if s.op == "extent":
        return f"ein.extent {s.more}"
    if s.op in CASTS:
        return f"{s.op} {listed} : {s.args[0].type} to {s.type}"
    if s.op == "arith.select":
        return f"arith.select {listed} : {s.type}"
    if s.op in ("arith.cmpi", "arith.cmpf"):
        return f"{s.op} {s.more}, {listed} : {s.args[0].type}"
    return f"{s.op} {listed} : {s.type}"


@functools.cache
def _literal(value, type_: str) -> str:
    if type_ == "i1":
        return "true" if value else "false"
    return f"{float(value)!r} : {type_}" if type_ in FLOATS else f"{int(value)} : {type_}"
