"""Runs random cascades in batches: one process of einfall-opt and one of einfall-compile serve many.

Each case is evaluated in numpy and has to agree with

  * the interpreter in its two modes, on the program as written;
  * the interpreter after every pass of the pipeline: the same bits where the pass says `bitwise`;
  * the compiled function, with three sets of sizes.

What the compiler refuses with an error is counted, by message; whatever ends without one is a failure.
"""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .evaluate import Value, evaluate, extent
from .generate import Case, Choices, make, shrink
from .program import FLOATS

#: The passes over `ein` in the order of the compiler, each with its exactness class.
PASSES = (("ein-fix-rounding", "bitwise"), ("ein-assume-sizes", "bitwise"), ("ein-turn-weights", "bitwise"), ("cse", "bitwise"), ("ein-simplify-views", "bitwise"),
          ("ein-split-ranks", "bitwise"), ("ein-split-results{merged-only=true}", "bitwise"), ("ein-narrow-reads", "bitwise"), ("canonicalize", "bitwise"), ("cse", "bitwise"), ("ein-merge-equal", "bitwise"),
          ("ein-derive-folds{moving-only=true}", "algebraic"), ("ein-defer{dots=bf16 stored-rows=2}", "algebraic"), ("canonicalize", "bitwise"),
          ("ein-inline-maps", "algebraic"), ("cse", "bitwise"), ("ein-split-results", "bitwise"), ("ein-share-shifted", "bitwise"), ("ein-narrow-results", "bitwise"),
          ("ein-form-kernels{stored-rows=2}", "bitwise"), ("ein-split-folds{length=2 rows=1000}", "algebraic"), ("ein-stage-kernels", "algebraic"), ("ein-join-kernels", "bitwise"))
ON_MODULES = ("ein-fix-rounding", "ein-turn-weights")
MOST_ARGUMENT = 100_000  # characters; Linux takes 128 KiB in one
MARGIN = 2.0  # the bound is of first order
TIMEOUT = 300  # of the tools; a call gets CALL
CALL = 60


@dataclasses.dataclass
class Failure:
    case: Case
    stage: str
    message: str

    def __str__(self) -> str:
        return f"{self.stage}: {self.message}"


@dataclasses.dataclass
class Report:
    cases: int = 0
    compiled: int = 0
    failures: list[Failure] = dataclasses.field(default_factory=list)

    def __iadd__(self, other: "Report") -> "Report":
        self.cases += other.cases
        self.compiled += other.compiled
        self.failures += other.failures
        return self


def run_seeds(seeds, tools: Path) -> Report:
    """The cases of these seeds as one batch."""
    return run_cases([make(Choices.of_seed(seed)) for seed in seeds], tools)


def run_cases(cases: list[Case], tools: Path) -> Report:
    with tempfile.TemporaryDirectory(prefix="einfall-random-") as folder:
        batch = Batch(cases, Path(folder), tools)
        batch.interpret(list(range(len(cases))))
        batch.compile(list(range(len(cases))))
        return batch.report


