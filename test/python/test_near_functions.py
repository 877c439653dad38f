"""Functions that may be near because outputs are bf16, on each CPU: exp and erf everywhere, and quotients by what a row shares,
whose size may be any, against double precision."""

import numpy as np
import pytest

import cpus

torch = pytest.importorskip("torch")

import einfall  # noqa: E402

TARGETS = ("x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-dot")
#: Half a unit in the last place of bf16, and the least normal number: what is less may be 0.
HALF, LEAST = 2.0**-8, 2.0**-126

EXP = """
func.func @f(%x: !ein.tensor<[m], f32> {ein.name = "x"}) -> (!ein.tensor<[m], bf16> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[m]) -> [m] : (!ein.tensor<[m], f32>) -> !ein.tensor<[m], bf16> {
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    %o = arith.truncf %e : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m], bf16>
}
"""

#: What 16 bits leave of exp less its value in double: the difference shows all bits that exp has in f32.
REST = """
func.func @f(%x: !ein.tensor<[m], f32> {ein.name = "x"}, %v: !ein.tensor<[m], f32> {ein.name = "v"})
    -> (!ein.tensor<[m], bf16> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[m], %v[m]) -> [m] : (!ein.tensor<[m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], bf16> {
  ^bb0(%a: f32, %b: f32):
    %e = math.exp %a : f32
    %d = arith.subf %e, %b : f32
    %o = arith.truncf %d : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m], bf16>
}
"""

SHARES = """
func.func @f(%x: !ein.tensor<[m, n], f32> {ein.name = "x"}, %s: !ein.tensor<[m], f32> {ein.name = "s"})
    -> (!ein.tensor<[m, n], bf16> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[m, n], %s[m]) -> [m, n] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%a: f32, %b: f32):
    %q = arith.divf %a, %b : f32
    %o = arith.truncf %q : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}
"""


def run(text, target, *arrays):
    out = einfall.compile(text, targets=(target,)).f(*map(torch.from_numpy, arrays))
    return (out[0] if isinstance(out, (tuple, list)) else out).double().numpy()


def assert_near(got, want):
    largest = float(torch.finfo(torch.bfloat16).max)
    special = ~np.isfinite(want) | (np.abs(want) > largest)
    assert np.array_equal(np.isnan(got), np.isnan(want))
    assert np.array_equal(np.sign(got[special & ~np.isnan(want)]), np.sign(want[special & ~np.isnan(want)]))
    got, want = got[~special], want[~special]
    beyond = np.abs(got - want) - np.where(np.abs(want) < LEAST, LEAST, np.abs(want) * HALF * 1.001)
    assert beyond.max() <= 0, (got[beyond.argmax()], want[beyond.argmax()])


@cpus.each(*TARGETS)
def test_exp_of_any_number(target):
    rng = np.random.default_rng()
    bits = rng.integers(0, 1 << 32, 20011, dtype=np.uint64).astype(np.uint32).view(np.float32)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 88.7, 89.0, 1e30, -1e30, -87.4, -103.9, -104.1], np.float32)
    x = np.concatenate([special, bits, rng.uniform(-105, 88.7, 20011).astype(np.float32)])
    with np.errstate(all="ignore"):
        assert_near(run(EXP, target, x), np.exp(x.astype(np.float64)))


@cpus.each(*TARGETS)
def test_exp_in_f32(target):
    x = np.random.default_rng().uniform(-80, 80, 100003).astype(np.float32)
    value = np.exp(x.astype(np.float64))
    near = value.astype(np.float32)
    error = np.abs(run(REST, target, x, near) + near - value) / value
    # The difference itself is rounded, but not far: it is a few units in the last place.
    assert (error <= 2.0**-22 + np.abs(x) * 2.0**-23).all(), (error / (2.0**-22 + np.abs(x) * 2.0**-23)).max()


@cpus.each(*TARGETS)
def test_quotients_by_a_number_of_any_size(target):
    rng = np.random.default_rng()
    rows, columns = 301, 67
    s = (rng.uniform(1, 2, rows) * 2.0 ** rng.integers(-149, 127, rows) * rng.choice([-1, 1], rows)).astype(np.float32)
    s[:8] = [0.0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, 1e-45, -1e-40]
    # Quotients of a moderate size, and others.
    with np.errstate(all="ignore"):
        x = (s[:, None] * rng.uniform(-4, 4, (rows, columns)) * 2.0 ** rng.integers(-20, 20, (rows, 1))).astype(np.float32)
    x[:, 0], x[:, 1], x[:, 2], x[:, 3] = 0.0, np.inf, 1.5, 1e-42
    with np.errstate(all="ignore"):
        assert_near(run(SHARES, target, x, s), x.astype(np.float64) / s.astype(np.float64)[:, None])


@cpus.each(*TARGETS)
def test_erf(target):
    """Within 2^-20 of it, from the least normal numbers to where it is 1."""
    rng = np.random.default_rng()
    x = rng.uniform(-5, 5, 100003)
    sizes = np.ldexp(1.0, rng.integers(-126, 5, x.size))
    x = np.concatenate([x, x * sizes, [0.0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, 4.0, -4.0]]).astype(np.float32)
    want = torch.erf(torch.from_numpy(x).double()).numpy()
    assert_near(run(EXP.replace("math.exp", "math.erf"), target, x), want)
    given = np.isfinite(x) & (np.abs(want) > 2.0**-100)
    nearest = want[given].astype(np.float32)
    rest = run(REST.replace("math.exp", "math.erf"), target, x[given], nearest)
    assert np.max(np.abs(rest + (nearest - want[given])) / np.abs(want[given])) <= 2.0**-20
