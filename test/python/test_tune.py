"""einfall tune and compile --tuned. What is faster is made up here: nothing depends on times."""

import json
import sqlite3

import numpy as np
import pytest

SOURCE = """func.func @product(%a: !ein.tensor<[m, 70], f32> {ein.name = "a"}, %b: !ein.tensor<[90, 70], f32> {ein.name = "b"})
    -> (!ein.tensor<[m, 90], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%a[i, k], %b[j, k]) -> [i, j] reduce [k: add] : (!ein.tensor<[m, 70], f32>, !ein.tensor<[90, 70], f32>) -> !ein.tensor<[m, 90], f32>
  return %y : !ein.tensor<[m, 90], f32>
}
func.func @norm(%x: !ein.tensor<[m, 384], f32> {ein.name = "x"}, %ids: !ein.tensor<[m], i64> {ein.name = "ids", ein.range = [5, 9]})
    -> (!ein.tensor<[m, 384], f32> {ein.name = "y"}) attributes {ein.entry} {
  %s = ein.einsum (%x[i, k]) -> [i] reduce [k: max] : (!ein.tensor<[m, 384], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%x[i, j], %s[i], %ids[i]) -> [i, j] : (!ein.tensor<[m, 384], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m], i64>) -> !ein.tensor<[m, 384], f32> {
  ^bb0(%p: f32, %q: f32, %n: i64):
    %f = arith.sitofp %n : i64 to f32
    %d = arith.divf %p, %q : f32
    %r = arith.mulf %d, %f : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[m, 384], f32>
}
"""


