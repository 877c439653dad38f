"""Kernels of several stages, compiled, against the interpreter: what a block passes on and what it walks in chunks."""

import subprocess

import numpy as np
import pytest

from differential import BUILD, compile_text, each_target, interpret_each, same


def normal(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def close(got, expected):
    scale = np.max(np.abs(expected), initial=1e-6)
    np.testing.assert_allclose(np.asarray(got), expected, rtol=3e-6, atol=3e-6 * scale)


# Two reduced ranks of run-time extents: the exponentials of a chunk would have no bounded size, so they are not kept.
TWO_RANKS = """
func.func @f(%x: !ein.tensor<[b, n, m], f32>, %w: !ein.tensor<[n, m, e], f32>) -> !ein.tensor<[b, e], f32> attributes {ein.entry} {
  %g = ein.einsum (%x[b, i, j]) -> [b] reduce [i: max, j: max] : (!ein.tensor<[b, n, m], f32>) -> !ein.tensor<[b], f32>
  %p = ein.einsum (%x[b, i, j], %g[b]) -> [b, i, j] : (!ein.tensor<[b, n, m], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, n, m], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %z = ein.einsum (%p[b, i, j]) -> [b] reduce [i: add, j: add] : (!ein.tensor<[b, n, m], f32>) -> !ein.tensor<[b], f32>
  %o = ein.einsum (%p[b, i, j], %w[i, j, e]) -> [b, e] reduce [i: add, j: add] : (!ein.tensor<[b, n, m], f32>, !ein.tensor<[n, m, e], f32>) -> !ein.tensor<[b, e], f32>
  %y = ein.einsum (%o[b, e], %z[b]) -> [b, e] : (!ein.tensor<[b, e], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, e], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.divf %a, %c : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[b, e], f32>
}
"""

# The last state of a walk goes into a tensor in place.
UPDATED = """
func.func @f(%x: !ein.tensor<[n, 16], f32>, %c: !ein.tensor<[k, 16], f32>, %s: !ein.tensor<[n, 2], i32>) -> !ein.tensor<[n, 2], i32> attributes {ein.entry} {
  %d = ein.einsum (%x[n, d], %c[k, d]) -> [n, k] reduce [d: add] : (!ein.tensor<[n, 16], f32>, !ein.tensor<[k, 16], f32>) -> !ein.tensor<[n, k], f32>
  %a = ein.einsum (%d[n, k]) -> [n] reduce [k: argmax] : (!ein.tensor<[n, k], f32>) -> !ein.tensor<[n], i32>
  %r = ein.update %s[n, 1] = %a[n] : !ein.tensor<[n, 2], i32>, !ein.tensor<[n], i32>
  return %r : !ein.tensor<[n, 2], i32>
}
"""

# A map reads one walk before the next walk over the same rank is at hand.
BETWEEN = """
func.func @f(%x: !ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32> attributes {ein.entry} {
  %g = ein.einsum (%x[b, i]) -> [b] reduce [i: max] : (!ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32>
  %p = ein.einsum (%x[b, i], %g[b]) -> [b, i] : (!ein.tensor<[b, n], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, n], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %z = ein.einsum (%p[b, i]) -> [b] reduce [i: add] : (!ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32>
  %l = ein.einsum (%z[b]) -> [b] : (!ein.tensor<[b], f32>) -> !ein.tensor<[b], f32> {
  ^bb0(%a: f32):
    %d = math.log %a : f32
    ein.yield %d : f32
  }
  %v0 = ein.einsum (%x[b, i]) -> [b] reduce [i: min] : (!ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32>
  %p2 = ein.einsum (%x[b, i], %v0[b]) -> [b, i] : (!ein.tensor<[b, n], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, n], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %c, %a : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %z2 = ein.einsum (%p2[b, i]) -> [b] reduce [i: add] : (!ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32>
  %y = ein.einsum (%l[b], %z2[b]) -> [b] : (!ein.tensor<[b], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b], f32>
  return %y : !ein.tensor<[b], f32>
}
"""

# A walk over rows: vectors along the rank of which few coordinates may be left.
COLUMNS = """
func.func @f(%x: !ein.tensor<[n, m], f32>) -> !ein.tensor<[n, m], f32> attributes {ein.entry} {
  %g = ein.einsum (%x[i, j]) -> [j] reduce [i: max] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[m], f32>
  %p = ein.einsum (%x[i, j], %g[j]) -> [i, j] : (!ein.tensor<[n, m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[n, m], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %z = ein.einsum (%p[i, j]) -> [j] reduce [i: add] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%p[i, j], %z[j]) -> [i, j] : (!ein.tensor<[n, m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[n, m], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.divf %a, %c : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[n, m], f32>
}
"""

CASES = {
    "two_ranks": (TWO_RANKS, [(1, 1, 1, 1), (3, 5, 7, 9), (65, 33, 17, 130)], lambda b, n, m, e: [normal(b, n, m), normal(n, m, e)]),
    "between": (BETWEEN, [(1, 1), (9, 1030), (67, 5)], lambda b, n: [normal(b, n)]),
    "columns": (COLUMNS, [(1, 1), (3, 1), (1030, 9), (5, 67), (7, 64)], lambda n, m: [normal(n, m)]),
}


@pytest.mark.parametrize("name", CASES)
@each_target
def test_stages(build, tmp_path, name, target):
    text, sizes, arguments = CASES[name]
    source, package = compile_text(text, tmp_path, (target,))
    cases = [arguments(*size) for size in sizes]
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        close(package.f(*arrays), expected[0])


@each_target
def test_an_extremum_is_stored_in_place(build, tmp_path, target):
    """The first NaN wins, then the greatest value, then the lowest coordinate; of nothing, -1."""
    source, package = compile_text(UPDATED, tmp_path, (target,))
    cases = []
    for n, k in ((1, 1), (5, 300), (67, 129), (3, 0)):
        x, c = np.round(2 * normal(n, 16)), np.round(2 * normal(k, 16))
        if k > 200:
            c[[140, 290], 3] = np.nan
        cases.append([x, c, np.full((n, 2), 9, np.int32)])
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        same(package.f(*arrays), expected)


# Greedy decoding, top-k and the loss of a label, of logits that nobody else reads.
LOGITS = "%z = ein.einsum (%x[s, d], %w[v, d]) -> [s, v] reduce [d: add] : (!ein.tensor<[s, d], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[s, n], f32>"
HEAD = "func.func @f(%x: !ein.tensor<[s, d], f32>, %w: !ein.tensor<[n, d], f32>) -> "


def greedy():
    return f"""{HEAD} !ein.tensor<[s], i64> attributes {{ein.entry}} {{
  {LOGITS}
  %a = ein.einsum (%z[s, v]) -> [s] reduce [v: argmax] : (!ein.tensor<[s, n], f32>) -> !ein.tensor<[s], i64>
  return %a : !ein.tensor<[s], i64>
}}"""


def best(k):
    types = f"!ein.tensor<[s, {k}], f32>, !ein.tensor<[s, {k}], i64>"
    return f"""{HEAD} ({types}) attributes {{ein.entry}} {{
  {LOGITS}
  %v, %i = ein.topk %z dim 1 k {k} : !ein.tensor<[s, n], f32> -> {types}
  return %v, %i : {types}
}}"""


def kernels(text):
    done = subprocess.run([BUILD / "bin" / "einfall-opt", "-", "--compile-to=kernels"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Small integers: products and sums are exact in any order, and ties are many.
@pytest.mark.parametrize("name, sizes", [("greedy", [(1, 1, 1), (5, 3, 131), (67, 9, 257)]),
                                         ("1", [(1, 1, 1), (66, 5, 130)]), ("5", [(3, 2, 5), (5, 7, 127), (9, 3, 1031)]),
                                         ("150", [(3, 4, 150), (2, 3, 151), (65, 2, 257)])])
@each_target
def test_the_best_of_logits_that_are_not_stored(build, tmp_path, target, name, sizes):
    text = greedy() if name == "greedy" else best(int(name))
    ir = kernels(text)
    assert ir.count("ein.kernel \"") == 1 and ir.count("ein.stream \"") == 1
    source, package = compile_text(text, tmp_path, (target,))
    cases = []
    for s, d, n in sizes:
        x, w = np.round(2 * normal(s, d)), np.round(2 * normal(n, d))
        cases.append([x, w])
        if n > 4:
            x, w = np.abs(x), w.copy()
            w[n // 2 :: 3, 0], w[1, 0] = -np.inf, -np.inf
            w[[n - 1, n - 3], 0] = np.nan
            cases.append([x + 1, w])
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        got = package.f(*arrays)
        for one, want in zip(got if isinstance(got, tuple) else [got], expected):
            np.testing.assert_array_equal(np.asarray(one), want)


def test_logits_that_others_read_are_stored(build):
    text = best(3).replace("return %v, %i :", "return %v, %i, %z :").replace(", i64>) attributes", ", i64>, !ein.tensor<[s, n], f32>) attributes")
    text = text.replace("i64>\n}", "i64>, !ein.tensor<[s, n], f32>\n}")
    assert kernels(text).count("ein.kernel \"") == 2


def test_a_maximum_without_infinity(build, tmp_path):
    """A state of a format that has no infinity starts at its lowest number."""
    text = """func.func @f(%x: !ein.tensor<[n, 16], f32>, %c: !ein.tensor<[k, 16], f32>) -> !ein.tensor<[n], f8E4M3FN> attributes {ein.entry} {
  %d = ein.einsum (%x[n, d], %c[k, d]) -> [n, k] reduce [d: add] : (!ein.tensor<[n, 16], f32>, !ein.tensor<[k, 16], f32>) -> !ein.tensor<[n, k], f32>
  %a = ein.einsum (%d[n, k]) -> [n] reduce [k: max] : (!ein.tensor<[n, k], f32>) -> !ein.tensor<[n], f8E4M3FN> {
  ^bb0(%e: f32):
    %f = arith.truncf %e : f32 to f8E4M3FN
    ein.yield %f : f8E4M3FN
  }
  return %a : !ein.tensor<[n], f8E4M3FN>
}
"""
    done = subprocess.run([BUILD / "bin" / "einfall-opt", "-", "--compile-to=kernels"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    start = done.stdout[:done.stdout.index("ein.stream")]
    assert "-4.480000e+02 : f8E4M3FN" in start


def test_compiling_says_nothing(build, tmp_path):
    """A reduction that cannot be folded is a remark, shown to who asks."""
    source = tmp_path / "m.mlir"
    source.write_text("""func.func @r(%x: !ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32> attributes {ein.entry} {
  %g = ein.einsum (%x[b, i]) -> [b] reduce [i: add] : (!ein.tensor<[b, n], f32>) -> !ein.tensor<[b], f32>
  %z = ein.einsum (%x[b, i], %g[b]) -> [b] reduce [i: add] : (!ein.tensor<[b, n], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.mulf %a, %c : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  return %z : !ein.tensor<[b], f32>
}
""")
    command = [BUILD / "bin" / "einfall-compile", source, "-o", tmp_path / "m.einf"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*command, "--remarks=derive-folds"], capture_output=True, text=True)
    assert "not folded over rank 'i'" in done.stderr
