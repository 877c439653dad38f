"""The cascades that are timed on a GPU, and products of matrices that are checked there."""

import einfall


@einfall.cascade
def softmax(x: "m n"):
    p[m, n] = exp(x[m, n] - max[c](x[m, c]))
    y[m, n] = p[m, n] / sum[c](p[m, c])
    return y[m, n]


@einfall.cascade
def rms_norm(x: "m n", g: "n"):
    y[m, n] = x[m, n] * rsqrt(sum[c](x[m, c] ** 2) / size(n) + 1e-6) * g[n]
    return y[m, n]


@einfall.cascade
def layer_norm(x: "m n", g: "n", b: "n"):
    mean[m] = sum[c](x[m, c]) / size(n)
    var[m] = sum[c]((x[m, c] - mean[m]) ** 2) / size(n)
    y[m, n] = (x[m, n] - mean[m]) * rsqrt(var[m] + 1e-5) * g[n] + b[n]
    return y[m, n]


@einfall.cascade
def swiglu(a: "m n", b: "m n"):
    y[m, n] = a[m, n] / (1 + exp(-a[m, n])) * b[m, n]
    return y[m, n]


@einfall.cascade
def cross_entropy(x: "m n", label: "m"):
    loss[m] = logsumexp[c](x[m, c]) - x[m, label[m]]
    return loss[m]


@einfall.cascade
def contraction(x: "m k", w: "n k"):
    y[m, n] = sum[k](x[m, k] * w[n, k])
    return y[m, n]


@einfall.cascade
def one_row(x: "1 4096", w: "n 4096"):
    y[m, n] = sum[k](x[m, k] * w[n, k])
    return y[m, n]


@einfall.cascade
def attention(q: "h s 128", k: "h t 128", v: "h t 128"):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * 0.08838834764831845
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


CASCADES = {f.__name__: f for f in (softmax, rms_norm, layer_norm, swiglu, cross_entropy, contraction, one_row, attention)}


@einfall.cascade
def nn(x: "m k", w: "k n"):
    y[m, n] = sum[k](x[m, k] * w[k, n])
    return y[m, n]


@einfall.cascade
def tn(x: "k m", w: "k n", b: "n", r: "m n"):
    y[m, n] = sum[k](x[k, m] * w[k, n]) + b[n] + r[m, n]
    return y[m, n]


@einfall.cascade
def two(x: "m h k", w: "n h k"):
    y[m, n] = sum[h, k](x[m, h, k] * w[n, h, k])
    return y[m, n]


@einfall.cascade
def batch(x: "b m k", w: "b n k", c: "n"):
    y[b, m, n] = sum[k](x[b, m, k] * w[b, n, k]) + c[n]
    return y[b, m, n]


#: By the names of products.FORMS.
PRODUCTS = {"nt": contraction, "nn": nn, "tn": tn, "two": two, "batch": batch}


def text(name: str, element: str) -> str:
    """The cascade where all tensors but labels are of `element`."""
    cascade = CASCADES[name]
    return cascade.text(*("i64" if p.name == "label" else element for p in cascade._parameters))
