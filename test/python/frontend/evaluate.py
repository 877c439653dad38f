"""Evaluates cascades (einfall.frontend.ir) with numpy: slow, plain, independent of the compiler."""

from __future__ import annotations

import math

import numpy as np
import torch

from einfall.frontend import etypes as ty
from einfall.frontend.ir import (Argument, Concat, Constant, Einsum, Function, Scan, Scatter, Sort, TopK, Update, View)

_ERF = np.vectorize(math.erf)
UNARY = {
    "math.exp": np.exp, "math.log": np.log, "math.tanh": np.tanh, "math.sin": np.sin, "math.cos": np.cos, "math.tan": np.tan,
    "math.sqrt": np.sqrt, "math.absf": np.abs, "math.absi": np.abs, "math.floor": np.floor, "math.ceil": np.ceil,
    "math.exp2": np.exp2, "math.log2": np.log2, "math.log10": np.log10, "math.log1p": np.log1p, "math.expm1": np.expm1,
    "math.roundeven": np.round, "math.trunc": np.trunc, "arith.negf": np.negative, "math.rsqrt": lambda x: 1 / np.sqrt(x),
    "math.erf": lambda x: _ERF(x) if np.size(x) else x, "math.erfc": lambda x: 1 - _ERF(x),
    "math.sinh": np.sinh, "math.cosh": np.cosh, "math.asin": np.arcsin, "math.acos": np.arccos, "math.atan": np.arctan,
    "math.asinh": np.arcsinh, "math.acosh": np.arccosh, "math.atanh": np.arctanh,
}
BINARY = {
    "arith.addf": np.add, "arith.addi": np.add, "arith.subf": np.subtract, "arith.subi": np.subtract,
    "arith.mulf": np.multiply, "arith.muli": np.multiply, "arith.divf": np.divide, "arith.remf": np.fmod,
    "arith.maximumf": np.maximum, "arith.maxsi": np.maximum, "arith.minimumf": np.minimum, "arith.minsi": np.minimum,
    "arith.floordivsi": np.floor_divide, "arith.ceildivsi": lambda a, b: -(-a // b), "math.powf": np.power,
    "arith.andi": np.bitwise_and, "arith.ori": np.bitwise_or, "arith.xori": np.bitwise_xor, "arith.remsi": np.fmod,
    "arith.divsi": lambda a, b: np.trunc(a / b).astype(np.int64), "math.atan2": np.arctan2,
    "arith.shli": np.left_shift, "arith.shrsi": np.right_shift,
}
COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}


def empty_value(monoid: str, dtype):
    floating = np.issubdtype(dtype, np.floating)
    low, high = (-np.inf, np.inf) if floating else (False, True) if dtype == np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return {"add": 0, "mul": 1, "max": low, "min": high, "or": 0, "and": True if dtype == np.bool_ else -1, "logaddexp": -np.inf}[monoid]


