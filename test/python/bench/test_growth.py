"""Sweeps of one model's sizes: what is drawn and told of them. No timing here."""

import json
import subprocess
import sys

import numpy as np
import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from harness import cases, growth, models, report, setup  # noqa: E402


def result(program, seconds, least, **sizes):
    case = cases.Case("growth", program, "bf16", sizes, model="growing")
    memory = {"einfall": {"seconds": seconds, "calls": 1, "arena_bytes": 100 * sizes["length"], "state_bytes": 0}}
    return {"case": case.asdict(), "medians": {"einfall": seconds}, "times": {"einfall": [seconds + 1, seconds]},
            "roof": {"limit": "read", "seconds": least}, "work": [least * 1e9 / sizes["threads"], 1e6 * least**0.5], "facts": memory}


RESULTS = [
    result("grown_prefill", 8.0, 4.0, layers=4, batch=1, length=256, threads=1),
    result("grown_prefill", 2.0, 1.0, layers=4, batch=1, length=64, threads=1),
    result("grown_prefill", 40.0, 16.0, layers=4, batch=1, length=1024, threads=1),
    result("grown_prefill", 15.0, 8.0, layers=8, batch=1, length=256, threads=1),
    result("grown_decode", 3.0, 1.0, layers=4, batch=1, length=256, threads=1),
]


def test_sizes_may_be_lists(tmp_path):
    entry = {"program": "linear", "types": ["f32", "bf16"], "rows": [1, 2], "columns": 8, "depth": [3, 5]}
    (tmp_path / "lists.json").write_text(json.dumps({"cases": [entry]}))
    found = cases.load("lists", tmp_path)
    assert [tuple(c.sizes.values()) for c in found[:4]] == [(1, 8, 3), (1, 8, 5), (2, 8, 3), (2, 8, 5)] and len(found) == 8
    for wrong in ([], [0], [1, "x"], "1"):
        (tmp_path / "lists.json").write_text(json.dumps({"cases": [entry | {"rows": wrong}]}))
        with pytest.raises(cases.CaseError, match="needs rows"):
            cases.load("lists", tmp_path)


def test_one_size_differs_along_a_sweep():
    found = {s.title: s for s in growth.sweeps(RESULTS)}
    assert set(found) == {"prefill by length", "prefill by layers"}
    length = found["prefill by length"]
    assert length.values == [64, 256, 1024] and length.fixed == {"layers": 4, "batch": 1, "threads": 1}
    assert (length.time_growth(), length.work_growth(), length.memory_growth()) == (20, 16, 16)
    assert length.grows_faster() and not found["prefill by layers"].grows_faster()
    told = [line for line in growth.table(list(found.values())) if "**grows faster**" in line]
    assert len(told) == 1 and "by length" in told[0]


def test_points_take_turns(monkeypatch):
    """All points are open at once; one that does not open is told and stops no other."""
    log = []

    class Fake:
        def __init__(self):
            self.name, self.gone = "einfall", ""

        def ask(self, do, **arguments):
            log.append((do, self.name))
            if do == "open":
                return {"failed": "no"} if "1x2x" in self.name else {"samples": []}
            return {"seconds": float(len(log)), "calls": 1, "arena_bytes": 5, "state_bytes": 6}

        def stop(self):
            log.append(("stop", self.name))

    monkeypatch.setattr(growth.machine, "busy", lambda seconds=0: 0.0)
    sizes = [{"layers": 1, "batch": b, "length": 4, "threads": t} for b, t in ((1, 1), (2, 1), (3, 2))]
    points = [cases.Case("growth", "grown_decode", "bf16", s, model="growing") for s in sizes]
    monkeypatch.setattr(growth, "work", lambda case: (8.0 / case.sizes["threads"], 3.0))
    found = growth.measure(points, 2, 0.1, 0, Fake)
    assert [do for do, _ in log[:4]] == ["open", "open", "stop", "open"]
    assert [name for do, name in log if do == "measure"] == [points[i].name for i in (0, 2, 2, 0)]
    assert [len(r["times"].get("einfall", [])) for r in found] == [2, 0, 2] and found[1]["skipped"] == {"einfall": "no"}
    assert found[2]["work"] == (4.0, 3.0) and found[0]["facts"]["einfall"]["state_bytes"] == 6
    assert growth.is_growth(points) and not growth.is_growth([]) and log[-1][0] == "stop"


