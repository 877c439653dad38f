"""Llama checkpoints as GGUF files, for llama.cpp: the same weights under other names."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from pathlib import Path

from . import models

LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


class NoGguf(ValueError):
    """The checkpoint has something that this writer does not know."""


def name_of(parameter: str) -> str:
    """GGUF's name of a checkpoint's tensor: model.layers.3.mlp.up_proj.weight is blk.3.ffn_up.weight."""
    stem, _, kind = parameter.rpartition(".")
    if kind == "weight" and stem in OUTER:
        return f"{OUTER[stem]}.weight"
    if kind == "weight" and stem.startswith("model.layers."):
        number, _, part = stem.removeprefix("model.layers.").partition(".")
        if part in LAYER:
            return f"blk.{number}.{LAYER[part]}.weight"
    raise NoGguf(f"there is no place for tensor {parameter} in a GGUF file of a Llama model")


def interleave(rows, heads: int):
    """Rows of q or k [heads * size, width] in the order of llama.cpp's rotary embedding, which turns neighbours: row j
    of a head's first half comes before row j of its second."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def rope_factors(config: dict) -> list[float] | None:
    """What each pair's frequency is divided by, one a pair; None where nothing is scaled."""
    rope = config.get("rope_parameters") or {}
    kind = rope.get("rope_type", "default")
    if kind == "default":
        return None
    if kind != "llama3":
        raise NoGguf(f"rotary embeddings of type {kind} are not written")
    size, base = config["head_dim"], rope["rope_theta"]
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    factors = []
    for i in range(0, size, 2):
        turns = rope["original_max_position_embeddings"] / (2 * math.pi * base ** (i / size))
        if turns < low:
            factors.append(factor)
        elif turns > high:
            factors.append(1.0)
        else:
            smooth = (turns - low) / (high - low)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return factors


def path_of(model: str, element: str) -> Path:
    """The GGUF file of a model in the cache folder, matrices in `element` (f32 or bf16); written if it is not there."""
    digest = hashlib.blake2b(Path(__file__).read_bytes(), digest_size=8)
    digest.update(json.dumps([models.configuration(model), models.header(model)], sort_keys=True).encode())
    stem = f"{Path(model).name}-{element}"
    path = models.cache_folder() / "gguf" / f"{stem}-{digest.hexdigest()}.gguf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"{stem}-*.gguf"):
            old.unlink()
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            new = Path(scratch) / path.name
            write(models.checkpoint(model), new, element)
            os.replace(new, path)
    return path


def write(folder: Path, path: Path, element: str) -> None:
    """Writes a Llama checkpoint as GGUF. Raises `NoGguf` where it is something else."""
    import gguf
    import numpy as np
    import torch
    from safetensors import safe_open

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "llama" or config.get("hidden_act") != "silu":
        raise NoGguf(f"{folder.name} is no Llama model")
    writer = gguf.GGUFWriter(str(path), "llama")
    _facts(writer, config)
    if factors := rope_factors(config):
        writer.add_tensor("rope_freqs.weight", np.array(factors, np.float32))
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    for source in sorted(folder.glob("*.safetensors")):
        if source.name == "golden.safetensors":
            continue
        with safe_open(source, framework="pt") as tensors:
            for parameter in tensors.keys():
                name, values = name_of(parameter), tensors.get_tensor(parameter)
                if turned := heads.get(name.split(".")[-2]):
                    values = interleave(values, turned)
                if values.ndim > 1 and element == "bf16":
                    bits = values.to(torch.bfloat16).contiguous().view(torch.uint8).numpy()
                    writer.add_tensor(name, bits, raw_dtype=gguf.GGMLQuantizationType.BF16)
                else:
                    writer.add_tensor(name, values.float().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _facts(writer, config: dict) -> None:
    """What llama.cpp has to know of the model. There is no tokenizer: prompts are ids."""
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
