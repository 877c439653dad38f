"""Walks an exported graph and imports each node through the table."""

from __future__ import annotations

import collections
import operator
import os
import re
from typing import Any, Callable, Mapping

import torch
from torch.fx import GraphModule, Node

from .builder import Builder
from .context import Context, Symbols
from .errors import FrontendError, Unsupported, UnsupportedOp, UnsupportedOpError
from .extent import Extent
from .ir import Tensor
from .table import TABLE

from . import aten as _aten  # noqa: F401  (fills the table)

#: asserts about sizes that torch.export already turned into ranges of symbols
_CHECKS = {"_assert_scalar", "_assert_async", "sym_constrain_range", "sym_constrain_range_for_size", "_assert_tensor_metadata"}
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_POISON = object()  # stands for the result of an op that could not be imported


class GraphImporter:
    """Imports graphs into one builder. `cx` is what table functions see."""

    def __init__(self, builder: Builder, symbols: Symbols):
        self.b = builder
        self.cx = Context(builder, symbols)
        self._unsupported: dict[tuple[str, str], UnsupportedOp] = collections.OrderedDict()
        self._sources: dict[str, tuple[str, int] | None] = {}

    def run(self, gm: GraphModule, inputs: Callable[[Node], Any]) -> list:
        """The graph's outputs, with placeholders valued by `inputs`. `UnsupportedOpError` names all it lacks."""
        out = self._graph(gm, inputs)
        if self._unsupported:
            raise UnsupportedOpError(list(self._unsupported.values()))
        return out

    # -- nodes ----------------------------------------------------------------------------------

    def _graph(self, gm: GraphModule, inputs: Callable[[Node], Any]) -> list:
        env: dict[Node, Any] = {}
        live = _live(gm.graph)
        for node in gm.graph.nodes:
            if node.op == "placeholder":
                env[node] = _input(node, inputs)
            elif node.op == "get_attr":
                env[node] = getattr(gm, node.target)
            elif node.op == "output":
                return list(torch.fx.node.map_arg(node.args[0], lambda n: self._value(n, env)))
            elif node in live:
                env[node] = self._call(node, env)
        raise FrontendError("the graph has no output")

    def _value(self, node: Node, env: Mapping[Node, Any]) -> Any:
        """The value of a node: a size as an `Extent`, a number, or what the table made."""
        val = node.meta.get("val")
        if isinstance(val, torch.SymInt):
            return self.cx.extent(val)
        if isinstance(val, (int, float, bool)):
            return val
        return env[node]

    def _call(self, node: Node, env: dict[Node, Any]) -> Any:
        val = node.meta.get("val")
        if isinstance(val, (torch.SymInt, torch.SymBool, int, float, bool)) and not isinstance(val, torch.Tensor):
            return None  # read through `_value`, which may say why a size has no form
        name = _name(node.target)
        if name.split(".")[-2 if "." in name else 0] in _CHECKS:
            return None
        poisoned = any(env.get(n) is _POISON for n in node.all_input_nodes)
        try:
            if name.startswith("wrap_with_"):
                return self._inline(node, env)
            fn = operator.getitem if node.target is operator.getitem else TABLE.get(name)
            if fn is None:
                raise Unsupported("")
            if poisoned:
                return _POISON
            lookup = lambda n: self._value(n, env)  # noqa: E731
            args = torch.fx.node.map_arg(node.args, lookup)
            kwargs = torch.fx.node.map_arg(node.kwargs, lookup)
            if fn is operator.getitem:
                return args[0][args[1]]
            self.cx.node = node
            self.b.loc = self.source(node)
            self.b.hint = node.name
            return fn(self.cx, *args, **kwargs)
        except Unsupported as why:
            self._report(name, node, str(why))
            return _POISON

    def _inline(self, node: Node, env: dict[Node, Any]) -> tuple:
        """A higher-order call that only sets a mode around its body (`no_grad`, autocast off)."""
        at = next(k for k, a in enumerate(node.args) if isinstance(a, Node) and isinstance(env.get(a), GraphModule))
        if "autocast" in _name(node.target) and node.args[2:3] and node.args[2] is True:
            raise Unsupported("autocast inside the program; export it with the types it should use")
        body = env[node.args[at]]
        values = dict(zip((n for n in body.graph.nodes if n.op == "placeholder"), node.args[at + 1:]))
        out = self._graph(body, lambda p: self._value(values[p], env) if isinstance(values[p], Node) else values[p])
        return tuple(out)

    # -- reports --------------------------------------------------------------------------------

    def source(self, node: Node) -> tuple[str, int] | None:
        """(file, line) of the user's Python that made the node: the innermost frame outside PyTorch."""
        trace = node.meta.get("stack_trace") or ""
        if trace not in self._sources:
            frames = [(f, int(n)) for f, n in _FRAME.findall(trace) if f"{os.sep}torch{os.sep}" not in f]
            self._sources[trace] = (_short(frames[-1][0]), frames[-1][1]) if frames else None
        return self._sources[trace]

    def _report(self, name: str, node: Node, reason: str) -> None:
        entry = self._unsupported.setdefault((name, reason), UnsupportedOp(name, reason=reason))
        entry.count += 1
        where = self.source(node)
        text = f"{where[0]}:{where[1]}" if where else f"graph node {node.name}"
        if text not in entry.sources:
            entry.sources.append(text)


def _input(node: Node, inputs: Callable[[Node], Any]) -> Any:
    try:
        return inputs(node)
    except Unsupported as why:
        raise FrontendError(f"'{node.name}' cannot be imported: {why}") from None


def _short(path: str) -> str:
    """A file of an installed package (or of this one) from the package on, any other as it is."""
    return path.removeprefix(_PACKAGES).split("site-packages" + os.sep)[-1]


def _name(target) -> str:
    text = str(target) if not callable(target) or isinstance(target, torch._ops.OpOverload) else getattr(target, "__name__", str(target))
    return text


def _live(graph: torch.fx.Graph) -> set[Node]:
    live: set[Node] = set()
    todo = [n for n in graph.nodes if n.op == "output"]
    while todo:
        for n in todo.pop().all_input_nodes:
            if n not in live:
                live.add(n)
                todo.append(n)
    return live
