"""torch.export for the importers: the exported program, names for its symbolic sizes, values of its constants."""

from __future__ import annotations

import logging
import re
import warnings
from typing import Any, Mapping

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from . import etypes as ty
from .errors import FrontendError, source_of
from .extent import Extent, symbol
from .table import TABLE

_IN_PLACE = re.compile(r"^aten\.(?!detach_|lift)[a-z0-9_]*[a-z0-9]_\.")


class _NumbersStay(TorchFunctionMode):
    """Has the graph of a model on the meta device keep the numbers that the program makes tensors of (`torch.tensor(0.5)`,
    `x[..., [0, 2], :]`): as a tensor of that device, a constant has no value."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.tensor and args and type(args[0]) in (bool, int, float):
            return torch.full((), *args, **(kwargs or {}))
        if func is torch.Tensor.__getitem__ and isinstance(args[1], (list, tuple)):
            args = (args[0], tuple(map(_index, args[1])) if isinstance(args[1], tuple) else _index(args[1]))
        return func(*args, **(kwargs or {}))


def _index(part):
    """A list of numbers among indices as a tensor on the CPU, which keeps them; anything else as it is."""
    return torch.tensor(part, device="cpu") if isinstance(part, list) and part and all(type(n) is int for n in part) else part


def export(module: torch.nn.Module, args: tuple, kwargs: dict | None = None, dynamic_shapes=None) -> torch.export.ExportedProgram:
    """Exports without decompositions; a graph that writes in place is made functional."""
    logging.getLogger("torch.export").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad(), _NumbersStay():
        warnings.simplefilter("ignore")
        try:
            ep = torch.export.export(module, args, kwargs or {}, dynamic_shapes=dynamic_shapes, strict=False)
        except Exception as e:  # torch raises many kinds, all about the user's program
            hint = "\nkeys and values are no result here: set use_cache = False in the model's configuration" if "Cache'>" in str(e) else ""
            raise FrontendError(f"torch.export cannot trace {type(module).__name__}{source_of(e)}: {e}{hint}") from e
        if any(_IN_PLACE.match(str(n.target)) for n in ep.graph.nodes if n.op == "call_function"):
            ep = ep.run_decompositions({})
        return _taken_apart(ep)


def _taken_apart(ep: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """The program with each operation that has no import as PyTorch itself makes it of others, as far as it does. What has an import
    stays whole: its import knows more than the parts would tell (which type a sum has, that an index is inside)."""
    for _ in range(5):  # parts have parts
        parts = {}
        for op in {n.target for m in ep.graph_module.modules() if isinstance(m, torch.fx.GraphModule) for n in m.graph.nodes}:
            if isinstance(op, torch._ops.OpOverload) and op.namespace == "aten" and str(op) not in TABLE:
                made = _parts(op)
                if made is not None:
                    parts[op] = made
        if not parts:
            return ep
        before = [str(n.target) for n in ep.graph.nodes]
        try:
            ep = ep.run_decompositions(parts)
        except Exception:  # the parts of one ask for what tracing does not know: the operation is reported as it is
            return ep
        if [str(n.target) for n in ep.graph.nodes] == before:
            return ep
    return ep


def _parts(op: torch._ops.OpOverload):
    """What PyTorch makes an operation of, or None."""
    from torch._decomp import core_aten_decompositions, decomposition_table
    from torch._export.utils import _collect_all_valid_cia_ops, _get_decomp_for_cia

    if op in _collect_all_valid_cia_ops():
        return _get_decomp_for_cia(op)
    return core_aten_decompositions().get(op) or decomposition_table.get(op)


def suggested_limits(error: str) -> dict[str, int]:
    """The greatest sizes by the names of dimensions that torch.export says it can trace, if it does."""
    return {name: int(most) for name, most in re.findall(r"^\s*(\w+) = Dim\('\w+', (?:min=\d+, )?max=(\d+)\)", error, re.MULTILINE)}


def symbol_names(ep: torch.export.ExportedProgram, args: tuple, kwargs: Mapping[str, Any] | None,
                 dynamic_shapes) -> dict[str, Extent]:
    """Extents for torch's size symbols: named as the user's `Dim`s, else after argument and dimension."""
    spec_leaves = _leaf_specs(args, kwargs or {}, dynamic_shapes)
    names: dict[str, Extent] = {}
    taken: set[str] = set()
    for node, spec in zip(user_inputs(ep), spec_leaves):
        val = node.meta.get("val")
        if not isinstance(val, torch.Tensor):
            continue
        for d, size in enumerate(val.shape):
            expr = size.node.expr if isinstance(size, torch.SymInt) else None
            if expr is None or not expr.is_Symbol or expr.name in names:
                continue
            dim = _of_dimension(spec, d)
            name = getattr(dim, "__name__", None) or f"{node.name}_{d}"
            name = re.sub(r"\W", "_", name)
            while name in taken:
                name += "_"
            taken.add(name)
            names[expr.name] = symbol(name)
    _refuse_derived(ep, spec_leaves, names)
    return names


def declared_limits(ep: torch.export.ExportedProgram, args: tuple, kwargs: Mapping[str, Any] | None,
                    dynamic_shapes) -> dict[str, tuple[int | None, int | None]]:
    """The least and the greatest size that the user's `Dim`s allow, by names of torch's symbols; None where one is open."""
    limits = {}
    for node, spec in zip(user_inputs(ep), _leaf_specs(args, kwargs or {}, dynamic_shapes)):
        val = node.meta.get("val")
        for d, size in enumerate(val.shape if isinstance(val, torch.Tensor) else ()):
            expr, dim = getattr(getattr(size, "node", None), "expr", None), _of_dimension(spec, d)
            if expr is not None and expr.is_Symbol:
                limits[expr.name] = tuple(b if isinstance(b, int) else None for b in (getattr(dim, "min", None), getattr(dim, "max", None)))
    return limits


def _of_dimension(spec, d: int):
    """The entry of dimension `d` in what `dynamic_shapes` says of one argument."""
    return spec.get(d) if isinstance(spec, dict) else spec[d] if isinstance(spec, (tuple, list)) and d < len(spec) else None


def _refuse_derived(ep: torch.export.ExportedProgram, spec_leaves: list, names: Mapping[str, Extent]) -> None:
    """A call tells a size by a dimension that is it; of `2*n` alone, `n` is not known."""
    for node, spec in zip(user_inputs(ep), spec_leaves):
        val = node.meta.get("val")
        for d, size in enumerate(val.shape if isinstance(val, torch.Tensor) else ()):
            expr = size.node.expr if isinstance(size, torch.SymInt) else None
            if expr is None or all(s.name in names for s in expr.free_symbols):
                continue
            dim = _of_dimension(spec, d)
            root = getattr(dim, "root", None)
            whole = getattr(dim, "__name__", expr) if root else expr
            part = getattr(root, "__name__", None) or next(s for s in expr.free_symbols if s.name not in names)
            raise FrontendError(f"dimension {d} of '{node.name}' is derived: it is {whole}, and no dimension of an argument is {part} itself, "
                                f"so calls could not tell {part}. Let an argument have it as a dimension (for 2*n: [n, 2], joined inside the "
                                "module), or fix the size")


def user_inputs(ep: torch.export.ExportedProgram) -> list[torch.fx.Node]:
    """The placeholders of the caller's arguments, in order."""
    held = set(ep.graph_signature.inputs_to_parameters) | set(ep.graph_signature.inputs_to_buffers) \
        | set(ep.graph_signature.inputs_to_lifted_tensor_constants)
    return [n for n in ep.graph.nodes if n.op == "placeholder" and n.name not in held]