class Batch:
    def __init__(self, cases: list[Case], folder: Path, tools: Path):
        self.cases, self.folder, self.tools = cases, folder, tools
        self.report = Report(cases=len(cases))
        self.failed: set[int] = set()
        self.data = [[case.inputs(k) for k in range(len(case.sizes))] for case in cases]

    def fail(self, k: int, stage: str, message: str) -> None:
        if k not in self.failed:
            self.failed.add(k)
            self.report.failures.append(Failure(self.cases[k], stage, message))

    def module(self, which: list[int], name: str, strict: bool = False) -> Path:
        path = self.folder / f"{name}.mlir"
        text = "\n".join(self.cases[k].program.text(f"f{k}") for k in which)
        path.write_text(f'module attributes {{ein.numerics = "strict"}} {{\n{text}\n}}' if strict else text)
        return path

    # -- interpreter ------------------------------------------------------------------------------------

    def interpret(self, which: list[int], strict: bool = False) -> None:
        stages = ["f64", "input", *(f"{i}-{name}" for i, (name, _) in enumerate(PASSES))]
        for k in which:
            self.write_inputs(k, stages)
        calls = lambda stage, mode: [f"ein-interpret{{entry=f{k} inputs={self.folder}/f{k} outputs={self.folder}/f{k}/{stage} "  # noqa: E731
                                     f"mode={mode}}}" for k in which]
        pipeline = calls("f64", "f64") + calls("input", "declared")
        for stage, (name, _) in zip(stages[2:], PASSES):
            pipeline += [name if name in ON_MODULES else f"func.func({name})", *calls(stage, "declared")]
        argument = f"--pass-pipeline=builtin.module({','.join(pipeline)})"
        if len(argument) > MOST_ARGUMENT and len(which) > 1:
            half = len(which) // 2
            for part in (which[:half], which[half:]):
                self.interpret(part, strict)
            return
        command = [self.tools / "einfall-opt", self.module(which, "interpreted", strict), argument, "-o", os.devnull]
        done = _run(command)
        if done.returncode != 0:
            if len(which) > 1:
                for k in which:
                    self.interpret([k], strict)
            else:
                self.fail(which[0], "interpreter", _first_line(done))
            return
        for k in which:
            if not self.compare_stages(k, stages, strict):
                self.interpret([k], strict=True)

    def write_inputs(self, k: int, stages: list[str]) -> None:
        folder = self.folder / f"f{k}"
        for stage in stages:
            (folder / stage).mkdir(parents=True, exist_ok=True)
        for i, t in enumerate(self.cases[k].program.inputs):
            np.save(folder / f"arg{i}.npy", self.data[k][0][t.name])
        (folder / "params.json").write_text(json.dumps({p: self.cases[k].sizes[0][p] for p in self.cases[k].program.params()}))

    def compare_stages(self, k: int, stages: list[str], strict: bool) -> bool:
        """False where a pass called bitwise changed bits that strict mode has to keep: a product that a simpler body brings
        to the end of a sum is rounded by itself in that mode only."""
        case = self.cases[k]
        read = lambda stage: [np.load(self.folder / f"f{k}" / stage / f"result{i}.npy") for i in range(len(case.program.outputs))]  # noqa: E731
        inputs = self.data[k][0]
        for stage, wide in (("f64", True), ("input", False)):
            expected = evaluate(case.program, inputs, case.sizes[0], wide)
            for t, got, want in zip(case.program.outputs, read(stage), expected):
                if wrong := difference(got, want, t.type):
                    self.fail(k, f"interpreter ({stage}), result {t.name}", wrong)
        before, kept = read("input"), True
        for stage, (name, exactness) in zip(stages[2:], PASSES):
            after = read(stage)
            for t, old, new, want in zip(case.program.outputs, before, after, expected):
                same = exactness == "bitwise" and np.array_equal(old, new, equal_nan=old.dtype.kind == "f")
                if not same and (wrong := difference(new, want, t.type)):
                    self.fail(k, f"pass {name}, result {t.name}", wrong)
                elif not same and exactness == "bitwise":
                    kept = False
                    if strict:
                        self.fail(k, f"pass {name}, result {t.name}", f"is not bitwise: {_largest(old, new)}")
            before = after
        return kept or strict

    # -- compiler ---------------------------------------------------------------------------------------

    def compile(self, which: list[int]) -> None:
        package = self.folder / f"{which[0]}-{len(which)}.einf"
        done = _run([self.tools / "einfall-compile", self.module(which, "compiled"), "-o", package])
        if done.returncode == 0:
            self.call(which, package)
        elif len(which) > 1:
            half = len(which) // 2
            self.compile(which[:half])
            self.compile(which[half:])
        else:
            self.fail(which[0], "compiler", _first_line(done))

    def call(self, which: list[int], package: Path) -> None:
        """In a process of its own, which may die."""
        read, write = multiprocessing.Pipe(False)
        child = multiprocessing.get_context("fork").Process(target=lambda: write.send(list(self.wrong_calls(which, package))))
        child.start()
        write.close()
        try:
            wrong = read.recv() if read.poll(CALL) else None
        except EOFError:
            wrong = None
        if wrong is None and child.exitcode is None:
            child.join(5)
            child.kill()
        child.join()
        if wrong is not None:
            self.report.compiled += len(which)
            for k, stage, message in wrong:
                self.fail(k, stage, message)
        elif len(which) > 1:
            for half in (which[:len(which) // 2], which[len(which) // 2:]):
                self.call(half, package)
        else:
            self.fail(which[0], "compiled", f"ended by signal {-child.exitcode}" if child.exitcode < 0 else "did not end")

    def wrong_calls(self, which: list[int], package: Path):
        import einfall

        loaded = einfall.load(package)
        for k in which:
            case = self.cases[k]
            program = case.program
            for at, sizes in enumerate(case.sizes):
                if any(extent(e, sizes) < 0 for op in program.ops for t in op.results for e in t.shape):
                    continue
                arrays = [_stored(self.data[k][at][t.name], t.type) for t in program.inputs]
                expected = evaluate(program, self.data[k][at], sizes)
                results = [Guarded(want.v.shape, t.type) for t, want in zip(program.outputs, expected)]
                try:
                    loaded.entries[f"f{k}"](*arrays, **{p: sizes[p] for p in program.params()}, out=[r.array for r in results])
                except einfall.EinfallError as e:
                    yield k, "compiled", f"sizes {sizes}: {e}"
                    continue
                for t, got, want in zip(program.outputs, results, expected):
                    wrong = difference(_values(got.array, t.type), want, t.type) or got.broken()
                    if wrong:
                        yield k, f"compiled, result {t.name}", f"sizes {sizes}: {wrong}"


class Guarded:
    """An array between bytes that nobody may change."""

    ROOM, MARK = 256, 0xA5

    def __init__(self, shape: tuple[int, ...], type_: str):
        dtype = np.dtype({"f64": "f8", "f32": "f4", "f16": "f2", "bf16": "u2", "i1": "?"}.get(type_) or f"i{int(type_[1:]) // 8}")
        size = int(np.prod(shape)) * dtype.itemsize
        self.bytes = np.full(size + 2 * self.ROOM + 64, self.MARK, np.uint8)
        self.begin = self.ROOM + -(self.bytes.ctypes.data + self.ROOM) % 64
        self.end = self.begin + size
        self.array = self.bytes[self.begin:self.end].view(dtype).reshape(shape)

    def broken(self) -> str | None:
        around = np.concatenate([self.bytes[:self.begin], self.bytes[self.end:]])
        return None if (around == self.MARK).all() else "memory around the result was written to"


def difference(got: np.ndarray, want: Value, type_: str) -> str | None:
    """What is wrong with an array, or None."""
    if got.shape != want.v.shape:
        return f"shape {got.shape}, expected {want.v.shape}"
    if type_ not in FLOATS:
        different = got.astype(np.int64) != want.v
        at = np.argwhere(different)
        return None if not len(at) else f"{len(at)} differ, at {tuple(at[0])}: {got[tuple(at[0])]}, expected {want.v[tuple(at[0])]}"
    got = got.astype(np.float64)
    with np.errstate(all="ignore"):
        near = np.abs(got - want.v) <= MARGIN * want.e
    right = near | (got == want.v) | (np.isnan(got) & np.isnan(want.v)) | ~np.isfinite(want.e)
    at = np.argwhere(~right)
    if not len(at):
        return None
    where = tuple(at[0])
    return f"{len(at)} of {got.size} differ, at {where}: {got[where]!r}, expected {want.v[where]!r} within {want.e[where]:.2g}"


def _largest(a: np.ndarray, b: np.ndarray) -> str:
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    with np.errstate(all="ignore"):
        at = np.unravel_index(np.nanargmax(np.where(a == b, 0, np.abs(np.subtract(a, b, dtype=np.float64)))), a.shape)
    return f"{a[at]!r} and {b[at]!r} at {tuple(map(int, at))}"


def _stored(array: np.ndarray, type_: str) -> np.ndarray:
    return (array.view(np.uint32) >> 16).astype(np.uint16) if type_ == "bf16" else array


def _values(array: np.ndarray, type_: str) -> np.ndarray:
    array = np.asarray(array)
    if type_ == "bf16" and array.dtype == np.uint16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def _run(command) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
                              errors="replace")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, "", f"no end within {TIMEOUT} s")


