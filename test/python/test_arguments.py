"""einfall.compile and what it takes: spellings that are accepted, and clear errors for what has no meaning."""

import numpy as np
import pytest

from test_cli import MATMUL

torch = pytest.importorskip("torch")
X = torch.ones(2, 3)


class Exp(torch.nn.Module):
    def forward(self, x):
        return x.exp()


@pytest.mark.parametrize("dtype, name", [("f16", "f16"), ("float16", "f16"), (torch.bfloat16, "bf16"), (np.float32, "f32"),
                                         ("float64", "f64"), (np.dtype("f8"), "f64"), (float, "f64")])
def test_activations_as_arrays_name_them(dtype, name):
    from einfall.arguments import activations
    from einfall.frontend import import_module

    assert activations(dtype) == name
    assert f", {name}> {{ein.name = \"x\"}}" in import_module(Exp(), (X,), dtype=dtype)


@pytest.mark.parametrize("dtype", ["f33", "fp16", "i8", torch.int32, None, 3, "", "f4,,"])
def test_other_activations(dtype):
    import einfall

    with pytest.raises(einfall.EinfallError, match="is no type of activations: expected auto, f32, bf16"):
        einfall.compile(Exp(), args=(X,), dtype=dtype)


@pytest.mark.parametrize("source, more, said", [
    (None, {}, "cannot compile None"), (3, {}, "cannot compile 3"), (lambda x: x, {}, "forward of a torch.nn.Module"),
    (Exp, {}, "give an instance"), ("", {}, "source is empty"), ("hello {", {}, "the text is no program"),
    (Exp(), {"args": X}, r"args takes a tuple .* args=\(x,\)"), (Exp(), {"args": (X,), "kwargs": 3}, "kwargs takes a dict"),
    (Exp(), {"args": (X,), "weights": "w"}, "a module has its own"), (MATMUL, {"args": (X,), "dynamic_shapes": {}}, "args, dynamic_shapes: for"),
    (MATMUL, {"targets": None}, "targets=None"), (MATMUL, {"targets": 3}, "targets=3"),
    (MATMUL, {"targets": ("native", "native")}, "'native' and 'native' are both"),
    (MATMUL, {"numerics": ""}, "numerics=''"), (MATMUL, {"machine": 3}, "machine=3"), (MATMUL, {"weights": 3}, "weights=3"),
    (MATMUL, {"weights": ""}, "weights=''"), (MATMUL, {"output": ""}, "output is empty"), (MATMUL, {"output": 3}, "output takes the path"),
    (MATMUL, {"dtype": "f32"}, "an .mlir file has its types")])
def test_what_compile_refuses(build, source, more, said):
    import einfall

    with pytest.raises(einfall.EinfallError, match=said):
        einfall.compile(source, **more)


def test_two_names_of_one_target(build, tmp_path):
    import einfall

    native = einfall.compile(MATMUL).manifest["targets"][0]["name"]
    with pytest.raises(einfall.EinfallError, match=f"'native' and '{native}' are both {native} here"):
        einfall.compile(MATMUL, tmp_path / "m.einf", targets=("native", native))


@pytest.mark.parametrize("options, said", [({"dtype": "f33"}, "is no type of activations"), ({"numerics": ""}, "numerics=''")])
def test_what_explain_refuses(build, tmp_path, options, said):
    import einfall
    from einfall.explain import explain

    (tmp_path / "m.mlir").write_text(MATMUL)
    with pytest.raises(einfall.EinfallError, match=said):
        explain(tmp_path / "m.mlir", **options)


def test_numerics_of_a_cascade():
    import einfall

    with pytest.raises(einfall.EinfallError, match="numerics='exact': expected strict"):
        @einfall.cascade(numerics="exact")
        def double(x: "n"):
            y[n] = x[n] * 2
            return y[n]
