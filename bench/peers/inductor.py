"""PyTorch Inductor with frozen weights, which it packs."""

from __future__ import annotations

import torch

from harness.cases import MODELS, Case

from . import Unsupported


class Peer:
    def __init__(self, threads: int):
        import torch._inductor.config as config

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        config.freezing = True

    def versions(self) -> dict:
        return {"torch": torch.__version__}

    def open(self, case: Case, copies: int):
        if case.program in MODELS:
            raise Unsupported("generation is measured against eager only")
        from harness.programs import Program

        program = Program(case, copies)
        compiled = torch.compile(program.module, dynamic=False)
        return lambda: compiled(*program.inputs)

    def close(self) -> None:
        torch._dynamo.reset()
