"""Contractions of bf16 and f16 by matrix instructions, and of f32 in the same fragments, emulated, against numpy in double precision.

Extents are small and mostly odd: blocks have edges, parts of the depth are short, rows begin anywhere.
"""

import os
import re
import subprocess
from dataclasses import dataclass, field

import numpy as np
import pytest

import einfall
from ptx.floats import to_bf16, widen_bf16
from ptx.machine import Machine
from ptx.package import Package
from ptx.text import PtxError


@dataclass
class Product:
    """sum over `reduced` of x w, with what an epilogue adds; `factor` scales x by s[its depth] and rounds first."""

    x: str
    w: str
    y: str
    element: str = "bf16"
    reduced: str = "k"
    epilogue: bool = False
    factor: str = ""  # mulf or divf
    sizes: list = field(default_factory=lambda: [(9, 17, 65), (65, 129, 72), (129, 9, 17)])
    literal: dict = field(default_factory=dict)


FEW = [(17, 9, 33), (65, 17, 9)]
PRODUCTS = {
    "nt_bf16": Product("m k", "n k", "m n", epilogue=True, sizes=[(9, 17, 65), (65, 129, 72), (129, 9, 17), (17, 16, 64), (1, 17, 17), (17, 9, 0), (17, 9, 1)]),
    "nt_f16": Product("m k", "n k", "m n", "f16"),
    "nn_bf16": Product("m k", "k n", "m n", sizes=[(17, 65, 129), (9, 64, 16), (129, 9, 1), (9, 1, 17)]),
    "nn_f16": Product("m k", "k n", "m n", "f16", epilogue=True),
    "tn_bf16": Product("k m", "k n", "m n", epilogue=True, sizes=[(9, 17, 65), (64, 136, 129), (129, 65, 9)]),
    "tn_f16": Product("k m", "k n", "m n", "f16", sizes=FEW),
    "tt_bf16": Product("k m", "n k", "m n", sizes=FEW),
    "out_bf16": Product("m k", "n k", "n m", epilogue=True, sizes=[(17, 9, 65), (65, 129, 9)]),
    "two_bf16": Product("m h k", "n h k", "m n", reduced="h k", epilogue=True, sizes=[(9, 17, 65), (33, 65, 8), (17, 9, 0)]),
    "heads_bf16": Product("m h k", "n h k", "m n", reduced="h k", sizes=[(17, 33, 40)], literal={"h": 3, "k": 40}),
    "batch_bf16": Product("b m k", "b n k", "b m n", epilogue=True, sizes=[(9, 65, 17), (17, 8, 72)]),
    "batch_f16": Product("b m k", "b k n", "b m n", "f16", sizes=[(33, 9, 17)]),
    "even_bf16": Product("m k", "k n", "m n", epilogue=True, sizes=[(33, 128, 128), (128, 128, 128)], literal={"n": 128, "k": 128}),
    "factor_bf16": Product("m k", "n k", "m n", factor="mulf", epilogue=True, sizes=[(9, 17, 65), (65, 9, 129), (17, 9, 1)]),
    "factor_f16": Product("m k", "k n", "m n", "f16", factor="divf", sizes=[(9, 17, 65), (33, 65, 9)]),
    "nt_f32": Product("m k", "n k", "m n", "f32", epilogue=True, sizes=[(1, 65, 33), (7, 17, 65), (65, 129, 63), (129, 7, 17), (17, 257, 64), (63, 1, 127), (17, 9, 0), (17, 9, 1)]),
    "nn_f32": Product("m k", "k n", "m n", "f32", sizes=[(17, 65, 129), (7, 64, 16), (129, 9, 1), (9, 1, 17), (257, 63, 7)]),
    "tn_f32": Product("k m", "k n", "m n", "f32", epilogue=True, sizes=[(9, 17, 65), (64, 136, 129), (127, 65, 7)]),
    "tt_f32": Product("k m", "n k", "m n", "f32", sizes=FEW),
    "out_f32": Product("m k", "n k", "n m", "f32", epilogue=True, sizes=[(17, 9, 65), (65, 129, 9)]),
    "two_f32": Product("m h k", "n h k", "m n", "f32", reduced="h k", epilogue=True, sizes=[(9, 17, 65), (33, 65, 8), (17, 9, 0)]),
    "heads_f32": Product("m h k", "n h k", "m n", "f32", reduced="h k", sizes=[(17, 33, 40)], literal={"h": 3, "k": 40}),
    "batch_f32": Product("b m k", "b k n", "b m n", "f32", epilogue=True, sizes=[(33, 9, 17), (9, 65, 20)]),
    "even_f32": Product("m k", "k n", "m n", "f32", epilogue=True, sizes=[(33, 128, 128), (128, 128, 128)], literal={"n": 128, "k": 128}),
    "literal_f32": Product("m k", "n k", "m n", "f32", sizes=[(8, 33, 65)], literal={"m": 8}),
    "factor_f32": Product("m k", "n k", "m n", "f32", factor="mulf", epilogue=True, sizes=[(9, 17, 65), (65, 9, 129), (17, 9, 1)]),
    "factor_tn_f32": Product("k m", "k n", "m n", "f32", factor="divf", sizes=[(17, 9, 65), (64, 33, 24)]),
    "factor_tn": Product("k m", "k n", "m n", factor="divf", sizes=[(17, 9, 65), (64, 33, 24)]),
}
BATCH, OUTER = 2, 3
STORED = {"f16": np.float16, "f32": np.float32}
#: The error of a rounding to it.
ROUNDING = {"bf16": 2.0**-8, "f16": 2.0**-11, "f32": 2.0**-24}


