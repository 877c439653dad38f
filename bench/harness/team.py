"""The workers of a run, and how they take turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from . import machine, roofs
from .cases import Case

BENCH = Path(__file__).resolve().parents[1]


# A result that is gone leaves its pages to the next one. Else a call that returns a large tensor
# mostly measures how the kernel hands out pages: 60 of 65 ms for a norm of 134 MB.
PAGES_STAY = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"


class Worker:
    """A peer in a process of its own. `gone` says why it cannot be asked any more."""

    def __init__(self, name: str, threads: int, log, python: str = sys.executable):
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(BENCH), os.environ.get("PYTHONPATH", "")]))
        for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "EINFALL_NUM_THREADS"):
            environment[variable] = str(threads)
        environment["GLIBC_TUNABLES"] = PAGES_STAY
        # Large tensors in huge pages, for whoever has them of torch: as numpy's are, and as the roof's are if that is faster.
        environment["THP_MEM_ALLOC_ENABLE"] = "1"
        self.name, self.gone = name, ""
        self.another = lambda: Worker(name, threads, log, python)
        self.process = subprocess.Popen([python, "-m", "harness.worker", name, str(threads)], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

    def ask(self, do: str, **arguments) -> dict:
        if self.gone:
            return {"failed": self.gone}
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.gone = f"its process ended with status {self.process.wait()}"
            return {"failed": self.gone}
        return json.loads(line)

    def stop(self) -> None:
        if not self.gone:
            self.process.stdin.close()
            self.process.wait()


def agrees(got: list[float], want: list[float], element: str) -> str:
    """Empty, or how two peers' samples differ. The bound catches wrong programs, not roundings."""
    if len(got) != len(want):
        return f"{len(got)} samples, expected {len(want)}"
    scale = max((abs(v) for v in want), default=0.0) or 1.0
    bound = {"f32": 1e-3, "i8": 0.0, "u8": 0.0}.get(element, 5e-2)
    wrong = [abs(a - b) for a, b in zip(got, want) if not abs(a - b) <= bound * scale]
    return f"{len(wrong)} of {len(want)} samples differ, by {wrong[0] / scale:.2g} of the largest" if wrong else ""


def take_turns(workers: list[Worker | roofs.InTurn], rounds: int, seconds: float) -> dict[str, list[dict]]:
    """Measurements by worker; every round asks each once, in an order that turns."""
    out: dict[str, list[dict]] = {w.name: [] for w in workers}
    for number in range(rounds):
        shift = number % max(len(workers), 1)
        for worker in workers[shift:] + workers[:shift]:
            time.sleep(0.01)  # the threads of the one before stop spinning
            answer = worker.ask("measure", seconds=seconds)
            if "seconds" in answer:
                out[worker.name].append(answer | {"round": number})
    return out


def run_case(workers: list[Worker], case: Case, copies: int, rounds: int, seconds: float, patience: float = 0,
             limits: roofs.Roofs | None = None) -> dict:
    """Opens the case everywhere, checks that results agree, and measures once the machine is idle or `patience`
    seconds are over. Times are of one instance; `load` is what others used of the CPUs before and after. The limit of memory
    takes turns with the others, beside Einfall, if it is one for this case."""
    ready, skipped, reference = [], {}, None
    for worker in workers:
        answer = worker.ask("open", case=case.asdict(), copies=copies)
        reason = answer.get("unsupported") or answer.get("failed")
        if not reason and "samples" in answer:
            if worker.name == "torch" or reference is None:
                reference = answer["samples"]
            else:
                reason = agrees(answer["samples"], reference, case.type)
        if reason:
            skipped[worker.name] = reason
        else:
            ready.append(worker)
    load = [machine.wait_until_idle(patience)]
    roof = limits.in_turn(case, copies) if limits else None
    try:
        measured = take_turns(beside(ready, roof), rounds, seconds)
    finally:
        if roof:
            roof.stop()
    load.append(machine.busy())
    for worker in ready:
        worker.ask("close")
    turns = roof_facts(roof, measured, copies)
    times = {name: [m["seconds"] / copies for m in list_] for name, list_ in measured.items() if list_}
    extra = {name: list_[-1] for name, list_ in measured.items() if list_ and list_[-1].keys() - {"seconds", "calls", "round"}}
    result = summarize(case, copies, times, skipped) | {"load": load} | ({"facts": extra} if extra else {})
    return result | ({"roof": limits.result(case, copies, turns)} if limits else {})


def beside(workers: list[Worker], roof: roofs.InTurn | None) -> list:
    """The workers with the roof behind Einfall, so that little time is between the two."""
    at = [w.name for w in workers].index("einfall") + 1 if any(w.name == "einfall" for w in workers) else len(workers)
    return workers[:at] + ([roof] if roof else []) + workers[at:]


def roof_facts(roof: roofs.InTurn | None, measured: dict[str, list[dict]], copies: int) -> dict | None:
    """Takes the roof out of what was measured; what a record keeps of it."""
    found = measured.pop("roof", [])
    if not found:
        return None
    return roofs.summarize(roof.kind, measured.get("einfall", []), found, copies) | {"loop": roof.loop,
                                                                                     "working_set": roof.working_set}


def summarize(case: Case, copies: int, times: dict[str, list[float]], skipped: dict[str, str]) -> dict:
    """Medians and the ratio to the best peer; above 1 Einfall is faster."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    peers = {name: value for name, value in medians.items() if name != "einfall"}
    best = min(peers, key=peers.get) if peers else None
    result = {"case": case.asdict(), "copies": copies, "times": times, "medians": medians, "skipped": skipped,
              "best_peer": best, "ratio": None}
    if best and "einfall" in medians:
        result["ratio"] = peers[best] / medians["einfall"]
    return result