def _first_line(done) -> str:
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    told = next((line for line in lines if "error: " in line), lines[0] if lines else "")
    return told.strip() if done.returncode > 0 else f"ended by signal {-done.returncode}: {told}"


# -- failing cases --------------------------------------------------------------------------------------


def shrunk(failure: Failure, tools: Path) -> Failure:
    """The smallest case found that fails in the same stage."""
    kind = failure.stage.split(",")[0]
    best = failure

    def fails(choices: list[int]) -> bool:
        nonlocal best
        try:
            report = run_cases([make(Choices(recorded=choices))], tools)
        except Exception:  # noqa: BLE001 (not a case any more)
            return False
        found = next((f for f in report.failures if f.stage.split(",")[0] == kind), None)
        best = found or best
        return found is not None

    shrink(failure.case.choices, fails)
    return best


def write(failure: Failure, folder: Path, name: str) -> Path:
    """The case as NAME.mlir, its data as NAME.argN.npy."""
    folder.mkdir(parents=True, exist_ok=True)
    case = failure.case
    sizes = "; ".join(", ".join(f"{s} = {v}" for s, v in one.items()) for one in case.sizes)
    head = [f"// {failure}", f"// sizes: {sizes}", f"// replay: python -m random_cascades --replay {','.join(map(str, case.choices))}"]
    path = folder / f"{name}.mlir"
    path.write_text("\n".join(head) + "\n" + case.program.text("f"))
    for k, t in enumerate(case.program.inputs):
        np.save(folder / f"{name}.arg{k}.npy", case.inputs(0)[t.name])
    return path
