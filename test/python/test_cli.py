"""The command line: what it writes, where, and how it refuses."""

import json
import os
import re
import stat
import subprocess
import sys

import numpy as np
import pytest

from paths import MODEL, ROOT

MATMUL = """func.func @matmul(%a: !ein.tensor<[i, j], f32> {ein.name = "a"}, %b: !ein.tensor<[j, k], f32> {ein.name = "b"})
    -> (!ein.tensor<[i, k], f32> {ein.name = "out"}) attributes {ein.entry} {
  %r = ein.einsum (%a[i, j], %b[j, k]) -> [i, k] reduce [j: add]
    : (!ein.tensor<[i, j], f32>, !ein.tensor<[j, k], f32>) -> !ein.tensor<[i, k], f32>
  return %r : !ein.tensor<[i, k], f32>
}
"""


@pytest.fixture(scope="module")
def matmul(einfall_command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("matmul")
    (folder / "matmul.mlir").write_text(MATMUL)
    done = einfall_command("compile", folder / "matmul.mlir", "-o", folder / "matmul.einf")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "matmul.einf"


def test_run(einfall_command, matmul, tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 17), np.float32), rng.random((17, 5), np.float32)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    done = einfall_command("run", matmul, "--entry", "matmul", "--input", f"a={tmp_path}/a.npy",
                           "--input", f"b={tmp_path}/b.npy", "--output", f"out={tmp_path}/out.npy")
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), a @ b, rtol=1e-5)


def test_inspect(einfall_command, matmul):
    done = einfall_command("inspect", matmul)
    assert done.returncode == 0 and "f32 [i, k]" in done.stdout
    assert json.loads(einfall_command("inspect", matmul, "--json").stdout)["model_kind"] == "function"


@pytest.mark.parametrize("arguments, said", [
    (("compile", "absent.mlir", "-o", "x.einf"), "there is no file or folder absent.mlir"),
    (("compile", "bad.mlir", "-o", "x.einf"), "bad.mlir:1:"),
    (("compile", "good.mlir", "-o", "nowhere/x.einf"), "there is no folder"),
    (("compile", "good.mlir", "-o", "."), "it is a folder"),
    (("compile", "good.mlir", "-o", "x.einf", "--dtype", "f32"), "an .mlir file has its types"),
    (("compile", "good.mlir", "-o", "x.einf", "--target", "z80"), "einfall: error: unknown target 'z80'"),
    (("compile", "good.mlir", "-o", "x.einf", "--target", ""), "a target has no name in ''; expected native"),
    (("compile", "good.mlir", "-o", "x.einf", "--target", "native,,sm_80"), "a target has no name in 'native,,sm_80'"),
    (("compile", "good.mlir", "-o", "x.einf", "--target", "native,native"), "the targets 'native' and 'native' are both"),
    (("compile", "notes.txt", "-o", "x.einf"), "notes.txt is no program, for it has no func.func: expected the text of an ein module"),
    (("compile", "data.npy", "-o", "x.einf"), "cannot read data.npy: it is no text; expected the text of an ein module"),
    (("compile", "empty", "-o", "x.einf", "--weights", "."), "the checkpoint empty has its own"),
    (("compile", "good.mlir", "-o", ""), "output is empty"), (("compile", "", "-o", "x.einf"), "source is empty"),
    (("explain", "good.mlir", "-o", "x.html", "--target", ""), "unknown target ''"),
    (("explain", "binary.mlir", "-o", "x.html"), "cannot read binary.mlir: it is no text"),
    (("explain", "good.mlir", "-o", "x.html", "--dtype", "f32"), "an .mlir file has its types"),
    (("compile", "weights.mlir", "-o", "x.einf"), "weight 'w' is missing"),
    (("compile", "empty", "-o", "x.einf"), "config.json does not exist"),
    (("score", "absent.einf", "--ids", "ids.npy"), "absent.einf"),
    (("generate", "bad.mlir", "--ids", "0"), "bad.mlir"),
    (("inspect", "absent.einf"), "absent.einf")])
