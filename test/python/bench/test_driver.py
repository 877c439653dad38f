"""The benchmark driver itself: what its files say, how ratios come about, what a worker answers. No timing here."""

import json
import sys

import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from harness import cases, compiling, machine, models, report, roofs, setup, team, worker  # noqa: E402

CASE = cases.Case("contractions", "linear", "f32", {"rows": 4, "columns": 8, "depth": 16})


@pytest.mark.parametrize("group", cases.groups())
def test_groups_parse(group):
    found = cases.load(group)
    assert found and len({c.name for c in found}) == len(found)
    assert any(c.quick for c in found), "--quick leaves a group empty"


def test_contractions_are_24_shapes():
    shapes = {tuple(c.sizes.items()) for c in cases.load("contractions") if c.type == "f32"}
    assert len(shapes) == 24


@pytest.mark.parametrize("entry, message", [
    ({"program": "conv", "types": ["f32"]}, "expected a program of"),
    ({"program": "linear", "types": ["f32"], "rows": 4, "columns": 0, "depth": 1}, "needs columns"),
    ({"program": "softmax", "types": ["f31"], "rows": 4, "columns": 1}, "expected types of"),
    ({"program": "softmax", "types": ["f32"], "rows": 4, "columns": 1, "colour": 3}, "unknown key 'colour'"),
    ({"program": "decode", "types": ["f32"], "prompt": 4, "new": 1}, "needs a model"),
])
def test_wrong_cases_are_told(tmp_path, entry, message):
    (tmp_path / "odd.json").write_text(json.dumps({"cases": [entry]}))
    with pytest.raises(cases.CaseError, match=message):
        cases.load("odd", tmp_path)


def test_work_is_counted():
    assert CASE.flops == 2 * 4 * 8 * 16
    assert CASE.bytes_read == 4 * (4 * 16 + 8 * 16)
    assert CASE.bytes_written == 4 * 4 * 8
    causal = cases.Case("a", "attention", "bf16", {"heads": 2, "kv_heads": 1, "length": 8, "size": 4}, causal=True)
    assert causal.flops == 2 * 2 * 8 * 8 * 4
    assert causal.bytes_read == 2 * 8 * 4 * (2 + 2 * 1)


def test_memory_cases_exceed_the_cache():
    big = cases.Case("c", "linear", "bf16", {"rows": 1, "columns": 512, "depth": 256}, memory=True)
    copies = big.copies(1 << 20)
    assert copies * big.bytes_read >= 4 << 20
    assert (copies - 1) * big.bytes_read < 4 << 20


def test_what_is_written_is_not_read_again():
    norm = cases.Case("c", "rmsnorm", "bf16", {"rows": 1024, "columns": 1024}, memory=True)
    assert norm.bytes_read == norm.bytes_written == 2 << 20
    assert norm.copies(1 << 20) == 2


def test_ratio_is_to_the_best_peer():
    result = team.summarize(CASE, 1, {"einfall": [2.0, 1.0, 9.0], "torch": [4.0, 4.0, 4.0], "numpy": [3.0, 3.0, 1.0]}, {})
    assert result["medians"] == {"einfall": 2.0, "torch": 4.0, "numpy": 3.0}
    assert result["best_peer"] == "numpy" and result["ratio"] == 1.5
    assert team.summarize(CASE, 1, {"einfall": [1.0]}, {})["ratio"] is None


def test_wrong_results_are_seen():
    assert team.agrees([1.0, 2.0], [1.0, 2.0005], "f32") == ""
    assert "differ" in team.agrees([1.0, 2.0], [1.0, 2.1], "f32")
    assert "differ" in team.agrees([1.0, float("nan")], [1.0, 2.0], "f32")
    assert "differ" in team.agrees([1.0], [2.0], "i8")
    assert "samples" in team.agrees([1.0], [1.0, 2.0], "f32")


def test_least_time_is_the_larger_of_both_limits():
    asked = []

    def run(*arguments):
        asked.append(arguments)
        rates = {"compute": {"f32_fma": {"value": 1.0}}}.get(arguments[0])
        return rates or {arguments[-1]: {"value": 2.0}}

    limits = roofs.Roofs(2, run=run)
    name, seconds = limits.least_seconds(CASE, 1)
    assert (name, seconds) == ("f32_fma", CASE.flops / 1e9)
    rows = cases.Case("n", "softmax", "f32", {"rows": 1024, "columns": 1024})
    name, seconds = limits.least_seconds(rows, 3)
    assert (name, seconds) == ("copy", 8 * 2**20 / 2e9)
    assert asked[-1] == ("--bytes", str(1 << 25), "copy")
    count = len(asked)
    limits.least_seconds(rows, 3)
    assert len(asked) == count, "a limit is measured once a run"