def wide_text(out: str) -> str:
    """x and a scale are f32, w is bf16: x times scale is no number of 16 bits."""
    last = "    %o = arith.truncf %p : f32 to bf16\n" if out == "bf16" else ""
    return f"""func.func @wide_{out}(%x: !ein.tensor<[m, k], f32> {{ein.name = "x"}}, %s: !ein.tensor<[k], f32> {{ein.name = "s"}}, %w: !ein.tensor<[n, k], bf16> {{ein.name = "w"}}) -> (!ein.tensor<[m, n], {out}> {{ein.name = "y"}}) attributes {{ein.entry}} {{
  %a = ein.einsum (%x[m, k], %s[k]) -> [m, k] : (!ein.tensor<[m, k], f32>, !ein.tensor<[k], f32>) -> !ein.tensor<[m, k], f32> {{
  ^bb0(%x0: f32, %s0: f32):
    %p = arith.mulf %x0, %s0 : f32
    ein.yield %p : f32
  }}
  %b = ein.einsum (%a[m, k], %w[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[n, k], bf16>) -> !ein.tensor<[m, n], f32> {{
  ^bb0(%a0: f32, %w0: bf16):
    %w1 = arith.extf %w0 : bf16 to f32
    %p = arith.mulf %a0, %w1 : f32
    ein.yield %p : f32
  }}
  %y = ein.einsum (%b[m, n]) -> [m, n] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], {out}> {{
  ^bb0(%q: f32):
    %p = math.tanh %q : f32
{last}    ein.yield %{'o' if last else 'p'} : {out}
  }}
  return %y : !ein.tensor<[m, n], {out}>
}}
"""


#: By the type of the result: all bits of the f32 factor, or sixteen of them.
WIDE_ERROR = {"f32": 2.0**-23, "bf16": 2.0**-16}


