"""cp.async: copies of 16 bytes to shared memory, on their way until they are waited for.

They arrive at any time before that. So nobody may touch the place to which one goes, from its beginning until it has been
waited for; memory.py tells who does. What is waited for counts as written then and there by the warp that waits, and needs
a barrier before other warps read it. Copies that nobody waits for end with the block.
"""

from dataclasses import dataclass

import numpy as np

from .memory import Race, Region
from .movement import address
from .program import LANES, op
from .text import Instruction, number

WIDTH = 16


@dataclass
class Copy:
    """Those of an instruction, one a lane."""

    instruction: Instruction
    index: int
    lanes: np.ndarray
    groups: np.ndarray  # of the lane; -1 until one is committed
    region: Region
    offsets: np.ndarray
    sources: np.ndarray
    sizes: np.ndarray
    values: np.ndarray  # a row of bytes for each lane

    def part(self, chosen: np.ndarray) -> "Copy":
        names = ("lanes", "groups", "offsets", "sources", "sizes", "values")
        return Copy(self.instruction, self.index, region=self.region, **{name: getattr(self, name)[chosen] for name in names})


class Copies:
    """Those of a warp that are on their way, and how many groups each of its threads has committed."""

    def __init__(self):
        self.pending: list[Copy] = []
        self.committed = np.zeros(LANES, np.int64)

    def commit(self, active: np.ndarray) -> None:
        for copy in self.pending:
            joins = active[copy.lanes] & (copy.groups < 0)
            copy.groups = np.where(joins, self.committed[copy.lanes], copy.groups)
        self.committed = self.committed + active

    def wait(self, warp, active: np.ndarray, left: int) -> None:
        """All but the last `left` groups of the threads that wait arrive."""
        pending, self.pending = self.pending, []
        for copy in pending:
            there = active[copy.lanes] & (copy.groups >= 0) & (copy.groups < self.committed[copy.lanes] - left)
            if there.any():
                arrive(warp, copy.part(there))
            if not there.all():
                self.pending.append(copy.part(~there))


def active(warp) -> np.ndarray:
    return warp.alive if warp.mask is None else warp.mask


def read(warp, instruction, index: int, addresses: np.ndarray, sizes: np.ndarray, last) -> np.ndarray:
    """So many bytes at each address and zeros, 16 in all."""
    memory, values = warp.memory("global"), np.zeros((len(addresses), WIDTH), np.uint8)
    whole = sizes == WIDTH
    if whole.any():
        values[whole] = memory.fetch(instruction, index, warp.number, addresses[whole], WIDTH, last).view(np.uint8).reshape(-1, WIDTH)
    at = np.flatnonzero(~whole & (sizes > 0))
    if len(at):
        inside = np.arange(WIDTH) < sizes[at, None]
        each = (addresses[at, None] + np.arange(WIDTH, dtype=np.uint64))[inside]
        part = np.zeros(inside.shape, np.uint8)
        part[inside] = memory.fetch(instruction, index, warp.number, each, 1, last)
        values[at] = part
    return values


def begin(warp, instruction, index: int, to: np.ndarray, sources: np.ndarray, sizes: np.ndarray, last) -> None:
    lanes, memory = np.flatnonzero(active(warp)), warp.memory("shared")
    if not len(lanes):
        return
    to, sources, sizes = to[lanes], sources[lanes], sizes[lanes]
    if (sources % np.uint64(WIDTH)).any():
        raise instruction.error(f"an address is no multiple of {WIDTH}")
    if (sizes > WIDTH).any():
        raise instruction.error(f"a source of more than {WIDTH} bytes")
    values = read(warp, instruction, index, sources, sizes, last)
    ((region, offsets, _),) = memory.locate(instruction, to, WIDTH, memory.regions[0])
    memory.expect(instruction, index, warp.number, region, offsets, WIDTH)
    warp.copies.pending.append(Copy(instruction, index, lanes, np.full(len(lanes), -1), region, offsets, sources, sizes, values))


def arrive(warp, copy: Copy) -> None:
    now = read(warp, copy.instruction, copy.index, copy.sources, copy.sizes, [None])
    if (now != copy.values).any():
        raise Race(f"{copy.instruction}: what is copied was written before it had arrived")
    warp.memory("shared").arrive(copy.instruction, copy.index, warp.number, copy.region, copy.offsets, copy.values)


@op("cp")
def copy(program, index, instruction):
    match instruction.parts[1:]:
        case ["async", "commit_group"]:
            return lambda warp: warp.copies.commit(active(warp))
        case ["async", "wait_group"]:
            left = number(instruction.operands[0], instruction.line)
            return lambda warp: warp.copies.wait(warp, active(warp), left)
        case ["async", "cg", "shared", "global"] if instruction.operands[2] == str(WIDTH):
            to, source = (address(program, instruction, operand) for operand in instruction.operands[:2])
            sizes = program.operand(instruction, 3 if len(instruction.operands) > 3 else 2, "u32")
            last = [None]
            return lambda warp: begin(warp, instruction, index, to(warp), source(warp), sizes(warp), last)
    raise ValueError("no such copy")
