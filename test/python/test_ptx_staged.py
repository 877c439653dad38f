"""Kernels of several stages whose products run by matrix instructions, emulated, against numpy in double precision."""

import cascade_variants
import einfall
import numpy as np
import pytest

from ptx.floats import to_bf16
from test_ptx_products import compiled, wide


@einfall.cascade
def norm_swiglu(x: "m k", g: "k", a: "n k", b: "n k"):
    r[m] = rsqrt(sum[k](x[m, k] ** 2) / size(k) + 1e-5)
    u[m, n] = sum[k](x[m, k] * g[k] * a[n, k]) * r[m]
    v[m, n] = sum[k](x[m, k] * g[k] * b[n, k]) * r[m]
    y[m, n] = u[m, n] / (1 + exp(-u[m, n])) * v[m, n]
    return y[m, n]


@einfall.cascade
def norm_turned(x: "m k", g: "k", w: "2 h 64 k", c: "m 64", s: "m 64"):
    r[m] = rsqrt(sum[k](x[m, k] ** 2) / size(k) + 1e-5)
    u[i, m, h, f] = sum[k](x[m, k] * g[k] * w[i, h, f, k]) * r[m]
    y[m, h, f] = u[0, m, h, f] * c[m, f] - u[1, m, h, f] * s[m, f]
    return y[m, h, f]


@pytest.mark.slow
@pytest.mark.parametrize("cascade, sizes", [(norm_swiglu, (17, 40, 70)), (norm_swiglu, (70, 9, 33)), (norm_swiglu, (1, 72, 64)), (norm_turned, (19, 3, 40))])
def test_products_after_a_norm(build, tmp_path, cascade, sizes):
    name = cascade.__name__
    package = compiled(build, tmp_path, [name], "sm_90a", lambda _: cascade.text(*["bf16"] * len(cascade._parameters)))
    m, n, k = sizes
    rng = np.random.default_rng(sizes)
    shapes = [(m, k), (k,), (n, k), (n, k)] if cascade is norm_swiglu else [(m, k), (k,), (2, n, 64, k), (m, 64), (m, 64)]
    arrays = [to_bf16(rng.standard_normal(shape)) for shape in shapes]
    x, g, *rest = map(wide, arrays)
    r = 1 / np.sqrt((x**2).mean(-1) + 1e-5)
    z = x * g * r[:, None]
    if cascade is norm_swiglu:
        u, v = z @ rest[0].T, z @ rest[1].T
        want = u / (1 + np.exp(-u)) * v
    else:
        u = np.einsum("mk,ihfk->imhf", z, rest[0])
        want = u[0] * rest[1][:, None] - u[1] * rest[2][:, None]
    (got,) = package.call(name, *arrays)
    # Four units in the last place of the row's largest element: factors are rounded where their sums are.
    assert (abs(wide(got) - want) <= 2.0**-6 * np.abs(want).max(-1, keepdims=True)).all()
    assert any(i.name == "mma" for kernel in package.machine.module.kernels.values() for i in kernel.code)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["full", "causal", "grouped_query", "differential", "document"])
def test_attention_of_unknown_width(build, tmp_path, name):
    """Scores and sums lie in the block's memory: widths that nothing bounds at compile time fit no registers."""
    cascade, arguments, reference = cascade_variants.CASES[name]
    types = ["i64" if np.asarray(a).dtype.kind == "i" else "bf16" for a in arguments]
    package = compiled(build, tmp_path, [name], "sm_90a", lambda _: cascade.text(*types))
    arguments = cascade_variants.grown(name, 3)
    rounded = [a if t == "i64" else wide(to_bf16(np.asarray(a))) for a, t in zip(arguments, types)]
    (got,) = package.call(name, *(np.asarray(a, np.int64) if t == "i64" else to_bf16(a) for a, t in zip(rounded, types)))
    want = np.asarray(reference(*rounded))
    assert (abs(wide(got) - want) <= 2.0**-6 * np.abs(want).max()).all()
    if name in ("full", "causal"):
        assert any(i.name == "mma" for kernel in package.machine.module.kernels.values() for i in kernel.code)


@pytest.mark.slow
@pytest.mark.parametrize("element", ["f32", "bf16"])
def test_tiles_beyond_the_end_of_a_part(build, tmp_path, element):
    """Tiles of rows and columns are whole in the block's memory: nothing of what lies beyond the end of its part is seen, and of
    arguments nothing beyond their end is read."""
    cascade, _, reference = cascade_variants.CASES["full"]
    package = compiled(build, tmp_path, ["full"], "sm_90a", lambda _: cascade.text(element, element, element, "f32"))
    for h, s, t, d, e in [(1, 1, 1, 1, 1), (2, 3, 5, 33, 65), (1, 33, 65, 31, 64), (1, 32, 64, 32, 63), (2, 37, 130, 40, 66)]:
        rng = np.random.default_rng((h, s, t, d, e))
        arrays = [rng.standard_normal(shape) for shape in ((h, s, d), (h, t, d), (h, t, e))]
        given = [a.astype(np.float32) if element == "f32" else to_bf16(a) for a in arrays]
        (got,) = package.call("full", *given, np.float32(0.3))
        want = np.asarray(reference(*([a.astype(np.float64) for a in given] if element == "f32" else map(wide, given)), np.float32(0.3)))
        got = got if element == "f32" else wide(got)
        assert (abs(got - want) <= (1e-5 if element == "f32" else 2.0**-6) * np.abs(want).max()).all(), (h, s, t, d, e)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["grouped_query", "grouped_sinks", "document", "ragged", "paged", "relative_bias", "low_rank", "k_means", "cosine", "alibi"])
def test_stages_of_odd_sizes(build, tmp_path, name):
    """Masks, indices that are read, and what is divided by, at the ends of parts."""
    cascade, arguments, reference = cascade_variants.CASES[name]
    types = ["i64" if np.asarray(a).dtype.kind == "i" else "f32" for a in arguments]
    package = compiled(build, tmp_path, [name], "sm_90a", lambda _: cascade.text(*types))
    for given in (arguments, cascade_variants.grown(name, 5)):
        given = [np.asarray(a, np.int64 if t == "i64" else np.float32) for a, t in zip(given, types)]
        got = package.call(name, *given)[0]
        want = np.asarray(reference(*(a if t == "i64" else a.astype(np.float64) for a, t in zip(given, types))))
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4 * np.abs(want).max())
