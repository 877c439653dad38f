"""einfall tune and compile --tuned. What is faster is made up here: nothing depends on times."""

import json
import os
import re
import sqlite3
import subprocess

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
    from einfall.toolchain import compiler_build_id

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
    assert "has those of other machines, compilers or targets" in refused()
    with sqlite3.connect(tune.database()) as connection:
        connection.execute("INSERT INTO schedules VALUES (?, ?, 'another target', 'k', 's', 1, 2, '{}', '')",
                           (machine.cpu_name(), compiler_build_id()))
    connection.close()
    assert "has those of other machines, compilers or targets" in refused()
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
    from einfall import CompileError, compiler, load
    from einfall.toolchain import find_tool

    _, first = schedules_of(source)
    key = next(iter(first))
    for schedule, message in (("#tile.nothing", "unknown attribute `nothing`"), ("", "expected attribute value"),
                              ("42 : i32", "kernel 'KEY' is no schedule: 42 : i32"), ("[unit, 42]", "is no schedule")):
        with pytest.raises(CompileError, match=re.escape(message.replace("KEY", key))):
            compiler.compile_text(SOURCE, source.with_suffix(".einf"), schedules={key: schedule})
    # What no kernel is called by does not count.
    out = source.with_suffix(".einf")
    compiler.compile_text(SOURCE, out, schedules={"f" * 32: first[key]})
    assert load(out).metadata["tuned"] == "0"
    done = subprocess.run([find_tool("einfall-compile"), str(source), "-o", str(out), "--schedules=/dev/stdin"],
                          input=json.dumps({"f" * 32: first[key]}), capture_output=True, text=True)
    assert done.returncode == 0 and "warning: none of 1 stored schedules is of a kernel here" in done.stderr


def test_a_stored_schedule_that_does_not_fit_is_left_out(source):
    from einfall import compiler, load
    from einfall.tune import candidates

    _, first = schedules_of(source)
    (a, own), (b, other) = first.items()
    out = source.with_suffix(".einf")
    fits = candidates(other)[0]
    for misfit in ("#tile.schedule<ranks = {zz = array<i64: 1, 1>}>", "[unit, unit]", "[#tile.schedule<ranks = {}>]"):
        compiler.compile_text(SOURCE, out, schedules={a: misfit, b: fits})
        package = load(out)
        report = json.loads(package.file("report.json"))
        assert {k["key"]: k["schedule"] for e in report["entries"] for k in e["kernels"]} == {a: own, b: fits}
        assert package.metadata["tuned"] == "1"
        check(package)
    # The same, written on the kernel, is the user's: test/passes/ein-to-tile/parts-invalid.mlir.


def test_what_strict_forbids_does_not_come_from_a_search_without_it(source, halves_win):
    from einfall import compiler, load, tune

    found = tune.tune(source, seconds=0.5, sizes={"m": 33})
    strict, schedules = schedules_of(source, tuned=True, numerics="strict")
    assert len(found.best) == 2 and not set(schedules) & set(found.best) and strict.metadata["tuned"] == "0"
    check(strict)
    # A sum along lanes is refused to a user, but what is stored is left out.
    key = next(iter(schedules))
    along = "#tile.schedule<ranks = {i = array<i64: 8, 1, 1>, j = array<i64: 8, 1, 1>, k = array<i64: 64, 16, 1>}, lanes = \"k\">"
    out = source.with_suffix(".einf")
    compiler.compile_text(SOURCE, out, numerics="strict", schedules={key: along})
    assert load(out).metadata["tuned"] == "0"
    check(load(out))


def test_a_search_begins_with_what_is_stored(source, halves_win, monkeypatch, tmp_path):
    from einfall import compiler, tune

    def compile(path, schedules):
        compiler.compile_text(SOURCE, path, schedules=schedules)

    before = tune.tune(source, seconds=0.5).best
    assert len(before) == 2
    (tmp_path / "scratch").mkdir()
    tuner = tune.Tuner(compile, {}, tmp_path / "scratch")
    assert {key: left[0] for key, left in tuner.open.items()} == before
    assert all(len(left) == len(set(left)) for left in tuner.open.values())
    # A search that came to nothing, and one that came to one kernel alone, keep the others.
    tuner.store()
    assert tune.stored() == before
    kept, lost = before
    tuner.lost = {lost}
    tuner.store()
    assert tune.stored() == {kept: before[kept]}
    # One that does it all again keeps what wins again, and forgets what does not.
    assert tune.tune(source, seconds=0.1).best[kept] == before[kept]
    assert tune.stored()[kept] == before[kept]
    monkeypatch.setattr(tune.Tuner, "times", lambda self, packages, rounds: [{k: 1.0 for k in self.open}] * len(packages))
    tune.tune(source, seconds=0.1)
    with pytest.raises(tune.EinfallError, match="einfall tune does it"):
        tune.stored()


