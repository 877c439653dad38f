"""Where the runtime puts temporaries: the same greedy best fit as runtime/core/Arena.cpp, for the page."""

ALIGN = 64


def _up(size: int) -> int:
    return -(-size // ALIGN) * ALIGN


def plan(requests: list[tuple[int, int, int]]) -> tuple[list[int], int]:
    """Offsets of (bytes, first step, last step), largest first, and the size of the arena."""
    offsets, total, placed = [0] * len(requests), 0, []
    for index in sorted(range(len(requests)), key=lambda i: (-requests[i][0], i)):
        size, first, last = requests[index]
        taken = sorted((offsets[o], _up(offsets[o] + requests[o][0])) for o in placed
                       if first <= requests[o][2] and requests[o][1] <= last)
        offsets[index] = _best_fit(taken, _up(size))
        total = max(total, offsets[index] + _up(size))
        placed.append(index)
    return offsets, total


def _best_fit(taken: list[tuple[int, int]], size: int) -> int:
    at, best, best_gap = 0, None, None
    for begin, end in taken:
        gap = begin - at
        if gap > 0 and gap >= size and (best_gap is None or gap < best_gap):
            best, best_gap = at, gap
        at = max(at, end)
    return at if best is None else best
