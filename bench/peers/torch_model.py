"""Language models in transformers, eager."""

from __future__ import annotations

import time

import torch
from transformers import AutoModelForCausalLM
from transformers.generation.streamers import BaseStreamer

from harness import models
from harness.cases import Case
from harness.programs import DTYPES


class Clock(BaseStreamer):
    """When each token came; the first call is the prompt."""

    def __init__(self):
        self.times = []

    def put(self, value):
        self.times.append(time.perf_counter())

    def end(self):
        pass


class Model:
    def __init__(self, case: Case):
        self.case, self.ids = case, torch.from_numpy(models.prompt_ids(case.model, case.sizes["prompt"]))
        self.model = AutoModelForCausalLM.from_pretrained(models.checkpoint(case.model), dtype=DTYPES[case.type]).eval()
        self.keep = 0 if case.program == "logits" else 1

    def __call__(self):
        logits = self.model(input_ids=self.ids, logits_to_keep=self.keep, use_cache=True).logits
        return [logits.float() if self.case.program == "logits" else logits[:, -1].float()]

    def measure(self) -> dict:
        if self.case.program != "decode":
            begin = time.perf_counter()
            self.model(input_ids=self.ids, logits_to_keep=self.keep, use_cache=True)
            return {"seconds": time.perf_counter() - begin, "calls": 1}
        clock, new = Clock(), self.case.sizes["new"]
        self.model.generate(input_ids=self.ids, attention_mask=torch.ones_like(self.ids), max_new_tokens=new,
                            min_new_tokens=new, do_sample=False, use_cache=True, pad_token_id=0, streamer=clock)
        first, last = clock.times[1], clock.times[-1]
        return {"seconds": (last - first) / (len(clock.times) - 2), "calls": len(clock.times) - 2}


def open_model(case: Case) -> Model:
    return Model(case)
