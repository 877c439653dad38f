"""What a transformers model holds beside its weights: the key/value cache, and buffers that no checkpoint has."""

from __future__ import annotations

import contextlib
import copy
import dataclasses

import torch
from transformers.cache_utils import DynamicLayer

from . import etypes as ty
from .errors import FrontendError, one_line, source_of


@dataclasses.dataclass(frozen=True)
class StateSpec:
    """One state: keys or values of a layer, [batch, heads, slots, size]."""

    name: str
    heads: int
    size: int
    etype: str


class StateLayer(DynamicLayer):
    """A layer of the cache that starts with given keys and values [b, heads, past, size]; an empty past is no case of its own."""

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
    try:
        with torch.no_grad():
            cache = getattr(model(input_ids=ids, use_cache=True), "past_key_values", None)
    except Exception as e:
        raise FrontendError(f"{type(model).__name__} cannot be traced without its weights{source_of(e)}: {one_line(e)}; what a tensor "
                            "holds is not known there: compute it from sizes, or import a part with einfall.compile(module, args=…)") from e
    layers = getattr(cache, "layers", None)
    if not layers:
        raise FrontendError(f"{type(model).__name__} returns no key/value cache; import it with einfall.compile(module, args=…)")
    out = []
    for k, layer in enumerate(layers):
        for name, t in (("k", getattr(layer, "keys", None)), ("v", getattr(layer, "values", None))):
            if t is None or t.dim() != 4:
                raise FrontendError(f"layer {k} of the cache ({type(layer).__name__}) is no key/value pair of rank 4")
            out.append(StateSpec(f"{name}{k}", t.shape[1], t.shape[3], ty.from_torch(t.dtype)))
    return out


def buffer_values(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Values of the buffers that no checkpoint holds (rotary frequencies, embedding scales), as the library sets them."""
    values: dict[str, torch.Tensor] = {}
    for prefix, module in model.named_modules():
        own = [n for n in module._non_persistent_buffers_set if module._buffers.get(n) is not None]
        if not own:
            continue
        meta = {n: module._buffers[n] for n in own}
        for n, t in meta.items():
            module._buffers[n] = _unset(t)
        with torch.no_grad():
            model._init_weights(module)
        for n, t in meta.items():
            if not torch.equal(module._buffers[n].nan_to_num(), _unset(t).nan_to_num()):
                values[f"{prefix}.{n}" if prefix else n] = module._buffers[n]
            module._buffers[n] = t
    return values


def _unset(t: torch.Tensor) -> torch.Tensor:
    """A buffer of values that no initialisation would choose, to tell whether one took place."""
    if t.dtype == torch.bool:
        return torch.zeros_like(t, device="cpu")
    return torch.full_like(t, -12345.0 if t.is_floating_point() else -77, device="cpu")


@contextlib.contextmanager
def lazy_values(model: torch.nn.Module, values: dict[str, torch.Tensor]):
    """Adds to `values` the tensors that modules make for themselves when they are first called inside the context.

    Such a module (a rotary embedding with two sets of frequencies, say) has buffers and no weights; a copy of it runs
    on the CPU with the arguments of that call, zeros in place of their values.
    """
    copies, calls, hooks = {}, {}, []
    for prefix, module in model.named_modules():
        if module._non_persistent_buffers_set and not any(True for _ in module.parameters()):
            copies[prefix] = twin = copy.deepcopy(module)
            for n in module._buffers:
                twin._buffers[n] = values.get(f"{prefix}.{n}", twin._buffers[n])
            hooks.append(module.register_forward_pre_hook(
                lambda _m, args, kwargs, prefix=prefix: calls.setdefault(prefix, (args, kwargs)) and None, with_kwargs=True))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    on_cpu = lambda v: torch.zeros_like(v, device="cpu") if isinstance(v, torch.Tensor) else v  # noqa: E731
    for prefix, (args, kwargs) in calls.items():
        twin = copies[prefix]
        before = set(vars(twin)) | set(twin._buffers)
        twin._buffers = {n: t if t is None else t.clone() for n, t in twin._buffers.items()}
        with torch.no_grad():
            twin(*torch.utils._pytree.tree_map(on_cpu, args), **torch.utils._pytree.tree_map(on_cpu, kwargs))
        made = {n: t for n, t in (vars(twin) | twin._buffers).items() if n not in before and isinstance(t, torch.Tensor)}
        values.update({f"{prefix}.{n}": t for n, t in made.items()})
