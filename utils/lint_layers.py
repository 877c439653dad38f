"""Which folder may include which: the layers of docs/architecture.md."""

import os
import re
from pathlib import Path
from typing import Iterator

# A folder may include its own files, those of lower layers, and nothing else.
LAYERS = {
    "lib/Support": 0,
    "lib/Algebra": 1,
    "lib/Elementary": 1,
    "lib/Layout": 2,
    "lib/Protocol": 2,
    "lib/Target": 3,
    "dialects": 4,
    "lib/Reference": 5,
    "lib/Import": 5,
    "passes": 6,
    "codegen": 7,
    "lib/Package": 8,
    "lib/Driver": 9,
    "lib/CAPI": 10,
    "tools": 11,
    "python": 11,
    "bench": 12,
    "test": 12,
}
# Pairs that the numbers would allow.
FORBIDDEN = {
    ("codegen", "passes"): "codegen and passes never include each other",
    ("lib/Package", "passes"): "the package writer knows no IR",
    ("lib/Package", "codegen"): "the package writer knows no IR",
    ("lib/Package", "dialects"): "the package writer knows no IR",
}
# Headers that host code and the runtime agree on: codegen may include them.
SHARED_HEADERS = "runtime/include/"
SEARCH = ("", "runtime/include", "runtime")
LLVM = ("llvm/", "llvm-c/", "mlir/", "mlir-c/", "clang/", "clang-c/", "lld/")
INCLUDE = re.compile(r'^\s*#?\s*include\s+([<"])([^">]+)[">]')
IMPORT = re.compile(r"^(\s*)(?:from|import)\s+([\w.]+)")
# What runs a package starts without these.
RUNTIME_PYTHON = "python/einfall/runtime/"
HEAVY = ("torch", "transformers", "einfall.frontend", "einfall.compiler")


def folder_of(path: str) -> str | None:
    parts = path.split("/")
    if parts[0] == "lib":
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 else None


def resolve(root: Path, source: str, name: str) -> str | None:
    """The project's file that `name` means, generated ones included."""
    places = [os.path.dirname(source), *SEARCH]
    for place in places:
        candidate = os.path.normpath(os.path.join(place, name))
        if (root / candidate).is_file():
            return candidate
    return name if folder_of(name) in LAYERS else None


def refuse(source: str, target: str) -> str | None:
    """Why `source` must not include the project's file `target`."""
    here, there = folder_of(source), folder_of(target)
    if here == there or here is None:
        return None
    if here == "runtime":
        return f"the runtime includes nothing outside itself, but this is {target}"
    if there == "runtime":
        if LAYERS.get(here, 99) >= LAYERS["lib/Package"]:
            return None
        if here == "codegen" and target.startswith(SHARED_HEADERS):
            return None
        return f"{here} may not include the runtime ({target})"
    if (here, there) in FORBIDDEN:
        return FORBIDDEN[here, there]
    if here not in LAYERS:
        return f"{here} has no layer: add it to utils/lint_layers.py" if there in LAYERS else None
    if there in LAYERS and LAYERS[there] > LAYERS[here]:
        return f"{here} may not include {there}, a layer above it ({target})"
    return None


def problems(root: Path, path: str, text: str) -> Iterator[tuple[int, str]]:
    if path.endswith(".py"):
        yield from python_problems(path, text)
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match[2]
        if name.startswith(LLVM):
            if path.startswith(("runtime/", "lib/Package/", "tools/einfall-run/")):
                yield number, f"no LLVM here, but this is {name}"
            continue
        target = resolve(root, path, name)
        message = refuse(path, target) if target else None
        if message:
            yield number, message


def python_problems(path: str, text: str) -> Iterator[tuple[int, str]]:
    if not path.startswith(RUNTIME_PYTHON):
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = IMPORT.match(line)
        if match and any(match[2] == h or match[2].startswith(h + ".") for h in HEAVY):
            yield number, f"running a package needs no {match[2]}"
