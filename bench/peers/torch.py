"""PyTorch, eager."""

from __future__ import annotations

import torch

from harness.cases import MODELS, Case


class Peer:
    def __init__(self, threads: int):
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)

    def versions(self) -> dict:
        return {"torch": torch.__version__}

    def open(self, case: Case, copies: int):
        if case.program in MODELS:
            from .torch_model import open_model

            return open_model(case)
        from harness.programs import Program

        program = Program(case, copies)
        return lambda: program.module(*program.inputs)

    def close(self) -> None:
        pass
