"""Random cascades: numpy, the interpreter before and after every pass, and compiled code agree.

EINFALL_RANDOM_CASCADES sets how many (`python -m random_cascades --cases 100000` runs more, outside of pytest),
EINFALL_SEED where they begin. A failing case is shrunk and written to an .mlir file.
"""

import os
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paths import BUILD, ROOT
from random_cascades.__main__ import run_many
from random_cascades.evaluate import Value
from random_cascades.generate import Choices, make, shrink
from random_cascades.run import PASSES, difference, run_cases, shrunk, write

QUICK = bool(os.environ.get("EINFALL_TEST_QUICK"))
CASES = int(os.environ.get("EINFALL_RANDOM_CASCADES", 80 if QUICK else 2000))
SEED = int(os.environ.get("EINFALL_SEED", 0))
PARTS = 4
# Where several processes share the tests, each of them shares the parts.
JOBS = 1 if "PYTEST_XDIST_WORKER" in os.environ else os.cpu_count() or 1


def told(failures, folder) -> str:
    """The failures, the first ones shrunk, with the files that they were written to."""
    lines = []
    for k, failure in enumerate(failures[:10]):
        failure = shrunk(failure, BUILD / "bin") if k < 3 else failure
        lines.append(f"{failure}\n  {write(failure, folder, f'case-{k}')}")
    return "\n".join(lines)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_seeds(build, part):
    begin, end = SEED + CASES * part // PARTS, SEED + CASES * (part + 1) // PARTS
    report = run_many(begin, end - begin, 40, JOBS, BUILD / "bin")
    assert not report.failures, (f"{len(report.failures)} of the seeds {begin} to {end}\n"
                                 f"{told(report.failures, BUILD / 'random-cascades' / str(part))}")


@settings(max_examples=10 if QUICK else 60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
def test_choices_of_hypothesis(build, data):
    """The same cases, chosen and shrunk by hypothesis."""
    case = make(Choices(lambda n: data.draw(st.integers(0, n - 1))))
    report = run_cases([case], BUILD / "bin")
    assert not report.failures, f"{report.failures[0]}\n{case.program.text('f')}"


def test_every_pass_over_ein_is_run():
    """Of the compiler's pipeline; the others have test_cascades.py."""
    declared = set(re.findall(r'Pass<"(ein-[\w-]+)"', (ROOT / "passes" / "ein" / "Passes.td").read_text()))
    pipeline = set(re.findall(r"ein-[\w-]+", (ROOT / "test" / "pipelines" / "phases.golden").read_text()))
    assert declared & pipeline, "the golden pipelines name no pass over ein"
    assert declared & pipeline <= {name.partition('{')[0] for name, _ in PASSES}, "give each new pass its place in random_cascades/run.py"


# The tests of the tests: what has to be found is found.


def test_differences_are_seen():
    want = Value(np.array([1.0, np.nan, -np.inf]), np.array([1e-6, 0.0, 0.0]))
    assert difference(np.array([1.0, np.nan, -np.inf]), want, "f32") is None
    for wrong in ([1.0 + 1e-5, np.nan, -np.inf], [1.0, 0.0, -np.inf], [1.0, np.nan, np.inf], [np.nan, np.nan, -np.inf]):
        assert difference(np.array(wrong), want, "f32")
    assert difference(np.array([3]), Value(np.array([4]), np.zeros(1)), "i32")
    assert difference(np.zeros((2, 1)), Value(np.zeros((1, 2)), np.zeros((1, 2))), "f32")


def test_a_wrong_result_fails_and_shrinks(build, monkeypatch):
    """An evaluation in which every product is slightly off."""
    from random_cascades import evaluate

    right = evaluate._float_op
    monkeypatch.setattr(evaluate, "_float_op", lambda name, args: (right(name, args)[0] * (1 + (name == "mulf") * 1e-3),
                                                                  right(name, args)[1]))
    failures = []
    for seed in range(200):
        failures = run_cases([make(Choices.of_seed(seed))], BUILD / "bin").failures
        if failures:
            break
    assert failures
    small = shrunk(failures[0], BUILD / "bin")
    assert len(small.case.program.ops) <= len(failures[0].case.program.ops)
    assert any(op.body is None or "mulf" in op.text() for op in small.case.program.ops if hasattr(op, "body"))


def test_shrinking_keeps_what_fails():
    assert shrink([5, 9, 1, 7, 3], lambda c: 7 in c) == [7]
    assert shrink([2, 8, 8], lambda c: sum(c) >= 16) == [8, 8]
