"""What is left over behind whole vectors, tiles and strips: a single row, a single column, lanes past the end."""

import pytest

import cpus

torch = pytest.importorskip("torch")
F = torch.nn.functional

ALL = ("x86-64-v3", "x86-64-v4", "x86-64-v4-dot", "x86-64-v4-fp16", "x86-64-v4-amx")


class Linear(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, x):
        return F.linear(x, self.weight)


class Bytes(Linear):
    def forward(self, x):
        return (x.to(torch.int32) @ self.weight.to(torch.int32).T).to(torch.int8)


class Mix(torch.nn.Module):
    def forward(self, q, k, v):
        scores = (q @ k.mT).float() * q.shape[-1] ** -0.5
        return torch.softmax(scores, -1).to(v.dtype) @ v


class Quotients(Linear):
    def forward(self, x, by):
        return (x / by) @ self.weight.T


def near(got, want):
    got, want = got.double(), want.double()
    assert not got.isnan().any()
    assert (got - want).abs().max() <= 2**-5 * max(1, want.abs().max())


@cpus.each(*ALL)
@pytest.mark.parametrize("values", (1, 64))
def test_strip_of_a_single_row(build, target, values):
    """A strip of 32 rows of a block of up to 512 has what is left of them."""
    import einfall

    def inputs(rows):
        return [torch.randn(1, rows, 8).bfloat16(), torch.randn(1, 256, 8).bfloat16(), torch.randn(1, 256, values).bfloat16()]

    rows = torch.export.Dim("rows", max=100_000)
    mix = einfall.compile(Mix(), args=inputs(513), dynamic_shapes=({1: rows}, None, None), targets=(target,))
    for count in (33, 97, 161, 513, 1, 40):
        x = inputs(count)
        near(mix(*x), Mix()(*(t.double() for t in x)))


@cpus.each(*ALL)
@pytest.mark.parametrize("columns", (17, 33, 65))
def test_single_column_behind_vectors(build, target, columns):
    """Its store leaves the next row alone, whatever the results are narrowed from."""
    import einfall

    rows = torch.export.Dim("rows", max=100_000)
    linear = Linear(torch.randn(columns, 32).bfloat16())
    for numerics in (None, "strict"):
        compiled = einfall.compile(linear, args=(torch.randn(48, 32).bfloat16(),), dynamic_shapes=({0: rows},), targets=(target,),
                                   **({"numerics": numerics} if numerics else {}))
        for count in (8, 48, 64):
            x = torch.randn(count, 32).bfloat16()
            near(compiled(x), x.double() @ linear.weight.double().T)
    numbers = Bytes(torch.randint(-3, 4, (columns, 40), dtype=torch.int8))
    compiled = einfall.compile(numbers, args=(torch.ones(48, 40, dtype=torch.int8),), dynamic_shapes=({0: rows},), targets=(target,))
    for count in (31, 48, 64):
        x = torch.randint(-3, 4, (count, 40), dtype=torch.int8)
        assert torch.equal(compiled(x), numbers(x))


@cpus.each(*ALL)
@pytest.mark.parametrize("columns", (1, 5))
def test_quotients_past_the_end_are_no_part_of_a_sum(build, target, columns):
    """40 and 33 of 64 lanes are there; in the others operands are 0, and 0 by 0 is no number."""
    import einfall

    for depth in (40, 33):
        module = Quotients(torch.randn(columns, depth).bfloat16())
        x, by = torch.randn(64, depth).bfloat16(), torch.rand(depth).bfloat16() + 0.5
        near(einfall.compile(module, args=(x, by), targets=(target,))(x, by), (x / by).double() @ module.weight.double().T)
