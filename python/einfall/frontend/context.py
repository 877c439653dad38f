"""What a table function sees of the node that it imports."""

from __future__ import annotations

import dataclasses
from typing import Callable, Mapping

import torch

from . import etypes as ty
from . import scalar as S
from .builder import Builder
from .errors import Unsupported
from .extent import Extent, ceildiv, floordiv, known_nonnegative, mod
from .ir import Tensor
from .scalar import Scalar

@dataclasses.dataclass
class Read:
    """Elements of an argument, `ids[i, …] = argument[at]`, that are indices: in [low, high) where the table is of fixed extent."""

    argument: Tensor
    ids: Tensor
    at: list[Extent]
    shape: tuple[Extent, ...]
    whole: bool  # every element of the argument is read
    low: int | None
    high: int | None


Operand = "Tensor | Extent | int | float | bool"


class Symbols:
    """Turns torch's symbolic sizes into extents; `table` maps sympy symbol names to extents."""

    def __init__(self, table: Mapping[str, Extent]):
        self.table = dict(table)
        self.memo: dict = {}

    def extent(self, value) -> Extent:
        """The extent of an `int`, a `SymInt`, an `Extent` or a sympy expression."""
        if isinstance(value, (Extent, int)):
            return Extent.of(value)
        expr = value.node.expr if isinstance(value, torch.SymInt) else value
        if expr not in self.memo:
            self.memo[expr] = self._convert(expr)
        return self.memo[expr]

    def _convert(self, e) -> Extent:
        if e.is_Integer:
            return Extent.of(int(e))
        if e.is_Symbol:
            if e.name not in self.table:
                raise Unsupported(f"size {e} depends on the data")
            return self.table[e.name]
        args = [self.extent(a) for a in e.args] if not e.is_Pow else []
        kind = type(e).__name__
        if e.is_Add:
            return sum(args[1:], args[0])
        if e.is_Mul:
            out = args[0]
            for a in args[1:]:
                out = out * a
            return out
        if e.is_Pow and e.exp.is_Integer and e.exp > 0:
            out = base = self.extent(e.base)
            for _ in range(int(e.exp) - 1):
                out = out * base
            return out
        if kind in ("FloorDiv", "CleanDiv"):
            return floordiv(*args)
        if kind in ("Mod", "PythonMod"):
            return mod(*args)
        if kind == "CeilDiv":
            return ceildiv(*args)
        raise Unsupported(f"size expression {e}")


class Context:
    """The builder, the current node and helpers that follow PyTorch's rules for shapes and types.

    updates   hook of the importer: `cat` asks it whether an operand is the past of a state
    """

    def __init__(self, builder: Builder, symbols: Symbols):
        self.b = builder
        self.symbols = symbols
        self.node: torch.fx.Node | None = None
        self.append_state: Callable[[Tensor, Tensor, int], Tensor | None] = lambda past, new, dim: None
        self.assume: dict[str, Extent] = {}
        #: extents that have to be at least 0 in every call, each with why
        self.needs: dict[Extent, str] = {}
        #: parts of arguments that are indices (`ranges.settle`)
        self.reads: list[Read] = []

    # -- the node -------------------------------------------------------------------------------

    @property
    def value(self):
        """The node's fake result."""
        return self.node.meta["val"]

    def shape(self, value=None) -> tuple[Extent, ...]:
        value = self.value if value is None else value
        return tuple(self.symbols.extent(e) for e in value.shape)

    @property
    def etype(self) -> str:
        """Element type of the node's result."""
        return ty.from_torch(self.value.dtype)

    def arg_dtype(self, k: int) -> torch.dtype:
        return self.node.args[k].meta["val"].dtype

    def extent(self, value) -> Extent:
        return self.symbols.extent(value)

    def nonnegative(self, e: Extent, shape=()) -> bool:
        """True if `e >= 0` is known for all coordinates of a tensor of that shape."""
        return known_nonnegative(e.subs(self.assume), {f"%{k}": s.subs(self.assume) for k, s in enumerate(shape)})

    # -- values ---------------------------------------------------------------------------------

    def plain(self, t: Tensor) -> Tensor:
        """The tensor in the element type that the program gives it (weights may be stored in another)."""
        return self.b.cast(t, t.logical)

    def scalar(self, x, etype: str) -> Scalar:
        """A Python number or size as a scalar of a type."""
        if isinstance(x, Extent):
            return S.cast(S.extent(x), etype)
        if isinstance(x, (bool, int, float)):
            return S.const(x, etype)
        raise Unsupported(f"operand {x!r}")

    def pointwise(self, fn: Callable[..., Scalar], *operands, compute: str | None = None, etype: str | None = None,
                  shape=None) -> Tensor:
        """`fn` over the operands, each converted to type `compute` first; the result is cast to `etype`.

        By default both follow the node's result: arithmetic on f16 and bf16 is done in f32 and rounded once.
        """
        etype = etype or self.etype
        compute = compute or ty.compute_type(etype)
        tensors = [x for x in operands if isinstance(x, Tensor)]

        def body(*elements: Scalar) -> Scalar:
            it = iter(elements)
            values = [self.operand(next(it), x, etype, compute) if isinstance(x, Tensor) else self.scalar(x, compute)
                      for x in operands]
            return S.cast(fn(*values), etype)

        return self.b.map(body, tensors, self.shape() if shape is None else shape)

    def operand(self, x: Scalar, t: Tensor, etype: str, compute: str) -> Scalar:
        """An element of `t` in the type `compute`; integers are rounded to a narrow `etype` on the way."""
        if compute != etype and ty.is_float(etype) and not ty.is_float(x.etype) and t.rank:
            x = S.cast(x, etype)
        return S.cast(x, compute)

    def promoted(self, *args) -> str:
        """PyTorch's common type of tensors and numbers (of the node's arguments `args`), widened for arithmetic."""
        metas = [a.meta["val"] if isinstance(a, torch.fx.Node) else a for a in args]
        metas = [int(1) if isinstance(m, torch.SymInt) else 1.0 if isinstance(m, torch.SymFloat) else m for m in metas]
        return ty.compute_type(ty.from_torch(torch.result_type(metas[0], metas[1])))
