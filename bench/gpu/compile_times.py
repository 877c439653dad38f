"""What compiling kernels for a GPU costs, ptxas included.

    ./dev exec python bench/gpu/compile_times.py [--target sm_90a] [TEXT ...]

Of every cascade that pack.py packs (those whose name holds a TEXT), slowest first: seconds of CPU time of one einfall-compile without
the compile cache, start-up included, and how many kernels it makes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "python"), str(ROOT / "bench" / "gpu")]

import attentions  # noqa: E402
import cascade_variants  # noqa: E402
import timed  # noqa: E402

from einfall import toolchain  # noqa: E402

#: Seconds that a kernel may take.
BAR = 0.5


def texts() -> Iterator[tuple[str, str]]:
    for name in cascade_variants.CASES:
        for element in ("f32", "bf16"):
            yield f"variant-{name}-{element}", cascade_variants.text_of(name, element)
    for kind, cascades in (("attention", attentions.CASCADES), ("decode", attentions.DECODES)):
        for name, cascade in cascades.items():
            yield f"{kind}-{name}-128", attentions.text(cascade, 128)
    for name in timed.CASCADES:
        for element in ("f32", "bf16"):
            yield f"timed-{name}-{element}", timed.text(name, element)


def compile_once(text: str, *options: str) -> tuple[float, str]:
    """Seconds of CPU time, and what was printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([toolchain.find_tool("einfall-compile"), "-", *options], input=text, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="sm_90a")
    parser.add_argument("names", nargs="*", metavar="TEXT")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts():
            if given.names and not any(part in name for part in given.names):
                continue
            target = f"--target={given.target}"
            seconds, _ = compile_once(text, target, "--no-cache", "-o", f"{folder}/k.einf")
            _, ptx = compile_once(text, target, "-S", "-o", "-")
            rows.append((seconds, ptx.count(".visible .entry"), name))
    for seconds, kernels, name in sorted(rows, reverse=True):
        print(f"{seconds:5.2f} s  {kernels} kernels  {name}")
    slow = sum(seconds > BAR * kernels for seconds, kernels, _ in rows)
    print(f"{slow} of {len(rows)} take more than {BAR} s a kernel; all {sum(seconds for seconds, _, _ in rows):.1f} s")


if __name__ == "__main__":
    main()
