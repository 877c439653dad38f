"""Malformed files of every kind, for every tool: a clear error and a non-zero exit; never a crash, a traceback or half a file.

Packages, tokenizers and manifests have larger tests of their own in C++ (test/unit/runtime/DamageTest.cpp,
test/unit/text/fuzz_test.cpp), which test_sanitizers.py runs under AddressSanitizer and UBSan.
"""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mutations import mutated
from paths import MODEL, ROOT

QUICK = bool(os.environ.get("EINFALL_TEST_QUICK"))
FEW = 40 if QUICK else 400
SEED = int(os.environ.get("EINFALL_SEED", 0))


#: Limits of memory, set by a command: with `preexec_fn` each start would first copy the page tables of this large process.
LIMITED = ["prlimit", f"--as={8 << 30}", "--core=0"]


def run(*command, timeout=60, env=None):
    return subprocess.run([*LIMITED, *map(str, command)], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          timeout=timeout, env=env)


def refused(done, what="") -> None:
    """Ended by itself with an error that says something."""
    told = done.stderr + done.stdout
    assert done.returncode in (1, 2), (what, done.returncode, told[-2000:])
    assert "error: " in told or done.returncode == 2, (what, told[-2000:])
    for bad in ("Traceback", "Stack dump", "PLEASE submit", "Sanitizer", "runtime error:", "Assertion", "terminate called"):
        assert bad not in told, (what, told[-2000:])


def fine_or_refused(done, what="") -> None:
    if done.returncode != 0:
        refused(done, what)


def each(cases, check) -> None:
    """Two at a time; says which cases went wrong."""
    def one(case):
        try:
            check(case)
        except (AssertionError, subprocess.TimeoutExpired) as e:
            return f"{case if not isinstance(case, bytes) else case[:2000]!r}: {str(e)[:3000]}"

    with ThreadPoolExecutor(2) as pool:
        wrong = [w for w in pool.map(one, cases) if w]
    assert not wrong, f"{len(wrong)} wrong\n" + "\n".join(wrong[:5])


# -- programs -------------------------------------------------------------------------------------------


def programs() -> list[bytes]:
    """The text of functions of the tests, one by one."""
    out = []
    for path in sorted([*(ROOT / "test" / "reference").glob("*.mlir"), *(ROOT / "test" / "dialects").rglob("ops.mlir")]):
        text = path.read_text()
        aliases = "".join(line + "\n" for line in text.splitlines() if line.startswith("!"))
        for part in text.split("\nfunc.func ")[1:]:
            if len(part) < 3000:
                out.append((aliases + "func.func " + part).encode())
    return out


@pytest.mark.parametrize("tool", ["einfall-opt", "einfall-compile"])
def test_damaged_programs(build, tmp_path, tool):
    rng = random.Random(SEED)
    texts = programs()

    def check(k_text):
        k, text = k_text
        path = tmp_path / f"{k}.mlir"
        path.write_bytes(text)
        if tool == "einfall-opt":
            done = run(build / "bin" / tool, path, "--ein-interpret", "-o", os.devnull)
        else:
            package = tmp_path / f"{k}.einf"
            done = run(build / "bin" / tool, path, "-o", package)
            assert package.exists() == (done.returncode == 0)
        fine_or_refused(done, text.decode(errors="replace"))

    each(list(enumerate(mutated(rng.choice(texts), rng) for _ in range(FEW))), check)


