"""Weights that a package stores in panels: what is stored, and what is computed with them."""

from collections import namedtuple

import cpus
import einfall
import pytest
from test_turned_weights import stored

torch = pytest.importorskip("torch")
F = torch.nn.functional

Kind = namedtuple("Kind", "target, dtype, group, widest")
AMX = Kind("x86-64-v4-amx", torch.bfloat16, 2, 32)
KINDS = {"amx": AMX, "pairs": Kind("x86-64-v4-dot", torch.bfloat16, 2, 64), "v4": Kind("x86-64-v4", torch.float32, 1, 64),
         "v3": Kind("x86-64-v3", torch.float32, 1, 16), "f32_amx": Kind("x86-64-v4-amx", torch.float32, 1, 64)}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request):
    cpus.needs(request.param.target)
    return request.param


class Linear(torch.nn.Module):
    """`x w`, the weight `[columns, depth]` or, with `turned`, `[depth, columns]`; with `norm` of what a norm makes of x."""

    def __init__(self, columns, depth, turned=False, norm=False, bias=False):
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(columns, depth) / depth**0.5)
        self.b = torch.nn.Parameter(torch.randn(columns)) if bias else None
        self.norm = torch.nn.LayerNorm(depth) if norm else torch.nn.Identity()
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
        self.qkv = torch.nn.ParameterList([torch.nn.Parameter(torch.randn(3 * n if fused else n, width) / width**0.5)
                                           for _ in range(1 if fused else 3)])
        self.o = torch.nn.Parameter(torch.randn(width, n) / n**0.5)

    def forward(self, x):
        parts = F.linear(x, self.qkv[0]).chunk(3, -1) if self.fused else [F.linear(x, w) for w in self.qkv]
        q, k, v = (p.unflatten(-1, (self.heads, self.size)).transpose(-2, -3) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v)
        return F.linear(y.transpose(-2, -3).flatten(-2), self.o)


class Gated(torch.nn.Module):
    """Gate and up of one input, and down."""

    def __init__(self, width=128, inner=416):
        super().__init__()
        self.gate, self.up = (torch.nn.Parameter(torch.randn(inner, width) / width**0.5) for _ in range(2))
        self.down = torch.nn.Parameter(torch.randn(width, inner) / inner**0.5)

    def forward(self, x):
        return x + F.linear(F.silu(F.linear(x, self.gate)) * F.linear(x, self.up), self.down)


def data_of(weight):
    return weight.detach().contiguous().view(torch.uint8).numpy().tobytes()


