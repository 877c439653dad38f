"""Command line: many random cascades, in parallel; failing ones shrink to .mlir files."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from .generate import Choices, make
from .run import Report, run_cases, run_seeds, shrunk, write

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m random_cascades", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case; each next one has the next seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", type=int, default=40, help="cases a process of the compiler")
    parser.add_argument("--tools", type=Path, help="folder of the built tools",
                        default=Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev")) / "bin")
    parser.add_argument("--failures", type=Path, default=ROOT / "build" / "random-cascades",
                        help="where failing cases are written")
    parser.add_argument("--shrink", type=int, default=5, help="failing cases to shrink")
    parser.add_argument("--replay", metavar="CHOICES", help="run the case of these choices only")
    args = parser.parse_args()
    if args.replay:
        case = make(Choices(recorded=[int(c) for c in args.replay.split(",") if c]))
        print(case.program.text("f"))
        report = run_cases([case], args.tools)
    else:
        report = run_many(args.seed, args.cases, args.batch, args.jobs, args.tools)
    return tell(report, args.tools, args.failures, args.shrink)


def run_many(seed: int, count: int, batch: int, jobs: int, tools: Path) -> Report:
    begins = range(seed, seed + count, batch)
    total, start = Report(), time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        parts = [pool.submit(run_seeds, range(b, min(b + batch, seed + count)), tools) for b in begins]
        for k, part in enumerate(as_completed(parts)):
            total += part.result()
            if sys.stderr.isatty():
                print(f"\r{total.cases} cases, {len(total.failures)} failed, {time.monotonic() - start:.0f} s", end="", file=sys.stderr)
    return total


def tell(report: Report, tools: Path, folder: Path, shrinks: int) -> int:
    for k, failure in enumerate(report.failures):
        failure = shrunk(failure, tools) if k < shrinks else failure
        print(f"{write(failure, folder, f'case-{k}')}: {failure}")
    print(f"{report.cases} cases, {report.compiled} compiled, {len(report.failures)} failed")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