def text(name: str) -> str:
    p = PRODUCTS[name]
    labels = lambda dims: f"[{', '.join(dims.split())}]"  # noqa: E731
    kind = lambda dims, element: f"!ein.tensor<[{', '.join(str(p.literal.get(d, d)) for d in dims.split())}], {element}>"  # noqa: E731
    e, column = p.element, p.y.split()[-1]
    types = {"x": kind(p.x, e), "w": kind(p.w, e), "s": kind("k", "f32"), "b": kind(column, e), "r": kind(p.y, e)}
    names = ["x", "w"] + ["s"] * bool(p.factor) + ["b", "r"] * p.epilogue
    reads = {"x": labels(p.x), "w": labels(p.w), "s": "[k]", "b": labels(column), "r": labels(p.y)}
    factors = names[:3] if p.factor else names[:2]
    scaled, more, rest = "", "", ["b", "r"] * p.epilogue
    wide, factor, result_of = ("%{}0", "%f", "%{}") if e == "f32" else ("%{}w", "%h", "%o")
    if p.factor:
        scaled = f"    %f = arith.{p.factor} {wide.format('x')}, %s0 : f32\n"
        if e != "f32":
            scaled += f"    %g = arith.truncf %f : f32 to {e}\n    %h = arith.extf %g : {e} to f32\n"
    if p.epilogue:
        more = f"    %t = arith.addf %sum, {wide.format('b')} : f32\n    %u = arith.addf %t, {wide.format('r')} : f32\n"
    total_of = "u" if p.epilogue else "sum"
    last = "" if e == "f32" else f"    %o = arith.truncf %{total_of} : f32 to {e}\n"
    widen = lambda names: "" if e == "f32" else "".join(f"    %{n}w = arith.extf %{n}0 : {e} to f32\n" for n in names)  # noqa: E731
    block = lambda names: ", ".join(f"%{n}0: {'f32' if n == 's' else e}" for n in names)  # noqa: E731
    total, result = kind(p.y, "f32"), kind(p.y, e)
    return f"""func.func @{name}({', '.join(f'%{n}: {types[n]} {{ein.name = "{n}"}}' for n in names)}) -> ({result} {{ein.name = "y"}}) attributes {{ein.entry}} {{
  %p = ein.einsum ({', '.join(f'%{n}{reads[n]}' for n in factors)}) -> {labels(p.y)} reduce [{', '.join(f'{r}: add' for r in p.reduced.split())}]
      : ({', '.join(types[n] for n in factors)}) -> {total} {{
  ^bb0({block(factors)}):
{widen("xw")}{scaled}    %q = arith.mulf {factor if p.factor else wide.format('x')}, {wide.format('w')} : f32
    ein.yield %q : f32
  }}
  %y = ein.einsum ({', '.join(['%p' + labels(p.y), *(f'%{n}{reads[n]}' for n in rest)])}) -> {labels(p.y)}
      : ({', '.join([total, *(types[n] for n in rest)])}) -> {result} {{
  ^bb0({', '.join(['%sum: f32', *([block(rest)] if rest else [])])}):
{widen(rest)}{more}{last}    ein.yield {result_of.format(total_of)} : {e}
  }}
  return %y : {result}
}}
"""


def compiled(build, folder, names, target: str, text=text, targets: str = "") -> Package:
    """The code of `target` in a package of `targets`, if it is not the only one."""
    (folder / "m.mlir").write_text("".join(map(text, names)))
    done = subprocess.run([build / "bin" / "einfall-compile", folder / "m.mlir", "-o", folder / "m.einf", f"--target={targets or target}"],
                          capture_output=True, text=True, env={**os.environ, "PATH": os.devnull})
    assert done.returncode == 0, done.stderr
    return Package(folder / "m.einf", target)


@pytest.fixture(scope="module")
def package(build, tmp_path_factory):
    return compiled(build, tmp_path_factory.mktemp("products"), [n for n in PRODUCTS if not PRODUCTS[n].factor], "sm_80")


def numbers(rng, shape, element: str) -> np.ndarray:
    values = rng.standard_normal(shape)
    return to_bf16(values) if element == "bf16" else values.astype(STORED[element])


def wide(array: np.ndarray) -> np.ndarray:
    return (widen_bf16(array) if array.dtype == np.uint16 else array).astype(np.float64)


