"""Comparisons and choices."""

import numpy as np

from .floats import widen_bf16
from .integers import binary
from .program import op, put

ORDER = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
         "lo": np.less, "ls": np.less_equal, "hi": np.greater, "hs": np.greater_equal}
JOIN = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


def comparison(name: str, floating: bool):
    """A comparison of NaN is false; one whose name ends in u is true."""
    if not floating:
        return ORDER[name]
    neither = lambda a, b: np.isnan(a) | np.isnan(b)  # noqa: E731
    if name in ("num", "nan"):
        return neither if name == "nan" else lambda a, b: ~neither(a, b)
    if name == "ne":  # numpy's is true of NaN
        return lambda a, b: (a != b) & ~neither(a, b)
    if name in ORDER and name not in ("lo", "ls", "hi", "hs"):
        return ORDER[name]
    function = ORDER[name[:-1]]
    return lambda a, b: function(a, b) | neither(a, b)


@op("setp")
def compare(program, index, instruction):
    kind = instruction.type
    if len(instruction.parts) not in (3, 4):
        raise ValueError("no such comparison")
    function = comparison(instruction.parts[1], kind.startswith(("f", "bf")))
    if kind == "bf16":
        plain, function = function, lambda a, b: plain(widen_bf16(a), widen_bf16(b))
    if len(instruction.parts) == 3:
        return binary(program, instruction, kind, function)
    join, target = JOIN[instruction.parts[2]], program.target(instruction)
    a, b = (program.operand(instruction, i, kind) for i in (1, 2))
    c = program.operand(instruction, 3, "pred")
    return lambda warp: put(warp, target, join(function(a(warp), b(warp)), c(warp)))


@op("selp")
def select(program, index, instruction):
    kind = instruction.type
    target = program.target(instruction)
    a, b = (program.operand(instruction, i, kind) for i in (1, 2))
    c = program.operand(instruction, 3, "pred")
    return lambda warp: put(warp, target, np.where(c(warp), a(warp), b(warp)))
