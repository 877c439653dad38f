"""The facts of `einfall explain`: what it says of a package is what the package does."""

import collections
import hashlib
import json
import re
import shutil
import stat
import subprocess
import zipfile

import numpy as np
import pytest

from paths import BUILD, MODEL, ROOT

ATTENTION = ROOT / "test" / "python" / "attention.mlir"
SIZES = {"e": 24, "f": 40, "m": 65, "p": 33}


def params(sizes):
    return [f"--param={k}={v}" for k, v in sizes.items()]


def facts_of(einfall_command, folder, source, *options):
    done = einfall_command("explain", source, "--json", folder / "facts.json", *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr
    return json.loads((folder / "facts.json").read_text())


@pytest.fixture(scope="module")
def attention(einfall_command, tmp_path_factory):
    package = tmp_path_factory.mktemp("attention") / "attention.einf"
    done = einfall_command("compile", ATTENTION, "-o", package)
    assert done.returncode == 0, done.stderr
    return package


@pytest.fixture(scope="module")
def profile(attention):
    """A profile of the attention at SIZES, and what the run printed."""
    rng, folder = np.random.default_rng(0), attention.parent
    command = [BUILD / "bin" / "einfall-run", attention, "--entry", "attention", "--repeat", "3",
               "--profile-json", folder / "profile.json"]
    for name, shape in {"Q": "ep", "K": "em", "V": "fm"}.items():
        np.save(folder / f"{name}.npy", rng.random([SIZES[s] for s in shape], np.float32))
        command += ["--input", f"{name}={folder / name}.npy"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return folder / "profile.json", done.stdout


def manifest_of(einfall_command, package):
    return json.loads(einfall_command("inspect", package, "--json").stdout)


@pytest.mark.parametrize("model", ("attention", "tiny_llama"))
def test_launches_are_the_package_s(einfall_command, tmp_path, request, model):
    package = request.getfixturevalue(model)
    facts = facts_of(einfall_command, tmp_path, package)
    manifest = manifest_of(einfall_command, package)
    assert [e["name"] for e in facts["entries"]] == [e["name"] for e in manifest["entries"]]
    for entry, own in zip(facts["entries"], manifest["entries"]):
        assert [k["program"] for k in entry["kernels"]] == [s["program"] for s in own["steps"]]
        assert [k["points"] for k in entry["kernels"]] == [s["points"] for s in own["steps"]]
        assert [k["buffers"] for k in entry["kernels"]] == [s["buffers"] for s in own["steps"]]
        assert [b["name"] for b in entry["buffers"]] == [b["name"] for b in own["buffers"]]
        assert [b.get("alive") for b in entry["buffers"]] == [b.get("alive") for b in own["buffers"]]
        for kernel in entry["kernels"]:
            assert kernel["ops"] or kernel["program"] == "copy"
            assert set(kernel["writes"]) <= set(range(len(kernel["buffers"])))
    assert facts["weights"]["bytes"] == sum(w["size"] for w in manifest["weights"])


def test_source_and_package_tell_the_same(einfall_command, tmp_path, attention):
    """An .mlir file is explained without machine code, and the package of it carries the same report."""
    told = facts_of(einfall_command, tmp_path, attention)
    compiled = facts_of(einfall_command, tmp_path, ATTENTION)
    for key in ("entries", "passes", "remarks", "numerics", "target"):
        assert told[key] == compiled[key], key
    assert (told["origin"], compiled["origin"]) == ("package", "compiled")


@pytest.mark.slow
def test_a_model_folder(einfall_command, tmp_path, tiny_llama):
    pytest.importorskip("transformers")
    folder = facts_of(einfall_command, tmp_path, MODEL, "--dtype", "f32")
    package = facts_of(einfall_command, tmp_path, tiny_llama)
    assert [[k["program"] for k in e["kernels"]] for e in folder["entries"]] == \
        [[k["program"] for k in e["kernels"]] for e in package["entries"]]


def test_passes_before_and_after(einfall_command, tmp_path):
    entry = facts_of(einfall_command, tmp_path, ATTENTION)["entries"][0]
    assert [s["stage"] for s in entry["stages"]] == ["as written", "ein-defer", "ein-derive-folds"]
    assert [next(r["passes"] for r in s["ranks"] if r["rank"] == "m") for s in entry["stages"]] == [3, 2, 1]
    assert next(r for r in entry["stages"][0]["ranks"] if r["rank"] == "m")["chain"] == ["GM[p]", "SD[p]", "A[m, p]"]
    said = subprocess.run([BUILD / "bin" / "einfall-opt", ATTENTION, "--ein-count-passes", "-o", "/dev/null"],
                          capture_output=True, text=True, check=True).stdout
    assert "rank m: 3 passes: GM[p] -> SD[p] -> A[m, p]" in said
    walks = {op["result"]: [w["pass"] for w in op["walks"] if w["rank"] == "m"] for op in entry["cascade"]}
    assert walks == {"QK[m, p]": [1], "GM[p]": [1], "SN[m, p]": [2], "SD[p]": [2], "A[m, p]": [3], "AV[f, p]": [3]}


def test_figures_add_up(einfall_command, tmp_path, attention):
    entry = facts_of(einfall_command, tmp_path, attention, *params(SIZES))["entries"][0]
    e, f, m, p = (SIZES[k] for k in "efmp")
    # Two contractions, a maximum, exp of a difference and a sum; beside these the fold corrects its states.
    least = 2 * e * m * p + m * p + 2 * m * p + m * p + 2 * f * m * p
    assert least <= entry["totals"]["flops"] <= least + 8 * m * p + 40 * p + 16 * f * p
    for kernel in entry["kernels"]:
        figures = kernel["figures"]
        sizes = [np.prod([SIZES.get(x) or int(x) for x in entry["buffers"][b]["shape"]]) for b in kernel["buffers"]]
        assert figures["bytes"] == sum(4 * min(int(s), figures["points"]) for s in sizes)
    for key in ("flops", "bytes"):
        assert entry["totals"][key] == sum(k["figures"][key] for k in entry["kernels"])


def test_the_memory_plan_is_the_runtime_s(einfall_command, tmp_path, attention, profile):
    entry = facts_of(einfall_command, tmp_path, attention, *params(SIZES))["entries"][0]
    assert entry["memory"]["arena"] == int(re.search(r"arena (\d+) bytes", profile[1])[1])
    placed = entry["memory"]["placed"]
    assert len(placed) == sum(b["kind"] == "temporary" for b in entry["buffers"])
    for i, a in enumerate(placed):
        assert a["offset"] % 64 == 0 and a["offset"] + a["bytes"] <= entry["memory"]["arena"]
        for b in placed[:i]:
            if a["alive"][0] <= b["alive"][1] and b["alive"][0] <= a["alive"][1]:
                assert a["offset"] + a["bytes"] <= b["offset"] or b["offset"] + b["bytes"] <= a["offset"]


def test_times_of_a_profile(einfall_command, tmp_path, attention, profile):
    entry = facts_of(einfall_command, tmp_path, attention, "--profile", profile[0], *params(SIZES))["entries"][0]
    steps = json.loads(profile[0].read_text())["entries"][0]["steps"]
    assert entry["calls"] == 3 and entry["same_extents"]
    for kernel, step in zip(entry["kernels"], steps, strict=True):
        assert kernel["figures"]["seconds"] == pytest.approx(step["seconds"] / 3)
        assert kernel["figures"]["bytes"] == pytest.approx(step["bytes"] / 3)
    other = facts_of(einfall_command, tmp_path, attention, "--profile", profile[0])["entries"][0]
    assert not other["same_extents"], "rates at other extents would be wrong"


def test_limits(einfall_command, tmp_path, attention):
    facts = facts_of(einfall_command, tmp_path, attention, "--peak-gflops", 100, "--bandwidth", 10)
    for kernel in facts["entries"][0]["kernels"]:
        figures = kernel["figures"]
        assert figures["least_seconds"] == pytest.approx(max(figures["flops"] / 100e9, figures["bytes"] / 10e9))
    record = {"roof": {"compute": {"f32_fma": {"value": 147.2}}, "bandwidth": [
        {"limit": "read", "working_set": 1, "value": 300}, {"limit": "read", "working_set": 9, "value": 98}]}}
    (tmp_path / "record.json").write_text(json.dumps(record))
    machine = facts_of(einfall_command, tmp_path, attention, "--machine", tmp_path / "record.json")["machine"]
    assert machine["compute"] == [["f32 fma", 147.2]] and machine["bandwidth"] == 98


NORMALISED = """
func.func @f(%x: !ein.tensor<[m, q], f32>, %w: !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32> attributes {ein.entry} {
  %s = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add] {ein.name = "S"}
      : (!ein.tensor<[m, q], f32>, !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32>
  %t = ein.einsum (%s[i, j]) -> [i] reduce [j: add] {ein.name = "T"} : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%s[i, j], %t[i]) -> [i, j] {ein.name = "Y"} : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.divf %a, %b : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}
"""


def test_why_kernels_are_apart(einfall_command, tmp_path):
    """A tensor that passes from kernel to kernel is named with the reason; every boundary is a remark."""
    source = tmp_path / "normalised.mlir"
    source.write_text(NORMALISED)
    package = tmp_path / "normalised.einf"
    done = einfall_command("compile", source, "-o", package)
    assert done.returncode == 0, done.stderr
    facts = facts_of(einfall_command, tmp_path, package)
    kernels = facts["entries"][0]["kernels"]
    assert len(kernels) == 2
    found = {b["tensor"]: b["reason"] for k in kernels for b in k["boundaries"]}
    assert set(found) == {"'S'"} and found["'S'"]
    boundaries = sum(len(k["boundaries"]) for k in kernels)
    kinds = collections.Counter(r["kind"] for r in facts["remarks"] if r["pass"] == "ein-kernels")
    assert kinds == {"passed": len(kernels), "missed": boundaries}
    done = subprocess.run([BUILD / "bin" / "einfall-compile", source, "-o", tmp_path / "r.json", "--report",
                           "--remarks=ein-kernels"], capture_output=True, text=True, check=True)
    assert done.stderr.count("remark: ") == len(kernels) + boundaries


def test_exactness_is_what_the_passes_say(einfall_command, tmp_path, tiny_llama):
    """The classes in the report are those of the passes' descriptions."""
    declared = {}
    for file in (ROOT / "passes").glob("*/Passes.td"):
        for name, text in re.findall(r'Pass<"([\w-]+)"(.*?)\n}\n', file.read_text(), re.S):
            if match := re.search(r"Exactness:\s+(\w+)", text):
                declared[name] = match[1]
    facts = facts_of(einfall_command, tmp_path, tiny_llama)
    changed = {p["pass"]: p["exactness"] for p in facts["passes"]}
    assert {"ein-simplify-views", "ein-to-tile", "run-from-kernels"} <= changed.keys()
    assert {k: v for k, v in changed.items() if k in declared} == {k: v for k, v in declared.items() if k in changed}
    driver = (ROOT / "lib" / "Driver" / "Report.cpp").read_text()
    for name, exactness in declared.items():
        assert exactness == "bitwise" or f'"{name}"' in driver, f"exactnessOf() has to know {name}"


def test_strict_is_bitwise(einfall_command, tmp_path):
    facts = facts_of(einfall_command, tmp_path, ATTENTION, "--numerics", "strict")
    assert {p["exactness"] for p in facts["passes"]} == {"bitwise"}
    stages = facts["entries"][0]["stages"]
    assert stages[0]["ranks"] == stages[1]["ranks"] == stages[2]["ranks"], "nothing is deferred under strict"


def test_a_package_without_report(einfall_command, tmp_path, tiny_llama, monkeypatch):
    """An older package: launches and memory from its manifest, and a sentence that says so."""
    monkeypatch.syspath_prepend(str(ROOT / "python"))
    from einfall.explain import facts as module
    from einfall.explain import figures, page

    told = facts_of(einfall_command, tmp_path, tiny_llama)
    old = module._of_manifest(manifest_of(einfall_command, tiny_llama))
    old.update(file="old.einf", machine=None, params=figures.choose_extents(old, {}))
    figures.add_figures(old, old["params"], None, None)
    for entry, other in zip(old["entries"], told["entries"]):
        assert [k["program"] for k in entry["kernels"]] == [k["program"] for k in other["kernels"]]
        assert [k["figures"]["bytes"] for k in entry["kernels"]] == [k["figures"]["bytes"] for k in other["kernels"]]
        assert entry["memory"] == other["memory"]
    assert "written without a report" in page.render(old)


def test_equal_compilations_write_equal_reports(einfall_command, tmp_path):
    for name in ("a", "b"):
        assert einfall_command("compile", ATTENTION, "-o", tmp_path / f"{name}.einf").returncode == 0
    assert (tmp_path / "a.einf").read_bytes() == (tmp_path / "b.einf").read_bytes()


COPIES = """func.func @f(%x: V, %s: S) -> (V, S) attributes {ein.entry} {
  %new = ein.update %s[n - 1 - i] = %s[i] : V, V
  return %x, %new : V, S
}
""".replace("S)", "!ein.tensor<[n], f32> {ein.state = \"s\"})").replace(" S\n", " V\n").replace("V", "!ein.tensor<[n], f32>")


def test_copies_and_host_programs(einfall_command, tmp_path):
    """Copies are launches that compute nothing; a module that comes in as host programs tells its launches alone."""
    (tmp_path / "f.mlir").write_text(COPIES)
    assert einfall_command("explain", tmp_path / "f.mlir", "-o", tmp_path / "f.html").returncode == 0
    facts = facts_of(einfall_command, tmp_path, tmp_path / "f.mlir")
    kernels = facts["entries"][0]["kernels"]
    copies = [k for k in kernels if k["program"] == "copy"]
    assert len(copies) == 2 and all(k["flops"] == "0" and k["ops"] == [] and k["writes"] == [1] for k in copies)
    assert sorted(r["pass"] for r in facts["remarks"] if r["pass"] != "ein-kernels") == ["run-from-kernels"] * 2
    tool = BUILD / "bin" / "einfall-compile"
    subprocess.run([tool, tmp_path / "f.mlir", "--compile-to=run", "-o", tmp_path / "run.mlir"], check=True)
    subprocess.run([tool, tmp_path / "run.mlir", "--compile-from=run", "-o", tmp_path / "run.einf"], check=True)
    late = facts_of(einfall_command, tmp_path, tmp_path / "run.einf")["entries"][0]
    assert [k["program"] for k in late["kernels"]] == [k["program"] for k in kernels]
    assert einfall_command("explain", tmp_path / "run.einf", "-o", tmp_path / "run.html").returncode == 0


@pytest.mark.parametrize("arguments, said", [
    (("absent.einf", "-o", "r.html"), "there is no file or folder absent.einf"),
    (("good.mlir",), "nothing to write"),
    (("good.mlir", "-o", "r.txt"), "call it .html"),
    (("good.mlir", "-o", "nowhere/r.html"), "there is no folder"),
    (("good.mlir", "--json", "r.html"), "call it .json"),
    (("good.mlir", "-o", "r.html", "--param", "x=3"), "has no symbol 'x'"),
    (("good.mlir", "-o", "r.html", "--peak-gflops", "3"), "needs both limits"),
    (("good.mlir", "-o", "r.html", "--machine", "absent.json"), "cannot read absent.json"),
    (("good.mlir", "-o", "r.html", "--machine", "good.mlir"), "is no JSON"),
    (("good.mlir", "-o", "r.html", "--machine", "empty.json"), "holds no limits"),
    (("good.mlir", "-o", "r.html", "--profile", "empty.json"), "is no profile"),
    (("good.mlir", "-o", "r.html", "--profile", "other.json"), "profile of another program"),
    (("good.mlir", "-o", "r.html", "--verified", "empty.json"), "holds no results of a GPU"),
    (("good.mlir", "-o", "r.html", "--verified", "absent.json"), "cannot read absent.json"),
    (("good.mlir", "-o", "r.html", "--dtype", "f32"), "an .mlir file has its types"),
    (("good.mlir", "-o", "r.html", "--target", "z80"), "unknown target 'z80'"),
    (("bad.mlir", "-o", "r.html"), "bad.mlir:1:"),
    (("bad.einf", "-o", "r.html"), "bad.einf"),
    (("empty", "-o", "r.html"), "config.json does not exist")])
def test_errors_are_one_line(einfall_command, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ATTENTION, "good.mlir")
    (tmp_path / "bad.mlir").write_text("func.func @f(\n")
    (tmp_path / "bad.einf").write_bytes(b"no package")
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "other.json").write_text('{"entries": [{"name": "attention", "calls": 1, "steps": []}]}')
    (tmp_path / "empty").mkdir()
    (tmp_path / "r.html").write_text("old")
    done = einfall_command("explain", *arguments)
    assert done.returncode == 1 and done.stdout == ""
    assert said in done.stderr and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert (tmp_path / "r.html").read_text() == "old"


def test_what_was_seen_on_hardware(einfall_command, tmp_path):
    """It holds for exactly the code that was checked."""
    compiled = einfall_command("compile", ATTENTION, "--target", "native,sm_80", "-o", tmp_path / "m.einf")
    assert compiled.returncode == 0, compiled.stderr
    with zipfile.ZipFile(tmp_path / "m.einf") as archive:
        code = hashlib.sha256(archive.read("code/sm_80.so")).hexdigest()
    for name, hash_, wrong, said in (("other", "0" * 64, [], "not verified on hardware"), ("wrong", code, ["y"], "not verified on hardware"),
                                     ("right", code, [], "verified on Test GPU")):
        results = {"gpu": "Test GPU", "checks": {"variant-x": {"code": hash_, "wrong": wrong}}}
        (tmp_path / f"{name}.json").write_text(json.dumps(results))
        assert facts_of(einfall_command, tmp_path, tmp_path / "m.einf", "--verified", tmp_path / f"{name}.json")["hardware"] == {"sm_80": said}
    assert facts_of(einfall_command, tmp_path, tmp_path / "m.einf")["hardware"] == {"sm_80": "not verified on hardware"}
    done = einfall_command("explain", tmp_path / "m.einf", "-o", tmp_path / "r.html")
    assert done.returncode == 0 and "not verified on hardware" in (tmp_path / "r.html").read_text()


def test_wrong_command_lines(einfall_command, tmp_path):
    for option in ("--param=e", "--param=e=-1", "--param==3", "--bandwidth=0", "--peak-gflops=x", "--bandwidth=inf"):
        done = einfall_command("explain", ATTENTION, "-o", tmp_path / "r.html", option)
        assert done.returncode == 2 and "usage:" in done.stderr


def test_output_is_whole(einfall_command, tmp_path):
    done = einfall_command("explain", ATTENTION, "-o", tmp_path / "r.html", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.html", "r.json"]
    assert stat.S_IMODE((tmp_path / "r.html").stat().st_mode) & 0o444 == 0o444


def test_extents(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "python"))
    from einfall.explain.extents import ExtentError, evaluate

    values = {"b": 2, "s": 7, "t": 40}
    for text, expected in {"b * s * 256": 3584, "t - s - 1": 32, "t - (s - 1)": 34, "(t + 1) ceildiv 2": 21,
                           "t floordiv 3 * 2": 26, "t mod 7": 5, "min(b * s, max(t, 3) - 30) * 4": 40, "-s + 9": 2,
                           "0": 0, "s ceildiv 7": 1}.items():
        assert evaluate(text, values) == expected, text
    for text in ("", "b +", "(b", "b s", "min(b)", "q", "b floordiv 0", "b ^ 2"):
        with pytest.raises(ExtentError):
            evaluate(text, values)
