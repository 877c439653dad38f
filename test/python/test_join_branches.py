"""tile-join-branches on random branches: programs give the same, and store the same in the same order, before and after."""

from __future__ import annotations

import itertools
import random
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build" / "dev"
TILE = 'tensor<8192xf32, "lanes">'  # 256 elements a thread: one operation is worth joining
MODULUS = 1_000_003
OPS = {"arith.addf": lambda a, b: a + b, "arith.subf": lambda a, b: a - b, "arith.mulf": lambda a, b: a * b}
INPUTS = {"%k0": 0, "%k1": 0, "%k2": 0, "%x": 12345, "%y": 6789, "%z": 424242, "%m": 0, "%i": 0}
HEAD = (f"func.func private @f{{0}}(%k0: i1, %k1: i1, %k2: i1, %x: {TILE}, %y: {TILE}, %z: {TILE}, %m: memref<?xf32>, %i: index) "
        f"-> ({TILE}, {TILE}) attributes {{{{tile.program}}}} {{{{")


class Writer:
    """A function of one branch whose ways are alike, but for what one does first and for some operands."""

    def __init__(self, seed: int):
        self.random, self.lines, self.number = random.Random(seed), [], 0

    def name(self) -> str:
        self.number += 1
        return f"%v{self.number}"

    def outline(self, length: int, depth: int = 0) -> list:
        """Operations without their operands."""
        kinds = ["op"] * 6 + ["store"] + ["for", "if"] * (depth < 2)
        return [(kind, self.random.choice(list(OPS)), self.random.randrange(2),
                 [self.outline(self.random.randint(1, 2), depth + 1) for _ in range({"for": 1, "if": 2}.get(kind, 0))])
                for kind in self.random.choices(kinds, k=length)]

    def write(self, outline: list, values: list[str], pick) -> list[str]:
        """Emits it; the values that are there then."""
        values = list(values)
        for kind, op, condition, inner in outline:
            if kind == "store":
                self.lines.append(f"tile.store {pick(values)}, %m[%i] strides[%i] : {TILE}, memref<?xf32>")
                continue
            result = self.name()
            if kind == "op":
                self.lines.append(f"{result} = {op} {pick(values)}, {pick(values)} : {TILE}")
            elif kind == "for":
                carried, at = self.name(), self.name()
                self.lines.append(f"{result} = scf.for {at} = %c0 to %c2 step %c1 iter_args({carried} = {pick(values)}) -> ({TILE}) {{")
                self.way(inner[0], [*values, carried, carried], pick)
                self.lines.append("}")
            else:
                self.lines.append(f"{result} = scf.if %k{condition} -> ({TILE}) {{")
                self.way(inner[0], values, pick)
                self.lines.append("} else {")
                self.way(inner[1], values, pick)
                self.lines.append("}")
            values.append(result)
        return values

    def way(self, outline: list, values: list[str], pick, results: int = 1) -> None:
        values = self.write(outline, values, pick)
        self.lines.append(f"scf.yield {', '.join(pick(values) for _ in range(results))} : {', '.join([TILE] * results)}")

    def function(self, number: int) -> list[str]:
        self.lines = [HEAD.format(number), *(f"%c{n} = arith.constant {n} : index" for n in range(3))]
        head, tail = self.outline(self.random.randint(0, 2)), self.outline(self.random.randint(1, 5))
        choices, noise = self.random.random(), self.random.choice([0, 0, 0.05, 0.2])
        self.lines.append(f"%r:2 = scf.if %k2 -> ({TILE}, {TILE}) {{")
        for side in range(2):
            same = random.Random(choices)

            def pick(values: list[str]) -> str:
                """Of both ways the same one from the end, mostly."""
                place = same.randrange(4)
                if self.random.random() < noise:
                    return self.random.choice(values)
                return values[-1 - place] if place < len(values) else values[0]

            values = self.write(head, ["%x", "%y", "%z"], pick)
            values = self.write(self.outline(self.random.randint(0, 2)), values, self.random.choice)
            self.way(tail, values, pick, results=2)
            self.lines.append("} else {" if side == 0 else "}")
        return [*self.lines, f"return %r#0, %r#1 : {TILE}, {TILE}", "}"]


def parse(lines: list[str], at: int) -> tuple[list, int]:
    """The operations of a block, as (text, regions), and the line that ends it."""
    block = []
    while not lines[at].startswith("}"):
        text, regions = lines[at], []
        at += 1
        if text.endswith("{"):
            while True:
                region, at = parse(lines, at)
                regions.append(region)
                at += 1
                if lines[at - 1] != "} else {":
                    break
        block.append((text, regions))
    return block, at


def evaluate(block: list, values: dict[str, int], stored: list[int]) -> list[int]:
    """What the block yields."""
    values = dict(values)
    for text, regions in block:
        name, rest = re.match(r"(?:(%\w+)(?::\d+)? = )?(.*)", text).groups()
        words = re.findall(r"%\w+(?:#\d+)?", rest)
        results: list[int] = []
        if rest.startswith(("scf.yield", "return")):
            return [values[word] for word in words]
        if rest.startswith("tile.store"):
            stored.append(values[words[0]])
        elif rest.startswith("scf.if"):
            taken = regions[:1] if values[words[0]] else regions[1:]
            for region in taken:
                results = evaluate(region, values, stored)
        elif rest.startswith("scf.for"):
            carried, first = re.search(r"iter_args\((%\w+) = (%[\w#]+)\)", rest).groups()
            results = [values[first]]
            for _ in range(2):
                results = evaluate(regions[0], values | {carried: results[0]}, stored)
        elif rest.startswith("arith.constant"):
            results = [0]
        else:
            results = [OPS[rest.split()[0]](*(values[word] for word in words)) % MODULUS]
        if results:
            values |= {f"{name}#{k}": value for k, value in enumerate(results)} | {name: results[0]}
    return []


def outcomes(text: str) -> list[list]:
    """Of each function, for every way of its conditions: what it gives, and what it has stored."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = []
    for at in [k for k, line in enumerate(lines) if line.startswith("func.func")]:
        block, _ = parse(lines, at + 1)
        own = dict(zip(re.findall(r"(%\w+): ", lines[at]), INPUTS.values()))
        found.append([])
        for ways in itertools.product((0, 1), repeat=3):
            stored: list[int] = []
            found[-1].append((evaluate(block, own | dict(zip(own, ways)), stored), stored))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_gives_the_same(seed):
    writer = Writer(seed)
    text = "\n".join(line for number in range(100) for line in writer.function(number))
    done = subprocess.run([BUILD / "bin" / "einfall-opt", "-", "--tile-join-branches"], input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) < 0.9 * len(text.splitlines())
    before, after = outcomes(text), outcomes(done.stdout)
    assert len(before) == len(after) == 100
    assert before == after
