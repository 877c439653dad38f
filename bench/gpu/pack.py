"""Makes a folder that checks and times kernels on a machine with a GPU, where neither Einfall nor LLVM is.

    ./dev exec python bench/gpu/pack.py FOLDER --target sm_90a
    python3 FOLDER/check.py          # there: PyTorch and a GPU

It holds every cascade of test/python/cascade_variants.py in float32 and bfloat16, each in two sizes with its reference in
double precision; products of matrices; random cascades of test/python/random_cascades; some under strict numerics with the bits
of the CPU; and what is timed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "python"), str(ROOT / "bench" / "gpu")]

import attentions  # noqa: E402
import cascade_variants  # noqa: E402
import timed  # noqa: E402
from random_cascades.generate import Choices, make  # noqa: E402
from random_cascades.run import _stored, extent  # noqa: E402

import einfall  # noqa: E402
from einfall import toolchain  # noqa: E402

BATCH = 20


def compile_text(text: str, package: Path, targets: str, *more: str) -> None:
    done = subprocess.run([toolchain.find_tool("einfall-compile"), "-", "-o", package, f"--target={targets}", *more], input=text, text=True,
                          capture_output=True)
    if done.returncode:
        sys.exit(f"{package.name}: {done.stderr}")


def rounded(x: np.ndarray) -> np.ndarray:
    """float32 of numbers that bfloat16 has."""
    return (((x.view(np.uint32) + 0x8000) >> 16) << 16).view(np.float32)


def pack_variant(name: str, element: str, folder: Path, target: str) -> None:
    _, arguments, reference = cascade_variants.CASES[name]
    sets = [list(arguments), cascade_variants.grown(name, 9)]
    compile_text(cascade_variants.text_of(name, element), folder / f"variant-{name}-{element}.einf", target)
    for k, given in enumerate(sets):
        arrays = [np.ascontiguousarray(a) if isinstance(a, np.ndarray) else np.asarray(a, np.float32) for a in given]
        if element == "bf16":
            arrays = [rounded(a) if a.ndim and a.dtype == np.float32 else a for a in arrays]
        wide = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
        want = reference(*(a if a.ndim else a.item() for a in wide))
        np.savez(folder / f"variant-{name}-{element}-{k}.npz", *arrays, want=np.asarray(want))


def random_text(first: int) -> str:
    return "\n".join(make(Choices.of_seed(first + k)).program.text(f"f{k}") for k in range(BATCH))


def pack_strict(first: int, folder: Path, target: str) -> None:
    """The results of the CPU under strict numerics beside the package."""
    package = folder / f"strict-{first}.einf"
    compile_text(random_text(first), package, f"native,{target}", "--numerics=strict")
    entries, results = einfall.load(package).entries, {}
    for k in range(BATCH):
        case = make(Choices.of_seed(first + k))
        for at, sizes in enumerate(case.sizes):
            if any(extent(e, sizes) < 0 for op in case.program.ops for t in op.results for e in t.shape):
                continue
            data = case.inputs(at)
            try:
                got = entries[f"f{k}"](*(_stored(data[t.name], t.type) for t in case.program.inputs),
                                       **{p: sizes[p] for p in case.program.params()})
            except einfall.EinfallError:
                continue  # sizes that no call may have
            for j, array in enumerate(got if isinstance(got, (tuple, list)) else [got]):
                results[f"{k}-{at}-{j}"] = np.asarray(array)
    np.savez(folder / f"strict-{first}.npz", **results)


def pack_variants(args) -> None:
    for name in cascade_variants.CASES:
        for element in ("f32", "bf16"):
            pack_variant(name, element, args.folder, args.target)


def pack_products(args) -> None:
    for name, cascade in timed.PRODUCTS.items():
        for element in ("bf16", "f16", "f32"):
            text = cascade.text(*[element] * len(cascade._parameters))
            compile_text(text, args.folder / f"product-{name}-{element}.einf", args.target)


def pack_random(args) -> None:
    for first in range(args.seed, args.seed + args.random, BATCH):
        compile_text(random_text(first), args.folder / f"random-{first}.einf", args.target)


def pack_all_strict(args) -> None:
    for first in range(args.seed + 10000, args.seed + 10000 + args.strict, BATCH):
        pack_strict(first, args.folder, args.target)


def pack_timed(args) -> None:
    for name in timed.CASCADES:
        for element in ("f32", "bf16"):
            compile_text(timed.text(name, element), args.folder / f"timed-{name}-{element}.einf", args.target)


def pack_attentions(args) -> None:
    for name, cascade in attentions.CASCADES.items():
        for width in attentions.WIDTHS:
            compile_text(attentions.text(cascade, width), args.folder / f"attention-{name}-{width}.einf", args.target)


def pack_decodes(args) -> None:
    for name, cascade in attentions.DECODES.items():
        for width in attentions.WIDTHS:
            compile_text(attentions.text(cascade, width), args.folder / f"decode-{name}-{width}.einf", args.target)


KINDS = {"variant": pack_variants, "product": pack_products, "random": pack_random, "strict": pack_all_strict, "timed": pack_timed, "attention": pack_attentions, "decode": pack_decodes}


def copy_programs(folder: Path) -> None:
    """What checks and times the packages there."""
    for file in ("package.py", "check.py", "products.py", "times.py"):
        shutil.copy(ROOT / "bench" / "gpu" / file, folder)
    shutil.copy(ROOT / "test" / "python" / "device_package.py", folder)
    shutil.copytree(ROOT / "test" / "python" / "random_cascades", folder / "random_cascades")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--target", default="sm_90a")
    parser.add_argument("--random", type=int, default=200, help="random cascades")
    parser.add_argument("--strict", type=int, default=100, help="random cascades under strict numerics")
    parser.add_argument("--seed", type=int, default=60000)
    parser.add_argument("--only", choices=KINDS, action="append", help="of the kinds (may be repeated)")
    args = parser.parse_args()
    args.folder.mkdir(parents=True)
    for kind in args.only or KINDS:
        KINDS[kind](args)
    (args.folder / "target").write_text(args.target)
    copy_programs(args.folder)
    print(f"{args.folder}: copy it to a machine with a GPU and run check.py there")


if __name__ == "__main__":
    main()
