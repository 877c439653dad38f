"""Several targets in one package: which one runs on which CPU, what its code may contain, what it computes.

EINFALL_CPU lowers what the runtime believes of the processor, never raises it; what this machine lacks is skipped, with
the reason.
"""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cpus import needs
from paths import BUILD, ROOT

X86 = ("x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-amx")

# A contraction, a reduction by max and one of exponentials, a mask and a type that is widened.
PROGRAM = """
func.func @scores(%q: !ein.tensor<[n, d], f32> {ein.name = "q"}, %k: !ein.tensor<[m, d], bf16> {ein.name = "k"})
    -> (!ein.tensor<[n, m], f32> {ein.name = "out"}) attributes {ein.entry} {
  %s = ein.einsum (%q[i, h], %k[j, h]) -> [i, j] reduce [h: add]
      : (!ein.tensor<[n, d], f32>, !ein.tensor<[m, d], bf16>) -> !ein.tensor<[n, m], f32> {
  ^bb0(%a: f32, %b: bf16):
    %c = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %c : f32
    ein.yield %p : f32
  }
  %t = ein.einsum (%s[i, j]) -> [i] reduce [j: max] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[n], f32>
  %e = ein.einsum (%s[i, j], %t[i]) -> [i, j] : (!ein.tensor<[n, m], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n, m], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %x = math.exp %d : f32
    ein.yield %x : f32
  }
  %z = ein.einsum (%e[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[n, m], f32>) -> !ein.tensor<[n], f32>
  %y = ein.einsum (%e[i, j], %z[i]) -> [i, j] : (!ein.tensor<[n, m], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n, m], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.divf %a, %b : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[n, m], f32>
}
"""


# Where bf16 is multiplied by dots, what is scaled by its row's sum is stored by a kernel of its own; elsewhere the scale waits. The
# table is a constant, and the state is read and replaced.
CUT = """
func.func @cut(%x: !ein.tensor<[s, 96], bf16> {ein.name = "x"}, %w: !ein.tensor<[400, 96], bf16> {ein.name = "w"},
    %old: !ein.tensor<[s, 400], f32> {ein.state = "old"})
    -> (!ein.tensor<[s, 400], f32> {ein.name = "y"}, !ein.tensor<[s, 400], f32> {ein.state = "old"}) attributes {ein.entry} {
  %table = ein.constant dense<[1.0, 2.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %n = ein.einsum (%x[s, e]) -> [s] reduce [e: add] : (!ein.tensor<[s, 96], bf16>) -> !ein.tensor<[s], f32> {
  ^bb0(%p: bf16):
    %q = arith.extf %p : bf16 to f32
    %r = arith.mulf %q, %q : f32
    ein.yield %r : f32
  }
  %a = ein.einsum (%x[s, e], %n[s]) -> [s, e] : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 96], bf16> {
  ^bb0(%p: bf16, %q: f32):
    %r = arith.extf %p : bf16 to f32
    %t = arith.divf %r, %q : f32
    %u = arith.truncf %t : f32 to bf16
    ein.yield %u : bf16
  }
  %y = ein.einsum (%a[s, e], %w[f, e]) -> [s, f] reduce [e: add]
      : (!ein.tensor<[s, 96], bf16>, !ein.tensor<[400, 96], bf16>) -> !ein.tensor<[s, 400], f32> {
  ^bb0(%p: bf16, %q: bf16):
    %r = arith.extf %p : bf16 to f32
    %t = arith.extf %q : bf16 to f32
    %u = arith.mulf %r, %t : f32
    ein.yield %u : f32
  }
  %z = ein.einsum (%y[s, f], %old[s, f], %table[0]) -> [s, f]
      : (!ein.tensor<[s, 400], f32>, !ein.tensor<[s, 400], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[s, 400], f32> {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %t = arith.mulf %p, %r : f32
    %u = arith.addf %t, %q : f32
    ein.yield %u : f32
  }
  return %z, %z : !ein.tensor<[s, 400], f32>, !ein.tensor<[s, 400], f32>
}
"""


