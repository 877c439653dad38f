"""Products of matrices on a GPU against PyTorch in double precision: extents around what threads, instructions and blocks hold, rows
that begin anywhere, two reduced ranks, batches, an epilogue. Only PyTorch is needed, and packages that pack.py made."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from package import Package

ELEMENTS = {"bf16": (torch.bfloat16, 2.0**-8), "f16": (torch.float16, 2.0**-11), "f32": (torch.float32, 2.0**-24)}
EXTENTS = [1, 7, 63, 65, 127, 129, 257]
MORE = [0, 2, 8, 9, 16, 17, 64, 128, 200]
HEADS, BATCH = 3, 2
#: By name of the cascade: the einsum, and of what an epilogue adds the dimensions.
FORMS = {"nt": ("mk,nk->mn", ()), "nn": ("mk,kn->mn", ()), "tn": ("km,kn->mn", ("n", "mn")), "two": ("mhk,nhk->mn", ()),
         "batch": ("bmk,bnk->bmn", ("n",))}


def sizes_of():
    """(m, n, k): every extent in every place, and some at random."""
    choose = random.Random(7).choice
    every = EXTENTS + MORE
    return ([(e, 129, 72) for e in every] + [(130, e, 65) for e in every] + [(129, 136, e) for e in every]
            + [tuple(choose(every) for _ in range(3)) for _ in range(40)] + [(512, 512, 512), (300, 700, 1000)])


def check(path: Path, target: str):
    """Yields whether a product is within single-precision sums and one rounding of its result, and which it is."""
    _, name, element = path.stem.split("-")
    form, more = FORMS[name]
    left, right = form.split("->")[0].split(",")
    dtype, ulp = ELEMENTS[element]
    package = Package(path, target)
    [entry] = package.entries
    torch.manual_seed(0)
    for m, n, k in sizes_of():
        sizes = {"m": m, "n": n, "k": k, "h": HEADS, "b": BATCH}
        inputs = [torch.randn([sizes[d] for d in dims], device="cuda").to(dtype) for dims in (left, right, *more)]
        (got,) = package(entry, inputs)
        x, w, *rest = (t.double() for t in inputs)
        want, size = torch.einsum(form, x, w), torch.einsum(form, x.abs(), w.abs())
        for t in rest:
            want, size = want + t, size + t.abs()
        error = (k * HEADS + 4) * 2.0**-23 * size
        near = (got.double() - want).abs() <= error + (want.abs() + error) * ulp + torch.finfo(dtype).smallest_normal * ulp
        yield bool(near.all()), f"{form}, m = {m}, n = {n}, k = {k}: {int((~near).sum())} of {near.numel()} are off"
