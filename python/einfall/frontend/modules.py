"""Import of any `torch.nn.Module` as one entry point."""

from __future__ import annotations

import copy
from typing import Any, Mapping

import torch

from ..arguments import activations
from . import etypes as ty
from .builder import Builder
from .context import Symbols
from .exporting import declared_limits, export, symbol_names, to_numpy, user_outputs
from .guards import need_traced
from .importer import GraphImporter
from .ir import Function, Result, Tensor, argument, default_labels
from .printer import module_text
from .ranges import settle
from .reach import because

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "f64": torch.float64}


def import_module(module: torch.nn.Module, example_args: tuple, dynamic_shapes=None, dtype: str | None = None, *,
                  example_kwargs: Mapping[str, Any] | None = None, name: str = "main", locations: bool = True) -> str:
    """The module's forward as `ein` text with one entry `@main`.

    example_args   tensors of the call; their sizes hold for dimensions that `dynamic_shapes` does not free
    dynamic_shapes as for `torch.export.export`; give dynamic dimensions example sizes of 2 or more. Calls with sizes for which
                   the module branches otherwise, or that are not its `Dim`s', are refused
    dtype          "f32", "bfloat16", `torch.float16`, …: the type of activations; None leaves the module's own. Floating
                   inputs arrive in it; parameters keep the type they are stored in and widen where they are read
    Parameters and persistent buffers are weights named as in `state_dict()`; the caller saves them.
    Raises `UnsupportedOpError` with every operation that has no import, `FrontendError` if export fails.
    """
    return module_text([import_function(module, example_args, dynamic_shapes, dtype, example_kwargs, name)], locations)


def import_function(module: torch.nn.Module, example_args: tuple, dynamic_shapes=None, dtype: str | None = None,
                    example_kwargs: Mapping[str, Any] | None = None, name: str = "main") -> Function:
    """As `import_module`, as objects."""
    stored = {n: ty.from_torch(t.dtype) for n, t in module.state_dict(keep_vars=True).items()}
    args, kwargs = tuple(example_args), dict(example_kwargs or {})
    dtype = "auto" if dtype is None else activations(dtype)
    if dtype != "auto":
        module = copy.deepcopy(module).to(DTYPES[dtype])
        args, kwargs = (torch.utils._pytree.tree_map(lambda v: _to(v, DTYPES[dtype]), v) for v in (args, kwargs))
    module.eval()
    ep = export(module, args, kwargs, dynamic_shapes)
    builder = Builder()
    importer = GraphImporter(builder, Symbols(symbol_names(ep, args, kwargs, dynamic_shapes)))
    inputs = Inputs(ep, importer, stored)
    tensors = [o for o in user_outputs(ep, importer.run(ep.graph_module, inputs)) if isinstance(o, Tensor)]
    need_traced(importer.cx, ep, declared_limits(ep, args, kwargs, dynamic_shapes))
    results = [builder.cast(t, t.logical) for t in tensors]
    names = [None] if len(results) == 1 else range(len(results))
    function = Function(name, inputs.arguments(), [Result(t, "result" if n is None else f"result{n}") for n, t in zip(names, results)],
                        assume=list(importer.cx.needs), because=because(importer.cx.needs))
    settle(importer.cx, function)
    return function


def _to(value, dtype: torch.dtype):
    return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value


class Inputs:
    """Values of an exported program's placeholders: weights, literals and the caller's arguments.

    stored   element type of each weight as it is stored, by its name
    values   buffers whose values are known although no checkpoint holds them
    rename   the checkpoint's name of a weight of the exported module
    """

    def __init__(self, ep: torch.export.ExportedProgram, importer: GraphImporter, stored: Mapping[str, str],
                 values: Mapping[str, torch.Tensor] | None = None, rename=lambda n: n):
        self.ep, self.importer, self.cx, self.b = ep, importer, importer.cx, importer.b
        self.stored, self.values, self.rename = stored, values or {}, rename
        self.inputs: list[Tensor] = []
        self.weights: dict[str, Tensor] = {}

    def arguments(self) -> list:
        return [t.op for t in (*self.inputs, *self.weights.values())]

    def __call__(self, node: torch.fx.Node):
        sig = self.ep.graph_signature
        val = node.meta.get("val")
        if node.name in sig.inputs_to_parameters:
            return self.weight(node, sig.inputs_to_parameters[node.name])
        if node.name in sig.inputs_to_buffers:
            target = sig.inputs_to_buffers[node.name]
            name = self.rename(target)
            if target not in sig.non_persistent_buffers and name in self.stored:
                return self.weight(node, target)
            value = self.values.get(target, self.ep.constants.get(target))
            return self.literal(node, value if value is not None else self.ep.state_dict.get(target), name)
        if node.name in sig.inputs_to_lifted_tensor_constants:
            target = sig.inputs_to_lifted_tensor_constants[node.name]
            return self.literal(node, self.values.get(target, self.ep.constants[target]), target)
        if not isinstance(val, torch.Tensor):
            return val
        return self.user(node, val)

    def place(self, node: torch.fx.Node) -> str:
        """The first line of the user's program that reads a placeholder, in words."""
        found = next((s for s in map(self.importer.source, node.users) if s), None)
        return f", which {found[0]}:{found[1]} reads," if found else ""

    def user(self, node: torch.fx.Node, val: torch.Tensor) -> Tensor:
        shape = self.cx.shape(val)
        t = argument("input", node.name, shape, ty.from_torch(val.dtype), default_labels(shape), node.name)
        self.inputs.append(t)
        return t

    def weight(self, node: torch.fx.Node, target: str) -> Tensor:
        """The argument for a parameter; tied parameters share one."""
        name = self.rename(target)
        if name not in self.weights:
            val = node.meta["val"]
            logical = ty.from_torch(val.dtype)
            labels = {1: ["d"], 2: ["f", "d"]}.get(val.dim(), [])
            shape = self.cx.shape(val)
            self.weights[name] = argument("weight", name, shape, self.stored.get(name, logical),
                                          default_labels(shape, labels), "w_" + name, logical)
        return self.weights[name]

    def literal(self, node: torch.fx.Node, value: torch.Tensor, name: str) -> Tensor:
        data, etype = to_numpy(value, f"buffer {name}", self.place(node))
        self.b.loc, self.b.hint = None, name.split(".")[-1]
        return self.b.constant(data, etype)
