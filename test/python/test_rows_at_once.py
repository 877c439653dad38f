"""Walks along rows that run beside one another (passes/ein-to-tile/RowsAtOnce.cpp): each row of any number of rows against
double precision, where several are under way and where calls begin and end."""

import numpy as np
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


@cpus.each("x86-64-v4", "x86-64-v4-dot")
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("columns", [1024, 1031, 2080])
def test_rows_of_bf16_do_not_depend_on_the_loop(target, name, columns):
    """The first rows and the last ones of a call are walked by loops of their own, in the same order: bits are those of a row alone."""
    torch.manual_seed(columns)
    make, arity = PROGRAMS[name]
    module = make(columns, torch.bfloat16).eval().requires_grad_(False)
    x = [(3 * torch.randn(9, columns)).bfloat16() for _ in range(arity)]
    free = torch.export.Dim("rows", min=1)
    compiled = einfall.compile(module, args=tuple(x), dynamic_shapes=tuple({0: free} for _ in x), targets=(target,))
    for count in each_thread_count():
        whole = compiled(*x)
        for row in range(9):
            alone = compiled(*[t[row : row + 1] for t in x])
            assert torch.equal(whole[row].view(torch.int16), alone[0].view(torch.int16)), (row, count)


def exact(module, x):
    if isinstance(module, FourWalks):
        e = torch.exp(x[0] - x[0].amax(-1, keepdim=True))
        p = e / e.sum(-1, keepdim=True)
        return p / (p * p).sum(-1, keepdim=True) + x[1]
    return module(*x)


@cpus.each("x86-64-v3", "x86-64-v4", "x86-64-v4-dot")
@pytest.mark.parametrize("dtype", BOUND, ids=["f32", "bf16"])
@pytest.mark.parametrize("columns", [1024, 1025])
def test_rows_keep_to_themselves(target, dtype, columns):
    """What is no number in one row does not reach its neighbours, which are under way with it, and none is missed: each lane
    is tested, with another one's beside it."""
    x = torch.randn(100, columns).to(dtype)
    for row in range(1, 99):
        x[row, (row * 37) % columns] = float("nan") if row % 3 == 0 else float("inf") if row % 3 == 1 else -float("inf")
    compiled = einfall.compile(Softmax(), args=(x,), dynamic_shapes=({0: torch.export.Dim("rows", min=1)},),
                               targets=(target,))
    for count in each_thread_count():
        got, want = compiled(x).double(), torch.softmax(x.double(), -1)
        assert torch.equal(got.isnan(), want.isnan())
        rows = ~want.isnan().any(-1)
        assert rows.sum() == 35
        assert (got[rows] - want[rows]).abs().max() <= BOUND[dtype]


class Shares(torch.nn.Module):
    def forward(self, x, size):
        e = torch.exp(x.float() - x.float().amax(-1, keepdim=True)) * size[:, None]
        return (e / e.sum(-1, keepdim=True)).bfloat16()


@cpus.each("x86-64-v4", "x86-64-v4-dot")
@pytest.mark.parametrize("columns", [1024, 1031])
def test_sums_of_any_size(target, columns):
    """A row whose sum or its inverse is no normal number divides, beside rows that are multiplied."""
    size = torch.tensor([1, 2.0**-140, -1, 2.0**-126, 2.0**116, 2.0**-136, 2.0**122, 0, float("nan"), float("inf"), 3, -(2.0**-147)])
    x = (3 * torch.randn(len(size), columns)).bfloat16()
    free = torch.export.Dim("rows", min=1)
    compiled = einfall.compile(Shares(), args=(x, size), dynamic_shapes=({0: free}, {0: free}), targets=(target,))
    want = Shares()(x, size).double()
    for count in each_thread_count():
        got = compiled(x, size).double()
        assert torch.equal(got.isnan(), want.isnan())
        bound = 2.0**-7 * want.abs().nan_to_num().amax(-1, keepdim=True)
        assert ((got - want).abs() <= bound)[~want.isnan()].all(), count


