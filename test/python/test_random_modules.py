"""Random chains of products, norms, gates and attention in known and free sizes, against float64."""

import random

import einfall
import pytest
from test_panels import KINDS, Attention, Gated, Linear, check, kind  # noqa: F401

torch = pytest.importorskip("torch")

CASES = 12  # of each kind


def chain(rng):
    """A module, the width of its input, and whether that needs a batch."""
    width = depth = rng.choice([32, 64, 70, 96, 128, 192, 300, 1030])
    parts = []
    for _ in range(rng.randint(1, 3)):
        form = rng.choice(["linear", "linear", "gated", "attention", "attention"])
        if form == "linear":
            columns = rng.choice([16, 32, 48, 64, 96, 160, 256, 320, 512, 1000])
            parts.append(Linear(columns, depth, *(rng.random() < 0.4 for _ in range(3))))
            depth = columns
        elif form == "gated":
            parts.append(Gated(depth, rng.choice([32, 64, 160, 416, 512])))
        else:
            parts.append(Attention(rng.randint(1, 4), rng.choice([16, 32, 48, 64]), depth, rng.random() < 0.5))
    return torch.nn.Sequential(*parts), width, any(isinstance(part, Attention) for part in parts)


@pytest.mark.parametrize("seed", range(CASES))
def test_chain(tmp_path, kind, seed):  # noqa: F811
    rng = random.Random(1000 * seed + list(KINDS.values()).index(kind))
    torch.manual_seed(seed)
    module, width, needs_batch = chain(rng)
    lead = rng.choice([(2,), (3,)] if needs_batch else [(), (2,), (3,)])
    rows, is_free = rng.choice([3, 7, 16, 17, 40, 65, 130, 200]), rng.random() < 0.4
    numerics = rng.choice(["strict", "algebraic", "fast"])
    shapes = ({len(lead): torch.export.Dim("t", max=4096)},) if is_free else None
    example = torch.randn(*lead, rows, width).to(kind.dtype)
    package = einfall.compile(module.to(kind.dtype), str(tmp_path / "m.einf"), targets=[kind.target], args=(example,),
                              dynamic_shapes=shapes, numerics=numerics)
    for count in (1, 6, rng.randint(50, 300)) if is_free else (rows,):
        check(module, kind, package, *lead, count, width)