@pytest.mark.parametrize("text", [
    b"", b"\0\0\0\0", b"module", b"\xff\xfe", b"(" * 20000, b"func.func @f() { return }", b"module { module { } }",
    b"func.func @f(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry} { return %x : !ein.tensor<[n], f32> }",
    b"func.func private @f(!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry}",
    b"func.func @f(%x: i32) -> i32 attributes {ein.entry} { return %x : i32 }",
    b"func.func @f(%x: !ein.tensor<[n], index>) attributes {ein.entry} { return }",
    b"func.func @f(%x: !ein.tensor<[99999999999999999999], f32>) attributes {ein.entry} { return }",
    b"func.func @f(%x: !ein.tensor<[n floordiv 0], f32>) attributes {ein.entry} { return }",
    b"func.func @f(%x: !ein.tensor<[" + b"n + " * 5000 + b"n], f32>) attributes {ein.entry} { return }",
    b"func.func @f(%x: !ein.tensor<[" + b"(" * 5000 + b"n" + b")" * 5000 + b"], f32>) attributes {ein.entry} { return }",
    b'func.func @f(%x: !ein.tensor<[4], f32> {ein.weight = 3}) attributes {ein.entry} { return }',
    b'func.func @f(%x: !ein.tensor<[4], f32> {ein.name = 3, ein.range = "a"}) attributes {ein.entry, ein.params = "t"} { return }',
    b'func.func @f(%x: !ein.tensor<[4], i64> {ein.range = [1]}) attributes {ein.entry = 3, ein.assume = [3]} { return }',
    b"func.func @f() -> !ein.tensor<[1000000, 1000000, 1000000], f32> attributes {ein.entry} {\n"
    b"  %c = arith.constant 1 : i32\n  return }"])
def test_strange_programs(build, tmp_path, text):
    (tmp_path / "m.mlir").write_bytes(text)
    fine_or_refused(run(build / "bin" / "einfall-opt", tmp_path / "m.mlir", "-o", os.devnull))
    done = run(build / "bin" / "einfall-compile", tmp_path / "m.mlir", "-o", tmp_path / "m.einf")
    fine_or_refused(done)
    assert (tmp_path / "m.einf").exists() == (done.returncode == 0)


# -- arrays and packages --------------------------------------------------------------------------------

SUM = """func.func @sum(%x: !ein.tensor<[n, 3], f32> {ein.name = "x"}, %w: !ein.tensor<[3, 5], f32> {ein.weight = "w"})
    -> (!ein.tensor<[n, 5], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add]
    : (!ein.tensor<[n, 3], f32>, !ein.tensor<[3, 5], f32>) -> !ein.tensor<[n, 5], f32>
  return %y : !ein.tensor<[n, 5], f32>
}
"""


def safetensors(header, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


WEIGHT = safetensors({"w": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 60]}}, np.arange(15, dtype="<f4").tobytes())


