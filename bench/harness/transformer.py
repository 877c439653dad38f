"""Transformers' own modules with random weights: whole models, and the cascades of a decoder layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import models


def text_model(name: str, tokens: int):
    """A model over token ids, from its file in `bench/models`."""
    config = models.recipe(name)
    return Outputs(model_of(config)), (torch.randint(3, config["vocab_size"], (1, tokens)),)


def image_model(name: str, side: int):
    """A model over a square image of three colours."""
    return Outputs(model_of(models.recipe(name))), (torch.randn(1, 3, side, side),)


def model_of(config: dict):
    import transformers

    architecture = getattr(transformers, config["architectures"][0])
    return architecture(transformers.AutoConfig.for_model(**config)).requires_grad_(False)


class Outputs(torch.nn.Module):
    """A model's tensors without their names."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return tuple(t for t in self.model(x).to_tuple() if isinstance(t, torch.Tensor))


class NormQkvRope(torch.nn.Module):
    """What comes before attention: the norm, q, k and v by heads, q and k rotated."""

    def __init__(self, width: int, heads: int, kv_heads: int, size: int):
        from transformers.models.llama import modeling_llama as llama

        super().__init__()
        self.size, self.rotate, self.norm = size, llama.apply_rotary_pos_emb, llama.LlamaRMSNorm(width)
        self.q, self.k, self.v = (torch.nn.Linear(width, n * size, bias=False) for n in (heads, kv_heads, kv_heads))

    def forward(self, x, cos, sin):
        x = self.norm(x)
        q, k, v = (p(x).unflatten(-1, (-1, self.size)).transpose(1, 2) for p in (self.q, self.k, self.v))
        return *self.rotate(q, k, cos, sin), v


class NormSwiglu(torch.nn.Module):
    """What comes after attention: the residual, the norm and the gated feed-forward part."""

    def __init__(self, width: int, inner: int):
        from transformers import LlamaConfig
        from transformers.models.llama import modeling_llama as llama

        super().__init__()
        self.norm = llama.LlamaRMSNorm(width)
        self.mlp = llama.LlamaMLP(LlamaConfig(hidden_size=width, intermediate_size=inner))

    def forward(self, x, residual):
        x = x + residual
        return x + self.mlp(self.norm(x))


class HeadLoss(torch.nn.Module):
    """The head of a language model and the mean cross-entropy over its vocabulary."""

    def __init__(self, width: int, vocabulary: int):
        super().__init__()
        self.head = torch.nn.Linear(width, vocabulary, bias=False)

    def forward(self, x, target):
        return (F.cross_entropy(self.head(x).float(), target),)
