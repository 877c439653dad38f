"""What users give to `einfall.compile` and its kin, checked: what has no meaning is refused before anything is done with it."""

from __future__ import annotations

import os

from .dtypes import etype_of
from .errors import EinfallError

NUMERICS = ("strict", "algebraic", "fast")
#: types of activations; a checkpoint has no f64
ACTIVATIONS = ("auto", "f32", "bf16", "f16", "f64")


def activations(dtype) -> str:
    """"auto", "f32", … for a type of activations, named as an array's is ("float32", `torch.float32`, `np.float32`)."""
    if isinstance(dtype, str) and dtype in ACTIVATIONS:
        return dtype
    try:
        name = etype_of(dtype)
    except (TypeError, ValueError, SyntaxError):  # numpy parses text
        name = None
    if name not in ACTIVATIONS or dtype is None:
        raise EinfallError(f"dtype={dtype!r} is no type of activations: expected {', '.join(ACTIVATIONS)}, or such a type's name or "
                           "dtype in numpy or torch (float32, torch.float32)")
    return name


def numerics(value) -> None:
    if value is not None and value not in NUMERICS:
        raise EinfallError(f"numerics={value!r}: expected {', '.join(NUMERICS)}, or None for the program's own")


def targets(given) -> list[str]:
    """The targets of "native,sm_90a" or of a sequence of such. `EinfallError` for an empty name: it would stand for none."""
    items = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple, set, frozenset)) else [given]
    if wrong := [item for item in items if not isinstance(item, str)]:
        raise EinfallError(f"targets={given!r}: {wrong[0]!r} is no name of a target; expected native, x86-64-v3, sm_90a, …")
    names = [name.strip() for item in items for name in item.split(",")]
    if not names or not all(names):
        raise EinfallError(f"a target has no name in {','.join(items)!r}; expected native, x86-64-v3, sm_90a, …, separated by commas")
    return names


def example(args) -> tuple:
    """A module's example arguments."""
    if args is not None and not isinstance(args, (tuple, list)):
        raise EinfallError(f"args takes a tuple with an example of each argument, but got {_kind(args)}; for one argument "
                           "write args=(x,)")
    return tuple(args or ())


def example_by_name(kwargs) -> dict:
    if kwargs is not None and not isinstance(kwargs, dict):
        raise EinfallError(f"kwargs takes a dict with examples of arguments by name, but got {_kind(kwargs)}")
    return kwargs or {}


def source(value) -> None:
    """A program: text, a path or a module. PyTorch is not imported to find out."""
    if isinstance(value, (str, os.PathLike)):
        if not os.fspath(value):
            raise EinfallError("the source is empty: expected the text of an ein module, the path of an .mlir file, a checkpoint's folder, "
                               "or a torch.nn.Module")
        return
    if not hasattr(value, "state_dict") or not callable(value) or isinstance(value, type):
        hint = ""
        if isinstance(value, type):
            hint = "; it is a class: give an instance"
        elif callable(value):
            hint = "; make the function the forward of a torch.nn.Module, or a cascade of it with @einfall.cascade"
        raise EinfallError(f"cannot compile {_kind(value)}: expected the text of an ein module, the path of an .mlir file, a checkpoint's "
                           f"folder, or a torch.nn.Module{hint}")


def fit(value, *, weights, **examples) -> None:
    """What is for another kind of source than `value`."""
    if not isinstance(value, (str, os.PathLike)):
        if weights is not None:
            raise EinfallError("weights is for a program that names weights; a module has its own")
    elif given := [name for name, example in examples.items() if example is not None]:
        raise EinfallError(f"{', '.join(given)}: for a torch.nn.Module; a program and a checkpoint have their own inputs and sizes")


def machine(given) -> None:
    if given is not None and not (isinstance(given, (str, os.PathLike)) and os.fspath(given)):
        raise EinfallError(f"machine={given!r}: expected 'here', a file of einfall calibrate, or None")


def weights(path) -> None:
    if path is not None and not (isinstance(path, (str, os.PathLike)) and os.fspath(path)):
        raise EinfallError(f"weights={path!r}: expected the path of a .safetensors file or of a folder with such, or None")


def output(path) -> str:
    """The path of the package to write."""
    if not isinstance(path, (str, os.PathLike)):
        raise EinfallError(f"output takes the path of the package to write, but got {_kind(path)}")
    if not os.fspath(path):
        raise EinfallError("output is empty: expected the path of the package to write")
    return os.fspath(path)


def _kind(value) -> str:
    return "None" if value is None else f"{value!r}" if isinstance(value, (bool, int, float)) else f"a value of type {type(value).__name__}"
