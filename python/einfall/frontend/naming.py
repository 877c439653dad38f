"""Where a model's parameters come from in a checkpoint, by the rules by which transformers loads it.

Most are one stored tensor, some under another name than the model's (`embed_out` of GPT-NeoX). Others are made of
stored tensors: a mixture of experts has one matrix an expert in the file, and one tensor of all of them in the model.
The rules are transformers' own tables and operations; here they run on shapes first, and on data only when a package
is written.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from typing import Callable, Iterable

import torch
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import WeightConverter, WeightRenaming, dot_natural_key, rename_source_key

from . import etypes as ty
from .checkpoint import Stored
from .errors import CheckpointError, one_line


@dataclasses.dataclass
class Made:
    """Parameters that one operation makes of stored tensors, `sources`: (the rule's pattern, tensor), in the order of loading."""

    name: str
    rule: WeightConverter
    model: torch.nn.Module
    sources: list[tuple[str, Stored]] = dataclasses.field(default_factory=list)

    def tensors(self, load: Callable[[Stored], torch.Tensor]) -> dict[str, torch.Tensor]:
        """The parameters by name, of what `load` gives for each stored tensor."""
        rule = copy.deepcopy(self.rule)
        for pattern, stored in self.sources:
            rule.add_tensor(self.name, stored.name, pattern, load(stored))
        try:
            made = rule.convert(self.name, model=self.model, config=self.model.config)
        except Exception as e:  # operations raise what torch raises for shapes that do not fit
            raise CheckpointError(f"transformers cannot make {self.name} of {self.described()}: {one_line(e)}") from e
        return {n: t[0] if isinstance(t, list) else t for n, t in made.items()}

    def described(self) -> str:
        first = self.sources[0][1]
        return f"{len(self.sources)} stored tensors ({first.name} in {first.file}, …)"


def find_parameters(model: torch.nn.Module, checkpoint: dict[str, Stored]) -> tuple[dict[str, Stored], list[Made]]:
    """What the checkpoint has for parameters and buffers of the model on the meta device, by their names there: stored
    tensors, and those that are made of some (their file is empty), with how."""
    rules = get_model_conversion_mapping(model)
    renamings = [r for r in rules if isinstance(r, WeightRenaming)]
    converters = [r for r in rules if isinstance(r, WeightConverter)]
    by_pattern = {p: c for c in converters for p in c.source_patterns}
    known, prefix = model.state_dict(), model.base_model_prefix
    found: dict[str, Stored] = {}
    made: dict[str, Made] = {}
    for key in sorted(checkpoint, key=dot_natural_key):
        name, pattern = rename_source_key(key, renamings, converters, prefix, known)
        if name not in known and key in known:
            name, pattern = key, None
        if name in known and pattern is None:
            found[name] = checkpoint[key]
        elif name in known:
            made.setdefault(name, Made(name, by_pattern[pattern], model)).sources.append((pattern, checkpoint[key]))
    for one in made.values():
        found |= {n: _described(n, t) for n, t in one.tensors(_shape_only).items() if n not in found}
    return found, list(made.values())


def _shape_only(stored: Stored) -> torch.Tensor:
    dtype = ty.to_torch(stored.etype)
    if dtype is None:
        raise CheckpointError(f"{stored.name} in {stored.file}: element type {stored.etype} is not supported")
    return torch.empty(stored.shape, dtype=dtype, device="meta")


def _described(name: str, t: torch.Tensor) -> Stored:
    return Stored(name, "", ty.from_torch(t.dtype), tuple(t.shape), 0, t.numel() * t.element_size())


def write_made(made: Iterable[Made], folder: str) -> None:
    """Writes the parameters into safetensors files in `folder`, those of one operation at a time: memory holds no more."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    def load(stored: Stored) -> torch.Tensor:
        with safe_open(stored.file, framework="pt") as file:
            return file.get_tensor(stored.name)

    for k, one in enumerate(made):
        tensors = {n: t.contiguous() for n, t in one.tensors(load).items()}
        save_file(tensors, os.path.join(folder, f"made-{k:05}.safetensors"))
