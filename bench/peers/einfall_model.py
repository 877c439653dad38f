"""Language models in Einfall: the package that `einfall compile` makes, generating through the C interface."""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import os
import time
from pathlib import Path

import numpy as np
from einfall import compiler, runtime, toolchain

from harness import models, worker
from harness.cases import Case


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("max_new_tokens", ctypes.c_int64), ("temperature", ctypes.c_double),
                ("top_k", ctypes.c_int64), ("seed", ctypes.c_uint64), ("ignore_eos", ctypes.c_int32),
                ("on_token", ctypes.c_void_p), ("user", ctypes.c_void_p)]


class Stats(ctypes.Structure):
    _fields_ = [("prefill_seconds", ctypes.c_double), ("decode_seconds", ctypes.c_double),
                ("prompt_tokens", ctypes.c_int64), ("new_tokens", ctypes.c_int64), ("decode_steps", ctypes.c_int64)]


def package_path(case: Case) -> Path:
    """The compiled package in the cache folder; older ones of the same model and type go away.

    Its name covers what it was compiled by, the front end included, and the CPU that "native" stood for.
    """
    folder = models.cache_folder() / "packages"
    stem = f"{Path(case.model).name}-{case.type}"
    digest = hashlib.blake2b(f"{toolchain.compiler_build_id()} {toolchain.host_features()}".encode(), digest_size=16)
    for source in sorted(Path(compiler.__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    path = folder / f"{stem}-{digest.hexdigest()}.einf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{stem}-*.einf"):
            old.unlink()
        compiler.compile_file(models.checkpoint(case.model), path, dtype=case.type)
    return path


class Library:
    """libeinfall.so of the build, as a C program uses it."""

    def __init__(self, path: Path, threads: int, context: int, chunk: int):
        build = Path(os.environ.get("EINFALL_BUILD_DIR", models.ROOT / "build" / "dev"))
        self.c = ctypes.CDLL(str(build / "lib" / "libeinfall.so"))
        self.c.einf_last_error.restype = ctypes.c_char_p
        self.c.einf_set_num_threads(threads)
        self.package, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        self._check(self.c.einf_package_open(os.fsencode(path), ctypes.byref(self.package)))
        self._check(self.c.einf_session_open_lm(self.package, ctypes.c_int64(1), ctypes.c_int64(context),
                                                ctypes.c_int64(chunk), ctypes.byref(self.session)))

    def _check(self, status: int) -> None:
        if status:
            raise RuntimeError(self.c.einf_last_error().decode())

    def generate(self, ids: np.ndarray, new: int) -> Stats:
        options, stats = Options(), Stats()
        self.c.einf_generate_defaults(ctypes.byref(options))
        options.max_new_tokens, options.ignore_eos = new, 1
        rows = (ctypes.c_void_p * 1)(ids.ctypes.data)
        lengths = (ctypes.c_int64 * 1)(ids.shape[1])
        self._check(self.c.einf_generate(self.session, rows, lengths, ctypes.c_int64(1), ctypes.byref(options), None,
                                         None, ctypes.byref(stats)))
        return stats

    def close(self) -> None:
        self.c.einf_session_close(self.session)
        self.c.einf_package_close(self.package)


class Generating:
    """Decode and prefill: what einf_generate says about its own time."""

    def __init__(self, case: Case, path: Path, threads: int):
        self.case, self.ids, self.path = case, models.prompt_ids(case.model, case.sizes["prompt"]), path
        self.new = case.sizes.get("new", 1)
        self.library = Library(path, threads, self.ids.shape[1] + self.new, self.ids.shape[1])

    def __call__(self):
        """The logits of the prompt's last position, for comparison."""
        length = self.ids.shape[1]
        self.library.generate(self.ids, self.new)
        session = runtime.load(self.path).session(b=1, s=length, c=length, t=length)
        return [np.asarray(session.next(self.ids, np.zeros(1, np.int64), t=length), np.float32)]

    def measure(self) -> dict:
        stats = self.library.generate(self.ids, self.new)
        if self.case.program == "prefill":
            return {"seconds": stats.prefill_seconds, "calls": 1}
        return {"seconds": stats.decode_seconds / stats.decode_steps, "calls": stats.decode_steps}


class Logits:
    """All positions' logits through the Python interface, written to the same array each time."""

    def __init__(self, case: Case, path: Path):
        self.ids = models.prompt_ids(case.model, case.sizes["prompt"])
        length = self.ids.shape[1]
        self.session = runtime.load(path).session(b=1, s=length, c=length, t=length)
        self.out = self.session.logits(self.ids, np.zeros(1, np.int64), t=length)

    def __call__(self):
        self.session.logits(self.ids, np.zeros(1, np.int64), t=self.ids.shape[1], out=self.out)
        return [self.out]

    def measure(self) -> dict:
        begin = time.perf_counter()
        self()
        return {"seconds": time.perf_counter() - begin, "calls": 1}


class Grown:
    """One call of a model of some layers, for some rows of some length: the prompt, or the token after it."""

    def __init__(self, case: Case):
        sizes = case.sizes
        runtime.set_num_threads(sizes["threads"])
        length, batch = sizes["length"], sizes["batch"]
        path = package_path(dataclasses.replace(case, model=case.layered))
        ids = np.random.default_rng(7).integers(3, 4096, (batch, length), dtype=np.int64)
        start = np.zeros(batch, np.int64)
        self.session = runtime.load(path).session(b=batch, s=length, c=length, t=length)
        prompt = self.session.next(ids, start, t=length)
        one = case.program == "grown_decode"
        # Of all positions: for the last one alone the last layer would compute but its keys and values.
        entry = self.session.step if one else self.session.logits
        new = np.ascontiguousarray(ids[:, -1:]) if one else ids
        out = prompt if one else entry(new, start, t=length)
        self.call = lambda: entry(new, start, t=length, out=out)
        self.out = out

    def __call__(self):
        self.call()
        return [np.asarray(self.out, np.float32)]

    def measure(self) -> dict:
        call = worker.measure(self.call, 0.1)
        return call | {"arena_bytes": self.session.arena_bytes, "state_bytes": self.session.state_bytes}


def open_model(case: Case, threads: int):
    path = package_path(case)
    return Logits(case, path) if case.program == "logits" else Generating(case, path, threads)