class Extremes(torch.nn.Module):
    def forward(self, x):
        return x.amax(-1), x.amin(-1)


@cpus.each("x86-64-v2", "x86-64-v3", "x86-64-v4")
@pytest.mark.parametrize("columns", [32, 1024, 1025])
def test_every_lane_of_an_extreme_is_tested(target, columns):
    """A NaN anywhere is what comes out; infinities of both signs are extremes like others."""
    x = torch.randn(2 * columns, columns)
    x[torch.arange(columns), torch.arange(columns)] = float("nan")
    x[columns:][torch.arange(columns), torch.arange(columns)] = float("inf")
    x[columns] = -float("inf")
    x[columns + 1] = float("inf")
    compiled = einfall.compile(Extremes(), args=(x,), targets=(target,))
    for got, want in zip(compiled(x), Extremes()(x)):
        assert torch.equal(got.isnan(), want.isnan()) and torch.equal(got[columns:], want[columns:])


def each_thread_count():
    threads = runtime.set_num_threads(0)
    try:
        for count in (1, 2):
            runtime.set_num_threads(count)
            yield count
    finally:
        runtime.set_num_threads(threads)


class NormLinear(torch.nn.Module):
    """Columns of a product are no rows, though its blocks have numbers of both."""

    def __init__(self, columns, features):
        super().__init__()
        self.norm = torch.nn.LayerNorm(columns)
        self.linear = torch.nn.Linear(columns, features)

    def forward(self, x):
        return self.linear(self.norm(x))


@cpus.each("x86-64-v4", "x86-64-v4-dot")
@pytest.mark.parametrize("columns, features", [(1024, 96), (1055, 131)])
@pytest.mark.parametrize("rows", [5, 70, None])
def test_norm_before_product(target, columns, features, rows):
    torch.manual_seed(features)
    module = NormLinear(columns, features).eval().requires_grad_(False)
    shapes = None if rows else ({0: torch.export.Dim("rows", min=1)},)
    compiled = einfall.compile(module, args=(torch.randn(rows or 7, columns),), dynamic_shapes=shapes,
                               targets=(target,))
    wide = NormLinear(columns, features).double()
    wide.load_state_dict({k: v.double() for k, v in module.state_dict().items()})
    for count in each_thread_count():
        for now in (rows,) if rows else (1, 2, 33, 131):
            x = torch.randn(now, columns) * torch.logspace(-1, 1, now)[:, None]
            want = wide(x.double())
            assert (compiled(x).double() - want).abs().max() <= 5e-6 * want.abs().max(), (now, count)


BATCHES = """
func.func @f(%x: !ein.tensor<[B, R, K], f32>, %z: !ein.tensor<[B, K], f32>) -> !ein.tensor<[B, R, K], f32> attributes {ein.entry} {
  %m = ein.einsum (%z[b, k]) -> [b] reduce [k: max] : (!ein.tensor<[B, K], f32>) -> !ein.tensor<[B], f32>
  %l = ein.einsum (%x[b, r, k], %m[b]) -> [b, r] reduce [k: add] : (!ein.tensor<[B, R, K], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, R], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %y = ein.einsum (%x[b, r, k], %m[b], %l[b, r]) -> [b, r, k] : (!ein.tensor<[B, R, K], f32>, !ein.tensor<[B], f32>, !ein.tensor<[B, R], f32>) -> !ein.tensor<[B, R, K], f32> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    %q = arith.divf %t, %c : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[B, R, K], f32>
}"""


