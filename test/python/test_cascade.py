"""@einfall.cascade against numpy in float64, and what it refuses."""

import importlib
import importlib.util
import math
import re
import subprocess

import numpy as np
import pytest

from paths import ROOT

NAMES = ["full", "causal", "window", "prefix_lm", "document", "alibi", "relative_bias", "soft_cap", "sinks",
         "sigmoid_attention", "cosine", "differential", "grouped_query", "multi_query", "latent", "paged", "low_rank", "softmax",
         "log_softmax", "log_sum_exp", "layer_norm", "rms_norm", "cross_entropy", "k_means", "dora_norm",
         "paged_window", "grouped_sinks", "ragged", "relative_window", "greedy"]
OFFSET = 2


@pytest.fixture(scope="module")
def einfall(build):
    return importlib.import_module("einfall")


@pytest.fixture(scope="module")
def variants(einfall):
    return importlib.import_module("cascade_variants")


def double(a):
    return a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a


@pytest.mark.parametrize("name", NAMES)
def test_variants(variants, name):
    cascade, arguments, reference = variants.CASES[name]
    got, want = cascade(*arguments), reference(*map(double, arguments))
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * np.abs(want).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("paged", "paged_window", "ragged")])
def test_variants_of_many_chunks(variants, name):
    """Ranks longer than the chunks in which a kernel walks them, and than its blocks."""
    cascade, _, reference = variants.CASES[name]
    arguments = variants.grown(name, 21)
    got, want = cascade(*arguments), reference(*map(double, arguments))
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5 * np.abs(want).max())


def test_latent_attention_of_any_width(variants, einfall, build):
    """Where no bound of the latent rank is known, a block cannot keep it; still nothing of two lengths is stored."""

    @einfall.cascade
    def latent(q: "h s d", up: "h d c", r: "h s f", latents: "t c", kr: "t f", down: "h c e", scale):
        absorbed[h, s, c] = sum[d](q[h, s, d] * up[h, d, c])
        w[h, s, t] = (sum[c](absorbed[h, s, c] * latents[t, c]) + sum[f](r[h, s, f] * kr[t, f])) * scale
        p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
        x[h, s, c] = sum[t](p[h, s, t] * latents[t, c]) / sum[t](p[h, s, t])
        o[h, s, e] = sum[c](x[h, s, c] * down[h, c, e])
        return o[h, s, e]

    for c in (9, 129, 300):
        arguments = [uniform(*shape, seed=k) for k, shape in enumerate(((3, 70, 7), (3, 7, c), (3, 70, 4), (213, c), (213, 4), (3, c, 5)))]
        want = variants.latent_reference(*map(double, arguments), 0.1)
        np.testing.assert_allclose(latent(*arguments, 0.1), want, rtol=1e-5, atol=1e-5 * np.abs(want).max())
    text = latent.text(*["f32"] * 7)
    done = subprocess.run([build / "bin" / "einfall-opt", "-", "--compile-to=kernels"], input=text, capture_output=True, text=True)
    kernels = [line for line in done.stdout.splitlines() if "ein.kernel" in line]
    assert len(kernels) == 3 and not any("s, t]" in line for line in kernels), done.stdout


