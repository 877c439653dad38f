"""Cascades as users write them, each with its meaning in numpy: `CASES` maps a name to (cascade, arguments, reference)."""

import numpy as np

import einfall

WINDOW, PAGE = 5, 4
rng = np.random.default_rng(7)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def qkv(h=3, s=13, t=13, d=7, e=5, groups=None):
    return normal(h, s, d), normal(groups or h, t, d), normal(groups or h, t, e), 0.37


def attend(w, v):
    """Softmax attention over scores in double precision."""
    p = np.exp(w - w.max(-1, keepdims=True))
    return np.einsum("hst,hte->hse", p / p.sum(-1, keepdims=True), v)


def scores(q, k, scale):
    return np.einsum("hsd,htd->hst", q, k) * scale


def grid(s, t):
    return np.arange(s)[:, None], np.arange(t)[None, :]


def masked(keep, w):
    return np.where(keep, w, -np.inf)


CASES = {}
#: Heads and groups: they stay as few as they are where the other ranks grow.
FEW = "hg"


def grown(name, factor):
    """Arguments of the case with most ranks `factor` times as long; integers are repeated in order."""
    cascade, arguments, _ = CASES[name]
    sizes, out = {}, []
    for p, x in zip(cascade._parameters, map(np.asarray, arguments)):
        for d, n in zip(map(str, p.dims or ()), x.shape):
            if d.isidentifier():
                sizes[d] = n if d in FEW else n * factor
    for p, x in zip(cascade._parameters, map(np.asarray, arguments)):
        if not x.ndim:
            out.append(x.item())
            continue
        shape = [eval(str(d), {}, sizes) for d in p.dims]  # noqa: S307 (extents of our own)
        out.append(np.sort(np.resize(x, shape)) if x.dtype.kind == "i" else normal(*shape) / 2)
    return out


def case(arguments, reference):
    def add(function):
        CASES[function.__name__] = (einfall.cascade(function), arguments, reference)

    return add


# -- attention ------------------------------------------------------------------------------------------


