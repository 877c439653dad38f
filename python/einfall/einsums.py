"""`einfall.einsum`: numpy's einsum, compiled once for each form with symbolic extents."""

import threading

import numpy as np

from .compiler import compile_cached
from .dtypes import FROM_NAME, etype_of
from .errors import EinfallError
from .runtime import _is_torch, load
from .subscripts import Contraction, from_sublists, parse, resolve

# What einsum takes, by the names of numpy and torch.
_TYPES = {name: etype for name, etype in FROM_NAME.items() if not etype.startswith("f8")}
_WIDTH = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i1": 1}

_loaded: dict = {}
_lock = threading.Lock()


def einsum(*operands, out=None, dtype=None, numerics: str | None = None, require_cache_hit: bool = False):
    """Evaluates subscripts as `numpy.einsum` does: `einsum("ij,jk->ik", a, b)` or `einsum(a, [0, 1], b, [1, 2], [0, 2])`.

    Ellipsis, repeated labels, the implicit result and broadcasting of extents 1 are numpy's. Operands are numpy arrays
    or tensors with DLPack (then in place, a torch tensor is returned if one came in). Types promote as numpy's do, or
    to `dtype` (np.float32, torch.float32, "float32" or "f32"); float16 and bfloat16 accumulate in float32. A form is compiled once for all extents and kept in the
    compile cache; `require_cache_hit` refuses to compile. `numerics` is "strict", "algebraic" (default) or "fast".
    There are no gradients: a tensor that requires one is refused unless gradients are off. Raises ValueError, TypeError, `EinfallError`.
    """
    if not operands:
        raise ValueError("einsum needs subscripts and operands")
    if isinstance(operands[0], str):
        arrays, (labels, result) = list(operands[1:]), parse(operands[0])
    else:
        arrays, labels, result = from_sublists(operands)
    if not arrays:
        raise ValueError("einsum needs at least one operand")
    arrays = [a if isinstance(a, np.ndarray) or hasattr(a, "__dlpack__") and hasattr(a, "shape") else np.asarray(a)
              for a in arrays]
    contraction = resolve(labels, result, [tuple(map(int, a.shape)) for a in arrays])
    types = tuple(_etype(a) for a in arrays)
    target = _promote(types) if dtype is None else etype_of(dtype)
    if target not in _TYPES.values():
        raise TypeError(f"einsum cannot compute in {dtype}")
    package = _package(contraction, types, target, numerics, require_cache_hit)
    if out is not None:
        package(*map(_signless, arrays), out=_signless(out))
        return out
    value = package(*map(_signless, arrays))
    return _signed(value, target)


def _package(contraction: Contraction, types: tuple[str, ...], target: str, numerics: str | None, require_hit: bool):
    key = (contraction, types, target, numerics)
    package = _loaded.get(key)
    if package is None:
        path = compile_cached(program(contraction, types, target), numerics=numerics, require_hit=require_hit)
        with _lock:
            package = _loaded.setdefault(key, load(path))
    return package


# -- types ----------------------------------------------------------------------------------------------


def _etype(array) -> str:
    name = str(array.dtype).removeprefix("torch.") if _is_torch(array) else getattr(array.dtype, "name", str(array.dtype))
    if name not in _TYPES:
        raise TypeError(f"einsum takes real numbers, but got an array of {name}")
    return _TYPES[name]


def _promote(types: tuple[str, ...]) -> str:
    """numpy's promotion; bfloat16 wins over integers and meets float16 in float32."""
    numpy = {t: n for n, t in _TYPES.items()}
    rest = {t for t in types if t != "bf16"}
    common = _TYPES[np.result_type(*(numpy[t] for t in rest)).name] if rest else "bf16"
    if "bf16" not in types:
        return common
    return {"f64": "f64", "f32": "f32", "f16": "f32"}.get(common, "bf16") if rest & set(_WIDTH) - {"i1"} else "bf16"


def _signless(array):
    """Unsigned arrays go through the runtime as signed ones of the same bits."""
    if isinstance(array, np.ndarray):
        return array.view(f"i{array.itemsize}") if array.dtype.kind == "u" else array
    if _is_torch(array) and str(array.dtype).startswith("torch.uint"):
        import torch

        return array.view(getattr(torch, str(array.dtype).removeprefix("torch.u")))
    return array