class Evaluator:
    """`mode` is "f64" (every float a double) or "declared" (f32 arithmetic, narrow types rounded)."""

    def __init__(self, mode: str = "f64"):
        self.mode = mode
        self.count = 0

    def dtype(self, etype: str):
        if ty.is_float(etype):
            return np.float64 if self.mode == "f64" or etype == "f64" else np.float32
        return np.bool_ if etype == "i1" else np.int64 if etype == "index" else getattr(np, "int" + etype[1:])

    def rounded(self, x, etype: str):
        x = np.asarray(x, self.dtype(etype))
        if self.mode == "declared" and ty.is_float(etype) and ty.bits(etype) < 32:
            x = torch.from_numpy(np.ascontiguousarray(x)).to(ty.to_torch(etype)).float().numpy().reshape(x.shape)
        return x

    def run(self, f: Function, args: dict, sizes: dict) -> list[np.ndarray]:
        """Results in order; `args` by user name, state name or weight name; `sizes` by symbol."""
        env: dict[int, np.ndarray] = {}
        for op in f.ops():
            if isinstance(op, Argument):
                outs = [np.asarray(args[op.name], self.dtype(op.result.etype))]
            else:
                ins = {t.number: env[t.number] for t in op.operands()}
                outs = getattr(self, type(op).__name__.lower())(op, ins, sizes)
            for t, v in zip(op.results, outs):
                want = tuple(e.evaluate(sizes) for e in t.shape)
                assert v.shape == want, f"{t}: shape {v.shape}, declared {want}"
                assert v.dtype == self.dtype(t.etype), f"{t}: {v.dtype}"
                env[t.number] = v
        return [env[r.value.number] for r in f.results]

    # -- ops ------------------------------------------------------------------------------------

    def constant(self, op: Constant, ins, sizes):
        return [np.asarray(op.data, self.dtype(op.result.etype))]

    def view(self, op: View, ins, sizes):
        shape = [e.evaluate(sizes) for e in op.result.shape]
        values, exists = self.gather(ins[op.source.number], op.index, shape, {}, sizes)
        fill = self.rounded(op.fill or 0, op.result.etype)
        out = np.where(exists, values, fill) if exists is not True else values
        return [np.array(np.broadcast_to(out, shape))]

    def concat(self, op: Concat, ins, sizes):
        return [np.concatenate([ins[t.number] for t in op.inputs], axis=op.dim)]

    def update(self, op: Update, ins, sizes):
        source = ins[op.source.number]
        out = ins[op.dest.number].copy()
        at = [np.broadcast_to(i, source.shape) for i in self.indices(op.index, source.shape, {}, sizes)]
        ok = np.logical_and.reduce([(i >= 0) & (i < n) for i, n in zip(at, out.shape)])
        out[tuple(i[ok] for i in at)] = source[ok]
        return [out]

    def scatter(self, op: Scatter, ins, sizes):
        source = ins[op.source.number]
        coords = {}
        for n, (c, index) in enumerate(zip(op.coords, op.coord_index)):
            coords[f"${n}"] = self.gather(ins[c.number], index, source.shape, {}, sizes)[0]
        out = ins[op.dest.number].copy()
        at = [np.broadcast_to(i, source.shape).ravel() for i in self.indices(op.index, source.shape, coords, sizes)]
        if op.monoid == "add":
            np.add.at(out, tuple(at), source.ravel())
        else:
            for k, v in enumerate(source.ravel()):
                out[tuple(i[k] for i in at)] = v
        return [out]

    def scan(self, op: Scan, ins, sizes):
        x = np.moveaxis(ins[op.source.number], op.dim, 0)
        state = ins[op.init.number]
        out = []
        for row in x:
            state = self.scalar(op.body, [row, state, state], [], sizes, {})
            out.append(state)
        return [np.moveaxis(np.stack(out), 0, op.dim)]

    def topk(self, op: TopK, ins, sizes):
        order = np.argsort(-ins[op.source.number], axis=op.dim, kind="stable").take(range(op.k.evaluate(sizes)), op.dim)
        return [np.take_along_axis(ins[op.source.number], order, op.dim), order]

    def sort(self, op: Sort, ins, sizes):
        x = ins[op.source.number]
        order = np.argsort(-x if op.descending else x, axis=op.dim, kind="stable")
        return [np.take_along_axis(x, order, op.dim), order]

    def einsum(self, op: Einsum, ins, sizes):
        grid = [e.evaluate(sizes) for e in op.sizes]
        n = op.result.rank
        fast = self.contraction(op, ins, grid)
        if fast is not None:
            return [fast]
        coords, values, exists = {}, [], True
        for t, index, c in zip(op.inputs, op.index, op.coords):
            v, ok = self.gather(ins[t.number], index, grid, coords, sizes)
            if c is not None:
                coords[f"${c}"] = v
            values.append(v)
            exists = ok if exists is True else exists if ok is True else exists & ok
        body = self.scalar(op.body, values, grid, sizes, {}) if op.body is not None else math.prod(values[1:], start=values[0])
        body = np.broadcast_to(body, grid)
        if exists is not True:
            exists = np.broadcast_to(exists, grid)
        return [self.reduce(op, body, exists, n)]

    def reduce(self, op: Einsum, body, exists, n: int):
        if not op.reduce:
            return np.array(body if exists is True else np.where(exists, body, np.zeros((), body.dtype)))
        if op.reduce[-1].startswith("arg"):
            assert exists is True and len(op.reduce) == 1
            return (np.argmax if op.reduce[0] == "argmax" else np.argmin)(body, axis=-1).astype(self.dtype(op.result.etype))
        for k in range(len(op.reduce) - 1, -1, -1):
            monoid = op.reduce[k]
            identity = empty_value(monoid, body.dtype)
            if exists is not True:
                body, exists = np.where(exists, body, np.asarray(identity, body.dtype)), True
            fn = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum,
                  "or": np.bitwise_or, "and": np.bitwise_and, "logaddexp": np.logaddexp}[monoid]
            body = fn.reduce(body, axis=n + k, initial=identity).astype(body.dtype)
        return body

    def contraction(self, op: Einsum, ins, grid):
        """Sums of products over plain indices by np.einsum."""
        body = op.body
        if not op.reduce or set(op.reduce) != {"add"} or len(op.inputs) != 2 or any(c is not None for c in op.coords):
            return None
        if body is not None:
            strip = lambda x: strip(x.args[0]) if x.op == "arith.extf" else x  # noqa: E731
            if body.op != "arith.mulf" or sorted((strip(a).op, strip(a).attr) for a in body.args) != [("arg", 0), ("arg", 1)]:
                return None
        subs = []
        for t, index in zip(op.inputs, op.index):
            ks = [int(a[1:]) if isinstance(a := e.as_atom, str) and a[0] == "%" else None for e in index]
            if None in ks or any(grid[k] != n for k, n in zip(ks, ins[t.number].shape)):
                return None
            subs.append("".join(chr(97 + k) for k in ks))
        out = "".join(chr(97 + k) for k in range(op.result.rank))
        if not set(out) <= set("".join(subs)):
            return None
        return np.einsum(f"{','.join(subs)}->{out}", *(ins[t.number] for t in op.inputs), optimize=True)

    # -- elements -------------------------------------------------------------------------------

    def indices(self, index, grid, coords, sizes):
        env = dict(sizes)
        for k, n in enumerate(grid):
            env[f"%{k}"] = np.arange(n).reshape([-1 if j == k else 1 for j in range(len(grid))])
        env |= coords
        return [np.asarray(e.evaluate(env)) for e in index]

    def gather(self, x, index, grid, coords, sizes):
        """(x[index] over the grid, mask of the points that exist or True)."""
        at, exists = self.indices(index, grid, coords, sizes), True
        for k, (i, n) in enumerate(zip(at, x.shape)):
            if i.size and (i.min() < 0 or i.max() >= n):
                ok = (i >= 0) & (i < n)
                exists = ok if exists is True else exists & ok
                at[k] = np.clip(i, 0, max(n - 1, 0))
        if x.size == 0 and exists is not True:
            return np.zeros([1] * len(grid), x.dtype), exists
        value = x[tuple(at)] if at else x
        return value.reshape([1] * (len(grid) - value.ndim) + list(value.shape)), exists

    def scalar(self, s, values, grid, sizes, memo):
        if id(s) not in memo:
            memo[id(s)] = self.scalar_op(s, values, grid, sizes, memo)
        return memo[id(s)]

    def scalar_op(self, s, values, grid, sizes, memo):
        if s.op == "arg":
            return values[s.attr]
        if s.op == "const":
            return np.asarray(s.attr, self.dtype(s.etype))
        if s.op == "extent":
            return np.asarray(s.attr.evaluate(sizes), np.int64)
        if s.op == "index":
            return np.arange(grid[s.attr]).reshape([-1 if j == s.attr else 1 for j in range(len(grid))])
        args = [self.scalar(a, values, grid, sizes, memo) for a in s.args]
        with np.errstate(all="ignore"):
            if s.op in UNARY:
                return self.rounded(UNARY[s.op](args[0]), s.etype)
            if s.op in BINARY:
                return self.rounded(BINARY[s.op](*args), s.etype)
            if s.op == "arith.select":
                return np.where(*args)
            if s.op in ("arith.cmpf", "arith.cmpi"):
                return COMPARE[s.attr[1:] if s.attr not in ("eq", "ne") else s.attr](*args)
            if s.op in ("arith.extf", "arith.truncf", "arith.sitofp", "arith.uitofp", "arith.extsi", "arith.extui",
                        "arith.trunci", "arith.fptosi", "arith.index_cast"):
                return self.rounded(args[0], s.etype)
        raise NotImplementedError(s.op)
