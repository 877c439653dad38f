"""Compiled code against the reference interpreter, on the interpreter's own tests.

Every function of test/reference whose results are checked becomes an entry point: what it checks is returned, computed
by the compiled package and by `--ein-interpret`, and compared.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import cpus
from numerics import TARGETS, assert_same_bits, decoded

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev")) / "bin"

pytestmark = pytest.mark.skipif(not (BIN / "einfall-compile").exists(), reason=f"NOT TESTED: no compiler under {BIN}")

FILES = ["einsum", "existence", "else", "gather", "monoids", "update", "view", "concat", "concat-reads", "index-extent", "rounding",
         "scan", "scatter", "sort", "topk",
         "scalar-integer", "scalar-compare-1", "scalar-compare-2", "scalar-float", "scalar-cast", "scalar-math-1",
         "scalar-math-2", "f64"]

# What may differ from the interpreter unless numerics are strict.
REORDERED = {("f64", "no_rounding")}


def _functions(name: str):
    """(name, attributes, body, [(value, type)]) of each function with checks."""
    source = (ROOT / "test" / "reference" / f"{name}.mlir").read_text()
    aliases = "\n".join(re.findall(r"^[!#]\w+ = .*$", source, re.M))
    for match in re.finditer(r"func\.func @(\w+)\(\)(?: attributes \{(.*?)\})? \{\n(.*?)\n\}", source, re.S):
        function, attributes, body = match.groups()
        checked = re.findall(r"check\.expect_\w+ (%[\w#]+), %[\w#]+(?: \{[^}]*\})? : (\S.*)$", body, re.M)
        if checked:
            yield function, attributes or "", body, list(dict.fromkeys(checked)), aliases


def _entry(function, attributes, body, results, aliases) -> tuple[str, dict]:
    """The function as an entry point, and the sizes to pass."""
    body = re.sub(r"^\s*check\.expect.*$\n?", "", body, flags=re.M)
    values, types = ", ".join(v for v, _ in results), ", ".join(t for _, t in results)
    body = re.sub(r"^\s*return\s*$", lambda _: f"  return {values} : {types}", body, flags=re.M)
    sizes = re.search(r"check\.params = \{(.*?)\}", attributes)
    params = dict(re.findall(r"(\w+) = (\d+)", sizes.group(1))) if sizes else {}
    listed = ", ".join(f'"{p}"' for p in params)
    given = f", ein.params = [{listed}]" if params else ""
    return (f"{aliases}\nfunc.func @{function}() -> ({types}) attributes {{ein.entry{given}}} {{\n{body}\n}}\n", params)


def _element(type_: str) -> str:
    return re.search(r"(\w+)>$", type_).group(1)


CASES = [pytest.param(name, case, id=f"{name}-{case[0]}") for name in FILES for case in _functions(name)]


def _sampled(cases: list) -> list:
    """The quick run takes every third one."""
    return [pytest.param(*c.values, id=c.id, marks=pytest.mark.slow) if k % 3 else c for k, c in enumerate(cases)]




def _run(*command, **environment):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done


def _prepare(name, case, folder, *options):
    """Compiles the case: (package, sizes, what the interpreter says), or None where it is refused as listed."""
    text, params = _entry(*case)
    function, results = case[0], case[3]
    source, package = folder / "m.mlir", folder / "m.einf"
    source.write_text(text)
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    _run(BIN / "einfall-compile", source, "-o", package, *options)
    sizes = ",".join(f"{k}={v}" for k, v in params.items())
    option = f"--ein-interpret=entry={function} inputs={folder}/in outputs={folder}/out" + (f" params={sizes}" if sizes else "")
    _run(BIN / "einfall-opt", source, option)
    return package, params, [np.load(folder / "out" / f"result{i}.npy") for i in range(len(results))]


def _results(package, function, params, count, folder, *options, **environment):
    command = [BIN / "einfall-run", package, "--entry", function, *options]
    for size, value in params.items():
        command += ["--param", f"{size}={value}", "--bound", f"{size}={value}"]
    for i in range(count):
        command += ["--output", f"result{i}={folder}/r{i}.npy"]
    _run(*command, **environment)
    return [np.load(folder / f"r{i}.npy") for i in range(count)]


@pytest.mark.parametrize("name, case", _sampled([c for c in CASES if (c.values[0], c.values[1][0]) not in REORDERED]))
def test_compiled_equals_interpreted(name, case, tmp_path):
    prepared = _prepare(name, case, tmp_path)
    package, params, expected = prepared
    results = _results(package, case[0], params, len(expected), tmp_path)
    for got, want, (value, type_) in zip(results, expected, case[3]):
        got, want = decoded(got, _element(type_)), decoded(want, _element(type_))
        np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=2e-6, atol=1e-6, err_msg=f"{value} : {type_}")


@pytest.mark.slow
@pytest.mark.parametrize("name, case", CASES)
def test_strict_is_bitwise(name, case, tmp_path):
    """--numerics=strict on every target that this CPU runs, with one thread and two."""
    targets = cpus.here(*TARGETS)
    prepared = _prepare(name, case, tmp_path, "--numerics=strict", *(f"--target={t}" for t in targets))
    package, params, expected = prepared
    for number, target in enumerate(targets):
        for threads in (1, 2) if target == targets[-1] else (1 + number % 2,):
            results = _results(package, case[0], params, len(expected), tmp_path, "--threads", threads, EINFALL_CPU=target)
            for got, want, (value, type_) in zip(results, expected, case[3]):
                got, want = decoded(got, _element(type_)), decoded(want, _element(type_))
                assert_same_bits(got, want, f"{value} : {type_} on {target}, {threads} threads")