@pytest.fixture(scope="module")
def package(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sum")
    (folder / "m.mlir").write_text(SUM)
    (folder / "w.safetensors").write_bytes(WEIGHT)
    done = run(build / "bin" / "einfall-compile", folder / "m.mlir", "-o", folder / "m.einf", "--weights", folder / "w.safetensors")
    assert done.returncode == 0, done.stderr
    return folder / "m.einf"


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_damaged_arrays(build, package, tmp_path):
    rng = random.Random(SEED)
    good = npy(np.ones((4, 3), np.float32))
    interpreted = tmp_path / "m.mlir"
    interpreted.write_text(SUM.replace('{ein.weight = "w"}', ""))
    files = [mutated(good[:128] if rng.random() < 0.5 else good, rng) for _ in range(FEW)]
    files += [good[:k] for k in range(0, len(good), 1 if not QUICK else 11)]
    files += [npy(np.ones((4, 3), t)) for t in ("f8", "f2", "i4", "?", "c8", "U3", "V3", ">f4")]
    files += [npy(np.ones(s, np.float32)) for s in ((3,), (4, 4), (3, 4), (4, 3, 1), ())] + [npy(np.asfortranarray(np.ones((4, 3), "f4")))]
    files += [good.replace(b"'<f4'", d) for d in (b"'<f3'", b"'<f0'", b"'<f9'", b"'|O8'", b"[('a','<f4')]", b"'<f44444444'")]

    def check(case):
        k, data = case
        folder = tmp_path / str(k)
        folder.mkdir()
        (folder / "arg0.npy").write_bytes(data)
        (folder / "arg1.npy").write_bytes(npy(np.ones((3, 5), np.float32)))
        fine_or_refused(run(build / "bin" / "einfall-run", package, "--entry", "sum", "--input", f"x={folder}/arg0.npy"))
        if k % 4 == 0:
            fine_or_refused(run(build / "bin" / "einfall-opt", interpreted, f"--ein-interpret=entry=sum inputs={folder}", "-o", os.devnull))
        shutil.rmtree(folder)

    each(list(enumerate(files)), check)


def test_damaged_packages_through_the_tool(build, package, tmp_path):
    """What the unit tests do on 12,000 mutations, on some through `einfall-run` and Python."""
    import einfall

    rng = random.Random(SEED)
    good = package.read_bytes()

    def check(case):
        k, data = case
        path = tmp_path / f"{k}.einf"
        path.write_bytes(data)
        refused(run(build / "bin" / "einfall-run", path, "inspect", "--verify"))
        with pytest.raises(einfall.EinfallError):
            einfall.load(path).verify()
        path.unlink()

    each(list(enumerate(mutated(good, rng) for _ in range(FEW // 4))), check)


@pytest.mark.parametrize("file, said", [
    (b"", "cut off"), (b"\x00" * 7, "cut off"), (b"\xff" * 16, "cut off"), (WEIGHT[:-1], "outside of the file"),
    (safetensors(b"{", b""), "w.safetensors"), (safetensors(b"[]", b""), "no object"), (safetensors(b"[" * 100000, b""), "w.safetensors"),
    (safetensors({"w": 3}, b""), "malformed"), (safetensors({}, b""), "weight 'w' is missing"),
    (safetensors({"w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}, bytes(48)), "expected"),
    (safetensors({"w": {"dtype": "F16", "shape": [3, 5], "data_offsets": [0, 30]}}, bytes(30)), "F16"),
    (safetensors({"w": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 56]}}, bytes(60)), "expected"),
    (safetensors({"w": {"dtype": "F32", "shape": [3, -5], "data_offsets": [0, 60]}}, bytes(60)), "expected"),
    (safetensors({"w": {"dtype": "F32", "shape": ["a"], "data_offsets": [8, 0]}}, bytes(60)), "outside of the file"),
    (safetensors({"w": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 1 << 62]}}, bytes(60)), "outside of the file")])
def test_wrong_weights(build, tmp_path, file, said):
    (tmp_path / "m.mlir").write_text(SUM)
    (tmp_path / "w.safetensors").write_bytes(file)
    done = run(build / "bin" / "einfall-compile", tmp_path / "m.mlir", "-o", tmp_path / "m.einf", "--weights", tmp_path / "w.safetensors")
    refused(done)
    assert said in done.stderr and not (tmp_path / "m.einf").exists(), done.stderr


def test_damaged_weights(build, tmp_path):
    rng = random.Random(SEED)
    (tmp_path / "m.mlir").write_text(SUM)

    def check(case):
        k, data = case
        weights, package = tmp_path / f"{k}.safetensors", tmp_path / f"{k}.einf"
        weights.write_bytes(data)
        done = run(build / "bin" / "einfall-compile", tmp_path / "m.mlir", "-o", package, "--weights", weights)
        fine_or_refused(done)
        assert package.exists() == (done.returncode == 0)
        weights.unlink()

    each(list(enumerate(mutated(WEIGHT[:80], rng) + WEIGHT[80:] for _ in range(FEW // 4))), check)


@pytest.mark.parametrize("arguments, said", [
    (("--entry", "nothing"), "no entry 'nothing'"), (("--entry", "sum"), "'x'"), (("--entry", "sum", "--input", "z=a.npy"), "no input 'z'"),
    (("--entry", "sum", "--input", "x=absent.npy"), "absent.npy"), (("--entry", "sum", "--input", "x=i.npy"), "expected dtype f32, but got i64"),
    (("--entry", "sum", "--input", "x=r.npy"), "expected rank 2"), (("--entry", "sum", "--input", "x=e.npy"), "expected 3, but got 4"),
    (("--entry", "sum", "--input", "x=a.npy", "--bound", "n=1"), "'n' (dimension 0 of 'x') is 2, beyond the session's bound n = 1; open the session with n = 2 or more"),
    (("--entry", "sum", "--input", "x=a.npy", "--bound", "q=1"), "no symbol 'q'"),
    (("--entry", "sum", "--input", "x=a.npy", "--param", "t=1"), "no parameter 't'"),
    (("--entry", "sum", "--input", "x=a.npy", "--output", "y=nowhere/y.npy"), "cannot write 'nowhere/y.npy'"),
    (("--entry", "sum", "--input", "x=a.npy", "--output", "z=y.npy"), "no output 'z'"),
    (("--entry", "sum", "--input", "x=a.npy", "--expect", "y=a.npy"), "another shape"),
    (("--entry", "sum", "--input", "x=a.npy", "--expect", "y=zero.npy"), "elements differ"),
    (("generate", "--ids", "1"), ""), (("generate", "--ids", "1,,2"), "--ids"), (("generate", "--prompt", "x"), ""),
    (("--entry",), "needs a value"), (("--fast",), "unknown option"), (("a", "b"), "unexpected argument")])
def test_wrong_calls(build, package, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    for name, array in (("a", np.ones((2, 3), "f4")), ("i", np.ones((2, 3), "i8")), ("r", np.ones(3, "f4")), ("e", np.ones((2, 4), "f4")),
                        ("zero", np.zeros((2, 5), "f4"))):
        np.save(f"{name}.npy", array)
    done = run(build / "bin" / "einfall-run", package, *arguments)
    refused(done)
    assert said in done.stderr, done.stderr


# -- language models ------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, said", [
    (("--ids", "4096"), "4096"), (("--ids=-1",), ""), (("--ids", "0", "-n", "9", "--context", "4"), "context"),
    (("--ids", "0", "-n", "0"), "-n"), (("--ids", "0", "-n", "9999999999999999999"), "is not a number from 1 to 9223372036854775807"), (("--ids", "99999999999999999999"), "--ids"), (("--ids", "0", "--temperature", "nan"), "temperature"),
    (("--ids", "0", "-n", "9223372036854775807"), "")])
def test_generation_is_refused(build, tiny_llama, arguments, said):
    done = run(build / "bin" / "einfall-run", tiny_llama, "generate", *arguments)
    refused(done)
    assert said in done.stderr, done.stderr


@pytest.fixture(scope="module")
def folder(build, tmp_path_factory):
    """A small checkpoint with all its files."""
    torch = pytest.importorskip("torch")
    T = pytest.importorskip("transformers")
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("checkpoint")
    config = T.LlamaConfig(vocab_size=32, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
                           num_key_value_heads=1, max_position_embeddings=16)
    T.LlamaForCausalLM(config).save_pretrained(path)
    shutil.copy(MODEL / "tokenizer.json", path)
    return path


def compiled(folder, capsys, output) -> tuple[int, str]:
    """`einfall compile` in this process: PyTorch is imported once."""
    from einfall import cli

    try:
        status = cli.main(["compile", str(folder), "-o", str(output), "--quiet"])
    except SystemExit as e:
        status = int(e.code or 0)
    told = capsys.readouterr()
    assert told.out == ""
    return status, told.err


def with_config(change):
    def edit(path):
        config = json.loads((path / "config.json").read_text())
        change(config)
        (path / "config.json").write_text(json.dumps(config))
    return edit


def with_file(name: str, change):
    def edit(path):
        (path / name).write_bytes(change((path / name).read_bytes()))
    return edit


def header(change):
    """An edit of model.safetensors' header; its data stays."""
    def edit(data: bytes) -> bytes:
        size = int.from_bytes(data[:8], "little")
        content = json.loads(data[8:8 + size])
        change(content)
        return safetensors(content, data[8 + size:])
    return with_file("model.safetensors", edit)


NORM = "model.norm.weight"
DAMAGE = {
    "config is empty": (with_file("config.json", lambda _: b""), "config.json"),
    "config is cut": (with_file("config.json", lambda d: d[:50]), "config.json"),
    "config is a list": (with_file("config.json", lambda _: b"[]"), "config.json"),
    "config is not text": (with_file("config.json", lambda _: b"\xff\xfe\x00"), "config.json"),
    "no model type": (with_config(lambda c: c.pop("model_type")), "config.json"),
    "unknown model type": (with_config(lambda c: c.update(model_type="phlogiston")), "phlogiston"),
    "hidden size is text": (with_config(lambda c: c.update(hidden_size="big")), ""),
    "hidden size is negative": (with_config(lambda c: c.update(hidden_size=-8)), ""),
    "hidden size differs": (with_config(lambda c: c.update(hidden_size=16)), ""),
    "more layers": (with_config(lambda c: c.update(num_hidden_layers=2)), "model.layers.1"),
    "no heads": (with_config(lambda c: c.update(num_attention_heads=0)), ""),
    "larger vocabulary": (with_config(lambda c: c.update(vocab_size=33)), ""),
    "unknown activation": (with_config(lambda c: c.update(hidden_act="phlogistic")), "phlogistic"),
    "no weights": (lambda p: (p / "model.safetensors").unlink(), "model.safetensors"),
    "weights are empty": (with_file("model.safetensors", lambda _: b""), "model.safetensors"),
    "weights are cut": (with_file("model.safetensors", lambda d: d[:-1]), "cut short"),
    "weights' header is cut": (with_file("model.safetensors", lambda d: d[:100]), "cut short"),
    "weights' header is a list": (with_file("model.safetensors", lambda d: safetensors(b"[]", d)), "model.safetensors"),
    "weights' header is text": (with_file("model.safetensors", lambda d: safetensors(b"hello", d)), "model.safetensors"),
    "a weight is missing": (header(lambda h: h.pop(NORM)), NORM),
    "a weight has another shape": (header(lambda h: h[NORM].update(shape=[4])), NORM),
    "a weight has another rank": (header(lambda h: h[NORM].update(shape=[8, 1])), NORM),
    "a weight has an unknown type": (header(lambda h: h[NORM].update(dtype="F7")), "F7"),
    "a weight has integers": (header(lambda h: h[NORM].update(dtype="I32")), NORM),
    "a weight has no offsets": (header(lambda h: h[NORM].pop("data_offsets")), NORM),
    "a weight has negative offsets": (header(lambda h: h[NORM].update(data_offsets=[-32, 0])), NORM),
    "a weight has text as offsets": (header(lambda h: h[NORM].update(data_offsets=["a", "b"])), NORM),
    "a weight has too few bytes": (header(lambda h: h[NORM].update(data_offsets=[0, 4])), NORM),
    "a weight is a number": (header(lambda h: h.update({NORM: 3})), NORM),
    "the index is damaged": (lambda p: ((p / "model.safetensors").rename(p / "a.safetensors"),
                                        (p / "model.safetensors.index.json").write_text("[]")), "index.json"),
    "the index names no file": (lambda p: ((p / "model.safetensors").unlink(), (p / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {NORM: "gone.safetensors"}}))), "gone.safetensors"),
    "generation settings are damaged": (lambda p: (p / "generation_config.json").write_text("{"), "generation_config.json"),
    "generation settings are a list": (lambda p: (p / "generation_config.json").write_text("[1]"), "generation_config.json"),
}


#: what `./dev test --quick` runs of it
SOME = ("config is cut", "a weight is missing", "a weight has text as offsets", "weights' header is a list")


@pytest.mark.parametrize("damage", [d if d in SOME else pytest.param(d, marks=pytest.mark.slow) for d in DAMAGE])
def test_damaged_checkpoints(folder, tmp_path, capsys, damage):
    edit, said = DAMAGE[damage]
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    edit(copy)
    status, told = compiled(copy, capsys, tmp_path / "m.einf")
    assert status == 1 and said in told, told
    first, *details = told.splitlines()  # several weights may be wrong, each has a line
    assert first.startswith("einfall: error: ") and all(line.startswith("  ") for line in details), told
    assert "Traceback" not in told
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model"]


@pytest.mark.parametrize("tokenizer", [b"", b"{", b"[]", b"\xff\xff", b'{"model": 3}', b"[" * 50000])
def test_a_damaged_tokenizer(folder, tmp_path, capsys, tokenizer):
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    (copy / "tokenizer.json").write_bytes(tokenizer)
    status, told = compiled(copy, capsys, tmp_path / "m.einf")
    assert status == 1 and "tokenizer.json" in told and len(told.splitlines()) == 1, told


@pytest.mark.slow
def test_a_tokenizer_of_another_kind(build, folder, tmp_path, capsys):
    """The package works with token ids and says why it does not with text."""
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    (copy / "tokenizer.json").write_text('{"model": {"type": "WordPiece", "vocab": {}}}')
    status, told = compiled(copy, capsys, tmp_path / "m.einf")
    assert status == 0, told
    done = run(build / "bin" / "einfall-run", tmp_path / "m.einf", "generate", "--prompt", "hello")
    refused(done)
    assert "--ids" in done.stderr and "tokeniz" in done.stderr
    assert run(build / "bin" / "einfall-run", tmp_path / "m.einf", "generate", "--ids", "1", "-n", "2").returncode == 0


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", npy(np.ones(3)), npy(np.ones((3, 3), int)), npy(np.full(600, 99999)),
                                  npy(np.full(600, -1)), npy(np.array(["a"])), npy(np.array([{}], object))])
def test_scores_of_bad_files(build, tiny_llama, tmp_path, capsys, data):
    from einfall import cli

    (tmp_path / "ids.npy").write_bytes(data)
    assert cli.main(["score", str(tiny_llama), "--ids", str(tmp_path / "ids.npy"), "--window", "64", "--quiet"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("einfall: error: ") and len(told.err.splitlines()) == 1 and told.out == ""


# -- files are written at once or not at all ------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_compilation_leaves_nothing_or_everything(build, tiny_llama, tmp_path):
    """SIGKILL at many moments: under the final name is nothing, or what was there, or the whole package."""
    from einfall.frontend.causal_lm import import_causal_lm

    (tmp_path / "m.mlir").write_text(import_causal_lm(str(MODEL), "f32")[0])
    output = tmp_path / "m.einf"
    command = [build / "bin" / "einfall-compile", tmp_path / "m.mlir", "-o", output, "--weights", MODEL, "--model-kind", "causal-lm"]
    begin = time.monotonic()
    assert run(*command, timeout=300).returncode == 0
    whole, seconds = output.read_bytes(), time.monotonic() - begin
    rng = random.Random(SEED)
    killed = 0
    for k in range(30):
        before = b"what was there before" if k % 2 else None
        output.unlink(missing_ok=True)
        if before:
            output.write_bytes(before)
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Most of them near the end, where the file is written.
        deadline = time.monotonic() + seconds * (rng.random() if k % 3 == 0 else rng.uniform(0.8, 1.2))
        while time.monotonic() < deadline and not (k % 3 == 2 and list(tmp_path.glob("m.einf.*"))):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        found = output.read_bytes() if output.exists() else None
        assert found in (before, whole), f"{len(found or b'')} bytes"
        for left in tmp_path.glob("m.einf.*"):
            left.unlink()
    assert killed > 0


def test_a_full_disk_leaves_the_old_package(build, tmp_path):
    (tmp_path / "m.mlir").write_text(SUM)
    (tmp_path / "w.safetensors").write_bytes(WEIGHT)
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (f"mount -t tmpfs -o size=8k tmpfs {disk} || exit 77\n"
              f"echo old > {disk}/m.einf\n"
              f"{build}/bin/einfall-compile {tmp_path}/m.mlir --weights {tmp_path}/w.safetensors -o {disk}/m.einf\n"
              f"status=$?; cat {disk}/*; exit $status")
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("NOT RUN: no right to mount a small disk")
    assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
    assert done.stdout == "old\n"
