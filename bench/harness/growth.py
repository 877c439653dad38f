"""How time and memory grow along one size, against what has to be computed and moved."""

from __future__ import annotations

import dataclasses

# Beyond what a machine's limits say, so much more may be lost at the far end: caches end between the two.
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
    bytes: list[int]  # of temporaries and states

    @property
    def title(self) -> str:
        return f"{self.program.removeprefix('grown_')} by {self.along}"

    def time_growth(self) -> float:
        return self.seconds[-1] / self.seconds[0]

    def work_growth(self) -> float:
        return self.least[-1] / self.least[0]

    def grows_faster(self) -> bool:
        """True if the last point takes a larger part more than the first one does than its work explains."""
        return self.time_growth() > SLACK * self.work_growth()

    def memory_growth(self) -> float:
        return self.bytes[-1] / self.bytes[0] if self.bytes[0] else 1.0


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
                                   [r["case"]["sizes"][along] for r in line], [r["medians"]["einfall"] for r in line],
                                   [r["roof"]["seconds"] for r in line],
                                   [f.get("arena_bytes", 0) + f.get("state_bytes", 0) for f in facts]))
    return found


def _base(points: list[dict]) -> dict:
    """The point that all lines go through: the most frequent value of each size."""
    return {key: max(dict.fromkeys(p[key] for p in points), key=[p[key] for p in points].count) for key in points[0]}


def table(found: list[Sweep]) -> list[str]:
    """Lines of Markdown; a line that grows faster than its work says so."""
    lines = ["| along | from, to | time grew | its work grew | memory grew | |", "|---|---|---|---|---|---|"]
    for s in found:
        told = "**grows faster**" if s.grows_faster() else ""
        lines.append(f"| {s.title} | {s.values[0]}, {s.values[-1]} | {s.time_growth():.3g} | {s.work_growth():.3g} | "
                     f"{s.memory_growth():.3g} | {told} |")
    return lines