@pytest.mark.parametrize("columns", [1024, 1055])
@pytest.mark.parametrize("batches, rows", [("n", "s"), ("n", 3), (3, "s"), (5, 2), (4, 16)])
def test_numbers_of_batches(batches, rows, columns):
    """What all rows of a batch read outlives the rows under way."""
    text = BATCHES.replace("[B", f"[{batches}").replace(" R", f" {rows}").replace("K]", f"{columns}]")
    compiled = einfall.compile(text, targets=("x86-64-v4",))
    random = np.random.default_rng(columns)
    shape = (batches if batches != "n" else 5, rows if rows != "s" else 4, columns)
    x = random.standard_normal(shape).astype("f4")
    z = (10 * random.standard_normal((shape[0], columns))).astype("f4")
    e = np.exp(x.astype("f8") - z.max(1)[:, None, None].astype("f8"))
    want = e / e.sum(-1, keepdims=True)
    for count in each_thread_count():
        assert (np.abs(compiled.f(x, z) - want) <= 1e-5 * want).all(), count


DISTANCES = """
func.func @f(%x: !ein.tensor<[s, K], f32>) -> !ein.tensor<[s, K], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[s, k]) -> [s] reduce [k: max] : (!ein.tensor<[s, K], f32>) -> !ein.tensor<[s], f32>
  %e = ein.einsum (%x[s, k], %m[s]) -> [s, k] : (!ein.tensor<[s, K], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, K], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    ein.yield %t : f32
  }
  %l = ein.einsum (%e[s, k]) -> [s] reduce [k: add] : (!ein.tensor<[s, K], f32>) -> !ein.tensor<[s], f32>
  %q = ein.einsum (%e[s, k], %l[s], %x[s, k]) -> [s] reduce [k: MONOID] : (!ein.tensor<[s, K], f32>, !ein.tensor<[s], f32>, !ein.tensor<[s, K], f32>) -> !ein.tensor<[s], f32> {
  ^bb0(%a: f32, %b: f32, %g: f32):
    %c = arith.constant 0.01 : f32
    %n = arith.mulf %b, %c : f32
    %v = arith.subf %a, %n : f32
    %w = arith.subf %v, %g : f32
    %r = math.absf %w : f32
    ein.yield %r : f32
  }
  %y = ein.einsum (%x[s, k], %q[s]) -> [s, k] : (!ein.tensor<[s, K], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, K], f32> {
  ^bb0(%a: f32, %b: f32):
    %w = arith.mulf %a, %b : f32
    ein.yield %w : f32
  }
  return %y : !ein.tensor<[s, K], f32>
}"""


@pytest.mark.parametrize("monoid", ["add", "max"])
@pytest.mark.parametrize("columns", [1025, 1055, 2079])
def test_rest_of_powers(monoid, columns):
    """What whole tiles leave over of powers is read before that of the next row takes its place."""
    compiled = einfall.compile(DISTANCES.replace("K]", f"{columns}]").replace("MONOID", monoid), targets=("x86-64-v4",))
    x = np.random.default_rng(columns).standard_normal((9, columns)).astype("f4")
    x[:, columns // 32 * 32 :] += 5 + np.arange(9)[:, None]
    e = np.exp(x.astype("f8") - x.max(1, keepdims=True))
    distance = abs(e - e.sum(1, keepdims=True) * float(np.float32(0.01)) - x)
    want = x * (distance.sum(1, keepdims=True) if monoid == "add" else distance.max(1, keepdims=True))
    for count in each_thread_count():
        error = abs(compiled.f(x) - want).max(1) / abs(want).max(1)
        assert (error <= 1e-6).all(), (count, error)


class LogSoftmax(torch.nn.Module):
    def forward(self, x):
        return torch.log_softmax(x, -1)


@pytest.mark.parametrize("shape", [(2, 2, 1999), (7, 3, 1025), (3, 2, 1, 1024), (2, 3, 4, 1031), (3, 7, 1025)])
def test_few_rows_of_batches(shape):
    """Numbers go round by the row's among all, in memory of as many rows of a batch as are under way."""
    torch.manual_seed(shape[0])
    compiled = einfall.compile(LogSoftmax(), args=(torch.randn(shape),), targets=("x86-64-v4",))
    for count in each_thread_count():
        x = 3 * torch.randn(shape)
        assert (compiled(x) - torch.log_softmax(x.double(), -1)).abs().max() <= 5e-6, count
