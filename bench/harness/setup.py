"""The environment of the optional peers: on top of the development one, which they do not change."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bench" / "venv"
LIST = ROOT / "requirements" / "bench.txt"


def python() -> str:
    """The interpreter for workers."""
    own = FOLDER / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def requirements() -> list[str]:
    lines = (line.split("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def install() -> int:
    """Installs what is missing, one requirement at a time; says what could not be installed."""
    if not (FOLDER / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    below = Path(subprocess.run([python(), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                                capture_output=True, text=True).stdout.strip())
    (below / "development.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # llama.cpp's part for images takes longer to build than all the rest.
    compilers = {"CC": "clang-22", "CXX": "clang++-22", "CMAKE_ARGS": "-DLLAVA_BUILD=OFF"}
    failed = []
    for requirement in requirements():
        print(f"bench: installing {requirement}", flush=True)
        done = subprocess.run([python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
                              stdin=subprocess.DEVNULL, env={**compilers, **os.environ})
        if done.returncode:
            failed.append(requirement)
    if failed:
        print(f"bench: could not install {', '.join(failed)}; benchmarks leave them out")
    return 0
