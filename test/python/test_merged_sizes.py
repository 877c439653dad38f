"""Dimensions that are moved and merged where their sizes are known at the call only: indices divide by sizes.

Against PyTorch, with sizes other than those that were traced.
"""

import itertools
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

#: (sizes, free dimensions, permutation, merged from and to, then): a size that is free inside of the merged ones
GIVEN = [
    ((2, 6, 4, 8), (0, 1), (0, 2, 1, 3), 1, 3, "map"),
    ((6, 4, 8), (0,), (1, 0, 2), 0, 2, "softmax"),
    ((2, 6, 8), (0, 1), (0, 2, 1), 1, 3, "map"),
    ((3, 2, 6, 5), (0, 2), (1, 0, 2, 3), 0, 3, "sum"),
    ((2, 3, 5, 6), (0, 3), (2, 1, 0, 3), 1, 4, "divide"),
]
RANDOM = 6


class Merged(torch.nn.Module):
    """Permutes, merges neighbours `first` to `last` and does something with the result."""

    def __init__(self, permutation, first, last, then):
        super().__init__()
        self.permutation, self.first, self.last, self.then = permutation, first, last, then

    def forward(self, x):
        y = x.permute(self.permutation)
        shape = list(y.shape)
        merged = 1
        for n in shape[self.first : self.last]:
            merged = merged * n
        y = y.reshape(shape[: self.first] + [merged] + shape[self.last :])
        match self.then:
            case "sum":
                return y.sum(self.first)
            case "softmax":
                return y.softmax(self.first)
            case "product":
                return y.transpose(0, -1) @ y.transpose(0, -1).transpose(-1, -2) if y.dim() > 1 else y * y
            case "divide":
                return (y * 2).reshape(shape[: self.first] + [shape[self.first], merged // shape[self.first]] + shape[self.last :])
        return y * 2 + 1


def drawn(case):
    """The same of `case` as a seed."""
    choose = random.Random(case)
    rank = choose.choice([3, 3, 4])
    sizes = [choose.choice([2, 3, 4, 5, 8]) for _ in range(rank)]
    free = sorted({choose.randrange(rank)} | {d for d in range(rank) if choose.random() < 0.5})
    first = choose.randrange(rank - 1)
    return (sizes, free, choose.sample(range(rank), rank), first, choose.randrange(first + 2, rank + 1),
            choose.choice(["map", "sum", "softmax", "product", "divide"]))


@pytest.mark.parametrize("case", range(len(GIVEN) + RANDOM))
def test_against_pytorch(build, case):
    import einfall

    sizes, free, *module = GIVEN[case] if case < len(GIVEN) else drawn(case)
    sizes, module = list(sizes), Merged(*module)
    shapes = ({d: torch.export.Dim(f"n{d}", min=1) for d in free},)
    for d in free:
        sizes[d] = 3 + d
    package = einfall.compile(module, args=(torch.zeros(sizes),), dynamic_shapes=shapes)
    draw = np.random.default_rng(case)
    for one, other in itertools.product((1, 6), (2, 13)):
        for k, d in enumerate(free):
            sizes[d] = other if k % 2 else one
        x = torch.from_numpy(draw.standard_normal(sizes, dtype=np.float32))
        want = module(x.double())
        error = (package(x) - want).abs().max()
        assert error <= 1e-6 * max(1.0, want.abs().max()) * sum(sizes), sizes
