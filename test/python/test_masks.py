"""Masks are predicates on coordinates: what a walk in chunks skips, what it does not test, and that nobody can tell."""

import importlib
from math import inf

import numpy as np
import pytest

WINDOW = 200


@pytest.fixture(scope="module")
def einfall(build):
    return importlib.import_module("einfall")


def attention(mask: str, inputs: str = ""):
    """The source of an attention whose mask is `mask`, over s and t, in a function `f`."""
    return f'''
@einfall.cascade
def f(q: "h n 16", k: "h m 16", v: "h m 16"{inputs}):
    s: n
    t: m
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * 0.25
    w[h, s, t] = {mask}
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]
'''


#: name: (the masked scores, more parameters, their arrays of (h, n, m), the mask in numpy over h, s, t and these arrays)
MASKS = {
    "causal": ("where(t <= s, w[h, s, t], -inf)", "", [], lambda h, s, t: t <= s),
    "hidden": ("where(t > s, -inf, w[h, s, t])", "", [], lambda h, s, t: t <= s),
    "window": ("where(s - WINDOW < t <= s, w[h, s, t], -inf)", "", [], lambda h, s, t: (s - WINDOW < t) & (t <= s)),
    "outside": ("where(t > s or t <= s - WINDOW, -inf, w[h, s, t])", "", [], lambda h, s, t: (s - WINDOW < t) & (t <= s)),
    "blocks": ("where(t // 96 == s // 96, w[h, s, t], -inf)", "", [], lambda h, s, t: t // 96 == s // 96),
    "strided": ("where(t <= s and t // 64 % 3 == 0, w[h, s, t], -inf)", "", [], lambda h, s, t: (t <= s) & (t // 64 % 3 == 0)),
    "prefix": ("where(t <= s or t < 150, w[h, s, t], -inf)", "", [], lambda h, s, t: (t <= s) | (t < 150)),
    "heads": ("where(s - 100 * h < t <= s, w[h, s, t], -inf)", "", [], lambda h, s, t: (s - 100 * h < t) & (t <= s)),
    "bias": ("w[h, s, t] + where(t <= s, 0, -inf)", "", [], lambda h, s, t: t <= s),
    "lengths": ("where(t < length[h], w[h, s, t], -inf)", ', length: "i32 h"', [lambda h, n, m: (1 + m * np.arange(1, h + 1) // (h + 2)).astype(np.int32)],
                lambda h, s, t, length: t < length[h]),
    "documents": ("where(ids[s] == keys[t] and t <= s, w[h, s, t], -inf)", ', ids: "i64 n", keys: "i64 m"',
                  [lambda h, n, m: np.arange(n) // 170, lambda h, n, m: np.arange(m) // 170],
                  lambda h, s, t, ids, keys: (ids[s] == keys[t]) & (t <= s)),
    "shuffled": ("where(ids[s] == keys[t], w[h, s, t], -inf)", ', ids: "i8 n", keys: "i8 m"',
                 [lambda h, n, m: (np.arange(n) * 7 % 3 - 1).astype(np.int8), lambda h, n, m: (np.arange(m) * 5 % 3 - 1).astype(np.int8)],
                 lambda h, s, t, ids, keys: ids[s] == keys[t]),
    "given": ("where(shown[s, t], w[h, s, t], -inf)", ', shown: "n m"',
              [lambda h, n, m: np.arange(m) // 128 <= np.arange(n)[:, None] // 100], lambda h, s, t, shown: shown[s, t]),
}
SIZES = [(1, 1, 1), (2, 65, 300), (3, 700, 700), (1, 257, 129), (2, 129, 128)]


def cascade_of(einfall, tmp_path, name):
    """The cascade `name` of MASKS, from a file: a cascade needs its source."""
    mask, inputs, _, _ = MASKS[name]
    path = tmp_path / f"{name}.py"
    path.write_text(f"import einfall\nfrom math import inf\nWINDOW = {WINDOW}\n" + attention(mask, inputs))
    spec = importlib.util.spec_from_file_location(f"masks_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def arguments_of(name, h, n, m, d=16):
    rng = np.random.default_rng(n)
    q, k, v = (rng.standard_normal((h, length, d)).astype(np.float32) for length in (n, m, m))
    return [q, k, v, *(make(h, n, m) for make in MASKS[name][2])]


def reference(name, q, k, v, *more):
    h, s, t = np.ix_(*map(np.arange, (q.shape[0], q.shape[1], k.shape[1])))
    shown = np.broadcast_to(MASKS[name][3](h, s, t, *more), (q.shape[0], q.shape[1], k.shape[1]))
    w = np.where(shown, np.einsum("hsd,htd->hst", *map(np.float64, (q, k))) * 0.25, -np.inf)
    p = np.exp(w - w.max(-1, keepdims=True))
    return np.einsum("hst,hte->hse", p / p.sum(-1, keepdims=True), v.astype(np.float64))


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_masks(einfall, tmp_path, name):
    """Lengths of several chunks and blocks, rows without any element among them."""
    f = cascade_of(einfall, tmp_path, name)
    for size in SIZES:
        arguments = arguments_of(name, *size)
        want = reference(name, *arguments)
        np.testing.assert_allclose(f(*arguments), want, rtol=2e-5, atol=2e-6, err_msg=str(size))
