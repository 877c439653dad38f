"""The imported families, compiled and run: logits of the package against PyTorch in float64.

The importer's own tests check the same models in the reference interpreter; here the whole way is run, einfall-compile
to einfall-run, with prompts of different lengths in one batch and odd sizes.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
BIN = Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev")) / "bin"

pytestmark = pytest.mark.skipif(not (BIN / "einfall-compile").exists(), reason=f"NOT TESTED: no compiler under {BIN}")

families = pytest.importorskip("families")

SIZES = [(1, 1), (2, 7), (3, 29), (5, 65)]


def _run(*command) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", families.params())
def test_logits(name, tmp_path):
    from einfall.frontend.causal_lm import import_causal_lm

    model = families.make(name)
    model.save_pretrained(tmp_path)
    text, metadata = import_causal_lm(str(tmp_path))
    (tmp_path / "m.mlir").write_text(text)
    _run(BIN / "einfall-compile", tmp_path / "m.mlir", "-o", tmp_path / "m.einf", "--weights", tmp_path,
         "--model-kind", "causal-lm")
    random = np.random.default_rng(len(name))
    for rows, length in SIZES:
        ids = random.integers(0, metadata["vocab_size"], (rows, length))
        start = np.array([2 * i % length for i in range(rows)])
        np.save(tmp_path / "ids.npy", ids)
        np.save(tmp_path / "start.npy", start)
        _run(BIN / "einfall-run", tmp_path / "m.einf", "--entry", "logits", "--input", f"ids={tmp_path}/ids.npy",
             "--input", f"start={tmp_path}/start.npy", "--param", f"t={length}", "--bound", f"b={rows}",
             "--bound", f"s={length}", "--bound", "t=80", "--bound", "c=80", "--output", f"logits={tmp_path}/out.npy")
        logits = np.load(tmp_path / "out.npy")
        expected = families.reference(model, [list(map(int, ids[i, start[i]:])) for i in range(rows)])
        for i, reference in enumerate(expected):
            error = np.abs(logits[i, start[i]:] - reference.numpy()).max()
            assert error <= 1e-4 * reference.abs().max(), (rows, length, i)
