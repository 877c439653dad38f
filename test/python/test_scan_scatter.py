"""Scans, scatters and updates, compiled, against the interpreter."""

import numpy as np
import pytest

from differential import compile_text, each_target, interpret_each, samples, same

BODY = {"f": "arith.mulf %xe, %half : T\n    %n = arith.addf %m, %s : T", "i": "arith.muli %xe, %half : T\n    %n = arith.addi %m, %s : T"}
EXTENTS = [(1, 1), (5, 63), (17, 65), (0, 4), (4, 0)]


def scan(element: str, indices: str, words: str) -> str:
    two = "0.5" if element[0] != "i" else "3"
    x, h = f"!ein.tensor<[p, q], {element}>", f"!ein.tensor<[{'q' if 'over t -> [t, b]' in indices else 'p'}], {element}>"
    body = BODY["i" if element[0] == "i" else "f"].replace("T", element)
    return f"""func.func @f(%x: {x}, %h: {h}) -> {x} attributes {{ein.entry}} {{
      %c = ein.scan ({indices} {words} : ({x}, {h}) -> {x} {{
      ^bb0(%xe: {element}, %h0: {element}, %s: {element}):
        %half = arith.constant {two} : {element}
        %m = {body}
        ein.yield %n : {element}
      }}
      return %c : {x}
    }}"""


LAYOUTS = {"rows": "%x[b, t], %h[b]) over t -> [b, t]", "columns": "%x[t, b], %h[b]) over t -> [t, b]"}


@pytest.mark.parametrize("words", ["", "exclusive", "reverse", "exclusive reverse"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_scans(build, tmp_path, layout, words):
    elements = ["f32", "f64", "i32", "i8"] if words != "exclusive" else ["f32", "i64", "i16"]
    for element in elements:
        source, package = compile_text(scan(element, LAYOUTS[layout], words), tmp_path)
        cases = []
        for extents in EXTENTS:
            rng = np.random.default_rng(extents[1])
            cases.append([samples(rng, element, shape, few=True) for shape in (extents, extents[1 if layout == "columns" else 0])])
        for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / element)):
            same(package.f(*arrays), expected)


V, M = "!ein.tensor<[n], f32>", "!ein.tensor<[n, c], f32>"
STEP = """{
      ^bb0(ARGS%s: f32):
        %n = arith.addf %xe, %s : f32
        ein.yield %n : f32
      }"""
SCANS = {
    # Steps and initial states that do not exist; windows; gathered steps.
    "shifted": (f"%x: {M}, %h: {V}", f"ein.scan (%x[t - 2, b + 1], %h[b + 3]) over t -> [t, b] : ({M}, {V}) -> {M}", "%xe: f32, %h0: f32, "),
    "gathered": (f"%i: !ein.tensor<[n, c], i32>, %x: {M}, %h: {V}",
                 f"ein.scan (%i[t, b] as r, %x[r, b], %h[0 * b]) over t -> [t, b] reverse : (!ein.tensor<[n, c], i32>, {M}, {V}) -> {M}",
                 "%ie: i32, %xe: f32, %h0: f32, "),
    "scalar_state": (f"%x: {V}, %h: !ein.tensor<[], f32>", f"ein.scan (%x[t], %h[]) over t -> [t] : ({V}, !ein.tensor<[], f32>) -> {V}", "%xe: f32, %h0: f32, "),
}


@pytest.mark.parametrize("name", SCANS)
@each_target
def test_scan_existence(build, tmp_path, name, target):
    signature, op, args = SCANS[name]
    result = op.rsplit("-> ", 1)[1]
    text = f"func.func @f({signature}) -> {result} attributes {{ein.entry}} {{\n  %y = {op} {STEP.replace('ARGS', args)}\n  return %y : {result}\n}}"
    source, package = compile_text(text, tmp_path, (target,))
    cases = []
    for n, c in ((1, 1), (5, 3), (7, 33), (33, 64)):
        rng = np.random.default_rng(n)
        cases.append(arrays := [])
        for part in signature.split("%")[1:]:
            shape = [{"n": n, "c": c}[s] for s in part.split("[")[1].split("]")[0].split(", ") if s]
            integer = "i32" in part
            arrays.append(rng.integers(-2, n + 2, shape, np.int32) if integer else samples(rng, "f32", shape, few=True))
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        same(package.f(*arrays), expected)


def scatter(element: str, monoid: str, indices: str, dest: str, source: str, using: str, coordinate="i64") -> str:
    d, s, i = f"!ein.tensor<[{dest}], {element}>", f"!ein.tensor<[{source}], {element}>", f"!ein.tensor<[{using}], {coordinate}>"
    return (f"func.func @f(%d: {d}, %s: {s}, %i: {i}) -> {d} attributes {{ein.entry}} {{\n"
            f"  %r = ein.scatter {indices} {monoid} : {d}, {s} ({i})\n  return %r : {d}\n}}")


