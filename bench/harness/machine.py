"""Which machine this is: what a figure needs beside it to mean something."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

INTERESTING = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "avx512_fp16", "avx_vnni", "amx_tile", "amx_bf16",
               "amx_int8", "asimd", "sve", "i8mm", "bf16")
ROOT = Path(__file__).resolve().parents[2]


def _cpuinfo() -> dict[str, str]:
    facts = {}
    for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        facts[key.strip()] = value.strip()
    return facts


def caches() -> dict[str, int]:
    """Bytes of the caches of the first CPU: {"L1d": 32768, …}."""
    out = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind = (index / "type").read_text().strip()
        size = re.fullmatch(r"(\d+)([KM]?)", (index / "size").read_text().strip())
        if kind == "Instruction" or not size:
            continue
        name = "L" + (index / "level").read_text().strip() + ("d" if kind == "Data" else "")
        out[name] = int(size[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[size[2]]
    return out


def last_level_cache() -> int:
    return max(caches().values(), default=32 << 20)


def facts() -> dict:
    cpu = _cpuinfo()
    flags = set((cpu.get("flags") or cpu.get("Features") or "").split())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1]) << 10
    return {"cpu": cpu.get("model name", platform.machine()), "vendor": cpu.get("vendor_id", ""),
            "family": cpu.get("cpu family", ""), "model": cpu.get("model", ""),
            "isa": [f for f in INTERESTING if f in flags], "caches": caches(), "cpus": len(os.sched_getaffinity(0)),
            "memory": memory, "kernel": platform.release(), "huge_pages": _huge_pages()}


def _huge_pages() -> str:
    try:
        text = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text()
        return re.search(r"\[(\w+)\]", text)[1]
    except (OSError, TypeError):
        return "none"


def _ticks() -> tuple[int, int]:
    """Ticks of all CPUs together: busy ones, all."""
    fields = [int(v) for v in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def busy(seconds: float = 0.2) -> float:
    """The share of the CPUs that is in use while this process sleeps."""
    before = _ticks()
    time.sleep(seconds)
    after = _ticks()
    return (after[0] - before[0]) / max(after[1] - before[1], 1)


def wait_until_idle(limit: float, share: float = 0.1) -> float:
    """Waits until less than `share` of the CPUs is in use, `limit` seconds at most; how much is in use then."""
    end = time.monotonic() + limit
    while (now := busy()) > share and time.monotonic() < end:
        time.sleep(1)
    return now


def folder_name(machine: dict) -> str:
    """The folder of a CPU's results: its name and what tells apart CPUs of one name, of which not every guest sees the tiles."""
    text = f"{machine['cpu']} {machine['family']}-{machine['model']}"
    if "amx_tile" in machine.get("isa", ()):
        text += " amx"
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def commit() -> str:
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
