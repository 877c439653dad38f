"""What compiling a checkpoint costs: seconds by phase and anonymous memory, PyTorch's own share told apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from . import models

BENCH = Path(__file__).resolve().parents[1]


def anonymous(process: int) -> int:
    """Bytes of RssAnon of a process; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass
    return 0


def tree(process: int) -> list[int]:
    """The process and all below it."""
    try:
        below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        below = []
    return [process] + [p for child in below for p in tree(int(child))]


class Peak(threading.Thread):
    """The largest sum of RssAnon over this process's children, and over this process and them."""

    def __init__(self):
        super().__init__(daemon=True)
        self.children = self.all = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            own, *below = (anonymous(p) for p in tree(os.getpid()))
            self.children = max(self.children, sum(below))
            self.all = max(self.all, own + sum(below))

    def stop(self):
        self.ended.set()
        self.join()


def child(model: str, element: str) -> dict:
    """Compiles in this process, as `einfall compile` does, with a clock around each part."""
    phases = {}

    def timed(name, function):
        def call(*args, **kwargs):
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                phases[name] = phases.get(name, 0.0) + time.perf_counter() - begin
        return call

    def load():
        import torch  # noqa: F401
        import transformers  # noqa: F401
        from transformers import AutoModelForCausalLM  # noqa: F401

    checkpoint = models.checkpoint(model)
    peak = Peak()
    peak.start()
    begin = time.perf_counter()
    timed("import of PyTorch and transformers", load)()
    base = anonymous(os.getpid())
    from einfall import compiler
    from einfall.frontend import causal_lm

    causal_lm.export = timed("torch.export", causal_lm.export)
    compiler.compile_text = timed("einfall-compile", compiler.compile_text)
    with tempfile.TemporaryDirectory(dir=models.cache_folder()) as scratch:
        package = Path(scratch) / "model.einf"
        compiler.compile_file(checkpoint, package, dtype=element)
        size = package.stat().st_size
    total = time.perf_counter() - begin
    peak.stop()
    phases["front end"] = total - sum(phases.values())
    return {"model": model, "type": element, "phases": phases, "beyond_torch_seconds": phases["front end"] + phases["einfall-compile"],
            "total_seconds": total, "anonymous": {"PyTorch imported": base, "whole tree": peak.all, "einfall-compile": peak.children},
            "package_bytes": size}


def measure(model: str, element: str) -> dict:
    """The same in a fresh process with an empty compile cache."""
    models.checkpoint(model)
    models.cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models.cache_folder()) as cache:
        # The checkpoint stays where it is: only Einfall's own cache is another.
        environment = dict(os.environ, EINFALL_BENCH_CACHE=str(models.cache_folder()), XDG_CACHE_HOME=cache,
                           PYTHONPATH=os.pathsep.join([str(BENCH), os.environ.get("PYTHONPATH", "")]))
        done = subprocess.run([sys.executable, "-m", "harness.compiling", model, element], env=environment, text=True,
                              stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(cost: dict) -> None:
    print(f"compiling {cost['model']} with {cost['type']} activations, caches empty")
    for name, seconds in cost["phases"].items():
        print(f"  {name:36} {seconds:8.2f} s")
    print(f"  {'beyond import and export':36} {cost['beyond_torch_seconds']:8.2f} s of {cost['total_seconds']:.2f} s")
    for name, size in cost["anonymous"].items():
        print(f"  anonymous memory, {name:18} {size / 1e6:8.0f} MB")
    print(f"  package {cost['package_bytes'] / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], sys.argv[2])))
