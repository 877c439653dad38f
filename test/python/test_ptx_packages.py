"""Packages for GPUs, run whole on an emulator: host code, launches, kernels. Every access of memory is watched (ptx/memory.py).

References are numpy in double precision, or the interpreter.
"""

import importlib
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import test_copies
import test_existence
import test_kernel_forms
import test_order
import test_scan_scatter
from differential import bits, interpret, interpret_each, plain, same, samples
from ptx.floats import to_bf16, widen_bf16
from ptx.machine import Machine
from ptx.package import Package
from ptx.text import PtxError
from test_cascade import NAMES, double

QUICK = ("causal", "layer_norm", "greedy")


@pytest.fixture
def emulated(build, tmp_path):
    """emulated(TEXT): (the source's path, the package) compiled for sm_80."""

    def compile_text(text: str, **bounds):
        source, package = tmp_path / "m.mlir", tmp_path / "m.einf"
        source.write_text(text)
        # Without an assembler in the path: machine code would be thrown away.
        done = subprocess.run([build / "bin" / "einfall-compile", source, "-o", package, "--target=sm_80"], capture_output=True, text=True,
                              env={**os.environ, "PATH": os.devnull})
        assert done.returncode == 0, done.stderr
        return source, Package(package, **bounds)

    return compile_text


@pytest.fixture(scope="module")
def variants(build):
    return importlib.import_module("cascade_variants")


def arguments_of(variants, name):
    """Those of the case; of the widest one fewer rows, since heads and widths are literals there."""
    arguments = list(variants.CASES[name][1])
    if name == "latent":
        q, up, r, latents, keys, down, scale = arguments
        arguments = [q[:, :3], up, r[:, :3], latents[:37], keys[:37], down, scale]
    return arguments


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])
def test_variants(variants, emulated, name):
    cascade, _, reference = variants.CASES[name]
    arguments = arguments_of(variants, name)
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    _, package = emulated(cascade.text(*cascade._types(values).values()))
    (got,) = package.call(name, *arguments)
    want = reference(*map(double, arguments))
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * np.abs(want).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["full", "window", "paged_window", "softmax"])
def test_no_order_of_warps_matters(variants, emulated, name):
    cascade, arguments, _ = variants.CASES[name]
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    _, package = emulated(cascade.text(*cascade._types(values).values()))
    (first,) = package.call(name, *arguments)
    for seed in range(1, 4):
        package.machine.random.seed(seed)
        np.testing.assert_array_equal(package.call(name, *arguments)[0], first)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["softmax", "layer_norm", "log_sum_exp", "cross_entropy", "multi_query"])
def test_variants_of_several_chunks(variants, emulated, name):
    cascade, _, reference = variants.CASES[name]
    arguments = variants.grown(name, 6)
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    _, package = emulated(cascade.text(*cascade._types(values).values()))
    want = reference(*map(double, arguments))
    np.testing.assert_allclose(package.call(name, *arguments)[0], want, rtol=2e-5, atol=2e-5 * np.abs(want).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["layer_norm", "softmax"])
def test_barriers_that_are_taken_out_are_missed(variants, emulated, name):
    """Each in turn: what is wrong without it is never only a wrong number, but told. Small extents leave some idle."""
    cascade, arguments, reference = variants.CASES[name]
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    _, package = emulated(cascade.text(*cascade._types(values).values()))
    lines, want, races = package.ptx.splitlines(), reference(*map(double, arguments)), 0
    for at in [i for i, line in enumerate(lines) if "bar.sync" in line]:
        package.machine = Machine("\n".join(lines[:at] + lines[at + 1 :]), memory=package.memory)
        try:
            (got,) = package.call(name, *arguments)
        except PtxError:
            races += 1
        else:
            np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * np.abs(want).max())
    assert races >= 2


# -- contractions ---------------------------------------------------------------------------------------

LAYOUTS = {"nt": ("m, k", "n, k"), "nn": ("m, k", "k, n"), "tn": ("k, m", "k, n")}
EXTENTS = [(1, 1, 1), (7, 33, 65), (33, 65, 7), (65, 7, 33), (1, 65, 33), (3, 5, 0)]


