"""Einfall: transformers as cascades of Einsums, compiled ahead of time.

  einfall.einsum("ij,jk->ik", a, b)      numpy's einsum, compiled and cached
  @einfall.cascade                       a function whose body is a cascade of Einsums, written as maths
  einfall.compile(text, module or folder) -> Package
  einfall.load("model.einf")              -> Package, whose entry points are callables

PyTorch is imported only to compile a module or a checkpoint.
"""

import os as _os

from .errors import CompileError, EinfallError

__version__ = "0.1.0"
__all__ = ["CompileError", "EinfallError", "cascade", "compile", "einsum", "load"]

# In a checkout the extension is in the build folder, in an installed package beside this file.
_HERE = _os.path.dirname(_os.path.abspath(__file__))
for _build in (_os.environ.get("EINFALL_BUILD_DIR"), _os.path.join(_HERE, "..", "..", "build", "dev")):
    if _build and _os.path.isdir(_os.path.join(_build, "python", "einfall")):
        __path__.append(_os.path.join(_build, "python", "einfall"))

_HOMES = {"cascade": "cascades", "compile": "compiler", "einsum": "einsums", "load": "runtime"}


def __getattr__(name: str):
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module("." + _HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
