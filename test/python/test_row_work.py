"""What maps compute of a row alone (passes/ein-to-tile/RowWork.cpp), where the same scalars serve other parts of the map too."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import einfall  # noqa: E402


@einfall.cascade
def shared_by_a_root(x: "m n", g: "m"):
    a[m] = max[n](x[m, n])
    s[m] = sum[n](exp(x[m, n] - a[m]))
    o[m, n] = exp(x[m, n] - a[m]) / s[m] * sqrt(g[m] * g[m] + 1.0) + (g[m] * g[m] + 1.0)
    return o[m, n]


@einfall.cascade
def negated(x: "m n", g: "m"):
    a[m] = max[n](x[m, n])
    s[m] = sum[n](exp(x[m, n] - a[m]))
    o[m, n] = exp(x[m, n] - a[m]) / s[m] * (1.0 / (1.0 + exp(-g[m]))) + (-g[m]) * x[m, n]
    return o[m, n]


@einfall.cascade
def gated_attention(q: "m k", y: "n k", v: "n k", g: "m"):
    w[m, n] = sum[k](q[m, k] * y[n, k])
    p[m, n] = exp(w[m, n] - max[u](w[m, u]))
    o[m, j] = sum[n](p[m, n] * v[n, j]) / sum[n](p[m, n]) * (g[m] / (1.0 + exp(-g[m])))
    return o[m, j]


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


CASES = {
    "shared_by_a_root": (shared_by_a_root, [(17, 133), (17,)],
                         lambda x, g: softmax(x) * np.sqrt(g * g + 1)[:, None] + (g * g + 1)[:, None]),
    "negated": (negated, [(17, 133), (17,)], lambda x, g: softmax(x) / (1 + np.exp(-g))[:, None] - g[:, None] * x),
    "gated_attention": (gated_attention, [(19, 16), (33, 16), (33, 16), (19,)],
                        lambda q, y, v, g: softmax(q @ y.T) @ v * (g / (1 + np.exp(-g)))[:, None]),
}


@pytest.mark.parametrize("type_", [torch.float32, torch.bfloat16], ids=["f32", "bf16"])
@pytest.mark.parametrize("name", CASES)
def test_scalars_of_a_row_that_others_need(name, type_):
    cascade, shapes, reference = CASES[name]
    generator = torch.Generator().manual_seed(11)
    inputs = [torch.randn(*shape, generator=generator).to(type_) for shape in shapes]
    want = reference(*(x.double().numpy() for x in inputs))
    got = cascade(*inputs).double().numpy()
    assert np.abs(got - want).max() <= (2e-6 if type_ is torch.float32 else 1.2e-2) * np.abs(want).max()
