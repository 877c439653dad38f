"""Turns an imported function into a `check` test with literal sizes, for the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np

from einfall.frontend import scalar as S
from einfall.frontend.extent import Extent
from einfall.frontend.ir import Argument, Constant, Function, Op, Result, Tensor
from einfall.frontend.printer import FunctionPrinter, tensor_type
from einfall.frontend.scalar import Scalar


def specialise(f: Function, sizes: dict[str, int], args: dict[str, np.ndarray]) -> Function:
    """The function with its symbols replaced by `sizes` and its arguments by literals."""
    done: dict[int, Tensor] = {}

    def go(x):
        if isinstance(x, Tensor):
            return done[x.number]
        if isinstance(x, Extent):
            return x.subs(sizes)
        if isinstance(x, Scalar):
            return S.substitute(x, lambda y: S.make("extent", "index", attr=go(y.attr)) if y.op == "extent" else None)
        return [go(y) for y in x] if isinstance(x, list) else x

    for op in f.ops():
        if isinstance(op, Argument):
            new: Op = Constant(np.asarray(args[op.name]))
        else:
            new = type(op)(*(go(getattr(op, field.name)) for field in dataclasses.fields(op) if field.init))
        for t in op.results:
            done[t.number] = out = Tensor([go(e) for e in t.shape], t.etype, t.labels, new, t.hint, t.logical)
            new.results.append(out)
    return Function(f.name, [], [Result(done[r.value.number], r.name, r.state) for r in f.results])


def check_text(f: Function, expected: list[np.ndarray], atol: float) -> str:
    """A module that checks the results of a function without arguments."""
    printer = FunctionPrinter(f, locations=False)
    lines = [printer.op(op) for op in f.ops()]
    for k, (r, value) in enumerate(zip(f.results, expected)):
        want = Constant(np.asarray(value))
        want.results.append(Tensor(r.value.shape, r.value.etype, r.value.labels, want, f"expected{k}"))
        lines.append(printer.op(want))
        lines.append(f"    check.expect_close {printer.name(r.value)}, {printer.name(want.result)} "
                     f"{{atol = {atol:.1e} : f64, rtol = 0.0 : f64}} : {tensor_type(r.value)}")
    return "module {\n  func.func @check() {\n" + "\n".join(lines) + "\n    func.return\n  }\n}\n"
