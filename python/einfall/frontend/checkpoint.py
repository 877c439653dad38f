"""Safetensors checkpoints, headers only: which file holds which tensor, in what type and shape."""

from __future__ import annotations

import dataclasses
import json
import os
import struct

from . import etypes as ty
from .errors import CheckpointError

MAX_HEADER = 100 * 1000 * 1000  # bytes; the limit of the format


@dataclasses.dataclass(frozen=True)
class Stored:
    """One tensor of a checkpoint. `begin` is its offset in `file`, in bytes from the start of the file."""

    name: str
    file: str
    etype: str
    shape: tuple[int, ...]
    begin: int
    size: int


def read_header(path: str) -> dict[str, Stored]:
    """The tensors of one safetensors file. `CheckpointError` if it is not one, or is cut short."""
    try:
        total = os.path.getsize(path)
        with open(path, "rb") as f:
            head = f.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else MAX_HEADER + 1
            if length > MAX_HEADER or 8 + length > total:
                raise CheckpointError(f"{path} is not a safetensors file or is cut short ({total} bytes)")
            entries = json.loads(f.read(length))
    except OSError as e:
        raise CheckpointError(f"{path} cannot be read: {e.strerror}") from e
    except (ValueError, RecursionError) as e:
        raise CheckpointError(f"{path}: the safetensors header is damaged: {e}") from e
    if not isinstance(entries, dict):
        raise CheckpointError(f"{path}: the safetensors header is damaged: expected an object, but got {type(entries).__name__}")
    out = {}
    for name, entry in entries.items():
        if name == "__metadata__":
            continue
        try:
            begin, end = map(_natural, entry["data_offsets"])
            etype, shape = ty.FROM_SAFETENSORS.get(entry["dtype"], entry["dtype"]), tuple(map(_natural, entry["shape"]))
        except (KeyError, TypeError, ValueError) as e:
            raise CheckpointError(f"{path}: the header entry of {name} is damaged") from e
        if 8 + length + end > total:
            raise CheckpointError(f"{path} is cut short: {name} ends at byte {8 + length + end} of {total}")
        out[name] = Stored(name, path, etype, shape, 8 + length + begin, end - begin)
    return out


def _natural(value) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def read_checkpoint(folder: str) -> dict[str, Stored]:
    """All tensors of a Hugging Face folder: `model.safetensors` or the shards that its index names."""
    single = os.path.join(folder, "model.safetensors")
    index = single + ".index.json"
    if os.path.exists(single):
        return read_header(single)
    if not os.path.exists(index):
        raise CheckpointError(f"{folder} has neither model.safetensors nor model.safetensors.index.json; "
                              "save the model with save_pretrained(…, safe_serialization=True)")
    try:
        with open(index) as f:
            where = dict(json.load(f)["weight_map"])
        if not all(isinstance(shard, str) for shard in where.values()):
            raise ValueError("weight_map does not name files")
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise CheckpointError(f"{index} is damaged: {e}") from e
    shards = {name: read_header(os.path.join(folder, name)) for name in sorted(set(where.values()))}
    for name, shard in where.items():
        if name not in shards[shard]:
            raise CheckpointError(f"tensor {name} is missing from {os.path.join(folder, shard)}, where {index} says it is")
    return {name: shards[shard][name] for name, shard in where.items()}
