"""mov, cvta, loads and stores."""

import re

import numpy as np

from .memory import SHARED_WINDOW
from .program import DTYPES, LANES, UNSIGNED, op, put
from .text import WIDTHS

SPECIAL = {"%tid.x": "tid", "%ctaid.x": "block", "%ntid.x": "threads", "%nctaid.x": "blocks", "%laneid": "lane"}


def pieces(operand: str) -> list[str]:
    return [p.strip() for p in operand.strip("{}").split(",")]


@op("mov")
def move(program, index, instruction):
    to, source = instruction.operands
    kind = instruction.type
    if to.startswith("{"):
        return unpack(program, instruction, pieces(to))
    target = program.target(instruction)
    if source.startswith("{"):
        return pack(program, instruction, target, pieces(source))
    if source in SPECIAL:
        name = SPECIAL[source]
        return lambda warp: put(warp, target, warp.special[name])
    get = program.operand(instruction, 1, kind)
    return lambda warp: put(warp, target, get(warp))


def unpack(program, instruction, names):
    get = program.operand(instruction, 1, instruction.type)
    width = WIDTHS[instruction.type] // len(names)
    dtype = UNSIGNED[width]
    targets = [(i, program.register(instruction, n)) for i, n in enumerate(names) if n != "_"]

    def run(warp):
        parts = np.ascontiguousarray(get(warp)).view(dtype).reshape(LANES, -1)
        for i, register in targets:
            put(warp, register, parts[:, i].copy())

    return run


def pack(program, instruction, target, names):
    width = WIDTHS[instruction.type] // len(names)
    numbers = [program.register(instruction, n) for n in names]

    def run(warp):
        parts = np.stack([warp.registers[n].view(UNSIGNED[width]) for n in numbers], axis=1)
        put(warp, target, parts.view(UNSIGNED[WIDTHS[instruction.type]]).ravel())

    return run


@op("cvta")
def address_space(program, index, instruction):
    to = instruction.parts[1] == "to"
    space = instruction.parts[2 if to else 1]
    target, get = program.target(instruction), program.operand(instruction, 1, "u64")
    offset = {"global": 0, "shared": SHARED_WINDOW}[space]
    shift = np.uint64(-offset % 2**64 if to else offset)
    return lambda warp: put(warp, target, get(warp) + shift)


def address(program, instruction, operand: str):
    """A function that gives the lanes' addresses."""
    base, offset = re.fullmatch(r"\[([\w$%]+)(?:\+(-?\d+))?\]", operand).groups()
    shift = np.uint64(int(offset or 0) % 2**64)
    if base.startswith("%"):
        number = program.register(instruction, base)
        if not offset:
            return lambda warp: warp.registers[number].view(np.uint64)
        return lambda warp: warp.registers[number].view(np.uint64) + shift
    fixed = np.full(LANES, program.addresses[base], np.uint64) + shift
    return lambda warp: fixed


def access(instruction):
    """(space, width, kind, elements) of a load or store."""
    parts = [p for p in instruction.parts[1:] if p not in ("volatile", "nc", "weak")]
    space = parts.pop(0) if parts[0] in ("global", "shared", "param", "const") else ""
    count = int(parts.pop(0)[1:]) if parts[0] in ("v2", "v4") else 1
    (kind,) = parts
    return space, WIDTHS[kind], kind, count


@op("ld")
def load(program, index, instruction):
    space, width, kind, count = access(instruction)
    if space == "param":
        slot = program.parameters[instruction.operands[1].strip("[]")]
        target = program.target(instruction)
        return lambda warp: put(warp, target, warp.parameters[slot].view(UNSIGNED[8]).astype(UNSIGNED[width]))
    where = address(program, instruction, instruction.operands[1])
    names = pieces(instruction.operands[0])
    assert len(names) == count
    targets = [(program.register(instruction, n), np.dtype(f"{DTYPES[kind].kind.replace('f', 'u')}{program.width(n)}"))
               for n in names]
    last = [None]

    def element(warp, addresses, register, held):
        mask, memory = warp.mask, warp.memory(space)
        active = addresses if mask is None else addresses[mask]
        if not len(active):
            return
        values = memory.fetch(instruction, index, warp.number, active, width, last)
        if width != held.itemsize:
            values = values.view(DTYPES[kind]).astype(held)
        if mask is not None:
            spread = np.zeros(LANES, values.dtype)
            spread[mask] = values
            values = spread
        put(warp, register, values)

    def run(warp):
        addresses = where(warp)
        if (width * count) > width and ((addresses if warp.mask is None else addresses[warp.mask]) % np.uint64(width * count)).any():
            raise instruction.error(f"an address is no multiple of {width * count}")
        for i, (register, held) in enumerate(targets):
            element(warp, addresses + np.uint64(i * width) if i else addresses, register, held)

    return run


@op("st")
def store(program, index, instruction):
    space, width, kind, count = access(instruction)
    where = address(program, instruction, instruction.operands[0])
    values = stored(program, instruction, pieces(instruction.operands[1]), f"b{8 * width}")
    assert len(values) == count
    last = [None]

    def run(warp):
        mask, memory, addresses = warp.mask, warp.memory(space), where(warp)
        if mask is not None:
            addresses = addresses[mask]
        if not len(addresses):
            return
        if count > 1 and (addresses % np.uint64(width * count)).any():
            raise instruction.error(f"an address is no multiple of {width * count}")
        for i, get in enumerate(values):
            value = get(warp) if mask is None else get(warp)[mask]
            found = memory.locate(instruction, addresses + np.uint64(i * width), width, last[0] if last[0] in memory.regions else None)
            last[0] = found[0][0]
            for region, offsets, lanes in found:
                memory.store(instruction, index, warp.number, region, offsets, value if lanes is None else value[lanes])

    return run


def stored(program, instruction, names, kind: str):
    """Functions that give the elements to store."""
    getters = []
    for name in names:
        part = type(instruction)(instruction.line, instruction.text, instruction.parts, [name])
        getters.append(program.operand(part, 0, kind))
    return getters
