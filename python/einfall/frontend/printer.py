"""The textual form of cascades (docs/spec/ein.md)."""

from __future__ import annotations

import json
import math
import re
import struct
from typing import Sequence

import numpy as np

from . import etypes as ty
from .errors import FrontendError
from .extent import Extent
from .ir import (Argument, Concat, Constant, Einsum, Function, Op, Scan, Scatter, Sort, Tensor, TopK, Update, View)
from .scalar import Scalar


def tensor_type(t: Tensor) -> str:
    return f"!ein.tensor<[{', '.join(map(str, t.shape))}], {t.etype}>"


def module_text(functions: Sequence[Function], locations: bool = True) -> str:
    """A module with the functions in order."""
    return "module {\n" + "\n".join(FunctionPrinter(f, locations).text() for f in functions) + "}\n"


class FunctionPrinter:
    """Prints one function; names are unique in it."""

    def __init__(self, function: Function, locations: bool):
        self.function, self.locations = function, locations
        self.names: dict[int, str] = {}
        self.taken: set[str] = set()

    def text(self) -> str:
        f = self.function
        args = f.live_args()
        head = ",\n    ".join(f"{self.name(a.result)}: {tensor_type(a.result)}{_arg_attrs(a)}" for a in args)
        results = ",\n    ".join(tensor_type(r.value) + _result_attrs(r) for r in f.results)
        params = f", ein.params = {json.dumps(f.params)}" if f.params else ""
        if f.assume:
            params += f", ein.assume = [{', '.join(f'#ein.extent<{e}>' for e in f.assume)}]"
        lines = [f"  func.func @{f.name}(\n    {head}\n  ) -> (\n    {results}\n  ) attributes {{ein.entry{params}}} {{"]
        lines += [self.op(op) for op in f.ops() if not isinstance(op, Argument)]
        values = ", ".join(self.name(r.value) for r in f.results)
        types = ", ".join(tensor_type(r.value) for r in f.results)
        lines.append(f"    func.return {values} : {types}\n  }}\n")
        return "\n".join(lines)

    def name(self, t: Tensor) -> str:
        found = self.names.get(t.number)
        if found is None:
            base = re.sub(r"[^A-Za-z0-9_]", "_", t.hint) or "v"
            if base[0].isdigit() or re.fullmatch(r"[at]\d+", base):
                base = "_" + base
            found, n = base, 0
            while found in self.taken:
                n += 1
                found = f"{base}_{n}"
            self.taken.add(found)
            self.names[t.number] = found = "%" + found
        return found

    def op(self, op: Op) -> str:
        body = getattr(self, "print_" + type(op).__name__.lower())(op)
        results = ", ".join(self.name(t) for t in op.results)
        column = op.loc[2] if op.loc and len(op.loc) > 2 else 0
        loc = f' loc({json.dumps(op.loc[0])}:{op.loc[1]}:{column})' if self.locations and op.loc else ""
        return f"    {results} = {body}{loc}"

    # -- one function an op ---------------------------------------------------------------------

    def print_constant(self, op: Constant) -> str:
        t = op.result
        dims = "".join(f"{e.const}x" for e in t.shape)
        return f"ein.constant dense<{dense(op.data, t.etype)}> : tensor<{dims}{t.etype}> -> {tensor_type(t)}"

    def print_view(self, op: View) -> str:
        t = op.result
        names = Names(t.labels, op.index)
        fill = "" if op.fill is None else f" fill {literal(op.fill, t.etype)}"
        return (f"ein.view {self.name(op.source)}{names.list(op.index)}{fill} -> {names.ranks()} "
                f": {tensor_type(op.source)} -> {tensor_type(t)}")

    def print_concat(self, op: Concat) -> str:
        return (f"ein.concat {', '.join(map(self.name, op.inputs))} dim {op.dim} "
                f": ({', '.join(map(tensor_type, op.inputs))}) -> {tensor_type(op.result)}")

    def print_update(self, op: Update) -> str:
        names = Names(op.source.labels, op.index)
        return (f"ein.update {self.name(op.dest)}{names.list(op.index)} = {self.name(op.source)}{names.ranks()} "
                f": {tensor_type(op.dest)}, {tensor_type(op.source)}")

    def print_scatter(self, op: Scatter) -> str:
        names = Names(op.source.labels, [*op.index, *(e for i in op.coord_index for e in i)], len(op.coords))
        using = ", ".join(f"{self.name(c)}{names.list(i)} as {names.coordinate(n)}"
                          for n, (c, i) in enumerate(zip(op.coords, op.coord_index)))
        monoid = f" {op.monoid}" if op.monoid else ""
        return (f"ein.scatter {self.name(op.dest)}{names.list(op.index)} = {self.name(op.source)}{names.ranks()} "
                f"using ({using}){monoid} : {tensor_type(op.dest)}, {tensor_type(op.source)} "
                f"({', '.join(map(tensor_type, op.coords))})")

    def print_topk(self, op: TopK) -> str:
        if op.k.const is None:
            raise FrontendError(f"topk with a run-time k ({op.k}) has no textual form")
        return (f"ein.topk {self.name(op.source)} dim {op.dim} k {op.k} "
                f": {tensor_type(op.source)} -> {', '.join(map(tensor_type, op.results))}")

    def print_sort(self, op: Sort) -> str:
        order = " descending" if op.descending else ""
        return (f"ein.sort {self.name(op.source)} dim {op.dim}{order} "
                f": {tensor_type(op.source)} -> {', '.join(map(tensor_type, op.results))}")

    def print_scan(self, op: Scan) -> str:
        labels = op.source.labels
        rest = ", ".join(l for d, l in enumerate(labels) if d != op.dim)
        types = [op.source.etype, op.init.etype, op.result.etype]
        return (f"ein.scan ({self.name(op.source)}[{', '.join(labels)}], {self.name(op.init)}[{rest}]) "
                f"over {labels[op.dim]} -> [{', '.join(labels)}] "
                f": ({tensor_type(op.source)}, {tensor_type(op.init)}) -> {tensor_type(op.result)} "
                + Body(op.body, types, Names(labels, [])).text())

    def print_einsum(self, op: Einsum) -> str:
        t = op.result
        exprs = [e for i in op.index for e in i]
        names = Names(op.labels, exprs, len(op.inputs))
        operands = ", ".join(self.name(x) + names.list(i) + (f" as {names.coordinate(c)}" if c is not None else "")
                             for x, i, c in zip(op.inputs, op.index, op.coords))
        sizes = {f"%{k}": size for k, size in enumerate(op.sizes)}
        alone = {(e.as_atom, size) for x, i in zip(op.inputs, op.index) for e, size in zip(i, x.shape) if e.as_atom in sizes}
        plain = {label for label, size in alone if sizes[label] == size}
        partial = " {partial}" if any(sizes[label] != size for label, size in alone) else ""
        n = t.rank
        reduced = ", ".join(
            names.rank(k) + ("" if f"%{k}" in plain else f" in {op.sizes[k]}") + f": {op.reduce[k - n]}"
            for k in range(n, len(op.labels)))
        out = (f"ein.einsum ({operands}) -> {names.ranks(n)}" + (f" reduce [{reduced}]" if reduced else "")
               + f"{partial} : ({', '.join(map(tensor_type, op.inputs))}) -> {tensor_type(t)}")
        return out if is_default_body(op) else f"{out} {Body(op.body, [x.etype for x in op.inputs], names).text()}"


