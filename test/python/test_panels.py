"""Weights that a package for AMX stores in panels: what is stored, and what is computed with them."""

import cpus
import einfall
import pytest
from test_turned_weights import stored

torch = pytest.importorskip("torch")
F = torch.nn.functional

TARGET = "x86-64-v4-amx"


class Linear(torch.nn.Module):
    """`x w`, the weight `[columns, depth]` or, with `turned`, `[depth, columns]`; with `norm` of what a norm makes of x."""

    def __init__(self, columns, depth, turned=False, norm=False, bias=False):
        super().__init__()
        self.w = torch.nn.Parameter((torch.randn(columns, depth) / depth**0.5).bfloat16())
        self.b = torch.nn.Parameter(torch.randn(columns).bfloat16()) if bias else None
        self.norm = torch.nn.LayerNorm(depth).bfloat16() if norm else torch.nn.Identity()
        if turned:
            self.w = torch.nn.Parameter(self.w.T.contiguous())
        self.turned = turned

    def forward(self, x):
        return F.linear(self.norm(x), self.w.T if self.turned else self.w, self.b)


class Attention(torch.nn.Module):
    """Heads of a fused or of separate projections, and a sum over heads and what they hold."""

    def __init__(self, heads=3, size=64, width=128, fused=False):
        super().__init__()
        self.heads, self.size, self.fused = heads, size, fused
        n = heads * size
        self.qkv = torch.nn.ParameterList([torch.nn.Parameter((torch.randn(3 * n if fused else n, width) / width**0.5).bfloat16())
                                           for _ in range(1 if fused else 3)])
        self.o = torch.nn.Parameter((torch.randn(width, n) / n**0.5).bfloat16())

    def forward(self, x):
        parts = F.linear(x, self.qkv[0]).chunk(3, -1) if self.fused else [F.linear(x, w) for w in self.qkv]
        q, k, v = (p.unflatten(-1, (self.heads, self.size)).transpose(-2, -3) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v)
        return F.linear(y.transpose(-2, -3).flatten(-2), self.o)


class Gated(torch.nn.Module):
    """Gate and up of one input, and down."""

    def __init__(self, width=128, inner=416):
        super().__init__()
        self.gate, self.up = (torch.nn.Parameter((torch.randn(inner, width) / width**0.5).bfloat16()) for _ in range(2))
        self.down = torch.nn.Parameter((torch.randn(width, inner) / inner**0.5).bfloat16())

    def forward(self, x):
        return x + F.linear(F.silu(F.linear(x, self.gate)) * F.linear(x, self.up), self.down)


def panels(weight):
    """The weight `[columns, depth]` as bytes of panels of 32 columns, by pairs along the depth."""
    columns, depth = weight.shape
    parts = weight.detach().reshape(columns // 32, 32, depth // 2, 2).permute(0, 2, 1, 3)
    return parts.contiguous().view(torch.uint8).numpy().tobytes()


def compiled(module, path, *sizes, dynamic=True):
    """The package of the module for AMX; rows of its input, the last dimension but one, are free."""
    cpus.needs(TARGET)
    example = torch.randn(*sizes).bfloat16()
    shapes = ({len(sizes) - 2: torch.export.Dim("t", max=4096)},) if dynamic else None
    return einfall.compile(module, str(path), targets=[TARGET], args=(example,), dynamic_shapes=shapes)


def check(module, package, *sizes):
    x = torch.randn(*sizes).bfloat16()
    with torch.no_grad():
        want, of_torch = module.double()(x.double()), module.bfloat16()(x).double()
    got = torch.as_tensor(package(x)).double()
    assert got.shape == want.shape
    # As far from the value as PyTorch is, which rounds in as many places, and a bit of the largest.
    bound = 2 * (of_torch - want).abs().max() + 2**-8 * want.abs().max()
    assert (got - want).abs().max() <= bound


@pytest.mark.parametrize("columns, depth, turned, are", [(96, 64, False, True), (96, 64, True, True), (160, 70, False, True),
                                                         (1024, 2050, False, True), (80, 64, False, False), (96, 65, False, False)])
def test_stored(tmp_path, columns, depth, turned, are):
    torch.manual_seed(columns)
    module, path = Linear(columns, depth, turned), tmp_path / "m.einf"
    compiled(module, path, 40, depth, dynamic=False)
    (_, data), = stored(path).values()
    assert data == (panels(module.w.T if turned else module.w) if are else module.w.detach().view(torch.uint8).numpy().tobytes())


@pytest.mark.parametrize("form", [{}, {"turned": True}, {"norm": True}, {"bias": True}], ids=lambda f: "".join(f) or "plain")
@pytest.mark.parametrize("columns, depth", [(32, 32), (96, 70), (352, 128), (64, 5000)])
def test_rows(tmp_path, columns, depth, form):
    torch.manual_seed(depth)
    module = Linear(columns, depth, **form)
    package = compiled(module, tmp_path / "m.einf", 40, depth)
    for rows in (1, 2, 15, 16, 33, 100, 257, 1100):
        check(module, package, rows, depth)


@pytest.mark.parametrize("rows", [16, 17, 40, 200])
def test_known_rows(tmp_path, rows):
    module = Linear(288, 192)
    check(module, compiled(module, tmp_path / "m.einf", 3, rows, 192, dynamic=False), 3, rows, 192)


@pytest.mark.parametrize("fused", [False, True], ids=["apart", "fused"])
@pytest.mark.parametrize("heads, size", [(3, 64), (2, 32), (3, 80), (5, 24)])
def test_heads(tmp_path, heads, size, fused):
    torch.manual_seed(size)
    module = Attention(heads, size, fused=fused)
    package = compiled(module, tmp_path / "m.einf", 2, 40, 128)
    for rows in (1, 17, 64, 130):
        check(module, package, 2, rows, 128)


def test_gated(tmp_path):
    torch.manual_seed(5)
    module = Gated()
    package = compiled(module, tmp_path / "m.einf", 40, 128)
    for rows in (1, 31, 96, 300):
        check(module, package, rows, 128)


def test_tied(tmp_path):
    """A weight that is looked up, too, is as the checkpoint has it."""

    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(96, 64).bfloat16())

        def forward(self, x):
            return F.linear(x + self.w[3], self.w)

    module, path = Tied(), tmp_path / "m.einf"
    package = compiled(module, path, 40, 64)
    (_, data), = stored(path).values()
    assert data == module.w.detach().contiguous().view(torch.uint8).numpy().tobytes()
    check(module, package, 50, 64)


def test_several_targets(tmp_path):
    """What other targets read, too, is stored for all of them."""
    cpus.needs(TARGET)
    module, path = Linear(96, 64), tmp_path / "m.einf"
    package = einfall.compile(module, str(path), targets=[TARGET, "x86-64-v3"], args=(torch.randn(40, 64).bfloat16(),))
    (_, data), = stored(path).values()
    assert data == module.w.detach().contiguous().view(torch.uint8).numpy().tobytes()
    check(module, package, 40, 64)
