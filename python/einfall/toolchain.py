"""Finds the native tools of Einfall."""

import functools
import hashlib
import os
import shutil
from pathlib import Path

from .errors import EinfallError

PACKAGE = Path(__file__).resolve().parent


def _folders() -> list[Path]:
    folders = [PACKAGE / "bin"]
    if build := os.environ.get("EINFALL_BUILD_DIR"):
        folders.append(Path(build) / "bin")
    folders.append(PACKAGE.parents[1] / "build" / "dev" / "bin")
    return folders


@functools.cache
def find_tool(name: str) -> str:
    """Path of `einfall-run` or `einfall-compile`: beside the package, EINFALL_BUILD_DIR, build/dev, PATH."""
    for folder in _folders():
        path = folder / name
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
    if found := shutil.which(name):
        return found
    raise EinfallError(f"there is no {name} in {', '.join(map(str, _folders()))} or on PATH; ./dev build makes it")


@functools.cache
def compiler_build_id() -> str:
    """A digest of the compiler's code: equal ids compile equally."""
    with open(find_tool("einfall-compile"), "rb") as f:
        return hashlib.file_digest(f, "blake2b").hexdigest()[:32] if hasattr(hashlib, "file_digest") else \
            hashlib.blake2b(f.read()).hexdigest()[:32]


@functools.cache
def host_features() -> str:
    """What `native` stands for on this machine: its architecture and CPU flags."""
    machine = os.uname().machine
    try:
        with open("/proc/cpuinfo") as f:
            flags = next((line for line in f if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = ""
    return machine + " " + " ".join(sorted(flags.partition(":")[2].split()))
