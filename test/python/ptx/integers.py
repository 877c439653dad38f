"""Arithmetic of integers, which wraps; bits and shifts."""

import numpy as np

from .program import DTYPES, LANES, op, put
from .text import WIDTHS


def divide(a, b):
    """Towards zero, as C has it; what is divided by zero has all bits set."""
    safe = np.where(b == 0, b.dtype.type(1), b)
    q = a // safe
    if a.dtype.kind == "i":
        q = q + ((a - q * safe != 0) & ((a < 0) != (b < 0)))
    return np.where(b == 0, np.full_like(a, -1 if a.dtype.kind == "i" else np.iinfo(a.dtype).max), q).astype(a.dtype)


def remainder(a, b):
    return np.where(b == 0, a, a - divide(a, b) * b).astype(a.dtype)


def high(a, b):
    """The upper half of the product."""
    bits = 8 * a.itemsize
    if bits == 64:
        return np.array([(int(x) * int(y) >> 64) % 2**64 for x, y in zip(a, b)], np.uint64).view(a.dtype)
    wide = np.int64 if a.dtype.kind == "i" else np.uint64
    return ((a.astype(wide) * b.astype(wide)) >> wide(bits)).astype(a.dtype)


BINARY = {"add": np.add, "sub": np.subtract, "min": np.minimum, "max": np.maximum, "div": divide, "rem": remainder, "and": np.bitwise_and,
          "or": np.bitwise_or, "xor": np.bitwise_xor}
UNARY = {"neg": np.negative, "abs": np.abs, "not": np.invert}


def binary(program, instruction, kind, function):
    target = program.target(instruction)
    a, b = (program.operand(instruction, i, kind) for i in (1, 2))
    return lambda warp: put(warp, target, function(a(warp), b(warp)))


def unary(program, instruction, kind, function):
    target, a = program.target(instruction), program.operand(instruction, 1, kind)
    return lambda warp: put(warp, target, function(a(warp)))


def ternary(program, instruction, kinds, function):
    target = program.target(instruction)
    a, b, c = (program.operand(instruction, i, kind) for i, kind in enumerate(kinds, 1))
    return lambda warp: put(warp, target, function(a(warp), b(warp), c(warp)))


@op("and", "or", "xor", "rem")
def bitwise(program, index, instruction):
    known(instruction, 2)
    return binary(program, instruction, instruction.type, BINARY[instruction.name])


@op("not", "popc", "clz", "brev")
def bits(program, index, instruction):
    known(instruction, 2)
    if instruction.name == "not":
        return unary(program, instruction, instruction.type, np.invert)
    width = 8 * WIDTHS[instruction.type]
    count = {"popc": lambda x: bin(x).count("1"), "clz": lambda x: width - x.bit_length(),
             "brev": lambda x: int(f"{x:0{width}b}"[::-1], 2)}[instruction.name]
    dtype = np.uint64 if instruction.name == "brev" and width == 64 else np.uint32
    return unary(program, instruction, instruction.type, lambda a: np.array([count(x) for x in a.tolist()], dtype))


@op("shl", "shr")
def shift(program, index, instruction):
    """Amounts of the width or more leave nothing, or the sign."""
    known(instruction, 2)
    kind = instruction.type
    width, dtype = 8 * WIDTHS[kind], DTYPES[kind]
    target, a = program.target(instruction), program.operand(instruction, 1, kind)
    left = instruction.name == "shl"
    function = np.left_shift if left else np.right_shift
    if not instruction.operands[2].startswith("%"):
        amount = min(int(instruction.operands[2], 0), width)
        if amount == width:
            return lambda warp: put(warp, target, np.right_shift(a(warp), dtype.type(width - 1)) if dtype.kind == "i" and not left
                                    else np.zeros(LANES, dtype))
        amount = dtype.type(amount)
        return lambda warp: put(warp, target, function(a(warp), amount))
    b = program.operand(instruction, 2, "u32")

    def run(warp):
        amount = np.minimum(b(warp), np.uint32(width))
        value = a(warp)
        over = value >> dtype.type(width - 1) if dtype.kind == "i" and not left else np.zeros_like(value)
        put(warp, target, np.where(amount >= width, over, function(value, np.minimum(amount, np.uint32(width - 1)).astype(dtype))).astype(dtype))

    return run


