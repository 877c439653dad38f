"""What is known of a program: the report of its compilation, or of an older package its manifest."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from .. import arguments
from ..errors import CompileError, EinfallError
from ..toolchain import find_tool
from .hardware import hardware_of


def load(source: str, *, dtype="auto", target: str | None = None, numerics: str | None = None,
         verified: dict[str, str] | None = None) -> dict:
    """The facts of a package, an .mlir file or a checkpoint folder; the latter two are compiled up to machine code,
    not further, so they need no weights."""
    from ..compiler import read_program

    arguments.numerics(numerics)
    dtype = arguments.activations(dtype)
    if os.path.isdir(source):
        return {**_of_folder(source, dtype, target, numerics), "origin": "compiled"}
    if not os.path.exists(source):
        raise EinfallError(f"there is no file or folder {source}")
    if source.endswith(".mlir"):
        return {**_of_text(read_program(source, dtype), source, target, numerics), "origin": "compiled"}
    if target or numerics or dtype != "auto":
        raise EinfallError("--target, --numerics and --dtype are for what is compiled; a package is compiled already")
    return _of_package(source, verified or {})


def _run(command: list[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        first = next((line for line in lines if "error: " in line), lines[0] if lines else "no message")
        raise CompileError(first.removeprefix("einfall-run: error: "), done.stderr)
    return done.stdout


def _of_package(path: str, verified: dict[str, str]) -> dict:
    tool = find_tool("einfall-run")
    manifest = json.loads(_run([tool, path, "inspect", "--json"]))
    try:
        report = json.loads(_run([tool, path, "inspect", "--report"]))
        report["origin"] = "package"
    except CompileError as e:
        if "holds no report" not in str(e):
            raise
        report = _of_manifest(manifest)
    report["build"], report["kind"] = manifest["compiler_build_id"], manifest["model_kind"]
    report["targets"] = [t["name"] for t in manifest["targets"]]
    report["hardware"] = hardware_of(path, manifest["targets"], verified)
    return report


def _of_text(text: str, name: str, target: str | None, numerics: str | None) -> dict:
    with tempfile.TemporaryDirectory(prefix="einfall-") as scratch:
        path, out = os.path.join(scratch, os.path.basename(name) or "module.mlir"), os.path.join(scratch, "report.json")
        Path(path).write_text(text, encoding="utf-8")
        command = [find_tool("einfall-compile"), path, "-o", out, "--report"]
        command += [f"--target={target}"] if target is not None else []
        command += [f"--numerics={numerics}"] if numerics else []
        try:
            _run(command)
        except CompileError as e:
            raise CompileError(str(e).replace(path, name), e.diagnostics) from None
        return json.loads(Path(out).read_text(encoding="utf-8"))


def _of_folder(folder: str, dtype: str, target: str | None, numerics: str | None) -> dict:
    from ..compiler import _hushed

    with _hushed():
        from ..frontend import import_causal_lm

        text, _ = import_causal_lm(folder, dtype)
    return {**_of_text(text, "model.mlir", target, numerics), "kind": "causal-lm"}


def _of_manifest(manifest: dict) -> dict:
    """A report as far as a manifest tells it: launches and memory, not what kernels compute."""
    widths = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "f16": 2, "bf16": 2, "i16": 2}
    weights = {w["name"]: w for w in manifest["weights"]}
    entries = []
    for entry in manifest["entries"]:
        buffers = []
        for buffer in entry["buffers"]:
            known = weights.get(buffer.get("weight"), buffer)
            shape = [str(extent) for extent in known.get("shape", [])]
            width = widths.get(known.get("dtype"), 1)
            bytes_ = buffer.get("bytes") or " * ".join(["%s" % _atom(e) for e in shape] + [str(width)])
            buffers.append({**buffer, "shape": shape, "dtype": known.get("dtype", "?"), "width": width, "bytes": bytes_})
        steps = [_step(step, buffers) for step in entry["steps"]]
        prefix = f"assume.{entry['name']}."
        assume = [v for k, v in manifest["metadata"].items() if k.startswith(prefix)]
        entries.append({"name": entry["name"], "symbols": entry["symbols"], "buffers": buffers, "kernels": steps,
                        "cascade": [], "stages": [], "assume": assume})
    return {"report": 1, "origin": "manifest", "numerics": manifest["metadata"].get("numerics", "?"),
            "target": manifest["targets"][0]["name"] if manifest["targets"] else "?",
            "weights": {"count": len(weights), "bytes": sum(w["size"] for w in weights.values())},
            "passes": [], "remarks": [], "entries": entries}


def _atom(text: str) -> str:
    return f"({text})" if " " in text else text


def _step(step: dict, buffers: list[dict]) -> dict:
    moved = []
    for index in step["buffers"]:
        elements = " * ".join(map(_atom, buffers[index]["shape"])) or "1"
        moved.append(f"min({elements}, {step['points']}) * {buffers[index]['width']}")
    return {**step, "source": step.get("source", ""), "kernel": step["program"], "ops": None, "flops": None,
            "bytes": " + ".join(moved) or "0", "boundaries": [], "writes": None, "schedule": ""}
