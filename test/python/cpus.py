"""The targets of the compiler that this CPU runs, and what it lacks for the others: what tests over targets share."""

import os
import re
from pathlib import Path

import pytest

from paths import BUILD

#: As lib/Target/CpuTarget.cpp has them, in the names of /proc/cpuinfo.
_V3 = {"avx2", "fma", "bmi2", "f16c"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"}
_DOT = _V4 | {"avx512_bf16", "avx512_vnni"}
NEEDS = {"x86-64-v2": {"sse4_2", "popcnt", "ssse3"}, "x86-64-v3": _V3, "x86-64-v4": _V4, "x86-64-v4-dot": _DOT,
         "x86-64-v4-fp16": _DOT | {"avx512_fp16"}, "x86-64-v4-amx": _DOT | {"amx_tile", "amx_bf16", "amx_int8"}}
LEVELS = ["x86-64", *NEEDS]


#: Computes what the CPU lacks for x86-64-v4-amx, where it is preloaded (test/amx).
EMULATOR = BUILD / "lib" / "libamx_emulator.so"


def is_emulated() -> bool:
    return str(EMULATOR) in os.environ.get("LD_PRELOAD", "")


def host_flags() -> set[str]:
    emulated = {"amx_tile", "amx_bf16", "amx_int8"} if is_emulated() else set()
    try:
        return emulated | set(re.search(r"^(?:flags|Features)\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M).group(1).split())
    except (OSError, AttributeError):
        return set()


def lacks(target: str) -> str | None:
    """Why no code for `target` runs here, or None."""
    level = os.environ.get("EINFALL_CPU")
    if level and (level not in LEVELS or LEVELS.index(level) < LEVELS.index(target)):
        return f"NOT RUN: EINFALL_CPU={level} lacks what {target} needs"
    lacking = NEEDS[target] - host_flags()
    return f"NOT RUN: this CPU lacks {', '.join(sorted(lacking))} ({target})" if lacking else None


def needs(target: str) -> None:
    """Skips a test, with the reason, where `target` does not run."""
    if reason := lacks(target):
        pytest.skip(reason)


def each(*targets: str):
    """The parameter `target` of a test; those that do not run here are skipped, with the reason. The quick run takes the
    last that does."""
    best = next((t for t in reversed(targets) if not lacks(t)), None)

    def marks(target: str) -> list:
        if reason := lacks(target):
            return [pytest.mark.skip(reason=reason)]
        return [] if target == best else [pytest.mark.slow]

    return pytest.mark.parametrize("target", [pytest.param(t, marks=marks(t)) for t in targets])


def here(*targets: str) -> list[str]:
    """Those of `targets` that run here, for a test that takes them in turn: skipped where none is left. The end of a run
    of the tests says which are left out (conftest.py)."""
    left = [t for t in targets if not lacks(t)]
    if not left:
        pytest.skip("; ".join(map(lacks, targets)))
    return left
