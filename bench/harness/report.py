"""Tables on the terminal, and docs/performance.md from what is recorded."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

from . import growth, setup
from .machine import folder_name

# Beyond this share of the CPUs in other use a figure is marked.
BUSY = 0.15
SHORT = {"llama_cpp": "llama.cpp"}


def rate(result: dict, seconds: float) -> str:
    """What a time means: operations or bytes a second, whichever limits the case."""
    case = result["case"]
    if case["program"] == "decode":
        return f"{1 / seconds:.4g} tokens/s"
    if result.get("roof", {}).get("limit") in ("read", "write", "copy"):
        return f"{moved(result) / seconds / 1e9:.1f} GB/s"
    return f"{flops(case) / seconds / 1e9:.0f} G/s" if flops(case) else ""


def _case(case: dict):
    from .cases import Case

    return Case(**{k: v for k, v in case.items() if k != "name"})


def flops(case: dict) -> float:
    return _case(case).flops


def moved(result: dict) -> float:
    case = _case(result["case"])
    return case.bytes_read + (case.bytes_written if result["roof"]["limit"] == "copy" else 0)


def share(result: dict) -> float | None:
    """Of the limit: what took turns with the case, in records that have it; else the limit of the run to the case's median."""
    own, roof = result["medians"].get("einfall"), result["roof"]
    if roof.get("share"):
        return roof["share"]
    return roof["seconds"] / own if own and roof["seconds"] else None


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.4g}"


def cells(result: dict) -> list[str]:
    """Case, Einfall's time and rate, share of the limit, ratio, peers' times."""
    medians = result["medians"]
    own = medians.get("einfall")
    part = share(result)
    limit = f"{100 * part:.0f} % {result['roof']['limit']}" if part else ""
    ratio = f"{result['ratio']:.2f}" if result["ratio"] else ""
    if max(result.get("load", [0])) > BUSY:
        ratio += " (busy)"
    others = ", ".join(f"{SHORT.get(n, n)} {milliseconds(t)}" for n, t in sorted(medians.items(), key=lambda i: i[1])
                       if n != "einfall")
    return [result["case"]["name"], milliseconds(own) if own else "-", rate(result, own) if own else "", limit, ratio,
            others]


def geomean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


HEADER = ["case", "ms", "rate", "of the limit", "ratio", "peers, ms"]


class Table:
    """Prints rows as they come."""

    WIDTHS = (42, 9, 15, 16, 11, 0)

    def __init__(self, group: str):
        print(f"\n{group}")
        self._line(HEADER)

    def _line(self, parts) -> None:
        print("  ".join(p.ljust(w) for p, w in zip(parts, self.WIDTHS)).rstrip(), flush=True)

    def row(self, result: dict) -> None:
        self._line(cells(result))

    def notes(self, results: list[dict]) -> None:
        by_type: dict[str, list[float]] = {}
        for r in results:
            if r["ratio"]:
                by_type.setdefault(r["case"]["type"], []).append(r["ratio"])
        for element, ratios in by_type.items():
            print(f"  {element}: geometric mean {geomean(ratios):.2f}, least {min(ratios):.2f}, {len(ratios)} cases")
        for line in growth.table(growth.sweeps(results))[2:]:
            print("  grows " + " ".join(line.strip("| ").split(" | ")))
        for line in skipped(results):
            print("  " + line)


def skipped(results: list[dict]) -> list[str]:
    """Who did not run what, and why; reasons of one peer together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for r in results:
        for peer, reason in r["skipped"].items():
            reasons.setdefault((peer, reason.splitlines()[0][:160]), []).append(r["case"]["name"])
    return [f"{SHORT.get(peer, peer)} left out of {len(names)} ({names[0]}{', …' if len(names) > 1 else ''}): {reason}"
            for (peer, reason), names in reasons.items()]


def head(machine: dict, versions: dict, missing: dict, args) -> None:
    caches = ", ".join(f"{k} {v >> 10} KiB" for k, v in machine["caches"].items())
    print(f"{machine['cpu']} ({' '.join(machine['isa'])}); {caches}; {machine['cpus']} CPUs")
    print(", ".join(f"{k} {v}" for k, v in versions.items()))
    print(f"{args.threads} threads; medians of {args.rounds} alternations; ratio: time of the best peer to Einfall's")
    for name, reason in missing.items():
        print(f"left out: {SHORT.get(name, name)} ({reason})")


# -- docs/performance.md ----------------------------------------------------------------------------------


def store(record: dict, results: Path) -> Path:
    """Writes a group's record; results of other cases that stood there stay, with the circumstances of their runs."""
    threads = "" if record["threads"] == 2 else f"-{record['threads']}-threads"
    path = results / folder_name(record["machine"]) / f"{record['group']}{threads}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = {r["case"]["name"]: r for r in record["results"]}
    if path.exists():
        old = json.loads(path.read_text(encoding="utf-8"))
        new = {r["case"]["name"]: r for r in old["results"]} | new
        limits = {(b["limit"], b["working_set"]): b for b in old["roof"]["bandwidth"] + record["roof"]["bandwidth"]}
        record["roof"] = {"compute": old["roof"]["compute"] | record["roof"]["compute"],
                          "bandwidth": [limits[k] for k in sorted(limits)]}
    path.write_text(json.dumps(record | {"results": list(new.values())}, indent=1) + "\n", encoding="utf-8")
    return path