def test_report_shows_what_was_recorded():
    result = team.summarize(CASE, 1, {"einfall": [1e-3], "torch": [2e-3]}, {"numpy": "not here"})
    result["roof"] = {"limit": "f32_fma", "seconds": 5e-4}
    result["run"] = {"date": "2026-01-02T03:04:05+00:00", "commit": "abc", "rounds": 9, "versions": {"torch": "2"},
                     "missing": {"llama_cpp": "no"}}
    item = {"group": "contractions", "threads": 2, "machine": machine.facts(),
            "roof": {"compute": {"f32_fma": {"value": 3.0, "unit": "GFLOP/s"}}, "bandwidth": []}, "results": [result]}
    text = "\n".join(report.page([item]))
    assert "| linear 4x8x16 f32 | 1 |" in text and "| 50 % f32_fma | 2.00 | torch 2 |" in text
    assert "(busy)" not in text
    result["load"] = [0.0, 0.9]
    assert "2.00 (busy)" in "\n".join(report.page([item]))
    assert "numpy left out of 1" in text and "llama.cpp" in text


def test_work_of_a_model():
    """Of tiny-llama: every matrix once; the head for as many positions as the case asks."""
    from safetensors import safe_open

    model = "test/models/tiny-llama"
    with safe_open(ROOT / model / "model.safetensors", "np") as f:
        shapes = {k: f.get_slice(k).get_shape() for k in f.keys()}
    tied = models.configuration(model)["tie_word_embeddings"]
    matrices = {k: s for k, s in shapes.items() if len(s) == 2 and (tied or "embed" not in k)}
    count = sum(a * b for a, b in matrices.values())
    assert models.weight_bytes(model) == 2 * count
    config = models.configuration(model)
    width = config["num_attention_heads"] * config["head_dim"]
    attention = 2 * 7**2 * width * config["num_hidden_layers"]
    assert models.flops(model, 7, 7) == 2 * 7 * count + attention
    head = config["vocab_size"] * config["hidden_size"]
    assert models.flops(model, 7, 1) == 2 * 7 * (count - head) + 2 * head + attention
    ids = models.prompt_ids(model, 5)
    assert ids.shape == (1, 5) and (ids < config["vocab_size"]).all()


def test_work_of_an_encoder():
    """Counted from the configuration as from the modules themselves, but for vectors and lookups."""
    import torch

    from harness import transformer

    for name in ("bert-base", "vit-b-16", "gpt2"):
        with torch.device("meta"):
            model = transformer.model_of(models.recipe(name))
        tied = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
        head = models.recipe(name)["architectures"] == ["GPT2LMHeadModel"]
        # Each row is multiplied by these; BERT's pooler and ViT's classifier by one row.
        count = sum(p.numel() for n, p in model.named_parameters()
                    if p.dim() in (2, 4) and id(p) not in tied and "pooler" not in n and "classifier" not in n)
        count += model.get_input_embeddings().weight.numel() if head else 0
        assert models.encoder_work(name, 1)[1] == count, name


SMALL = [cases.Case("t", "norm_qkv_rope", "f32", {"tokens": 9, "width": 32, "heads": 4, "kv_heads": 2, "size": 8}),
         cases.Case("t", "norm_swiglu", "f32", {"tokens": 40, "width": 32, "inner": 56}),
         cases.Case("t", "head_loss", "f32", {"tokens": 7, "width": 16, "vocabulary": 101})]


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.program)
def test_cascades_of_a_layer_agree(case):
    import torch

    answers = {}
    with torch.no_grad():  # peers switch gradients off
        for name in ("torch", "einfall"):
            server = worker.Server(name, 1)
            answers[name] = server.open(case.asdict(), 1)["samples"]
            server.close()
    assert team.agrees(answers["einfall"], answers["torch"], "f32") == ""
    assert case.flops > 0 and case.bytes_read > 0


def test_machine_is_described():
    facts = machine.facts()
    assert facts["cpus"] >= 1 and facts["memory"] > 1 << 28 and facts["caches"]
    assert machine.last_level_cache() == max(facts["caches"].values())
    cpu = {"cpu": "Some CPU @ 3.0GHz", "family": "6", "model": "1", "isa": ["avx2"]}
    assert machine.folder_name(cpu) == "some-cpu-3-0ghz-6-1"
    assert machine.folder_name(cpu | {"isa": ["avx2", "amx_tile"]}) == "some-cpu-3-0ghz-6-1-amx"