def test_errors_are_one_line(einfall_command, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.mlir").write_text(MATMUL)
    (tmp_path / "bad.mlir").write_text("func.func @f(\n")
    (tmp_path / "notes.txt").write_text("what I wanted to do\n")
    for name in ("data.npy", "binary.mlir"):
        (tmp_path / name).write_bytes(b"\x93NUMPY")
    (tmp_path / "weights.mlir").write_text(MATMUL.replace('{ein.name = "b"}', '{ein.weight = "w"}').replace("[j, k], f32", "[4, 4], f32")
                                           .replace("[i, j], f32", "[i, 4], f32").replace("[i, k], f32", "[i, 4], f32"))
    (tmp_path / "empty").mkdir()
    done = einfall_command(*arguments)
    assert done.returncode == 1 and done.stdout == ""
    assert said in done.stderr and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert not (tmp_path / "x.einf").exists()


def test_a_failed_compilation_leaves_the_old_package(einfall_command, matmul, tmp_path):
    package = tmp_path / "old.einf"
    package.write_bytes(matmul.read_bytes())
    (tmp_path / "bad.mlir").write_text("func.func @f(\n")
    assert einfall_command("compile", tmp_path / "bad.mlir", "-o", package).returncode == 1
    assert package.read_bytes() == matmul.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.mlir", "old.einf"]
    assert stat.S_IMODE(matmul.stat().st_mode) & 0o444


def test_wrong_command_lines(einfall_command):
    for arguments in ((), ("fly",), ("compile",), ("compile", "a", "-o", "b", "--fast"), ("generate", "f"),
                      ("generate", "f", "--ids", "1", "--prompt", "x")):
        done = einfall_command(*arguments)
        assert done.returncode == 2 and "usage:" in done.stderr


def test_several_targets_in_one_package(einfall_command, tmp_path):
    (tmp_path / "f.mlir").write_text(MATMUL)
    done = einfall_command("compile", tmp_path / "f.mlir", "-o", tmp_path / "f.einf", "--target", "x86-64-v3,x86-64-v4")
    assert done.returncode == 0, done.stderr
    manifest = json.loads(einfall_command("inspect", tmp_path / "f.einf", "--json").stdout)
    assert sorted(t["name"] for t in manifest["targets"]) == ["x86-64-v3", "x86-64-v4"]


def test_progress_on_a_terminal_only(build, tmp_path):
    """Under a pseudo-terminal the bar is drawn and wiped; with --quiet nothing is."""
    import pty

    (tmp_path / "f.mlir").write_text(MATMUL)
    for quiet in ((), ("--quiet",)):
        controller, terminal = pty.openpty()
        command = [sys.executable, "-m", "einfall", "compile", tmp_path / "f.mlir", "-o", tmp_path / "f.einf", *quiet]
        subprocess.run(command, stderr=terminal, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
        os.set_blocking(controller, False)
        try:
            drawn = os.read(controller, 100_000).decode()
        except BlockingIOError:
            drawn = ""
        os.close(terminal)
        os.close(controller)
        assert ("compiling" in drawn) == (not quiet) and (quiet or drawn.endswith("\r\x1b[K"))


def test_generate_and_its_json(einfall_command, tiny_llama):
    done = einfall_command("generate", tiny_llama, "--prompt", "In the beginning God created", "-n", 8, "--bos")
    assert done.returncode == 0 and "tokens/s" in done.stderr
    got = json.loads(einfall_command("generate", tiny_llama, "--prompt", "In the beginning God created", "-n", 8,
                                     "--bos", "--json").stdout)
    case = json.loads((MODEL / "golden.json").read_text())["cases"][0]
    assert got["ids"] == [case["output_ids"][len(case["input_ids"]):][:8]]
    assert got["text"][0] == done.stdout.rstrip("\n") and got["tokens_per_second"] > 0 and got["prefill_seconds"] > 0


def test_generation_imports_no_torch(einfall_command, tiny_llama):
    done = einfall_command("generate", tiny_llama, "--ids", "0,12", "-n", 1, "--json", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "einfall" in done.stderr and "torch" not in done.stderr and "transformers" not in done.stderr


def test_out_of_range_token(einfall_command, tiny_llama):
    done = einfall_command("generate", tiny_llama, "--ids", "0,4096", "-n", 1)
    assert done.returncode == 1 and "4096" in done.stderr


def test_score_says_what_it_drops(einfall_command, tiny_llama, tmp_path):
    np.save(tmp_path / "ids.npy", np.load(MODEL / "val_ids.npy")[:150])
    done = einfall_command("score", tiny_llama, "--ids", tmp_path / "ids.npy", "--window", 64)
    assert done.returncode == 0 and "perplexity" in done.stdout and "last 22 tokens" in done.stdout
    assert done.stderr == ""
    done = einfall_command("score", tiny_llama, "--ids", tmp_path / "ids.npy", "--window", 512)
    assert done.returncode == 1 and "fewer than a window" in done.stderr


def test_profile_accounts_for_a_call(einfall_command, tiny_llama):
    """Every launch of an entry is in one line of its table, and the lines' times add up to the total."""
    done = einfall_command("generate", tiny_llama, "--ids", "0,12,5", "-n", 4, "--profile")
    assert done.returncode == 0, done.stderr
    for entry, calls in (("next", 1), ("step", 3)):
        table = done.stdout[done.stdout.index(f"{entry}: ") :].split("\n\n")[0] if f"{entry}: " in done.stdout else ""
        table = re.split(r"\n(?=\w+: \d+ calls)", table)[0]
        head = re.match(rf"{entry}: (\d+) calls, (\d+) launches and ([\d.]+) ms", table)
        rows = [line.split() for line in table.splitlines() if re.match(r" +[\d.]+ +[\d.]+%", line)]
        assert head and int(head[1]) == calls and sum(int(row[2]) for row in rows) == int(head[2])
        assert abs(sum(float(row[0]) for row in rows) - float(head[3])) < 1e-3 * len(rows) + 1e-3
        assert any("modeling_llama.py:" in row[-1] for row in rows)
    refused = einfall_command("generate", tiny_llama, "--ids", "0", "--profile", "--json")
    assert refused.returncode == 2 and "--profile" in refused.stderr
