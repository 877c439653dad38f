"""Branches, barriers and exchanges between lanes."""

import numpy as np

from .program import LANES, op, put
from .text import number


def members(instruction) -> np.ndarray:
    """The lanes that an instruction waits for."""
    mask = number(instruction.operands[-1], instruction.line) % 2**32
    return (mask >> np.arange(LANES)) & 1 == 1


@op("bra")
def branch(program, index, instruction):
    """(lanes that jump or None for all, where to); machine.py takes the step."""
    target = program.kernel.labels.get(instruction.operands[0])
    if target is None:
        raise instruction.error(f"there is no label {instruction.operands[0]}")
    if instruction.predicate is None:
        return lambda warp: (None, target)
    register, negated = program.register(instruction, instruction.predicate), instruction.negated
    if negated:
        return lambda warp: (~warp.registers[register], target)
    return lambda warp: (warp.registers[register], target)


@op("ret", "exit")
def leave(program, index, instruction):
    return lambda warp: None


@op("bar")
def barrier(program, index, instruction):
    """Nothing to do for those that have met."""
    if instruction.parts[1:] == ["warp", "sync"]:
        members(instruction)
    elif instruction.parts[1:] != ["sync"] or instruction.operands != ["0"]:
        raise ValueError("no such barrier")
    return lambda warp: None


@op("shfl")
def exchange(program, index, instruction):
    _, mode, kind = instruction.parts[1:]
    target, _, step, clamp = instruction.operands[:4]
    if mode not in ("bfly", "idx", "up", "down"):
        raise KeyError(mode)
    to, _, valid = target.partition("|")
    register = program.register(instruction, to)
    flag = program.register(instruction, valid) if valid else None
    get, amount, bounds = program.operand(instruction, 1, kind), program.operand(instruction, 2, "u32"), program.operand(instruction, 3, "u32")
    lanes = np.arange(LANES)

    def run(warp):
        b, c = (amount(warp) & 31).astype(np.int64), bounds(warp).astype(np.int64)
        segment, limit = (c >> 8) & 31, c & 31
        highest, lowest = (lanes & segment) | (limit & ~segment), lanes & segment
        source = {"bfly": lambda: lanes ^ b, "idx": lambda: lowest | (b & ~segment), "up": lambda: lanes - b, "down": lambda: lanes + b}[mode]()
        inside = source >= highest if mode == "up" else source <= highest
        source = np.where(inside, source, lanes)
        active = warp.alive if warp.mask is None else warp.mask
        if not active[source][active].all():
            raise instruction.error("reads a lane that takes no part")
        put(warp, register, get(warp)[source])
        if flag is not None:
            put(warp, flag, inside)

    return run