def contraction(layout: str, element: str) -> str:
    a, b = (f"!ein.tensor<[{dims}], {element}>" for dims in LAYOUTS[layout])
    total = "f64" if element == "f64" else "i32" if element == "i8" else "f32"
    word = "extsi" if total == "i32" else "extf"
    widen = "" if element == total else f"%c = arith.{word} %a : {element} to {total}\n    %d = arith.{word} %b : {element} to {total}\n    "
    names = "%a, %b" if element == total else "%c, %d"
    return f"""func.func @f(%x: {a}, %w: {b}) -> !ein.tensor<[m, n], {total}> attributes {{ein.entry}} {{
  %y = ein.einsum (%x[{LAYOUTS[layout][0]}], %w[{LAYOUTS[layout][1]}]) -> [m, n] reduce [k: add] : ({a}, {b}) -> !ein.tensor<[m, n], {total}> {{
  ^bb0(%a: {element}, %b: {element}):
    {widen}%p = arith.mul{total[0]} {names} : {total}
    ein.yield %p : {total}
  }}
  return %y : !ein.tensor<[m, n], {total}>
}}"""


@pytest.mark.slow
@pytest.mark.parametrize("element", ["f32", "bf16", "f16", "f64", "i8"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_contractions(emulated, layout, element):
    _, package = emulated(contraction(layout, element))
    for m, n, k in EXTENTS:
        rng = np.random.default_rng(m)
        sizes = {"m": m, "n": n, "k": k}
        x, w = (rng.standard_normal([sizes[d] for d in dims.split(", ")]) for dims in LAYOUTS[layout])
        if element == "i8":
            x, w = (np.round(40 * v).clip(-128, 127).astype(np.int8) for v in (x, w))
        elif element == "bf16":
            x, w = bits(x), bits(w)
        else:
            x, w = (v.astype({"f16": np.float16, "f32": np.float32, "f64": np.float64}[element]) for v in (x, w))
        (got,) = package.call("f", x, w)
        a, b = (plain(v).astype(np.float64) for v in (x, w))
        letters = [dims.replace(", ", "") for dims in LAYOUTS[layout]]
        want, sums = (np.einsum(f"{letters[0]},{letters[1]}->mn", *v) for v in ((a, b), (abs(a), abs(b))))
        bound = 0 if element == "i8" else (k + 2) * (2.0**-52 if element == "f64" else 2.0**-23)
        assert (np.abs(got - want) <= bound * sums).all(), (m, n, k)


# -- what else there is ---------------------------------------------------------------------------------


def compare(emulated, tmp_path, text, cases, exact=True):
    source, package = emulated(text)
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        same(package.call("f", *arrays), expected, exact)


@pytest.mark.slow
@pytest.mark.parametrize("words", ["", "exclusive reverse"])
@pytest.mark.parametrize("layout", test_scan_scatter.LAYOUTS)
@pytest.mark.parametrize("element", ["f32", "i64"])
def test_scans(emulated, tmp_path, layout, words, element):
    cases = []
    for extents in ((1, 1), (5, 63), (7, 33), (0, 4)):
        rng = np.random.default_rng(extents[1])
        cases.append([samples(rng, element, shape, few=True) for shape in (extents, extents[1 if layout == "columns" else 0])])
    compare(emulated, tmp_path, test_scan_scatter.scan(element, test_scan_scatter.LAYOUTS[layout], words), cases)


@pytest.mark.slow
@pytest.mark.parametrize("element, monoid", [("f32", "add"), ("f32", ""), ("f32", "logaddexp"), ("i32", "max"), ("i8", "add"), ("bf16", ""),
                                             ("i1", "or")])
@pytest.mark.parametrize("form", test_scan_scatter.FORMS)
def test_scatter(emulated, tmp_path, form, element, monoid):
    indices, dest, src, using = test_scan_scatter.FORMS[form]
    cases = []
    for n, m in ((1, 1), (7, 33), (0, 3)):
        sizes, rng = {"n": n, "m": m, "37": 37}, np.random.default_rng(n)
        shapes = [[sizes[e] for e in part.split(", ")] for part in (dest, src, using)]
        cases.append([*(samples(rng, element, shape, few=True) for shape in shapes[:2]), rng.integers(-1, n + 1, shapes[2])])
    compare(emulated, tmp_path, test_scan_scatter.scatter(element, monoid, indices, dest, src, using), cases, monoid != "logaddexp")


@pytest.mark.slow
@pytest.mark.parametrize("element", ["f32", "bf16", "i8", "i64"])
def test_sorting(emulated, tmp_path, element):
    rng = np.random.default_rng(3)
    compare(emulated, tmp_path, test_order.program(element, 3), [[samples(rng, element, s, few=True)] for s in ((1, 3, 3), (2, 7, 33))])


@pytest.mark.slow
@pytest.mark.parametrize("name", test_copies.PLAIN)
def test_updates(emulated, tmp_path, name):
    signature, body = test_copies.PLAIN[name]
    text = f"func.func @f{signature} attributes {{ein.entry}} {{\n  {body}\n}}\n"
    cases = [[np.random.default_rng(n + k).random(n, np.float32) for k in range(signature.count("%"))] for n in (0, 1, 33)]
    compare(emulated, tmp_path, text, cases)


@pytest.mark.slow
@pytest.mark.parametrize("name", test_existence.CASES)
def test_missing_points(emulated, tmp_path, name):
    labels, reduce, index, result = test_existence.CASES[name]
    x = test_existence.X
    text = (f"func.func @f(%x: {x}) -> {result} attributes {{ein.entry}} {{\n"
            f"  %y = ein.einsum ({index}) -> {labels} {reduce} : ({x}) -> {result}\n  return %y : {result}\n}}")
    compare(emulated, tmp_path, text, [[np.round(8 * np.random.default_rng(n).standard_normal((n, c))).astype(np.float32)]
                                       for n, c in ((1, 1), (7, 12), (16, 33), (3, 0))])


def test_experts(emulated, tmp_path):
    """Each row reads the matrices of the experts that it chose in place, in one kernel; a number that names none reads zeros."""
    up, a = "!ein.tensor<[3, 40, 24], f32>", "!ein.tensor<[n, 2, 40, 24], f32>"
    down, b = "!ein.tensor<[3, 24, 40], f32>", "!ein.tensor<[n, 2, 24, 40], f32>"
    x, ids, h = "!ein.tensor<[n, 24], f32>", "!ein.tensor<[n, 2], i64>", "!ein.tensor<[n, 2, 40], f32>"
    text = f"""func.func @f(%x: {x}, %ids: {ids}, %up: {up}, %down: {down}) -> {x} attributes {{ein.entry}} {{
  %a = ein.einsum (%ids[i, e] as r, %up[r, j, k]) -> [i, e, j, k] : ({ids}, {up}) -> {a} {{
  ^bb0(%id: i64, %v: f32):
    ein.yield %v : f32
  }}
  %h = ein.einsum (%a[i, e, j, k], %x[i, k]) -> [i, e, j] reduce [k: add] : ({a}, {x}) -> {h}
  %b = ein.einsum (%ids[i, e] as r, %down[r, k, j]) -> [i, e, k, j] : ({ids}, {down}) -> {b} {{
  ^bb0(%id: i64, %v: f32):
    ein.yield %v : f32
  }}
  %y = ein.einsum (%b[i, e, k, j], %h[i, e, j]) -> [i, k] reduce [e: add, j: add] : ({b}, {h}) -> {x}
  return %y : {x}
}}"""
    cases = []
    for rows in (1, 5, 33):
        rng = np.random.default_rng(rows)
        x_, up_, down_ = (rng.integers(-4, 5, shape).astype(np.float32) for shape in ((rows, 24), (3, 40, 24), (3, 24, 40)))
        cases.append([x_, rng.integers(-1, 5, (rows, 2)), up_, down_])
    compare(emulated, tmp_path, text, cases)


#: Those without literal extents that keep an emulator busy.
SHORT = ("banded", "columns_contracted", "columns_then_rows", "coordinates", "narrow_coordinates", "read_by_two", "stored_into", "stored_into_blocks", "two_ranks")


@pytest.mark.slow
@pytest.mark.parametrize("path", [p for p in test_kernel_forms.PROGRAMS if p.stem in SHORT], ids=lambda path: path.stem)
def test_forms_of_kernels(emulated, tmp_path, path):
    text = Path(path).read_text()
    _, package = emulated(text)
    for number, sizes in enumerate((dict(m=1, n=1, t=1, a=1, b=1), dict(m=7, n=33, t=5, a=3, b=13))):
        arrays = test_kernel_forms.arguments(text, sizes, np.random.default_rng(number))
        want = interpret(path, "f", arrays, tmp_path / str(number))
        for here, there in zip(package.call("f", *arrays), want):
            np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(there).max(initial=0)))


