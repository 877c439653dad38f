"""The table from ATen operations to the functions that import them."""

from __future__ import annotations

from typing import Callable

TABLE: dict[str, Callable] = {}


def aten(*names: str) -> Callable[[Callable], Callable]:
    """Registers `fn(cx, *args, **kwargs)` for `aten.<name>`; a name without a dot stands for its `.default`.

    Tensor arguments arrive as `Tensor`, sizes as `int` or `Extent`, the rest as PyTorch has it. The function
    returns a `Tensor` or a tuple of them, and raises `Unsupported` for arguments that it cannot import.
    """
    def register(fn: Callable) -> Callable:
        for name in names:
            TABLE[f"aten.{name if '.' in name else name + '.default'}"] = fn
        return fn

    return register
