"""Runs grids: blocks one after the other, their warps in a random order, the threads of a warp by their program counters.

Of the threads of a warp those with the lowest program counter run, up to where they part or have to wait; so threads that
parted meet again where their ways do.
"""

import random

import numpy as np

from . import conversions, floats, integers, logic, matrix, movement, warps  # noqa: F401 (each adds its instructions)
from .asynchronous import Copies
from .memory import POISON, SHARED_BASE, SHARED_WINDOW, Memory, Region
from .movement import access
from .program import LANES, Program
from .text import Module, PtxError, read
from .warps import members

#: Steps of a block's warps; more are taken for a loop without an end.
LIMIT = 4_000_000


class Deadlock(PtxError):
    pass


class Warp:
    def __init__(self, machine: "Machine", program: Program, number: int, block: int, blocks: int, parameters):
        threads = program.kernel.threads
        lanes = np.arange(LANES, dtype=np.uint32)
        tid = lanes + np.uint32(number * LANES)
        self.program, self.number, self.parameters = program, number, parameters
        self.registers = list(program.initial)
        every = lambda value: np.full(LANES, value, np.uint32)  # noqa: E731
        self.special = {"tid": tid, "block": every(block), "threads": every(threads), "blocks": every(blocks), "lane": lanes}
        self.spaces = {"global": machine.memory, "const": machine.memory, "shared": machine.shared, "": machine.generic}
        self.memory = self.spaces.__getitem__
        self.alive = tid < threads
        self.groups = {0: self.alive.copy()}  # program counter to the lanes that are there
        self.mask = None
        self.copies = Copies()
        self.state = "runs"
        self.machine = machine

    def step(self) -> str:
        """"runs" if something was done, "barrier" if all wait for other warps, "stuck", or "done"."""
        for pc in sorted(self.groups):
            lanes = self.groups[pc]
            waits = self.waits(pc, lanes)
            if waits == "barrier":
                self.state = waits
                return waits
            if not waits:
                del self.groups[pc]
                self.run(pc, lanes)
                self.state = "runs" if self.groups else "done"
                return self.state
        self.state = "stuck"
        return self.state

    def waits(self, pc: int, lanes: np.ndarray) -> str:
        instruction = self.program.kernel.code[pc]
        if instruction.name == "shfl" or instruction.name == "bar" and instruction.parts[1] == "warp":
            needed = members(instruction) & self.alive
            if not (lanes & ~members(instruction)).any():
                return "lanes" if (needed & ~lanes).any() else ""
            raise instruction.error("executed by a lane that its mask leaves out")
        if instruction.name in ("ldmatrix", "mma"):
            if not self.alive.all():
                raise instruction.error("needs all lanes of a warp, some of which have ended")
            return "" if lanes.all() else "lanes"
        if instruction.name == "bar":
            return "barrier" if (lanes == self.alive).all() else "lanes"
        return ""

    def run(self, pc: int, lanes: np.ndarray) -> None:
        first, whole = pc, bool(lanes.all())
        self.mask = None if whole else lanes
        code = self.program.kernel.code
        if not whole and code[pc].name in ("shfl", "bar"):
            self.program.steps[pc](self)
            pc += 1
        steps, end = self.program.segment(pc, whole)
        for step in steps:
            step(self)
        self.machine.executed += (end + 1 - first) * int(np.count_nonzero(lanes))
        instruction = code[end] if end < len(code) else None
        if instruction is None or instruction.name in ("ret", "exit"):
            self.alive = self.alive & ~lanes
        elif instruction.name == "bra":
            self.branch(end, lanes)
        else:
            self.join(end, lanes)

    def branch(self, pc: int, lanes: np.ndarray) -> None:
        jumps, target = self.program.steps[pc](self)
        if jumps is None:
            self.join(target, lanes)
            return
        jumping = jumps & lanes
        if jumping.any():
            self.join(target, jumping)
        staying = lanes & ~jumping
        if staying.any():
            self.join(pc + 1, staying)

    def join(self, pc: int, lanes: np.ndarray) -> None:
        there = self.groups.get(pc)
        self.groups[pc] = lanes if there is None else there | lanes

    def pass_barrier(self) -> None:
        ((pc, lanes),) = self.groups.items()
        self.groups = {pc + 1: lanes}
        self.state = "runs"

    def where(self) -> str:
        return "; ".join(f"warp {self.number} lanes {','.join(map(str, np.flatnonzero(lanes)))} at {self.program.kernel.code[pc]}"
                         for pc, lanes in sorted(self.groups.items()))


