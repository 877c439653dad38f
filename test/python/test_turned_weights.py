"""Weights that a package stores in another order than the checkpoint: what is computed with them, and what is stored."""

import json
import zipfile

import einfall
import numpy as np
import pytest

torch = pytest.importorskip("torch")


class Product(torch.nn.Module):
    """`x @ w` in places that differ in what stands before the last two dimensions."""

    def __init__(self, *shape, dtype=torch.float32):
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(shape).to(dtype))

    def forward(self, x):
        return x @ self.w


def stored(path):
    """Name to the tensor's shape and bytes."""
    with zipfile.ZipFile(path) as archive:
        data, manifest = archive.read("weights/data"), json.loads(archive.read("manifest.json"))
    return {w["name"]: (w["shape"], data[w["offset"] : w["offset"] + w["size"]]) for w in manifest["weights"]}


#: shapes whose rows end in a chunk of a MiB, and those where they do not; lengths that are no multiple of the rows copied at once
SHAPES = [(64, 68), (513, 777), (4096, 130), (3, 200, 333), (100, 5000)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=["f32", "bf16", "f16"])
def test_stored_by_sums(tmp_path, shape, dtype):
    torch.manual_seed(sum(shape))
    module, rows = Product(*shape, dtype=dtype), torch.export.Dim("t", max=64)
    lead = shape[:-2]
    example = torch.randn(*lead, 5, shape[-2]).to(dtype)
    path = tmp_path / "m.einf"
    # Columns are no whole panels.
    package = einfall.compile(module, str(path), targets=["x86-64-v3"], args=(example,), dynamic_shapes=({len(lead): rows},))
    (kept, data), = stored(path).values()
    assert kept == [*lead, shape[-1], shape[-2]]
    assert data == module.w.detach().transpose(-1, -2).contiguous().view(torch.uint8).numpy().tobytes()
    for t in (1, 3):
        x = torch.randn(*lead, t, shape[-2]).to(dtype)
        want = x.double() @ module.w.double()
        got = torch.as_tensor(package(x)).double()
        assert (got - want).abs().max() <= {torch.float32: 1e-5, torch.bfloat16: 1e-2, torch.float16: 2e-3}[dtype] * want.abs().max()


def test_number(tmp_path):
    """A parameter without dimensions, and one with a single one."""

    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.g, self.h = torch.nn.Parameter(torch.tensor(2.5)), torch.nn.Parameter(torch.randn(96))

        def forward(self, x):
            return x * self.g, x @ self.h

    module, x = Scaled(), torch.randn(1, 96)
    for got, want in zip(einfall.compile(module, args=(x,))(x), module(x)):
        assert np.allclose(got, want.detach(), atol=1e-4)


def test_columns_by_vectors(tmp_path):
    """A column that vectors run along is cut into whole ones: few rows stored past the end."""

    class Turned(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(65, 5, 63))

        def forward(self, x):
            return torch.einsum("bah,bde->hdea", x, self.w)

    module = Turned()
    package = einfall.compile(module, args=(torch.randn(65, 5, 40),), dynamic_shapes=({1: torch.export.Dim.DYNAMIC},))
    for rows in (1, 3, 9, 64):
        x, count = torch.randn(65, rows, 40), 40 * 5 * 63 * rows
        memory = torch.full((count + 8192,), 7.0)
        package(x, out=[memory[:count].view(40, 5, 63, rows)])
        torch.testing.assert_close(memory[:count].view(40, 5, 63, rows), module(x).detach(), rtol=1e-4, atol=1e-4)
        assert (memory[count:] == 7).all()


def test_order_that_stays(tmp_path):
    """Rows that are also looked up are read as they lie; many rows are copied from either order."""

    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(96, 128))

        def forward(self, x, ids):
            return x @ self.w, self.w[ids]

    module, x, ids = Tied(), torch.randn(1, 96), torch.tensor([3, 95])
    path = tmp_path / "tied.einf"
    y, rows = einfall.compile(module, str(path), args=(x, ids))(x, ids)
    assert stored(path)["w"][0] == [96, 128]
    assert np.array_equal(rows, module.w.detach()[ids]) and np.allclose(y, (x @ module.w).detach(), atol=1e-4)
    path = tmp_path / "many.einf"
    einfall.compile(Product(96, 128), str(path), args=(torch.randn(64, 96),))
    assert stored(path)["w"][0] == [96, 128]


def test_missing_shape(tmp_path):
    """A checkpoint's tensor is compared as the checkpoint has it."""
    save = pytest.importorskip("safetensors.numpy").save_file
    text = """func.func @f(%x: !ein.tensor<[t, 96], f32> {ein.name = "x"}, %w: !ein.tensor<[96, 128], f32> {ein.weight = "w"})
        -> (!ein.tensor<[t, 128], f32>) attributes {ein.entry} {
      %y = ein.einsum (%x[t, k], %w[k, f]) -> [t, f] reduce [k: add] : (!ein.tensor<[t, 96], f32>, !ein.tensor<[96, 128], f32>) -> !ein.tensor<[t, 128], f32>
      return %y : !ein.tensor<[t, 128], f32>
    }"""
    source = tmp_path / "f.mlir"
    source.write_text(text)
    save({"w": np.zeros((128, 96), np.float32)}, tmp_path / "w.safetensors")
    with pytest.raises(einfall.EinfallError, match=r"weight 'w': expected F32 \[96, 128\], but .* has F32 \[128, 96\]"):
        einfall.compile(str(source), str(tmp_path / "f.einf"), weights=str(tmp_path / "w.safetensors"))
    w = np.random.default_rng(1).standard_normal((96, 128)).astype(np.float32)
    save({"w": w}, tmp_path / "w.safetensors")
    x = np.random.default_rng(2).standard_normal((3, 96)).astype(np.float32)
    package = einfall.compile(str(source), str(tmp_path / "f.einf"), weights=str(tmp_path / "w.safetensors"))
    assert np.allclose(package.f(x), x @ w, atol=1e-4)
