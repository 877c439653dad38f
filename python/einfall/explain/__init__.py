"""`einfall explain`: what the compiler decided about a program, as a page and as JSON."""

import json
import os
import tempfile

from ..errors import EinfallError
from .facts import load
from .figures import add_figures, choose_extents, machine_limits, read_profile
from .hardware import read_verified
from .page import render

__all__ = ["explain", "write"]


def explain(source: str, *, params: dict[str, int] | None = None, peak_gflops: float | None = None,
            bandwidth: float | None = None, machine: str | None = None, profile: str | None = None, dtype: str = "auto",
            target: str | None = None, numerics: str | None = None, verified: list[str] | None = None) -> dict:
    """The facts about `source` with figures, ready to be drawn or written as JSON.

    source       a package, an .mlir file, or the folder of a Hugging Face causal LM; the latter two are compiled up to
                 machine code, for `target` and with `numerics`, a folder with activations of `dtype`
    params       values of symbols at which figures are taken; others are 128, a batch is 1
    peak_gflops, bandwidth
                 the machine's limits in GFLOP/s and GB/s; or `machine`, a record that ./dev bench or einfall-roof wrote
    profile      times of its launches: a file of einfall-run … --profile-json
    verified     results of bench/gpu: kernels of a package for a GPU that none of them has checked are called not verified
    Raises `EinfallError`.
    """
    limits = machine_limits(peak_gflops, bandwidth, machine)
    report = load(os.fspath(source), dtype=dtype, target=target, numerics=numerics, verified=read_verified(verified or []))
    report["file"] = os.path.basename(os.path.abspath(os.fspath(source)))
    report["machine"] = limits
    report["params"] = choose_extents(report, params or {})
    return add_figures(report, report["params"], limits, read_profile(profile, report) if profile else None)


def write(report: dict, output: str) -> None:
    """Writes a report as a page (.html) or as JSON (.json), whole or not at all."""
    if output.endswith(".json"):
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    elif output.endswith((".html", ".htm")):
        text = render(report)
    else:
        raise EinfallError(f"cannot tell what to write to {output}: call it .html for the page or .json for the facts")
    folder = os.path.dirname(os.path.abspath(output))
    if os.path.isdir(output):
        raise EinfallError(f"cannot write {output}: it is a folder")
    if not os.path.isdir(folder):
        raise EinfallError(f"cannot write {output}: there is no folder {folder}")
    handle, path = tempfile.mkstemp(prefix=".einfall-", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(path, 0o666 & ~umask)
        os.replace(path, output)
    except BaseException:
        os.unlink(path)
        raise
