"""Packages of small programs by what they were compiled from, in the compile cache `$XDG_CACHE_HOME/einfall`.

A key covers the text of the program, the numerics asked for, the targets as this machine resolves them, what schedules
count on where that was given, and the compiler's code.
Packages with weights are not kept here; their kernels are, by einfall-compile, in the folder `kernels` beside.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Callable

from .errors import CacheMissError, EinfallError
from .toolchain import compiler_build_id, host_features


def folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "einfall"


def key(text: str, targets, numerics: str | None = None, counted_on: str = "") -> str:
    digest = hashlib.blake2b(digest_size=20)
    for part in (compiler_build_id(), *targets, *([host_features()] if "native" in targets else []),
                 f"numerics={numerics or ''}", *([f"machine={counted_on}"] if counted_on else []), text):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def fetch(text: str, targets, make: Callable[[str], None], *, numerics: str | None = None,
          require_hit: bool = False, counted_on: str = "") -> str:
    """Path of the entry for `text`, made by `make(path)` if there is none."""
    name = key(text, targets, numerics, counted_on)
    path = folder() / "packages" / name[:2] / f"{name}.einf"
    if path.exists():
        return str(path)
    if require_hit:
        raise CacheMissError(f"the compile cache {folder()} has no entry {name}, and a compilation is not allowed")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as scratch:
            new = os.path.join(scratch, path.name)
            make(new)
            os.replace(new, path)
    except OSError as e:
        raise EinfallError(f"cannot write the compile cache {path.parent}: {e.strerror}; set XDG_CACHE_HOME") from e
    return str(path)
