"""Import of a Hugging Face causal language model: one export, three entry points, the cache as state.

The model is built on the meta device from config.json; weights are known by the headers of their files only. The
cascade's sizes are b (batch), s (tokens of this call), t (slots in use after it, `t >= s`) and c (capacity of the
cache). Slot `j` of row `i` holds token `j - start[i]` of that row's text; slots before `start[i]` are padding on the left.
"""

from __future__ import annotations

import dataclasses
import json
import os
import warnings

import torch
import transformers

from . import etypes as ty
from . import scalar as S
from .builder import Builder
from .checkpoint import Stored, read_checkpoint
from .context import Symbols
from .errors import CheckpointError, FrontendError, one_line, source_of
from .exporting import export, suggested_limits, user_inputs, user_outputs
from .extent import Extent, rank, symbol
from .importer import GraphImporter
from .ir import Function, Result, Tensor, argument, identity
from .modules import DTYPES, Inputs
from .naming import Made, find_parameters
from .printer import module_text
from .reach import because
from .states import StateLayer, buffer_values, lazy_values, probe_states

B, SLOTS, NEW, CAPACITY = symbol("b"), symbol("t"), symbol("s"), symbol("c")


def import_causal_lm(model_dir: str, dtype: str = "auto", *, locations: bool = True) -> tuple[str, dict]:
    """(module text, metadata) of a causal LM folder with config.json and safetensors files.

    dtype   type of activations and of the cache: "f32", "bf16", "f16", or "auto" for the checkpoint's. Weights keep
            their stored type

    Entry points, with ids i64[b, s] and start i64[b] (number of padding slots on the left of each row):
      @logits -> f32[b, s, V]       @next -> f32[b, V], of the last slot       @nll -> f32[b, s - 1], in nats
      @step, which is @next of one token, s = 1: a step of decoding has kernels of its own
    each taking and returning the states k0, v0, k1, … of [b, heads, c, head size]. The caller passes t.
    Raises `CheckpointError` (files, missing or misshapen weights), `UnsupportedOpError`, `FrontendError`.
    """
    functions, metadata = import_functions(model_dir, dtype)
    return module_text(functions, locations), metadata


def import_functions(model_dir: str, dtype: str = "auto") -> tuple[list[Function], dict]:
    """As `import_causal_lm`, as objects."""
    config = _config(model_dir)
    _check_kind(config, os.path.join(model_dir, "config.json"))
    checkpoint = read_checkpoint(model_dir)
    act = _activation_type(config, checkpoint, dtype)
    model = build_model(config, DTYPES[act])
    found, made = find_parameters(model, checkpoint)
    names = weight_names(model, found, made, model_dir)
    stored = {t.name: t for t in found.values()}
    values = buffer_values(model)
    with lazy_values(model, values):
        states = probe_states(model)
    ep, limits = _export(model, states)
    lm = _LanguageModel(ep, names, stored, values, states, limits)
    functions = lm.functions()
    try:
        functions.append(_LanguageModel(ep, names, stored, values, states, limits, Extent.of(1)).step())
    except FrontendError:
        pass  # a model may need two tokens at a time; decoding takes @next then
    return functions, _metadata(model_dir, config, act, lm, checkpoint, made, functions)


# -- the model on the meta device -----------------------------------------------------------------------


def _config(model_dir: str):
    path = os.path.join(model_dir, "config.json")
    if not os.path.exists(path):
        raise CheckpointError(f"{path} does not exist; expected a Hugging Face model folder")
    try:
        return transformers.AutoConfig.from_pretrained(model_dir, local_files_only=True)
    except Exception as e:
        raise CheckpointError(_unknown_type(path) or f"{path} cannot be used: {one_line(e)}") from e


_ELSE = "import its module, or the parts that it calls, with einfall.compile(module, args=…)"