class Machine:
    """Holds memory and the kernels of a text."""

    def __init__(self, text: str, seed: int = 0, memory: Memory | None = None):
        self.module: Module = read(text)
        self.memory = memory or Memory()
        self.random = random.Random(seed)
        self.programs: dict[str, Program] = {}
        self.executed = 0  # instructions of all threads together
        self.addresses = dict.fromkeys(self.module.shared, SHARED_BASE)
        for table in self.module.tables.values():
            data = aligned(len(table.data), table.align)
            data[:] = np.frombuffer(table.data, np.uint8)
            self.addresses[table.name] = self.memory.add(Region(table.name, data, writable=False)).base

    def program(self, name: str) -> Program:
        if name not in self.programs:
            self.programs[name] = Program(self.module, self.module.kernels[name], self.addresses)
        return self.programs[name]

    def launch(self, name: str, blocks: int, parameters, shared_bytes: int = 0) -> None:
        program = self.program(name)
        if len(parameters) != len(program.kernel.parameters):
            raise PtxError(f"{name} takes {len(program.kernel.parameters)} parameters, but got {len(parameters)}")
        values = [np.full(LANES, int(p) % 2**64, np.uint64) for p in parameters]
        granules = {space: smallest(program, space) for space in ("global", "shared")}
        for region in self.memory.regions:
            if region.granule != granules["global"]:
                region.watch(granules["global"])
        self.memory.clock.start_launch()
        self.memory.code = program.kernel.code
        with np.errstate(all="ignore"):
            for block in range(blocks):
                self.block(program, block, blocks, values, shared_bytes, granules["shared"])

    def block(self, program: Program, block: int, blocks: int, parameters, shared_bytes: int, granule: int) -> None:
        memory = self.memory
        memory.clock.start_block()
        shared = Region("shared memory", aligned(shared_bytes, 128), base=SHARED_BASE, poisoned=True)
        shared.data[:] = POISON
        shared.watch(granule)
        generic = Region("shared memory", shared.data, base=SHARED_BASE + SHARED_WINDOW)
        for name in ("granule", "poisoned", "written", "writer", "reader", "first", "coming", "write_line", "read_line", "first_line"):
            setattr(generic, name, getattr(shared, name))
        self.shared, self.generic = view(memory, [shared]), view(memory, [*memory.regions, generic])
        warps = [Warp(self, program, i, block, blocks, parameters) for i in range(-(-program.kernel.threads // LANES))]
        ready = list(warps)
        for _ in range(LIMIT):
            if not ready:
                waiting = [w for w in warps if w.state == "barrier"]
                if not waiting:
                    return
                if len({pc for w in waiting for pc in w.groups}) > 1:
                    raise PtxError("warps of a block meet at different barriers: " + "; ".join(w.where() for w in waiting))
                memory.clock.barrier()
                for warp in waiting:
                    warp.pass_barrier()
                ready = waiting
            at = self.random.randrange(len(ready)) if len(ready) > 1 else 0
            state = ready[at].step()
            if state != "runs":
                ready.pop(at)
            if not ready and any(w.state == "stuck" for w in warps):
                raise Deadlock("threads wait for others that never come: " + "; ".join(w.where() for w in warps if w.groups))
        raise PtxError(f"{program.kernel.name}: no end after {LIMIT} steps: " + "; ".join(w.where() for w in warps if w.groups))


def view(memory: Memory, regions) -> Memory:
    """The same clock over other regions."""
    other = Memory()
    other.clock, other.code, other.regions = memory.clock, memory.code, regions
    other.anything = memory.anything
    return other


def smallest(program: Program, space: str) -> int:
    """The smallest access of a kernel; an address without a space may be in any. What copies or loads 16 bytes does it by
    words of 8, but a copy that reads fewer ends anywhere."""
    code = program.kernel.code
    widths = [access(i)[1] for i in code if i.name in ("ld", "st") and access(i)[0] in (space, "")]
    if space == "global" and any(i.name == "cp" and len(i.operands) > 3 for i in code):
        return 1
    return min(widths, default=8)


def aligned(size: int, align: int = 64) -> np.ndarray:
    """Bytes at a multiple of `align`."""
    raw = np.zeros(size + align, np.uint8)
    start = -raw.ctypes.data % align
    return raw[start : start + size]
