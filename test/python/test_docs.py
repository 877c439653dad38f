"""What the README tells a user to type works; links lead somewhere."""

import os
import re
import shlex
import subprocess

import pytest

from paths import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = [line.split("#")[0].strip() for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()
            if line.strip()]
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.slow
@pytest.mark.long
def test_commands_of_the_readme(build, tmp_path):
    """Those of `./dev exec`, in their order; the others are what runs these tests."""
    pytest.importorskip("transformers")
    path = os.pathsep.join([str(build / "bin"), str(ROOT / ".venv" / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "python")}
    ran = 0
    for command in COMMANDS:
        if command.startswith("./dev exec "):
            words = [w.replace("tiny.einf", str(tmp_path / "tiny.einf")) for w in shlex.split(command)[2:]]
            done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, (command, done.stderr)
            ran += 1
        else:
            assert re.fullmatch(r"\./dev (demo|test)", command), f"not tested: {command}"
    assert ran >= 3


def test_cascades_on_a_gpu(build, tmp_path, monkeypatch):
    """The page's own lines, as far as a machine without a GPU goes."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "gpu.md").read_text(), re.S)
    (tmp_path / "page.py").write_text(code)  # a cascade is read from its file
    monkeypatch.syspath_prepend(tmp_path)
    import page

    assert (page.y == 2).all() and [t["name"] for t in page.package.manifest["targets"]][1:] == ["sm_80"]
    with pytest.raises(page.einfall.EinfallError, match="no NVIDIA driver"):
        monkeypatch.setenv("EINFALL_CUDA_DRIVER", "/nonexistent/libcuda.so.1")
        page.einfall.load("scaled.einf", device="cuda").scaled(page.np.ones((2, 3), "f"), 2.0)


def test_every_family_is_listed():
    """The page on models lists what the tests compare, and nothing else."""
    pytest.importorskip("transformers")
    import sys

    sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
    import families

    rows = [line.split("|")[1] for line in (ROOT / "docs" / "models.md").read_text().splitlines() if line.startswith("| `") and "`model_type`" not in line]
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == {make().model_type for make in families.CONFIGS.values()}


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_links(page):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)  # code has brackets of its own
    for target in re.findall(r"\]\(([^)#\s]+)", prose):
        if not re.match(r"\w+:", target):
            assert (page.parent / target).exists(), f"{page.name}: no {target}"