@pytest.mark.parametrize("targets", [("x86-64-v3", "x86-64-v4-dot"), ("x86-64-v4-dot", "x86-64-v3"), ("x86-64-v4-dot", "sm_90a"),
                                     ("x86-64-v4-dot", "sm_80", "x86-64-v3", "sm_90a"), ("sm_90a", "x86-64-v4-dot")])
def test_each_target_cuts_kernels_in_its_own_way(build, tmp_path, targets):
    """Code of a target finds its own temporaries, whatever targets stand before and behind it, and computes what it does alone."""
    (tmp_path / "m.mlir").write_text(CUT)
    rng = np.random.default_rng(5)
    for name, shape in (("x", (7, 96)), ("w", (400, 96))):
        np.save(tmp_path / f"{name}.npy", (rng.standard_normal(shape, np.float32).view(np.uint32) >> 16).astype(np.uint16))

    def package(*names):
        path = tmp_path / ("+".join(names) + ".einf")
        if not path.exists():
            subprocess.run([BUILD / "bin" / "einfall-compile", tmp_path / "m.mlir", "-o", path, "--target=" + ",".join(names)], check=True)
        return path

    def result(path, cpu):
        done = subprocess.run([BUILD / "bin" / "einfall-run", path, "--entry", "cut", "--input", f"x={tmp_path}/x.npy", "--input",
                               f"w={tmp_path}/w.npy", "--output", f"y={tmp_path}/y.npy", "--profile-json", tmp_path / "p.json"], capture_output=True, text=True,
                              env={**os.environ, "EINFALL_CPU": cpu})
        assert done.returncode == 0, (done.returncode, done.stderr)
        steps = json.loads((tmp_path / "p.json").read_text())["entries"][0]["steps"]
        return np.load(tmp_path / "y.npy"), [step["program"] for step in steps]

    manifest = json.loads(zipfile.ZipFile(package(*targets)).read("manifest.json"))
    assert any(f"entries_{t}" in manifest for t in targets[1:]), "these targets cut alike: the test sees nothing"
    for cpu in targets:
        if cpu.startswith("x86"):
            needs(cpu)
            (got, kernels), (want, alone) = result(package(*targets), cpu), result(package(cpu), cpu)
            np.testing.assert_array_equal(got, want)
            assert kernels == alone


