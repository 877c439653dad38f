"""Draws growth: `python -m harness.plots RECORD.json OUT.svg`, with the environment that has matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .growth import sweeps


def draw(record: dict, path: Path) -> None:
    """A panel a sweep: time, the least time that the machine's limits allow, and memory; both axes are powers of two."""
    import matplotlib

    matplotlib.use("svg")
    # Text as text, and nothing of the day or of chance: an equal record gives an equal file.
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "einfall", "font.size": 8}
    from matplotlib import pyplot

    found = sweeps(record["results"])
    columns = 4
    rows = -(-len(found) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(3 * columns, 2.4 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(found):]:
        axis.remove()
    for axis, sweep in zip(axes.flat, found):
        memory = axis.twinx()
        memory.plot(sweep.values, [b / 2**20 for b in sweep.bytes], ":", color="tab:gray", label="memory, MiB")
        axis.plot(sweep.values, [s * 1e3 for s in sweep.seconds], "o-", markersize=3, color="tab:blue", label="time, ms")
        axis.plot(sweep.values, [s * 1e3 for s in sweep.least], "--", color="tab:orange", label="the machine's limit, ms")
        for scale in (axis, memory):
            scale.set_xscale("log", base=2)
            scale.set_yscale("log", base=2)
            scale.yaxis.set_major_formatter("{x:.3g}")
        axis.set_xticks(sweep.values, [str(v) for v in sweep.values])
        axis.minorticks_off()
        axis.set_title(sweep.title, fontsize=9)
        axis.set_xlabel(", ".join(f"{k} {v}" for k, v in sweep.fixed.items()), fontsize=7, color="gray")
    handles = [*axes.flat[0].get_legend_handles_labels()[0], *memory.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