def test_the_database_may_be_made_by_several_at_once(source):
    from einfall import tune

    tune.database().parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(tune.database()) as other:
        # Where another process is between the two.
        other.execute(tune._TABLE)
    other.close()
    tune._opened(tune.database()).close()
    with sqlite3.connect(tune.database()) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (tune.FORMAT,)
    connection.close()


def test_whole_numbers_are_not_all_zero():
    from einfall import EinfallError
    from einfall.tune import _random

    def drawn(dtype, **more):
        return _random({"name": "x", "dtype": dtype} | more, [400], np.random.default_rng(3))

    for dtype in ("i8", "i16", "i32", "i64"):
        assert drawn(dtype).dtype == np.dtype("int" + dtype[1:]) and drawn(dtype).min() < 0 < drawn(dtype).max() < 9
    for dtype in ("u8", "ui8", "u16", "u32", "u64"):
        assert drawn(dtype).dtype == np.dtype("uint" + dtype.lstrip("ui")) and 0 == drawn(dtype).min() < drawn(dtype).max() < 17
    assert set(drawn("i32", range=[5, 9])) == {5, 6, 7, 8}
    assert drawn("i64", range=[1 << 31, (1 << 31) + 4]).max() == (1 << 31) + 3 and drawn("i8", range=[-500, 500]).min() < -100
    assert drawn("i64", range=[0, (1 << 63) - 1]).max() < 1 << 31
    for dtype, low, high in (("i64", 7, 7), ("i32", 1 << 31, 1 << 40), ("u8", -9, 0)):
        with pytest.raises(EinfallError, match="input 'x' takes no value"):
            drawn(dtype, range=[low, high])


def test_outputs_are_compared_as_what_they_are():
    from einfall.tune import _agree, _f8

    big = np.array([16000, 3, 7], np.uint16)
    assert _agree(big, big, "u16") and not _agree(big, big + np.uint16(1), "u16")  # as bf16 they would be near
    assert _agree(big, big + np.uint16(1), "bf16") and not _agree(big, big + np.uint16(1 << 9), "bf16")
    many = np.array([1000, -1000, 3], np.int32)
    assert _agree(many, many, "i32") and not _agree(many, many + 1, "i32")
    assert not _agree(np.array([True, False]), np.array([True, True]), "i1")
    # Bytes of f8 are no numbers: 0x01 and 0x81 are near, 0x38 and 0x78 are not.
    f8 = lambda *bytes: np.array(bytes, np.uint8)
    assert _agree(f8(0x01, 0x78), f8(0x81, 0x78), "f8E4M3FN") and not _agree(f8(0x38, 0x70), f8(0x70, 0x70), "f8E4M3FN")
    for kind, most, greatest, least in (("f8E4M3FN", 0x7e, 448, 2.0**-9), ("f8E5M2", 0x7b, 57344, 2.0**-16),
                                        ("f8E4M3FNUZ", 0x7f, 240, 2.0**-10), ("f8E5M2FNUZ", 0x7f, 57344, 2.0**-17)):
        values = _f8(kind)
        assert values[most] == greatest == -values[most | 128] and values[1] == least == np.nanmin(values[1:128])
        assert np.isnan(values).sum() == {"f8E4M3FN": 2, "f8E5M2": 6}.get(kind, 1)
    assert _f8("f8E5M2")[0x7c] == np.inf == -_f8("f8E5M2")[0xfc]


BYTES = """func.func @f(%a: !ein.tensor<[m, 70], i8> {ein.name = "a"}, %b: !ein.tensor<[m, 70], i8> {ein.name = "b"})
    -> (!ein.tensor<[m, 70], i8> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%a[i, k], %b[i, k]) -> [i, k] : (!ein.tensor<[m, 70], i8>, !ein.tensor<[m, 70], i8>) -> !ein.tensor<[m, 70], i8> {
  ^bb0(%p: i8, %q: i8):
    %r = arith.OP %p, %q : i8
    ein.yield %r : i8
  }
  return %y : !ein.tensor<[m, 70], i8>
}
"""