@pytest.fixture
def source(tmp_path, monkeypatch, build):
    """A program of two kernels, and a compile cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "two.mlir"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def halves_win(monkeypatch):
    """Candidates are called faster where every kernel is cut into halves of what it was."""
    from einfall import tune

    def times(self, packages, rounds):
        keys = {key for each in self.keys for key in each}
        known = {self.first: {}, self.package: self.best}
        each = [known.get(p, self.best | self.trial) for p in packages]
        return [{k: 0.5 if f"array<i64: {self.half[k]}" in s.get(k, "") else 1.0 for k in keys} for s in each]

    real = tune.Tuner._try

    def tried(self, trial):
        if not hasattr(self, "half"):
            report = self._facts(self.package)[1]
            first = {k["key"]: k["schedule"] for e in report["entries"] for k in e["kernels"]}
            self.half = {k: int(tune._NUMBERS.search(s)[2].partition(",")[0]) // 2 for k, s in first.items()}
        self.trial = trial
        real(self, trial)

    monkeypatch.setattr(tune.Tuner, "times", times)
    monkeypatch.setattr(tune.Tuner, "_try", tried)


def schedules_of(path, **options):
    from einfall import compiler, load

    out = path.with_suffix(".einf")
    compiler.compile_file(path, out, **options)
    package = load(out)
    report = json.loads(package.file("report.json"))
    return package, {k["key"]: k["schedule"] for e in report["entries"] for k in e["kernels"]}


def check(package):
    rng = np.random.default_rng(5)
    for m in (1, 7, 130, 257):
        a, b, x = (rng.standard_normal(s).astype(np.float32) for s in ((m, 70), (90, 70), (m, 384)))
        ids = rng.integers(5, 9, m)
        np.testing.assert_allclose(package.product(a, b), a.astype(np.float64) @ b.T, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(package.norm(x, ids), x / x.max(1, keepdims=True) * ids[:, None], rtol=1e-5)


def test_one_number_changes():
    from einfall.tune import candidates

    first = '#tile.schedule<ranks = {i = array<i64: 64, 7, 6>, "a b" = array<i64: 1, 1>, t = array<i64: 4096>}, packed_from = 3>'
    found = candidates(first)
    assert [c for c in found if "i = array<i64: 32, 7, 6>" in c] and [c for c in found if "i = array<i64: 128, 7, 6>" in c]
    assert [c for c in found if "t = array<i64: 2048>" in c] and not [c for c in found if "8192" in c]
    assert [c for c in found if "packed_from = 1>" in c] and [c for c in found if "packed_from = 6>" in c]
    assert len(found) == len(set(found)) == 5 and first not in found
    assert candidates("") == [] and candidates("[unit]") == []


def test_winners_are_stored_and_taken(source, halves_win):
    from einfall import tune

    plain, first = schedules_of(source)
    check(plain)
    assert len(first) == 2 and "tuned" not in plain.metadata
    found = tune.tune(source, seconds=0.5, sizes={"m": 33})
    assert set(found.best) == set(first) and all(found.best[k] != first[k] for k in first) and not found.skipped
    assert tune.stored() == found.best
    # The same text is another schedule now, under the same keys; without the wish it is as before.
    tuned, second = schedules_of(source, tuned=True)
    check(tuned)
    assert second == found.best and tuned.metadata["tuned"] == "2"
    assert schedules_of(source)[1] == first
    with sqlite3.connect(tune.database()) as connection:
        (sizes, target), = connection.execute("SELECT DISTINCT sizes, target FROM schedules").fetchall()
    assert json.loads(sizes) == {"product": {"m": 33}, "norm": {"m": 33}} and target == tuned.manifest["targets"][0]["name"]


def test_a_candidate_that_does_not_fit_stops_no_other(source, halves_win, monkeypatch):
    from einfall import tune

    real = tune.candidates
    monkeypatch.setattr(tune, "candidates", lambda s: (["#tile.schedule<ranks = {zz = array<i64: 1>}>"] if "lanes" in s else []) + real(s))
    found = tune.tune(source, seconds=6)
    assert len(found.best) == 2 and "zz" not in str(found.best)


def test_wrong_results_do_not_win(source, halves_win, monkeypatch):
    from einfall import tune

    monkeypatch.setattr(tune.Tuner, "agrees", lambda self, package: False)
    tuner = tune.tune(source, seconds=0.5)
    assert not tuner.best
    # What an earlier search stored of these kernels goes: this one found nothing.
    tuner.best = {key: "#tile.schedule<ranks = {}>" for key in tuner.open}
    tuner.gains = {key: (2.0, 1.0) for key in tuner.open}
    tuner.store()
    assert tune.stored() == tuner.best
    tune.tune(source, seconds=0.5)
    with pytest.raises(tune.EinfallError, match="einfall tune does it"):
        tune.stored()


def test_luck_is_not_stored(source, halves_win, monkeypatch):
    from einfall import tune

    real = tune.Tuner.times
    monkeypatch.setattr(tune.Tuner, "times", lambda self, packages, rounds: [{k: 1.0 for k in self.open}] * 2
                        if self.first in packages else real(self, packages, rounds))
    said = []
    found = tune.tune(source, seconds=0.5, say=said.append)
    assert "2 faster" in said[1] and not found.best and not found.gains
    with pytest.raises(tune.EinfallError, match="einfall tune does it"):
        tune.stored()


def test_results_are_compared(source, tmp_path):
    from einfall import compiler, tune

    def compile(path, schedules):
        compiler.compile_text(SOURCE, path, schedules=schedules)

    other = tmp_path / "other.einf"
    compiler.compile_text(SOURCE.replace("reduce [k: max]", "reduce [k: add]"), other)
    (tmp_path / "scratch").mkdir()
    tuner = tune.Tuner(compile, {}, tmp_path / "scratch")
    assert tuner.agrees(tuner.package) and not tuner.agrees(other)
    before, after = tuner.times([tuner.package, tuner.package], 1)
    assert set(before) == set(after) == set(tuner.open) and all(t > 0 for t in before.values())


def test_what_is_stored_elsewhere_is_not_taken(source, monkeypatch):
    from einfall import EinfallError, compiler, machine, tune

    def refused(**options):
        with pytest.raises(EinfallError) as raised:
            compiler.compile_file(source, source.with_suffix(".einf"), tuned=True, **options)
        return str(raised.value)

    assert "nothing was tuned on this machine with this compiler: einfall tune does it" in refused()
    tune._opened(tune.database()).close()
    assert "nothing was tuned" in refused()
    with sqlite3.connect(tune.database()) as connection:
        connection.execute("INSERT INTO schedules VALUES ('another CPU', 'x', 'y', 'k', 's', 1, 2, '{}', '')")
    connection.close()
    assert "has those of other machines or compilers" in refused()
    assert "hold for the target native, not for x86-64-v3" in refused(targets=["x86-64-v3"])
    tune.database().write_bytes(b"no database at all, but a long enough text" * 20)
    assert "remove it to begin anew" in refused()
    tune.database().unlink()
    with sqlite3.connect(tune.database()) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    assert "of another version of Einfall (7)" in refused()
    assert machine.cpu_name()


def test_the_command_tells_what_it_found(source, halves_win, capsys):
    from einfall import cli, tune

    assert cli.main(["tune", str(source), "--seconds", "0.5", "--size", "m=9"]) == 0
    said = capsys.readouterr()
    assert f"2 of 2 kernels are faster; stored in {tune.database()}" in said.out and "2 kernels," in said.err
    assert "1000000.0 us ->   500000.0 us  #tile.schedule<" in said.out
    assert cli.main(["compile", str(source), "-o", str(source.with_suffix(".einf")), "--tuned", "--quiet"]) == 0


def test_bad_input_is_told(source, capsys):
    from einfall import cli

    for arguments, message in ((["nowhere.mlir"], "there is no file or folder nowhere.mlir"),
                               ([str(source), "--size", "q=3"], "no entry has a size 'q'; there are m"),
                               ([str(source), "--dtype", "bf16"], "--dtype sets the activations")):
        assert cli.main(["tune", *arguments]) == 1
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["tune", str(source), "--seconds", "-1"])


def test_schedules_that_are_none_are_refused(source, build):
    from einfall import CompileError, compiler

    _, first = schedules_of(source)
    key = next(iter(first))
    for schedule, message in (("#tile.nothing", "unknown attribute `nothing`"), ("", "expected attribute value"),
                              ("#tile.schedule<ranks = {zz = array<i64: 1, 1>}>", "it has no rank 'zz'")):
        with pytest.raises(CompileError, match=message):
            compiler.compile_text(SOURCE, source.with_suffix(".einf"), schedules={key: schedule})
    # What no kernel is called by does not count.
    compiler.compile_text(SOURCE, source.with_suffix(".einf"), schedules={"f" * 32: first[key]})