def write(results: Path, docs: Path) -> int:
    records = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(results.glob("*/*.json"))]
    (docs / "performance.md").write_text("\n".join(page(records)) + "\n", encoding="utf-8")
    for path in sorted(results.glob("*/growth*.json")):
        draw(path, docs / "images" / picture(json.loads(path.read_text(encoding="utf-8"))))
    print(f"wrote docs/performance.md from {len(records)} records")
    return 0


def picture(record: dict) -> str:
    """The name of the plot of a record of group growth."""
    return f"growth-{folder_name(record['machine'])}.svg"


def draw(record: Path, path: Path) -> None:
    """Draws it where the benchmarks' environment has matplotlib; says so where it has not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([setup.python(), "-m", "harness.plots", record, path], cwd=Path(__file__).resolve().parents[1],
                          capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["?"])[-1]
        print(f"did not draw {path.name} ({why}); ./dev bench --setup installs what draws")


def page(records: list[dict]) -> list[str]:
    lines = ["# Performance", "", "Generated by `./dev bench --report` from `bench/results`. Ratios are of medians measured "
             "in one run, alternating", "with the peers; above 1 Einfall is faster. Absolute times say nothing across "
             "machines. \"Of the limit\" is the share of what", "`einfall-roof` reached on the same machine in the same run: of "
             "arithmetic once, of memory, whose rate changes from minute to", "minute, in turn with the case (median of "
             "the rounds' ratios); where the limits below name no rates of turns, once too."]
    for cpu in sorted({r["machine"]["cpu"] for r in records}):
        lines += ["", f"## {cpu}"]
        for item in (r for r in records if r["machine"]["cpu"] == cpu):
            lines += ["", f"### {item['group']}, {item['threads']} threads", "", *_facts(item), "", *_growth(item), *_table(item)]
    return lines


def _growth(item: dict) -> list[str]:
    found = growth.sweeps(item["results"])
    if not found:
        return []
    return ["Sizes of cases are layers, batch, length and threads. Work is operations of a thread or bytes that are read,",
            "whichever grow more; times of lines are the least of points that took turns.", "",
            *growth.table(found), "", f"![Time and memory by size](images/{picture(item)})", ""]


def _facts(item: dict) -> list[str]:
    machine = item["machine"]
    limits = [f"{k} {v['value']:.4g} {v['unit']}" for k, v in item["roof"]["compute"].items()]
    limits += [f"{b['limit']} of {b['working_set'] >> 20} MiB {b['value']:.4g} GB/s" for b in item["roof"]["bandwidth"]]
    limits += _turns(item["results"])
    lines = [f"{' '.join(machine['isa'])}. Limits: {'; '.join(limits)}."]
    runs: dict[str, int] = {}
    for r in item["results"]:
        run = r["run"]
        versions = ", ".join(f"{k} {v}" for k, v in run["versions"].items())
        text = f"{run['date'][:10]}, commit {run['commit']}, {run['rounds']} alternations; {versions}"
        if run["missing"]:
            text += f"; without {', '.join(SHORT.get(n, n) for n in run['missing'])}"
        runs[text] = runs.get(text, 0) + 1
    return lines + [""] + [f"* {count} cases: {text}." for text, count in runs.items()]


def _turns(results: list[dict]) -> list[str]:
    """The rates that memory had in turn with the cases, from the least median of a case to the largest."""
    rates: dict[str, list[float]] = {}
    for r in results:
        if "share" in r["roof"]:
            rates.setdefault(r["roof"]["limit"], []).append(moved(r) / r["roof"]["seconds"] / 1e9)
    return [f"{kind} in turn with {len(found)} cases {min(found):.4g} to {max(found):.4g} GB/s" for kind, found in rates.items()]


def _table(item: dict) -> list[str]:
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    lines += ["| " + " | ".join(cells(r)) + " |" for r in item["results"]]
    left_out = skipped(item["results"])
    return lines + ([""] + [f"* {line}" for line in left_out] if left_out else [])
