"""The programs of the cases as PyTorch modules, the one form that every peer can start from."""

from __future__ import annotations

import zlib

import torch
import torch.nn.functional as F

from . import transformer
from .cases import Case

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "i8": torch.int8,
          "u8": torch.uint8}


class Program:
    """A module, the inputs of one call, and example inputs for exporting with free sizes.

    A call computes `copies` independent instances on buffers of their own and returns a tuple.
    """

    def __init__(self, case: Case, copies: int):
        torch.manual_seed(zlib.crc32(case.name.encode()))
        self.case, self.copies, self.dtype = case, copies, DTYPES[case.type]
        self.module, self.inputs = getattr(self, "_" + case.program)(**case.sizes)
        self.module.eval().requires_grad_(False)

    def example(self) -> tuple:
        """Inputs for exporting: sizes that are free have at least two elements."""
        free = self.free()
        if not free:
            return self.inputs
        return tuple(torch.zeros([max(n, 2) if d in free else n for d, n in enumerate(x.shape)], dtype=x.dtype)
                     for x in self.inputs)

    def free(self) -> tuple[int, ...]:
        """Dimensions of the inputs that a compiler for any length leaves free."""
        return {"linear": (0,), "int_linear": (0,), "rmsnorm": (0,), "layernorm": (0,), "softmax": (0,)}.get(
            self.case.program, ())

    def text(self) -> str | None:
        """A program of one instance in `ein`, as `f`, where the importer does not have its types: unsigned bytes."""
        if self.case.type != "u8":
            return None
        columns, depth = self.case.sizes["columns"], self.case.sizes["depth"]
        left, right = f"!ein.tensor<[m, {depth}], i8>", f"!ein.tensor<[{depth}, {columns}], i8>"
        total = f"!ein.tensor<[m, {columns}], i32>"
        return f"""func.func @f(%x: {left}, %w: {right}) -> {total} attributes {{ein.entry}} {{
          %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add] : ({left}, {right}) -> {total} {{
          ^bb0(%a: i8, %b: i8):
            %c = arith.extui %a : i8 to i32
            %d = arith.extsi %b : i8 to i32
            %e = arith.muli %c, %d : i32
            ein.yield %e : i32
          }}
          return %y : {total}
        }}"""

    def dynamic_shapes(self):
        """As `torch.export.export` takes them, or None."""
        if not self.free():
            return None
        each = tuple({d: torch.export.Dim.AUTO for d in self.free()} for _ in self.inputs)
        return (each,) if isinstance(self.module, Each) else each

    def _random(self, *shape) -> torch.Tensor:
        if self.dtype == torch.int8:
            return torch.randint(-127, 128, shape, dtype=torch.int8)
        if self.dtype == torch.uint8:
            return torch.randint(0, 256, shape, dtype=torch.uint8)
        return torch.randn(shape).to(self.dtype)

    def _linear(self, rows: int, columns: int, depth: int):
        weights = [self._random(columns, depth) / depth**0.5 for _ in range(self.copies)]
        return Linear(weights), (self._random(rows, depth),)

    def _int_linear(self, rows: int, columns: int, depth: int):
        weights = [torch.randint(-127, 128, (depth, columns), dtype=torch.int8) for _ in range(self.copies)]
        return IntLinear(weights), (self._random(rows, depth),)

    def _matmul(self, rows: int, columns: int, depth: int):
        pairs = [(self._random(rows, depth), self._random(depth, columns)) for _ in range(self.copies)]
        return Each(torch.matmul, 2), tuple(t for pair in pairs for t in pair)

    def _batched(self, batch: int, rows: int, columns: int, depth: int):
        pairs = [(self._random(batch, rows, depth), self._random(batch, columns, depth)) for _ in range(self.copies)]
        return Each(lambda x, y: torch.matmul(x, y.mT), 2), tuple(t for pair in pairs for t in pair)

    def _rows(self, function, rows: int, columns: int):
        return Each(function, 1), tuple(self._random(rows, columns) for _ in range(self.copies))

    def _rmsnorm(self, rows: int, columns: int):
        gamma = torch.nn.Parameter(torch.rand(columns).to(self.dtype), requires_grad=False)
        return self._rows(RmsNorm(gamma), rows, columns)

    def _layernorm(self, rows: int, columns: int):
        return self._rows(torch.nn.LayerNorm(columns, dtype=self.dtype).requires_grad_(False), rows, columns)

    def _softmax(self, rows: int, columns: int):
        return self._rows(lambda x: torch.softmax(x, -1), rows, columns)

    def _attention(self, heads: int, kv_heads: int, length: int, size: int, queries: int | None = None):
        causal, grouped = self.case.causal, heads != kv_heads
        inputs = []
        for _ in range(self.copies):
            inputs += [self._random(1, heads, queries or length, size), self._random(1, kv_heads, length, size),
                       self._random(1, kv_heads, length, size)]
        return Each(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=grouped),
                    3), tuple(inputs)

    def _decode_attention(self, heads: int, kv_heads: int, length: int, size: int):
        return self._attention(heads, kv_heads, length, size, queries=1)

    def _text_model(self, tokens: int):
        module, inputs = transformer.text_model(self.case.model, tokens)
        return module.to(self.dtype), inputs

    def _image_model(self, side: int):
        module, inputs = transformer.image_model(self.case.model, side)
        return module.to(self.dtype), tuple(x.to(self.dtype) for x in inputs)

    def _norm_qkv_rope(self, tokens: int, width: int, heads: int, kv_heads: int, size: int):
        angles = torch.arange(tokens)[:, None] * 500000.0 ** (-torch.arange(0, size, 2) / size)
        angles = torch.cat((angles, angles), -1)[None]
        module = transformer.NormQkvRope(width, heads, kv_heads, size).to(self.dtype)
        return module, (self._random(1, tokens, width), angles.cos().to(self.dtype), angles.sin().to(self.dtype))

    def _norm_swiglu(self, tokens: int, width: int, inner: int):
        module = transformer.NormSwiglu(width, inner).to(self.dtype)
        return module, (self._random(1, tokens, width), self._random(1, tokens, width))

    def _head_loss(self, tokens: int, width: int, vocabulary: int):
        module = transformer.HeadLoss(width, vocabulary).to(self.dtype)
        return module, (self._random(tokens, width), torch.randint(0, vocabulary, (tokens,)))


class Linear(torch.nn.Module):
    """x times each of several weights, [columns, depth] as in a checkpoint."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(w, requires_grad=False) for w in weights)

    def forward(self, x):
        return tuple(F.linear(x, w) for w in self.weights)


class IntLinear(torch.nn.Module):
    """Bytes, signed or not, times int8, summed in int32."""

    def __init__(self, weights):
        super().__init__()
        for k, w in enumerate(weights):
            self.register_buffer(f"weight{k}", w)
        self.count = len(weights)

    def forward(self, x):
        return tuple(torch._int_mm(x, getattr(self, f"weight{k}")) for k in range(self.count))


class RmsNorm(torch.nn.Module):
    """As language models have it: the mean square in float32."""

    def __init__(self, gamma):
        super().__init__()
        self.gamma = gamma

    def forward(self, x):
        wide = x.to(torch.float32)
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.gamma * wide.to(x.dtype)


class Each(torch.nn.Module):
    """A function of `arity` tensors, applied to one group of the inputs after the other."""

    def __init__(self, function, arity: int):
        super().__init__()
        self.function, self.arity = function, arity

    def forward(self, *inputs):
        return tuple(self.function(*inputs[k:k + self.arity]) for k in range(0, len(inputs), self.arity))
