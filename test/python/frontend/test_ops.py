"""Each imported operation against PyTorch, by small modules with dynamic sizes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.export import Dim

from einfall.frontend import ir
from einfall.frontend.modules import import_function
from evaluate import Evaluator


class Fn(torch.nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, *args):
        return self.fn(*args)


def check(module, args, shapes=None, sizes=None, dtype=None, tol=1e-6, mode="f64", other=None):
    """Imports with `args`, evaluates with `args` and with `other` (a second set of sizes), compares with eager."""
    f = import_function(module, args, shapes, dtype)
    state = {n: t.detach().float().numpy() if t.is_floating_point() else t.numpy() for n, t in module.state_dict().items()}
    for values in [args] + ([other] if other else []):
        inputs = {a.name: v for a, v in zip([a for a in f.args if a.kind == "input"], values)}
        env = {}
        for a in (a for a in f.args if a.kind == "input"):
            for e, n in zip(a.result.shape, inputs[a.name].shape):
                if isinstance(e.as_atom, str):
                    env[e.as_atom] = n
        arrays = {n: (v.float() if v.is_floating_point() and v.dtype != torch.float64 else v).numpy() for n, v in inputs.items()}
        got = Evaluator(mode).run(f, arrays | state, env)
        high = [v.double() if v.is_floating_point() and mode == "f64" else v for v in values]
        with torch.no_grad():
            want = (module.double() if mode == "f64" else module)(*high)
        want = [want] if isinstance(want, torch.Tensor) else list(want)
        assert len(got) == len(want)
        for g, w in zip(got, want):
            np.testing.assert_allclose(g, w.float() if w.dtype == torch.bfloat16 else w, rtol=tol, atol=tol)
        if mode == "f64":
            module.float()
    return f


N, M = Dim("n", min=3), Dim("m", min=3)
X = lambda *s: torch.randn(*s, generator=torch.Generator().manual_seed(sum(s)))  # noqa: E731
I = lambda hi, *s: torch.randint(0, hi, s, generator=torch.Generator().manual_seed(hi))  # noqa: E741,E731

POINTWISE = {
    "arith": lambda x, y: (x + 2 * y - 1) / (y * y + 1) - (3 - x) * 0.5,
    "alpha": lambda x, y: torch.add(x, y, alpha=2) + torch.sub(x, y, alpha=3) + torch.rsub(x, y),
    "powers": lambda x, y: x**2 + x**3.0 + (x.abs() + 1) ** 0.5 + (x.abs() + 1) ** -0.5 + (x.abs() + 1) ** -1 + (x.abs() + 1) ** 1.7,
    "pow2": lambda x, y: (x.abs() + 0.1) ** y + 2.0**x,
    "unary": lambda x, y: x.exp() + x.sin() * x.cos() + x.tanh() - x.abs().log1p() + x.erf() + torch.exp2(x) + torch.expm1(y),
    "rounding": lambda x, y: x.floor() + (y * 3).ceil() + (x * 5).round() + (y * 7).trunc() + torch.sign(x),
    "activations": lambda x, y: F.gelu(x) + F.gelu(y, approximate="tanh") + F.silu(x) + F.relu(y) + torch.sigmoid(x),
    "more_activations": lambda x, y: F.softplus(x) + F.mish(x) + F.hardswish(y) + F.leaky_relu(x) + F.elu(y) + F.logsigmoid(x) + F.relu6(4 * y),
    "clamps": lambda x, y: x.clamp(-0.5, 0.5) + y.clamp(min=0) + torch.maximum(x, y) - torch.minimum(x, y) + x.clamp(max=0.1),
    "compare": lambda x, y: ((x > y) & (x < 1)) | (y >= 0.3) ^ (x != y) | ~(x <= 0) | torch.logical_not(x == 0),
    "where": lambda x, y: torch.where(x > 0, x, y) + torch.where(x > y, 1.0, x) + x.masked_fill(y < 0, -2.0),
    "casts": lambda x, y: (x * 3).to(torch.int64) + (y > 0).to(torch.int64) + (y > 0) * 2,
    "int_div": lambda x, y: (x * 10).long() // 3 + (x * 10).long() % 4 + torch.div((y * 10).long(), 3, rounding_mode="trunc"),
    "remainder": lambda x, y: torch.remainder(x * 5, 3) + torch.fmod(y * 5, 3.0),
    "broadcast": lambda x, y: x[:, :1] * y + y[0] + x.sum() + x.mean(1, keepdim=True),
    "nan": lambda x, y: torch.isnan(x / (x - x)) | torch.isinf(y / (y - y)),
    "lerp": lambda x, y: torch.lerp(x, y, 0.3) + torch.addcmul(x, x, y, value=2),
    "sign_of_nan": lambda x, y: torch.sign(x / (x - x)) + torch.sign(y),
    "of_two": lambda x, y: (torch.atan2(x, y), torch.hypot(x, y), torch.fmax(x, y / (y - y)), torch.fmin(x, y), torch.logaddexp(x, y),
                            torch.addcdiv(x, y, y.abs() + 1, value=0.5), torch.isclose(x, y)),
    "rounds": lambda x, y: (torch.round(x, decimals=2), torch.round(10 * y, decimals=-1), torch.frac(x)),
    "shifts": lambda x, y: (((x * 9).long() << 3) >> 1, (y * 9).long() >> 2),
    "integer_powers": lambda x, y: ((x * 3).long() ** (y * 4).long().abs(), 2 ** (y * 40).long().abs(), (x > 0).long() ** 70),
    "rare_activations": lambda x, y: (F.celu(x), F.selu(x), F.hardtanh(y), F.threshold(x, 0.1, 2.0), F.softshrink(x), F.glu(x[:, :4]), F.softsign(y)),
    "distances": lambda x, y: (F.cosine_similarity(x, y), F.pairwise_distance(x, y), F.normalize(x), F.mse_loss(x, y), F.l1_loss(x, y),
                               F.huber_loss(x, y), F.kl_div(x.log_softmax(-1), y.softmax(-1), reduction="batchmean")),
}

SHAPED = {
    "sums": lambda x: (x.sum(), x.sum(1), x.mean((0, 2), keepdim=True), x.sum(-1, keepdim=True), x.prod(2)),
    "extrema": lambda x: (x.amax(1), x.amin((0, 2)), x.max(2)[0], x.max(2)[1], x.min(1, keepdim=True)[0], x.argmax(-1), x.argmin(1), x.argmax()),
    "logic": lambda x: ((x > 0).any(1), (x > -9).all(), (x > 1).any()),
    "softmax": lambda x: (x.softmax(-1), x.log_softmax(1), x.logsumexp(2), F.softmax(x, dim=0, dtype=torch.float64)),
    "moments": lambda x: (x.var(2), x.std(1, unbiased=False), x.var((1, 2), keepdim=True, correction=0), x.norm(dim=-1)),
    "norms": lambda x: (F.layer_norm(x, [4]), F.layer_norm(x, [6, 4]), F.rms_norm(x, [4], eps=1e-5)),
    "cumsum": lambda x: (x.cumsum(1), (x > 0).cumsum(2)),
    "cumsum_constant": lambda x: (torch.ones_like(x, dtype=torch.int64).cumsum(1), (torch.arange(6) > -1).cumsum(0)),
    "diff": lambda x: (x.diff(), x.diff(dim=1, n=2), x.diff(dim=1, prepend=x[:, :2], append=x[:, :1]), (x > 0).diff(dim=1),
                       torch.arange(x.shape[0]).diff(prepend=torch.tensor([-1])) != 1),
    "continued": lambda x: (torch.cat([torch.arange(3), torch.arange(3, 7)]), torch.cat([torch.arange(2), torch.arange(5, 9)]),
                            torch.cat([torch.arange(1) - 1, torch.arange(x.shape[0])]), torch.cat([torch.arange(0, 6, 2), torch.arange(3)])),
    "reshapes": lambda x: (x.reshape(-1, 4), x.flatten(), x.flatten(1).reshape(x.shape[0], 3, 8), x.view(x.shape[0], 2, 3, 4).transpose(1, 2).flatten(2)),
    "merge_split": lambda x: x.reshape(-1, 24).reshape(-1, 12).reshape(2, -1),
    "permutes": lambda x: (x.transpose(0, 2), x.permute(1, 2, 0), x.movedim(0, -1), x[0].t(), x.mT),
    "squeezes": lambda x: (x.unsqueeze(1).squeeze(1), x[:, :1].squeeze(), x[None, ..., None].squeeze(-1)),
    "slices": lambda x: (x[1:], x[:, 2:5], x[..., -1], x[:, -3:], x[:, ::2], x[:, 1:-1], x[-1], x.narrow(1, 2, 3), x[..., 1::3],
                         x[:, -9:2], x[:, -9:-1:2]),
    "splits": lambda x: (*x.split(4, 1), *x.chunk(2, -1), *x.unbind(2), *x.split([1, 3], dim=2)),
    "joins": lambda x: (torch.cat([x, -x, x], 0), torch.cat([x, x[:, :2]], 1), torch.stack([x, 2 * x], -1), torch.cat([x])),
    "repeats": lambda x: (x.repeat(2, 1, 3), x.repeat_interleave(3, dim=1), x.unsqueeze(1).expand(-1, 5, -1, -1), x.expand(2, *x.shape)),
    "flips": lambda x: (x.flip(1), x.flip((0, 2)), x.roll(2, 1), F.pad(x, (1, 2)), F.pad(x, (0, 0, 2, 1), value=7.0), F.pad(x, (-1, 0))),
    "creation": lambda x: (torch.arange(x.shape[0]), torch.arange(2, 12, 3), torch.zeros_like(x), x.new_ones(2, 3), torch.full((x.shape[0], 2), 3.5), torch.eye(4), torch.arange(0, 1, 0.25)),
    "triangles": lambda x: (x.tril(), x.triu(1), torch.ones(x.shape[0], x.shape[0]).tril(-1)),
    "diagonals": lambda x: (x.diagonal(dim1=1, dim2=2), x.diagonal(1, 1, 2)),
    "matmuls": lambda x: (x @ x.mT, x @ x[0].t(), x.mT @ x, x @ x[0, 0], x[0, 0] @ x[1, 0], x[:1].expand(x.shape[0], -1, -1).bmm(x.mT), x.reshape(-1, 4) @ x[0].t()),
    "einsums": lambda x: (torch.einsum("bij,bkj->bik", x, x), torch.einsum("bij,bij->b", x, x), torch.einsum("bij,kj", x, x[0])),
    "sorts": lambda x: (*x.sort(1), *x.sort(-1, descending=True), *x.topk(2, -1)),
    "index": lambda x: (x[:, torch.tensor([2, 0, -1])], x[torch.arange(x.shape[0])[:, None], torch.tensor([1, 3])], x[..., torch.tensor([0, 3])], x[:, torch.arange(3), torch.arange(3)]),
    "gathers": lambda x: (x.gather(1, (x[:, :2] > 0).long()), x.index_select(2, torch.tensor([3, 1])), x.gather(-1, x.argmax(-1, keepdim=True))),
    "scatters": lambda x: (x.scatter(1, (x[:, :1] > 0).long(), 5.0), torch.zeros_like(x).scatter_add(1, (x > 0).long(), x)),
    "constants": lambda x: x * torch.tensor([1.0, 2.0, 3.0, 4.0]) + torch.tensor(2.5) * torch.tensor(3),
    "one_hot": lambda x: (torch.arange(4) == x.argmax(-1, keepdim=True)).to(x.dtype),
    "inplace": lambda x: _inplace(x),
    "written": lambda x: _written(x),
    "dims_of_one": lambda x: x[None, None, None, None, None, None].expand(2, 1, 1, 1, 1, 3, -1, -1, -1),
    "windows": lambda x: (x.unfold(1, 3, 2), F.max_pool1d(x, 2), F.avg_pool1d(x, 3, 2, 1), F.avg_pool1d(x, 3, 2, 1, True, False),
                          F.adaptive_avg_pool1d(x, 1), F.interpolate(x[..., :3], size=6)),
    "padding_modes": lambda x: (F.pad(x, (2, 1), mode="reflect"), F.pad(x, (2, 1), mode="circular"), F.pad(x, (2, 5), mode="replicate"),
                                F.pad(x[None], (1, 0, 2, 3), mode="reflect"), F.pad(x, (-1, 2), mode="replicate")),
    "group_norms": lambda x: (F.group_norm(x, 3), F.instance_norm(x), torch.var_mean(x, (1, 2))[0], torch.std_mean(x, 1, keepdim=True)[1]),
    "norms_of_any_order": lambda x: (x.norm(float("inf"), -1), x.norm(3, 1), torch.linalg.vector_norm(x, 0), torch.linalg.vector_norm(x, -float("inf"), 1)),
    "running": lambda x: (x.cumprod(1), x.logcumsumexp(2), (1000 * x).logcumsumexp(1)),
    "ellipses": lambda x: (torch.einsum("...d,...d->...", x, x[0]), torch.einsum("b...,b...->b...", x, x), torch.einsum("...ij,...kj", x, x)),
    "ordered": lambda x: (x.argsort(-1), *x.topk(2, 1, largest=False)),
    "parts": lambda x: (*torch.tensor_split(x, [1, 4], 1), *torch.hsplit(x, [2]), torch.roll(x, 5), x.tile(2, 1, 2), torch.outer(x[0, 0], x[1, 0]),
                        F.one_hot((x > 0).long(), 3), torch.diag_embed(x)),
}


def _written(x):
    """Elements chosen by a mask, and by indices that lie together or apart; values are repeated, or added up."""
    a, b, c, d = x.clone(), x.clone(), x.clone(), x.clone()
    a[x > 0.5] = 0
    a[x[:, :, 0] > 0] = x[0, 1]
    b[:, torch.tensor([1, -2])] = x[:, :2] * 3
    c[0, torch.tensor([0, 2])] += 1
    i = torch.tensor([1, 1, 0])
    d = d.index_put((i, i), x[0, :3], accumulate=True)
    return a, b, c, d, x.index_add(1, torch.tensor([0, 0, 5]), x[:, :3]), x.index_copy(2, torch.tensor([3, 0]), x[..., :2])


def _inplace(x):
    y = x * 2
    y[:, 0] += 1
    y.div_(3).add_(x)
    y[:, 1:3] = 0
    return y


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise(name):
    check(Fn(POINTWISE[name]), (X(3, 5), X(3, 5) + 0.1), {"args": ({0: N}, {0: N})}, other=(X(7, 5), X(7, 5) - 0.2))


@pytest.mark.parametrize("name", SHAPED)
def test_shaped(name):
    check(Fn(SHAPED[name]), (X(4, 6, 4),), {"args": ({0: N},)}, other=(X(6, 6, 4),))


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias):
    check(torch.nn.Linear(6, 5, bias=bias), (X(3, 4, 6),), {"input": {0: N, 1: M}}, other=(X(2, 9, 6),))


def test_product_of_bytes():
    """The sums are of 32 bits."""
    x, other = (torch.randint(-128, 128, (rows, 40), dtype=torch.int8) for rows in (24, 33))
    w = torch.randint(-128, 128, (40, 8), dtype=torch.int8)
    check(Fn(torch._int_mm), (x, w), {"args": ({0: N}, {})}, other=(other, w))


def attention(**kw):
    return lambda q, k, v, *mask: F.scaled_dot_product_attention(q, k, v, *mask, **kw)


Q, K = X(2, 4, 5, 8), X(2, 4, 7, 8)
MASKS = {
    "none": (attention(), ()),
    "scale": (attention(scale=0.3), ()),
    "causal": (attention(is_causal=True), ()),
    "bool": (attention(), (torch.ones(5, 7, dtype=torch.bool).tril(1),)),
    "float": (attention(), (X(2, 1, 5, 7),)),
    "masked_row": (attention(), (torch.arange(5)[:, None].expand(5, 7) > 1,)),
}


@pytest.mark.parametrize("name", MASKS)
def test_attention(name):
    fn, mask = MASKS[name]
    check(Fn(fn), (Q, K, K * 0.5 + 1, *mask), tol=1e-6)


@pytest.mark.parametrize(("q", "k"), [((1, 3, 5, 8), (4, 3, 6, 8)), ((4, 3, 5, 8), (1, 1, 6, 8)), ((3, 5, 8), (2, 3, 6, 8)), ((2, 3, 5, 8), (3, 6, 8))])
def test_attention_of_other_batches(q, k):
    """Queries, keys and values broadcast against each other."""
    check(Fn(attention()), (X(*q), X(*k), X(*k) + 1), tol=1e-6)


def test_attention_grouped():
    k = X(2, 2, 7, 8)
    check(Fn(attention(enable_gqa=True)), (Q, k, k + 1), tol=1e-6)


def test_positions_of_one_sequence_fold():
    """How transformers asks whether positions are of several packed sequences: known to be one, no mask is left."""
    def packed(x):
        positions = torch.arange(x.shape[0])[None]
        return (positions.diff(prepend=positions[:, :1] - 1) != 1).cumsum(-1) == 0

    f = check(Fn(packed), (X(4, 2),), {"args": ({0: N},)}, other=(X(6, 2),))
    assert not any(isinstance(op, (ir.Concat, ir.Scan)) for op in f.ops())


CONVOLUTIONS = {
    "patches": (torch.nn.Conv2d(3, 8, 4, stride=4), (2, 3, 8, 12)),
    "padded": (torch.nn.Conv2d(3, 5, (3, 2), stride=(2, 1), padding=(1, 2)), (2, 3, 9, 7)),
    "dilated": (torch.nn.Conv2d(4, 6, 3, dilation=2, padding=2, groups=2, bias=False), (2, 4, 8, 7)),
    "depthwise": (torch.nn.Conv2d(4, 8, 3, groups=4, padding="same"), (2, 4, 6, 5)),
    "uneven": (torch.nn.Conv1d(3, 4, 4, padding="same"), (2, 3, 9)),
    "unbatched": (torch.nn.Conv1d(3, 4, 3, stride=2, padding="valid"), (3, 11)),
    "volume": (torch.nn.Conv3d(2, 3, 2, padding=1), (2, 2, 4, 3, 5)),
    "transposed": (torch.nn.ConvTranspose1d(3, 5, 4, stride=2, padding=1), (2, 3, 7)),
    "transposed_groups": (torch.nn.ConvTranspose2d(4, 6, (3, 4), (2, 3), (1, 2), (1, 0), groups=2), (2, 4, 5, 3)),
    "transposed_dilated": (torch.nn.ConvTranspose1d(4, 2, 3, 1, 3, dilation=2, bias=False), (4, 7)),
    "batch_norm": (torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2)).eval(), (2, 3, 8, 9)),
    "batch_norm_in_place": (torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.ReLU(inplace=True), torch.nn.MaxPool2d(3, 2, 1)).eval(), (2, 3, 8, 9)),
    "pools": (torch.nn.Sequential(torch.nn.AvgPool2d(3, 2, 1), torch.nn.AvgPool2d(2, 2, 0, ceil_mode=True), torch.nn.AdaptiveAvgPool2d((2, 1))), (2, 3, 13, 11)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name):
    module, shape = CONVOLUTIONS[name]
    check(module.requires_grad_(False), (X(*shape),))


def test_convolution_of_any_batch():
    module = torch.nn.Conv2d(3, 4, 2, stride=2).requires_grad_(False)
    check(module, (X(3, 3, 6, 4),), ({0: N},), other=(X(5, 3, 6, 4),))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(reduction):
    loss = Fn(lambda x, t: F.cross_entropy(x, t, reduction=reduction, ignore_index=2))
    check(loss, (X(5, 7), I(7, 5)), {"args": ({0: N}, {0: N})}, other=(X(9, 7), I(7, 9)))
    check(loss, (X(5, 7, 3), I(7, 5, 3)))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("how", [{"label_smoothing": 0.1}, {"weight": X(7).abs()}, {"weight": X(7).abs(), "label_smoothing": 0.2}], ids=["smooth", "weight", "both"])
def test_weighed_cross_entropy(how, reduction):
    how = {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in how.items()}

    def loss(x, t):
        weight = {"weight": torch.tensor(how["weight"], dtype=x.dtype)} if "weight" in how else {}
        return F.cross_entropy(x, t, reduction=reduction, ignore_index=2, **{**how, **weight})

    check(Fn(loss), (X(5, 7), I(7, 5)), {"args": ({0: N}, {0: N})}, other=(X(9, 7), I(7, 9)))
    check(Fn(loss), (X(5, 7, 3), I(7, 5, 3)))
    check(Fn(lambda x, t: F.cross_entropy(x, t.softmax(1), reduction=reduction, label_smoothing=how.get("label_smoothing", 0.0))), (X(5, 7, 3), X(5, 7, 3) + 1))


def test_cross_entropy_of_one_row():
    check(Fn(F.cross_entropy), (X(7), torch.tensor(3)))


def test_embedding_and_norm():
    net = torch.nn.Sequential(torch.nn.Embedding(11, 8, padding_idx=0), torch.nn.LayerNorm(8), torch.nn.Linear(8, 3))
    check(net, (I(11, 3, 5),), {"input": {0: N, 1: M}}, other=(I(11, 4, 6),))


@pytest.mark.parametrize("dtype", ["bf16", "f16"])
def test_narrow_types(dtype):
    """Activations in a narrow type, parameters as stored: as PyTorch rounds, up to one rounding of the result."""
    net = torch.nn.Sequential(torch.nn.Linear(32, 16), torch.nn.GELU(), torch.nn.LayerNorm(16), torch.nn.Linear(16, 4))
    f = import_function(net, (X(3, 32),), dtype=dtype)
    assert {a.result.etype for a in f.args if a.kind == "weight"} == {"f32"}
    assert [r.value.etype for r in f.results] == [dtype]
    state = {n: t.detach().numpy() for n, t in net.state_dict().items()}
    low = {"bf16": torch.bfloat16, "f16": torch.float16}[dtype]
    x = X(3, 32).to(low)
    got = Evaluator("declared").run(f, {"input": x.float().numpy()} | state, {})
    with torch.no_grad():
        want = net.double()(x.double())
    np.testing.assert_allclose(got[0], want, atol={"bf16": 4e-2, "f16": 5e-3}[dtype])
