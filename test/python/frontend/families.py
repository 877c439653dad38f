"""Small random models of the supported families, and what transformers computes with them in float64."""

from __future__ import annotations

import copy
import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as T

_COMMON = dict(vocab_size=97, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
               num_key_value_heads=2, max_position_embeddings=128, pad_token_id=None, bos_token_id=1, eos_token_id=2)


def _rope(kind: str, **more) -> dict:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 10000.0, "factor": 4.0, **more}}


CONFIGS = {
    "llama": lambda: T.LlamaConfig(**_COMMON, attention_bias=True),
    "llama_tied": lambda: T.LlamaConfig(**_COMMON, tie_word_embeddings=True, head_dim=24),
    "llama3_rope": lambda: T.LlamaConfig(**_COMMON, **_rope("llama3", low_freq_factor=1.0, high_freq_factor=4.0,
                                                           original_max_position_embeddings=16)),
    "linear_rope": lambda: T.LlamaConfig(**_COMMON, **_rope("linear")),
    "yarn_rope": lambda: T.LlamaConfig(**_COMMON, **_rope("yarn", original_max_position_embeddings=32)),
    "longrope": lambda: T.Phi3Config(**{**_COMMON, "pad_token_id": 0}, original_max_position_embeddings=16, rope_parameters={
        "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1] * 4, "long_factor": [1.5, 2.0] * 4,
        "original_max_position_embeddings": 16}),
    "mistral": lambda: T.MistralConfig(**_COMMON, sliding_window=8),
    "qwen2": lambda: T.Qwen2Config(**_COMMON),
    "qwen3": lambda: T.Qwen3Config(**_COMMON, head_dim=16),
    "gemma2": lambda: T.Gemma2Config(**_COMMON, head_dim=16, sliding_window=8, query_pre_attn_scalar=16,
                                     final_logit_softcapping=3.0, attn_logit_softcapping=2.0),
    "gemma3": lambda: T.Gemma3TextConfig(**{**_COMMON, "num_hidden_layers": 6}, head_dim=16, sliding_window=8,
                                         query_pre_attn_scalar=16),
    "phi3": lambda: T.Phi3Config(**{**_COMMON, "pad_token_id": 0}, partial_rotary_factor=0.5),
    "olmo2": lambda: T.Olmo2Config(**_COMMON),
    "gpt_neox": lambda: T.GPTNeoXConfig(**{k: v for k, v in _COMMON.items() if k != "num_key_value_heads"}),
    "mixtral": lambda: T.MixtralConfig(**_COMMON, num_local_experts=4, num_experts_per_tok=2),
    "qwen2_moe": lambda: T.Qwen2MoeConfig(**_COMMON, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32,
                                          shared_expert_intermediate_size=48),
    "gpt_oss": lambda: T.GptOssConfig(**{**_COMMON, "num_local_experts": 4}, num_experts_per_tok=2, head_dim=16, sliding_window=8),
    "opt": lambda: T.OPTConfig(**{k: v for k, v in _COMMON.items() if k not in ("num_key_value_heads", "intermediate_size")} | {"max_position_embeddings": 1024},
                               ffn_dim=96, word_embed_proj_dim=64),
    "gpt_neo": lambda: T.GPTNeoConfig(vocab_size=97, hidden_size=64, num_layers=2, num_heads=4, window_size=8,
                                      attention_types=[[["global", "local"], 1]], max_position_embeddings=1024, bos_token_id=1, eos_token_id=2),
    # Neighbours are rotated, of a part of each head.
    "gptj": lambda: T.GPTJConfig(vocab_size=97, n_embd=64, n_layer=2, n_head=4, rotary_dim=8, n_positions=1024, bos_token_id=1,
                                 eos_token_id=2),
    "falcon": lambda: T.FalconConfig(vocab_size=97, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, bos_token_id=1,
                                     eos_token_id=2),
    "gpt2": lambda: T.GPT2Config(vocab_size=97, n_embd=64, n_layer=2, n_head=4, n_positions=1024, bos_token_id=1, eos_token_id=2),
    # Products of batch and heads in one rank, and coordinates times slopes beside the scores.
    "bloom": lambda: T.BloomConfig(vocab_size=97, hidden_size=64, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2),
    "cohere": lambda: T.CohereConfig(**_COMMON),
    # Biases, and a rotation of a part of each head; attention and feed-forward read the same norm.
    "phi": lambda: T.PhiConfig(**_COMMON, partial_rotary_factor=0.5),
    "stablelm": lambda: T.StableLmConfig(**_COMMON, partial_rotary_factor=0.25, use_parallel_residual=True, qk_layernorm=True),
    # Keys and values come of one narrow vector, keys are wider than values; experts are chosen in groups.
    "deepseek_v3": lambda: T.DeepseekV3Config(**{**_COMMON, "num_key_value_heads": 4}, q_lora_rank=24, kv_lora_rank=16,
                                              qk_rope_head_dim=8, qk_nope_head_dim=16, v_head_dim=12, n_routed_experts=8, n_group=4,
                                              topk_group=2, num_experts_per_tok=2, moe_intermediate_size=32, first_k_dense_replace=1),
}

