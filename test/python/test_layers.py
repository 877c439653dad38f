"""What imported models become: how many kernels a layer is, and that no tensor of two lengths is stored."""

import re
import subprocess
import sys

import numpy as np
import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
import families  # noqa: E402

#: q, k and v; attention; its output; gate and up; down. Norms behind a product wait for its whole rows. Of many rows
#: a CPU stores what a norm makes: two kernels more.
KERNELS = dict.fromkeys(families.CONFIGS, 5) | {"gemma2": 7, "gemma3": 7, "olmo2": 7, "bert": 7, "falcon": 7, "cohere": 7, "stablelm": 7, "gpt_neox": 9, "opt": 9,
                                                "mixtral": 10, "qwen2_moe": 12, "deepseek_v3": 24}
#: Attention that is no fold yet: over keys and a sink beside them, whose scores are stored; under a mask that is a table, whose
#: parts a GPU stores for each row.
STORED = ("gpt_oss", "gpt_neo")
#: Kernels of experts walk too, and no mask spares them that.
EXPERTS = ("mixtral", "qwen2_moe", "gpt_oss", "deepseek_v3")
ARGUMENT = re.compile(r"(%arg\d+): [^{}()]*?\{([^{}]*)\}")
KERNEL = re.compile(r"^    (%\d+)(?::\d+)? = ein\.kernel \"[^\"]*\"\(([^()]*)\)")


def kernel_phase(build, text: str, target: str = "x86-64-v4") -> str:
    done = subprocess.run([build / "bin" / "einfall-opt", "-", "--compile-to=kernels", f"--target={target}"], input=text,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def function(text: str, entry: str) -> str:
    return text.partition(f"func.func @{entry}(")[2].partition("func.func @")[0]


def squares(text: str, lengths=("s", "t", "c")) -> set[str]:
    """The shapes of tensors between kernels that have two ranks of a length."""
    found = set()
    for line in text.splitlines():
        # Results stand at the end; what is inside a kernel is memory of a block's, of bounded size.
        if line.startswith("    %") and "= ein." in line:
            for shape in re.findall(r"<\[([^\]]*)\], ", line.rsplit("->", 1)[-1]):
                if sum(any(re.search(rf"\b{name}\b", extent) for name in lengths) for extent in shape.split(", ")) > 1:
                    found.add(shape)
    return found


def kernels_by_layer(text: str) -> dict[int | None, int]:
    """How many kernels belong to each layer: by the weights and states that they read, or else by who made what they read."""
    lines = text.splitlines()
    layer: dict[str, int | None] = {}
    for argument, attributes in ARGUMENT.findall(lines[0]):
        named = re.search(r'ein\.weight = "[^"]*?\.(?:layers?|h)\.(\d+)\.|ein\.state = "[a-z]+(\d+)"', attributes)
        if named:
            layer[argument] = int(named[1] or named[2])
        elif "ein.weight" in attributes:
            layer[argument] = None  # of no layer
    counts: dict[int | None, int] = {}
    for result, operands in filter(None, (m and m.groups() for m in map(KERNEL.match, lines))):
        read = [name.partition("#")[0] for name in operands.split(", ")]
        own = [layer[name] for name in read if name.startswith("%arg") and name in layer]
        made = [layer[name] for name in read if layer.get(name) is not None]
        layer[result] = max((n for n in own if n is not None), default=None) if own else max(made, default=None)
        counts[layer[result]] = counts.get(layer[result], 0) + 1
    return counts


def check(build, name: str, folder, most: int) -> None:
    from einfall.frontend import import_causal_lm

    families.make(name).save_pretrained(folder)
    text, _ = import_causal_lm(folder, "f32", locations=False)
    assert squares(text), "the program has scores, at least"
    many = ("logits", "next", "nll")
    # A GPU folds its one token's attention in parts, and these in a kernel more.
    bounds = {"x86-64-v4": dict.fromkeys(many, most + 2) | {"step": most}, "sm_90a": dict.fromkeys(many, most)}
    for target, entries in bounds.items():
        compiled = kernel_phase(build, text, target)
        assert squares(compiled) == set()
        for entry, bound in entries.items():
            counts = kernels_by_layer(function(compiled, entry))
            assert 3 < counts[0] <= bound, (target, entry, counts)


@pytest.mark.parametrize("name", families.params([n for n in families.CONFIGS if n not in STORED]))
def test_a_layer(build, name, tmp_path):
    check(build, name, tmp_path, KERNELS[name])


def wide(config):
    """Rows that a block does not hold of what it contracts, as in models of real size."""
    for key, value in dict(hidden_size=1024, intermediate_size=2816, num_attention_heads=16, num_hidden_layers=2).items():
        setattr(config, key, value)
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:2]
    return config


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("llama", 5), ("phi3", 5), ("gpt2", 5), ("gemma3", 7), ("olmo2", 8)])
def test_a_wide_layer(build, name, most, tmp_path, monkeypatch):
    """OLMo 2 norms whole rows of q and k: k is a kernel of its own behind them."""
    make = families.CONFIGS[name]
    monkeypatch.setitem(families.CONFIGS, name, lambda: wide(make()))
    check(build, name, tmp_path, most)


def test_a_layer_of_an_encoder(build):
    from test_modules import Encoder, bert

    from einfall.frontend import import_module

    b, s = torch.export.Dim("b", min=1), torch.export.Dim("s", min=1, max=64)
    example = tuple(torch.ones(2, 3, dtype=torch.long) for _ in range(3))
    text = import_module(Encoder(bert()), example, dynamic_shapes=({0: b, 1: s},) * 3, locations=False)
    compiled = kernel_phase(build, text)
    assert squares(compiled, ("s",)) == set()
    counts = kernels_by_layer(function(compiled, "main"))
    assert 3 < counts[0] <= KERNELS["bert"], counts


def test_a_window_that_padding_narrows(build):
    """A guard is asked before a chunk is computed: it reads no mask that is a tensor of the chunk, which would be kept for a whole row."""
    import transformers

    from einfall.frontend import import_module

    ends = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
    config = transformers.ModernBertConfig(vocab_size=97, hidden_size=40, num_hidden_layers=3, num_attention_heads=5, intermediate_size=52,
                                           local_attention=8, global_attn_every_n_layers=2, **ends)

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.ModernBertModel(config).eval()

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    b, s = torch.export.Dim("b", min=1, max=32), torch.export.Dim("s", min=1, max=200)
    text = import_module(Encoder(), tuple(torch.ones(2, 7, dtype=torch.long) for _ in range(2)), ({0: b, 1: s},) * 2, locations=False)
    done = subprocess.run([build / "bin" / "einfall-opt", "-", "--compile-to=tile", "--target=x86-64-v4"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:1000]


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in families.CONFIGS if n not in EXPERTS])
def test_causal_visits(build, name, tmp_path):
    """Whatever mask transformers builds: where(mask, s, -inf), or a finite number that is added (gemma2)."""
    import einfall

    families.make(name).save_pretrained(tmp_path)
    package = einfall.compile(tmp_path, tmp_path / "m.einf", dtype="f32", count_visits=True)
    length = 1024
    session = package.session(b=1, s=length, t=length, c=length)
    before = session.visits()
    session.logits(np.random.default_rng(0).integers(3, 97, (1, length)), np.zeros(1, np.int64), t=length)
    got = {key: sum(after[key] - before[k][key] for k, after in session.visits().items()) for key in ("chunks", "visited")}
    assert 0 < got["visited"] <= 0.55 * got["chunks"]
