"""Checks what pack.py packed on this machine's GPU, then times it; writes results.json, each bound to the hash of the code.

    python3 check.py [--no-times] [--only KIND]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
import products  # noqa: E402
from package import TOLERANCE, TYPES, Broken, Package  # noqa: E402
from random_cascades.evaluate import evaluate  # noqa: E402
from random_cascades.generate import Choices, make  # noqa: E402
from random_cascades.run import _stored, difference, extent  # noqa: E402

BATCH = 20


def on_gpu(array: np.ndarray, type_: str) -> torch.Tensor:
    """Integers of 16 bits may hold the bits of bfloat16."""
    array = np.ascontiguousarray(array)
    if type_ == "bf16":
        return torch.from_numpy(array.view(np.int16)).cuda().view(torch.bfloat16)
    return torch.from_numpy(array).cuda()


def check_variant(path: Path, target: str):
    """Yields the error of each size, in the largest element, and whether it is within the bound."""
    _, name, element = path.stem.split("-")
    package = Package(path, target)
    [entry] = package.entries.values()
    inputs = [b["dtype"] for b in entry["buffers"] if b["kind"] == "input"]
    for k in (0, 1):
        data = np.load(FOLDER / f"{path.stem}-{k}.npz")
        want = data["want"].astype(np.float64)
        arrays = [data[f"arr_{i}"] for i in range(len(inputs))]
        tensors = [torch.from_numpy(a).cuda().to(TYPES[t]).reshape(a.shape) for a, t in zip(arrays, inputs)]
        got = package(entry["name"], tensors)[0].double().cpu().numpy()
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        with np.errstate(invalid="ignore"):
            off = np.where(same, 0, np.abs(got - want))
        largest = np.abs(want[np.isfinite(want)]).max(initial=1e-30)
        error = float(np.nan_to_num(off, nan=np.inf).max(initial=0) / largest)
        yield error <= TOLERANCE[element], f"size {k}: {error:.1e} of the largest element, {len(package.kernels)} kernel(s)"


def cases_of(path: Path, target: str):
    """Yields (seed, number, size's number, sizes, program, results) of the random cascades in a package."""
    package, first = Package(path, target), int(path.stem.split("-")[1])
    for k in range(BATCH):
        case = make(Choices.of_seed(first + k))
        for at, sizes in enumerate(case.sizes):
            program, data = case.program, case.inputs(at)
            if any(extent(e, sizes) < 0 for op in program.ops for t in op.results for e in t.shape):
                continue
            inputs = [on_gpu(_stored(data[t.name], t.type), t.type) for t in program.inputs]
            try:
                yield first + k, k, at, sizes, program, data, package(f"f{k}", inputs, {p: sizes[p] for p in program.params()})
            except Broken:
                continue


def check_random(path: Path, target: str):
    for seed, _, _, sizes, program, data, results in cases_of(path, target):
        with np.errstate(all="ignore"):
            expected = evaluate(program, data, sizes)
        for t, got, want in zip(program.outputs, results, expected):
            values = (got.float() if got.dtype == torch.bfloat16 else got).cpu().numpy()
            wrong = difference(values, want, t.type)
            yield not wrong, f"seed {seed}, sizes {sizes}, result {t.name}: {wrong}"


def check_strict(path: Path, target: str):
    kept = np.load(path.with_suffix(".npz"))
    for seed, k, at, sizes, program, _, results in cases_of(path, target):
        for j, (t, got) in enumerate(zip(program.outputs, results)):
            if f"{k}-{at}-{j}" not in kept.files:
                continue
            want = kept[f"{k}-{at}-{j}"]
            bits = got.view(torch.int16) if got.dtype == torch.bfloat16 else got
            bits = bits.cpu().numpy().astype(want.dtype) if t.type == "i1" else bits.cpu().numpy().view(want.dtype)
            nan = np.isnan(bits) & np.isnan(want) if want.dtype.kind == "f" else False
            yield bool(((bits == want) | nan).all()), f"seed {seed}, sizes {sizes}, result {t.name}: other bits than the CPU's"


def hash_of(path: Path, target: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return hashlib.sha256(archive.read(f"code/{target}.so")).hexdigest()


CHECKS = {"variant": check_variant, "product": products.check, "random": check_random, "strict": check_strict}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-times", action="store_true")
    parser.add_argument("--only", choices=[*CHECKS, "timed", "attention", "decode"], help="one kind of checks or of times")
    args = parser.parse_args()
    target, failed = (FOLDER / "target").read_text(), 0
    results = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "target": target, "checks": {}}
    for kind, check in CHECKS.items():
        if args.only not in (None, kind):
            continue
        done = 0
        for path in sorted(FOLDER.glob(f"{kind}-*.einf")):
            wrong = []
            for right, what in check(path, target):
                done += 1
                if not right:
                    wrong.append(what)
                    print(f"{path.stem}: {what}", flush=True)
            failed += len(wrong)
            results["checks"][path.stem] = {"code": hash_of(path, target), "wrong": wrong}
        print(f"{kind}: {done} results checked, {failed} wrong so far", flush=True)
    if not args.no_times:
        import times

        results["times"] = [row for kind, time in times.KINDS.items() if args.only in (None, kind) for row in time(FOLDER, target)]
        wrong = times.wrong(results["times"])
        failed += len(wrong)
        for row in wrong:
            print(f"{row['name']} in {row['element']}, {row['sizes']}: {row['error']:.1e} of the largest element", flush=True)
    (FOLDER / "results.json").write_text(json.dumps(results, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
