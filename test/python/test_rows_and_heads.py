"""Attention and rows as PyTorch has them, of literal sizes that end anywhere, against double precision."""

import pytest

torch = pytest.importorskip("torch")

import einfall  # noqa: E402
from torch.nn import functional as F  # noqa: E402

BOUND = {torch.float32: 3e-6, torch.bfloat16: 1.2e-2}


class Attention(torch.nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.causal = causal

    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, enable_gqa=True)


class Softmax(torch.nn.Module):
    def forward(self, x):
        return torch.softmax(x, -1)


def check(module, *inputs):
    got = einfall.compile(module, args=inputs)(*inputs)
    got = got[0] if isinstance(got, (tuple, list)) else got
    want = module(*(x.double() for x in inputs))
    error = (got.double() - want).abs().max() / want.abs().max()
    assert error < BOUND[inputs[0].dtype], error


def attention(dtype, heads, groups, queries, length, size, causal=False):
    torch.manual_seed(length)
    q, k, v = (torch.randn(1, h, n, size).to(dtype) for h, n in ((heads, queries), (groups, length), (groups, length)))
    check(Attention(causal), q, k, v)


@pytest.mark.parametrize("dtype", BOUND, ids=str)
@pytest.mark.parametrize("heads, groups, length, size", [(12, 4, 777, 40), (10, 2, 1031, 64), (6, 3, 600, 128), (8, 8, 5, 64)])
def test_one_row_of_queries(dtype, heads, groups, length, size):
    """Heads of a group are rows of a block: three and five are no tiles, and the last block may be short."""
    attention(dtype, heads, groups, 1, length, size)


@pytest.mark.parametrize("dtype", BOUND, ids=str)
@pytest.mark.parametrize("heads, groups, length, size, causal", [(4, 4, 1001, 40, True), (6, 2, 515, 33, False), (3, 1, 67, 128, True)])
def test_odd_lengths(dtype, heads, groups, length, size, causal):
    """In bf16 the weights are rounded for a dot, whose last pair is half a one."""
    attention(dtype, heads, groups, length, length, size, causal)


@pytest.mark.parametrize("dtype", BOUND, ids=str)
@pytest.mark.parametrize("columns", [4099, 4352])
def test_results_larger_than_the_caches(dtype, columns):
    """Of rows that end within a cache line, some begin one."""
    rows = (36 << 20) // (columns * dtype.itemsize)
    torch.manual_seed(columns)
    check(Softmax(), torch.randn(rows, columns).to(dtype))
