"""Runs packages: entry points are callables over numpy arrays and DLPack objects.

    package = einfall.load("model.einf")
    y = package.main(x)                          # an entry point; package(x) where it is the only one
    session = package.session(b=1, s=512, c=1024)  # entries with state run in a session with bounds
    logits = session.next(ids, start, t=5)
    session = package.session(b=1, s=512, c=1024, device="cuda")  # on a GPU, if the package has code for one

Arguments are used where they lie, without a copy, if they are contiguous and 64-byte aligned. A result is a numpy
array, or a torch tensor if an argument was one; `out=` names arrays to write to. bfloat16 and the float8 types are
those of `ml_dtypes` where it is installed, else their bits as unsigned integers. Nothing here has gradients: a tensor
that requires one is refused unless gradients are off.

On a GPU, arrays of that GPU (DLPack) are used where they lie, too, and results for torch tensors there are such tensors;
other arrays are copied. Integers that have a range (token ids) are checked wherever they lie; on a GPU they are read back for that.
"""

from __future__ import annotations

import json
import operator
import os
import re
import sys
import threading

import numpy as np

from .errors import EinfallError

try:
    from . import _runtime
except ImportError as e:
    raise EinfallError(f"the extension einfall._runtime cannot be loaded ({e}); ./dev build makes it") from e

