"""The wheel: built by `pip wheel .`, installed into a virtual environment of its own, used from there.

PyTorch and transformers, which only imports need, are those of the project's environment.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from paths import MODEL, ROOT

pytestmark = pytest.mark.slow
CASE = json.loads((MODEL / "golden.json").read_text())["cases"][0]


def run(*command, cwd=None, **environment):
    # Nothing of the checkout on the paths.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("EINFALL_", "PYTHONPATH", "VIRTUAL_ENV"))}
    clean["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**clean, **environment}, timeout=3000)


@pytest.fixture(scope="module")
def wheel(build, tmp_path_factory):
    """The file. The build type is that of the build folder, so that the compiler cache has its objects."""
    pytest.importorskip("scikit_build_core")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", ROOT, "--no-deps", "--no-build-isolation", "--quiet", "-w", folder,
               "-C", "cmake.build-type=Dev", "-C", f"build-dir={build.parent}/wheel-dev"]
    done = run(*command, PATH=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    [file] = folder.glob("einfall-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin folder of an environment with the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    (Path(site) / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
    done = run(python, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", wheel)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def test_what_is_in_it(wheel):
    with zipfile.ZipFile(wheel) as z:
        names = set(z.namelist())
        metadata = z.read(next(n for n in names if n.endswith("METADATA"))).decode()
    assert {"einfall/__init__.py", "einfall/cli.py", "einfall/bin/einfall-run", "einfall/bin/einfall-compile",
            "einfall/bin/einfall-roof"} <= names
    assert any(n.startswith("einfall/_runtime.") for n in names)
    strange = [n for n in names if not n.startswith(("einfall/", "einfall-")) or "/test" in n or n.endswith((".a", ".h", ".pyc"))]
    assert not strange
    assert "Requires-Dist: numpy" in metadata


def test_import(installed, tmp_path):
    program = ("import einfall, numpy as np, sys\n"
               "from einfall import runtime\n"
               "assert 'torch' not in sys.modules\n"
               "a = np.arange(6.0).reshape(2, 3)\n"
               "assert np.array_equal(einfall.einsum('ij,kj->ik', a, a), a @ a.T)\n"
               "print(einfall.__file__, runtime._runtime.__file__)\n")
    done = run(installed / "python", "-c", program, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert all(str(installed.parent) in file for file in done.stdout.split())


def test_commands(installed, tmp_path):
    """compile, generate, score, run and inspect of the console command."""
    einfall = installed / "einfall"
    package = tmp_path / "m.einf"
    done = run(einfall, "compile", MODEL, "-o", package, "--dtype", "f32", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr
    ids = ",".join(map(str, CASE["input_ids"]))
    done = run(einfall, "generate", package, "--ids", ids, "-n", 8, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["ids"] == [CASE["output_ids"][len(CASE["input_ids"]):][:8]]
    np.save(tmp_path / "ids.npy", np.load(MODEL / "val_ids.npy")[:130])
    done = run(einfall, "score", package, "--ids", tmp_path / "ids.npy", "--window", 64, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["windows"] == 2
    np.save(tmp_path / "prompt.npy", np.array([CASE["input_ids"]]))
    np.save(tmp_path / "start.npy", np.zeros(1, np.int64))
    n = len(CASE["input_ids"])
    done = run(einfall, "run", package, "--entry", "next", "--input", "ids=prompt.npy", "--input", "start=start.npy", "--param", f"t={n}",
               "--bound", f"c={n}", "--output", "logits=out.npy", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "out.npy").argmax() == CASE["output_ids"][n]
    done = run(einfall, "inspect", package, "--verify", cwd=tmp_path)
    assert done.returncode == 0 and "all checksums hold" in done.stdout
    assert run(einfall, "--version").stdout.startswith("einfall 0.")
