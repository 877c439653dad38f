"""The order of copies, waits, barriers, loads and matrix instructions, in PTX and in what ptxas made of it.

ptxas moves instructions; what it may not do is to bring one past another that was to keep it in place. Three measures say so without
knowing addresses:

* which events can follow which with no barrier (or wait, or end of a group) between. A pair that the machine code has and the PTX has
  not is an order that nobody asked for: a load before the barrier behind which its slot is full, a copy into a slot
  before the barrier that ended its reads.
* in a loop without branches, how many loads and copies stand between one barrier, wait or end of a group and the next.
* how many matrix instructions stand at least between the end of a group of copies and the wait that needs it: copies that are on their
  way while nothing is computed are of no use.
"""

import heapq
import importlib.metadata
import itertools
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

COPY, GROUP, WAIT, BARRIER, LOAD, MATRIX = "copy", "group", "wait", "barrier", "load", "matrix"
SYNCHRONISES = (GROUP, WAIT, BARRIER)
#: Of the matrix instructions beside which copies are on their way, so many have to be left: arithmetic may pass a wait, as 29 of 96 do where
#: blocks are small and have short parts (sm_80).
KEPT = 2 / 3
PTX = {"cp.async.cg.": COPY, "cp.async.commit_group": GROUP, "cp.async.wait_group": WAIT, "bar.sync": BARRIER, "barrier.": BARRIER,
       "ldmatrix.": LOAD, "mma.sync.": MATRIX}
SASS = {"LDGSTS": COPY, "LDGDEPBAR": GROUP, "DEPBAR": WAIT, "BAR.SYNC": BARRIER, "LDSM": LOAD, "HMMA": MATRIX, "IMMA": MATRIX}


class Code:
    """Events in the order of the text, and what may follow what. `items` are (event, label, target, whether it goes on behind it)."""

    def __init__(self, text: str, kinds: dict[str, str]):
        self.items: list[tuple[str | None, str | None, str | None, bool]] = []
        self.pending: dict[int, int] = {}  # by item: the groups that a wait leaves on their way
        for line in text.splitlines():
            if match := re.match(r"\s*(\$L\w+|\.L_x_\d+):", line):
                self.items.append((None, match[1], None, True))
            elif match := re.match(r"(?:\s*/\*[0-9a-f]+\*/)?\s+(@!?%?U?p\w+\s+)?([a-z][\w.]*)\b(.*)", line, re.I):
                guard, op, rest = match.groups()
                goes_on = guard is not None
                if op.lower() in ("ret", "exit", "trap") or op.startswith("RET."):
                    self.items.append((None, None, None, goes_on))
                elif target := re.search(r"(\$L\w+|\.L_x_\d+)", rest) if op.lower().startswith("bra") else None:
                    # PTX may leave out that a branch is taken by all; a predicate of SASS may also stand behind the name.
                    self.items.append((None, None, target[1], goes_on or bool(re.match(r"\s*!?U?P\d", rest))))
                else:
                    if op.startswith(("cp.async.wait_group", "DEPBAR")):
                        self.pending[len(self.items)] = int(re.findall(r"\b(0x[0-9a-f]+|\d+)", rest)[-1], 0)
                    self.items += [(kind, None, None, True) for start, kind in kinds.items() if op.startswith(start)]
        labels = {label: i for i, (_, label, _, _) in enumerate(self.items) if label}
        self.next = [[i + 1] * (goes_on and i + 1 < len(self.items)) + ([labels[target]] if target in labels else [])
                     for i, (_, _, target, goes_on) in enumerate(self.items)]
        self.loops = self._loops()

    def event(self, i: int) -> str | None:
        return self.items[i][0]

    def _loops(self) -> list[list[int]]:
        """The loops in which copies are waited for and multiplied: items that can come again, in the order of the text."""
        back = defaultdict(list)
        for i, nexts in enumerate(self.next):
            for j in nexts:
                back[j].append(i)
        order, seen = [], set()
        for start in range(len(self.items)):
            stack = [(start, iter(self.next[start]))] if start not in seen else []
            seen.add(start)
            while stack:
                node, nexts = stack[-1]
                if (j := next((j for j in nexts if j not in seen), None)) is None:
                    order.append(stack.pop()[0])
                else:
                    seen.add(j)
                    stack.append((j, iter(self.next[j])))
        loops, done = [], set()
        for start in reversed(order):
            component, stack = [], [start]
            while stack:
                if (i := stack.pop()) not in done:
                    done.add(i)
                    component.append(i)
                    stack += back[i]
            if {COPY, WAIT, BARRIER, MATRIX} <= {self.event(i) for i in component}:
                loops.append(sorted(component))
        return loops

    def straight(self) -> list[tuple[list[str], int]]:
        """The events of loops that have one way, from a barrier on, and how much they overlap."""
        result = []
        for loop in self.loops:
            events = [i for i in loop if self.event(i)]
            inside = self.items[events[0]:events[-1] + 1]
            if any(label or target for _, label, target, _ in inside):
                continue
            names = [self.event(i) for i in events]
            at = names.index(BARRIER)
            result.append((names[at:] + names[:at], self.overlap(loop)))
        return result

    def follows(self, separator: str, inside: list[int] | None = None) -> set[tuple[str, str]]:
        """Which events can come after which with no `separator` between; of those in a loop, within it."""
        places = set(range(len(self.items)) if inside is None else inside)
        pairs = set()
        for i in places:
            first = self.event(i)
            if first is None or first == MATRIX:
                continue
            seen, stack = set(), list(self.next[i])
            while stack:
                if (j := stack.pop()) in seen or j not in places:
                    continue
                seen.add(j)
                if (event := self.event(j)) not in (None, MATRIX):
                    pairs.add((first, event))
                if event != separator:
                    stack += self.next[j]
        return pairs

    def overlap(self, loop: list[int]) -> int:
        """The fewest matrix instructions between the end of a group and the wait that needs it: behind as many others as it leaves."""
        inside = set(loop)
        best = {(i, 0): 0 for i in loop if self.event(i) == GROUP}
        queue = [(0, i, 0) for i, _ in best]
        while queue:
            cost, i, others = heapq.heappop(queue)
            if self.event(i) == WAIT and others >= self.pending[i]:
                return cost
            for j in self.next[i]:
                more, later = cost + (self.event(j) == MATRIX), others + (self.event(j) == GROUP)
                if j in inside and later < 16 and more < best.get((j, later), more + 1):
                    best[j, later] = more
                    heapq.heappush(queue, (more, j, later))
        return 0


