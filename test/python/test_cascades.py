"""Cascades before and after deferral and derived folds, in the reference interpreter.

Every function of test/passes/ein/count, derive-folds.mlir and missing-reads.mlir runs on random data of odd extents: as written, after
`ein-defer`, after `ein-derive-folds`, and with every fold cut in random pieces that merge along a random tree. In
double precision they agree; in declared types the error stays within design's bound.
"""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from paths import BUILD, ROOT

OPT = BUILD / "bin" / "einfall-opt"
pytestmark = pytest.mark.skipif(not OPT.exists(), reason=f"NOT TESTED: no compiler under {BUILD / 'bin'}")

SOURCES = [*sorted((ROOT / "test/passes/ein/count").glob("*.mlir")),
           *(ROOT / "test/passes/ein" / name for name in ("derive-folds.mlir", "missing-reads.mlir"))]
PASSES = ("ein-defer", "ein-derive-folds")
# Their argument X is scores: some are -inf, the first ones of a row and whole rows among them.
MASKED = {"softmax", "log_softmax", "logsumexp", "chained", "masked", "sinks", "soft_targets"}
SIZES = ((1, 1), (3, 7), (2, 13), (5, 131))


def _functions():
    seen = {}
    for source in SOURCES:
        for name, signature in re.findall(r"func\.func @(\w+)\((.*?)\) ->", source.read_text()):
            arguments = re.findall(r"%(\w+): !ein\.tensor<\[(.*?)\], (\w+)>", signature)
            seen.setdefault(name, (source, arguments))
    return seen


FUNCTIONS = _functions()


def _write(folder: Path, name: str, size, seed: int) -> None:
    """Random arguments; the ranks that something reduces are the longer ones."""
    random = np.random.default_rng(seed)
    small, large = size
    free = {"B": small, "P": small, "N": small, "F": 3, "E": 5, "O": small, "M1": small, "M0": 7, "R": 2}
    for index, (argument, dims, element) in enumerate(FUNCTIONS[name][1]):
        shape = [free.get(d.strip(), int(d) if d.strip().isdigit() else large) for d in dims.split(",") if d.strip()]
        if element.startswith("i"):
            value = random.integers(-1, large, shape)
        else:
            value = (random.standard_normal(shape) * 2 + 0.5).astype(np.float32)
            if name == "sinkhorn_step":
                value = np.abs(value) + np.float32(0.1)
        if name in MASKED and argument == "X":
            value[random.random(shape) < 0.2] = -np.inf
            value[..., : large // 2] = -np.inf
            if small > 1:
                value[0] = -np.inf
        np.save(folder / f"arg{index}.npy", value)


def _interpret(name: str, folders: list[Path], calls) -> None:
    """One process for all: `calls` are (passes before it, result's folder, mode, pieces) in the order of the passes."""
    pipeline, done = [], 0
    for passes, out, mode, split in calls:
        pipeline += [f"func.func({one})" for one in PASSES[done:passes]]
        done = passes
        for folder in folders:
            (folder / out).mkdir()
            pipeline.append(f"ein-interpret{{entry={name} inputs={folder} outputs={folder / out} mode={mode} split-folds={split}}}")
    command = [OPT, FUNCTIONS[name][0], f"--pass-pipeline=builtin.module({','.join(pipeline)})", "-o", "/dev/null"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _load(folder: Path) -> np.ndarray:
    return np.load(folder / "result0.npy").astype(np.float64)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_before_and_after(name, tmp_path):
    folders = []
    for seed, size in enumerate(SIZES):
        folders.append(tmp_path / str(seed))
        folders[-1].mkdir()
        _write(folders[-1], name, size, seed)
    f64 = [(1, 0), (2, 0), (2, 1), (2, 3), (2, 77), (2, 80)]
    declared = [(1, 0), (1, 5), (2, 0), (2, 5), (2, 8)]
    calls = [(0, "exact", "f64", 0), (0, "unfused", "declared", 0)]
    calls += [(passes, f"{mode}-{passes}-{split}", mode, split) for mode, runs in (("f64", f64), ("declared", declared))
              for passes, split in runs]
    _interpret(name, folders, sorted(calls, key=lambda call: call[0]))
    for folder, size in zip(folders, SIZES):
        exact, unfused = _load(folder / "exact"), _load(folder / "unfused")
        for passes, split in f64:
            np.testing.assert_allclose(_load(folder / f"f64-{passes}-{split}"), exact, rtol=1e-9, atol=1e-9, err_msg=f"{passes} {split} {size}")
        finite = np.isfinite(exact)
        error = lambda got: np.max(np.abs(np.subtract(got, exact, where=finite, out=np.zeros_like(exact))), initial=0)  # noqa: B023, E731
        scale = np.max(np.abs(exact), initial=0, where=finite)
        bound = 2 * error(unfused) + 4 * np.spacing(np.float32(scale))
        for passes, split in declared:
            assert error(_load(folder / f"declared-{passes}-{split}")) <= bound, (passes, split, size)


def test_empty_fibers_are_the_identity(tmp_path):
    for name in ("logsumexp", "stable", "layer_norm_gemm", "masked"):
        folder = tmp_path / name
        folder.mkdir()
        _write(folder, name, (2, 0), 0)
        _interpret(name, [folder], [(0, "before", "f64", 0), (2, "after", "f64", 0)])
        np.testing.assert_array_equal(_load(folder / "after"), _load(folder / "before"))
