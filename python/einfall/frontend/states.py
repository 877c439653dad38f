"""The key/value cache of a transformers model as explicit tensors."""

from __future__ import annotations

import dataclasses

import torch
from transformers.cache_utils import DynamicLayer

from . import etypes as ty
from .errors import FrontendError


@dataclasses.dataclass(frozen=True)
class StateSpec:
    """One state: keys or values of a layer, [batch, heads, slots, size]."""

    name: str
    heads: int
    size: int
    etype: str


class StateLayer(DynamicLayer):
    """A layer of the cache that starts with the given keys and values [b, heads, past, size]; a past of 0 is no case of its own."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor):
        super().__init__()
        self.keys, self.values = keys, values
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True

    def get_seq_length(self) -> int:
        return self.keys.shape[-2]


def probe_states(model: torch.nn.Module) -> list[StateSpec]:
    """The states of a model on the meta device, as one call of it fills its cache."""
    ids = torch.zeros(1, 2, dtype=torch.long, device="meta")
    with torch.no_grad():
        cache = getattr(model(input_ids=ids, use_cache=True), "past_key_values", None)
    layers = getattr(cache, "layers", None)
    if not layers:
        raise FrontendError(f"{type(model).__name__} returns no key/value cache; import it with import_module")
    out = []
    for k, layer in enumerate(layers):
        for name, t in (("k", getattr(layer, "keys", None)), ("v", getattr(layer, "values", None))):
            if t is None or t.dim() != 4:
                raise FrontendError(f"layer {k} of the cache ({type(layer).__name__}) is no key/value pair of rank 4")
            out.append(StateSpec(f"{name}{k}", t.shape[1], t.shape[3], ty.from_torch(t.dtype)))
    return out
