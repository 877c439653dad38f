"""The trained model of test/models/tiny-llama against its goldens, through the numpy evaluator."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from einfall.frontend.causal_lm import import_functions
from families import weights_of
from test_causal_lm import call, empty_states

MODEL = Path(__file__).resolve().parents[2] / "models/tiny-llama"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny():
    functions, metadata = import_functions(str(MODEL), "f32")
    return {f.name: f for f in functions}, metadata, weights_of(MODEL, metadata)


def test_golden_prompts_as_one_batch(tiny):
    """Five prompts of different lengths, padded on the left; then greedy tokens from the cache."""
    functions, metadata, weights = tiny
    cases = json.loads((MODEL / "golden.json").read_text())["cases"]
    logits = load_file(MODEL / "golden.safetensors")
    longest = max(len(c["input_ids"]) for c in cases)
    start = np.array([longest - len(c["input_ids"]) for c in cases])
    ids = np.array([[0] * n + c["input_ids"] for n, c in zip(start, cases)])
    states = empty_states(metadata, len(cases), longest + 4)
    got, states = call(functions["logits"], metadata, ids, start, longest, states, weights)
    for k, n in enumerate(start):
        np.testing.assert_allclose(got[k, n:], logits[f"logits_{k}"], atol=1e-4)
    token = got[:, -1].argmax(-1)
    for step in range(3):
        want = [c["output_ids"][len(c["input_ids"]) + step] for c in cases]
        assert token.tolist() == want
        last, states = call(functions["next"], metadata, token[:, None], start, longest + step + 1, states, weights)
        token = last.argmax(-1)


def test_validation_loss(tiny):
    """A window of 512 tokens against transformers in float64."""
    import torch
    from transformers import AutoModelForCausalLM

    functions, metadata, weights = tiny
    window = np.load(MODEL / "val_ids.npy")[None, 1024:1536].astype(np.int64)
    got = call(functions["nll"], metadata, window, np.zeros(1, int), 512, empty_states(metadata, 1, 512), weights)[0]
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float64)
    with torch.no_grad():
        logits = model(torch.from_numpy(window)).logits[0]
    want = torch.nn.functional.cross_entropy(logits[:-1], torch.from_numpy(window[0, 1:]), reduction="none")
    np.testing.assert_allclose(got[0], want, atol=1e-4)