def arguments(name: str, m: int, n: int, k: int, seed: int = 0):
    """(arrays, what comes out, how far off it may be)."""
    p, rng = PRODUCTS[name], np.random.default_rng([seed, m, n, k])
    sizes = {"m": m, "n": n, "k": k, "h": OUTER, "b": BATCH, **p.literal}
    shape = lambda dims: [sizes[d] for d in dims.split()]  # noqa: E731
    arrays = [numbers(rng, shape(p.x), p.element), numbers(rng, shape(p.w), p.element)]
    x, w = map(wide, arrays)
    if p.factor:
        s = (0.5 + rng.random(sizes["k"])).astype(np.float32)
        arrays.append(s)
        s = s.reshape([-1 if d == "k" else 1 for d in p.x.split()])
        x = (np.multiply if p.factor == "mulf" else np.divide)(x.astype(np.float32), s)
        x = wide(to_bf16(x) if p.element == "bf16" else x.astype(STORED[p.element]))
    form = ",".join(v.replace(" ", "") for v in (p.x, p.w)) + "->" + p.y.replace(" ", "")
    want, sums = np.einsum(form, x, w), np.einsum(form, abs(x), abs(w))
    if p.epilogue:
        more = [numbers(rng, shape(p.y.split()[-1]), p.element), numbers(rng, shape(p.y), p.element)]
        arrays += more
        for array in map(wide, more):
            want, sums = want + array, sums + abs(array)
    # Sums in single precision, in any order, and the last rounding.
    error = (sizes["k"] * (OUTER if "h" in p.x else 1) + 4) * 2.0**-23 * sums
    return arrays, want, error + (abs(want) + error) * ROUNDING[p.element]


def check(package, name: str, sizes) -> np.ndarray:
    arrays, want, allowed = arguments(name, *sizes)
    (got,) = package.call(name, *arrays)
    assert got.shape == want.shape
    assert (abs(wide(got) - want) <= allowed).all(), (name, sizes)
    return got


@pytest.mark.parametrize("name", [n if n in ("nt_bf16", "nt_f32") else pytest.param(n, marks=pytest.mark.slow) for n in PRODUCTS if not PRODUCTS[n].factor])
def test_products(package, name):
    for sizes in PRODUCTS[name].sizes:
        check(package, name, sizes)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in PRODUCTS if PRODUCTS[n].factor])
def test_computed_factors(build, tmp_path, name):
    package = compiled(build, tmp_path, [name], "sm_80")
    for sizes in PRODUCTS[name].sizes:
        check(package, name, sizes)


@pytest.mark.slow
@pytest.mark.parametrize("out", WIDE_ERROR)
def test_factor_of_single_precision(build, tmp_path, out):
    """It is a sum of numbers of 16 bits, as many as the result needs; what is not finite passes."""
    package = compiled(build, tmp_path, [out], "sm_90a", wide_text)
    rng = np.random.default_rng(0)
    for m, n, k in ((17, 9, 65), (65, 17, 33)):
        x, s = rng.standard_normal((m, k)).astype(np.float32) / 9, rng.standard_normal(k).astype(np.float32)
        x[3, 5], x[4, 6], x[5, 7] = np.inf, np.nan, 3.4e38
        s[7] = 1
        w = to_bf16(rng.standard_normal((n, k)))
        (got,) = package.call(f"wide_{out}", x, s, w)
        with np.errstate(invalid="ignore", over="ignore"):
            a = (x * s).astype(np.float64)
            sums = np.einsum("mk,nk->mn", a, wide(w))
            size = np.einsum("mk,nk->mn", abs(a), abs(wide(w)))
            want = np.tanh(sums)
            allowed = WIDE_ERROR[out] * (np.where(np.isfinite(size), size, 0) * 8 + 4) + (2.0**-8 if out == "bf16" else 0)
        rest = np.setdiff1d(np.arange(m), [3, 4, 5])
        assert (abs(wide(got) - want)[rest] <= allowed[rest]).all()
        assert (np.isnan(wide(got)[4])).all() and (abs(wide(got)[3]) == 1).all()
        assert (wide(got)[5] == np.sign(sums[5])).all()
    assert any(i.name == "mma" for kernel in package.machine.module.kernels.values() for i in kernel.code)


@einfall.cascade
def mixed(x: "m k", w: "n k"):
    y[m, n] = sum[k](x[m, k] * f32(w[n, k]))
    return y[m, n]


@einfall.cascade
def mixed_narrow(x: "m k", w: "n k"):
    y[m, n] = bf16(sum[k](x[m, k] * f32(w[n, k])))
    return y[m, n]


