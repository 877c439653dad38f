"""Checkpoints for the model cases: a folder of the repository, or one made from a configuration in `bench/models`.

A made checkpoint has random weights; it lies in the cache folder and is not part of the repository.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATIONS = ROOT / "bench" / "models"


def cache_folder() -> Path:
    if own := os.environ.get("EINFALL_BENCH_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "einfall-bench"


def recipe(model: str) -> dict:
    """The configuration of a model of `bench/models`, from which its modules or a checkpoint are made; `NAME@8` is NAME with
    eight layers."""
    name, _, layers = model.partition("@")
    found = json.loads((CONFIGURATIONS / f"{name}.json").read_text(encoding="utf-8"))
    return found | {"num_hidden_layers": int(layers)} if layers else found


def checkpoint(model: str) -> Path:
    """The folder of a checkpoint; made when it is not there. `model` is a path of the repository or a configuration."""
    if (ROOT / model / "config.json").exists():
        return ROOT / model
    source = CONFIGURATIONS / f"{model.partition('@')[0]}.json"
    if not source.exists():
        raise FileNotFoundError(f"there is neither a checkpoint {model} nor {source.relative_to(ROOT)}")
    folder = cache_folder() / model
    wanted = recipe(model)
    stamp = folder / "source.json"
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == wanted:
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _make(wanted, Path(scratch) / model)
        (Path(scratch) / model / "source.json").write_text(json.dumps(wanted), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(Path(scratch) / model, folder)
    return folder


def _make(configuration: dict, folder: Path) -> None:
    """Normal random weights of the configuration's type, as transformers saves a model."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(**configuration)
    torch.manual_seed(0)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, configuration["dtype"]))
    # Buffers stay unset: a checkpoint does not hold them.
    model.to_empty(device="cpu")
    model.tie_weights()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0) if name.endswith("norm.weight") else parameter.normal_(0, config.initializer_range)
    model.save_pretrained(folder)


def header(model: str) -> dict[str, dict]:
    """The tensors of a checkpoint as its files describe them."""
    tensors = {}
    for path in sorted(checkpoint(model).glob("*.safetensors")):
        if path.name == "golden.safetensors":
            continue
        with open(path, "rb") as f:
            size = int.from_bytes(f.read(8), "little")
            tensors |= {k: v for k, v in json.loads(f.read(size)).items() if k != "__metadata__"}
    return tensors


def configuration(model: str) -> dict:
    return json.loads((checkpoint(model) / "config.json").read_text(encoding="utf-8"))


def _matrices(model: str) -> list[dict]:
    """The tensors that every token is multiplied by: an embedding only where it is the head too."""
    tied = configuration(model).get("tie_word_embeddings", False)
    return [t for name, t in header(model).items() if len(t["shape"]) == 2 and ("embed" not in name or tied)]


def weight_bytes(model: str) -> int:
    """Bytes that a decode step has to read."""
    return sum(t["data_offsets"][1] - t["data_offsets"][0] for t in _matrices(model))


def flops(model: str, tokens: int, heads_for: int) -> float:
    """Operations for a prompt of `tokens` whose head is computed for `heads_for` positions; attention is causal."""
    config = configuration(model)
    vocabulary = config["vocab_size"]
    head = [t for t in _matrices(model) if t["shape"][0] == vocabulary]
    body = [t for t in _matrices(model) if t["shape"][0] != vocabulary]
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    attention = _causal(config, size, tokens)
    count = lambda tensors: sum(t["shape"][0] * t["shape"][1] for t in tensors)  # noqa: E731
    return 2.0 * tokens * count(body) + 2.0 * heads_for * count(head) + attention


def grown_flops(model: str, tokens: int, length: int) -> float:
    """Operations for the last `tokens` positions of a row of `length`, with their logits."""
    config = configuration(model)
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    seen = tokens * length - tokens * (tokens - 1) / 2
    attention = 4.0 * seen * config["num_attention_heads"] * size * config["num_hidden_layers"]
    return flops(model, tokens, tokens) - _causal(config, size, tokens) + attention


def _causal(config: dict, size: int, tokens: int) -> float:
    return 2.0 * tokens**2 * config["num_attention_heads"] * size * config["num_hidden_layers"]


def cached_bytes(model: str, width: int) -> float:
    """Bytes of keys and values of one position."""
    config = configuration(model)
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return 2.0 * config["num_hidden_layers"] * config["num_key_value_heads"] * size * width


def prompt_ids(model: str, length: int):
    """Random tokens [1, length], the same for every peer; the first three ids are left to special tokens."""
    import numpy as np

    return np.random.default_rng(7).integers(3, configuration(model)["vocab_size"], (1, length), dtype=np.int64)


def encoder_work(model: str, tokens: int) -> tuple[float, float]:
    """Multiplications and additions, and weights that are read, of one pass over `tokens`: products and attention of the
    layers, the head of a language model, the patches of an image."""
    config = recipe(model)
    width, vocabulary = config["hidden_size"], config.get("vocab_size", 0)
    causal = "LMHead" in config["architectures"][0]
    weights = config["num_hidden_layers"] * width * (4 * width + 2 * config["intermediate_size"])
    weights += width * vocabulary if causal else 0
    if "patch_size" in config:
        weights += width * 3 * config["patch_size"] ** 2
    attention = 4.0 * tokens**2 * width * config["num_hidden_layers"]
    return 2.0 * tokens * weights + attention * (0.5 if causal else 1), float(weights)
