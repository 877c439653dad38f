"""Errors of the importers; every message names the user's own thing (op, Python line, tensor, file)."""

from __future__ import annotations

import dataclasses
import os
import re
import traceback

from ..errors import EinfallError

#: frames that are no place of the user's program
_OTHERS = re.compile(r"[/\\]((site|dist)-packages[/\\]torch|einfall[/\\]frontend)[/\\]|contextlib|<frozen|<eval_with_key>")


class FrontendError(EinfallError):
    """A program or a checkpoint that cannot be imported, with what to do about it."""


class CheckpointError(FrontendError):
    """A checkpoint whose files, tensors or configuration do not fit the model."""


def one_line(error: BaseException) -> str:
    """What another library's error says, without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


def source_of(error: BaseException) -> str:
    """" at FILE:LINE" of the innermost line outside PyTorch and this package that raised the error, or nothing."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _OTHERS.search(f.filename)]
    return f" at {frames[-1].filename.split('site-packages' + os.sep)[-1]}:{frames[-1].lineno}" if frames else ""


class Unsupported(FrontendError):
    """Raised inside one table function: this op cannot be imported with these arguments."""


@dataclasses.dataclass
class UnsupportedOp:
    """One op of the graph that has no import: name, how often, where, and why if the op as such is known."""

    name: str
    count: int = 0
    sources: list[str] = dataclasses.field(default_factory=list)
    reason: str = ""


class UnsupportedOpError(FrontendError):
    """All ops of a graph that have no import, gathered in `ops`."""

    def __init__(self, ops: list[UnsupportedOp]):
        self.ops = ops
        lines = ["einfall cannot import this program; it uses"]
        for op in ops:
            where = "; ".join(op.sources[:3]) + (f"; and {len(op.sources) - 3} more lines" if len(op.sources) > 3 else "")
            lines.append(f"  {op.name} ({op.count}x) at {where}" + (f": {op.reason}" if op.reason else ""))
        lines.append("write these with supported operations, or add a function to python/einfall/frontend/aten/")
        super().__init__("\n".join(lines))
