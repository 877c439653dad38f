"""Shared by the tests of the Python package: the build, a cache of their own and the compiled sample model.

With `-n` (pytest-xdist) several processes share the tests. Those that use a fixture of their module stay in one process,
so that it is made once; what is made once for all of them takes `once`.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import warnings

import pytest

import cpus
from paths import BUILD, MODEL, ROOT

os.environ.setdefault("EINFALL_BUILD_DIR", str(BUILD))
if str(ROOT / "python") not in sys.path:
    sys.path.insert(0, str(ROOT / "python"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        if any(definitions[-1].scope == "module" for definitions in item._fixtureinfo.name2fixturedefs.values()):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    # The long ones first, so that no process ends alone with one.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter):
    """Tests that take the targets in turn leave out those without their CPU; skipped tests are not told of here."""
    for target in cpus.NEEDS:
        if reason := cpus.lacks(target):
            terminalreporter.write_line(reason)


@pytest.fixture(scope="session")
def build():
    """The build folder; skips, and warns, where it is not built."""
    parts = ["bin/einfall-compile", "bin/einfall-run", "python/einfall"]
    missing = [p for p in parts if not (BUILD / p).exists()]
    if missing:
        warnings.warn(f"NOT TESTED: {BUILD} lacks {', '.join(missing)}; run ./dev build", stacklevel=1)
        pytest.skip(f"{BUILD} lacks {', '.join(missing)}")
    old = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(BUILD / "test-cache")
    yield BUILD
    os.environ.pop("XDG_CACHE_HOME")
    if old is not None:
        os.environ["XDG_CACHE_HOME"] = old


@pytest.fixture(scope="session")
def einfall_command(build):
    """Runs `python -m einfall ARGS…`; result has returncode, stdout, stderr."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "python"), environment.get("PYTHONPATH", "")])

    def run(*args, **options):
        return subprocess.run([sys.executable, "-m", "einfall", *map(str, args)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env={**environment, **options}, timeout=600)

    return run


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """once(NAME, make): the folder NAME, which make(folder) filled in the first of the processes that asked."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def get(name, make):
        folder, made = base / f"once-{name}", base / f"once-{name}.made"
        with open(base / f"once-{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                made.touch()
        return folder

    return get


@pytest.fixture(scope="session")
def tiny_llama(einfall_command, once):
    """The sample model compiled in float32."""
    pytest.importorskip("transformers")

    def make(folder):
        done = einfall_command("compile", MODEL, "-o", folder / "tiny-llama.einf", "--dtype", "f32")
        assert done.returncode == 0, done.stderr
        assert done.stdout == "" and done.stderr == "", "a compilation without terminal is silent"

    return once("tiny-llama", make) / "tiny-llama.einf"