@op("mul", "mad")
def product(program, index, instruction):
    if instruction.type.startswith(("f", "bf")):
        from .floats import arithmetic

        return arithmetic(program, index, instruction)
    known(instruction, 3)
    mode, kind = instruction.parts[1:]
    adds = instruction.name == "mad"
    if mode == "wide":
        wide = kind[0] + str(2 * int(kind[1:]))
        multiply = lambda a, b: a.astype(DTYPES[wide]) * b.astype(DTYPES[wide])  # noqa: E731
    else:
        wide, multiply = kind, {"lo": np.multiply, "hi": high}[mode]
    if adds:
        return ternary(program, instruction, (kind, kind, wide), lambda a, b, c: multiply(a, b) + c)
    return binary(program, instruction, kind, multiply)


@op("bfe")
def extract(program, index, instruction):
    known(instruction, 2)
    kind, width = instruction.type, 8 * WIDTHS[instruction.type]

    def field(a, b, c):
        out = []
        for x, start, count in zip(a.tolist(), (b & 255).tolist(), (c & 255).tolist()):
            value = (x % 2**width >> start if x >= 0 or kind[0] == "u" else x >> min(start, width)) & ((1 << count) - 1)
            negative = kind[0] == "s" and count and (x >> min(start + count - 1, width - 1)) & 1
            out.append((value - (1 << count) if negative else value) % 2**width)
        return np.array(out, f"uint{width}")

    return ternary(program, instruction, (kind, "u32", "u32"), field)


@op("bfi")
def insert(program, index, instruction):
    known(instruction, 2)
    kind, width = instruction.type, 8 * WIDTHS[instruction.type]
    target = program.target(instruction)
    a, b = (program.operand(instruction, i, kind) for i in (1, 2))
    c, d = (program.operand(instruction, i, "u32") for i in (3, 4))

    def run(warp):
        out = []
        for x, y, start, count in zip(*(v(warp).tolist() for v in (a, b, c, d))):
            field = (((1 << (count & 255)) - 1) << (start & 255)) % 2**width
            out.append((x << (start & 255)) & field | y & ~field)
        put(warp, target, np.array(out, f"uint{width}"))

    return run


@op("shf")
def funnel(program, index, instruction):
    known(instruction, 4)
    side, mode, _ = instruction.parts[1:]

    def run(a, b, c):
        amount = (c & np.uint32(31) if mode == "wrap" else np.minimum(c, np.uint32(32))).astype(np.uint64)
        both = b.astype(np.uint64) << np.uint64(32) | a
        return (both >> amount if side == "r" else (both << amount) >> np.uint64(32)).astype(np.uint32)

    return ternary(program, instruction, ("b32", "b32", "u32"), run)


@op("prmt")
def permute(program, index, instruction):
    known(instruction, 2)

    def run(a, b, c):
        both = (b.astype(np.uint64) << np.uint64(32) | a).astype("<u8")[:, None].view(np.uint8)
        out = np.zeros((LANES, 4), np.uint8)
        for i in range(4):
            choice = (c >> np.uint32(4 * i)) & np.uint32(15)
            byte = both[np.arange(LANES), choice & 7]
            out[:, i] = np.where(choice & 8, np.where(byte & 128, 255, 0), byte)
        return out.view("<u4").ravel()

    return ternary(program, instruction, ("b32",) * 3, run)


def known(instruction, count: int) -> None:
    """Refuses modifiers that change the meaning."""
    if len(instruction.parts) != count:
        raise ValueError(f"expected {count - 1} parts after the name")
