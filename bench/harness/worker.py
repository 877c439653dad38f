"""A process that runs one peer: requests as lines of JSON on its input, answers on its output.

Peers have thread pools that spin, allocators that keep memory and, some of them, crashes; each has a process of its
own, and only one computes at a time.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
import traceback

from peers import Unsupported

from .cases import GROWN, Case


def measure(call, seconds: float) -> dict:
    """Seconds a call: the mean over as many calls as `seconds` holds, after one that wakes caches and threads."""
    begin = time.perf_counter()
    call()
    warm = time.perf_counter() - begin
    if warm > seconds:
        return {"seconds": warm, "calls": 1}
    calls = 0
    begin = time.perf_counter()
    while True:
        call()
        calls += 1
        spent = time.perf_counter() - begin
        if spent >= seconds:
            return {"seconds": spent / calls, "calls": calls}


def samples(outputs, count: int = 512) -> list[float]:
    """Some elements of all outputs, the same ones for every peer."""
    values = []
    each = max(1, count // len(outputs))
    for output in outputs:
        flat = output.reshape(-1)
        step = max(1, flat.shape[0] // each)
        values += [float(v) for v in flat[::step][:each]]
    return values


class Server:
    def __init__(self, name: str, threads: int):
        self.name = name
        self.peer = importlib.import_module(f"peers.{name}").Peer(threads)

    def versions(self) -> dict:
        return {"versions": self.peer.versions()}

    def open(self, case: dict, copies: int) -> dict:
        case.pop("name")
        self.close()
        if case["program"] in GROWN and self.name != "einfall":
            raise Unsupported("how Einfall grows is measured against its own work")
        begin = time.perf_counter()
        self.call = self.peer.open(Case(**case), copies)
        outputs = self.call()
        answer = {"open_seconds": time.perf_counter() - begin}
        if outputs is not None:
            answer["samples"] = samples(outputs)
        return answer

    def measure(self, seconds: float) -> dict:
        if hasattr(self.call, "measure"):
            return self.call.measure()
        return measure(self.call, seconds)

    def close(self) -> dict:
        self.call = None
        self.peer.close()
        return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def serve(name: str, threads: int) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if server is None:
                server = Server(name, threads)
            answer = getattr(server, request.pop("do"))(**request)
        except (ImportError, Unsupported) as e:
            answer = {"unsupported": str(e)}
        except Exception as e:
            traceback.print_exc()
            answer = {"failed": f"{type(e).__name__}: {e}"[:400]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
