"""`einfall-run` needs nothing but the C and C++ libraries: not Python, not LLVM, not this checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paths import MODEL, ROOT

ALLOWED = {"linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64", "libc", "libm", "libstdc++", "libgcc_s", "libdl", "libpthread"}


def libraries(path) -> dict[str, str]:
    """Name and file of each library that the loader maps for a program."""
    told = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in told.splitlines():
        match = re.match(r"\s*(?:(\S+) => )?(/\S+|linux-vdso\S*)", line)
        assert match, line
        file = match.group(2)
        found[re.sub(r"\.so.*", "", os.path.basename(match.group(1) or file))] = file
    return found


@pytest.mark.parametrize("file", ["bin/einfall-run", "libeinfall.so"])
def test_only_system_libraries(build, file):
    path = next((p for p in (build / file, *build.rglob(Path(file).name)) if p.exists()), None)
    assert path, f"{file} is not built"
    assert set(libraries(path)) <= ALLOWED


def test_the_compilers_libraries_are_not_in_it(build):
    text = (build / "bin" / "einfall-run").read_bytes()
    assert len(text) < 20 << 20 and b"mlir::" not in text and b"PyObject" not in text


def test_runs_where_there_is_nothing_else(build, tiny_llama, tmp_path):
    """In a root folder that holds the tool, its libraries and the package, and nothing else."""
    root = tmp_path / "root"
    for file in [*libraries(build / "bin" / "einfall-run").values()]:
        if file.startswith("/"):
            (root / file[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, root / file[1:])
    (root / "tmp").mkdir()
    shutil.copy(build / "bin" / "einfall-run", root / "einfall-run")
    shutil.copy(tiny_llama, root / "m.einf")
    chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or "chroot"
    enter = [chroot, root] if os.geteuid() == 0 else [shutil.which("unshare") or "unshare", "--user", "--map-root-user", chroot, root]
    command = ["/einfall-run", "/m.einf", "generate", "--prompt", "In the beginning God created", "-n", "8", "--bos", "--json"]
    done = subprocess.run([*map(str, enter), *command], capture_output=True, text=True, env={})
    if done.returncode and ("chroot" in done.stderr or "unshare" in done.stderr):
        pytest.skip(f"NOT RUN: no right to change the root folder ({done.stderr.strip()})")
    assert done.returncode == 0, done.stderr
    case = json.loads((MODEL / "golden.json").read_text())["cases"][0]
    assert json.loads(done.stdout)["ids"] == [case["output_ids"][len(case["input_ids"]):][:8]]


def test_the_c_example_runs(build, tiny_llama):
    """The program of runtime/examples, linked to libeinfall.so alone."""
    tool = next(iter(build.rglob("einfall-generate-example")), None)
    assert tool, "the example is not built"
    assert sum(1 for _ in open(ROOT / "runtime" / "examples" / "generate.c")) <= 45
    case = json.loads((MODEL / "golden.json").read_text())["cases"][0]
    done = subprocess.run([tool, tiny_llama, *map(str, case["input_ids"])], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    want = case["output_ids"][len(case["input_ids"]):]
    assert [int(x) for x in done.stdout.splitlines()[0].split()] == want


def resident_peak(command) -> int:
    """Bytes of the most memory that a command had resident, its file mappings included."""
    # A process counts what it was forked from: from a small one, here.
    program = ("import resource, subprocess, sys\n"
               "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n")
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program, *map(str, command)], capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024


@pytest.mark.parametrize("length", [1, 512])
def test_memory(build, tiny_llama, tmp_path, length):
    """At most weights + planned arena and states + inputs and outputs + 24 MB; the prefill's arena at most 12 MB."""
    np.save(tmp_path / "ids.npy", np.arange(length)[None] % 4096)
    np.save(tmp_path / "start.npy", np.zeros(1, np.int64))
    command = [build / "bin" / "einfall-run", tiny_llama, "--entry", "logits", "--input", f"ids={tmp_path}/ids.npy",
               "--input", f"start={tmp_path}/start.npy", "--param", f"t={length}", "--bound", "c=512"]
    told = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    arena, states = map(int, re.search(r"arena (\d+) bytes, states (\d+) bytes", told).groups())
    weights = tiny_llama.stat().st_size
    logits = 4 * 4096 * length
    peak = resident_peak(command)
    allowed = weights + arena + states + logits + (24 << 20)
    print(f"{length} tokens: resident {peak >> 10} KiB, allowed {allowed >> 10} KiB, arena {arena >> 10} KiB")
    assert peak <= allowed
    assert arena <= 12 << 20
