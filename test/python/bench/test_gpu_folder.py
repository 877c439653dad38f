"""The folder that bench/gpu packs, as far as it runs without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GPU = Path(__file__).resolve().parents[3] / "bench" / "gpu"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    subprocess.run([sys.executable, "-c", "import sys, pathlib, pack; pack.copy_programs(pathlib.Path(sys.argv[1]))", folder], check=True,
                   env={**os.environ, "PYTHONPATH": f"{GPU}:{os.environ.get('PYTHONPATH', '')}"})
    return folder


def alone(folder, code: str) -> str:
    """What `code` prints, run where nothing else of the project is."""
    pytest.importorskip("torch")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("EINFALL", "PYTHON"))}
    done = subprocess.run([sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"], capture_output=True, text=True,
                          cwd="/", env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_needs_nothing_of_the_project(folder):
    assert alone(folder, "import check, times; print(check.CHECKS.keys() & times.KINDS.keys())") == "set()\n"


def test_what_is_timed_has_to_be_right(folder):
    code = """
import torch, times
want = torch.arange(1.0, 5)
late = want.clone()
late[1] = torch.nan  # the poison of what no kernel wrote
errors = [max(0.0, times.off(got, want)) for got in (want, want + 1e-2, want + 4e-2, late)]
rows = [{"element": "bf16", "error": e} for e in errors] + [{"element": "f32", "error": 2e-5}]
print([rows.index(row) for row in times.wrong(rows)])
"""
    assert alone(folder, code) == "[2, 3, 4]\n"
