"""Element types of `ein` by their textual names, and how they map from torch."""

from __future__ import annotations

import torch

from .errors import Unsupported

FROM_TORCH = {
    torch.float64: "f64", torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16",
    torch.float8_e4m3fn: "f8E4M3FN", torch.float8_e5m2: "f8E5M2",
    torch.float8_e4m3fnuz: "f8E4M3FNUZ", torch.float8_e5m2fnuz: "f8E5M2FNUZ",
    torch.bool: "i1", torch.int8: "i8", torch.int16: "i16", torch.int32: "i32", torch.int64: "i64",
}
TO_TORCH = {v: k for k, v in FROM_TORCH.items()}

#: safetensors' names of stored types
FROM_SAFETENSORS = {
    "F64": "f64", "F32": "f32", "F16": "f16", "BF16": "bf16", "F8_E4M3": "f8E4M3FN", "F8_E5M2": "f8E5M2",
    "BOOL": "i1", "I8": "i8", "I16": "i16", "I32": "i32", "I64": "i64",
}

FLOAT_BITS = {
    "f64": 64, "f32": 32, "f16": 16, "bf16": 16,
    "f8E4M3FN": 8, "f8E5M2": 8, "f8E4M3FNUZ": 8, "f8E5M2FNUZ": 8,
}


def from_torch(dtype: torch.dtype) -> str:
    """The `ein` element type of a torch dtype; `Unsupported` for complex, quantised and unsigned ones."""
    try:
        return FROM_TORCH[dtype]
    except KeyError:
        raise Unsupported(f"element type {dtype} has no counterpart in ein") from None


def is_float(etype: str) -> bool:
    return etype in FLOAT_BITS


def bits(etype: str) -> int:
    return FLOAT_BITS[etype] if etype in FLOAT_BITS else 64 if etype == "index" else int(etype[1:])


def compute_type(etype: str) -> str:
    """The type in which arithmetic on values of `etype` is done: f32 for narrower floats, else itself."""
    return "f32" if is_float(etype) and bits(etype) < 32 else etype
