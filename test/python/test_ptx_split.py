"""Attention of few rows: parts of the keys are folded side by side and their states merged, emulated, against numpy.

Lengths leave the last part ragged, of one element, or absent.
"""

import numpy as np
import pytest

import einfall
from test_ptx_products import compiled, numbers, wide

LENGTHS = (0, 1, 127, 128, 129, 700)


@einfall.cascade
def plain(q: "h 4 24", k: "h t 24", v: "h t 40"):
    w[h, g, t] = sum[d](q[h, g, d] * k[h, t, d]) * 0.25
    p[h, g, t] = exp(w[h, g, t] - max[u](w[h, g, u]))
    o[h, g, e] = sum[t](p[h, g, t] * v[h, t, e]) / sum[t](p[h, g, t])
    return o[h, g, e]


@einfall.cascade
def masked(q: "h 4 24", k: "h t 24", v: "h t 40", seen: "h t"):
    w[h, g, t] = where(seen[h, t] > 0, sum[d](q[h, g, d] * k[h, t, d]) * 0.25, -inf)
    p[h, g, t] = exp(w[h, g, t] - max[u](w[h, g, u]))
    o[h, g, e] = sum[t](p[h, g, t] * v[h, t, e]) / sum[t](p[h, g, t])
    return o[h, g, e]


@einfall.cascade
def one(q: "h 24", k: "h t 24", v: "h t 40"):
    w[h, t] = sum[d](q[h, d] * k[h, t, d]) * 0.25
    p[h, t] = exp(w[h, t] - max[u](w[h, u]))
    o[h, e] = sum[t](p[h, t] * v[h, t, e]) / sum[t](p[h, t])
    return o[h, e]


@einfall.cascade
def sigmoid(q: "h 4 24", k: "h t 24", v: "h t 40"):
    p[h, g, t] = 1 / (1 + exp(-sum[d](q[h, g, d] * k[h, t, d])))
    o[h, g, e] = sum[t](p[h, g, t] * v[h, t, e])
    return o[h, g, e]


@einfall.cascade
def across(q: "24 h", k: "h t 24", v: "h t 40"):
    w[h, t] = sum[d](q[d, h] * k[h, t, d]) * 0.25
    p[h, t] = exp(w[h, t] - max[u](w[h, u]))
    o[h, e] = sum[t](p[h, t] * v[h, t, e]) / sum[t](p[h, t])
    return o[h, e]


@einfall.cascade
def threes(q: "6 24", k: "2 t 24", v: "2 t 40"):
    w[h, t] = sum[d](q[h, d] * k[h // 3, t, d]) * 0.25
    p[h, t] = exp(w[h, t] - max[u](w[h, u]))
    o[h, e] = sum[t](p[h, t] * v[h // 3, t, e]) / sum[t](p[h, t])
    return o[h, e]


@einfall.cascade
def twenties(q: "40 24", k: "2 t 24", v: "2 t 40"):
    w[h, t] = sum[d](q[h, d] * k[h // 20, t, d]) * 0.25
    p[h, t] = exp(w[h, t] - max[u](w[h, u]))
    o[h, e] = sum[t](p[h, t] * v[h // 20, t, e]) / sum[t](p[h, t])
    return o[h, e]


CASCADES = {f.__name__: f for f in (plain, masked, one, sigmoid, across, threes, twenties)}
#: Heads in a group that are no rank of their own; of `one` and `across`, a row is alone.
GROUPS = {"one": 1, "across": 1, "threes": 3, "twenties": 20}


def text(name: str, element: str) -> str:
    cascade = CASCADES[name]
    return cascade.text(*[element, element, element, "f32"][: len(cascade._parameters)])


def reference(name: str, q, k, v, seen):
    rows = q if q.ndim == 3 else (q.T if name == "across" else q).reshape(k.shape[0], -1, 24)
    w = np.einsum("hgd,htd->hgt", rows, k) * (1 if name == "sigmoid" else 0.25)
    if name == "masked":
        w = np.where(seen[:, None] > 0, w, -np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "sigmoid":
            p = 1 / (1 + np.exp(-w))
        else:
            p = np.exp(w - w.max(-1, keepdims=True, initial=-np.inf))
            p /= p.sum(-1, keepdims=True)
        out = np.einsum("hgt,hte->hge", p, v)
    return out.reshape(-1, 40) if name in GROUPS else out


@pytest.mark.parametrize("targets", ["native,sm_90a", "sm_90a,native"])
def test_beside_a_target_that_does_not_split(build, tmp_path, targets):
    """The parts' states are temporaries that only one of the targets has."""
    package = compiled(build, tmp_path, ["plain"], "sm_90a", lambda n: text(n, "f32"), targets)
    kinds = [[b["kind"] for b in package.manifest[key][0]["buffers"]] for key in package.manifest if key.startswith("entries")]
    assert len(kinds) == 2 and sum("temporary" in k for k in kinds) == 1
    rng = np.random.default_rng(3)
    q, k, v = (numbers(rng, shape, "f32") for shape in ([1, 4, 24], [1, 200, 24], [1, 200, 40]))
    np.testing.assert_allclose(package.call("plain", q, k, v)[0], reference("plain", q, k, v, None), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("element", ["bf16", "f32"])
@pytest.mark.parametrize("name", CASCADES)
def test_parts_and_their_merge(build, tmp_path, name, element):
    package = compiled(build, tmp_path, [name], "sm_90a", lambda n: text(n, element))
    assert len(package.kernels) == 2
    if element == "bf16":
        assert "mma.sync" in package.ptx
    for length in LENGTHS:
        rng = np.random.default_rng(length)
        heads = 2 if length < 300 or GROUPS.get(name, 1) > 1 else 1
        shape = [heads * GROUPS[name], 24] if name in GROUPS else [heads, 4, 24]
        q = numbers(rng, shape[::-1] if name == "across" else shape, element)
        k, v = numbers(rng, [heads, length, 24], element), numbers(rng, [heads, length, 40], element)
        seen = (rng.random((heads, length)) < 0.5).astype(np.float32)
        if heads == 2:
            seen[1] = 0  # a row that sees nothing is NaN
        given = [q, k, v] + ([seen] if name == "masked" else [])
        got = wide(package.call(name, *given)[0]) if element == "bf16" else package.call(name, *given)[0]
        want = reference(name, *(wide(x) if element == "bf16" else x.astype(np.float64) for x in (q, k, v)), seen)
        if name != "sigmoid" and length == 0:
            assert np.isnan(got).all(), name  # 0 / 0
            continue
        bound = (2.0**-6 if element == "bf16" else 2e-5) * (abs(want) + (np.sqrt(length) if name == "sigmoid" else 1))
        assert (np.isnan(got) == np.isnan(want)).all(), (name, length)
        assert (abs(got - want) <= bound)[~np.isnan(want)].all(), (name, length, np.nanmax(abs(got - want)))
