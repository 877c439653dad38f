"""What is wrong with a cascade, at the user's line."""

from __future__ import annotations

from ..errors import EinfallError


class CascadeError(EinfallError):
    """A cascade that means nothing; `file`, `line` and `column` (from 1) say where."""

    def __init__(self, message: str, file: str, line: int, column: int, text: str = ""):
        shown = f"\n    {text.rstrip()}\n    {' ' * (column - 1)}^" if text.strip() else ""
        super().__init__(f"{file}:{line}:{column}: {message}{shown}")
        self.file, self.line, self.column = file, line, column


class CascadeTypeError(CascadeError):
    """An error that depends on the element types of a call."""
