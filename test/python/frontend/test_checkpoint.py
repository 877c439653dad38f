"""Checkpoints: stored types, shards, tied weights, and what is wrong with them."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import families
from einfall.frontend import CheckpointError, FrontendError, import_causal_lm
from einfall.frontend.causal_lm import import_functions
from einfall.frontend.printer import module_text
from families import weights_of
from test_causal_lm import call, empty_states

ROOT = Path(__file__).resolve().parents[3]
OPT = ROOT / "build/dev/bin/einfall-opt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("llama")
    families.make("llama", torch.bfloat16).save_pretrained(out)
    return out


@pytest.fixture
def copy(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "model"))


@pytest.mark.parametrize("dtype,act,tol", [
    pytest.param("auto", "bf16", 3e-2, marks=pytest.mark.slow), ("f32", "f32", 1e-4),
    pytest.param("f16", "f16", 1e-2, marks=pytest.mark.slow)])
def test_types(folder, dtype, act, tol):
    """Weights stay bf16; activations, cache and arithmetic follow `dtype`; logits are f32."""
    functions, metadata = import_functions(str(folder), dtype)
    f = functions[0]
    assert metadata["dtype"] == act
    assert {a.result.etype for a in f.args if a.kind == "weight"} == {"bf16"}
    assert {a.result.etype for a in f.args if a.kind == "state"} == {act}
    assert f.results[0].value.etype == "f32"
    ids = np.random.default_rng(0).integers(0, 97, [2, 12])
    got, _ = call(f, metadata, ids, np.array([0, 4]), 12, empty_states(metadata, 2, 12), weights_of(folder, metadata), "declared")
    model = families.make("llama", torch.bfloat16)
    for i, want in enumerate(families.reference(model, [list(ids[0]), list(ids[1, 4:])])):
        np.testing.assert_allclose(got[i, [0, 4][i]:], want, atol=tol * want.abs().max().item())


@pytest.mark.slow
def test_shards(folder, copy):
    whole = load_file(copy / "model.safetensors")
    names = sorted(whole)
    parts = {"a.safetensors": names[:7], "b.safetensors": names[7:]}
    for file, own in parts.items():
        save_file({n: whole[n] for n in own}, copy / file)
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {n: f for f, own in parts.items() for n in own}}))
    text, metadata = import_causal_lm(str(copy))
    assert text == import_causal_lm(str(folder))[0]
    entry = metadata["weights"][names[0]]
    with open(entry["file"], "rb") as f:
        f.seek(entry["begin"])
        data = f.read(entry["size"])
    assert data == whole[names[0]].view(torch.int16).numpy().tobytes()
    (copy / "b.safetensors").unlink()
    with pytest.raises(CheckpointError, match="b.safetensors cannot be read"):
        import_causal_lm(str(copy))


def rewrite(path: Path, change) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_missing_weight(copy):
    rewrite(copy / "model.safetensors", lambda t: t.pop("model.layers.1.mlp.up_proj.weight"))
    with pytest.raises(CheckpointError, match=r"missing: model\.layers\.1\.mlp\.up_proj\.weight \[96, 64\]"):
        import_causal_lm(str(copy))


def test_misshapen_weight(copy):
    rewrite(copy / "model.safetensors", lambda t: t.update({"model.norm.weight": torch.zeros(63)}))
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight in .*: expected shape \[64\], but got \[63\]"):
        import_causal_lm(str(copy))


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_cut_short(copy, keep):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="cut short|not a safetensors"):
        import_causal_lm(str(copy))


def test_damaged_header(copy):
    path = copy / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 4) + b"{]}}" + path.read_bytes()[12:])
    with pytest.raises(CheckpointError, match="header is damaged"):
        import_causal_lm(str(copy))


def test_bad_folders(tmp_path, copy):
    with pytest.raises(CheckpointError, match="config.json does not exist"):
        import_causal_lm(str(tmp_path))
    (copy / "config.json").write_text('{"model_type": "no such"}')
    with pytest.raises(CheckpointError, match="config.json: model_type 'no such' is none that transformers .* knows"):
        import_causal_lm(str(copy))
    with pytest.raises(FrontendError, match='dtype must be "auto"'):
        import_causal_lm(str(ROOT / "test/models/tiny-llama"), "int4")


def test_base_model_names(tmp_path):
    """Checkpoints of a base model lack the prefix that the language model gives its names."""
    families.make("gpt2").save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = {n.removeprefix("transformer."): t for n, t in load_file(path).items()}
    save_file(tensors, path)
    text, metadata = import_causal_lm(str(tmp_path))
    assert 'ein.weight = "h.0.attn.c_attn.weight"' in text and "wte.weight" in metadata["weights"]


@pytest.mark.slow
def test_tied_weights(tmp_path):
    families.make("llama_tied").save_pretrained(tmp_path)
    text, metadata = import_causal_lm(str(tmp_path))
    assert "lm_head.weight" not in text and text.count('"model.embed_tokens.weight"') == 4
    assert metadata["unused_weights"] == []


@pytest.mark.skipif(not OPT.exists(), reason="einfall-opt is not built")
@pytest.mark.parametrize("name", families.params())
def test_text_verifies(tmp_path, name):
    """The text parses, and what the tool prints parses to the same."""
    (tmp_path / "m.mlir").write_text(module_text(list(families.imported(name).functions.values())))
    once = subprocess.run([OPT, tmp_path / "m.mlir"], capture_output=True, text=True)
    assert once.returncode == 0, once.stderr[:2000]
    twice = subprocess.run([OPT, "-"], input=once.stdout, capture_output=True, text=True)
    assert twice.stdout == once.stdout


def test_errors_need_no_torch():
    code = "import einfall.frontend, sys; einfall.frontend.UnsupportedOpError; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT / "python").returncode == 0