def is_default_body(op: Einsum) -> bool:
    """True if the einsum's body is what a missing region means."""
    if op.body is None:
        return True
    if any(c is not None for c in op.coords) or op.result.etype != op.body.etype:
        return False
    if len(op.inputs) == 1:
        return op.body.op == "arg"
    return (len(op.inputs) == 2 and op.body.op in ("arith.mulf", "arith.muli")
            and [a.op for a in op.body.args] == ["arg", "arg"] and [a.attr for a in op.body.args] == [0, 1])


class Names:
    """Names of the ranks and coordinates of one op, clear of the symbols that its index expressions use."""

    def __init__(self, labels: Sequence[str], exprs: Sequence[Extent], coords: int = 0):
        symbols = {a for e in exprs for a in e.atoms() if a[0] not in "%$"}
        taken = symbols | {l for l in labels if l not in symbols}
        self.labels = []
        for label in labels:
            if label in symbols:
                label = next(c for c in (*"ijkmnpqruvwxyz", *(f"{label}_{n}" for n in range(99))) if c not in taken)
                taken.add(label)
            self.labels.append(label)
        pool = (c for c in (*(f"r{n}" for n in range(99)),) if c not in taken)
        self.coords = [next(pool) for _ in range(coords)]

    def rank(self, k: int) -> str:
        return self.labels[k]

    def coordinate(self, n: int) -> str:
        return self.coords[n]

    def ranks(self, n: int | None = None) -> str:
        return f"[{', '.join(self.labels[:n])}]"

    def expr(self, e: Extent) -> str:
        return e.text(lambda a: self.labels[int(a[1:])] if a[0] == "%" else self.coords[int(a[1:])] if a[0] == "$" else a)

    def list(self, exprs: Sequence[Extent]) -> str:
        return f"[{', '.join(map(self.expr, exprs))}]"