def test_records_are_merged_by_case(tmp_path):
    def item(name, seconds, limit):
        case = cases.Case("contractions", "linear", "f32", {"rows": 4, "columns": 8, "depth": name})
        result = team.summarize(case, 1, {"einfall": [seconds]}, {}) | {"roof": {"limit": "none", "seconds": 0.0}}
        return {"group": "contractions", "threads": 2, "machine": machine.facts(), "results": [result],
                "roof": {"compute": {}, "bandwidth": [{"limit": "read", "working_set": 1, "value": limit}]}}

    report.store(item(1, 5.0, 1.0), tmp_path)
    report.store(item(2, 6.0, 2.0), tmp_path)
    path = report.store(item(1, 7.0, 3.0), tmp_path)
    stored = json.loads(path.read_text())
    assert [(r["case"]["sizes"]["depth"], r["medians"]["einfall"]) for r in stored["results"]] == [(1, 7.0), (2, 6.0)]
    assert [b["value"] for b in stored["roof"]["bandwidth"]] == [3.0]
    assert report.store(item(1, 5.0, 1.0) | {"threads": 1}, tmp_path) != path


def test_load_is_a_share_and_waiting_ends():
    assert 0 <= machine.busy(0.05) <= 1
    assert 0 <= machine.wait_until_idle(0.0, share=-1.0) <= 1


def test_requirements_are_read():
    assert any(r.startswith("onnxruntime") for r in setup.requirements())


@pytest.mark.slow
def test_a_worker_runs_measures_and_refuses(build, tmp_path):
    """numpy and Einfall on a small case in processes of their own: results agree; int8 is refused with a reason."""
    pytest.importorskip("torch")
    with open(tmp_path / "log", "w+") as log:
        workers = [team.Worker("einfall", 2, log), team.Worker("numpy", 2, log)]
        try:
            assert "numpy" in workers[1].ask("versions")["versions"]
            result = team.run_case(workers, CASE, 2, rounds=2, seconds=0.001)
            assert result["skipped"] == {}
            assert {n: len(t) for n, t in result["times"].items()} == {"einfall": 2, "numpy": 2}
            narrow = cases.Case("c", "linear", "bf16", CASE.sizes)
            assert "float32 only" in team.run_case(workers, narrow, 1, 1, 0.001)["skipped"]["numpy"]
            assert "failed" in workers[1].ask("open", case={"name": ""}, copies=1)
        finally:
            for worker in workers:
                worker.stop()
    missing = team.Worker("nobody", 1, None)
    assert "nobody" in missing.ask("versions")["unsupported"]
    missing.stop()


@pytest.mark.slow
def test_unsigned_bytes_agree(build, tmp_path):
    """Their products are text of the bench's own: the importer has no such type."""
    pytest.importorskip("torch")
    case = cases.Case("c", "int_linear", "u8", {"rows": 40, "columns": 48, "depth": 72})
    with open(tmp_path / "log", "w+") as log:
        workers = [team.Worker("einfall", 2, log), team.Worker("torch", 2, log)]
        try:
            result = team.run_case(workers, case, 2, rounds=1, seconds=0.001)
            assert result["skipped"] == {} and set(result["times"]) == {"einfall", "torch"}
        finally:
            for worker in workers:
                worker.stop()


@pytest.mark.parametrize("arguments, wanted", [
    (["--bytes", "1048576", "--seconds", "0.002", "--threads", "2", "read", "write", "copy"], {"read", "write", "copy"}),
    (["--seconds", "0.002", "--threads", "1", "f32_fma"], {"f32_fma"}),
])
def test_roof_measures_what_is_asked(build, arguments, wanted):
    import subprocess

    done = subprocess.run([build / "bin" / "einfall-roof", *arguments], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert set(answer["limits"]) == wanted
    assert all(limit["value"] > 0 and limit["loop"] for limit in answer["limits"].values())
    assert answer["threads"] == int(arguments[arguments.index("--threads") + 1])


def test_roof_refuses_nonsense(build):
    import subprocess

    done = subprocess.run([build / "bin" / "einfall-roof", "--threads", "0"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage" in done.stderr


@pytest.mark.slow
def test_cost_of_compiling_is_split_into_phases(build, tmp_path, monkeypatch):
    monkeypatch.setenv("EINFALL_BENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"))
    cost = compiling.measure("test/models/tiny-llama", "f32")
    assert abs(sum(cost["phases"].values()) - cost["total_seconds"]) < 1e-6
    assert all(seconds > 0 for seconds in cost["phases"].values())
    assert cost["beyond_torch_seconds"] < cost["total_seconds"]
    assert 0 < cost["anonymous"]["einfall-compile"] < cost["anonymous"]["whole tree"]
    assert cost["package_bytes"] > models.weight_bytes("test/models/tiny-llama")
