#!/usr/bin/env python3
"""Measures Einfall against its peers and the machine's limits: ./dev bench [GROUP...]."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
sys.path.insert(0, str(BENCH))

import peers  # noqa: E402
from harness import cases, compiling, growth, machine, report, roofs, setup, team  # noqa: E402


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(cases.groups())} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer cases and 3 rounds: a look, not a figure")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only cases whose name holds TEXT")
    parser.add_argument("--peers", default=",".join(peers.NAMES), metavar="NAME,…", help="who takes part (all)")
    parser.add_argument("--threads", type=int, default=2, help="threads for everyone (2)")
    parser.add_argument("--rounds", type=int, metavar="N", help="alternations (9, with --quick 3)")
    parser.add_argument("--seconds", type=float, metavar="S", help="time of a measurement (0.2, with --quick 0.05)")
    parser.add_argument("--patience", type=float, default=60, metavar="S",
                        help="wait so long for an idle machine before a case (60)")
    parser.add_argument("--json", metavar="FILE", help="write the record there, not to bench/results")
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    parser.add_argument("--compile", metavar="MODEL", help="what compiling a model costs (a path or a file of bench/models)")
    parser.add_argument("--type", default="auto", help="with --compile: type of activations (auto)")
    parser.add_argument("--setup", action="store_true", help="install the optional peers and stop")
    parser.add_argument("--report", action="store_true", help="write docs/performance.md from bench/results and stop")
    args = parser.parse_args()
    args.rounds = args.rounds or (3 if args.quick else 9)
    args.seconds = args.seconds or (0.05 if args.quick else 0.2)
    if unknown := set(args.peers.split(",")) - set(peers.NAMES):
        parser.error(f"no peer called {', '.join(sorted(unknown))}; there are {', '.join(peers.NAMES)}")
    return args


def chosen(args, group: str) -> list[cases.Case]:
    return [c for c in cases.load(group) if args.filter in c.name and (c.quick or not args.quick)]


def start(args, log) -> tuple[list[team.Worker], dict, dict]:
    """The workers that answer, their versions, and why the others do not."""
    ready, versions, missing = [], {}, {}
    for name in args.peers.split(","):
        worker = team.Worker(name, args.threads, log, python=setup.python())
        answer = worker.ask("versions")
        if "versions" in answer:
            ready.append(worker)
            versions |= answer["versions"]
        else:
            missing[name] = answer.get("unsupported") or answer.get("failed")
            worker.stop()
    return ready, versions, missing


def measure_group(args, group: str, workers, roof: roofs.Roofs) -> list[dict]:
    results, table, limits, selected = [], report.Table(group), {}, chosen(args, group)
    own = [worker for worker in workers if worker.name == "einfall"]
    grown = None
    if own and growth.is_growth(selected):
        grown = iter(growth.measure(selected, args.rounds, args.seconds, args.patience, own[0].another))
    for case in selected:
        copies = case.copies(machine.last_level_cache())
        # A case may say how many threads it has.
        threads = case.sizes.get("threads", roof.threads)
        of = roof if threads == roof.threads else limits.setdefault(threads, roofs.Roofs(threads, run=roof.given))
        if grown:
            result = next(grown)
            result["roof"] = of.result(case, copies, None)
        else:
            result = team.run_case(workers, case, copies, args.rounds, args.seconds, args.patience, of)
        results.append(result)
        table.row(result)
    table.notes(results)
    return results


def record(args, group: str, results: list[dict], versions: dict, missing: dict, roof: roofs.Roofs) -> dict:
    """What is written of a group: the machine, and each result with the circumstances of its run."""
    run = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": machine.commit(),
           "versions": versions, "missing": missing, "rounds": args.rounds, "seconds": args.seconds}
    return {"group": group, "machine": machine.facts(), "threads": args.threads, "roof": roof.asdict(),
            "results": [r | {"run": run} for r in results]}


def save(args, records: list[dict]) -> None:
    """New results replace recorded ones of the same cases on this CPU; a look is kept only where --json says."""
    if args.json:
        Path(args.json).write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
        return
    if args.quick:
        print("\nnot recorded: --quick is a look; --json FILE keeps it")
        return
    for item in records:
        path = report.store(item, BENCH / "results")
        print(f"recorded in {path.relative_to(ROOT)}")


def compile_cost(args) -> int:
    cost = compiling.measure(args.compile, args.type)
    compiling.show(cost)
    if args.json:
        Path(args.json).write_text(json.dumps(cost | {"machine": machine.facts(), "commit": machine.commit()}, indent=1) + "\n")
    return 0


def main() -> int:
    args = parse()
    if args.setup:
        return setup.install()
    if args.report:
        return report.write(BENCH / "results", ROOT / "docs")
    if args.compile:
        return compile_cost(args)
    groups = args.groups or cases.groups()
    try:
        listed = {group: chosen(args, group) for group in groups}
    except cases.CaseError as e:
        print(f"bench: error: {e}", file=sys.stderr)
        return 2
    if args.list:
        for group, items in listed.items():
            print("\n".join(f"{group}: {case.name}" for case in items))
        return 0
    log_path = Path(os.environ.get("EINFALL_BUILD_DIR", ROOT / "build" / "dev")) / "bench.log"
    with open(log_path, "w", encoding="utf-8") as log:
        workers, versions, missing = start(args, log)
        report.head(machine.facts(), versions, missing, args)
        roof = roofs.Roofs(args.threads)
        try:
            records = [record(args, g, measure_group(args, g, workers, roof), versions, missing, roof) for g in groups]
        finally:
            for worker in workers:
                worker.stop()
    save(args, records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