def test_wrong_whole_numbers_do_not_agree(tmp_path, build):
    from einfall import compiler, tune

    other = tmp_path / "other.einf"
    compiler.compile_text(BYTES.replace("OP", "subi"), other)
    (tmp_path / "scratch").mkdir()
    tuner = tune.Tuner(lambda path, schedules: compiler.compile_text(BYTES.replace("OP", "muli"), path, schedules=schedules),
                       {}, tmp_path / "scratch")
    assert tuner.calls and tuner.agrees(tuner.package) and not tuner.agrees(other)


def test_a_language_model_is_called_as_it_is_used(build, tmp_path):
    """Within its table of positions, and with rows that attention has to read."""
    T = pytest.importorskip("transformers")
    import einfall
    from einfall import tune

    T.GPT2LMHeadModel(T.GPT2Config(vocab_size=97, n_embd=32, n_layer=1, n_head=2, n_positions=24, bos_token_id=1, eos_token_id=2)) \
        .save_pretrained(tmp_path)
    package = einfall.compile(tmp_path, tmp_path / "m.einf", dtype="f32", count_visits=True)
    calls = tune.sizes_for(package.manifest, {})
    assert {e["name"]: (at["b"], at["s"], at["t"], at["c"]) for e, at in calls} == {
        "step": (1, 1, 24, 24), **{name: (1, 24, 24, 24) for name in ("logits", "next", "nll")}}
    for entry, at in calls:
        tune.Call(entry, at, tmp_path, language=True).run(tmp_path / "m.einf", 1)
        steps = json.loads((tmp_path / "profile.json").read_text())["entries"][0]["steps"]
        assert any(step.get("visited") for step in steps), entry["name"]
    assert all(at["t"] == 16 for _, at in tune.sizes_for(package.manifest, {"t": 16, "s": 7}))


def test_a_size_that_is_limited(source):
    from einfall import compiler, tune

    text = SOURCE.replace("attributes {ein.entry}", "attributes {ein.entry, ein.assume = [#ein.extent<90 - 2*m>]}", 1)
    source.write_text(text)
    package, _ = schedules_of(source)
    assert {e["name"]: at["m"] for e, at in tune.sizes_for(package.manifest, {})} == {"product": 45, "norm": 128}
    assert {e["name"]: at["m"] for e, at in tune.sizes_for(package.manifest, {"m": 99})} == {"product": 99, "norm": 99}
    scratch = source.parent / "scratch"
    scratch.mkdir()
    tuner = tune.Tuner(lambda path, schedules: compiler.compile_text(text, path, schedules=schedules), {}, scratch)
    assert len(tuner.calls) == 2 and not tuner.skipped


def test_experts_are_made_once(build, tmp_path, monkeypatch):
    """Beside the package that they are for; the packages of a search share them."""
    T = pytest.importorskip("transformers")
    from einfall import compiler, tune
    from einfall.frontend import naming

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    T.MixtralForCausalLM(T.MixtralConfig(vocab_size=97, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2,
                                         intermediate_size=48, num_local_experts=2)).save_pretrained(tmp_path / "model")
    made, real = [], naming.write_made
    monkeypatch.setattr(naming, "write_made", lambda one, folder: made.append(folder) or real(one, folder))
    (tmp_path / "out").mkdir()
    compiler.compile_file(tmp_path / "model", tmp_path / "out" / "m.einf")
    assert [os.path.dirname(folder) for folder in made] == [str(tmp_path / "out")] and os.listdir(tmp_path / "out") == ["m.einf"]
    compiled, real_compile = [], compiler.compile_text
    monkeypatch.setattr(compiler, "compile_text", lambda *args, **options: compiled.append(args[1]) or real_compile(*args, **options))
    monkeypatch.setattr(tune.Tuner, "round", lambda self: self.compile(self.folder / "other.einf", {}))
    tune.tune(tmp_path / "model", seconds=0, sizes={"s": 4, "t": 4})
    assert len(compiled) == 2 and len(made) == 2 and made[1].startswith(str(compiled[0].parent))
    assert tune.database().parent == compiled[0].parent.parent and not os.path.exists(made[1])
