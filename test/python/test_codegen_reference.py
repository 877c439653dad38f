"""Compiled code against the reference interpreter, on the interpreter's own tests.

Every function of test/reference whose results are checked becomes an entry point: what it checks is returned, computed
by the compiled package and by `--ein-interpret`, and compared. What the compiler refuses is listed in REFUSED; it has
to refuse it with an error, and a function that starts to compile has to leave the list.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev")) / "bin"

pytestmark = pytest.mark.skipif(not (BIN / "einfall-compile").exists(), reason=f"NOT TESTED: no compiler under {BIN}")

FILES = ["einsum", "existence", "gather", "monoids", "update", "view", "concat", "index-extent", "rounding",
         "scan", "scatter", "sort", "topk",
         "scalar-integer", "scalar-compare-1", "scalar-compare-2", "scalar-float"]

REFUSED = {
    "view": {"slice_pad_broadcast", "corners"},  # a fill other than 0
    "gather": {"two_coordinates"},  # the same
    "existence": {"missing_inner_fiber"},  # an inner reduction without points inside another one
    "rounding": {"casts"},  # floats of 8 bits
    "scalar-integer": {"addui_extended", "mulsi_extended", "mului_extended", "mulsi_extended_i64", "ipowi"},
    "scalar-compare-2": {"isinf", "isnormal"},
    "scalar-float": {"remf"},
}


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


def _float(array: np.ndarray) -> np.ndarray:
    """float64; bf16 is stored as its bits."""
    if array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float64)


CASES = [pytest.param(name, case, id=f"{name}-{case[0]}") for name in FILES for case in _functions(name)]


@pytest.mark.parametrize("name, case", CASES)
def test_compiled_equals_interpreted(name, case, tmp_path):
    text, params = _entry(*case)
    function, results = case[0], case[3]
    source, package = tmp_path / "m.mlir", tmp_path / "m.einf"
    source.write_text(text)
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()

    def run(*command):
        return subprocess.run(list(map(str, command)), capture_output=True, text=True)

    done = run(BIN / "einfall-compile", source, "-o", package)
    if function in REFUSED.get(name, ()):
        assert done.returncode == 1 and "error:" in done.stderr, "compiles now: take it off the list"
        assert not package.exists()
        return
    assert done.returncode == 0, done.stderr
    sizes = ",".join(f"{k}={v}" for k, v in params.items())
    option = f"--ein-interpret=entry={function} inputs={tmp_path}/in outputs={tmp_path}/out" + (f" params={sizes}" if sizes else "")
    done = run(BIN / "einfall-opt", source, option)
    assert done.returncode == 0, done.stderr
    command = [BIN / "einfall-run", package, "--entry", function]
    for size, value in params.items():
        command += ["--param", f"{size}={value}", "--bound", f"{size}={value}"]
    for i in range(len(results)):
        command += ["--output", f"result{i}={tmp_path}/r{i}.npy"]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    for i, (value, type_) in enumerate(results):
        got, expected = _float(np.load(tmp_path / f"r{i}.npy")), _float(np.load(tmp_path / "out" / f"result{i}.npy"))
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=1e-6, err_msg=f"{value} : {type_}")
