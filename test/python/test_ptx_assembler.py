"""What ptxas makes of the emitted kernels: it takes them, they fit into registers, shared memory is what the target grants."""

import importlib
import os
import re
import shutil
import struct
import subprocess
import zipfile

import pytest

from device_package import PTX, unpack_code
from ptx.text import read
from test_cascade import NAMES
from test_ptx_products import text as product_text

TARGETS = ["sm_80", "sm_89", "sm_90a", "sm_100a", "sm_120a"]
#: KiB of shared memory that cards of a compute capability grant a block (CUDA programming guide).
GRANTED = {80: 163, 86: 99, 87: 163, 89: 99, 90: 227, 100: 227, 103: 227, 120: 99, 121: 99}
#: Products take as much of it as they get.
PRODUCTS = "".join(map(product_text, ["nt_bf16", "nn_f32"]))
#: Registers of a multiprocessor.
REGISTERS = 65536
#: Bytes that a thread may store away where ptxas has 128 registers, which leaves room for a second block, or 64 where rows are in
#: registers (kMostSpilled in codegen/nvptx/Ptx.cpp). Where it may take 255 of them nothing is stored away.
SPILLED = 400


def granted(target: str) -> int:
    """Bytes that every card that runs the target grants."""
    first = int(re.sub(r"\D", "", target))
    return 1024 * min(kib for card, kib in GRANTED.items() if card == first or card > first and not target.endswith("a"))


@pytest.fixture(scope="module")
def variants(build):
    return importlib.import_module("cascade_variants")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("name", NAMES)
def test_assembled_without_spills(build, variants, tmp_path, name, target):
    assembler = shutil.which("ptxas")
    if not assembler:
        pytest.skip("NOT RUN: there is no ptxas (a part of the CUDA toolkit)")
    cascade, arguments, _ = variants.CASES[name]
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    (tmp_path / "m.mlir").write_text(cascade.text(*cascade._types(values).values()))
    ptx = tmp_path / "m.ptx"
    done = subprocess.run([build / "bin" / "einfall-compile", tmp_path / "m.mlir", f"--target={target}", "-S", "-o", ptx],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = ptx.read_text()
    kernels = read(text).kernels
    assert kernels
    threads = max(kernel.threads for kernel in kernels.values())

    def assemble(text: str) -> int:
        """The bytes that are stored away."""
        ptx.write_text(text)
        done = subprocess.run([assembler, "-v", "-O3", f"-arch={target}", ptx, "-o", os.devnull], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        registers = list(map(int, re.findall(r"Used (\d+) registers", done.stderr)))
        assert len(registers) == len(kernels) and max(registers) * threads <= REGISTERS, done.stderr
        return max(map(int, re.findall(r"(\d+) bytes spill stores", done.stderr)))

    assert assemble(text) <= SPILLED
    plain = re.sub(r"^\.minnctapersm .*\n", "", text, flags=re.M)
    assert assemble(re.sub(r"^(\.maxntid .*)$", r"\1\n.minnctapersm 1", plain, flags=re.M)) == 0


#: Spills unless a block may have all registers; with a second argument, then too.
ASSEMBLER = """#!/bin/sh
for word; do case $word in *.ptx) text=$word;; *.cubin) code=$word;; esac; done
name=$(sed -n 's/^.visible .entry \\([^(]*\\)(.*/\\1/p' $text | head -n 1)
echo run >> LOG
if ALWAYS || ! grep -q "minnctapersm 1" $text; then
  echo "ptxas warning : Registers are spilled to local memory in function '$name', 416 bytes spill stores, 28 bytes spill loads"
fi >&2
echo code > $code
"""


@pytest.mark.parametrize("always", [False, True])
def test_a_kernel_that_spills_gets_all_registers(build, variants, tmp_path, always):
    """By an assembler of the test: what is embedded is what was assembled last, and spills that stay are told."""
    cascade, arguments, _ = variants.CASES["softmax"]
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    (tmp_path / "m.mlir").write_text(cascade.text(*cascade._types(values).values()))
    (tmp_path / "ptxas").write_text(ASSEMBLER.replace("ALWAYS", str(always).lower()).replace("LOG", str(tmp_path / "log")))
    (tmp_path / "ptxas").chmod(0o755)
    done = subprocess.run([build / "bin" / "einfall-compile", tmp_path / "m.mlir", "--target=sm_90a", "-o", tmp_path / "m.einf"],
                          capture_output=True, text=True, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().count("run") == 2
    assert ("keeps 416 bytes of each thread's values in memory, for lack of registers of sm_90a" in done.stderr) == always
    with zipfile.ZipFile(tmp_path / "m.einf") as archive:
        assert archive.read("code/sm_90a.so").count(b".minnctapersm 1") == 1


def packed(build, folder, text: str, target: str):
    """The kernels and the PTX of a package for the target."""
    (folder / "m.mlir").write_text(text)
    done = subprocess.run([build / "bin" / "einfall-compile", folder / "m.mlir", f"--target={target}", "-o", folder / "m.einf"],
                          capture_output=True, text=True, env={**os.environ, "PATH": os.devnull})
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "m.einf") as archive:
        code = archive.read(f"code/{target}.so")
    start = code.index(b"EINFDEV1")
    (size,) = struct.unpack_from("<Q", code, start + 16)
    kernels, images = unpack_code(code[start : start + size])
    ((kind, image),) = images
    assert kind == PTX  # as no assembler was found
    return kernels, image.rstrip(b"\0").decode()


@pytest.mark.parametrize("target", TARGETS)
def test_products_fit_every_card_of_the_target(build, tmp_path, target):
    """A target is for later cards, too, some of which grant less than its own chip."""
    kernels, _ = packed(build, tmp_path, PRODUCTS, target)
    assert granted(target) // 2 < max(kernel.shared_bytes for kernel in kernels) <= granted(target)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("name", [*NAMES, "products"])
def test_shared_memory(build, variants, tmp_path, name, target):
    """A block's memory is what the package's table says and what ptxas adds to it: together, what a card grants."""
    assembler = shutil.which("ptxas")
    if not assembler:
        pytest.skip("NOT RUN: there is no ptxas (a part of the CUDA toolkit)")
    if name == "products":
        text = PRODUCTS
    else:
        cascade, arguments, _ = variants.CASES[name]
        text = cascade.text(*cascade._types([cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]).values())
    kernels, text = packed(build, tmp_path, text, target)
    (tmp_path / "m.ptx").write_text(text)
    done = subprocess.run([assembler, "-v", "-O1", f"-arch={target}", tmp_path / "m.ptx", "-o", os.devnull], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    added = {part.split()[0]: sum(map(int, re.findall(r"(\d+) bytes smem", part))) for part in done.stderr.split("properties for ")[1:]}
    assert added.keys() == {kernel.name for kernel in kernels}
    for kernel in kernels:
        assert kernel.shared_bytes + added[kernel.name] <= granted(target), kernel