def user_outputs(ep: torch.export.ExportedProgram, outputs) -> list:
    """The outputs that the caller gets. Updates of buffers outside the state dict are dropped: such a buffer is scratch,
    written anew by each call. `FrontendError` if the program changes other buffers or its inputs."""
    kinds = torch.export.graph_signature.OutputKind
    out = []
    for spec, value in zip(ep.graph_signature.output_specs, outputs):
        if spec.kind == kinds.USER_OUTPUT:
            out.append(value)
        elif spec.kind != kinds.BUFFER_MUTATION or spec.target not in ep.graph_signature.non_persistent_buffers:
            raise FrontendError(f"the program changes {spec.target or 'an input'}; keep such state outside the module")
    return out


def _leaf_specs(args: tuple, kwargs: Mapping[str, Any], dynamic_shapes) -> list:
    """The dynamic-shape entry of every leaf of the arguments, in placeholder order."""
    leaves: list = []

    def walk(value, spec):
        if isinstance(value, (list, tuple)):
            for k, v in enumerate(value):
                walk(v, spec[k] if isinstance(spec, (list, tuple)) and k < len(spec) else None)
        elif isinstance(value, dict):
            for k, v in value.items():
                walk(v, spec.get(k) if isinstance(spec, dict) else None)
        else:
            leaves.append(spec)

    if isinstance(dynamic_shapes, dict):
        specs = list(dynamic_shapes.values())
        for k, a in enumerate(args):
            walk(a, specs[k] if k < len(specs) else None)
        for name, a in kwargs.items():
            walk(a, dynamic_shapes.get(name))
    else:
        walk(tuple(args) + tuple(kwargs.values()), dynamic_shapes)
    return leaves


def to_numpy(t: torch.Tensor, what: str, where: str = "") -> tuple[np.ndarray, str]:
    """(values, element type); narrow floats come as float32. An error if the tensor has no values; `where` says who needs it."""
    if t.device.type == "meta" or isinstance(t, torch._subclasses.FakeTensor):
        raise FrontendError(f"the value of {what}{where} is not known at import: the model is traced without data, and this tensor is neither "
                            "in the checkpoint nor computed from the configuration; register it as a persistent buffer and save the model "
                            "again, or compute it from numbers where it is used")
    etype = ty.from_torch(t.dtype)
    t = t.detach().cpu()
    return (t.float() if ty.is_float(etype) and ty.bits(etype) < 32 else t).numpy(), etype
