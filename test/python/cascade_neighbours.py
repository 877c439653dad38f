"""Cascades as users write them whose tensors are read near by, or again along a rank that was walked: `CASES` maps a name to
(cascade, shapes of its arguments, reference)."""

import numpy as np

import einfall

CASES = {}


def case(*shapes, reference):
    def add(function):
        CASES[function.__name__] = (einfall.cascade(function), shapes, reference)

    return add


def attend(w, v):
    p = np.exp(w - w.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True) @ v


def chain_reference(a, b):
    t = np.exp(a * b)
    u = t[:-1] * t[1:]
    return u[:-1] - 2 * u[1:]


@case("n", "n", reference=chain_reference)
def chain(a: "n", b: "n"):
    i: n - 2
    j: n - 1
    t[n] = exp(a[n] * b[n])
    u[j] = t[j] * t[j + 1]
    y[i] = u[i] - u[i + 1] * 2
    return y[i]


def two_reference(a, w):
    c = a @ w
    return c[:-3] + c[3:] + c[1:-2] * c[2:-1]


@case("n m", "m k", reference=two_reference)
def two(a: "n m", w: "m k"):
    c[n, k] = sum[m](a[n, m] * w[m, k])
    i: n - 3
    u[i, k] = c[i, k] + c[i + 3, k]
    v[i, k] = c[i + 1, k] * c[i + 2, k]
    y[i, k] = u[i, k] + v[i, k]
    return y[i, k]


def before_reference(a, w):
    c = a @ w
    above, left = np.full(c.shape, 7.5), np.full(c.shape, -1.0)
    above[2:], left[:, 1:] = c[:-2], c[:, :-1]
    return c + above + left


@case("n m", "m k", reference=before_reference)
def before(a: "n m", w: "m k"):
    c[n, k] = sum[m](a[n, m] * w[m, k])
    y[n, k] = c[n, k] + where(n > 1, c[n - 2, k], 7.5) + where(k > 0, c[n, k - 1], -1)
    return y[n, k]


def longer_reference(a, w):
    c = a @ w
    y = np.zeros((len(c) + 2, c.shape[1]))
    y[1:-1] += c
    y[2:] += c
    return y


@case("n m", "m k", reference=longer_reference)
def longer(a: "n m", w: "m k"):
    c[n, k] = sum[m](a[n, m] * w[m, k])
    i: n + 2
    y[i, k] = where(i > 0 and i <= size(n), c[i - 1, k], 0) + where(i > 1, c[i - 2, k], 0)
    return y[i, k]


def norm_reference(x):
    y = x / np.sqrt((x * x).sum(1, keepdims=True) + 1)
    return y[:-1] + y[1:]


@case("n m", reference=norm_reference)
def norm(x: "n m"):
    s[n] = sum[m](x[n, m] * x[n, m])
    i: n - 1
    y[i, m] = x[i, m] * rsqrt(s[i] + 1) + x[i + 1, m] * rsqrt(s[i + 1] + 1)
    return y[i, m]


def soft_reference(x):
    q = attend(x, np.eye(x.shape[1]))
    return q[:-1] - q[1:]


@case("n m", reference=soft_reference)
def soft(x: "n m"):
    p[n, m] = exp(x[n, m] - max[u](x[n, u]))
    q[n, m] = p[n, m] / sum[u](p[n, u])
    i: n - 1
    y[i, m] = q[i, m] - q[i + 1, m]
    return y[i, m]


def conv_reference(x, w):
    t = x / (1 + np.exp(-x))
    return t[:-2] * w[0] + t[1:-1] * w[1] + t[2:] * w[2]


@case("n m", "3", reference=conv_reference)
def conv(x: "n m", w: "3"):
    i: n - 2
    t[n, m] = x[n, m] * sigmoid(x[n, m])
    y[i, m] = sum[r](t[i + r, m] * w[r])
    return y[i, m]


def attn_reference(q, k, v):
    o = attend(q @ k.T, v)
    return o[:-1] + o[1:]


@case("n m", "k m", "k e", reference=attn_reference)
def attn(q: "s d", k: "t d", v: "t e"):
    w[s, t] = sum[d](q[s, d] * k[t, d])
    p[s, t] = exp(w[s, t] - max[u](w[s, u]))
    o[s, e] = sum[t](p[s, t] * v[t, e]) / sum[t](p[s, t])
    i: s - 1
    y[i, e] = o[i, e] + o[i + 1, e]
    return y[i, e]


def twice_reference(q, k, v, k2, v2):
    return attend(attend(q @ k.T, v) @ k2.T, v2)


@case("n m", "k m", "k e", "r e", "r f", reference=twice_reference)
def twice(q: "s d", k: "t d", v: "t e", k2: "r e", v2: "r f"):
    w[s, t] = sum[d](q[s, d] * k[t, d])
    p[s, t] = exp(w[s, t] - max[u](w[s, u]))
    o[s, e] = sum[t](p[s, t] * v[t, e]) / sum[t](p[s, t])
    z[s, r] = sum[e](o[s, e] * k2[r, e])
    g[s, r] = exp(z[s, r] - max[n](z[s, n]))
    y[s, f] = sum[r](g[s, r] * v2[r, f]) / sum[r](g[s, r])
    return y[s, f]


def rotate_reference(x, w):
    c = x @ w
    return c[:, :6] * c[:, 2:]


@case("n 8 m", "m k", reference=rotate_reference)
def rotate(x: "n 8 m", w: "m k"):
    c[n, h, k] = sum[m](x[n, h, m] * w[m, k])
    j: 6
    y[n, j, k] = c[n, j, k] * c[n, j + 2, k]
    return y[n, j, k]


def walked_reference(a, b, c):
    t = a @ b
    w = t.copy()
    w[:, 3:] += t[:, :-3]
    return w @ c


@case("n d", "d m", "m l", reference=walked_reference)
def walked(a: "n d", b: "d m", c: "m l"):
    t[n, m] = sum[d](a[n, d] * b[d, m])
    w[n, m] = t[n, m] + (t[n, m - 3] if m > 2 else 0)
    z[n, l] = sum[m](w[n, m] * c[m, l])
    return z[n, l]


def scores_reference(q, k, v):
    w = q @ k.T
    return attend(w + w[:, ::-1] + w[:, :1], v)


@case("k d", "n d", "n e", reference=scores_reference)
def scores(q: "s d", k: "t d", v: "t e"):
    r[s, t] = sum[d](q[s, d] * k[t, d])
    w[s, t] = r[s, t] + r[s, size(t) - 1 - t] + r[s, 0]
    p[s, t] = exp(w[s, t] - max[u](w[s, u]))
    o[s, e] = sum[t](p[s, t] * v[t, e]) / sum[t](p[s, t])
    return o[s, e]


def fewer_ranks_reference(a, b, w):
    e = np.exp(a)[:, None]
    return e[:-1] * b[:-1] + e[1:] * b[1:] + (e[:-1] * b[:-1] + e[1:] * w).sum(0)


@case("n", "n m", "m", reference=fewer_ranks_reference)
def fewer_ranks(a: "n", b: "n m", w: "m"):
    i: n - 1
    z[m] = sum[i](exp(a[i]) * b[i, m] + exp(a[i + 1]) * w[m])
    y[i, m] = exp(a[i]) * b[i, m] + exp(a[i + 1]) * b[i + 1, m] + z[m]
    return y[i, m]
