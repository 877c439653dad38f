"""What blocks of one call have in common is computed once: normalised rows before products, against double precision."""

import numpy as np
import pytest

from differential import bits, compile_text, plain

from einfall import runtime

# Rows scaled by their norm, then a gated product of `f` columns and two products that become parts of one kernel.
TEXT = """
func.func @gated(%x: !ein.tensor<[n, D], T>, %g: !ein.tensor<[D], T>, %u: !ein.tensor<[F, D], T>, %v: !ein.tensor<[F, D], T>)
    -> !ein.tensor<[n, F], f32> attributes {ein.entry} {
  NORM
  %a = ein.einsum (%h[n, d], %u[f, d]) -> [n, f] reduce [d: add] : (!ein.tensor<[n, D], T>, !ein.tensor<[F, D], T>) -> !ein.tensor<[n, F], f32> {PRODUCT}
  %b = ein.einsum (%h[n, d], %v[f, d]) -> [n, f] reduce [d: add] : (!ein.tensor<[n, D], T>, !ein.tensor<[F, D], T>) -> !ein.tensor<[n, F], f32> {PRODUCT}
  %y = ein.einsum (%a[n, f], %b[n, f]) -> [n, f] : (!ein.tensor<[n, F], f32>, !ein.tensor<[n, F], f32>) -> !ein.tensor<[n, F], f32>
  return %y : !ein.tensor<[n, F], f32>
}
func.func @parts(%x: !ein.tensor<[n, D], T>, %g: !ein.tensor<[D], T>, %u: !ein.tensor<[F, D], T>, %v: !ein.tensor<[G, D], T>)
    -> (!ein.tensor<[n, F], f32>, !ein.tensor<[n, G], f32>) attributes {ein.entry} {
  NORM
  %a = ein.einsum (%h[n, d], %u[f, d]) -> [n, f] reduce [d: add] : (!ein.tensor<[n, D], T>, !ein.tensor<[F, D], T>) -> !ein.tensor<[n, F], f32> {PRODUCT}
  %b = ein.einsum (%h[n, d], %v[f, d]) -> [n, f] reduce [d: add] : (!ein.tensor<[n, D], T>, !ein.tensor<[G, D], T>) -> !ein.tensor<[n, G], f32> {PRODUCT}
  return %a, %b : !ein.tensor<[n, F], f32>, !ein.tensor<[n, G], f32>
}
"""

NORM = """%s = ein.einsum (%x[n, d]) -> [n] reduce [d: add] : (!ein.tensor<[n, D], T>) -> !ein.tensor<[n], f32> {
  ^bb0(%p: T):
    WIDEN
    %q = arith.mulf %w, %w : f32
    ein.yield %q : f32
  }
  %h = ein.einsum (%x[n, d], %s[n], %g[d]) -> [n, d] : (!ein.tensor<[n, D], T>, !ein.tensor<[n], f32>, !ein.tensor<[D], T>) -> !ein.tensor<[n, D], T> {
  ^bb0(%p: T, %r: f32, %c: T):
    WIDEN
    %i = math.rsqrt %r : f32
    %k = arith.mulf %w, %i : f32
    NARROW
    %y = arith.mulf %t, %c : T
    ein.yield %y : T
  }"""

PRODUCT = {"f32": "\n  ^bb0(%p: f32, %q: f32):\n    %k = arith.mulf %p, %q : f32\n    ein.yield %k : f32\n  ",
           "bf16": "\n  ^bb0(%p: bf16, %q: bf16):\n    %i = arith.extf %p : bf16 to f32\n    %j = arith.extf %q : bf16 to f32\n"
                   "    %k = arith.mulf %i, %j : f32\n    ein.yield %k : f32\n  "}
WIDEN = {"f32": "%zero = arith.constant 0.0 : f32\n    %w = arith.addf %p, %zero : f32", "bf16": "%w = arith.extf %p : bf16 to f32"}
NARROW = {"f32": "%one = arith.constant 1.0 : f32\n    %t = arith.mulf %k, %one : f32", "bf16": "%t = arith.truncf %k : f32 to bf16"}


def program(element: str, depth: int, columns: int, others: int) -> str:
    text = TEXT.replace("NORM", NORM).replace("PRODUCT", PRODUCT[element])
    text = text.replace("WIDEN", WIDEN[element]).replace("NARROW", NARROW[element])
    text = text.replace("[n, D]", f"[n, {depth}]").replace("[D]", f"[{depth}]").replace("D], T", f"{depth}], T")
    text = text.replace("[F,", f"[{columns},").replace("[G,", f"[{others},").replace("n, F]", f"n, {columns}]").replace("n, G]", f"n, {others}]")
    return text.replace(", T>", f", {element}>").replace(": T", f": {element}").replace("%c : T", f"%c : {element}")


@pytest.fixture
def set_threads():
    before = runtime.set_num_threads(0)
    yield runtime.set_num_threads
    runtime.set_num_threads(before)


@pytest.mark.parametrize("element", ["f32", "bf16"])
@pytest.mark.parametrize("target", ["x86-64-v3", "x86-64-v4", "native"])
def test_rows_of_several_blocks(build, tmp_path, set_threads, element, target):
    """One row, parts of a block and several blocks of rows, each with several blocks of columns; with one thread a
    call crosses from the last columns of some rows to the first ones of the next, with three it begins within."""
    depth, columns, others = 97, 461, 67
    _, package = compile_text(program(element, depth, columns, others), tmp_path, (target,))
    rng = np.random.default_rng(5)
    for rows in (1, 2, 31, 33, 67, 131):
        x, g, u, v, w = (rng.standard_normal(shape) for shape in ((rows, depth), (depth,), (columns, depth), (columns, depth), (others, depth)))
        # Rows differ in size, so that one taken for another shows.
        arrays = [np.asarray(a, np.float32) for a in (x * 10.0 ** rng.integers(-2, 3, (rows, 1)), g, u, v, w)]
        if element == "bf16":
            arrays = [bits(a) for a in arrays]
        x, g, u, v, w = (plain(a).astype(np.float64) for a in arrays)
        h = x / np.sqrt((x * x).sum(1, keepdims=True)) * g
        bound = 2e-2 if element == "bf16" else 1e-5
        for threads in (1, 3):
            set_threads(threads)
            got = plain(package.gated(*arrays[:4]))
            assert np.abs(got - (h @ u.T) * (h @ v.T)).max() < bound * np.abs((h @ u.T) * (h @ v.T)).max()
            for part, want in zip(package.parts(*arrays[:3], arrays[4]), (h @ u.T, h @ w.T)):
                assert np.abs(plain(part) - want).max() < bound * np.abs(want).max()