#: what `./dev test --quick` runs
QUICK = ("llama", "gpt2", "mixtral")


def params(names=None) -> list:
    """Families as pytest parameters; those that the quick run leaves out are marked."""
    return [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in names or CONFIGS]


def make(name: str, dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    """A random model with weights large enough that logits differ; deterministic."""
    torch.manual_seed(sum(map(ord, name)))
    # Experts as the library writes them out: its fast ways have no float64.
    model = T.AutoModelForCausalLM.from_config(CONFIGS[name](), experts_implementation="eager").eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * (0.2 if p.dim() > 1 else 0.1) + (1.0 if p.dim() == 1 and p.mean() > 0.5 else 0.0))
            p.data = p.data.to(dtype)  # buffers keep their type, as from_pretrained does it
    return model


def reference(model: torch.nn.Module, rows: list[list[int]]) -> list[torch.Tensor]:
    """Logits [length, V] in float64 of each row on its own, without cache, padding or mask.

    Buffers such as rotary frequencies keep their values.
    """
    exact = copy.deepcopy(model).double()
    with torch.no_grad():
        return [exact(input_ids=torch.tensor([row]), use_cache=False).logits[0] for row in rows]


def cached_reference(model: torch.nn.Module, ids: np.ndarray, start: np.ndarray, pieces: list[int]) -> list[np.ndarray]:
    """Logits in float64 of the last piece, as transformers computes them with its cache: the rows in one batch, padded
    on the left up to `start`, `pieces` tokens a call. A row's padding is left out."""
    exact = copy.deepcopy(model).double()
    position = np.maximum(np.arange(ids.shape[1]) - start[:, None], 0)
    mask = torch.from_numpy((np.arange(ids.shape[1]) >= start[:, None]).astype(np.int64))
    cache, t = T.DynamicCache(config=model.config), 0
    for s in pieces:
        with torch.no_grad():
            logits = exact(input_ids=torch.from_numpy(ids[:, t:t + s]), attention_mask=mask[:, :t + s], past_key_values=cache,
                           position_ids=torch.from_numpy(position[:, t:t + s]), use_cache=True).logits
        t += s
    return [logits[i, max(first - (t - s), 0):].numpy() for i, first in enumerate(start)]


@dataclasses.dataclass
class Imported:
    """A family imported from a folder that `save_pretrained` wrote."""

    model: torch.nn.Module
    folder: Path
    functions: dict
    metadata: dict
    weights: dict[str, np.ndarray]


_folders: list[tempfile.TemporaryDirectory] = []


@functools.cache
def imported(name: str) -> Imported:
    """The family in float32, once a test process."""
    from einfall.frontend.causal_lm import import_functions

    _folders.append(tempfile.TemporaryDirectory())
    folder = Path(_folders[-1].name)
    model = make(name)
    model.save_pretrained(folder)
    functions, metadata = import_functions(str(folder))
    return Imported(model, folder, {f.name: f for f in functions}, metadata, weights_of(folder, metadata))


def weights_of(folder: Path, metadata: dict) -> dict[str, np.ndarray]:
    """All tensors of a folder's safetensors files, and those that the import makes of them; bf16 as float32."""
    from einfall.frontend.naming import write_made
    from safetensors.torch import load_file

    out = {}
    with tempfile.TemporaryDirectory() as scratch:
        write_made(metadata["made_weights"], scratch)
        files = [*sorted(folder.glob("model*.safetensors")), *Path(scratch).iterdir()]
        tensors = [load_file(file) for file in files]
    for one in tensors:
        out |= {n: t.float().numpy() if t.is_floating_point() else t.numpy() for n, t in one.items()}
    return out