class Body:
    """Prints a scalar expression as the region of an einsum or a scan."""

    def __init__(self, root: Scalar, arg_types: Sequence[str], names: Names):
        self.root, self.arg_types, self.names = root, arg_types, names
        self.lines: list[str] = []
        self.memo: dict[int, str] = {}

    def text(self) -> str:
        value = self.visit(self.root)
        args = ", ".join(f"%a{k}: {t}" for k, t in enumerate(self.arg_types))
        head = f"    ^bb0({args}):\n" if args else ""
        body = "".join(f"      {line}\n" for line in self.lines)
        return f"{{\n{head}{body}      ein.yield {value} : {self.root.etype}\n    }}"

    def visit(self, x: Scalar) -> str:
        if x.op == "arg":
            return f"%a{x.attr}"
        if id(x) not in self.memo:
            args = [self.visit(a) for a in x.args]
            text = self.line(x, args)
            self.memo[id(x)] = f"%t{len(self.lines)}"
            self.lines.append(f"{self.memo[id(x)]} = {text}")
        return self.memo[id(x)]

    def line(self, x: Scalar, args: list[str]) -> str:
        if x.op == "const":
            return f"arith.constant {literal(x.attr, x.etype)}" + ("" if x.etype == "i1" else f" : {x.etype}")
        if x.op == "index":
            return f'ein.index "{self.names.rank(x.attr)}"'
        if x.op == "extent":
            return f"ein.extent {x.attr}"
        operands = ", ".join(args)
        if x.op in ("arith.cmpf", "arith.cmpi"):
            return f"{x.op} {x.attr}, {operands} : {x.args[0].etype}"
        if x.args[0].etype != x.etype and x.op != "arith.select":
            return f"{x.op} {operands} : {x.args[0].etype} to {x.etype}"
        return f"{x.op} {operands} : {x.etype}"


# -- literals and attributes ----------------------------------------------------------------------------


def literal(value, etype: str) -> str:
    """A literal of an `arith.constant` or `fill`; infinities and NaN as bit patterns."""
    if etype == "i1":
        return "true" if value else "false"
    if not ty.is_float(etype):
        return str(int(value))
    value = float(value)
    if not math.isfinite(value):
        return _pattern(value, etype)
    return _decimal(value)


def _decimal(value: float) -> str:
    mantissa, e, exponent = repr(value).partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + (e + exponent)


_PATTERNS = {"f16": ("0x7C00", "0xFC00", "0x7E00"), "bf16": ("0x7F80", "0xFF80", "0x7FC0")}


def _pattern(value: float, etype: str) -> str:
    if etype in _PATTERNS:
        return _PATTERNS[etype][2 if math.isnan(value) else int(value < 0)]
    if etype == "f64":
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    if etype == "f32":
        return f"0x{struct.unpack('<I', struct.pack('<f', value))[0]:08X}"
    raise FrontendError(f"{value} has no literal in {etype}")


def dense(data: np.ndarray, etype: str) -> str:
    """The inside of `dense<...>`; f32 decimals are the shortest that read back as the same f32."""
    if data.ndim == 0:
        return literal(data.item(), etype)

    def element(v) -> str:
        if ty.is_float(etype) and data.dtype == np.float32 and math.isfinite(v):
            return _decimal(float(str(v)))
        return literal(v, etype)

    return "[" + ", ".join(dense(row, etype) if data.ndim > 1 else element(row) for row in data) + "]"


def _attrs(pairs) -> str:
    text = ", ".join(f"{k} = {json.dumps(v) if not isinstance(v, (list, tuple)) else '[' + ', '.join(map(str, v)) + ']'}"
                     for k, v in pairs if v is not None)
    return f" {{{text}}}" if text else ""


def _arg_attrs(a: Argument) -> str:
    key = {"input": "ein.name", "state": "ein.state", "weight": "ein.weight"}[a.kind]
    return _attrs([(key, a.name), *((f"ein.{k}", v) for k, v in a.attrs.items())])


def _result_attrs(r) -> str:
    return _attrs([("ein.state", r.state)] if r.state else [("ein.name", r.name)])