@case(qkv(s=11, t=17), lambda q, k, v, c: attend(scores(q, k, c), v))
def full(q: "h s d", k: "h t d", v: "h t e", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


@case(qkv(), lambda q, k, v, c: attend(masked(np.tri(q.shape[1], dtype=bool), scores(q, k, c)), v))
def causal(q: "h s d", k: "h t d", v: "h t e", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale
    w[h, s, t] = where(t <= s, w[h, s, t], -inf)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def window_reference(q, k, v, c):
    s, t = grid(q.shape[1], q.shape[1])
    return attend(masked((s - WINDOW < t) & (t <= s), scores(q, k, c)), v)


@case(qkv(), window_reference)
def window(q: "h s d", k: "h t d", v: "h t e", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale
    w[h, s, t] = where(s - WINDOW < t <= s, w[h, s, t], -inf)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def prefix_reference(q, k, v, c, n):
    s, t = grid(q.shape[1], q.shape[1])
    return attend(masked((t <= s) | (t < n), scores(q, k, c)), v)


@case((*qkv(), 6), prefix_reference)
def prefix_lm(q: "h s d", k: "h t d", v: "h t e", scale, prefix):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale
    w[h, s, t] = where(t <= s or t < prefix, w[h, s, t], -inf)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def document_reference(q, k, v, ids, c):
    return attend(masked((ids[:, None] == ids[None, :]) & np.tri(q.shape[1], dtype=bool), scores(q, k, c)), v)


@case((*qkv()[:3], np.repeat(np.arange(4), [3, 5, 1, 4]), 0.37), document_reference)
def document(q: "h s d", k: "h s d", v: "h s e", ids: "s", scale):
    t: s
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale
    w[h, s, t] = where(ids[s] == ids[t] and t <= s, w[h, s, t], -inf)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def alibi_reference(q, k, v, c):
    s, t = grid(q.shape[1], q.shape[1])
    slope = 2.0 ** (-8 * (np.arange(3) + 1) / 3)
    return attend(masked(t <= s, scores(q, k, c) - slope[:, None, None] * (s - t)), v)


@case(qkv(), alibi_reference)
def alibi(q: "h s d", k: "h t d", v: "h t e", scale):
    slope[h] = exp2(-8 * (h + 1) / size(h))
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale - slope[h] * (s - t)
    w[h, s, t] = where(t <= s, w[h, s, t], -inf)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def relative_reference(q, k, v, table, c):
    s, t = grid(q.shape[1], q.shape[1])
    return attend(scores(q, k, c) + table[:, t - s + q.shape[1] - 1], v)


@case((*qkv()[:3], normal(3, 25), 0.37), relative_reference)
def relative_bias(q: "h l d", k: "h l d", v: "h l e", table: "h 2*l-1", scale):
    s: l
    t: l
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale + table[h, t - s + size(l) - 1]
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


@case((*qkv(), 2.5), lambda q, k, v, c, cap: attend(cap * np.tanh(scores(q, k, c) / cap), v))
def soft_cap(q: "h s d", k: "h t d", v: "h t e", scale, cap):
    w[h, s, t] = cap * tanh(sum[d](q[h, s, d] * k[h, t, d]) * scale / cap)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def sinks_reference(q, k, v, sink, c):
    w = masked(np.tri(q.shape[1], dtype=bool), scores(q, k, c))
    m = np.maximum(w.max(-1, keepdims=True), sink[:, None, None])
    p = np.exp(w - m)
    return np.einsum("hst,hte->hse", p / (p.sum(-1, keepdims=True) + np.exp(sink[:, None, None] - m)), v)


@case((*qkv()[:3], normal(3), 0.37), sinks_reference)
def sinks(q: "h s d", k: "h t d", v: "h t e", sink: "h", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * scale
    w[h, s, t] = where(t <= s, w[h, s, t], -inf)
    m[h, s] = max(max[t](w[h, s, t]), sink[h])
    p[h, s, t] = exp(w[h, s, t] - m[h, s])
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / (sum[t](p[h, s, t]) + exp(sink[h] - m[h, s]))
    return o[h, s, e]


@case(qkv(s=11, t=17), lambda q, k, v, c: np.einsum("hst,hte->hse", 1 / (1 + np.exp(-scores(q, k, c) + np.log(k.shape[1]))), v))
def sigmoid_attention(q: "h s d", k: "h t d", v: "h t e", scale):
    p[h, s, t] = sigmoid(sum[d](q[h, s, d] * k[h, t, d]) * scale - log(size(t)))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e])
    return o[h, s, e]


def cosine_reference(q, k, v, c):
    unit = lambda x: x / np.sqrt((x * x).sum(-1, keepdims=True))  # noqa: E731
    return attend(scores(unit(q), unit(k), c), v)


@case(qkv(s=11, t=17), cosine_reference)
def cosine(q: "h s d", k: "h t d", v: "h t e", scale):
    a[h, s] = rsqrt(sum[d](q[h, s, d] ** 2))
    b[h, t] = rsqrt(sum[d](k[h, t, d] ** 2))
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * a[h, s] * b[h, t] * scale
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def differential_reference(q, k, v, c, lam):
    one, two = (attend(np.einsum("hsd,htd->hst", q[:, :, n], k[:, :, n]) * c, v) for n in (0, 1))
    return one - lam * two


@case((normal(3, 11, 2, 7), normal(3, 13, 2, 7), normal(3, 13, 5), 0.37, 0.8), differential_reference)
def differential(q: "h s 2 d", k: "h t 2 d", v: "h t e", scale, lam):
    n: 2
    w[h, n, s, t] = sum[d](q[h, s, n, d] * k[h, t, n, d]) * scale
    p[h, n, s, t] = exp(w[h, n, s, t] - max[u](w[h, n, s, u]))
    o[h, n, s, e] = sum[t](p[h, n, s, t] * v[h, t, e]) / sum[t](p[h, n, s, t])
    y[h, s, e] = o[h, 0, s, e] - lam * o[h, 1, s, e]
    return y[h, s, e]


def grouped_reference(q, k, v, c):
    repeat = lambda x: np.repeat(x, q.shape[0] // x.shape[0], 0)  # noqa: E731
    return attend(scores(q, repeat(k), c), repeat(v))


@case(qkv(h=6, s=11, t=13, groups=2), grouped_reference)
def grouped_query(q: "h s d", k: "g t d", v: "g t e", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[h // (size(h) // size(g)), t, d]) * scale
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h // (size(h) // size(g)), t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


@case((normal(5, 11, 7), normal(13, 7), normal(13, 5), 0.37),
      lambda q, k, v, c: attend(np.einsum("hsd,td->hst", q, k) * c, np.broadcast_to(v, (5, *v.shape))))
def multi_query(q: "h s d", k: "t d", v: "t e", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[t, d]) * scale
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def latent_reference(q, up, r, c, kr, out, scale):
    w = (np.einsum("hsd,hdc,tc->hst", q, up, c) + np.einsum("hsr,tr->hst", r, kr)) * scale
    return np.einsum("hsc,hce->hse", attend(w, np.broadcast_to(c, (len(q), *c.shape))), out)


@case((normal(16, 11, 32), normal(16, 32, 160), normal(16, 11, 8), normal(213, 160), normal(213, 8), normal(16, 160, 24), 0.03),
      latent_reference)
def latent(q: "16 s 32", up: "16 32 160", r: "16 s 8", latents: "t 160", kr: "t 8", down: "16 160 24", scale):
    absorbed[h, s, c] = sum[d](q[h, s, d] * up[h, d, c])
    w[h, s, t] = (sum[c](absorbed[h, s, c] * latents[t, c]) + sum[f](r[h, s, f] * kr[t, f])) * scale
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    x[h, s, c] = sum[t](p[h, s, t] * latents[t, c]) / sum[t](p[h, s, t])
    o[h, s, e] = sum[c](x[h, s, c] * down[h, c, e])
    return o[h, s, e]


def paged_reference(q, k, v, table, lengths, c):
    out = np.zeros((*q.shape[:2], v.shape[-1]))
    for b, n in enumerate(lengths):
        rows = np.array([(table[b, t // PAGE], t % PAGE) for t in range(n)])
        keys, values = k[rows[:, 0], rows[:, 1]], v[rows[:, 0], rows[:, 1]]
        out[b] = attend((np.einsum("hd,td->ht", q[b], keys) * c)[:, None], np.broadcast_to(values, (q.shape[1], *values.shape)))[:, 0]
    return out


TABLE = np.array([[6, 2, 0], [1, 5, 3]])


@case((normal(2, 3, 7), normal(8, PAGE, 7), normal(8, PAGE, 5), TABLE, np.array([11, 6]), 0.37), paged_reference)
def paged(q: "b h d", k: "pages 4 d", v: "pages 4 e", table: "i64 b n", lengths: "i64 b", scale):
    t: n * PAGE
    w[b, h, t] = sum[d](q[b, h, d] * k[table[b, t // PAGE], t % PAGE, d]) * scale
    w[b, h, t] = where(t < lengths[b], w[b, h, t], -inf)
    p[b, h, t] = exp(w[b, h, t] - max[u](w[b, h, u]))
    o[b, h, e] = sum[t](p[b, h, t] * v[table[b, t // PAGE], t % PAGE, e]) / sum[t](p[b, h, t])
    return o[b, h, e]


def missing_reference(q, k, v, table, lengths, sink, c):
    """Pages that do not exist: their scores are 0, their values count for nothing."""
    out = np.zeros((*q.shape[:2], v.shape[-1]))
    for b, n in enumerate(lengths):
        t = np.arange(table.shape[1] * PAGE)
        page = table[b, t // PAGE]
        exists = (page >= 0) & (page < len(k))
        row = np.where(exists, page, 0), t % PAGE
        w = np.where(exists, np.einsum("hd,td->ht", q[b], k[row]) * c, 0)
        keep = (n - WINDOW <= t) & (t < n)
        w = np.where(keep, w, -np.inf)
        m = np.maximum(w.max(-1, keepdims=True), sink[:, None])
        p = np.exp(w - m)
        out[b] = np.einsum("ht,te->he", p, np.where(exists[:, None], v[row], 0)) / (p.sum(-1, keepdims=True) + np.exp(sink[:, None] - m))
    return out


# The first row's window has a page that does not exist, the last row is empty.
HOLES = np.array([[6, -1, 2], [1, 9, 3], [4, 0, 0]])


@case((normal(3, 3, 7), normal(8, PAGE, 7), normal(8, PAGE, 5), HOLES, np.array([11, 6, 0]), normal(3), 0.37), missing_reference)
def paged_window(q: "b h d", k: "pages 4 d", v: "pages 4 e", table: "i64 b n", lengths: "i64 b", sink: "h", scale):
    t: n * PAGE
    w[b, h, t] = sum[d](q[b, h, d] * k[table[b, t // PAGE], t % PAGE, d]) * scale
    w[b, h, t] = where(lengths[b] - WINDOW <= t < lengths[b], w[b, h, t], -inf)
    m[b, h] = max(max[t](w[b, h, t]), sink[h])
    p[b, h, t] = exp(w[b, h, t] - m[b, h])
    o[b, h, e] = sum[t](p[b, h, t] * v[table[b, t // PAGE], t % PAGE, e]) / (sum[t](p[b, h, t]) + exp(sink[h] - m[b, h]))
    return o[b, h, e]


def grouped_sinks_reference(q, k, v, sink, c):
    """Seven heads over two groups of three: the last head has no keys, its scores are 0."""
    group = np.arange(len(q)) // (len(q) // len(k))
    pick = lambda x: np.where((group < len(x))[:, None, None], x[np.minimum(group, len(x) - 1)], 0)  # noqa: E731
    return sinks_reference(q, pick(k), pick(v), sink, c)


@case((*qkv(h=7, s=13, t=13, groups=2)[:3], normal(7), 0.37), grouped_sinks_reference)
def grouped_sinks(q: "h s d", k: "g t d", v: "g t e", sink: "h", scale):
    w[h, s, t] = sum[d](q[h, s, d] * k[h // (size(h) // size(g)), t, d]) * scale
    w[h, s, t] = where(t <= s, w[h, s, t], -inf)
    m[h, s] = max(max[t](w[h, s, t]), sink[h])
    p[h, s, t] = exp(w[h, s, t] - m[h, s])
    o[h, s, e] = sum[t](p[h, s, t] * v[h // (size(h) // size(g)), t, e]) / (sum[t](p[h, s, t]) + exp(sink[h] - m[h, s]))
    return o[h, s, e]


def ragged_reference(q, k, v, start, length, c):
    out = np.zeros((*q.shape[:2], v.shape[-1]))
    for b in range(len(q)):
        rows = slice(start[b], start[b] + length[b])
        if length[b]:
            w = np.einsum("sd,td->st", q[b], k[rows]) * c
            p = np.exp(w - w.max(-1, keepdims=True))
            out[b] = p @ v[rows] / p.sum(-1, keepdims=True)
    return out


# Sequences of a batch lie one behind the other; the second one is empty.
@case((normal(3, 5, 7), normal(9, 7), normal(9, 3), np.array([0, 5, 5]), np.array([5, 0, 4]), 0.37), ragged_reference)
def ragged(q: "b s d", k: "n d", v: "n e", start: "i64 b", length: "i64 b", scale):
    t: n
    w[b, s, t] = sum[d](q[b, s, d] * k[start[b] + t, d]) * scale
    w[b, s, t] = where(t < length[b], w[b, s, t], -inf)
    m[b, s] = max(max[t](w[b, s, t]), -1e30)
    p[b, s, t] = exp(w[b, s, t] - m[b, s])
    o[b, s, e] = sum[t](p[b, s, t] * v[start[b] + t, e]) / max(sum[t](p[b, s, t]), 1e-30)
    return o[b, s, e]


def relative_window_reference(q, k, v, c):
    out = np.zeros((*q.shape[:2], v.shape[-1]))
    for h in range(len(q)):
        for s in range(q.shape[1]):
            rows = slice(max(0, s - WINDOW), s)
            w = k[h, rows] @ q[h, s] * c
            w = np.concatenate([w, np.zeros(WINDOW - len(w))])  # before the first key: scores of 0
            p = np.exp(w - w.max())
            out[h, s] = p[: rows.stop - rows.start] @ v[h, rows] / p.sum()
    return out


@case(qkv(), relative_window_reference)
def relative_window(q: "h s d", k: "h s d", v: "h s e", scale):
    r: WINDOW
    w[h, s, r] = sum[d](q[h, s, d] * k[h, s - 1 - r, d]) * scale
    p[h, s, r] = exp(w[h, s, r] - max[u](w[h, s, u]))
    o[h, s, e] = sum[r](p[h, s, r] * v[h, s - 1 - r, e]) / sum[r](p[h, s, r])
    return o[h, s, e]


def low_rank_reference(x, u, w, a, b, c):
    k = x @ u @ w
    return attend(np.einsum("hsd,td->hst", np.broadcast_to(x, (1, *x.shape)), k) * c, (x @ a @ b)[None])[0]


@case((normal(13, 48), normal(48, 3), normal(3, 48), normal(48, 2), normal(2, 24), 0.05), low_rank_reference)
def low_rank(x: "s 48", u: "48 3", w: "3 48", a: "48 2", b: "2 24", scale):
    t: s
    k[t, d] = sum[r](sum[c](x[t, c] * u[c, r]) * w[r, d])
    z[s, t] = sum[d](x[s, d] * k[t, d]) * scale
    p[s, t] = exp(z[s, t] - max[n](z[s, n]))
    v[t, e] = sum[m](sum[d](x[t, d] * a[d, m]) * b[m, e])
    o[s, e] = sum[t](p[s, t] * v[t, e]) / sum[t](p[s, t])
    return o[s, e]


# -- rows -----------------------------------------------------------------------------------------------


def soft(x):
    p = np.exp(x - x.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def lse(x):
    return np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1)) + x.max(-1)


@case((normal(11, 37),), soft)
def softmax(x: "s t"):
    p[s, t] = exp(x[s, t] - max[u](x[s, u]))
    y[s, t] = p[s, t] / sum[u](p[s, u])
    return y[s, t]


@case((normal(11, 37) * 30,), lambda x: x - lse(x)[:, None])
def log_softmax(x: "s t"):
    y[s, t] = x[s, t] - logsumexp[u](x[s, u])
    return y[s, t]


@case((normal(11, 37) * 30,), lse)
def log_sum_exp(x: "s t"):
    y[s] = logsumexp[t](x[s, t])
    return y[s]


def layer_norm_reference(x, g, b):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * g + b


@case((normal(11, 37), normal(37), normal(37)), layer_norm_reference)
def layer_norm(x: "s d", g: "d", b: "d"):
    c[s, d] = x[s, d] - mean[n](x[s, n])
    y[s, d] = c[s, d] * rsqrt(mean[n](c[s, n] ** 2) + 1e-5) * g[d] + b[d]
    return y[s, d]


@case((normal(11, 37), normal(37)), lambda x, g: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * g)
def rms_norm(x: "s d", g: "d"):
    y[s, d] = x[s, d] * rsqrt(mean[n](x[s, n] ** 2) + 1e-6) * g[d]
    return y[s, d]


LABELS = rng.integers(0, 41, 11)


@case((normal(11, 7), normal(41, 7), LABELS), lambda x, w, y: lse(x @ w.T) - (x @ w.T)[np.arange(len(y)), y])
def cross_entropy(x: "s d", w: "v d", label: "s"):
    z[s, v] = sum[d](x[s, d] * w[v, d])
    loss[s] = logsumexp[v](z[s, v]) - sum[v](where(v == label[s], z[s, v], 0))
    return loss[s]


@case((normal(11, 7), normal(301, 7)), lambda x, w: (x @ w.T).argmax(-1))
def greedy(x: "s d", w: "v d"):
    token[s] = argmax[v](sum[d](x[s, d] * w[v, d]))
    return token[s]


@case((normal(31, 3), normal(7, 3)), lambda x, c: ((x[:, None] - c[None]) ** 2).sum(-1).argmin(-1))
def k_means(x: "n d", centre: "c d"):
    a[n] = argmin[c](sum[d]((x[n, d] - centre[c, d]) ** 2))
    return a[n]


@case((normal(13, 11), normal(11, 3), normal(13, 3), 0.5), lambda w, a, b, s: np.linalg.norm(w + s * b @ a.T, axis=1))
def dora_norm(w: "o i", a: "i r", b: "o r", s):
    y[o] = sqrt(sum[i]((w[o, i] + s * sum[r](b[o, r] * a[i, r])) ** 2))
    return y[o]


def text_of(name: str, element: str) -> str:
    """The cascade of a case where its f32 arrays are of `element`."""
    cascade, arguments, _ = CASES[name]
    types = cascade._types(list(arguments)).values()
    return cascade.text(*(element if type_ == "f32" and isinstance(a, np.ndarray) else type_ for type_, a in zip(types, arguments)))