def segments(events: list[str]) -> list[tuple[str, int, int]]:
    """Of a straight loop: each barrier, wait or end of a group, and the loads and copies behind it."""
    result = []
    for event in events:
        if event in SYNCHRONISES:
            result.append([event, 0, 0])
        elif event != MATRIX:
            result[-1][1 if event == LOAD else 2] += 1
    return [tuple(one) for one in result]


def differences(ptx: str, sass: str) -> list[str]:
    """Where machine code has an order that its PTX does not have."""
    asked, got = Code(ptx, PTX), Code(sass, SASS)
    result = []
    whole = [(None, None)]
    one = list(zip(asked.loops, got.loops)) if len(asked.loops) == len(got.loops) == 1 else []
    for (before, after), separator in itertools.product(whole + one, SYNCHRONISES):
        for first, second in sorted(got.follows(separator, after) - asked.follows(separator, before)):
            # The end of a group is one of copies, for a wait: loads read what was waited for before, and may pass it.
            if LOAD in (first, second) and GROUP in (first, second, separator):
                continue
            result.append(f"a {second} can follow a {first} with no {separator} between")
    straight = [(events.count(MATRIX), segments(events), overlap) for events, overlap in got.straight()]
    for events, overlap in asked.straight():
        alike = [own for count, parts, own in straight if (count, parts) == (events.count(MATRIX), segments(events))]
        if not alike:
            result.append(f"no loop is {segments(events)} with {events.count(MATRIX)} matrix instructions, but there are {straight}")
        elif max(alike) < KEPT * overlap:
            result.append(f"{max(alike)} matrix instructions, not {overlap}, while copies are on their way")
    if len(got.loops) < len(asked.loops):
        result.append(f"of {len(asked.loops)} loops {len(got.loops)} are left")
    most = lambda code: max(map(code.overlap, code.loops), default=0)  # noqa: E731
    if most(got) < KEPT * most(asked):
        result.append(f"at most {most(got)} matrix instructions, not {most(asked)}, while copies are on their way")
    return result


def disassembler() -> str | None:
    """nvdisasm: of a CUDA toolkit, or from the package nvidia-cuda-nvdisasm."""
    try:
        files = importlib.metadata.files("nvidia-cuda-nvdisasm") or []
        for file in files:
            if file.name == "nvdisasm" and (path := Path(file.locate())).exists():
                return str(path)
    except importlib.metadata.PackageNotFoundError:
        pass
    return shutil.which("nvdisasm")


def assemble(ptx: str, target: str, folder: Path) -> str:
    """The machine code of `ptx` as text."""
    (folder / "k.ptx").write_text(ptx)
    subprocess.run(["ptxas", "-O3", f"-arch={target}", folder / "k.ptx", "-o", folder / "k.cubin"], check=True, capture_output=True)
    return subprocess.run([disassembler(), "-c", folder / "k.cubin"], check=True, capture_output=True, text=True).stdout
