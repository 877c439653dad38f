"""Reads the text of a decorated function, and the numbers of the scope around it."""

from __future__ import annotations

import ast
import inspect
import numbers

from ..errors import EinfallError
from .errors import CascadeError, CascadeTypeError


class Source:
    """The function as a syntax tree. `tree` has the file's own lines and columns."""

    def __init__(self, function):
        if not inspect.isfunction(function) or function.__name__ == "<lambda>":
            raise TypeError(f"@einfall.cascade decorates a function written with def, but got {function!r}")
        self.function = function
        self.file = inspect.getsourcefile(function) or function.__code__.co_filename
        try:
            self.lines, self.first = inspect.getsourcelines(function)
        except (OSError, TypeError) as e:
            raise EinfallError(f"@einfall.cascade reads the text of {function.__name__}, which is not in a file ({e}); "
                               "write it in a module or a notebook cell") from None
        indented = self.lines[0][:1].isspace()
        text = "if 1:\n" * indented + "".join(self.lines)
        self.tree = ast.parse(text).body[0]
        if indented:
            self.tree = self.tree.body[0]
        ast.increment_lineno(self.tree, self.first - 1 - indented)

    def error(self, node: ast.AST, message: str, typed: bool = False) -> CascadeError:
        """The error to raise at `node`."""
        line, column = node.lineno, node.col_offset + 1
        k = line - self.first
        kind = CascadeTypeError if typed else CascadeError
        return kind(message, self.file, line, column, self.lines[k] if 0 <= k < len(self.lines) else "")

    def location(self, node: ast.AST) -> tuple[str, int, int]:
        return self.file, node.lineno, node.col_offset + 1

    def number(self, node: ast.AST):
        """The number that a name (`WINDOW`, `math.pi`) of the enclosing scope stands for, or None."""
        value = self._value(node)
        if isinstance(value, numbers.Real) or type(value).__name__ in ("bool_", "bool"):
            return value.item() if hasattr(value, "item") else value
        return None

    def _value(self, node: ast.AST):
        if isinstance(node, ast.Attribute):
            return getattr(self._value(node.value), node.attr, None)
        if not isinstance(node, ast.Name):
            return None
        code, cells = self.function.__code__, self.function.__closure__ or ()
        for name, cell in zip(code.co_freevars, cells):
            if name == node.id:
                try:
                    return cell.cell_contents
                except ValueError:  # assigned later
                    return None
        return self.function.__globals__.get(node.id)