def test_sizes_that_no_call_may_have(einfall):
    """Negative extents, also of what is only reduced or never stored, and divisors below 1."""

    @einfall.cascade
    def rows(a: "m n"):
        i: n - 3
        y[m] = sum[i](a[m, i])
        return y[m]

    @einfall.cascade
    def pairs(a: "n"):
        i: n - 3
        t[i] = exp(a[i])
        y = sum[i](t[i] + exp(a[i + 3]))
        return y

    @einfall.cascade
    def grouped(x: "h n", k: "g n"):
        y[h, n] = x[h, n] * k[h // (size(h) // size(g)), n]
        return y[h, n]

    np.testing.assert_array_equal(rows(uniform(2, 3)), [0, 0])
    assert pairs(uniform(3)) == 0
    for call in (lambda: rows(uniform(2, 2)), lambda: pairs(uniform(1))):
        with pytest.raises(ValueError, match=r"needs n - 3 >= 0"):
            call()
    x, k = uniform(6, 4), uniform(2, 4, seed=1)
    np.testing.assert_allclose(grouped(x, k), x * np.repeat(k, 3, 0), rtol=1e-6)
    with pytest.raises(ValueError, match=r"needs h floordiv g - 1 >= 0"):
        grouped(uniform(1, 4), k)
    with pytest.raises(ValueError, match=r"needs g - 1 >= 0"):
        grouped(x, uniform(0, 4))


def test_every_variant_is_tested_and_short(variants):
    assert sorted(NAMES) == sorted(variants.CASES)
    for cascade, _, _ in variants.CASES.values():
        assert len(cascade._source.tree.body) + 1 <= 15


@pytest.mark.parametrize("pages, heads, d, e", [(0, 1, 1, 1), (1, 3, 1, 7), (31, 2, 5, 8), (33, 5, 17, 9), (131, 1, 8, 65)])
def test_pages_that_are_missing(variants, pages, heads, d, e):
    rng = np.random.default_rng(pages)
    page, batch = variants.PAGE, 5
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    table = rng.integers(-2, pages + 2, (batch, pages))
    lengths = np.minimum(np.array([0, 1, 130, page * pages, page * pages + 3]), page * pages)
    arguments = (normal(batch, heads, d), normal(pages, page, d), normal(pages, page, e), table, lengths, normal(heads), 0.5)
    cascade, _, reference = variants.CASES["paged_window"]
    want = reference(*map(double, arguments)) if pages else np.zeros((batch, heads, e))
    np.testing.assert_allclose(cascade(*arguments), want, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("heads, groups, n", [(1, 1, 1), (4, 2, 129), (7, 3, 31), (9, 4, 127), (5, 5, 257)])
def test_groups_that_divide_no_heads(variants, heads, groups, n):
    rng = np.random.default_rng(n)
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    arguments = normal(heads, n, 3), normal(groups, n, 3), normal(groups, n, 11), normal(heads), 0.5
    cascade, _, reference = variants.CASES["grouped_sinks"]
    np.testing.assert_allclose(cascade(*arguments), reference(*map(double, arguments)), rtol=1e-5, atol=2e-6)


def test_a_new_length_does_not_compile(variants):
    cascade, _, reference = variants.CASES["causal"]
    rng = np.random.default_rng(1)
    for n in (1, 2, 31):
        q, k, v = (rng.standard_normal((2, n, d)).astype(np.float32) for d in (3, 3, 1))
        want = np.einsum("hst,hte->hse", variants.soft(variants.masked(np.tri(n, dtype=bool), variants.scores(q, k, 1.5))), v)
        np.testing.assert_allclose(cascade(q, k, v, 1.5, require_cache_hit=n > 1), want, rtol=1e-5, atol=1e-6)


# -- the language ---------------------------------------------------------------------------------------


def uniform(*shape, dtype=np.float32, seed=3):
    return np.random.default_rng(seed).uniform(-3, 3, shape).astype(dtype)


def test_affine_indices_leave_out_what_lies_outside(einfall):
    @einfall.cascade
    def convolution(x: "n", w: "3"):
        i: n
        y[i] = sum[r](x[i + r - 1] * w[r])
        m[i] = max[r](x[i + r - 1] + 0 * r)
        return y[i], m[i]

    x = uniform(11) - 4
    y, m = convolution(x, w := uniform(3, seed=4))
    padded = np.pad(x, 1, constant_values=-np.inf)
    np.testing.assert_allclose(y, np.convolve(x, w[::-1], "same"), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(m, np.lib.stride_tricks.sliding_window_view(padded, 3).max(-1), rtol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 9, 65, 1026, 5000])
def test_neighbours(einfall, n):
    """A declared rank may be shorter than what it indexes; what is the same at two places is computed once."""

    @einfall.cascade
    def products(a: "n", b: "n"):
        i: n - 1
        y[i] = a[i] * b[i] + a[i + 1] * b[i + 1]
        return y[i]

    @einfall.cascade
    def ends(a: "n", b: "n"):
        i: n
        y[i] = a[i] * b[i] + (a[i + 1] * b[i + 1] if i < size(n) - 1 else 0)
        return y[i]

    @einfall.cascade
    def plane(a: "n m", b: "n m"):
        i: n - 1
        j: m - 2
        y[i, j] = exp(a[i, j] * b[i, j]) + exp(b[i + 1, j + 1] * a[i + 1, j + 1]) + exp(a[i, j + 2] * b[i, j + 2])
        return y[i, j]

    @einfall.cascade
    def contracted(a: "n m", b: "m k"):
        c[n, k] = sum[m](a[n, m] * b[m, k])
        i: n - 1
        y[i, k] = c[i, k] - c[i + 1, k]
        return y[i, k]

    a, b = uniform(n), uniform(n, seed=1)
    t = a.astype(np.float64) * b
    np.testing.assert_allclose(products(a, b), t[:-1] + t[1:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ends(a, b), t + np.append(t[1:], 0), rtol=1e-5, atol=1e-6)
    for m in (3, 11, 70):
        a, b = uniform(n, m), uniform(n, m, seed=1)
        t = np.exp(a.astype(np.float64) * b)
        np.testing.assert_allclose(plane(a, b), t[:-1, :-2] + t[1:, 1:-1] + t[:-1, 2:], rtol=1e-5, atol=1e-6)
        w = uniform(m, 33, seed=2)
        c = a.astype(np.float64) @ w
        np.testing.assert_allclose(contracted(a, w), c[:-1] - c[1:], rtol=1e-4, atol=1e-4)


def test_declared_ranks_and_several_results(einfall):
    @einfall.cascade
    def blocks(x: "n d", scale=2):
        i: n // 4
        r: 4
        top[i, d] = max[r](x[4 * i + r, d])
        at[i, d] = argmax[r](x[4 * i + r, d])
        y[d, i] = scale * top[i, d]
        return y[d, i], at[i, d]

    x = uniform(13, 3)
    y, at = blocks(x)
    rows = x[:12].reshape(3, 4, 3)
    np.testing.assert_array_equal(y, 2 * rows.max(1).T)
    np.testing.assert_array_equal(at, rows.argmax(1))
    assert y.dtype == np.float32 and at.dtype == np.int64


def test_a_condition_decides_about_reads_outside(einfall):
    @einfall.cascade
    def shifted(x: "n", table: "i64 m"):
        i: n
        y[i] = where(i > 0, x[i - 1], -1.5)
        b[m] = table[m] >= 0 and x[table[m]] > 0
        g[m] = x[table[m]] if table[m] >= 0 else 7
        return y[i], b[m], g[m]

    x, table = uniform(9), np.array([3, -1, 8])
    y, b, g = shifted(x, table)
    np.testing.assert_array_equal(y, [-1.5, *x[:-1]])
    np.testing.assert_array_equal(b, (table >= 0) & (x[table] > 0))
    np.testing.assert_array_equal(g, np.where(table >= 0, x[table], 7).astype(np.float32))


def test_gathers_nest_and_take_numbers_of_the_scope(einfall):
    @einfall.cascade
    def nested(x: "n", ids: "i32 m", table: "i32 k", start):
        y[m] = x[table[ids[m] % OFFSET + start] + OFFSET // 2] * math.pi
        z[m] = x[max(ids[m], 2)] + x[size(n) - 1]
        return y[m], z[m]

    x, ids, table = uniform(9), np.array([5, 0, 3], np.int32), np.array([1, 4, 0, 7], np.int32)
    y, z = nested(x, ids, table, 1)
    np.testing.assert_allclose(y, x[table[ids % 2 + 1] + 1] * np.pi, rtol=1e-6)
    np.testing.assert_array_equal(z, x[np.maximum(ids, 2)] + x[-1])


def test_monoids(einfall):
    @einfall.cascade
    def reductions(x: "n m"):
        a[n] = prod[m](x[n, m])
        b[n] = min[m](x[n, m])
        c = any[n, m](x[n, m] > 1.5 and not x[n, m] > 2)
        d[m] = all[n](x[n, m] < 2.5)
        f[n] = sum[m](x[n, m] > 0)
        g = mean[n, m](abs(x[n, m]))
        k[m] = argmin[n](x[n, m])
        return a[n], b[n], c, d[m], f[n], g, k[m]

    x = uniform(5, 7)
    a, b, c, d, f, g, k = reductions(x)
    np.testing.assert_allclose(a, x.astype(float).prod(1), rtol=1e-5)
    np.testing.assert_array_equal(b, x.min(1))
    assert c == ((x > 1.5) & ~(x > 2)).any()
    np.testing.assert_array_equal(d, (x < 2.5).all(0))
    np.testing.assert_array_equal(f, (x > 0).sum(1))
    np.testing.assert_allclose(g, np.abs(x).mean(), rtol=1e-5)
    np.testing.assert_array_equal(k, x.argmin(0))
    assert d.dtype == bool and f.dtype == np.int64


def test_functions_and_operators(einfall):
    @einfall.cascade
    def elementary(x: "n", k: "n"):
        a[n] = exp(-abs(x[n])) + log1p(x[n] ** 2) - sqrt(abs(x[n])) * sin(x[n]) / 2 ** x[n]
        b[n] = x[n] // 0.7 + x[n] % 0.7 - k[n] // 3 + -k[n] % 3
        c[n] = (k[n] & 6) + (k[n] ^ 1) + (~k[n] | 8) + min(k[n], 2, n)
        d[n] = float(k[n]) ** -0.5 + floor(x[n]) + int(x[n])
        return a[n], b[n], c[n], d[n]

    x, k = uniform(17, dtype=np.float64), np.arange(1, 18)
    a, b, c, d = elementary(x, k)
    np.testing.assert_allclose(a, np.exp(-abs(x)) + np.log1p(x**2) - np.sqrt(abs(x)) * np.sin(x) / 2**x, rtol=1e-13)
    np.testing.assert_allclose(b, x // 0.7 + x % 0.7 - k // 3 + -k % 3, rtol=1e-13)
    np.testing.assert_array_equal(c, (k & 6) + (k ^ 1) + (~k | 8) + np.minimum(np.minimum(k, 2), np.arange(17)))
    np.testing.assert_allclose(d, k**-0.5 + np.floor(x) + np.trunc(x), rtol=1e-13)
    assert a.dtype == np.float64 and c.dtype == np.int64


def test_rows_of_minus_infinity(einfall, variants):
    x = np.full((3, 5), -np.inf, np.float32)
    x[1, 2] = 4
    np.testing.assert_array_equal(variants.CASES["log_sum_exp"][0](x), [-np.inf, 4, -np.inf])
    x[2, 0] = np.inf
    assert variants.CASES["log_sum_exp"][0](x)[2] == np.inf


# -- types, arrays, calls -------------------------------------------------------------------------------


def test_narrow_floats_accumulate_in_f32(einfall):
    @einfall.cascade
    def total(x: "n"):
        y = sum[n](x[n])
        return y

    x = np.full(5000, 0.1, np.float16)
    got = total(x)
    assert got.dtype == np.float16 and got == np.float16(x.astype(np.float64).sum())
    assert total(np.ones(3, bool)) == 3


def test_types_meet_as_documented(einfall):
    torch = pytest.importorskip("torch")

    @einfall.cascade
    def types(x: "n", k: "n", z: "n", scale):
        a[n] = scale * x[n] + k[n] * n
        b[n] = bf16(z[n]) - z[n]
        c[n] = x[n] + z[n]
        return a[n], b[n], c[n]

    x, k, z = torch.rand(5).bfloat16(), torch.arange(5), torch.rand(5)
    a, b, c = types(x, k, z, 0.5)
    assert (a.dtype, b.dtype, c.dtype) == (torch.bfloat16, torch.float32, torch.float32)
    torch.testing.assert_close(a, (0.5 * x.float() + k * torch.arange(5)).bfloat16())
    torch.testing.assert_close(b, z.bfloat16().float() - z)
    assert types(x, k, z.double(), np.float64(0.5))[1].dtype == torch.float64


def test_torch_in_place_and_gradients(einfall, variants):
    torch = pytest.importorskip("torch")
    softmax = variants.CASES["softmax"][0]
    x = torch.rand(3, 5)
    out = torch.empty(3, 5)
    pointer = out.data_ptr()
    assert softmax(x, out=out) is out and out.data_ptr() == pointer
    torch.testing.assert_close(out, x.softmax(-1))
    x.requires_grad_()
    with pytest.raises(einfall.EinfallError, match="'x' requires a gradient.*no_grad"):
        softmax(x)
    with torch.no_grad():
        torch.testing.assert_close(softmax(x), out)

    @einfall.cascade
    def scaled(x: "n", s):
        y[n] = x[n] * s
        return y[n]

    s = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(einfall.EinfallError, match="scaled: 's' requires a gradient.*no_grad"):
        scaled(np.ones(3), s)
    with torch.no_grad():
        np.testing.assert_array_equal(scaled(np.ones(3), s), np.full(3, 2.0))


def test_ranks_that_are_no_element_types(einfall):
    @einfall.cascade
    def total(x: "i10 i12 f10 i80 int"):
        y[i10] = sum[i12, f10, i80, int](x[i10, i12, f10, i80, int])
        return y[i10]

    np.testing.assert_array_equal(total(np.ones((2, 2, 1, 3, 1))), np.full(2, 6.0))


def test_types_by_any_name(einfall):
    torch = pytest.importorskip("torch")

    @einfall.cascade
    def double(x: "float32 n"):
        y[n] = x[n] * 2
        return y[n]

    np.testing.assert_array_equal(double(np.ones(3, np.float32)), np.full(3, 2, np.float32))
    with pytest.raises(ValueError, match="expected float32 for 'x', but got float64"):
        double(np.ones(3))
    assert double.text("f32") == double.text(torch.float32) == double.text(np.float32) == double.text("float32")
    with pytest.raises(TypeError, match="'f33' names no element type"):
        double.text("f33")
    with pytest.raises(TypeError, match="None names no element type"):
        double.text(None)


def test_strict_sums_in_order(einfall):
    @einfall.cascade(numerics="strict")
    def total(x: "n"):
        y = sum[n](x[n])
        return y

    x = uniform(4001)
    want = np.float32(0)
    for element in x:
        want += element
    assert total(x) == want


def test_packages_are_cached(einfall, monkeypatch, tmp_path):
    from einfall.errors import CacheMissError

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def make():
        @einfall.cascade
        def twice(x: "n"):
            y[n] = x[n] + x[n]
            return y[n]

        return twice

    x = uniform(3)
    with pytest.raises(CacheMissError):
        make()(x, require_cache_hit=True)
    make()(x)
    np.testing.assert_array_equal(make()(x, require_cache_hit=True), 2 * x)
    assert len(list((tmp_path / "einfall").rglob("*.einf"))) == 1


@pytest.mark.parametrize("arguments, message", [
    ((np.ones((2, 3)), np.ones(4)), "rank 'd' has extent 3 in 'x', but 4 in 'y'"),
    ((np.ones(2), np.ones(3)), r"'x' has the ranks \[n, d\], but got 1 dimensions"),
    ((np.ones((2, 3)), np.ones(3), np.ones(3)), "'s' takes a number"),
    ((np.ones((2, 3)), np.ones(3), 2**70), "'s' is 1180591620717411303424, which no integer of 64 bits is"),
    ((np.ones((2, 3)), np.ones(3, complex)), "'y' has the element type complex128"),
    ((np.ones((2, 3)), np.ones(3, np.uint8)), "'y' has the element type uint8")])
def test_arguments_that_do_not_fit(einfall, arguments, message):
    @einfall.cascade
    def dot(x: "n d", y: "d", s=2):
        z[n] = sum[d](x[n, d] * y[d]) * s
        return z[n]

    with pytest.raises(ValueError, match=message):
        dot(*arguments)


# -- errors: § is where they point ----------------------------------------------------------------------

REFUSED = [
    ("x: 'n'", "y[n] = x[§k]", "unknown name 'k'; it is no rank (n)"),
    ("x: 'n'", "y[n] = x[n] + §b", "unknown name 'b'"),
    ("x: 'n d', y: 'm'", "z[n] = sum[d](x[n, d] * y[§d])", "rank 'd' has extent d, but dimension 0 of 'y' has extent m"),
    ("x: 'n', y: 'n+1'", "z = sum[i](x[i] * y[§i])", "rank 'i' has extent n, but dimension 0 of 'y' has extent n + 1"),
    ("x: 'n d'", "z[n] = sum[d](§x[n])", "'x' has 2 ranks [n, d], but is indexed by 1"),
    ("x: 'n d'", "z[n, d] = x[n, d] / sum[§d](x[n, d])", "rank 'd' is reduced here, but is an index of the result 'z'"),
    ("x: 'n d'", "z[n] = sum[d](sum[§d](x[n, d]))", "rank 'd' is reduced here, but is reduced by the sum[d] around"),
    ("x: 'n d'", "z[n] = x[n, §d]", "rank 'd' is neither an index of 'z' nor reduced"),
    ("x: 'n d'", "z[n] = §gelu(x[n, 0])", "unknown function 'gelu'; there are abs"),
    ("x: 'n d'", "z[n] = §softmax[d](x[n, d])", "unknown reduction 'softmax'; there are sum"),
    ("x: 'n d'", "z[n] = §sum(x[n, 0])", "sum needs the ranks it reduces in brackets"),
    ("x: 'n d'", "z[n] = §argmax[a, b](x[a, b])", "argmax reduces one rank, but got 2"),
    ("x: 'n d'", "§for n in x: pass", "a cascade has no Python For"),
    ("x: 'n d'", "§z[n] += x[n, 0]", "a cascade has no Python AugAssign"),
    ("x: 'n d'", "z[n] = x[n, §:]", "':' is no index"),
    ("x: 'n d'", "z[n] = x[n, §-1]", "index -1 of 'x' is negative; count from the end with size(), e.g. size(d) - 1"),
    ("x: 'n 3'", "z[n] = x[n, §3]", "index 3 of 'x' is outside: dimension 1 has extent 3"),
    ("x: 'n'", "z[§i] = x[2 * i]", "rank 'i' has no extent"),
    ("x: 'n'", "n2: §m // 2", "expected a rank (n, n2), but got 'm'"),
    ("x: 'n'", "§n: 4", "rank 'n' has extent n, but is declared with extent 4"),
    ("x: 'n'", "z[§n + 1] = x[n]", "the left side of 'z' is indexed by 'n + 1'"),
    ("x: 'n'", "z[n, §n] = x[n]", "rank 'n' stands twice on the left side of 'z'"),
    ("x: 'n'", "§a, b = 1, 2", "expected a tensor with its ranks on the left"),
    ("x: 'n'", "z[n] = §y[n] + 1; y[n] = x[n]", "'y' is read before it is assigned"),
    ("x: 'n'", "z[n] = §x[n].sin()", "'x[n].sin' is no function of cascades; write its plain name"),
    ("x: 'n'", "z[n] = §x @ x", "a cascade has no operator @"),
    ("x: 'n'", "z[n] = x[n] + §'one'", "expected a number, but got 'one'"),
    ("x: 'n'", "z[n] = §where(x[n] > 0, x[n])", "where takes 3 arguments, but got 2"),
    ("x: §'n n'", "z = 1", "rank 'n' stands twice in 'x'"),
    ("x: §'2*q'", "z = 1", "the extent 2 * q of 'x' uses 'q', which is no whole dimension of any parameter"),
    ("x: §'n?'", "z = 1", "'n?' in the ranks of 'x' is no extent"),
    ("x: §'f33 i j'", "z = 1", "'f33' in the annotation of 'x' looks like an element type and is none; there are f64, f32, f16, bf16"),
    ("x: §'uint8 i j'", "z = 1", "'uint8' in the annotation of 'x' looks like an element type and is none"),
    ("x: §'i128 i j'", "z = 1", "'i128' in the annotation of 'x' looks like an element type and is none"),
    ("x: §'bf64 i j'", "z = 1", "'bf64' in the annotation of 'x' looks like an element type and is none"),
    ("x: §'complex64 i j'", "z = 1", "'complex64' in the annotation of 'x' looks like an element type and is none"),
    ("x: §'i j f32'", "z = 1", "'f32' stands among the ranks of 'x': an element type stands first, once"),
    ("x: §4", "z = 1", "expected the ranks of 'x' as a string"),
    ("x, §out", "z = 1", "'out' is an option of every call"),
    ("x, *§more", "z = 1", "a fixed number of parameters"),
]


def refuse(einfall, folder, text: str):
    """The error of the decorated function `text`, which has § where it should point, and that place."""
    import einfall.cascades

    at = text.index("§")
    path = folder / "cascade_of_a_user.py"
    path.write_text(text.replace("§", ""), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("cascade_of_a_user", path)
    with pytest.raises(einfall.cascades.CascadeError) as caught:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    line = text[:at].count("\n") + 1
    return caught.value, (str(path), line, at - (text[:at].rfind("\n") + 1) + 1)


@pytest.mark.parametrize("signature, statement, message", REFUSED)
def test_refused_at_the_users_place(einfall, tmp_path, signature, statement, message):
    text = f"import einfall\n\n\nclass Model:\n    @einfall.cascade\n    def f({signature}):\n        {statement}\n        return z\n"
    error, place = refuse(einfall, tmp_path, text)
    assert message in str(error)
    assert (error.file, error.line, error.column) == place
    assert str(error).startswith("{}:{}:{}: ".format(*place))
    assert str(error).splitlines()[-1] == "    " + " " * (place[2] - 1) + "^"


def test_returns_at_the_users_place(einfall, tmp_path):
    text = "import einfall\n\n@einfall.cascade\ndef f(x: 'n'):\n    y[n] = 2 * x[n]\n    return {}\n"
    for result, message in (("y[n], §y[n]", "'y' is returned twice"), ("§y[n] + 1", "return names tensors with their ranks"),
                            ("§y", "'y' has 1 ranks [n], but is indexed by 0")):
        error, place = refuse(einfall, tmp_path, text.format(result))
        assert message in str(error) and (error.line, error.column) == place[1:]


def test_errors_of_types_wait_for_the_call(einfall):
    @einfall.cascade
    def pick(x: "n", at: "m"):
        y[m] = where(at[m] > 0, x[at[m]], 0)
        return y[m]

    np.testing.assert_array_equal(pick(uniform(3), np.array([2, 0])), [uniform(3)[2], 0])
    with pytest.raises(einfall.cascades.CascadeError, match=r"test_cascade.py:\d+:\d+: an index is an integer, but 'at\[m\]' is f32"):
        pick(uniform(3), uniform(3))


def test_locations_reach_the_compiler(variants):
    cascade = variants.CASES["softmax"][0]
    text = cascade.text("f32", locations=True)
    assert {int(line) for line in re.findall(r'cascade_variants.py":(\d+):5', text)} >= {cascade._source.first + 2, cascade._source.first + 3}
    assert "loc(" not in cascade.text("f32")


# -- top-k ----------------------------------------------------------------------------------------------


def test_the_best_of_a_row(einfall, build):
    @einfall.cascade
    def sample(x: "s d", w: "v d", bias: "v"):
        j: 5
        best[s, j], at[s, j] = topk[v](sum[d](x[s, d] * w[v, d]) + bias[v])
        p[s, j] = exp(best[s, j] - max[i](best[s, i]))
        return best[s, j], at[s, j], p[s, j]

    rng = np.random.default_rng(3)
    for s, d, v in ((1, 1, 5), (3, 4, 127), (66, 3, 259)):
        x, w = (np.round(2 * rng.standard_normal(shape)).astype(np.float32) for shape in ((s, d), (v, d)))
        bias = np.where(rng.random(v) < 0.2, -np.inf, 0).astype(np.float32)
        bias[v // 2] = np.nan if v > 100 else 0
        z = x @ w.T + bias
        at = np.argsort(-np.where(np.isnan(z), np.inf, z), axis=-1, kind="stable")[:, :5]
        best = np.take_along_axis(z, at, -1)
        got = sample(x, w, bias)
        np.testing.assert_array_equal(got[0], best)
        np.testing.assert_array_equal(got[1], at)
    with pytest.raises(ValueError):
        sample(x[:, :1], w[:4, :1], bias[:4])
    text = sample.text("f32", "f32", "f32")
    done = subprocess.run([build / "bin" / "einfall-opt", "-", "--compile-to=kernels"], input=text, capture_output=True, text=True)
    walk = next(line for line in done.stdout.splitlines() if "ein.kernel" in line)
    assert "[s, v]" not in walk and "ein.stream" in done.stdout, done.stdout


@pytest.mark.parametrize("lines, message", [
    (("b[s, j], a[s, j] = topk[v](§x[s, v])", "return b[s, j]"), "rank 'j' says how many elements topk gives"),
    (("j: 2", "b[s, j], a[s] = topk[v](x[s, v])", "return b[s, j]"), "have the same ranks"),
    (("j: 2", "b[s, j], a[s, j] = x[s, j]", "return b[s, j]"), "only topk gives two tensors"),
])
def test_topk_refuses(einfall, tmp_path, lines, message):
    source = "import einfall\n\n@einfall.cascade\ndef f(x: 's v'):\n    " + "\n    ".join(l.replace("§", "") for l in lines) + "\n"
    path = tmp_path / "topk_refuses.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    with pytest.raises(einfall.cascades.CascadeError, match=message):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


# -- documentation --------------------------------------------------------------------------------------


def test_the_examples_of_the_documentation_run(einfall, tmp_path):
    for name in ("README.md", "docs/cascade.md"):
        blocks = [b for b in re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S) if "cascade" in b]
        assert blocks, name
        path = tmp_path / (name.replace("/", "_").replace(".", "_") + ".py")
        path.write_text("\n".join(blocks), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_one_kernel(build, variants, tmp_path, name):
    cascade, arguments, _ = variants.CASES[name]
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    source = tmp_path / "m.mlir"
    source.write_text(cascade.text(*cascade._types(values).values()))
    done = subprocess.run([build / "bin" / "einfall-opt", source, "--compile-to=kernels"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count = len(re.findall(r"ein\.kernel \"", done.stdout))
    assert count == 1, done.stdout