def _signed(value, target: str):
    unsigned = target[0] == "u"
    if isinstance(value, np.ndarray):
        value = value.view(f"u{value.itemsize}") if unsigned else value
        return value[()] if value.ndim == 0 else value
    if unsigned:
        import torch

        value = value.view(getattr(torch, "uint" + target[1:]))
    return value


# -- programs -------------------------------------------------------------------------------------------


def program(contraction: Contraction, types: tuple[str, ...], target: str) -> str:
    """The text of an `ein` module with one entry `einsum`."""
    work = "f32" if target in ("f16", "bf16") else target.replace("u", "i")
    stored = [t.replace("u", "i") for t in types]
    arg_types = [_tensor(["1" if r is None else f"n{r}" for r in dims], t) for dims, t in zip(contraction.operands, stored)]
    result = [f"n{r}" for r in contraction.result]
    indices = [f"%x{k}[{', '.join('0' if r is None else f'r{r}' for r in dims)}]" for k, dims in enumerate(contraction.operands)]
    monoid = "or" if work == "i1" else "add"
    reduce = ", ".join(f"r{r}: {monoid}" for r in contraction.reduced)
    lines = [f"    %y = ein.einsum ({', '.join(indices)}) -> {_ranks(contraction.result)}"
             + (f" reduce [{reduce}]" if reduce else "")
             + f" : ({', '.join(arg_types)}) -> {_tensor(result, work)} {{",
             f"    ^bb0({', '.join(f'%a{k}: {t}' for k, t in enumerate(stored))}):"]
    multiply = "arith.mulf" if work[0] == "f" else "arith.andi" if work == "i1" else "arith.muli"
    value = None
    for k, t in enumerate(types):
        name = f"%a{k}"
        if cast := _cast(t, work):
            lines.append(f"      %c{k} = {cast} {name} : {stored[k]} to {work}")
            name = f"%c{k}"
        if value is not None:
            lines.append(f"      %p{k} = {multiply} {value}, {name} : {work}")
            name = f"%p{k}"
        value = name
    lines += [f"      ein.yield {value} : {work}", "    }"]
    final = target.replace("u", "i")
    if final != work:
        ranks = _ranks(contraction.result)
        lines += [f"    %z = ein.einsum (%y{ranks}) -> {ranks} : ({_tensor(result, work)}) -> {_tensor(result, final)} {{",
                  f"    ^bb0(%a: {work}):", f"      %c = arith.truncf %a : {work} to {final}",
                  f"      ein.yield %c : {final}", "    }"]
    args = ", ".join(f'%x{k}: {t} {{ein.name = "x{k}"}}' for k, t in enumerate(arg_types))
    out = _tensor(result, final)
    return "\n".join([
        f'func.func @einsum({args}) -> ({out} {{ein.name = "out"}}) attributes {{ein.entry}} {{', *lines,
        f"    return %{'y' if final == work else 'z'} : {out}", "}", ""])


def _tensor(extents: list[str], etype: str) -> str:
    return f"!ein.tensor<[{', '.join(extents)}], {etype}>"


def _ranks(ranks) -> str:
    return "[" + ", ".join(f"r{r}" for r in ranks) + "]"


def _cast(source: str, work: str) -> str | None:
    """The operation from an operand's type to the one that is computed in."""
    if source.replace("u", "i") == work:
        return None
    if work[0] == "f":
        if source in _WIDTH and source != "i1":
            return "arith.extf" if _WIDTH[source] < _WIDTH[work] else "arith.truncf"
        return "arith.uitofp" if source[0] == "u" or source == "i1" else "arith.sitofp"
    if source in _WIDTH and source != "i1":
        raise TypeError(f"einsum does not convert {source} to {work}")
    if work == "i1":
        raise TypeError(f"einsum does not convert {source} to bool")
    narrow = int(source[1:]) > int(work[1:])
    return "arith.trunci" if narrow else "arith.extui" if source[0] == "u" or source == "i1" else "arith.extsi"


__all__ = ["EinfallError", "einsum", "program"]
