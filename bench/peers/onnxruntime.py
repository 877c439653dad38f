"""ONNX Runtime on a graph that PyTorch's exporter writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnxruntime
import onnxscript  # noqa: F401  (PyTorch's exporter needs it)
import torch

from harness.cases import MODELS, Case

from . import Unsupported


class Peer:
    def __init__(self, threads: int):
        self.threads = threads
        torch.set_num_threads(threads)

    def versions(self) -> dict:
        return {"onnxruntime": onnxruntime.__version__}

    def open(self, case: Case, copies: int):
        if case.program in MODELS or case.type != "f32":
            raise Unsupported("measured on float32 programs only")
        from harness.programs import Program

        program = Program(case, copies)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            path = str(Path(folder) / "program.onnx")
            torch.onnx.export(program.module, program.inputs, path, dynamo=True, verbose=False)
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feed = {i.name: x.numpy() for i, x in zip(session.get_inputs(), program.inputs)}
        return lambda: session.run(None, feed)

    def close(self) -> None:
        pass
