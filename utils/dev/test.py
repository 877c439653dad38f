"""Runs the test suites and sums them up. The last line is `N passed, N failed`."""

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(os.environ["EINFALL_ROOT"])
BUILD = Path(os.environ["EINFALL_BUILD_DIR"])
RESULTS = BUILD / "test-results"


@dataclass
class Suite:
    """Counts of one suite; `notes` say what went wrong outside its tests."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def fail(self, note: str) -> None:
        self.failed += 1
        self.notes.append(note)


def run(command: list, **options) -> int:
    print("$ " + " ".join(str(part) for part in command), flush=True)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, **options).returncode


def result_file(name: str) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / name
    path.unlink(missing_ok=True)
    return path


def add_junit(suite: Suite, path: Path, status: int) -> None:
    """Adds the counts of a JUnit file; a crash before it was written is a failure."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        suite.fail(f"ended with status {status} and without results ({error})")
        return
    failed = 0
    for case in cases:
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"} or case.get("status") == "fail":
            failed += 1
        elif "skipped" in kinds or case.get("status") in ("notrun", "disabled"):
            suite.skipped += 1
        else:
            suite.passed += 1
    suite.failed += failed
    if status != 0 and failed == 0:
        suite.fail(f"ended with status {status}, no test failed")


def run_lint(suite: Suite, args) -> None:
    path = result_file("lint.json")
    status = run([sys.executable, "utils/lint.py", "--json", path])
    try:
        counts = json.loads(path.read_text())
    except (OSError, ValueError):
        suite.fail(f"ended with status {status} and without results")
        return
    suite.passed += counts["passed"]
    suite.failed += counts["failed"]


def run_lit(suite: Suite, args) -> None:
    tests = [p for p in (ROOT / "test").rglob("*.mlir") if "RUN:" in p.read_text(errors="replace")]
    if not (ROOT / "test" / "lit.cfg.py").exists():
        if tests:
            suite.fail(f"{len(tests)} .mlir tests were not run: no test/lit.cfg.py")
        return
    path = result_file("lit.json")
    options = ["-sv", "--timeout", "300", "-o", str(path)]
    environment = dict(os.environ, **({"EINFALL_TEST_QUICK": "1"} if args.quick else {}))
    lit = Path(sys.executable).with_name("lit")
    status = run([lit, *options, ROOT / "test"], env=environment)
    try:
        codes = [test["code"] for test in json.loads(path.read_text())["tests"]]
    except (OSError, ValueError, KeyError) as error:
        suite.fail(f"ended with status {status} and without results ({error})")
        return
    suite.passed += sum(code in ("PASS", "FLAKYPASS", "XFAIL") for code in codes)
    suite.skipped += sum(code in ("UNSUPPORTED", "SKIPPED", "EXCLUDED") for code in codes)
    failed = sum(code in ("FAIL", "XPASS", "UNRESOLVED", "TIMEOUT") for code in codes)
    suite.failed += failed
    if status != 0 and failed == 0:
        suite.fail(f"ended with status {status}, no test failed")
    if len(codes) < len(tests):
        suite.fail(f"lit found {len(codes)} tests, test/ holds {len(tests)} files with RUN lines")


def unit_folders() -> list[Path]:
    return sorted(p.parent for p in (ROOT / "test" / "unit").glob("**/CMakeLists.txt")
                  if list(p.parent.glob("*.cpp")))


def run_unit(suite: Suite, args) -> None:
    for folder in unit_folders():
        inside = folder.relative_to(ROOT)
        if not list(BUILD.glob(f"**/{inside}/cmake_install.cmake")):
            suite.fail(f"{inside} is not part of the build")
    if not (BUILD / "CTestTestfile.cmake").exists():
        return
    path = result_file("ctest.xml")
    options = ["--output-on-failure", "--timeout", "600", "-j", str(os.cpu_count() or 1)]
    if args.quick:
        options += ["-LE", "slow"]
    status = run(["ctest", "--test-dir", str(BUILD), "--output-junit", str(path), *options])
    # Without any test ctest writes no file and succeeds.
    if path.exists() or status != 0:
        add_junit(suite, path, status)
    elif unit_folders() and not suite.failed:
        suite.fail("ctest found no test")


def run_python(suite: Suite, args) -> None:
    folder = ROOT / "test" / "python"
    if not list(folder.rglob("test_*.py")):
        return
    path = result_file("pytest.xml")
    # Each process imports PyTorch: more than eight would want memory rather than cores.
    workers = min(os.cpu_count() or 1, 8)
    options = ["-q", "-rs", "--durations=5", f"--junitxml={path}", "-n", str(workers), "--dist=loadgroup", "--no-loadscope-reorder"]
    if args.quick:
        options += ["-m", "not slow"]
    # The processes share the cores; PyTorch alone would start threads for each of them.
    environment = dict(os.environ, OMP_NUM_THREADS="1", **({"EINFALL_TEST_QUICK": "1"} if args.quick else {}))
    status = run([sys.executable, "-m", "pytest", *options, str(folder)], env=environment)
    if status == 5 and args.quick:
        return
    add_junit(suite, path, status)


SUITES = {"lint": run_lint, "lit": run_lit, "unit": run_unit, "python": run_python}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--quick", action="store_true", help="leave out what is marked slow")
    parser.add_argument("--only", choices=SUITES, action="append", help="run this suite only")
    parser.add_argument("--build-failed", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()

    build = Suite("build")
    if args.build_failed:
        build.fail("the build failed; what is tested may be old")
    else:
        build.passed += 1
    suites = [build]
    for name in args.only or SUITES:
        print(f"\n== {name}", flush=True)
        suite = Suite(name)
        start = time.monotonic()
        SUITES[name](suite, args)
        suite.seconds = time.monotonic() - start
        suites.append(suite)

    print("\nsuite     passed  failed  skipped  seconds")
    for suite in suites:
        print(f"{suite.name:8} {suite.passed:7} {suite.failed:7} {suite.skipped:8} "
              f"{suite.seconds:8.1f}")
        for note in suite.notes:
            print(f"  {suite.name}: {note}")
    failed = sum(suite.failed for suite in suites)
    print(f"{sum(suite.passed for suite in suites)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
