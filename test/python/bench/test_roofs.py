"""Limits that take turns with a case: what is computed from samples, and the loop that answers. No timing here."""

import sys

import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from harness import cases, machine, report, roofs, team  # noqa: E402

ROWS = cases.Case("norms", "softmax", "f32", {"rows": 1024, "columns": 1024})


def samples(*seconds):
    """Of rounds 0, 1, ..; None is a round without an answer."""
    return [{"seconds": s, "round": i} for i, s in enumerate(seconds) if s is not None]


def test_share_survives_memory_that_changes():
    """Memory is twice as fast in rounds 0 to 4; the program changes a round later than the roof does. Its share is 0.8."""
    roof = samples(1, 1, 1, 1, 1, 2, 2, 2, 2)
    own = samples(*[s / 0.8 for s in (1, 1, 1, 1, 1, 1, 2, 2, 2)])
    assert roofs.share(own, roof) == pytest.approx(0.8)
    turns = roofs.summarize("copy", own, roof, 2)
    assert turns["limit"] == "copy" and turns["share"] == pytest.approx(0.8)
    assert turns["seconds"] == 0.5 and turns["times"][-1] == 1
    # What the medians alone would say of a run that the change cuts in halves.
    assert team.summarize(ROWS, 1, {"einfall": [1.25] * 4 + [2.5] * 5}, {})["medians"]["einfall"] == 2.5


def test_share_pairs_rounds():
    assert roofs.share(samples(2, None, 8), samples(1, 100, 2)) == pytest.approx(0.375)
    assert roofs.share(samples(None, 2), samples(1)) is None
    assert roofs.share([], samples(1)) is None


def made(rates):
    """Limits from rates in units of 1e9; `rates` by name."""
    def run(*arguments):
        return {k: {"value": v} for k, v in rates.items() if k in arguments or "compute" in arguments}

    return roofs.Roofs(2, run=run)


def test_memory_takes_turns_where_it_may_limit(monkeypatch):
    asked = []
    monkeypatch.setattr(roofs, "InTurn", lambda *arguments: asked.append(arguments) or arguments)
    limits = made({"f32_fma": 1.0, "copy": 2.0, "read": 2.0})
    assert limits.in_turn(ROWS, 3) == ("copy", 3 * 2 * 4 * 2**20, 3 * 2 * 4 * 2**20, 2)
    linear = cases.Case("c", "linear", "f32", {"rows": 1, "columns": 1024, "depth": 1024})  # 2 operations for 4 bytes
    assert limits.in_turn(linear, 1)[0] == "read"
    assert made({"f32_fma": 0.5, "read": 2.0}).in_turn(linear, 1)[0] == "read"
    assert made({"f32_fma": 0.2, "read": 2.0}).in_turn(linear, 1) is None
    huge = cases.Case("c", "softmax", "f32", {"rows": 1 << 16, "columns": 1 << 16})
    assert limits.in_turn(huge, 1)[2] == max(roofs.ENOUGH, 8 * machine.last_level_cache())


def test_arithmetic_limits_where_memory_is_faster_in_turn():
    linear = cases.Case("c", "linear", "f32", {"rows": 1, "columns": 1024, "depth": 1024})
    limits = made({"f32_fma": 1.0, "read": 2.0})
    slow, fast = {"limit": "read", "seconds": 1.0, "share": 0.9}, {"limit": "read", "seconds": 1e-3, "share": 0.9}
    assert limits.result(linear, 1, slow) is slow
    assert limits.result(linear, 1, fast) == {"limit": "f32_fma", "seconds": linear.flops / 1e9}
    assert limits.result(linear, 1, None) == {"limit": "read", "seconds": linear.bytes_read / 2e9}


class Asked:
    """A worker that answers with the number of its turn."""

    def __init__(self, name, turns):
        self.name, self.turns = name, turns

    def ask(self, do, seconds):
        self.turns.append(self.name)
        return {"seconds": float(len(self.turns))}


def test_the_roof_stands_beside_einfall():
    turns = []
    workers = [Asked(n, turns) for n in ("torch", "einfall", "numpy")]
    measured = team.take_turns(team.beside(workers, Asked("roof", turns)), 4, 0.0)
    pairs = [turns[i:i + 4] for i in range(0, 16, 4)]
    assert all(len(set(p)) == 4 for p in pairs)
    assert sum(abs(p.index("einfall") - p.index("roof")) == 1 for p in pairs) == 3
    assert [m["round"] for m in measured["roof"]] == [0, 1, 2, 3]
    assert team.beside(workers[:1], "roof") == [workers[0], "roof"] and team.beside(workers, None) == workers


def test_reports_read_both_kinds_of_record():
    result = team.summarize(ROWS, 1, {"einfall": [2e-3]}, {}) | {"roof": {"limit": "copy", "seconds": 1e-3}}
    assert "50 % copy" in report.cells(result)
    assert report._turns([result]) == []
    result["roof"] |= {"share": 0.9, "times": [1e-3]}
    assert "90 % copy" in report.cells(result)
    assert report._turns([result]) == ["copy in turn with 1 cases 8.389 to 8.389 GB/s"]
    result["roof"]["share"] = None
    assert "50 % copy" in report.cells(result)


def test_the_loop_answers_in_turn(build, monkeypatch):
    monkeypatch.setenv("PATH", str(build / "bin"))
    turn = roofs.InTurn("copy", 1e6, 1 << 20, 1, seconds=0.001)
    assert "stores" in turn.loop
    assert turn.ask("measure", seconds=0.001)["seconds"] > 0
    assert turn.ask("measure", seconds=0.001)["seconds"] > 0
    turn.stop()
    assert turn.process.returncode == 0


@pytest.mark.parametrize("arguments", [["--serve", "compute"], ["--serve"], ["--serve", "read", "copy"]])
def test_only_one_limit_of_memory_is_served(build, arguments):
    import subprocess

    done = subprocess.run([build / "bin" / "einfall-roof", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "usage" in done.stderr