@pytest.mark.parametrize("cascade", [mixed, mixed_narrow])
def test_no_number_whose_upper_half_is_an_infinity(build, tmp_path, cascade):
    """Cut to 16 bits it is one, which times something is none of its own."""
    name = cascade.__name__
    package = compiled(build, tmp_path, [cascade], "sm_90a", lambda c: c.text("f32", "bf16"))
    assert any(i.name == "mma" for kernel in package.machine.module.kernels.values() for i in kernel.code)
    x = np.full((20, 16), 0.5, np.float32)
    x[:4, 3] = np.array([0x7F800001, 0xFF80FFFF, 0x7F800000, 0xFF800000], np.uint32).view(np.float32)
    got = wide(package.call(name, x, to_bf16(np.full((18, 16), 0.25)))[0])
    assert np.isnan(got[:2]).all()
    np.testing.assert_array_equal(got[2:], np.repeat([[np.inf], [-np.inf]] + [[2.0]] * 16, 18, axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nt_bf16", "tn_f16"])
def test_products_where_blocks_have_more_memory(build, tmp_path, name):
    package = compiled(build, tmp_path, [name], "sm_90a")
    for sizes in (LONG, (65, 9, 17)):
        check(package, name, sizes)


#: Parts of the depth in plenty: each slot is filled several times. Rows of the second one begin anywhere.
LONG, LONG_ODD = (17, 72, 456), (17, 72, 455)


def first_kernel(package) -> str:
    """That of the first entry, nt_bf16."""
    return next(name for name, kernel in package.machine.module.kernels.items() if any(i.name == "mma" for i in kernel.code))


def test_which_instructions_run(package, monkeypatch):
    """Copies go past the registers where rows begin at multiples of 16 bytes; up to 16 rows run in smaller blocks."""
    kernel = package.machine.program(first_kernel(package))
    counts = dict.fromkeys(("mma", "ldmatrix", "cp"), 0)

    def counted(instruction, step):
        def run(warp):
            counts[instruction.name] += instruction.parts[-1] not in ("commit_group", "wait_group")
            return step(warp)

        return run

    steps = [counted(i, s) if i.name in counts else s for i, s in zip(kernel.kernel.code, kernel.steps)]
    monkeypatch.setattr(kernel, "steps", steps)
    monkeypatch.setattr(kernel, "segments", {})
    ran = []
    for sizes in ((17, 17, 64), (17, 17, 65), (16, 17, 64)):
        counts.update(dict.fromkeys(counts, 0))
        check(package, "nt_bf16", sizes)
        ran.append(dict(counts))
    many, odd, few = ran
    assert many["mma"] and many["ldmatrix"] and many["cp"]
    assert odd["mma"] and odd["ldmatrix"] and not odd["cp"]
    assert 0 < few["mma"] < many["mma"] / 4 and few["cp"]


@pytest.mark.slow
@pytest.mark.parametrize("name, sizes", [("nt_bf16", LONG), ("nt_bf16", LONG_ODD), ("tn_bf16", (24, 72, 330))])
def test_no_order_of_warps_matters(package, name, sizes):
    first = check(package, name, sizes)
    for seed in range(1, 4):
        package.machine.random.seed(seed)
        np.testing.assert_array_equal(check(package, name, sizes), first)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [LONG, LONG_ODD], ids=["copied", "by_elements"])
def test_what_is_taken_out_is_missed(package, monkeypatch, sizes):
    """Barriers and waits, each in turn: without it something is told, or it was not needed for these extents."""
    arrays, want, allowed = arguments("nt_bf16", *sizes)
    name = first_kernel(package)
    lines = package.ptx.splitlines()
    start = next(i for i, line in enumerate(lines) if f".entry {name}(" in line)
    end = next(i for i in range(start, len(lines)) if lines[i] == "}")
    missed = []
    for at in range(start, end):
        if not re.search(r"bar\.sync|cp\.async\.wait_group", lines[at]):
            continue
        machine = Machine("\n".join(lines[:at] + lines[at + 1 :]), memory=package.memory)
        monkeypatch.setattr(package, "machine", machine)
        try:
            (got,) = package.call("nt_bf16", *arrays)
        except PtxError:
            missed.append(lines[at].split()[0])
        else:
            assert (abs(wide(got) - want) <= allowed).all(), lines[at]
    assert set(missed) == ({"cp.async.wait_group", "bar.sync"} if sizes == LONG else {"bar.sync"})
