"""cvt: between integers, between floating-point types, and from one to the other."""

import numpy as np

from .floats import to_bf16, widen_bf16
from .program import DTYPES, op, put
from .text import WIDTHS

ROUND = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}
FLOATS = {"f16", "f32", "f64", "bf16"}


def to_float(value: np.ndarray, source: str, target: str) -> np.ndarray:
    """Rounded once, to nearest even."""
    if source == "bf16":
        value = widen_bf16(value)
    if target == "bf16":
        return to_bf16(value if value.dtype.kind == "f" else value.astype(np.float64))
    if source in ("u64", "s64") and target == "f16":
        value = value.astype(np.float64)
    return value.astype(DTYPES[target])


def to_integer(value: np.ndarray, mode: str, target: str) -> np.ndarray:
    """Saturates; a NaN becomes 0, or of 64 bits the sign bit alone."""
    dtype, bits = DTYPES[target], 8 * WIDTHS[target]
    limits = np.iinfo(dtype)
    value = ROUND[mode](value.astype(np.float64))
    high, low = value >= float(2 ** (bits - (dtype.kind == "i"))), value <= float(limits.min)
    inside = np.where(high | low | np.isnan(value), 0.0, value).astype(dtype)
    result = np.where(high, dtype.type(limits.max), np.where(low, dtype.type(limits.min), inside))
    empty = np.array([1 << 63], np.uint64).view(dtype)[0] if bits == 64 else dtype.type(0)
    return np.where(np.isnan(value), empty, result).astype(dtype)


@op("cvt")
def convert(program, index, instruction):
    *modes, target, source = instruction.parts[1:]
    if target == "bf16x2":
        return convert_pair(program, instruction, modes, source)
    saturates = "sat" in modes
    modes = [m for m in modes if m != "sat"]
    mode = modes[0] if modes else ""
    register, width = program.target(instruction), program.width(instruction.operands[0])
    get = program.operand(instruction, 1, source)
    function = conversion(instruction, mode, saturates, target, source)
    held = np.dtype(f"{'int' if target[0] == 's' else 'uint'}{8 * width}")
    extends = width != WIDTHS[target]

    def run(warp):
        value = function(get(warp))
        put(warp, register, value.astype(held) if extends else value)

    return run


def convert_pair(program, instruction, modes, source: str):
    """Two numbers to bf16 in a word, the first one high."""
    if modes != ["rn"] or source != "f32":
        raise ValueError("pairs of f32 only, to nearest")
    register = program.target(instruction)
    high, low = (program.operand(instruction, i, source) for i in (1, 2))

    def run(warp):
        halves = [to_bf16(get(warp)).view(np.uint16).astype(np.uint32) for get in (high, low)]
        put(warp, register, halves[0] << np.uint32(16) | halves[1])

    return run


def conversion(instruction, mode: str, saturates: bool, target: str, source: str):
    dtype = DTYPES[target]
    if source in FLOATS and target in FLOATS:
        if mode in ROUND and source == target and source != "bf16":
            return ROUND[mode]
        if mode not in ("", "rn") or saturates:
            raise ValueError("of floating-point types, to nearest only")
        return lambda a: to_float(a, source, target)
    if source in FLOATS:
        return lambda a: to_integer(widen_bf16(a) if source == "bf16" else a, mode, target)
    if target in FLOATS:
        if mode != "rn" or saturates:
            raise ValueError("of integers, to nearest only")
        return lambda a: to_float(a, source, target)
    if not saturates:
        return lambda a: a.astype(dtype)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return lambda a: np.array([min(max(x, low), high) for x in a.tolist()], dtype)
