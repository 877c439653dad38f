"""The limits of this machine, measured by `einfall-roof` in the run that quotes them.

Arithmetic is measured once a run. Memory of a shared host copies at 60 GB/s in one minute and at 115 in the next, so where memory
limits a case, the loop that reaches most takes part in the alternation: in every round it runs beside Einfall, as long, over as many
bytes of its own, on as many threads. The share of the limit is the median over the rounds of the loop's time to Einfall's in the
same round. A ratio of two medians would not do: where memory changes in the middle of a run, one of them may be of a round before,
the other of a round after. A round in which it changes between the two is an outlier, which the median leaves out.

The points of a growth line are all open at once; their limits of memory are measured once, as is what decides whether memory
limits a case at all.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess

from . import machine
from .cases import Case

COMPUTE = {"f32": ("f32_fma",), "bf16": ("amx_bf16", "bf16_dot", "f32_fma"), "f16": ("f32_fma",),
           "i8": ("amx_int8", "int8_dot"), "u8": ("amx_int8", "int8_dot")}


MEMORY = ("read", "write", "copy")
# A limit of memory takes part in the alternation from this share of the largest limit on: the rates that tell are those of another
# minute.
CLOSE = 0.5
# No loop needs more bytes of its own to stay out of the caches.
ENOUGH = 1 << 30


def kind_of(case: Case) -> str:
    """What memory does for a case: a copy, if it writes much beside what it reads."""
    return "copy" if case.bytes_written > case.bytes_read / 2 else "read"


def moved(case: Case) -> float:
    """Bytes of one instance that count against that limit."""
    return case.bytes_read + (case.bytes_written if kind_of(case) == "copy" else 0)


def tool() -> str:
    found = shutil.which("einfall-roof")
    if not found:
        raise FileNotFoundError("there is no einfall-roof on PATH: run through ./dev bench, which builds it")
    return found


class InTurn:
    """The best loop of a limit of memory, in a process that takes turns as a worker of `team` does.

    kind         read, write or copy
    moved        bytes that one call moves: a measurement is of the time that the loop needs for them
    working_set  bytes that it passes over, again and again
    """

    name = "roof"

    def __init__(self, kind: str, moved: float, working_set: int, threads: int, seconds: float = 0.02):
        self.kind, self.moved, self.working_set = kind, moved, working_set
        command = [tool(), "--threads", str(threads), "--bytes", str(working_set), "--seconds", str(seconds), "--serve", kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"einfall-roof ended with status {self.process.wait()}")
        self.loop = json.loads(line)["loop"]

    def ask(self, do: str, seconds: float) -> dict:
        """A measurement; it answers no other question."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return {"seconds": self.moved / (json.loads(self.process.stdout.readline())["value"] * 1e9)}

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def share(own: list[dict], roof: list[dict]) -> float | None:
    """The median ratio of the roof's seconds to a program's, over the rounds that both have; None without such a round."""
    seconds = {m["round"]: m["seconds"] for m in roof}
    ratios = [seconds[m["round"]] / m["seconds"] for m in own if m["round"] in seconds]
    return statistics.median(ratios) if ratios else None


def summarize(kind: str, own: list[dict], roof: list[dict], copies: int) -> dict:
    """What a record keeps of a limit that took turns; seconds are of one instance."""
    times = [m["seconds"] / copies for m in roof]
    return {"limit": kind, "seconds": statistics.median(times), "share": share(own, roof), "times": times}


class Roofs:
    """Rates by limit and, for bandwidth, by working set; measured when first asked for."""

    def __init__(self, threads: int, seconds: float = 0.05, run=None):
        self.threads, self.seconds, self.given, self.run = threads, seconds, run, run or self._run
        self.compute: dict[str, dict] = {}
        self.bandwidth: dict[tuple[str, int], dict] = {}

    def _run(self, *arguments: str) -> dict:
        command = [tool(), "--threads", str(self.threads), "--seconds", str(self.seconds), *arguments]
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

    def limits(self, case: Case, copies: int) -> list[tuple[str, float]]:
        """The limits that one instance meets, each with the time that it takes at least: arithmetic, then memory."""
        limits = []
        if case.flops:
            name, rate = self.peak(case.type)
            if rate:
                limits.append((name, case.flops / rate))
        if case.bytes_read:
            kind = kind_of(case)
            limits.append((kind, moved(case) / self.rate(kind, (case.bytes_read + case.bytes_written) * copies)))
        return limits

    def least_seconds(self, case: Case, copies: int) -> tuple[str, float]:
        """The time that the machine needs for one instance at least, and for what."""
        return max(self.limits(case, copies), key=lambda item: item[1], default=("none", 0.0))

    def in_turn(self, case: Case, copies: int) -> InTurn | None:
        """What has to take turns with the case; None where memory is far from limiting it."""
        _, least = self.least_seconds(case, copies)
        for kind, seconds in self.limits(case, copies):
            if kind in MEMORY and seconds >= CLOSE * least:
                working_set = (case.bytes_read + case.bytes_written) * copies
                most = max(ENOUGH, 8 * machine.last_level_cache())
                return InTurn(kind, moved(case) * copies, int(min(max(working_set, 1 << 20), most)), self.threads)
        return None

    def result(self, case: Case, copies: int, turns: dict | None) -> dict:
        """What a record keeps of a case's limit: the memory's as it was in turn, unless arithmetic takes longer."""
        if turns:
            arithmetic = [limit for limit in self.limits(case, copies) if limit[0] not in MEMORY]
            if all(seconds <= turns["seconds"] for _, seconds in arithmetic):
                return turns
            name, seconds = max(arithmetic, key=lambda item: item[1])
        else:
            name, seconds = self.least_seconds(case, copies)
        return {"limit": name, "seconds": seconds}

    def asdict(self) -> dict:
        return {"compute": self.compute,
                "bandwidth": [{"limit": kind, "working_set": size, **value}
                              for (kind, size), value in sorted(self.bandwidth.items())]}
