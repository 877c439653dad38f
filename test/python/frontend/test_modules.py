"""Whole modules: BERT, tied weights, errors."""

import numpy as np
import pytest
import torch
from torch.export import Dim

from einfall import EinfallError
from einfall.frontend import FrontendError, UnsupportedOpError, import_module
from einfall.frontend.modules import import_function
from evaluate import Evaluator
from test_ops import Fn, X


def bert():
    import transformers as T

    torch.manual_seed(0)
    config = T.BertConfig(vocab_size=97, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
                          max_position_embeddings=64)
    model = T.BertModel(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.1)
    return model


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask, types):
        out = self.model(input_ids=ids, attention_mask=mask, token_type_ids=types)
        return out.last_hidden_state, out.pooler_output


def test_bert():
    net = Encoder(bert())
    b, s = Dim("b", min=1), Dim("s", min=1, max=64)
    args = (torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 3, dtype=torch.long), torch.zeros(2, 3, dtype=torch.long))
    f = import_function(net, args, {"ids": {0: b, 1: s}, "mask": {0: b, 1: s}, "types": {0: b, 1: s}})
    assert [str(e) for e in f.results[0].value.shape] == ["b", "s", "64"]
    weights = {n: t.detach().numpy() for n, t in net.state_dict().items()}
    exact = net.double()
    for b, s in [(1, 1), (2, 7), (3, 30)]:
        rng = np.random.default_rng(s)
        ids, types = rng.integers(0, 97, [b, s]), rng.integers(0, 2, [b, s])
        mask = (np.arange(s)[None] < np.maximum(s - np.arange(b)[:, None] * 2, 1)).astype(np.int64)
        got = Evaluator().run(f, {"ids": ids, "mask": mask, "types": types} | weights, {"b": b, "s": s})
        with torch.no_grad():
            want = exact(*map(torch.from_numpy, (ids, mask, types)))
        for g, w in zip(got, want):
            np.testing.assert_allclose(g, w, atol=1e-4 * w.abs().max().item())


def test_text_of_a_module():
    text = import_module(torch.nn.Linear(4, 3), (X(2, 4),), {"input": {0: Dim("n", min=1)}})
    assert '{ein.weight = "weight"}' in text and '{ein.name = "input"}' in text
    assert "func.func @main(" in text and "reduce [i: add]" in text
    assert "!ein.tensor<[n, 3], f32>" in text


def test_tied_weights_appear_once():
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(9, 4)
            self.head = torch.nn.Linear(4, 9, bias=False)
            self.head.weight = self.table.weight

        def forward(self, ids):
            return self.head(self.table(ids))

    text = import_module(Tied(), (torch.zeros(3, dtype=torch.long),))
    assert text.count("ein.weight") == 1


def test_every_unsupported_op_is_named():
    class Net(torch.nn.Module):
        def forward(self, x):
            y = torch.linalg.inv(x)
            z = torch.fft.fft(y).abs()
            return torch.linalg.inv(z) + y

    with pytest.raises(UnsupportedOpError) as e:
        import_module(Net(), (X(3, 3),))
    names = {op.name: op for op in e.value.ops}
    assert names["aten.linalg_inv_ex.default"].count == 2  # what PyTorch makes linalg.inv of
    assert len(names["aten.linalg_inv_ex.default"].sources) == 2
    assert any("fft" in n for n in names)
    assert "test_modules.py:" in str(e.value)


def test_known_op_with_unsupported_arguments():
    with pytest.raises(UnsupportedOpError, match="where the maxima of a pool are"):
        import_module(Fn(lambda x: torch.nn.functional.max_pool2d(x, 2, return_indices=True)), (X(3, 4, 4),))


def test_data_dependent_size():
    with pytest.raises(FrontendError):
        import_module(Fn(lambda x: x[x > 0]), (X(3, 3),))


class Pairs(torch.nn.Module):
    def forward(self, x):
        b, t, d = x.shape
        return x.view(b, t // 2, 2 * d).exp()


class Both(torch.nn.Module):
    def forward(self, x, y):
        return x.sum() + y.sum()


def test_a_size_that_no_dimension_tells():
    t = Dim("t2")
    with pytest.raises(EinfallError, match=r"dimension 1 of 'x' is derived: it is 2\*t2, and no dimension of an argument is t2 itself"):
        import_module(Pairs(), (X(2, 6, 4),), ({1: 2 * t},))
    # Where another dimension is that size, the derived one is checked against it.
    text = import_module(Both(), (X(6), X(3)), ({0: 2 * t}, {0: t}))
    assert "%x: !ein.tensor<[2 * t2], f32>" in text, text


def test_an_element_type_without_counterpart():
    with pytest.raises(EinfallError, match="'x' cannot be imported: element type torch.complex64"):
        import_module(Both(), (X(2).to(torch.complex64), X(2)))


def test_training_dropout_is_dropped():
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5))
    assert "main" in import_module(net, (X(2, 4),))


def test_a_cache_as_result_says_what_to_do():
    import transformers as T

    config = T.GPT2Config(vocab_size=31, n_embd=16, n_layer=1, n_head=2, n_positions=16)
    ids = torch.arange(6)[None]
    with pytest.raises(FrontendError, match="use_cache = False"):
        import_module(T.GPT2LMHeadModel(config).eval(), (ids,))
    config.use_cache = False
    assert "ein.entry" in import_module(T.GPT2LMHeadModel(config).eval(), (ids,))