def test_work_of_a_grown_model(tmp_path, monkeypatch):
    """A prompt after itself is the whole: operations of a step added up are those of the prefill."""
    monkeypatch.setattr(models, "checkpoint", lambda model: ROOT / "test/models/tiny-llama")
    size, layers, heads = 64, 6, 4
    for length in (1, 2, 7):
        steps = sum(models.grown_flops("x", 1, n) for n in range(1, length + 1))
        assert models.grown_flops("x", length, length) == steps
        assert models.grown_flops("x", 1, length + 5) - models.grown_flops("x", 1, length) == 5 * 4.0 * heads * size * layers
    assert models.cached_bytes("x", 2) == 2 * layers * 2 * size * 2


def test_a_model_of_some_layers():
    assert models.recipe("growing@9")["num_hidden_layers"] == 9
    assert models.recipe("growing") | {"num_hidden_layers": 9} == models.recipe("growing@9")


def test_the_page_tells_and_shows():
    item = {"results": RESULTS, "machine": {"cpu": "A CPU", "family": "1", "model": "2"}}
    text = "\n".join(report._growth(item))
    assert "| prefill by length | 64, 1024 | 20 | 16 | 16 | 16 | **grows faster** |" in text
    assert "(images/growth-a-cpu-1-2.svg)" in text and report._growth({"results": RESULTS[-1:]}) == []


def test_what_is_drawn(tmp_path):
    if subprocess.run([setup.python(), "-c", "import matplotlib"], capture_output=True).returncode:
        pytest.skip("NOT RUN: matplotlib is not installed (./dev bench --setup)")
    record = tmp_path / "growth.json"
    record.write_text(json.dumps({"results": RESULTS}))
    report.draw(record, tmp_path / "a.svg")
    report.draw(record, tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "prefill by length" in text and "prefill by layers" in text and "decode" not in text
    assert text == (tmp_path / "b.svg").read_text(), "an equal record gives an equal picture"


def test_a_picture_that_nothing_draws_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(setup, "python", lambda: sys.executable)
    record = tmp_path / "growth.json"
    record.write_text("{}")
    report.draw(record, tmp_path / "none.svg")
    assert "did not draw none.svg" in capsys.readouterr().out


@pytest.mark.parametrize("program", cases.GROWN)
def test_a_grown_model_runs(program, build, tmp_path, monkeypatch):
    """Logits of the same position, as prompt and as the token after it, by any number of layers."""
    from einfall import runtime
    from peers.einfall_model import Grown

    threads = runtime.set_num_threads(0)
    monkeypatch.setenv("EINFALL_BENCH_CACHE", str(tmp_path))
    small = models.recipe("growing") | {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 2, "head_dim": 32}
    monkeypatch.setattr(models, "recipe", lambda model: small | {"num_hidden_layers": int(model.partition("@")[2])})
    for sizes in ({"layers": 2, "batch": 3, "length": 5, "threads": 1}, {"layers": 1, "batch": 1, "length": 1, "threads": 2}):
        case = cases.Case("growth", program, "bf16", sizes, model="growing")
        grown = Grown(case)
        before, = grown()
        # The last token again, or the whole prompt again: the same logits.
        np.testing.assert_allclose(np.array(before), np.array(grown()[0]), atol=0)
        measured = grown.measure()
        assert measured["seconds"] > 0 and measured["state_bytes"] > 0 and np.isfinite(before).all()
        one = program == "grown_decode"
        assert before.shape == (sizes["batch"], 4096) if one else (sizes["batch"], sizes["length"], 4096)
        assert case.flops > 0 and case.bytes_read > 0 and case.copies(1 << 20) == 1
    runtime.set_num_threads(threads)
