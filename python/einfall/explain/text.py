"""Numbers and escapes as the page writes them."""

from html import escape

__all__ = ["escape", "count", "size", "seconds", "plural"]


def count(value: float | None) -> str:
    """1234567 -> 1.23 M; nothing is a dash."""
    if value is None:
        return "–"
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{_three(value / limit)} {unit}"
    return _three(value)


def size(value: int | None) -> str:
    """Bytes in KiB, MiB or GiB."""
    if value is None:
        return "–"
    for limit, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= limit:
            return f"{_three(value / limit)} {unit}"
    return f"{value} B"


def seconds(value: float | None) -> str:
    if value is None:
        return "–"
    for limit, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= limit:
            return f"{_three(value / limit)} {unit}"
    return f"{_three(value * 1e9)} ns"


def plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _three(value: float) -> str:
    """Three digits that mean something; whole numbers stay whole."""
    if value == int(value) and abs(value) < 10000:
        return str(int(value))
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"
