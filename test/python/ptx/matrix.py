"""Matrices in the registers of a warp: ldmatrix, and mma of m16n8k16. All 32 lanes take part.

Where a matrix has more rows than there are, nothing has to be written: such rows are NaN here, as are the results that
come from them, and only those.
Of a matrix of 8 by 8 lane t holds row t / 4 at columns 2 (t mod 4) and the next one.
"""

import numpy as np

from .floats import widen_bf16
from .movement import address, pieces
from .program import LANES, op, put

ROWS, WIDTH = 8, 16  # of one matrix in memory: rows, and bytes of a row


@op("ldmatrix")
def load(program, index, instruction):
    *form, space, kind = instruction.parts[1:]
    transposed = form[-1] == "trans"
    if form[: len(form) - transposed] != ["sync", "aligned", "m8n8", "x4"] or (space, kind) != ("shared", "b16"):
        raise ValueError("no such matrices")
    targets = [program.register(instruction, name) for name in pieces(instruction.operands[0])]
    if len(targets) != 4:
        raise ValueError("four registers")
    where, last = address(program, instruction, instruction.operands[1]), [None]

    def run(warp):
        found = warp.memory(space).fetch(instruction, index, warp.number, where(warp), WIDTH, last, anything=True)
        matrices = found.view(np.uint16).reshape(4, ROWS, ROWS)
        if transposed:
            matrices = matrices.transpose(0, 2, 1)
        for register, matrix in zip(targets, matrices):
            put(warp, register, np.ascontiguousarray(matrix).view(np.uint32).ravel())

    return run


def left(words: np.ndarray) -> np.ndarray:
    """16 by 16 of four registers: rows 8 further on in the odd ones, columns in the second pair."""
    return words.reshape(2, 2, 8, 4, 2).transpose(1, 2, 0, 3, 4).reshape(16, 16)


def right(words: np.ndarray) -> np.ndarray:
    """16 by 8 of two registers: a lane's pair is one below the other."""
    return words.reshape(2, 8, 4, 2).transpose(0, 2, 3, 1).reshape(16, 8)


def sums(words: np.ndarray) -> np.ndarray:
    """16 by 8 of four registers: two columns, and the same ones 8 rows further on."""
    return words.reshape(2, 2, 8, 4).transpose(0, 2, 3, 1).reshape(16, 8)


def lanes(matrix: np.ndarray) -> np.ndarray:
    """What `sums` takes."""
    return np.ascontiguousarray(matrix.reshape(2, 8, 4, 2).transpose(0, 3, 1, 2)).reshape(4, LANES)


WIDEN = {"bf16": widen_bf16, "f16": lambda a: a.view(np.float16)}


@op("mma")
def multiply(program, index, instruction):
    """Products are exact. A sum of them is in float64 here, rounded once; of the machine it is known up to its order."""
    *form, total, kind, other, addend = instruction.parts[1:]
    if form != ["sync", "aligned", "m16n8k16", "row", "col"] or kind != other or (total, addend) != ("f32", "f32"):
        raise ValueError("no such product")
    to, a, b, c = ([program.register(instruction, name) for name in pieces(operand)] for operand in instruction.operands)
    if [len(x) for x in (to, a, b, c)] != [4, 4, 2, 4]:
        raise ValueError("fragments of 4, 4, 2 and 4 registers")
    widen = WIDEN[kind]

    def run(warp):
        words = lambda registers, dtype: np.stack([warp.registers[r].view(np.uint32) for r in registers]).view(dtype)  # noqa: E731
        x, y = (widen(words(r, np.uint16)).astype(np.float64) for r in (a, b))
        result = lanes((left(x) @ right(y) + sums(words(c, np.float32))).astype(np.float32))
        for register, values in zip(to, result):
            put(warp, register, values)

    return run
