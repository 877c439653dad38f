"""The runtime under AddressSanitizer and UBSan, and under ThreadSanitizer: its unit tests, among them the damaged packages
and tokenizers, and compiled packages. Compiled code itself is not instrumented."""

import os
import random
import subprocess

import numpy as np
import pytest

from mutations import mutated
from paths import BUILD, ROOT

pytestmark = pytest.mark.slow
KINDS = ("address,undefined", "thread")
REPORT = ("Sanitizer", "runtime error:")


def run(*command, **options):
    environment = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1:detect_stack_use_after_return=1",
                   "UBSAN_OPTIONS": "print_stacktrace=1", **options}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace", env=environment, timeout=1200)


def clean(done) -> None:
    told = done.stdout + done.stderr
    assert done.returncode == 0 and not any(r in told for r in REPORT), told[-6000:]


@pytest.fixture(scope="module", params=KINDS)
def sanitized(request):
    """The runtime and its tests built with the sanitizers."""
    kind = request.param
    folder = BUILD.parent / ("runtime-" + kind.split(",")[0])
    for command in (["cmake", "-S", ROOT / "runtime", "-B", folder, "-G", "Ninja", "-DCMAKE_C_COMPILER=clang-22",
                     "-DCMAKE_CXX_COMPILER=clang++-22", f"-DEINFALL_SANITIZE={kind}", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                     "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld", "-DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld"],
                    ["cmake", "--build", folder]):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_unit_tests_of_the_runtime(sanitized):
    done = run(sanitized / "test" / "unit" / "runtime" / "einfall-runtime-tests")
    clean(done)
    assert "[  PASSED  ]" in done.stdout


def test_unit_tests_of_the_tokenizer(sanitized):
    done = run(sanitized / "test" / "unit" / "text" / "text_tests")
    clean(done)
    assert "[  PASSED  ]" in done.stdout


def test_two_sessions_in_two_threads(sanitized, tiny_llama):
    clean(run(sanitized / "test" / "unit" / "runtime" / "two_sessions", tiny_llama))


def test_text_from_a_language_model(sanitized, tiny_llama):
    tool = sanitized / "tools" / "einfall-run" / "einfall-run"
    done = run(tool, tiny_llama, "generate", "--prompt", "In the beginning", "-n", 8, "--threads", 3)
    clean(done)
    plain = run(BUILD / "bin" / "einfall-run", tiny_llama, "generate", "--prompt", "In the beginning", "-n", 8)
    assert done.stdout == plain.stdout
    clean(run(tool, tiny_llama, "inspect", "--verify"))


def test_refused_calls(sanitized, tiny_llama, tmp_path):
    """What a user gets wrong ends with an error and without a report."""
    tool = sanitized / "tools" / "einfall-run" / "einfall-run"
    np.save(tmp_path / "ids.npy", np.array([[1, 2, 4096]]))
    np.save(tmp_path / "f.npy", np.ones((1, 3), np.float32))
    np.save(tmp_path / "start.npy", np.zeros(1, np.int64))
    generate = lambda *a: (tool, tiny_llama, "generate", *a)  # noqa: E731
    entry = lambda *a: (tool, tiny_llama, "--entry", "logits", *a)  # noqa: E731
    for command in (generate("--ids", "4096"), generate("--ids=-1"), generate("--ids", "0", "-n", "9", "--context", "4"),
                    generate("--ids", "0", "-n", "9223372036854775807"), entry(), entry("--input", f"ids={tmp_path}/f.npy"),
                    entry("--input", f"ids={tmp_path}/ids.npy", "--input", f"start={tmp_path}/start.npy", "--param", "t=3", "--bound", "c=3"),
                    entry("--input", f"ids={tmp_path}/absent.npy"), entry("--bound", "c=99999999999999")):
        done = run(*command)
        told = done.stdout + done.stderr
        assert done.returncode in (1, 2) and "error: " in told and not any(r in told for r in REPORT), (command, told[-3000:])


def test_damaged_arrays(sanitized, build, tmp_path):
    (tmp_path / "m.mlir").write_text(
        'func.func @f(%x: !ein.tensor<[n, 3], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {\n'
        "  %y = ein.einsum (%x[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[n, 3], f32>) -> !ein.tensor<[n], f32>\n"
        "  return %y : !ein.tensor<[n], f32>\n}\n")
    done = run(build / "bin" / "einfall-compile", tmp_path / "m.mlir", "-o", tmp_path / "m.einf")
    assert done.returncode == 0, done.stderr
    np.save(tmp_path / "x.npy", np.ones((5, 3), np.float32))
    good, rng = (tmp_path / "x.npy").read_bytes(), random.Random(1)
    for _ in range(100):
        (tmp_path / "bad.npy").write_bytes(mutated(good[:128], rng) + good[128:])
        done = run(sanitized / "tools" / "einfall-run" / "einfall-run", tmp_path / "m.einf", "--entry", "f", "--input",
                   f"x={tmp_path}/bad.npy")
        told = done.stdout + done.stderr
        assert done.returncode in (0, 1) and not any(r in told for r in REPORT), told[-3000:]
