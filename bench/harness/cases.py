"""Benchmark cases from the files of `bench/cases`, one file a group."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

from . import models

FOLDER = Path(__file__).resolve().parents[1] / "cases"
TYPES = {"f32": 4, "bf16": 2, "f16": 2, "i8": 1, "u8": 1}
PROGRAMS = {
    "linear": ("rows", "columns", "depth"),
    "matmul": ("rows", "columns", "depth"),
    "batched": ("batch", "rows", "columns", "depth"),
    "int_linear": ("rows", "columns", "depth"),
    "rmsnorm": ("rows", "columns"),
    "layernorm": ("rows", "columns"),
    "softmax": ("rows", "columns"),
    "attention": ("heads", "kv_heads", "length", "size"),
    "decode_attention": ("heads", "kv_heads", "length", "size"),
    "text_model": ("tokens",),
    "image_model": ("side",),
    "norm_qkv_rope": ("tokens", "width", "heads", "kv_heads", "size"),
    "norm_swiglu": ("tokens", "width", "inner"),
    "head_loss": ("tokens", "width", "vocabulary"),
    "decode": ("prompt", "new"),
    "prefill": ("prompt",),
    "logits": ("prompt",),
    "grown_prefill": ("layers", "batch", "length", "threads"),
    "grown_decode": ("layers", "batch", "length", "threads"),
}
MODELS = ("decode", "prefill", "logits")
WHOLE = ("text_model", "image_model")
# One language model at many sizes: how time and memory grow. Einfall alone runs these.
GROWN = ("grown_prefill", "grown_decode")
# Weights that a cascade of a decoder layer multiplies each token by.
CASCADES = {
    "norm_qkv_rope": lambda s: s["width"] * s["size"] * (s["heads"] + 2 * s["kv_heads"]),
    "norm_swiglu": lambda s: 3 * s["width"] * s["inner"],
    "head_loss": lambda s: s["width"] * s["vocabulary"],
}
OPTIONAL = {"types", "program", "memory", "quick", "causal", "model"}


class CaseError(ValueError):
    """A file of cases that does not say what it should."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing to measure.

    sizes    the numbers that the program takes, by name
    memory   it claims bandwidth of memory: its buffers go beyond the caches together
    """

    group: str
    program: str
    type: str
    sizes: dict
    memory: bool = False
    quick: bool = False
    causal: bool = False
    model: str | None = None

    @property
    def layered(self) -> str:
        """The model of a grown case, with as many layers as it says."""
        return f"{self.model}@{self.sizes['layers']}"

    @property
    def name(self) -> str:
        shape = "x".join(str(v) for v in self.sizes.values())
        model = f" {Path(self.model).name}" if self.model else ""
        return f"{self.program}{' causal' if self.causal else ''}{model} {shape} {self.type}"

    def asdict(self) -> dict:
        return dataclasses.asdict(self) | {"name": self.name}

    @property
    def tokens(self) -> int:
        """Rows of a whole model's activations: an image has one a patch and one for its class."""
        if self.program == "image_model":
            return (self.sizes["side"] // models.recipe(self.model)["patch_size"]) ** 2 + 1
        return self.sizes["tokens"]

    @property
    def flops(self) -> float:
        """Multiplications and additions of one call, counted as the algebra has them."""
        s = self.sizes
        if self.program in WHOLE:
            return models.encoder_work(self.model, self.tokens)[0]
        if self.program in CASCADES:
            return 2.0 * s["tokens"] * CASCADES[self.program](s)
        if self.program in ("linear", "matmul", "batched", "int_linear"):
            return 2.0 * s.get("batch", 1) * s["rows"] * s["columns"] * s["depth"]
        if self.program == "attention":
            return 4.0 * s["heads"] * s["length"] ** 2 * s["size"] * (0.5 if self.causal else 1)
        if self.program == "decode_attention":
            return 4.0 * s["heads"] * s["length"] * s["size"]
        if self.program in GROWN:
            tokens = s["length"] if self.program == "grown_prefill" else 1
            return s["batch"] * models.grown_flops(self.layered, tokens, s["length"])
        if self.program in MODELS:
            tokens = 1 if self.program == "decode" else s["prompt"]
            return models.flops(self.model, tokens, tokens if self.program == "logits" else 1)
        return 0.0

    @property
    def bytes_read(self) -> float:
        """Bytes that have to be read at least once."""
        s, width = self.sizes, TYPES[self.type]
        if self.program in ("linear", "matmul", "batched", "int_linear"):
            return width * s.get("batch", 1) * s["depth"] * (s["rows"] + s["columns"])
        if self.program == "attention":
            return width * s["length"] * s["size"] * (s["heads"] + 2 * s["kv_heads"])
        if self.program == "decode_attention":
            return width * s["size"] * (s["heads"] + 2 * s["kv_heads"] * s["length"])
        if self.program in GROWN:
            past = s["batch"] * s["length"] * models.cached_bytes(self.layered, width)
            return float(models.weight_bytes(self.layered)) + past
        if self.program in MODELS:
            return float(models.weight_bytes(self.model))
        if self.program in WHOLE:
            return width * models.encoder_work(self.model, self.tokens)[1]
        if self.program in CASCADES:
            return width * (CASCADES[self.program](s) + s["tokens"] * s["width"])
        return width * s["rows"] * s["columns"]

    @property
    def bytes_written(self) -> float:
        s, width = self.sizes, TYPES[self.type]
        if self.program in ("linear", "matmul", "batched"):
            return width * s.get("batch", 1) * s["rows"] * s["columns"]
        if self.program == "int_linear":
            return 4 * s["rows"] * s["columns"]
        if self.program in ("attention", "decode_attention"):
            return width * s["heads"] * s["size"] * (s["length"] if self.program == "attention" else 1)
        if self.program in (*MODELS, *WHOLE, *CASCADES, *GROWN):
            return 0.0
        return width * s["rows"] * s["columns"]

    def copies(self, last_level_cache: int) -> int:
        """How many of it, on different buffers, make one call.

        A case of memory needs to read four times the last cache, so that nothing is found there again: what is stored
        past the caches takes no room there. A short one is repeated until a call is longer than what calling costs.
        """
        if self.program in (*MODELS, *WHOLE, *CASCADES, *GROWN):
            return 1
        if self.memory:
            return max(1, -int(-4 * last_level_cache // self.bytes_read))
        return max(1, min(16, int(2e8 // max(self.flops, 1))))


def groups() -> list[str]:
    return sorted(p.stem for p in FOLDER.glob("*.json"))


def load(group: str, folder: Path = FOLDER) -> list[Case]:
    """The cases of a group, one a type. Raises `CaseError`."""
    path = folder / f"{group}.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CaseError(f"there is no group '{group}'; there are {', '.join(groups())}") from None
    except ValueError as e:
        raise CaseError(f"{path}: {e}") from None
    cases = []
    for number, entry in enumerate(data["cases"]):
        cases += _expand(group, {**data.get("defaults", {}), **entry}, f"{path}, case {number}")
    return cases


def _points(sizes: dict) -> list[dict]:
    """Sizes given as lists, one point for each choice of them."""
    keys = list(sizes)
    choices = [v if isinstance(v, list) else [v] for v in sizes.values()]
    return [dict(zip(keys, point)) for point in itertools.product(*choices)]


def _expand(group: str, entry: dict, where: str) -> list[Case]:
    program = entry.get("program")
    if program not in PROGRAMS:
        raise CaseError(f"{where}: expected a program of {', '.join(PROGRAMS)}, but got {program!r}")
    wanted = PROGRAMS[program]
    known = OPTIONAL | {s for sizes in PROGRAMS.values() for s in sizes}
    if wrong := [k for k in entry if k not in known]:
        raise CaseError(f"{where}: unknown key {wrong[0]!r}")
    sizes = {}
    for key in wanted:
        given = entry.get(key)
        listed = given if isinstance(given, list) and given else [given]
        if any(not isinstance(v, int) or v < 1 for v in listed):
            raise CaseError(f"{where}: {program} needs {key}, a positive number or a list of them, but got {given!r}")
        sizes[key] = given
    types = entry.get("types", [])
    if not types or any(t not in TYPES for t in types):
        raise CaseError(f"{where}: expected types of {', '.join(TYPES)}, but got {types!r}")
    if program in (*MODELS, *WHOLE, *GROWN) and not entry.get("model"):
        raise CaseError(f"{where}: {program} needs a model")
    flags = {key: bool(entry.get(key, False)) for key in ("memory", "quick", "causal")}
    return [Case(group, program, t, point, model=entry.get("model"), **flags) for t in types for point in _points(sizes)]
