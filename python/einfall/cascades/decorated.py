"""The decorator: checks a cascade when it is defined, compiles it once for each choice of types, calls it."""

from __future__ import annotations

import functools
import inspect
import threading

import numpy as np

from .. import arguments
from ..compiler import compile_cached
from ..dtypes import etype_of
from ..frontend import etypes as ty
from ..frontend.printer import module_text
from ..runtime import InvalidArgument, load, refuse_gradient
from .errors import CascadeTypeError
from .lowering import Lowering, trial_types
from .signature import Parameter, parameters
from .source import Source

_PLAIN = {"f64": np.float64, "f32": np.float32, "i64": np.int64, "i1": np.bool_}


def cascade(function=None, *, numerics: str | None = None) -> "Cascade":
    """Compiles a function whose body is a cascade of extended Einsums (docs/cascade.md).

        @einfall.cascade
        def softmax(x: "s t"):
            m[s] = max[t](x[s, t])
            p[s, t] = exp(x[s, t] - m[s])
            z[s] = sum[t](p[s, t])
            y[s, t] = p[s, t] / z[s]
            return y[s, t]

    Parameters with ranks take numpy arrays or tensors with DLPack of any real element type, in place; the result is
    a torch tensor if one came in. Parameters without annotation take numbers. The first call with new element types
    compiles, for all extents; packages are kept in the compile cache. Raises `CascadeError` with the user's line for what
    means nothing, ValueError for arguments that do not fit, `EinfallError` for gradients and what cannot be compiled.
    `@einfall.cascade(numerics="strict")` is for bits that no schedule changes.
    """
    return functools.partial(Cascade, numerics=numerics) if function is None else Cascade(function, numerics)


class Cascade:
    """A compiled cascade; call it as the function."""

    def __init__(self, function, numerics: str | None = None):
        arguments.numerics(numerics)
        functools.update_wrapper(self, function)
        self._source = Source(function)
        self._parameters = parameters(self._source)
        self._signature = inspect.signature(function)
        self._numerics = numerics
        self._packages: dict = {}
        self._lock = threading.Lock()
        try:
            Lowering(self._source, self._parameters, trial_types(self._source, self._parameters)).function()
        except CascadeTypeError:
            pass  # the types of a call decide

    def __call__(self, *args, out=None, require_cache_hit: bool = False, **kwargs):
        """Runs the cascade. `out` names the arrays to write to, `require_cache_hit` refuses to compile."""
        given = self._signature.bind(*args, **kwargs)
        given.apply_defaults()
        values = [self._array(p, given.arguments[p.name]) for p in self._parameters]
        types = self._types(values)
        self._check_extents(values)
        entry = self._entry(tuple(types.values()), require_cache_hit)
        arrays = [v if p.dims is not None else np.asarray(v, _PLAIN[types[p.name]]) for p, v in zip(self._parameters, values)]
        value = entry(*arrays, out=out)
        if out is not None:
            return out
        unwrap = lambda v: v[()] if isinstance(v, np.ndarray) and v.ndim == 0 else v  # noqa: E731
        return tuple(map(unwrap, value)) if isinstance(value, tuple) else unwrap(value)

    def text(self, *types, locations: bool = False) -> str:
        """The `ein` module for the element types ("f32", np.float32, torch.float32, …) of the parameters in order."""
        types = tuple(t if t in ty.NAMES else etype_of(t) for t in types)
        if len(types) != len(self._parameters):
            raise ValueError(f"{self.__name__} has {len(self._parameters)} parameters, but got {len(types)} types")
        names = [p.name for p in self._parameters]
        return module_text([Lowering(self._source, self._parameters, dict(zip(names, types))).function()], locations)

    def __repr__(self) -> str:
        return f"<einfall cascade {self.__name__}{self._signature}>"

    # -- one call -------------------------------------------------------------------------------

    def _entry(self, types: tuple[str, ...], require_hit: bool):
        with self._lock:
            if types not in self._packages:
                path = compile_cached(self.text(*types), numerics=self._numerics, require_hit=require_hit,
                                      located=self.text(*types, locations=True))
                self._packages[types] = load(path)
            return self._packages[types].entries[self._source.tree.name]

    def _array(self, p: Parameter, value):
        if p.dims is None:
            refuse_gradient(self.__name__, p.name, value)  # a number has none, so no later check would see it
            try:
                value = value.item() if hasattr(value, "item") else value
            except (ValueError, RuntimeError):
                value = None
            if not isinstance(value, (bool, int, float)):
                raise InvalidArgument(f"{self.__name__}: '{p.name}' takes a number; a tensor needs its ranks in the "
                                      f"signature, e.g. {p.name}: \"s d\"")
            if isinstance(value, int) and not -1 << 63 <= value < 1 << 63:
                raise InvalidArgument(f"{self.__name__}: '{p.name}' is {value}, which no integer of 64 bits is; write it as a float")
            return value
        return value if isinstance(value, np.ndarray) or hasattr(value, "__dlpack__") and hasattr(value, "shape") else np.asarray(value)

    def _types(self, values) -> dict[str, str]:
        types = {p.name: self._etype(p, v) for p, v in zip(self._parameters, values) if p.dims is not None}
        wide = "f64" if "f64" in types.values() else "f32"
        return {p.name: types.get(p.name) or ("i1" if isinstance(v, bool) else "i64" if isinstance(v, int) else wide)
                for p, v in zip(self._parameters, values)}

    def _etype(self, p: Parameter, array) -> str:
        name = str(getattr(array.dtype, "name", array.dtype)).removeprefix("torch.")
        etype = ty.FROM_NAME.get(name)
        if etype is None:
            raise InvalidArgument(f"{self.__name__}: '{p.name}' has the element type {name}; expected one of "
                                  f"{', '.join(ty.FROM_NAME)}")
        if p.etype and etype != p.etype:
            raise InvalidArgument(f"{self.__name__}: expected {ty.NAMES[p.etype]} for '{p.name}', but got {name}")
        return etype

    def _check_extents(self, values) -> None:
        """The runtime checks too; here the message can name both parties."""
        sizes: dict[str, tuple[int, str]] = {}
        for p, v in zip(self._parameters, values):
            if p.dims is not None and len(v.shape) != len(p.dims):
                raise InvalidArgument(f"{self.__name__}: '{p.name}' has the ranks [{', '.join(map(str, p.dims))}], but got "
                                      f"{len(v.shape)} dimensions")
            for e, n in zip(p.dims or (), v.shape if p.dims else ()):
                if isinstance(e.as_atom, str) and sizes.setdefault(e.as_atom, (int(n), p.name))[0] != n:
                    have, owner = sizes[e.as_atom]
                    raise InvalidArgument(f"{self.__name__}: rank '{e}' has extent {have} in '{owner}', but {n} in '{p.name}'")
        for p, v in zip(self._parameters, values):
            for k, e in enumerate(p.dims or ()):
                want = e.evaluate({name: n for name, (n, _) in sizes.items()})
                if want != v.shape[k]:
                    raise InvalidArgument(f"{self.__name__}: dimension {k} of '{p.name}' has extent {v.shape[k]}, expected {e} = {want}")
