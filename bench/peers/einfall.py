"""Einfall, called from Python with torch tensors that are used where they lie."""

from __future__ import annotations

import einfall as package
from einfall import runtime, toolchain
from harness.cases import GROWN, MODELS, Case

from . import Unsupported


def from_text(text: str, program):
    """Calls of each instance on the module's weights; bytes have no sign where they lie."""
    entry = package.compile(text).f
    (x,), weights = program.inputs, list(program.module.buffers())
    x = x.view(weights[0].dtype)
    return lambda: tuple(entry(x, w) for w in weights)


class Peer:
    def __init__(self, threads: int):
        runtime.set_num_threads(threads)
        self.threads = threads

    def versions(self) -> dict:
        return {"einfall": f"{package.__version__} (compiler {toolchain.compiler_build_id()[:8]})"}

    def open(self, case: Case, copies: int):
        if case.program in MODELS:
            from .einfall_model import open_model

            return open_model(case, self.threads)
        if case.program in GROWN:
            from .einfall_model import Grown

            return Grown(case)
        from harness.programs import Program

        program = Program(case, copies)
        if text := program.text():
            return from_text(text, program)
        try:
            compiled = package.compile(program.module, args=program.example(), dynamic_shapes=program.dynamic_shapes())
        except package.EinfallError as e:
            raise Unsupported(str(e)) from e

        def call():
            out = compiled(*program.inputs)
            return out if isinstance(out, tuple) else (out,)

        return call

    def close(self) -> None:
        pass