@pytest.fixture(scope="module")
def compiled(build, tmp_path_factory):
    """Compiles PROGRAM for some targets, once each; skips targets that this compiler does not have."""
    folder = tmp_path_factory.mktemp("targets")
    (folder / "m.mlir").write_text(PROGRAM)
    told = subprocess.run([BUILD / "bin" / "einfall-compile", folder / "m.mlir", "-o", folder / "x", "--target=none"],
                          capture_output=True, text=True).stderr
    known = re.search(r"there are ([\w, -]*)", told).group(1).split(", ")

    def make(*targets):
        for target in targets:
            if target not in known:
                pytest.skip(f"NOT TESTED: this compiler has no target {target}, only {', '.join(known)}")
        path = folder / ("+".join(targets) + ".einf")
        if not path.exists():
            done = subprocess.run([BUILD / "bin" / "einfall-compile", folder / "m.mlir", "-o", path,
                                   "--target=" + ",".join(targets)], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        return path

    make.known = [t for t in known if t != "native"]
    return make


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """Odd extents, as files, and the result in float64."""
    folder = tmp_path_factory.mktemp("arrays")
    rng = np.random.default_rng(3)
    q, k = rng.standard_normal((13, 37), np.float32), rng.standard_normal((29, 37), np.float32)
    bits = (k.view(np.uint32) >> 16).astype(np.uint16)
    k = (bits.astype(np.uint32) << 16).view(np.float32)
    s = q.astype(np.float64) @ k.astype(np.float64).T
    e = np.exp(s - s.max(1, keepdims=True))
    for name, array in (("q", q), ("k", bits), ("out", (e / e.sum(1, keepdims=True)).astype(np.float32))):
        np.save(folder / f"{name}.npy", array)
    return folder


def run(package, arrays, tool=(), **environment):
    command = [*(tool or [BUILD / "bin" / "einfall-run"]), package, "--entry", "scores", "--input", f"q={arrays}/q.npy",
               "--input", f"k={arrays}/k.npy", "--expect", f"out={arrays}/out.npy", "--atol", "1e-6"]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.parametrize("level", X86)
def test_each_cpu_gets_its_target(compiled, arrays, level):
    """One package for all; a CPU of a level runs that level's code, and it computes the same."""
    package = compiled(*[t for t in X86 if t in compiled.known or t == level], "aarch64")
    needs(level)
    done = run(package, arrays, EINFALL_CPU=level)
    assert done.returncode == 0, done.stderr
    assert f"scores on {level}:" in done.stdout


def test_a_better_cpu_takes_the_best_there_is(compiled, arrays):
    needs("x86-64-v3")
    done = run(compiled("x86-64-v2", "x86-64-v3"), arrays)
    assert done.returncode == 0 and "scores on x86-64-v3:" in done.stdout, done.stderr


def test_pretending_never_raises(compiled, arrays):
    needs("x86-64-v2")
    done = run(compiled("x86-64-v2", "aarch64"), arrays, EINFALL_CPU="x86-64-v4-amx")
    assert done.returncode == 0 and "scores on x86-64-v2:" in done.stdout, done.stderr


@pytest.mark.parametrize("targets, cpu, said", [
    (("x86-64-v3",), "x86-64-v2", "x86-64-v3 needs avx2"), (("x86-64-v4",), "x86-64-v3", "x86-64-v4 needs avx512f"),
    (("x86-64-v2", "x86-64-v3"), "x86-64", "x86-64-v2 needs sse4.2"), (("aarch64",), "", "aarch64 is for aarch64"),
    (("x86-64-v2",), "aarch64", "EINFALL_CPU=aarch64"), (("x86-64-v2",), "486", "unknown CPU '486' in EINFALL_CPU")])
def test_a_cpu_without_a_target_is_told(compiled, arrays, targets, cpu, said):
    if os.uname().machine != "x86_64":
        pytest.skip("NOT RUN: the messages are those of an x86-64 machine")
    done = run(compiled(*targets), arrays, EINFALL_CPU=cpu)
    assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_unknown_targets_are_refused(einfall_command, tmp_path):
    (tmp_path / "m.mlir").write_text(PROGRAM)
    done = einfall_command("compile", tmp_path / "m.mlir", "-o", tmp_path / "m.einf", "--target", "x86-64-v3,pdp11")
    assert done.returncode == 1 and "unknown target 'pdp11'" in done.stderr and not (tmp_path / "m.einf").exists()


# -- the code itself ------------------------------------------------------------------------------------


def tool(name: str) -> str:
    for path in (f"/usr/lib/llvm-22/bin/{name}", shutil.which(f"{name}-22"), shutil.which(name)):
        if path and os.path.exists(path):
            return path
    pytest.skip(f"NOT RUN: there is no {name}")


def disassembly(package: Path, target: str, folder: Path) -> str:
    with zipfile.ZipFile(package) as z:
        (folder / "code.so").write_bytes(z.read(f"code/{target}.so"))
    return subprocess.run([tool("llvm-objdump"), "-d", "--no-show-raw-insn", folder / "code.so"], capture_output=True, text=True,
                          check=True).stdout


@pytest.mark.parametrize("target, has, never", [
    ("x86-64-v2", r"\bmulps\b", r"%[yz]mm|\bv[a-z]+ps\b|%k[1-7]"), ("x86-64-v3", r"\bvfmadd\w+ps\b.*%ymm", r"%zmm|%k[1-7]"),
    ("x86-64-v4", r"%zmm", r"\btdp|%tmm"), ("aarch64", r"\bfmla\b", r"\bz\d+\.[sdh]\b|\bbfmmla\b|\bbfdot\b")])
def test_code_keeps_to_its_target(compiled, tmp_path, target, has, never):
    text = disassembly(compiled(target), target, tmp_path)
    assert re.search(has, text), f"no {has} in the code of {target}"
    found = re.search(f".*(?:{never}).*", text)
    assert not found, f"code of {target}: {found.group(0)}"


@pytest.mark.parametrize("target", ["x86-64-v2", "aarch64"])
def test_code_has_no_imports(compiled, tmp_path, target):
    with zipfile.ZipFile(compiled(target)) as z:
        (tmp_path / "code.so").write_bytes(z.read(f"code/{target}.so"))
    headers = subprocess.run([tool("llvm-readelf"), "-h", "-d", "-l", "--dyn-syms", tmp_path / "code.so"], capture_output=True,
                             text=True, check=True).stdout
    assert ("AArch64" if target == "aarch64" else "X86-64") in headers
    symbols = re.findall(r"^\s+\d+: .* (\w+) (\S+)$", headers, re.M)
    assert [name for section, name in symbols if section == "UND" and name != "0"] == []
    assert any(name == "einf_entry_scores" for _, name in symbols)
    assert "(NEEDED)" not in headers and "TEXTREL" not in headers and " RWE " not in headers


# -- other machines, emulated ---------------------------------------------------------------------------


def emulator(name: str) -> str:
    found = shutil.which(f"qemu-{name}-static") or shutil.which(f"qemu-{name}")
    if not found:
        pytest.skip(f"NOT RUN: no qemu-{name} (apt-get install qemu-user-static)")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("cpu, target", [("Nehalem", "x86-64-v2"), ("max", "x86-64-v3")])
def test_on_an_emulated_older_cpu(compiled, arrays, cpu, target):
    """The CPU's own report chooses, and none of its instructions is missing there."""
    package = compiled("x86-64-v2", "x86-64-v3", "x86-64-v4")
    done = run(package, arrays, [emulator("x86_64"), "-cpu", cpu, BUILD / "bin" / "einfall-run"])
    assert done.returncode == 0 and f"scores on {target}:" in done.stdout, done.stderr + done.stdout


@pytest.mark.slow
def test_aarch64_code_runs(compiled, arrays, tmp_path):
    """The runtime built for AArch64 runs the package's AArch64 code under emulation."""
    qemu = emulator("aarch64")
    root = Path("/usr/aarch64-linux-gnu")
    if not (root / "include" / "c++").exists():
        pytest.skip("NOT RUN: no AArch64 libraries (apt-get install g++-aarch64-linux-gnu libc6-dev-arm64-cross)")
    build = BUILD.parent / "runtime-aarch64"
    # Only the two headers: /usr/include has those of this machine's C library too.
    (build / "headers").mkdir(parents=True, exist_ok=True)
    for name in ("xxhash.h", "nlohmann"):
        if not (build / "headers" / name).exists():
            (build / "headers" / name).symlink_to(f"/usr/include/{name}")
    settings = {"SYSTEM_NAME": "Linux", "SYSTEM_PROCESSOR": "aarch64", "C_COMPILER": "clang-22", "CXX_COMPILER": "clang++-22",
                "C_COMPILER_TARGET": "aarch64-linux-gnu", "CXX_COMPILER_TARGET": "aarch64-linux-gnu", "BUILD_TYPE": "Release",
                "EXE_LINKER_FLAGS": "-fuse-ld=lld"}
    commands = [["cmake", "-S", ROOT / "runtime", "-B", build, "-G", "Ninja", *(f"-DCMAKE_{k}={v}" for k, v in settings.items()),
                 f"-DXXHASH_INCLUDE={build}/headers", f"-DNLOHMANN_JSON_INCLUDE={build}/headers", "-DBUILD_TESTING=OFF"],
                ["cmake", "--build", build, "--target", "einfall-run"]]
    for command in commands:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    done = run(compiled("x86-64-v2", "aarch64"), arrays, [qemu, "-L", root, build / "tools" / "einfall-run" / "einfall-run"])
    assert done.returncode == 0 and "scores on aarch64:" in done.stdout, done.stderr
