"""Element types of `ein` by their textual names, and how they map from torch."""

from __future__ import annotations

from .errors import Unsupported

#: numpy's, ml_dtypes' and torch's names of the types
NAMES = {
    "f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16",
    "f8E4M3FN": "float8_e4m3fn", "f8E5M2": "float8_e5m2",
    "f8E4M3FNUZ": "float8_e4m3fnuz", "f8E5M2FNUZ": "float8_e5m2fnuz",
    "i1": "bool", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
}
FROM_NAME = {name: etype for etype, name in NAMES.items()}

#: safetensors' names of stored types
FROM_SAFETENSORS = {
    "F64": "f64", "F32": "f32", "F16": "f16", "BF16": "bf16", "F8_E4M3": "f8E4M3FN", "F8_E5M2": "f8E5M2",
    "BOOL": "i1", "I8": "i8", "I16": "i16", "I32": "i32", "I64": "i64",
}

FLOAT_BITS = {
    "f64": 64, "f32": 32, "f16": 16, "bf16": 16,
    "f8E4M3FN": 8, "f8E5M2": 8, "f8E4M3FNUZ": 8, "f8E5M2FNUZ": 8,
}


def from_torch(dtype) -> str:
    """The `ein` element type of a torch dtype; `Unsupported` for complex, quantised and unsigned ones."""
    try:
        return FROM_NAME[str(dtype).removeprefix("torch.")]
    except KeyError:
        raise Unsupported(f"element type {dtype} has no counterpart in ein") from None


def to_torch(etype: str):
    """The torch dtype of an element type, None if there is none."""
    import torch

    return getattr(torch, NAMES[etype]) if etype in NAMES else None


def is_float(etype: str) -> bool:
    return etype in FLOAT_BITS


def bits(etype: str) -> int:
    return FLOAT_BITS[etype] if etype in FLOAT_BITS else 64 if etype == "index" else int(etype[1:])


def compute_type(etype: str) -> str:
    """The type in which arithmetic on values of `etype` is done: f32 for narrower floats, else itself."""
    return "f32" if is_float(etype) and bits(etype) < 32 else etype
