"""Sizes that a causal LM's entry points assume are checked on every call, with an error that says which."""

import subprocess

import numpy as np
import pytest


@pytest.mark.parametrize("total, message", [(2, "needs t - s >= 0"), pytest.param(9, "needs c - t >= 0", marks=pytest.mark.slow)])
def test_broken_assumption(build, tiny_llama, tmp_path, total, message):
    np.save(tmp_path / "ids.npy", np.array([[0, 5, 6]]))
    np.save(tmp_path / "start.npy", np.array([0]))
    done = subprocess.run([build / "bin" / "einfall-run", tiny_llama, "--entry", "logits",
                           "--input", f"ids={tmp_path}/ids.npy", "--input", f"start={tmp_path}/start.npy",
                           "--param", f"t={total}", "--bound", "b=1", "--bound", "s=8", "--bound", "t=16",
                           "--bound", "c=8"], capture_output=True, text=True)
    assert done.returncode == 1 and message in done.stderr
