"""numpy with OpenBLAS."""

from __future__ import annotations

import numpy

from harness.cases import Case

from . import Unsupported


class Peer:
    def __init__(self, threads: int):
        pass

    def versions(self) -> dict:
        blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return {"numpy": numpy.__version__, blas["name"]: blas["version"]}

    def open(self, case: Case, copies: int):
        if case.type != "f32" or case.program not in ("linear", "matmul", "batched"):
            raise Unsupported("numpy has a fast path for contractions in float32 only")
        from harness.programs import Program

        program = Program(case, copies)
        inputs = [x.numpy() for x in program.inputs]
        if case.program == "linear":
            weights = [w.detach().numpy().T for w in program.module.weights]
            return lambda: [inputs[0] @ w for w in weights]
        pairs = [(x, y if case.program == "matmul" else y.swapaxes(1, 2)) for x, y in zip(inputs[::2], inputs[1::2])]
        return lambda: [x @ y for x, y in pairs]

    def close(self) -> None:
        pass