FORMS = {
    "rows": ("%d[r, c] = %s[m, c] using (%i[m] as r)", "n, 37", "m, 37", "m"),
    "elements": ("%d[r] = %s[m] using (%i[m] as r)", "n", "m", "m"),
    "columns": ("%d[c, r + 1] = %s[m, c] using (%i[m] as r)", "37, n", "m, 37", "m"),
    "each": ("%d[r, c - 1] = %s[m, c] using (%i[m, c] as r)", "n, 37", "m, 37", "m, 37"),
}
MONOIDS = {"f32": ["", "add", "mul", "max", "min", "logaddexp"], "i32": ["", "add", "mul", "max", "min", "or", "and"],
           "i8": ["add"], "i64": ["max"], "f64": ["add"], "i1": ["or", ""], "bf16": [""], "f16": [""]}


IN_A_QUICK_RUN = {("f32", "add"), ("f32", ""), ("f32", "max"), ("i32", "add"), ("i1", "or")}


@pytest.mark.parametrize("element, monoid", [
    pytest.param(e, m, marks=[] if (e, m) in IN_A_QUICK_RUN else pytest.mark.slow) for e, monoids in MONOIDS.items() for m in monoids])
@pytest.mark.parametrize("form", FORMS)
def test_scatter(build, tmp_path, form, element, monoid):
    from einfall import runtime

    indices, dest, src, using = FORMS[form]
    coordinate = {"f32": "i64", "i32": "i32", "i8": "i8"}.get(element, "i64")
    source, package = compile_text(scatter(element, monoid, indices, dest, src, using, coordinate), tmp_path)
    cases = []
    for n, m in ((1, 1), (67, 33), (3, 0), (0, 3)):
        sizes = {"n": n, "m": m, "37": 37}
        rng = np.random.default_rng(n)
        shapes = [[sizes[e] for e in part.split(", ")] for part in (dest, src, using)]
        d, s = (samples(rng, element, shape, few=True) for shape in shapes[:2])
        cases.append([d, s, rng.integers(-1, n + 1, shapes[2]).astype(coordinate.replace("i", "int"))])
    threads = runtime.set_num_threads(0)
    try:
        for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
            for count in (1, 3):
                runtime.set_num_threads(count)
                same(package.f(*arrays), expected, exact=monoid != "logaddexp")
    finally:
        runtime.set_num_threads(threads)


UPDATES = {
    "shifted": ("%d[i + 2, j - 1]", "n, c", "n, c"),
    "reversed": ("%d[n - 1 - i, j]", "n, c", "n, c"),
    "strided": ("%d[2 * i + 1, j]", "n, c", "n, c"),
    "transposed": ("%d[j, i]", "c, n", "n, c"),
    "flattened": ("%d[16 * i + j]", "n", "n, 16"),
    "flattened_overlapping": ("%d[15 * i + j]", "n", "n, 16"),
    "halved": ("%d[i floordiv 2, j]", "n, c", "n, c"),
    "one_row": ("%d[1, j]", "n, c", "n, c"),
    "one_element": ("%d[0]", "n", "n, c"),
    "wrapped": ("%d[i mod 3, j]", "n, c", "n, c"),
}


@pytest.mark.parametrize("name", UPDATES)
@each_target
def test_updates(build, tmp_path, name, target):
    indices, dest, src = UPDATES[name]
    d, s = f"!ein.tensor<[{dest}], f32>", f"!ein.tensor<[{src}], f32>"
    # The source is computed, so that where sources stay apart one kernel does both.
    text = f"""func.func @f(%d: {d}, %s: {s}) -> {d} attributes {{ein.entry}} {{
      %t = ein.einsum (%s[i, j]) -> [i, j] : ({s}) -> {s} {{
      ^bb0(%a: f32):
        %b = arith.addf %a, %a : f32
        ein.yield %b : f32
      }}
      %r = ein.update {indices} = %t[i, j] : {d}, {s}
      return %r : {d}
    }}"""
    source, package = compile_text(text, tmp_path, (target,))
    cases = []
    for n, c in ((1, 1), (5, 33), (64, 63)):
        rng = np.random.default_rng(n)
        sizes = {"n": n, "c": c, "16": 16}
        cases.append([samples(rng, "f32", [sizes[e] for e in part.split(", ")]) for part in (dest, src)])
    for arrays, expected in zip(cases, interpret_each(source, "f", cases, tmp_path / "io")):
        same(package.f(*arrays), expected)