CONCAT = """func.func @f(%a: !ein.tensor<[n, 3], f32>, %b: !ein.tensor<[n, m], f32>) -> !ein.tensor<[n, m + 3], f32> attributes {ein.entry} {
  %r = ein.concat %a, %b dim 1 : (!ein.tensor<[n, 3], f32>, !ein.tensor<[n, m], f32>) -> !ein.tensor<[n, m + 3], f32>
  return %r : !ein.tensor<[n, m + 3], f32>
}"""


@pytest.mark.slow
def test_concat(emulated, tmp_path):
    rng = np.random.default_rng(1)
    compare(emulated, tmp_path, CONCAT, [[rng.random((n, 3), np.float32), rng.random((n, m), np.float32)] for n, m in ((1, 1), (7, 65), (3, 0))])


@pytest.mark.slow
def test_rows_of_which_all_is_masked(variants, emulated):
    cascade, _, reference = variants.CASES["ragged"]
    rng = np.random.default_rng(5)
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    arguments = normal(2, 3, 7), normal(9, 7), normal(9, 3), np.array([0, 5]), np.array([0, 4]), 0.37
    values = [cascade._array(p, a) for p, a in zip(cascade._parameters, arguments)]
    _, package = emulated(cascade.text(*cascade._types(values).values()))
    (got,) = package.call("ragged", *arguments)
    np.testing.assert_allclose(got, reference(*map(double, arguments)), rtol=1e-5, atol=2e-6)
    assert (got[0] == 0).all()


