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


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_links(page):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)  # code has brackets of its own
    for target in re.findall(r"\]\(([^)#\s]+)", prose):
        if not re.match(r"\w+:", target):
            assert (page.parent / target).exists(), f"{page.name}: no {target}"
