"""Element types as users name them: by numpy's and torch's dtypes, by their names, and by those of the textual form."""

from __future__ import annotations

import numpy as np

#: name of numpy and torch: element type in ein
FROM_NAME = {"float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16",
             "float8_e4m3fn": "f8E4M3FN", "float8_e5m2": "f8E5M2", "float8_e4m3fnuz": "f8E4M3FNUZ", "float8_e5m2fnuz": "f8E5M2FNUZ",
             "bool": "i1", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
             "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64"}
_SHORT = set(FROM_NAME.values())


def etype_of(dtype) -> str:
    """The element type that `dtype` names: `np.float32`, `torch.float32`, "float32", "f32", `float`. Raises TypeError."""
    if dtype is None:  # numpy's default
        raise TypeError("None names no element type")
    text = dtype if isinstance(dtype, str) else str(dtype) if type(dtype).__module__ == "torch" else ""
    text = text.removeprefix("torch.")
    name = FROM_NAME.get(text)
    if name:
        return name
    try:
        by_numpy = FROM_NAME.get(np.dtype(dtype).name)
    except TypeError:
        by_numpy = None
    if text not in _SHORT:
        if by_numpy is None:
            raise TypeError(f"{dtype!r} names no element type: expected a dtype of numpy or torch, or one of {', '.join(FROM_NAME)}, "
                            f"{', '.join(FROM_NAME.values())}")
        return by_numpy
    if by_numpy not in (None, text):
        # numpy counts bytes in such names, and everybody else bits.
        names = {etype: name for name, etype in FROM_NAME.items()}
        raise TypeError(f"{dtype!r} is {names[by_numpy]} to numpy and {names[text]} elsewhere; write one of these names")
    return text
