"""Kernels of a layer: of each family, the difference between a model and one of twice as many layers."""

import subprocess
import sys

import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
import families  # noqa: E402

#: q, k and v; attention; its output; gate and up; down. Norms behind a product wait for whole rows.
KERNELS = dict.fromkeys(families.CONFIGS, 5) | {"gemma2": 7, "gemma3": 7, "olmo2": 7}


def kernels(build, text: str, entry: str, folder) -> list[str]:
    """The lines that open the kernels of an entry."""
    source = folder / "m.mlir"
    source.write_text(text)
    done = subprocess.run([build / "bin" / "einfall-opt", source, "--compile-to=kernels"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    function = done.stdout.partition(f"func.func @{entry}(")[2].partition("func.func @")[0]
    return [line for line in function.splitlines() if "= ein.kernel" in line]


def deeper(config):
    """The same with twice as many layers."""
    config.num_hidden_layers *= 2
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types * 2
    return config


@pytest.mark.parametrize("name", families.params())
def test_kernels_of_a_layer(build, name, tmp_path, monkeypatch):
    from einfall.frontend import import_causal_lm

    counts = []
    layers = families.CONFIGS[name]().num_hidden_layers
    make = families.CONFIGS[name]
    for change in (lambda config: config, deeper):
        monkeypatch.setitem(families.CONFIGS, name, lambda change=change: change(make()))
        folder = tmp_path / str(len(counts))
        families.make(name).save_pretrained(folder)
        text, _ = import_causal_lm(folder, "f32", locations=False)
        counts.append(len(kernels(build, text, "logits", tmp_path)))
    assert (counts[1] - counts[0]) / layers <= KERNELS[name], counts


def test_kernels_of_an_encoder_layer(build, tmp_path):
    """BERT: two norms behind products."""
    import transformers
    from test_modules import Encoder

    from einfall.frontend import import_module

    counts = []
    b, s = torch.export.Dim("b", min=1), torch.export.Dim("s", min=1, max=64)
    example = tuple(torch.ones(2, 3, dtype=torch.long) for _ in range(3))
    for layers in (2, 4):
        config = transformers.BertConfig(vocab_size=97, hidden_size=64, num_hidden_layers=layers, num_attention_heads=4,
                                         intermediate_size=96, max_position_embeddings=64)
        net = Encoder(transformers.BertModel(config).eval())
        text = import_module(net, example, dynamic_shapes=({0: b, 1: s},) * 3, locations=False)
        counts.append(len(kernels(build, text, "main", tmp_path)))
    assert (counts[1] - counts[0]) / 2 <= 7, counts
