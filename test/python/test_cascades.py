"""Cascades before and after deferral and derived folds, in the reference interpreter.

Every function of test/passes/ein/count and of derive-folds.mlir runs on random data of odd extents: as written, after
`ein-defer`, after `ein-derive-folds`, and with every fold cut in random pieces that merge along a random tree. In
double precision they agree; in declared types the error stays within design's bound.
"""

import itertools
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from paths import BUILD, ROOT

OPT = BUILD / "bin" / "einfall-opt"
pytestmark = pytest.mark.skipif(not OPT.exists(), reason=f"NOT TESTED: no compiler under {BUILD / 'bin'}")

SOURCES = [*sorted((ROOT / "test/passes/ein/count").glob("*.mlir")), ROOT / "test/passes/ein/derive-folds.mlir"]
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
            value = random.integers(0, large, shape)
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


def _run(folder: Path, name: str, mode: str, passes=(), split: int = 0):
    out = folder / f"{mode}-{len(passes)}-{split}"
    out.mkdir(exist_ok=True)
    options = f"entry={name} inputs={folder} outputs={out} mode={mode} split-folds={split}"
    command = [OPT, FUNCTIONS[name][0], *(f"--{p}" for p in passes), f"--ein-interpret={options}", "-o", "/dev/null"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.load(out / "result0.npy").astype(np.float64)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_before_and_after(name, tmp_path):
    for seed, size in enumerate(SIZES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        _write(folder, name, size, seed)
        exact = _run(folder, name, "f64")
        runs = [(PASSES[:1], 0), (PASSES, 0), (PASSES, seed + 1), (PASSES, seed + 77)]
        for passes, split in runs:
            got = _run(folder, name, "f64", passes, split)
            np.testing.assert_allclose(got, exact, rtol=1e-9, atol=1e-9, err_msg=f"{passes} {split} {size}")
        if exact.dtype.kind != "f" or not exact.size:
            continue
        unfused = _run(folder, name, "declared")
        finite = np.isfinite(exact)
        scale = np.max(np.abs(exact), initial=0, where=finite)
        bound = 2 * np.max(np.abs(unfused - exact), initial=0, where=finite) + 4 * np.spacing(np.float32(scale))
        for passes, split in itertools.product((PASSES[:1], PASSES), (0, seed + 5)):
            error = np.abs(_run(folder, name, "declared", passes, split) - exact)
            assert np.max(error, initial=0, where=finite) <= bound, (passes, split, size)


def test_empty_fibers_are_the_identity(tmp_path):
    for name in ("logsumexp", "stable", "layer_norm_gemm", "masked"):
        folder = tmp_path / name
        folder.mkdir()
        _write(folder, name, (2, 0), 0)
        np.testing.assert_array_equal(_run(folder, name, "f64", PASSES), _run(folder, name, "f64"))