def _unknown_type(path: str) -> str | None:
    """What is wrong with the field model_type, if that is what is wrong."""
    try:
        with open(path, encoding="utf-8") as f:
            kind = json.load(f)["model_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if kind in transformers.CONFIG_MAPPING:
        return None
    return (f"{path}: model_type {kind!r} is none that transformers {transformers.__version__} knows; correct it, or {_ELSE}")


def _check_kind(config, path: str) -> None:
    """Refuses models that are no decoder of text, and weights that are no numbers yet."""
    if config.model_type not in transformers.models.auto.modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        made = " or ".join(config.architectures or []) or "no language model"
        what = "an encoder with a decoder" if getattr(config, "is_encoder_decoder", False) else "no causal language model"
        raise CheckpointError(f"{path}: model_type {config.model_type!r} ({made}) is {what}, and folders are compiled of causal language "
                              f"models; {_ELSE}")
    quantised = getattr(config, "quantization_config", None)
    if quantised:
        method = quantised.get("quant_method") if isinstance(quantised, dict) else getattr(quantised, "quant_method", None)
        raise CheckpointError(f"{path}: quantization_config says that the weights are stored as {getattr(method, 'value', method)!r}, which is "
                              "not supported; give a checkpoint whose weights are floats")


def _activation_type(config, checkpoint: dict[str, Stored], dtype: str) -> str:
    if dtype != "auto":
        if dtype not in DTYPES:
            raise FrontendError(f'dtype must be "auto", "f32", "bf16" or "f16", but got {dtype!r}')
        return dtype
    named = getattr(config, "dtype", None)
    named = getattr(torch, named) if isinstance(named, str) else named
    if named is not None:
        return ty.from_torch(named)
    return next((t.etype for t in checkpoint.values() if ty.is_float(t.etype)), "f32")


#: How experts are written in the graph: each token's matrices by its indices, with no size that depends on the data.
_EXPERTS = "batched_mm"


def build_model(config, dtype: torch.dtype) -> torch.nn.Module:
    """The model without memory for weights; its floating parameters claim `dtype`."""
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return transformers.AutoModelForCausalLM.from_config(config, dtype=dtype, experts_implementation=_EXPERTS).eval()
    except Exception as e:
        raise FrontendError(f"transformers cannot build a causal LM of type {config.model_type!r}{source_of(e)}: {one_line(e)}; correct "
                            "config.json") from e


def weight_names(model: torch.nn.Module, found: dict[str, Stored], made: list[Made], folder: str) -> dict[str, str]:
    """The name of what `find_parameters` found for each parameter and persistent buffer; tied ones share one. Checks shapes."""
    alias: dict[int, list[str]] = {}
    everything = [*model.named_parameters(remove_duplicate=False),
                  *((n, b) for n, b in model.named_buffers(remove_duplicate=False) if n in model.state_dict().keys())]
    for name, t in everything:
        alias.setdefault(id(t), []).append(name)
    origin = {one.name: one.described() for one in made}
    names: dict[str, str] = {}
    missing, wrong = [], []
    for name, t in everything:
        stored = next((found[c] for c in (name, *alias[id(t)]) if c in found), None)
        if stored is None:
            missing.append(f"{name} {list(t.shape)}")
            continue
        place = f"{stored.name} in {stored.file}" if stored.file else f"{stored.name}, made of {origin.get(stored.name, 'stored tensors')}"
        if stored.shape != tuple(t.shape):
            wrong.append(f"{place}: expected shape {list(t.shape)}, but got {list(stored.shape)}")
        elif ty.to_torch(stored.etype) is None:
            wrong.append(f"{place}: element type {stored.etype} is not supported")
        elif t.is_floating_point() != ty.is_float(stored.etype):
            wrong.append(f"{place}: expected {'floats' if t.is_floating_point() else 'integers'}, but got {stored.etype}")
        names[name] = stored.name
    if missing or wrong:
        lines = [f"the weights in {folder} do not fit its config.json:"]
        lines += [f"  missing: {m}" for m in missing[:20]] + ([f"  and {len(missing) - 20} more"] if len(missing) > 20 else [])
        lines += [f"  {w}" for w in wrong[:20]]
        raise CheckpointError("\n".join(lines))
    return names


# -- export ---------------------------------------------------------------------------------------------


class _Step(torch.nn.Module):
    """One call: appends `ids` to the cache and returns logits and the cache's new contents."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, ids, start, *kv):
        from transformers.cache_utils import Cache

        past, new = kv[0].shape[2], ids.shape[1]
        slot = past + torch.arange(new, device=ids.device)
        position = (slot[None] - start[:, None]).clamp(min=0)
        mask = torch.arange(past + new, device=ids.device)[None] >= start[:, None]
        cache = Cache(layers=[StateLayer(kv[k], kv[k + 1]) for k in range(0, len(kv), 2)])
        out = self.model(input_ids=ids, attention_mask=mask, position_ids=position, past_key_values=cache, use_cache=True)
        return (out.logits, *(x for layer in cache.layers for x in (layer.keys, layer.values)))


def _export(model: torch.nn.Module, states) -> tuple[torch.export.ExportedProgram, dict[str, int]]:
    """The program, and what torch limits of the sizes s and p (past) for the sake of a table that ends."""
    try:
        return _export_within(model, states, {}), {}
    except FrontendError as e:
        limits = suggested_limits(str(e))
        if not limits or not set(limits) <= {"s", "p"}:
            raise
    return _export_within(model, states, limits), limits


def _export_within(model: torch.nn.Module, states, limits: dict[str, int]) -> torch.export.ExportedProgram:
    b, s, p = (torch.export.Dim(n, min=1, max=limits.get(n)) for n in "bsp")
    meta = {"device": "meta"}
    kv = [torch.zeros(2, st.heads, 5, st.size, dtype=ty.to_torch(st.etype), **meta) for st in states]
    args = (torch.zeros(2, 3, dtype=torch.long, **meta), torch.zeros(2, dtype=torch.long, **meta), *kv)
    shapes = {"ids": {0: b, 1: s}, "start": {0: b}, "kv": tuple({0: b, 2: p} for _ in kv)}
    return export(_Step(model), args, dynamic_shapes=shapes)


@dataclasses.dataclass
class _State:
    """One state while its graph is imported: the argument, what holds its past, and its updated value."""

    argument: Tensor
    past: Tensor
    updated: Tensor | None = None
    seen: Tensor | None = None  # the updated value over the slots in use


class _LanguageModel:
    """The imported graph, for `new` tokens a call, and the entry points made of it."""

    def __init__(self, ep, names: dict[str, str], stored: dict[str, Stored], values: dict[str, torch.Tensor], states,
                 limits: dict[str, int], new: Extent = NEW):
        self.new = new
        self.b = Builder()
        self.ep, self.specs = ep, states
        nodes = user_inputs(ep)
        ids, past = nodes[0].meta["val"].shape, nodes[2].meta["val"].shape[2]
        sizes = [(ids[0], B), (ids[1], self.new), (past, SLOTS - self.new)]
        if any(not isinstance(k, torch.SymInt) for k, _ in sizes):
            raise FrontendError("the model fixes the batch, the number of tokens or the past length while it is traced")
        self.importer = GraphImporter(self.b, Symbols({k.node.expr.name: e for k, e in sizes}))
        cx = self.importer.cx
        cx.append_state, cx.assume = self.append, {"t": self.new + symbol("past")}
        etypes = {name: t.etype for name, t in stored.items()}
        rename = lambda n: names.get(n.removeprefix("model."), n.removeprefix("model."))  # noqa: E731
        self.inputs = Inputs(ep, self.importer, etypes, {f"model.{n}": v for n, v in values.items()}, rename)
        self.states: list[_State] = []
        self.user = {n.name: k for k, n in enumerate(nodes)}
        logits, *kv = user_outputs(ep, self.importer.run(ep.graph_module, self.placeholder))
        self.logits = self.b.cast(logits, "f32")
        self._check_states(kv)
        self._heed(limits)

    # -- inputs and states ----------------------------------------------------------------------

    def placeholder(self, node: torch.fx.Node):
        k = self.user.get(node.name)
        if k is None:
            return self.inputs(node)
        if k == 0:
            self.ids = argument("input", "ids", [B, self.new], "i64", ["b", "s"], "ids", range=[0, self.vocabulary])
            return self.ids
        if k == 1:
            self.start = argument("input", "start", [B], "i64", ["b"], "start", range=[0, 1 << 31])
            return self.start
        spec = self.specs[k - 2]
        shape = [B, Extent.of(spec.heads), CAPACITY, Extent.of(spec.size)]
        state = argument("state", spec.name, shape, spec.etype, ["b", "h", "t", "d"], spec.name)
        self.b.hint, self.b.loc = f"{spec.name}_past", None
        past = self.b.view(state, identity(4), [B, shape[1], SLOTS - self.new, shape[3]], ["b", "h", "t", "d"])
        self.states.append(_State(state, past))
        return past

    @property
    def vocabulary(self) -> int:
        return self.importer.cx.extent(user_outputs(self.ep, self.ep.graph.output_node().args[0])[0].meta["val"].shape[-1]).const

    def append(self, past: Tensor, new: Tensor, dim: int) -> Tensor | None:
        """The hook of `cat`: appending to a state's past updates the state and reads it back."""
        state = next((s for s in self.states if s.past is past), None)
        if state is None or dim != 2:
            return None
        if state.updated is not None:
            raise FrontendError(f"the model appends twice to the state {state.argument.op.name}")
        new = self.b.cast(new, past.etype)
        at = [rank(0), rank(1), rank(2) + (SLOTS - self.new), rank(3)]
        self.b.hint = f"{state.argument.op.name}_new"
        state.updated = self.b.update(state.argument, at, new)
        shape = [past.shape[0], past.shape[1], SLOTS, past.shape[3]]
        self.b.hint = f"{state.argument.op.name}_all"
        state.seen = self.b.view(state.updated, identity(4), shape, ["b", "h", "t", "d"])
        return state.seen

    def _check_states(self, kv: list[Tensor]) -> None:
        for state, out in zip(self.states, kv):
            if state.seen is not out:
                raise FrontendError(f"the model does not return its cache {state.argument.op.name} as past and new appended")

    def _heed(self, limits: dict[str, int]) -> None:
        """Makes needs of the limits that torch found. It takes each of two sizes to be 2 at least, so of a table for t = s + past
        it finds two less for each: then the table's own end is the limit."""
        needs = self.importer.cx.needs
        for name, most in limits.items():
            if not any((e + SLOTS).const is not None and (e + SLOTS).const <= most + 2 for e in needs):
                needs[most - (self.new if name == "s" else SLOTS - self.new)] = "torch.export found no program for more"

    # -- entry points ---------------------------------------------------------------------------

    def functions(self) -> list[Function]:
        self.b.loc = None
        return [self._function("logits", self.logits), self._function("next", self.last(), self.new - 1), self._function("nll", self.nll())]

    def step(self) -> Function:
        return self._function("step", self.last())

    def _function(self, name: str, value: Tensor, *assume: Extent) -> Function:
        args = [self.ids.op, self.start.op, *(s.argument.op for s in self.states), *self.inputs.arguments()]
        results = [Result(value, {"nll": "nll"}.get(name, "logits"))]
        results += [Result(s.updated, state=s.argument.op.name) for s in self.states]
        return Function(name, args, results, params=["t"], assume=[SLOTS - self.new, CAPACITY - SLOTS, *self.importer.cx.needs, *assume])

    def last(self) -> Tensor:
        """Logits [b, v] of the last slot."""
        self.b.hint = "last"
        return self.b.view(self.logits, [rank(0), self.new - 1, rank(1)], [B, self.logits.shape[2]], ["b", "v"])

    def nll(self) -> Tensor:
        """[b, s - 1]: log of the sum of exp(logits[b, i, :]) minus logits[b, i, ids[b, i + 1]]."""
        b, vocab = self.b, self.logits.shape[2]
        b.hint = "scored"
        x = b.view(self.logits, identity(3), [B, self.new - 1, vocab], ["b", "i", "v"])
        b.hint = "top"
        top = b.reduce(x, [2], "max")
        at = [identity(3), identity(2)]
        b.hint = "exps"
        shift = S.exp(S.sub(S.arg(0, "f32"), S.arg(1, "f32")))
        exps = b.einsum([x, top], at, x.shape, x.labels, shift)
        b.hint = "total"
        total = b.reduce(exps, [2], "add")
        b.hint = "target"
        target = b.einsum([self.ids, x], [[rank(0), rank(1) + 1], [rank(0), rank(1), Extent.atom("$0")]],
                          [B, self.new - 1], ["b", "i"], S.arg(1, "f32"), coords=[0, None])
        b.hint = "nll"
        return b.map(lambda l, m, g: S.sub(S.add(S.log(l), m), g), [total, top, target])


def _generation_settings(model_dir: str) -> dict:
    path = os.path.join(model_dir, "generation_config.json")
    if not os.path.exists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as f:
            settings = json.load(f)
    except (OSError, ValueError, RecursionError) as e:
        raise CheckpointError(f"{path} cannot be used: {one_line(e)}") from e
    if not isinstance(settings, dict):
        raise CheckpointError(f"{path} cannot be used: expected an object, but got {type(settings).__name__}")
    return settings


def _metadata(model_dir: str, config, act: str, lm: _LanguageModel, checkpoint: dict[str, Stored], made: list[Made],
              functions) -> dict:
    """What the driver and the package need beside the text; sizes in elements, offsets in bytes."""
    live = {a.name for a in functions[0].live_args() if a.kind == "weight"}
    weights = {n: t for n, t in checkpoint.items() if n in live}
    sources = {t.name for one in made for _, t in one.sources}
    text = config.get_text_config()
    generation = _generation_settings(model_dir)
    eos = generation.get("eos_token_id", getattr(text, "eos_token_id", None))
    return {
        "model_type": config.model_type,
        "dtype": act,
        "vocab_size": int(lm.vocabulary),
        "max_positions": getattr(text, "max_position_embeddings", None),
        "symbols": {"b": "rows of the batch", "s": "tokens of the call", "t": "tokens of the text so far", "c": "slots of the cache"},
        "because": because(lm.importer.cx.needs),
        "bos_token_id": generation.get("bos_token_id", getattr(text, "bos_token_id", None)),
        "eos_token_ids": eos if isinstance(eos, list) else [] if eos is None else [eos],
        "generation": generation,
        "states": [{"name": s.name, "heads": s.heads, "size": s.size, "etype": s.etype} for s in lm.specs],
        "weights": {n: dataclasses.asdict(t) for n, t in weights.items()},
        "made_weights": made,
        "unused_weights": sorted(set(checkpoint) - set(weights) - sources),
        "entries": [f.name for f in functions],
    }
