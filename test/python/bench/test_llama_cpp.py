"""llama.cpp as a peer: what its file holds, and where it is installed that it computes the same model."""

import json
import subprocess
import sys

import numpy as np
import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from harness import cases, gguf_files, setup, team  # noqa: E402

MODEL = "test/models/tiny-llama"


def test_every_tensor_of_a_checkpoint_has_a_name():
    assert gguf_files.name_of("model.embed_tokens.weight") == "token_embd.weight"
    assert gguf_files.name_of("model.layers.12.self_attn.k_proj.weight") == "blk.12.attn_k.weight"
    for odd in ("model.layers.0.self_attn.q_proj.bias", "model.layers.0.mlp.router.weight", "model.embed_tokens", "x"):
        with pytest.raises(gguf_files.NoGguf, match="no place for tensor"):
            gguf_files.name_of(odd)


@pytest.mark.parametrize("heads, size, width", [(1, 2, 3), (3, 8, 5), (4, 64, 7)])
def test_turning_neighbours_is_turning_halves(heads, size, width):
    """Scores are the same: of halves as the checkpoint has them, and of neighbours after the exchange of rows."""
    rng = np.random.default_rng(size)
    q, k = rng.normal(size=(2, heads * size, width))
    x, y = rng.normal(size=(2, width))
    angles = rng.uniform(0, 7, (2, size // 2))

    def halves(rows, a):
        rows = rows.reshape(heads, 2, size // 2)
        return np.stack([rows[:, 0] * np.cos(a) - rows[:, 1] * np.sin(a), rows[:, 1] * np.cos(a) + rows[:, 0] * np.sin(a)], 1)

    def neighbours(rows, a):
        rows = rows.reshape(heads, size // 2, 2)
        return np.stack([rows[..., 0] * np.cos(a) - rows[..., 1] * np.sin(a),
                         rows[..., 1] * np.cos(a) + rows[..., 0] * np.sin(a)], -1)

    want = (halves(q @ x, angles[0]) * halves(k @ y, angles[1])).reshape(heads, -1).sum(1)
    moved = [gguf_files.interleave(w, heads) for w in (q, k)]
    got = (neighbours(moved[0] @ x, angles[0]) * neighbours(moved[1] @ y, angles[1])).reshape(heads, -1).sum(1)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_frequencies_are_those_of_transformers():
    from transformers import AutoConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    config = json.loads((ROOT / "bench" / "models" / "llama-3.2-1b-shape.json").read_text())
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](AutoConfig.for_model(**config), "cpu")
    size, base = config["head_dim"], config["rope_parameters"]["rope_theta"]
    plain = np.array([base ** (-i / size) for i in range(0, size, 2)])
    np.testing.assert_allclose(plain / gguf_files.rope_factors(config), scaled.double().numpy(), rtol=1e-5)
    assert gguf_files.rope_factors({"rope_parameters": {"rope_type": "default"}}) is None
    with pytest.raises(gguf_files.NoGguf, match="type yarn"):
        gguf_files.rope_factors({"rope_parameters": {"rope_type": "yarn"}})


@pytest.mark.parametrize("program, sizes", [("logits", {"prompt": 17}), ("decode", {"prompt": 5, "new": 4}), ("prefill", {"prompt": 33})])
@pytest.mark.parametrize("element", ["f32", "bf16"])
def test_the_same_model(program, sizes, element, tmp_path, monkeypatch):
    known = subprocess.run([setup.python(), "-c", "import llama_cpp, gguf"], capture_output=True)
    if known.returncode:
        pytest.skip("NOT RUN: llama.cpp is not installed (./dev bench --setup)")
    monkeypatch.setenv("EINFALL_BENCH_CACHE", str(tmp_path))
    case = cases.Case("models", program, element, sizes, model=MODEL)
    answers = []
    with open(tmp_path / "log", "w") as log:
        for name in ("torch", "llama_cpp"):
            worker = team.Worker(name, 1, log, python=setup.python())
            answers.append(worker.ask("open", case=case.asdict(), copies=1))
            measured = worker.ask("measure", seconds=0.01)
            worker.stop()
            assert measured["seconds"] > 0 and measured["calls"] == sizes.get("new", 2) - 1, measured
    want, got = (a["samples"] for a in answers)
    assert not team.agrees(got, want, element)
