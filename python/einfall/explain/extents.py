"""Sizes as text (`b * s * 256`, `min(t, 4) ceildiv 2`), evaluated at values of their symbols."""

import functools
import re

from ..errors import EinfallError

TOKEN = re.compile(r"\s*(?:(\d+)|([A-Za-z_][\w.$]*)|(.))")
PRODUCTS = ("*", "floordiv", "ceildiv", "mod")


class ExtentError(EinfallError):
    """A size that cannot be evaluated."""


@functools.lru_cache(maxsize=65536)
def parse(text: str) -> tuple:
    """The expression as nested tuples: ("*", a, b), ("sym", name), ("int", n)."""
    tokens = [next(g for g in match.groups() if g is not None) for match in TOKEN.finditer(text.strip())]
    tree, rest = _sum(tokens, text)
    if rest:
        raise ExtentError(f"cannot read the size '{text}': unexpected '{rest[0]}'")
    return tree


def evaluate(text: str, symbols: dict[str, int]) -> int:
    """The value of `text`; `ExtentError` names a symbol without value or a division by nothing."""
    return _value(parse(text), symbols, text)


def _sum(tokens, text):
    left, tokens = _product(tokens, text)
    while tokens and tokens[0] in "+-":
        right, rest = _product(tokens[1:], text)
        left, tokens = (tokens[0], left, right), rest
    return left, tokens


def _product(tokens, text):
    left, tokens = _atom(tokens, text)
    while tokens and tokens[0] in PRODUCTS:
        right, rest = _atom(tokens[1:], text)
        left, tokens = (tokens[0], left, right), rest
    return left, tokens


def _atom(tokens, text):
    if not tokens:
        raise ExtentError(f"cannot read the size '{text}': it ends too early")
    head, rest = tokens[0], tokens[1:]
    if head == "-":
        inner, rest = _atom(rest, text)
        return ("-", ("int", 0), inner), rest
    if head == "(":
        inner, rest = _sum(rest, text)
        return inner, _expect(rest, ")", text)
    if head in ("min", "max") and rest[:1] == ["("]:
        left, rest = _sum(rest[1:], text)
        right, rest = _sum(_expect(rest, ",", text), text)
        return (head, left, right), _expect(rest, ")", text)
    if head.isdigit():
        return ("int", int(head)), rest
    if head[0].isalpha() or head[0] == "_":
        return ("sym", head), rest
    raise ExtentError(f"cannot read the size '{text}': unexpected '{head}'")


def _expect(tokens, token, text):
    if tokens[:1] != [token]:
        raise ExtentError(f"cannot read the size '{text}': expected '{token}'")
    return tokens[1:]


def _value(tree, symbols, text):
    kind = tree[0]
    if kind == "int":
        return tree[1]
    if kind == "sym":
        if tree[1] not in symbols:
            raise ExtentError(f"the size '{text}' needs a value for '{tree[1]}': give --param {tree[1]}=N")
        return symbols[tree[1]]
    a, b = _value(tree[1], symbols, text), _value(tree[2], symbols, text)
    if kind in ("floordiv", "ceildiv", "mod") and b < 1:
        raise ExtentError(f"the size '{text}' divides by {b} at these extents")
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "floordiv": lambda: a // b,
            "ceildiv": lambda: -(-a // b), "mod": lambda: a % b, "min": lambda: min(a, b), "max": lambda: max(a, b)}[kind]()
