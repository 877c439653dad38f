"""The grammar of `numpy.einsum`: subscripts of operands with shapes become labels and broadcast dimensions."""

from dataclasses import dataclass

ELLIPSIS = "..."


@dataclass(frozen=True)
class Contraction:
    """An einsum over ranks 0, 1, … numbered in order of appearance; `None` is a dimension of size 1 that is broadcast."""

    operands: tuple[tuple[int | None, ...], ...]
    result: tuple[int, ...]
    ranks: int

    @property
    def reduced(self) -> tuple[int, ...]:
        return tuple(r for r in range(self.ranks) if r not in self.result)


def parse(subscripts: str) -> tuple[list[list[str]], list[str] | None]:
    """Labels of each operand and of the result (None if implicit); an ellipsis is a label of its own."""
    if not isinstance(subscripts, str):
        raise TypeError(f"expected subscripts as a string, but got {type(subscripts).__name__}")
    left, arrow, right = subscripts.partition("->")
    if "," in right or "->" in right:
        raise ValueError(f"subscripts '{subscripts}': expected one result after '->'")
    operands = [_labels(part, subscripts) for part in left.split(",")]
    return operands, _labels(right, subscripts) if arrow else None


def _labels(part: str, subscripts: str) -> list[str]:
    labels, k = [], 0
    while k < len(part):
        c = part[k]
        if part.startswith(ELLIPSIS, k):
            if ELLIPSIS in labels:
                raise ValueError(f"subscripts '{subscripts}': more than one ellipsis in '{part.strip()}'")
            labels.append(ELLIPSIS)
            k += 3
            continue
        if c.isascii() and c.isalpha():
            labels.append(c)
        elif c != " ":
            raise ValueError(f"subscripts '{subscripts}': '{c}' is no label; labels are letters")
        k += 1
    return labels


def from_sublists(arguments: tuple) -> tuple[list, list[list], list | None]:
    """Splits `op0, [0, 1], op1, [1, 2], [0, 2]` into operands and labels."""
    count = len(arguments) // 2
    operands = list(arguments[: 2 * count : 2])
    lists = [_sublist(s) for s in arguments[1 : 2 * count : 2]]
    return operands, lists, _sublist(arguments[-1]) if len(arguments) % 2 else None


def _sublist(items) -> list:
    labels = []
    for item in items:
        if item is Ellipsis:
            if ELLIPSIS in labels:
                raise ValueError("a sublist has more than one ellipsis")
            labels.append(ELLIPSIS)
        else:
            label = int(item.__index__())
            if not 0 <= label < 52:
                raise ValueError(f"a sublist label must be in 0..51, but is {label}")
            labels.append(label)
    return labels


def resolve(operands: list[list], result: list | None, shapes: list[tuple[int, ...]]) -> Contraction:
    """Numbers the ranks and checks shapes. A dimension of size 1 is broadcast where its label has another extent."""
    if len(operands) != len(shapes):
        raise ValueError(f"the subscripts name {len(operands)} operands, but there are {len(shapes)}")
    dims = [_expand(labels, shape, k) for k, (labels, shape) in enumerate(zip(operands, shapes))]
    extents: dict = {}
    for k, (labels, shape) in enumerate(zip(dims, shapes)):
        own: dict = {}
        for label, extent in zip(labels, shape):
            if own.setdefault(label, extent) != extent:  # not even 1 stretches here
                raise ValueError(f"operand {k}: label {_show(label)} has extents {own[label]} and {extent}")
            have = extents.setdefault(label, extent)
            if have == 1:
                extents[label] = extent
            elif extent not in (1, have):
                raise ValueError(f"operand {k}: label {_show(label)} has extent {extent}, but {have} before")
    order = _result(dims, result, max((label[1] + 1 for label in extents if isinstance(label, tuple)), default=0))
    if len(set(order)) != len(order):
        raise ValueError("the result names a label twice")
    if unknown := [label for label in order if label not in extents]:
        raise ValueError(f"the result's label {_show(unknown[0])} is in no operand")
    number: dict = {}
    for labels in dims:
        for label in labels:
            number.setdefault(label, len(number))
    # Labels that are broadcast in every operand do not occur: where all are 1 nothing is broadcast.
    numbered = tuple(tuple(None if extent == 1 != extents[label] else number[label] for label, extent in zip(labels, shape))
                     for labels, shape in zip(dims, shapes))
    return Contraction(numbered, tuple(number[label] for label in order), len(number))


def _expand(labels: list, shape: tuple[int, ...], k: int) -> list:
    """Labels of every dimension; those of the ellipsis are (…, distance from its right end)."""
    hidden = len(shape) - (len(labels) - (ELLIPSIS in labels))
    if hidden < 0 or (hidden > 0 and ELLIPSIS not in labels):
        raise ValueError(f"operand {k} has {len(shape)} dimensions, but its subscripts name {len(shape) - hidden}")
    out = []
    for label in labels:
        out += [(ELLIPSIS, d) for d in reversed(range(hidden))] if label == ELLIPSIS else [label]
    return out


def _result(dims: list[list], result: list | None, hidden: int) -> list:
    broadcast = [(ELLIPSIS, d) for d in reversed(range(hidden))]
    if result is None:
        flat = [label for labels in dims for label in labels if not isinstance(label, tuple)]
        return broadcast + sorted(label for label in set(flat) if flat.count(label) == 1)
    if hidden and ELLIPSIS not in result:
        raise ValueError("the result has no ellipsis for the operands' ellipsis dimensions")
    out = []
    for label in result:
        out += broadcast if label == ELLIPSIS else [label]
    return out


def _show(label) -> str:
    return f"{-1 - label[1]} of the ellipsis" if isinstance(label, tuple) else f"'{label}'"
