"""einfall calibrate, and packages whose schedules count on what it measured. No timing: rates are only looked at for sense."""

import json
import subprocess

import numpy as np
import pytest

from test_cli import MATMUL

FACTS = {"einfall_machine": 1, "cpu": "A CPU 1-2", "version": "0", "measured": "2026-01-01", "first_cache_bytes": 65536,
         "second_cache_bytes": 262144, "last_cache_bytes": 1 << 20, "gflops": 900.0, "first_gb_s": 400.0, "second_gb_s": 200,
         "last_gb_s": 100.0, "memory_gb_s": 20.0}


@pytest.fixture
def folder(tmp_path, monkeypatch, build):
    """A compile cache without a measured machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_measured_once(folder, capsys):
    from einfall import cli, machine

    assert cli.main(["calibrate", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert machine.path().is_file() and first["file"] == str(machine.path())
    assert 1024 <= first["first_cache_bytes"] <= first["second_cache_bytes"] <= first["last_cache_bytes"]
    assert all(0 < first[rate] < 1e5 for rate in machine.RATES)
    # A second call reads the file; with --force it is measured again.
    facts = json.loads(machine.path().read_text()) | {"gflops": 12.5}
    machine.path().write_text(json.dumps(facts))
    assert cli.main(["calibrate"]) == 0
    assert "12.5 GFLOP/s" in (said := capsys.readouterr().out) and "measured before" in said
    assert cli.main(["calibrate", "--force"]) == 0
    assert "written to" in capsys.readouterr().out
    assert json.loads(machine.path().read_text())["gflops"] != 12.5


def test_caches_are_those_of_the_system(tmp_path):
    from einfall import machine

    for number, (level, kind, size) in enumerate([(1, "Data", "64K"), (1, "Instruction", "32K"), (2, "Unified", "2M")]):
        place = tmp_path / f"index{number}"
        place.mkdir()
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (place / name).write_text(f"{value}\n")
    assert list(machine.caches(tmp_path).values()) == [64 << 10, 2 << 20, 2 << 20]


def test_a_package_says_what_it_counts_on(folder):
    import einfall
    from einfall import cache, compiler

    file = folder / "other.json"
    file.write_text(json.dumps(FACTS))
    rng = np.random.default_rng(3)
    a, b = rng.random((67, 129), np.float32), rng.random((129, 33), np.float32)
    plain, counted = einfall.compile(MATMUL), einfall.compile(MATMUL, machine=file)
    np.testing.assert_allclose(counted(a, b), a @ b, rtol=1e-5)
    assert "machine" not in plain.metadata
    assert counted.metadata["machine"].startswith("A CPU 1-2: caches of 64, 256 and 1024 KiB; one thread: 900 GFLOP/s")
    assert json.loads(counted.file("report.json"))["machine"] == counted.metadata["machine"]
    assert json.loads(plain.file("report.json"))["machine"].startswith("typical of the target: caches of ")
    # Both lie in the cache, under keys of their own.
    assert compiler.compile_cached(MATMUL) != compiler.compile_cached(MATMUL, machine=file)
    assert cache.key("x", ["native"], None, "1") != cache.key("x", ["native"], None, "2")


def test_here_is_this_machine_only(folder):
    import einfall
    from einfall import EinfallError, machine

    def error(**options):
        with pytest.raises(EinfallError) as raised:
            einfall.compile(MATMUL, **options)
        return str(raised.value)

    assert "einfall calibrate does it" in error(machine="here")
    machine.path().parent.mkdir(parents=True)
    machine.path().write_text(json.dumps(FACTS))
    assert "measured on another CPU" in error(machine="here")
    machine.path().write_text(json.dumps(FACTS | {"cpu": machine.cpu_name()}))
    assert einfall.compile(MATMUL, machine="here").metadata["machine"].startswith(machine.cpu_name())
    assert "holds for the target native, not for x86-64-v2" in error(machine="here", targets=["x86-64-v2"])
    assert "there is no file" in error(machine="nowhere.json")
    for damage in ("", "[]", "{", json.dumps(FACTS | {"gflops": 0}), json.dumps(FACTS | {"einfall_machine": 2})):
        machine.path().write_text(damage)
        assert "einfall calibrate --force writes it again" in error(machine="here")


@pytest.mark.parametrize("change, message", [
    ({"einfall_machine": 2}, 'expected "einfall_machine": 1'), ({"cpu": ""}, "the name of a CPU"),
    ({"first_cache_bytes": 1}, 'expected "first_cache_bytes" from 4096'), ({"first_cache_bytes": "x"}, "first_cache_bytes"),
    ({"second_cache_bytes": 40000}, "caches that grow"), ({"gflops": -1}, 'expected "gflops" above 0'), ({"bf16_dot_gflops": 0}, 'expected "bf16_dot_gflops" above 0'),
    ({"memory_gb_s": 1e300}, 'expected "memory_gb_s"'), ({"last_gb_s": None}, 'expected "last_gb_s"'),
])
def test_the_compiler_refuses_nonsense(build, tmp_path, change, message):
    file, source = tmp_path / "machine.json", tmp_path / "m.mlir"
    source.write_text(MATMUL)
    for text, wanted in ((json.dumps(FACTS | change), message), ("{", "machine.json"), ("[1]", "expected an object")):
        file.write_text(text)
        done = subprocess.run([build / "bin" / "einfall-compile", source, "-o", tmp_path / "m.einf", f"--machine={file}"],
                              capture_output=True, text=True)
        assert done.returncode == 1 and "--machine: " in done.stderr and wanted in done.stderr
    assert not (tmp_path / "m.einf").exists()
