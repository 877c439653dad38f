"""The limits of this machine, measured by `einfall-roof` in the run that quotes them."""

from __future__ import annotations

import json
import shutil
import subprocess

from .cases import Case

COMPUTE = {"f32": ("f32_fma",), "bf16": ("amx_bf16", "bf16_dot", "f32_fma"), "f16": ("f32_fma",),
           "i8": ("amx_int8", "int8_dot")}


class Roofs:
    """Rates by limit and, for bandwidth, by working set; measured when first asked for."""

    def __init__(self, threads: int, seconds: float = 0.05, run=None):
        self.threads, self.seconds, self.given, self.run = threads, seconds, run, run or self._run
        self.compute: dict[str, dict] = {}
        self.bandwidth: dict[tuple[str, int], dict] = {}

    def _run(self, *arguments: str) -> dict:
        tool = shutil.which("einfall-roof")
        if not tool:
            raise FileNotFoundError("there is no einfall-roof on PATH: run through ./dev bench, which builds it")
        command = [tool, "--threads", str(self.threads), "--seconds", str(self.seconds), *arguments]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["limits"]

    def peak(self, element: str) -> tuple[str, float]:
        """The fastest arithmetic of a type: the limit's name and operations a second."""
        if not self.compute:
            self.compute = self.run("compute")
        found = [(name, self.compute[name]["value"] * 1e9) for name in COMPUTE[element] if name in self.compute]
        return max(found, key=lambda item: item[1], default=("none", 0.0))

    def rate(self, kind: str, working_set: float) -> float:
        """Bytes a second of `kind` (read, write, copy) over a working set, rounded up to a power of two."""
        size = max(1 << 20, 1 << (int(working_set) - 1).bit_length())
        size = min(size, 1 << 32)
        if (kind, size) not in self.bandwidth:
            self.bandwidth[kind, size] = self.run("--bytes", str(size), kind)[kind]
        return self.bandwidth[kind, size]["value"] * 1e9

    def least_seconds(self, case: Case, copies: int) -> tuple[str, float]:
        """The time that the machine needs for one instance at least, and for what."""
        limits = []
        if case.flops:
            name, rate = self.peak(case.type)
            if rate:
                limits.append((name, case.flops / rate))
        read, written = case.bytes_read, case.bytes_written
        if read:
            kind = "copy" if written > read / 2 else "read"
            moved = read + (written if kind == "copy" else 0)
            limits.append((kind, moved / self.rate(kind, (read + written) * copies)))
        return max(limits, key=lambda item: item[1], default=("none", 0.0))

    def asdict(self) -> dict:
        return {"compute": self.compute,
                "bandwidth": [{"limit": kind, "working_set": size, **value}
                              for (kind, size), value in sorted(self.bandwidth.items())]}