# Indices are those of einf_dtype.
DTYPES = ("f64", "f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "f8E4M3FNUZ", "f8E5M2FNUZ",
          "i1", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
_NUMPY = {"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "f8E4M3FN": "float8_e4m3fn",
          "f8E5M2": "float8_e5m2", "f8E4M3FNUZ": "float8_e4m3fnuz", "f8E5M2FNUZ": "float8_e5m2fnuz", "i1": "bool",
          "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
          "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64"}
#: by einf_counter
COUNTERS = ("chunks", "visited", "unmasked", "masked")
_CODES = {name: DTYPES.index(dtype) for dtype, name in _NUMPY.items()}
_BITS = {"bf16": "uint16", "f8E4M3FN": "uint8", "f8E5M2": "uint8", "f8E4M3FNUZ": "uint8", "f8E5M2FNUZ": "uint8"}


class RuntimeFailure(EinfallError):
    """The runtime refused a package or a call."""


class InvalidArgument(RuntimeFailure, ValueError):
    """A wrong name, dtype, rank, extent or value."""


def load(path: str | os.PathLike, device: str = "cpu") -> Package:
    """Opens a package; its weights are mapped, not read. Calls run on `device`: "cpu", "cuda" or "cuda:1"."""
    return Package(path, device)


def refuse_gradient(entry: str, name: str, value) -> None:
    """What is compiled has no gradients: a tensor that requires one is refused unless gradients are off."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.is_grad_enabled() and isinstance(value, torch.Tensor) and value.requires_grad:
        raise EinfallError(f"{entry}: '{name}' requires a gradient, and what is compiled has none; call under "
                           f"torch.no_grad() or pass the tensor's detach()")


def set_num_threads(threads: int) -> int:
    """Threads for all calls, the caller included; 0 leaves it as it is. Returns the number now."""
    count = _whole("threads", threads)
    if not 0 <= count < 1 << 16:
        raise InvalidArgument(f"threads: expected 0 (as it is) to {(1 << 16) - 1}, but got {count}")
    return _runtime.set_num_threads(count)


def pin_threads(pin: bool | None = None) -> bool:
    """Binds each of the runtime's own threads to a CPU, or lets them go; None leaves it as it is. True if they are now.

    The calling thread is left where it is. For a machine that the process has to itself; EINFALL_PIN_THREADS=1 starts so.
    """
    return bool(_runtime.pin_threads(-1 if pin is None else int(pin)))


class Package:
    """An open package. Entry points are attributes; `entries` has them by name."""

    def __init__(self, path: str | os.PathLike, device: str = "cpu"):
        self.device = _device(device)
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise InvalidArgument(f"{path!r} is no path of a package")
        self._package = _guarded(_runtime.Package, os.fspath(path))
        self.manifest = json.loads(self._package.manifest())
        self.entries = {e["name"]: Entry(self, e) for e in self.manifest["entries"]}
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    @property
    def metadata(self) -> dict[str, str]:
        items = self.manifest["metadata"]
        return dict(items) if isinstance(items, dict) else {i["key"]: i["value"] for i in items}

    def file(self, name: str) -> bytes | None:
        """A packed file such as "tokenizer.json"."""
        return self._package.file(name)

    def verify(self) -> None:
        """Checks the weights' checksums too."""
        _guarded(self._package.verify)

    def session(self, *, device: str | None = None, **bounds: int) -> Session:
        """States and memory for calls whose symbols stay within `bounds`, on `device` (else on the package's); a session is
        for one thread at a time."""
        return Session(self, bounds, device)

    def __getattr__(self, name: str) -> Entry:
        if not name.startswith("_") and name in self.entries:
            return self.entries[name]
        raise AttributeError(f"the package has no entry '{name}'; there are {', '.join(self.__dict__.get('entries', ()))}")

    def __call__(self, *args, **kwargs):
        if len(self.entries) != 1:
            raise EinfallError(f"the package has several entries: {', '.join(self.entries)}")
        return next(iter(self.entries.values()))(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<einfall package: {', '.join(map(repr, self.entries.values()))}>"


class Entry:
    """One entry point. Called without a session if it has no state; a session of the sizes at hand is kept then."""

    def __init__(self, package: Package, info: dict, session: Session | None = None):
        self.package, self.session, self.info, self.name = package, session, info, info["name"]
        buffers = info["buffers"]
        self.inputs = [b for b in buffers if b["kind"] == "input"]
        self.outputs = [b for b in buffers if b["kind"] == "output"]
        self.states = [b for b in buffers if b["kind"] == "state"]
        self.params = [s["name"] for s in info["symbols"] if s["source"] == "parameter"]
        self._symbols = {s["name"] for s in info["symbols"]}
        # Shapes that no call has to ask for, and which inputs say how large the session is.
        self._shapes = [[int(n) for n in b["shape"]] if all(map(str.isdecimal, b["shape"])) else None for b in self.outputs]
        self._sized = [k for k, b in enumerate(self.inputs) if not self._symbols.isdisjoint(b["shape"])]

    def __call__(self, *args, out=None, **kwargs):
        """Runs the entry; inputs by position or name, run-time numbers (`params`) by name."""
        arrays, params = self._arguments(args, kwargs)
        self._refuse_gradients(arrays)
        tensors = [_tensor(a, b["dtype"], b["name"]) for a, b in zip(arrays, self.inputs)]
        numbers = list(params.items())
        if self.session:
            return self._run(self.session, arrays, tensors, numbers, out)
        if self.states:
            raise InvalidArgument(f"entry '{self.name}' has state: call it through package.session("
                                  f"{', '.join(b + '=…' for b in self._bounds())})")
        with self.package._lock:
            return self._run(self._auto_session(tensors, params), arrays, tensors, numbers, out)

    def _bounds(self) -> list[str]:
        """What a session has to bound for this entry: the symbols of all states, and those of the memory that it works in."""
        sizes = [str(b["bytes"]) for b in self.info["buffers"] if b["kind"] == "temporary"]
        working = self._symbols & set(re.findall(r"[A-Za-z_]\w*", " ".join(sizes)))
        return list(dict.fromkeys([*self.package.manifest["bounds"], *sorted(working)]))

    def _arguments(self, args, kwargs) -> tuple[list, dict[str, int]]:
        names = [b["name"] for b in self.inputs]
        if len(args) > len(names):
            raise InvalidArgument(f"entry '{self.name}' takes {len(names)} inputs ({', '.join(names)}), but got {len(args)}")
        given = dict(zip(names, args))
        params = {}
        for name, value in kwargs.items():
            if name in self.params:
                params[name] = _whole(name, value)
            elif name in names and name not in given:
                given[name] = value
            else:
                raise InvalidArgument(f"entry '{self.name}' has no input or parameter '{name}' left to give")
        missing = [n for n in names if n not in given] + [p for p in self.params if p not in params]
        if missing:
            raise InvalidArgument(f"entry '{self.name}': missing {', '.join(missing)}")
        return [given[n] for n in names], params

    def _refuse_gradients(self, arrays) -> None:
        for array, buffer in zip(arrays, self.inputs):
            refuse_gradient(self.name, buffer["name"], array)

    def _auto_session(self, tensors, params) -> Session:
        need = dict(params)
        for k in self._sized:
            for text, extent in zip(self.inputs[k]["shape"], tensors[k].shape):
                if text in self._symbols:
                    need[text] = max(extent, need.get(text, 1), 1)
        have = self.package._sessions.get(self.name)
        if have is None or any(have.bounds.get(k, 0) < v for k, v in need.items()):
            bounds = {k: max(v, have.bounds.get(k, 1) if have else 1) for k, v in need.items()}
            have = self.package._sessions[self.name] = Session(self.package, bounds)
        return have

    def _run(self, session: Session, arrays, tensors, numbers, out):
        raw = session._session
        for tensor, buffer in zip(tensors, self.inputs):
            _check_place(tensor, buffer["name"], raw.device)
        if out is None:
            shapes = [_guarded(raw.output_shape, self.name, tensors, numbers, k) if shape is None else shape
                      for k, shape in enumerate(self._shapes)]
            values, results = self._results(arrays, tensors, shapes)
        else:
            values = list(out) if isinstance(out, (list, tuple)) else [out]
            if len(values) != len(self.outputs):
                names = ", ".join(b["name"] for b in self.outputs)
                raise InvalidArgument(f"entry '{self.name}' has {_count(len(self.outputs), 'result')} ({names}), but out has "
                                      f"{_count(len(values), 'array')}")
            results = [_tensor(a, b["dtype"], b["name"], writable=True) for a, b in zip(values, self.outputs)]
            for tensor, buffer in zip(results, self.outputs):
                _check_place(tensor, buffer["name"], raw.device)
        _guarded(raw.run, self.name, tensors, numbers, results)
        if any(t.gpu >= 0 for t in results) and not _on_default_stream([*arrays, *values]):
            _guarded(raw.wait)
        return values[0] if len(values) == 1 else tuple(values)

    def _results(self, arrays, tensors, shapes):
        """What is returned, and the runtime's view of it. Results are where torch tensors among the arguments are."""
        torch = any(_is_torch(a) for a in arrays)
        on_gpu = [a for a, t in zip(arrays, tensors) if t.gpu >= 0 and _is_torch(a)]
        values, results = [], []
        for b, shape in zip(self.outputs, shapes):
            if on_gpu:
                dtype = getattr(sys.modules["torch"], _NUMPY[b["dtype"]])
                values.append(on_gpu[0].new_empty(shape, dtype=dtype))
                results.append(_from_dlpack(values[-1], b["name"], True))
            else:
                results.append(_runtime.Tensor.empty(shape, DTYPES.index(b["dtype"])))
                values.append(_to_torch(results[-1]) if torch else _to_numpy(results[-1]))
        return values, results

    def __repr__(self) -> str:
        show = lambda b: f"{b['name']}: {b['dtype']}[{', '.join(map(str, b['shape']))}]"  # noqa: E731
        inputs = ", ".join([*map(show, self.inputs), *self.params])
        return f"{self.name}({inputs}) -> ({', '.join(map(show, self.outputs))})"


class Session:
    """States and working memory with bounds. Entry points are attributes that share its states."""

    def __init__(self, package: Package, bounds: dict[str, int], device: str | None = None):
        self.package, self.bounds = package, dict(bounds)
        numbers = [(k, _whole(k, v)) for k, v in bounds.items()]
        self._session = _guarded(_runtime.Session, package._package, numbers, package.device if device is None else _device(device))

    @property
    def target(self) -> str:
        return self._session.target

    @property
    def device(self) -> str:
        """Where it runs: "cpu", "cuda:0"."""
        return self._session.device

    @property
    def arena_bytes(self) -> int:
        return self._session.arena_bytes

    @property
    def state_bytes(self) -> int:
        return self._session.state_bytes

    @property
    def notes(self) -> list[str]:
        """What the device had to make do with, such as PTX where the driver refuses machine code; usually nothing."""
        return self._session.notes.splitlines()

    def visits(self) -> dict[str, dict[str, int]]:
        """What kernels counted in all sessions of the package, by kernel: `chunks` that walks came to and those `visited`, not
        skipped; stages that ran `unmasked` or `masked`. Empty unless the package was compiled with `count_visits`."""
        names = dict.fromkeys(step["program"] for entry in self.package.manifest["entries"] for step in entry["steps"])
        found = {name: self._session.counters(name) for name in names}
        return {name: dict(zip(COUNTERS, values)) for name, values in found.items() if values}

    def reset(self) -> None:
        """All states zero."""
        _guarded(self._session.reset)

    def wait(self) -> None:
        """Waits for calls whose arrays are all on the GPU, and raises what failed in them."""
        _guarded(self._session.wait)

    def __getattr__(self, name: str) -> Entry:
        if not name.startswith("_") and name in self.package.entries:
            return Entry(self.package, self.package.entries[name].info, self)
        raise AttributeError(f"the package has no entry '{name}'")


# -- arrays ---------------------------------------------------------------------------------------------


def _guarded(function, *args):
    try:
        return function(*args)
    except _runtime.RuntimeFailure as e:
        kind = InvalidArgument if getattr(e, "status", 0) in (1, 4) else RuntimeFailure
        raise kind(str(e)) from None


def _whole(name: str, value) -> int:
    """A size or another number for the runtime; what is not whole is refused, not rounded."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidArgument(f"'{name}' takes a whole number, but got {value!r}") from None
    if not -1 << 63 <= number < 1 << 63:
        raise InvalidArgument(f"'{name}' takes a number of 64 bits, but got {number}")
    return number


def _device(name) -> str:
    if not isinstance(name, str) or not name:
        raise InvalidArgument(f"device {name!r}: expected \"cpu\", \"cuda\" or \"cuda:1\"")
    return name


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _is_torch(value) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _check_place(tensor, name: str, device: str) -> None:
    if tensor.gpu >= 0 and device != f"cuda:{tensor.gpu}":
        raise InvalidArgument(f"'{name}' lies on cuda:{tensor.gpu}, but the call runs on {device}: load the package or open "
                              f"the session with device=\"cuda:{tensor.gpu}\"; a cascade or an einsum becomes a package for a GPU by its "
                              "text (docs/gpu.md)")


def _on_default_stream(arrays) -> bool:
    """Whether those who use the arrays next are ordered after the session, without a wait: torch on its default stream."""
    torch = sys.modules.get("torch")
    if torch is None or not any(_is_torch(a) and a.is_cuda for a in arrays):
        return False
    return torch.cuda.current_stream() == torch.cuda.default_stream()


def _tensor(value, dtype: str, name: str, writable: bool = False):
    """The runtime's view of an array; `dtype` is what the entry takes, for plain Python numbers and for bits."""
    if not isinstance(value, np.ndarray):
        if hasattr(value, "__dlpack__"):
            return _from_dlpack(value, name, writable)
        if writable:
            raise InvalidArgument(f"output '{name}': expected an array to write to, but got {type(value).__name__}")
        if value is None:
            raise InvalidArgument(f"'{name}': expected an array of {dtype}, but got None")
        try:
            value = np.asarray(value, _numpy_dtype(dtype))
        except (TypeError, ValueError, OverflowError) as e:
            raise InvalidArgument(f"'{name}': expected an array of {dtype}, but {type(value).__name__} makes none: {e}") from None
    code = _CODES.get(value.dtype.name)
    if code is None:
        raise InvalidArgument(f"'{name}': expected {dtype}, but got an array of {value.dtype}")
    if value.dtype.name == _BITS.get(dtype):
        code = DTYPES.index(dtype)
    if writable and not (value.flags.c_contiguous and value.flags.writeable and value.dtype.isnative):
        raise InvalidArgument(f"output '{name}': the array to write to is not contiguous and writable")
    if not (value.flags.c_contiguous and value.flags.aligned and value.dtype.isnative):
        value = np.array(value, value.dtype.newbyteorder("="), order="C")
    return _runtime.Tensor.from_pointer(value.ctypes.data, list(value.shape), code, value)


def _from_dlpack(value, name: str, writable: bool):
    if _is_torch(value) and value.is_meta:
        raise InvalidArgument(f"'{name}': expected an array with data, but got a tensor on the device meta")
    if _is_torch(value) and value.layout is not sys.modules["torch"].strided:
        raise InvalidArgument(f"'{name}': expected a dense array, but got a tensor of layout {value.layout}")
    try:
        if _is_torch(value):
            if value.is_cpu and value.is_contiguous():
                # What the protocol asks besides concerns streams, and takes longer than a small call.
                return _runtime.Tensor.from_dlpack(sys.modules["torch"].utils.dlpack.to_dlpack(value))
            value = value.detach()
            if not value.is_contiguous() and not writable:
                value = value.contiguous()
        # The legacy default stream, whose order sessions keep.
        stream = {"stream": 1} if value.__dlpack_device__()[0] in (2, 13) else {}
        return _runtime.Tensor.from_dlpack(value.__dlpack__(**stream))
    except BufferError as e:
        raise InvalidArgument(f"'{name}': {e}") from e


def _numpy_dtype(dtype: str) -> np.dtype:
    if dtype not in _BITS:
        return np.dtype(_NUMPY[dtype])
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype(_BITS[dtype])
    return np.dtype(getattr(ml_dtypes, _NUMPY[dtype]))


def _to_numpy(tensor) -> np.ndarray:
    return np.ndarray(tuple(tensor.shape), _numpy_dtype(DTYPES[tensor.dtype]), buffer=tensor)


def _to_torch(tensor):
    return sys.modules["torch"].utils.dlpack.from_dlpack(tensor.__dlpack__())
