"""Language models in llama.cpp, through its C interface: weights in the case's type, from a GGUF of the checkpoint."""

from __future__ import annotations

import ctypes
import importlib.metadata
import time

import llama_cpp
import numpy as np

from harness import gguf_files, models
from harness.cases import MODELS, Case

from . import Unsupported

#: ggml's numbers of types, for the cache of keys and values.
CACHE = {"f32": 0, "bf16": 30}


class Model:
    """A model with a context for one row: the prompt at once, then token by token, the best one each time."""

    def __init__(self, case: Case, threads: int):
        self.case, self.ids = case, models.prompt_ids(case.model, case.sizes["prompt"])[0].astype(np.int32)
        try:
            path = gguf_files.path_of(case.model, case.type)
        except gguf_files.NoGguf as e:
            raise Unsupported(str(e)) from e
        self.model = self.context = None
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise RuntimeError(f"llama.cpp refused {path}")
        length = len(self.ids) + case.sizes.get("new", 1)
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = length
        options.n_batch = options.n_ubatch = len(self.ids)
        options.n_threads = options.n_threads_batch = threads
        options.type_k = options.type_v = CACHE[case.type]
        options.no_perf = True
        if hasattr(options, "n_outputs_max"):
            options.n_outputs_max = len(self.ids)
        self.context = llama_cpp.llama_init_from_model(self.model, options)
        if not self.context:
            raise RuntimeError("llama.cpp made no context")
        self.vocabulary = models.configuration(case.model)["vocab_size"]
        self.prompt = self._batch(self.ids, everywhere=case.program == "logits")
        self.one = self._batch(self.ids[:1], everywhere=True)

    def _batch(self, ids, everywhere: bool):
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = int(token), i, 1, 0
            batch.logits[i] = everywhere or i + 1 == len(ids)
        return batch

    def _decode(self, batch) -> None:
        if status := llama_cpp.llama_decode(self.context, batch):
            raise RuntimeError(f"llama_decode returned {status}")

    def _logits(self, at: int):
        """Logits of one position of the batch, where llama.cpp has them. Waits for them."""
        row = llama_cpp.llama_get_logits_ith(self.context, at)
        return np.ctypeslib.as_array(ctypes.cast(row, ctypes.POINTER(ctypes.c_float)), (self.vocabulary,))

    def _read_prompt(self):
        """Logits of the last position."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), False)
        self._decode(self.prompt)
        return self._logits(len(self.ids) - 1)

    def __call__(self):
        last = self._read_prompt()
        if self.case.program != "logits":
            return [last[None].copy()]
        return [np.stack([self._logits(i) for i in range(len(self.ids))])[None]]

    def measure(self) -> dict:
        begin = time.perf_counter()
        logits = self._read_prompt()
        if self.case.program != "decode":
            return {"seconds": time.perf_counter() - begin, "calls": 1}
        steps = self.case.sizes["new"] - 1
        begin = time.perf_counter()
        for step in range(steps):
            self.one.token[0], self.one.pos[0] = int(logits.argmax()), len(self.ids) + step
            self._decode(self.one)
            logits = self._logits(0)
        return {"seconds": (time.perf_counter() - begin) / steps, "calls": steps}

    def close(self) -> None:
        if self.context:
            for batch in (self.prompt, self.one):
                llama_cpp.llama_batch_free(batch)
            llama_cpp.llama_free(self.context)
        if self.model:
            llama_cpp.llama_model_free(self.model)
        self.model = self.context = None


class Peer:
    def __init__(self, threads: int):
        self.threads, self.model = threads, None
        llama_cpp.llama_backend_init()

    def versions(self) -> dict:
        return {"llama.cpp": f"of llama-cpp-python {importlib.metadata.version('llama-cpp-python')}"}

    def open(self, case: Case, copies: int):
        if case.program not in MODELS or case.type not in CACHE:
            raise Unsupported("measured on language models in float32 and bfloat16 only")
        self.model = Model(case, self.threads)
        return self.model

    def close(self) -> None:
        if self.model:
            self.model.close()
            self.model = None
