"""Walks along rows that run beside one another (passes/ein-to-tile/RowsAtOnce.cpp): each row of any number of rows against
double precision, where several are under way and where calls begin and end."""

import pytest

import cpus

torch = pytest.importorskip("torch")

import einfall  # noqa: E402
from einfall import runtime  # noqa: E402

ROWS = (1, 2, 3, 4, 7, 33)
BOUND = {torch.float32: 1e-6, torch.bfloat16: 2.0**-8}


class Softmax(torch.nn.Module):
    def forward(self, x):
        return torch.softmax(x, -1)


class Norm(torch.nn.Module):
    """Three walks over the operand, with weights that all rows share."""

    def __init__(self, columns, dtype):
        super().__init__()
        self.inner = torch.nn.LayerNorm(columns, dtype=dtype)
        torch.nn.init.normal_(self.inner.weight)
        torch.nn.init.normal_(self.inner.bias)

    def forward(self, x):
        return self.inner(x)


class FourWalks(torch.nn.Module):
    """The powers of a row are read by the walk behind the one that makes them; two operands."""

    def forward(self, x, y):
        wide = x.to(torch.float32)
        e = torch.exp(wide - wide.amax(-1, keepdim=True))
        p = e / e.sum(-1, keepdim=True)
        return (p / (p * p).sum(-1, keepdim=True) + y).to(x.dtype)


PROGRAMS = {"softmax": (lambda *_: Softmax(), 1), "norm": (Norm, 1), "four": (lambda *_: FourWalks(), 2)}


@cpus.each("x86-64-v3", "x86-64-v4", "x86-64-v4-dot")
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", BOUND, ids=["f32", "bf16"])
@pytest.mark.parametrize("columns", [1024, 1025, 1031, 2080])
def test_rows(target, name, dtype, columns):
    torch.manual_seed(columns)
    make, arity = PROGRAMS[name]
    module = make(columns, dtype).eval().requires_grad_(False)
    example = [torch.randn(7, columns).to(dtype) for _ in range(arity)]
    free = torch.export.Dim("rows", min=1)
    compiled = einfall.compile(module, args=tuple(example), dynamic_shapes=tuple({0: free} for _ in example),
                               targets=(target,))
    wide = make(columns, dtype).double() if name == "norm" else module
    if name == "norm":
        wide.load_state_dict({k: v.double() for k, v in module.state_dict().items()})
    threads = runtime.set_num_threads(0)
    try:
        for count in (1, 2):
            runtime.set_num_threads(count)
            for rows in ROWS:
                x = [(3 * torch.randn(rows, columns)).to(dtype) for _ in range(arity)]
                got = compiled(*x).double()
                want = exact(wide, [t.double() for t in x])
                size = want.abs().amax(-1, keepdim=True)
                assert ((got - want).abs() <= BOUND[dtype] * size).all(), (rows, count)
    finally:
        runtime.set_num_threads(threads)


def exact(module, x):
    if isinstance(module, FourWalks):
        e = torch.exp(x[0] - x[0].amax(-1, keepdim=True))
        p = e / e.sum(-1, keepdim=True)
        return p / (p * p).sum(-1, keepdim=True) + x[1]
    return module(*x)


@cpus.each("x86-64-v4", "x86-64-v4-dot")
def test_rows_keep_to_themselves(target):
    """What is no number in one row does not reach its neighbours, which are under way with it."""
    columns = 1025
    module = Softmax()
    x = torch.randn(9, columns)
    x[4, 77] = float("nan")
    x[6, 1024] = float("inf")
    compiled = einfall.compile(module, args=(x,), dynamic_shapes=({0: torch.export.Dim("rows", min=1)},),
                               targets=(target,))
    got, want = compiled(x), torch.softmax(x.double(), -1)
    assert torch.equal(got.isnan(), want.isnan())
    rows = [r for r in range(9) if r not in (4, 6)]
    assert (got[rows].double() - want[rows]).abs().max() < 1e-6
