"""Attention forward, timed against FlashAttention-2: the same cascade in two widths, and what is made of its scores."""

import einfall

SCALE = 0.125


@einfall.cascade
def full(q: "h s 128", k: "h t 128", v: "h t 128"):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * SCALE
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


@einfall.cascade
def causal(q: "h s 128", k: "h t 128", v: "h t 128"):
    w[h, s, t] = where(t <= s, sum[d](q[h, s, d] * k[h, t, d]) * SCALE, -inf)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


def window_of(size):
    """Each query sees itself and the keys before it, so many in all."""

    @einfall.cascade
    def window(q: "h s 128", k: "h t 128", v: "h t 128"):
        w[h, s, t] = where(s - size < t <= s, sum[d](q[h, s, d] * k[h, t, d]) * SCALE, -inf)
        p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
        o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
        return o[h, s, e]

    return window


@einfall.cascade
def alibi(q: "h s 128", k: "h t 128", v: "h t 128", slope: "h"):
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * SCALE - slope[h] * abs(s - t)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


@einfall.cascade
def soft_cap(q: "h s 128", k: "h t 128", v: "h t 128"):
    w[h, s, t] = 30 * tanh(sum[d](q[h, s, d] * k[h, t, d]) * SCALE / 30)
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]


@einfall.cascade
def sigmoid(q: "h s 128", k: "h t 128", v: "h t 128"):
    p[h, s, t] = 1 / (1 + exp(-sum[d](q[h, s, d] * k[h, t, d]) * SCALE))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e])
    return o[h, s, e]


@einfall.cascade
def decode(q: "b h 4 128", k: "b h t 128", v: "b h t 128"):
    w[b, h, g, t] = sum[d](q[b, h, g, d] * k[b, h, t, d]) * SCALE
    p[b, h, g, t] = exp(w[b, h, g, t] - max[u](w[b, h, g, u]))
    o[b, h, g, e] = sum[t](p[b, h, g, t] * v[b, h, t, e]) / sum[t](p[b, h, g, t])
    return o[b, h, g, e]


@einfall.cascade
def grouped(q: "b 32 128", k: "b 8 t 128", v: "b 8 t 128"):
    w[b, h, t] = sum[d](q[b, h, d] * k[b, h // 4, t, d]) * SCALE
    p[b, h, t] = exp(w[b, h, t] - max[u](w[b, h, u]))
    o[b, h, e] = sum[t](p[b, h, t] * v[b, h // 4, t, e]) / sum[t](p[b, h, t])
    return o[b, h, e]


@einfall.cascade
def alone(q: "b h 128", k: "b h t 128", v: "b h t 128"):
    w[b, h, t] = sum[d](q[b, h, d] * k[b, h, t, d]) * SCALE
    p[b, h, t] = exp(w[b, h, t] - max[u](w[b, h, u]))
    o[b, h, e] = sum[t](p[b, h, t] * v[b, h, t, e]) / sum[t](p[b, h, t])
    return o[b, h, e]


#: One query row: heads of a group as a rank, as models write them, and each with keys of its own.
DECODES = {f.__name__: f for f in (decode, grouped, alone)}
CASCADES = {f.__name__: f for f in (full, causal, alibi, soft_cap, sigmoid)} | {f"window_{n}": window_of(n) for n in (512, 1024, 4096)}
WIDTHS = (64, 128)


def text(cascade, width: int) -> str:
    """The cascade in bf16, of heads so wide."""
    return cascade.text(*["bf16"] * len(cascade._parameters)).replace(", 128]", f", {width}]")

