"""OpenVINO, converted from the PyTorch module, in the type of the case."""

from __future__ import annotations

import openvino
import torch

from harness.cases import MODELS, Case

from . import Unsupported

PRECISION = {"f32": "f32", "bf16": "bf16"}


class Peer:
    def __init__(self, threads: int):
        self.threads = threads
        self.core = openvino.Core()

    def versions(self) -> dict:
        return {"openvino": openvino.get_version()}

    def open(self, case: Case, copies: int):
        if case.program in MODELS or case.type not in PRECISION:
            raise Unsupported("measured on float32 and bfloat16 programs only")
        from harness.programs import Program

        # Its own types come from a hint; inputs and outputs stay float32.
        program = Program(case, copies)
        inputs = tuple(x.float() for x in program.inputs)
        with torch.no_grad():
            model = openvino.convert_model(program.module.float(), example_input=inputs if len(inputs) > 1 else inputs[0],
                                           input=[tuple(x.shape) for x in inputs])
        compiled = self.core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": PRECISION[case.type],
                                                          "INFERENCE_NUM_THREADS": self.threads, "NUM_STREAMS": 1})
        request = compiled.create_infer_request()
        arrays = [x.numpy() for x in inputs]

        def call():
            result = request.infer(arrays, share_inputs=True, share_outputs=True)
            return [result[k] for k in range(len(compiled.outputs))]

        return call

    def close(self) -> None:
        pass
