"""The reference interpreter agrees with the numpy evaluator on whole imported models."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

import families
from checking import check_text, specialise
from evaluate import Evaluator

OPT = Path(__file__).resolve().parents[3] / "build/dev/bin/einfall-opt"


def interprets() -> bool:
    return OPT.exists() and "--ein-interpret" in subprocess.run([OPT, "--help"], capture_output=True, text=True).stdout


@pytest.mark.skipif(not interprets(), reason="einfall-opt --ein-interpret is not built")
@pytest.mark.parametrize("name", families.params(["llama", "mistral", "gemma3", "gpt2", "phi3", "olmo2"]))
def test_models(name, tmp_path):
    it = families.imported(name)
    b, s, t, c = 2, 3, 10, 12
    rng = np.random.default_rng(0)
    args = {"ids": rng.integers(0, 97, [b, s]), "start": np.array([0, 4])} | it.weights
    args |= {st["name"]: rng.standard_normal([b, st["heads"], c, st["size"]]).astype(np.float32) for st in it.metadata["states"]}
    sizes = {"b": b, "s": s, "t": t, "c": c}
    for f in it.functions.values():
        if f.name == "step":  # one token
            args["ids"], sizes["s"] = args["ids"][:, :1], 1
        want = [np.asarray(v, np.float32) for v in Evaluator().run(f, args, sizes)]
        path = tmp_path / f"{f.name}.mlir"
        path.write_text(check_text(specialise(f, sizes, args), want, atol=2e-4))
        run = subprocess.run([OPT, "--ein-interpret", path], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-3000:]
