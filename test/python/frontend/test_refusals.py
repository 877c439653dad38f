"""What a checkpoint of another kind, or of a model that cannot be imported, is told: the field or the line at fault, and what to do."""

import json

import pytest
import torch
import transformers as T

from einfall.frontend import CheckpointError, FrontendError, UnsupportedOpError, import_causal_lm
from einfall.frontend.naming import find_parameters
from einfall.frontend.checkpoint import read_checkpoint

SIZES = dict(vocab_size=97, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)


def saved(model, folder, **fields):
    """The folder of a model, with other fields in its config.json."""
    model.save_pretrained(folder)
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return str(folder)


@pytest.fixture
def llama():
    return T.LlamaForCausalLM(T.LlamaConfig(**SIZES, intermediate_size=48))


def test_an_encoder_with_a_decoder(tmp_path):
    model = T.T5ForConditionalGeneration(T.T5Config(vocab_size=97, d_model=32, num_layers=1, num_heads=2, d_ff=48))
    with pytest.raises(CheckpointError, match=r"config.json: model_type 't5' \(T5ForConditionalGeneration\) is an encoder with a decoder, .*; "
                                              r"import its module.*einfall.compile\(module") as e:
        import_causal_lm(saved(model, tmp_path))
    assert len(str(e.value)) < 400


def test_an_unknown_model_type(tmp_path, llama):
    with pytest.raises(CheckpointError, match=r"config.json: model_type 'phlogiston' is none that transformers .* knows; correct it, or"):
        import_causal_lm(saved(llama, tmp_path, model_type="phlogiston"))


def test_weights_that_are_no_floats_yet(tmp_path, llama):
    with pytest.raises(CheckpointError, match=r"config.json: quantization_config says that the weights are stored as 'mxfp4', which is not "
                                              r"supported; give a checkpoint whose weights are floats"):
        import_causal_lm(saved(llama, tmp_path, quantization_config={"quant_method": "mxfp4"}))


def test_an_expert_is_missing(tmp_path):
    from safetensors.torch import load_file, save_file

    model = T.MixtralForCausalLM(T.MixtralConfig(**SIZES, intermediate_size=48, num_key_value_heads=2, num_local_experts=4))
    folder = saved(model, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    assert "model.layers.0.block_sparse_moe.experts.2.w1.weight" in tensors  # one an expert, under the older name
    for name in ("w1", "w3"):
        tensors.pop(f"model.layers.0.block_sparse_moe.experts.2.{name}.weight")
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"experts.gate_up_proj, made of 6 stored tensors \(model.layers.0.block_sparse_moe.experts.0.w1.weight "
                                              r"in .*model.safetensors, …\): expected shape \[4, 96, 32\], but got \[3, 96, 32\]"):
        import_causal_lm(folder)
    tensors["model.layers.0.block_sparse_moe.experts.0.w1.weight"] = torch.zeros(5, 5)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="transformers cannot make model.layers.0.mlp.experts.gate_up_proj of 6 stored tensors"):
        import_causal_lm(folder)


def test_names_are_those_of_the_file(tmp_path):
    """What is renamed on loading: the package's weights keep the names of the file, which is read where it lies."""
    model = T.GPTNeoXForCausalLM(T.GPTNeoXConfig(**SIZES, intermediate_size=48))
    folder = saved(model, tmp_path)
    text, metadata = import_causal_lm(folder)
    assert 'ein.weight = "embed_out.weight"' in text and "embed_out.weight" in metadata["weights"]
    assert metadata["made_weights"] == [] and metadata["unused_weights"] == []
    found, made = find_parameters(model, read_checkpoint(folder))
    assert found["lm_head.weight"].name == "embed_out.weight" and made == []


def test_a_line_that_needs_data(tmp_path):
    model = T.BioGptForCausalLM(T.BioGptConfig(**SIZES, intermediate_size=48))
    with pytest.raises(FrontendError, match=r"BioGptForCausalLM cannot be traced without its weights at transformers/\S+\.py:\d+: .*; "
                                            r"what a tensor holds is not known there"):
        import_causal_lm(saved(model, tmp_path))


def test_an_op_without_import(tmp_path):
    model = T.MptForCausalLM(T.MptConfig(vocab_size=97, d_model=32, n_heads=2, n_layers=1))
    with pytest.raises(UnsupportedOpError, match=r"aten.slice.Tensor \(1x\) at transformers/models/mpt/modeling_mpt.py:\d+: size expression"):
        import_causal_lm(saved(model, tmp_path))


def test_numbers_that_become_tensors():
    """Of a model on the meta device `torch.tensor(3)` has no value; neither has a list among indices."""
    from einfall.frontend.exporting import export

    class Net(torch.nn.Module):
        def forward(self, x):
            return torch.where(x > 0, x, torch.tensor(0.5, device=x.device))[..., [0, 2]]

    program = export(Net(), (torch.zeros(2, 3, device="meta"),))
    assert all(t.device.type == "cpu" for t in program.constants.values())


def test_a_table_of_both_sizes(tmp_path):
    """A causal mask that the model keeps as a table is sliced by past and length: together they end with it."""
    model = T.GPTNeoForCausalLM(T.GPTNeoConfig(vocab_size=97, hidden_size=32, num_layers=1, num_heads=2, attention_types=[[["global"], 1]],
                                               max_position_embeddings=40))
    text, metadata = import_causal_lm(saved(model, tmp_path))
    assert "40 - t" in text.split("ein.assume", 1)[1].splitlines()[0]
    assert metadata["because"] == {"t": "transformer.wpe.weight has 40 rows"}


@pytest.mark.parametrize("folder, named", [("torch", True), ("site-packages/torch", False), ("dist-packages/torch/nn", False)])
def test_a_folder_of_the_user_called_torch(tmp_path, folder, named):
    from einfall.frontend.errors import source_of

    path = tmp_path / folder / "net.py"
    path.parent.mkdir(parents=True)
    path.write_text("\nraise ValueError\n")
    with pytest.raises(ValueError) as e:
        exec(compile(path.read_text(), str(path), "exec"))
    assert source_of(e.value).endswith(f"{folder}/net.py:2") == named