WALK_THEN_NORM = '''
import einfall


@einfall.cascade
def f(q: "h n 16", k: "h m 16", v: "h m 16"{inputs}):
    s: n
    t: m
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * 0.25
    w[h, s, t] = where({shown}, w[h, s, t], {hidden})
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    r[h, s, e] = o[h, s, e] * rsqrt(sum[c](o[h, s, c] * o[h, s, c]) + 1e-5)
    return r[h, s, e]
'''


@pytest.mark.slow
@pytest.mark.parametrize("shown, hidden, inputs", [("t <= s", "-1e30", ""), ("ids[s] == keys[t]", "-inf", ', ids: "i64 n", keys: "i64 m"')])
def test_what_a_walk_asks_is_read_by_all_warps(emulated, tmp_path, monkeypatch, shown, hidden, inputs):
    """Whether all has been seen, and between which values ids lie, is read from memory that the next stage takes."""
    (tmp_path / "walk_then_norm.py").write_text(WALK_THEN_NORM.format(shown=shown, hidden=hidden, inputs=inputs))
    monkeypatch.syspath_prepend(str(tmp_path))
    cascade = importlib.reload(importlib.import_module("walk_then_norm")).f
    n, m = 9, 70
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((1, length, 16)).astype(np.float32) for length in (n, m, m))
    more = [np.zeros(n, np.int64), (np.arange(m) >= 64).astype(np.int64)] if inputs else []
    _, package = emulated(cascade.text(*cascade._types([q, k, v, *more]).values()))
    keep = more[0][:, None] == more[1] if inputs else np.arange(m) <= np.arange(n)[:, None]
    w = np.where(keep, np.einsum("hsd,htd->hst", q.astype(np.float64), k) * 0.25, -np.inf)
    p = np.exp(w - w.max(-1, keepdims=True))
    o = np.einsum("hst,hte->hse", p / p.sum(-1, keepdims=True), v)
    want = o / np.sqrt((o * o).sum(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(package.call("f", q, k, v, *more)[0], want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [-3.4028235e38, 3e38, 1e30, 7.8e-39])
def test_scales_near_the_ends_of_f32_before_exp(emulated, scale):
    """One that makes an infinity with 1 / ln 2 would be no number where what it scales is 0."""
    _, package = emulated(SCALED.format(scale=scale))
    hidden = np.array([[0, 1, 0, 0.5]] * 3)
    with np.errstate(over="ignore"):
        want = 1.5 * np.exp(hidden * scale)
    got = package.call("f", to_bf16(np.full(hidden.shape, 1.5)), to_bf16(hidden))[0]
    np.testing.assert_array_equal(widen_bf16(got), want)


SCALED = """
func.func @f(%x: !ein.tensor<[m, n], bf16> {{ein.name = "x"}}, %hidden: !ein.tensor<[m, n], bf16> {{ein.name = "hidden"}})
    -> (!ein.tensor<[m, n], bf16> {{ein.name = "y"}}) attributes {{ein.entry}} {{
  %y = ein.einsum (%x[m, n], %hidden[m, n]) -> [m, n] : (!ein.tensor<[m, n], bf16>, !ein.tensor<[m, n], bf16>) -> !ein.tensor<[m, n], bf16> {{
  ^bb0(%a: bf16, %h: bf16):
    %scale = arith.constant {scale:.10e} : f32
    %w = arith.extf %h : bf16 to f32
    %v = arith.extf %a : bf16 to f32
    %s = arith.mulf %w, %scale : f32
    %e = math.exp %s : f32
    %p = arith.mulf %v, %e : f32
    %o = arith.truncf %p : f32 to bf16
    ein.yield %o : bf16
  }}
  return %y : !ein.tensor<[m, n], bf16>
}}
"""