def panels(weight, width, group):
    """The weight `[columns, depth]` as bytes of panels of `width` columns, by groups along the depth."""
    columns, depth = weight.shape
    return data_of(weight.detach().reshape(columns // width, width, depth // group, group).permute(0, 2, 1, 3))


def compiled(module, kind, path, *sizes, dynamic=True):
    """The package of the module, cast to the kind's type; rows of its input, the last dimension but one, are free."""
    module.to(kind.dtype)
    example = torch.randn(*sizes).to(kind.dtype)
    shapes = ({len(sizes) - 2: torch.export.Dim("t", max=4096)},) if dynamic else None
    return einfall.compile(module, str(path), targets=[kind.target], args=(example,), dynamic_shapes=shapes)


def check(module, kind, package, *sizes):
    x = torch.randn(*sizes).to(kind.dtype)
    with torch.no_grad():
        want, of_torch = module.double()(x.double()), module.to(kind.dtype)(x).double()
    got = torch.as_tensor(package(x)).double()
    assert got.shape == want.shape
    # As far from the value as PyTorch is, which rounds in as many places, and a bit of the largest.
    bit = 2**-8 if kind.dtype == torch.bfloat16 else 2**-18
    bound = 2 * (of_torch - want).abs().max() + bit * want.abs().max()
    assert (got - want).abs().max() <= bound


def is_stored(module, kind, path, width):
    """Whether the only weight, `w`, is stored in panels of `width` columns; else it is as it was."""
    (_, data), = stored(path).values()
    weight = module.w.T if getattr(module, "turned", False) else module.w
    if weight.shape[0] % width == 0 and weight.shape[1] % kind.group == 0 and data == panels(weight, width, kind.group):
        return True
    assert data == data_of(module.w)
    return False


@pytest.mark.parametrize("columns, depth, turned", [(96, 64, False), (96, 64, True), (160, 70, False), (1024, 2050, False)])
def test_stored(tmp_path, kind, columns, depth, turned):
    torch.manual_seed(columns)
    module, path = Linear(columns, depth, turned), tmp_path / "m.einf"
    compiled(module, kind, path, 40, depth, dynamic=False)
    assert is_stored(module, kind, path, kind.widest if columns % kind.widest == 0 else 32)


@pytest.mark.parametrize("columns, depth", [(84, 64), (96, 65)])
def test_not_whole(tmp_path, columns, depth):
    module, path = Linear(columns, depth), tmp_path / "m.einf"
    cpus.needs(AMX.target)
    package = compiled(module, AMX, path, 40, depth)
    assert not is_stored(module, AMX, path, 32)
    check(module, AMX, package, 33, depth)


@pytest.mark.parametrize("form", [{}, {"turned": True}, {"norm": True}, {"bias": True}], ids=lambda f: "".join(f) or "plain")
@pytest.mark.parametrize("columns, depth", [(32, 32), (96, 70), (352, 128), (64, 5000)])
def test_rows(tmp_path, kind, columns, depth, form):
    torch.manual_seed(depth)
    module = Linear(columns, depth, **form)
    package = compiled(module, kind, tmp_path / "m.einf", 40, depth)
    for rows in (1, 2, 7, 15, 16, 33, 100, 257, 1100):
        check(module, kind, package, rows, depth)


@pytest.mark.parametrize("rows", [16, 17, 40, 200])
def test_known_rows(tmp_path, kind, rows):
    module = Linear(288, 192)
    check(module, kind, compiled(module, kind, tmp_path / "m.einf", 3, rows, 192, dynamic=False), 3, rows, 192)


@pytest.mark.parametrize("fused", [False, True], ids=["apart", "fused"])
@pytest.mark.parametrize("heads, size", [(3, 64), (2, 32), (3, 80), (5, 24)])
def test_heads(tmp_path, kind, heads, size, fused):
    torch.manual_seed(size)
    module = Attention(heads, size, fused=fused)
    package = compiled(module, kind, tmp_path / "m.einf", 2, 40, 128)
    for rows in (1, 17, 64, 130):
        check(module, kind, package, 2, rows, 128)


def test_gated(tmp_path, kind):
    torch.manual_seed(5)
    module = Gated()
    package = compiled(module, kind, tmp_path / "m.einf", 40, 128)
    for rows in (1, 31, 96, 300):
        check(module, kind, package, rows, 128)


def test_tied(tmp_path, kind):
    """A weight that is looked up, too, is as the checkpoint has it."""

    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(96, 64))

        def forward(self, x):
            return F.linear(x + self.w[3], self.w)

    module, path = Tied(), tmp_path / "m.einf"
    package = compiled(module, kind, path, 40, 64)
    assert not is_stored(module, kind, path, 32)
    check(module, kind, package, 50, 64)


def test_several_targets(tmp_path, kind):
    """What other targets read, too, is stored for all of them."""
    module, path = Linear(96, 64).to(kind.dtype), tmp_path / "m.einf"
    other = "x86-64-v3" if kind.target != "x86-64-v3" else "x86-64-v2"
    package = einfall.compile(module, str(path), targets=[kind.target, other], args=(torch.randn(40, 64).to(kind.dtype),))
    assert not is_stored(module, kind, path, 32)
    check(module, kind, package, 40, 64)


@pytest.mark.parametrize("columns, depth", [(96, 64), (352, 130), (64, 5000)])
def test_bytes(tmp_path, columns, depth):
    """Tiles of bytes read groups of four."""
    cpus.needs(AMX.target)

    class Bytes(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("w", torch.randint(-128, 128, (columns, depth), dtype=torch.int8))

        def forward(self, x):
            return torch._int_mm(x, self.w.T)

    module, path = Bytes(), tmp_path / "m.einf"
    example = torch.zeros(40, depth, dtype=torch.int8)
    package = einfall.compile(module, str(path), targets=[AMX.target], args=(example,),
                              dynamic_shapes=({0: torch.export.Dim("t", max=4096)},))
    assert is_stored(module, Kind(AMX.target, torch.int8, 4, 32), path, 32) == (depth % 4 == 0)
    for rows in (1, 16, 33, 300):
        x = torch.randint(-128, 128, (rows, depth), dtype=torch.int8)
        assert torch.equal(torch.as_tensor(package(x)), x.int() @ module.w.int().T)


@pytest.mark.parametrize("heads, size, rows", [(4, 64, 130), (4, 48, 130), (2, 48, 65)])
def test_known_attention(tmp_path, kind, heads, size, rows):
    """One kernel, whose blocks may have fewer columns of the last product than a tile, and a chunk of one key."""
    torch.manual_seed(rows)
    module = Attention(heads, size, width=96)
    check(module, kind, compiled(module, kind, tmp_path / "m.einf", 2, rows, 96, dynamic=False), 2, rows, 96)
