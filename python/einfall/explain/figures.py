"""Numbers at given extents: work and traffic of each launch, the machine's limits, the memory plan, measured times."""

import json
from pathlib import Path

from ..errors import EinfallError
from .arena import plan
from .extents import evaluate

DEFAULT = 128
COMPUTE = {"f32_fma": "f32 fma", "bf16_dot": "bf16 dot", "amx_bf16": "AMX bf16"}


def choose_extents(report: dict, given: dict[str, int]) -> dict[str, dict]:
    """A value for every symbol of the report: the given one, 1 for a batch, else 128."""
    known = {s["name"] for e in report["entries"] for s in e["symbols"]}
    for name, value in given.items():
        if name not in known:
            raise EinfallError(f"--param {name}={value}: the program has no symbol '{name}'; it has "
                               f"{', '.join(sorted(known)) or 'none'}")
        if value < 0:
            raise EinfallError(f"--param {name}={value}: an extent is at least 0")
    extents = {}
    for name in sorted(known):
        default = 1 if name in ("b", "batch") else DEFAULT
        extents[name] = {"value": given.get(name, default), "given": name in given}
    return extents


def machine_limits(peak: float | None, bandwidth: float | None, record: str | None) -> dict | None:
    """{"compute": [(name, GFLOP/s)], "bandwidth": GB/s, "source": text}; None where nothing is known."""
    compute, source = [], []
    if record:
        compute, measured = _read_record(record)
        bandwidth = bandwidth or measured
        source.append(record)
    if peak:
        compute = [("peak", peak)]
        source.append("as given on the command line")
    if not compute and not bandwidth:
        return None
    if not compute or not bandwidth:
        raise EinfallError("a roofline needs both limits: give --peak-gflops and --bandwidth")
    return {"compute": compute, "bandwidth": bandwidth, "source": ", ".join(source)}


def _read_record(path: str) -> tuple[list, float | None]:
    """Limits from a result of ./dev bench or the output of einfall-roof."""
    document = _json(path)
    roof = document.get("roof", document) if isinstance(document, dict) else {}
    limits = roof.get("limits", roof.get("compute", {}))
    try:
        compute = [(COMPUTE[name], float(limits[name]["value"])) for name in COMPUTE if name in limits]
        rows = [row for row in roof.get("bandwidth", []) if row["limit"] == "read"]
        rows.sort(key=lambda row: row["working_set"])
        bandwidth = float(rows[-1]["value"]) if rows else float(limits["read"]["value"]) if "read" in limits else None
    except (KeyError, TypeError, ValueError):
        raise EinfallError(f"{path} is no record of a machine's limits: ./dev bench and einfall-roof write one") from None
    if not compute and not bandwidth:
        raise EinfallError(f"{path} holds no limits of a machine: ./dev bench and einfall-roof write some")
    return compute, bandwidth


def _json(path: str):
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as e:
        raise EinfallError(f"cannot read {path}: {e.strerror}") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise EinfallError(f"{path} is no JSON") from None


def read_profile(path: str, report: dict) -> dict:
    """Times by entry name, one a step; refuses a profile of another program."""
    document = _json(path)
    try:
        times = {entry["name"]: entry for entry in document["entries"]}
        for name, entry in times.items():
            programs = [step["program"] for step in entry["steps"]]
            own = next(([k["program"] for k in e["kernels"]] for e in report["entries"] if e["name"] == name), None)
            if programs != own:
                raise EinfallError(f"{path} is a profile of another program: its entry '{name}' launches other kernels")
    except (KeyError, TypeError):
        raise EinfallError(f"{path} is no profile: einfall-run … --profile-json FILE writes one") from None
    return times


def add_figures(report: dict, extents: dict[str, dict], limits: dict | None, profile: dict | None) -> dict:
    """Adds to each launch its figures and to each entry its memory plan and totals."""
    symbols = {name: item["value"] for name, item in extents.items()}
    for entry in report["entries"]:
        times = (profile or {}).get(entry["name"])
        for number, kernel in enumerate(entry["kernels"]):
            kernel["step"] = number
            kernel["figures"] = _launch(kernel, symbols, limits, times and times["steps"][number])
        entry["refused"] = [text for text in entry.get("assume", []) if evaluate(text, symbols) < 0]
        entry["memory"] = _memory(entry, symbols)
        entry["calls"] = times["calls"] if times else None
        entry["totals"] = {key: sum(k["figures"][key] or 0 for k in entry["kernels"])
                           for key in ("flops", "bytes", "seconds", "least_seconds")}
        entry["same_extents"] = not times or all(
            k["figures"]["same_extents"] for k in entry["kernels"] if k["figures"]["seconds"] is not None)
    return report


def _launch(kernel: dict, symbols: dict, limits: dict | None, time: dict | None) -> dict:
    flops = evaluate(kernel["flops"], symbols) if kernel["flops"] is not None else None
    moved, points = evaluate(kernel["bytes"], symbols), evaluate(kernel["points"], symbols)
    least = None
    if limits:
        peak = limits["compute"][0][1]
        least = max((flops or 0) / (peak * 1e9), moved / (limits["bandwidth"] * 1e9))
    figures = {"flops": flops, "bytes": moved, "points": points, "intensity": flops / moved if flops and moved else None,
               "least_seconds": least, "seconds": None, "same_extents": True,
               "visits": None}
    if time and time["launches"]:
        if "chunks" in time:
            figures["visits"] = {key: time[key] / time["launches"] for key in ("chunks", "visited", "unmasked", "masked")}
        figures["seconds"] = time["seconds"] / time["launches"]
        # A copy has no points of its own: the runtime counts bytes there.
        figures["same_extents"] = abs(time["points"] / time["launches"] - points) <= 1e-6 * max(points, 1)
    return figures


def _memory(entry: dict, symbols: dict) -> dict:
    temporaries = [(i, b) for i, b in enumerate(entry["buffers"]) if b["kind"] == "temporary"]
    requests = [(max(0, evaluate(b["bytes"], symbols)), *b["alive"]) for _, b in temporaries]
    offsets, total = plan(requests)
    placed = [{"buffer": i, "name": b["name"], "offset": offset, "bytes": request[0], "alive": b["alive"]}
              for (i, b), offset, request in zip(temporaries, offsets, requests)]
    peak = [0] * max(1, len(entry["kernels"]))
    for size, first, last in requests:
        for step in range(first, min(last, len(peak) - 1) + 1):
            peak[step] += -(-size // 64) * 64
    return {"arena": total, "sum": sum(r[0] for r in requests), "alive_at_most": max(peak), "placed": placed}
