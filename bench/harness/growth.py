"""How time and memory grow along one size, against what has to be computed and read.

Points of a line are compared with each other, so they are measured like peers: all of them are open, each in a process of its
own, and take turns; what counts is the least time of each.
"""

from __future__ import annotations

import dataclasses

from . import machine, team
from .cases import GROWN, Case

# So much more may be lost at the far end: caches end between the two.
SLACK = 1.15


@dataclasses.dataclass
class Sweep:
    """Results that differ in one size, by that size; `least` are the times that the machine's limits allow."""

    program: str
    along: str
    fixed: dict
    values: list[int]
    seconds: list[float]
    least: list[float]
    work: list[tuple[float, float]]  # operations of a thread, bytes that are read
    bytes: list[int]  # of temporaries and states

    @property
    def title(self) -> str:
        return f"{self.program.removeprefix('grown_')} by {self.along}"

    def time_growth(self) -> float:
        return self.seconds[-1] / self.seconds[0]

    def work_growth(self) -> float:
        """Of operations or of bytes, whichever grow more."""
        return max(last / first for first, last in zip(self.work[0], self.work[-1]))

    def limit_growth(self) -> float:
        """Of the time that the machine needs: more than that of the bytes where they no longer fit a cache."""
        return self.least[-1] / self.least[0]

    def grows_faster(self) -> bool:
        """True if time has grown by more than operations, bytes and the machine's limit explain."""
        return self.time_growth() > SLACK * max(self.work_growth(), self.limit_growth())

    def memory_growth(self) -> float:
        return self.bytes[-1] / self.bytes[0] if self.bytes[0] else 1.0


def measure(cases: list[Case], rounds: int, seconds: float, patience: float, start) -> list[dict]:
    """A result a case, as `team.run_case` gives it, with its work; `start()` makes a worker."""
    workers, skipped = [], {}
    for case in cases:
        worker = start()
        worker.name = case.name
        answer = worker.ask("open", case=case.asdict(), copies=1)
        if reason := answer.get("unsupported") or answer.get("failed"):
            skipped[case.name] = reason
            worker.stop()
        else:
            workers.append(worker)
    load = [machine.wait_until_idle(patience)]
    measured = team.take_turns(workers, rounds, seconds)
    load.append(machine.busy())
    for worker in workers:
        worker.stop()
    results = []
    for case in cases:
        found = measured.get(case.name, [])
        times = {"einfall": [m["seconds"] for m in found]} if found else {}
        told = {"einfall": skipped[case.name]} if case.name in skipped else {}
        result = team.summarize(case, 1, times, told) | {"load": load, "work": work(case)}
        results.append(result | ({"facts": {"einfall": found[-1]}} if found else {}))
    return results


def work(case: Case) -> tuple[float, float]:
    """Operations that each thread has, and bytes that have to be read."""
    return case.flops / case.sizes["threads"], case.bytes_read


def is_growth(cases: list[Case]) -> bool:
    return bool(cases) and all(case.program in GROWN for case in cases)


def sweeps(results: list[dict]) -> list[Sweep]:
    """What of `results` differs in one size each, longest first within a program; those of one point are left out."""
    own = [r for r in results if "einfall" in r["medians"] and r["case"]["program"].startswith("grown_")]
    found = []
    for program in dict.fromkeys(r["case"]["program"] for r in own):
        points = [r for r in own if r["case"]["program"] == program]
        base = _base([r["case"]["sizes"] for r in points])
        for along in base:
            line = [r for r in points if all(r["case"]["sizes"][k] == v for k, v in base.items() if k != along)]
            line.sort(key=lambda r: r["case"]["sizes"][along])
            if len(line) > 1:
                facts = [r.get("facts", {}).get("einfall", {}) for r in line]
                found.append(Sweep(program, along, {k: v for k, v in base.items() if k != along},
                                   [r["case"]["sizes"][along] for r in line], [min(r["times"]["einfall"]) for r in line],
                                   [r["roof"]["seconds"] for r in line],
                                   [tuple(r["work"]) for r in line],
                                   [f.get("arena_bytes", 0) + f.get("state_bytes", 0) for f in facts]))
    return found


def _base(points: list[dict]) -> dict:
    """The point that all lines go through: the most frequent value of each size."""
    return {key: max(dict.fromkeys(p[key] for p in points), key=[p[key] for p in points].count) for key in points[0]}


def table(found: list[Sweep]) -> list[str]:
    """Lines of Markdown; a line that grows faster than its work says so."""
    lines = ["| along | from, to | time grew | its work grew | the limit grew | memory grew | |", "|---|---|---|---|---|---|---|"]
    for s in found:
        told = "**grows faster**" if s.grows_faster() else ""
        lines.append(f"| {s.title} | {s.values[0]}, {s.values[-1]} | {s.time_growth():.3g} | {s.work_growth():.3g} | "
                     f"{s.limit_growth():.3g} | {s.memory_growth():.3g} | {told} |")
    return lines
