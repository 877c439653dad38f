"""Products by AMX. Where the processor has none, an emulator of its instructions (test/amx) is preloaded into a process of its own
that runs the tests of compiled code again: what would fault on hardware ends that process.
"""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import cascade_variants
import cpus
from differential import compile_text
from paths import BUILD, ROOT
from ptx.floats import to_bf16, widen_bf16
from test_contractions import entry

TARGET = "x86-64-v4-amx"
ATTENTIONS = ["full", "causal", "window", "document", "soft_cap", "sinks", "grouped_query", "latent", "paged", "ragged", "low_rank", "relative_bias"]

#: Those whose products have eight rows and a depth that fills half of a tile, or extents that are known at run time only.
TILED = ATTENTIONS[:6]


def assembly(text: str, tmp_path, target: str = TARGET, *options: str) -> str:
    (tmp_path / "m.mlir").write_text(text)
    command = [BUILD / "bin" / "einfall-compile", tmp_path / "m.mlir", f"--target={target}", "-S", "-o", tmp_path / "m.s", *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (tmp_path / "m.s").read_text()


@pytest.mark.parametrize("kind, product", [("bf16", "tdpbf16ps"), ("s8", "tdpbssd"), ("u8_s8", "tdpbusd"), ("s8_u8", "tdpbsud"), ("f32", None), ("s16", None)])
def test_instructions(build, tmp_path, kind, product):
    """Each kind of product has its instruction; sums of bytes are not corrected for their signs."""
    text = assembly(entry("nt", kind), tmp_path)
    found = {word for word in text.split() if word.startswith("tdp")}
    assert found == ({product} if product else set())
    assert ("tilerelease" in text) == bool(product)
    assert "tdp" not in assembly(entry("nt", kind), tmp_path, "x86-64-v4-dot")


def test_strict_sums_keep_their_order(build, tmp_path):
    assert "tdp" not in assembly(entry("nt", "bf16"), tmp_path, TARGET, "--numerics=strict")


@pytest.mark.parametrize("name", ATTENTIONS)
def test_cascades(build, tmp_path, name):
    """Kernels of several stages, whose rows, columns and depths end anywhere in a tile."""
    cpus.needs(TARGET)
    cascade, arguments, reference = cascade_variants.CASES[name]
    types = ["i64" if np.asarray(a).dtype.kind == "i" else "bf16" if np.asarray(a).ndim else "f32" for a in arguments]
    _, package = compile_text(cascade.text(*types), tmp_path, (TARGET,))
    assert name not in TILED or "tdpbf16ps" in assembly(cascade.text(*types), tmp_path)
    for given in (arguments, cascade_variants.grown(name, 5)):
        cast = {"i64": np.int64, "f32": np.float32}
        given = [to_bf16(np.asarray(a)) if t == "bf16" else cast[t](a) for a, t in zip(given, types)]
        got = getattr(package, name)(*given)
        want = np.asarray(reference(*(widen_bf16(a) if t == "bf16" else a for a, t in zip(given, types))))
        got = widen_bf16(np.asarray(got)) if np.asarray(got).dtype == np.uint16 else np.asarray(got)
        assert (abs(got - want) <= 2.0**-6 * np.abs(want).max()).all()


def strips(rows, keys) -> str:
    """Attention of queries to the keys that are not behind them."""
    q, k = f"!ein.tensor<[3, {rows}, 64], bf16>", f"!ein.tensor<[3, {keys}, 64], bf16>"
    scores, top, out = f"!ein.tensor<[3, {rows}, {keys}], f32>", f"!ein.tensor<[3, {rows}], f32>", f"!ein.tensor<[3, {rows}, 64], f32>"
    return f"""func.func @f(%q: {q}, %k: {k}, %v: {k}) -> {out} attributes {{ein.entry}} {{
      %dots = ein.einsum (%q[h, m, d], %k[h, n, d]) -> [h, m, n] reduce [d: add] : ({q}, {k}) -> {scores} {{
      ^bb0(%a: bf16, %b: bf16):
        %c = arith.extf %a : bf16 to f32
        %d = arith.extf %b : bf16 to f32
        %e = arith.mulf %c, %d : f32
        ein.yield %e : f32
      }}
      %scores = ein.einsum (%dots[h, m, n]) -> [h, m, n] : ({scores}) -> {scores} {{
      ^bb0(%a: f32):
        %m = ein.index "m"
        %n = ein.index "n"
        %seen = arith.cmpi sle, %n, %m : index
        %eighth = arith.constant 0.125 : f32
        %none = arith.constant 0xFF800000 : f32
        %s = arith.mulf %a, %eighth : f32
        %t = arith.select %seen, %s, %none : f32
        ein.yield %t : f32
      }}
      %top = ein.einsum (%scores[h, m, n]) -> [h, m] reduce [n: max] : ({scores}) -> {top}
      %weights = ein.einsum (%scores[h, m, n], %top[h, m]) -> [h, m, n] : ({scores}, {top}) -> {scores} {{
      ^bb0(%a: f32, %b: f32):
        %c = arith.subf %a, %b : f32
        %e = math.exp %c : f32
        ein.yield %e : f32
      }}
      %total = ein.einsum (%weights[h, m, n]) -> [h, m] reduce [n: add] : ({scores}) -> {top}
      %mixed = ein.einsum (%weights[h, m, n], %v[h, n, d]) -> [h, m, d] reduce [n: add] : ({scores}, {k}) -> {out} {{
      ^bb0(%a: f32, %b: bf16):
        %c = arith.extf %b : bf16 to f32
        %e = arith.mulf %a, %c : f32
        ein.yield %e : f32
      }}
      %result = ein.einsum (%mixed[h, m, d], %total[h, m]) -> [h, m, d] : ({out}, {top}) -> {out} {{
      ^bb0(%a: f32, %b: f32):
        %e = arith.divf %a, %b : f32
        ein.yield %e : f32
      }}
      return %result : {out}
    }}"""


@pytest.mark.parametrize("rows, keys", [(1, 300), (33, 31), (257, 700), (1000, 257)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_strips(build, tmp_path, rows, keys, dynamic):
    """Blocks of many rows, whose strips end anywhere in them; chunks end anywhere, too, and strips that lack one pass it over."""
    cpus.needs(TARGET)
    _, package = compile_text(strips(*("MN" if dynamic else (rows, keys))), tmp_path, (TARGET,))
    rng = np.random.default_rng()
    q, k, v = (to_bf16(rng.standard_normal((3, n, 64))) for n in (rows, keys, keys))
    scores = np.einsum("hmd,hnd->hmn", *(widen_bf16(x).astype(np.float64) for x in (q, k))) / 8
    scores[:, np.arange(rows)[:, None] < np.arange(keys)[None]] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    want = np.einsum("hmn,hnd->hmd", weights / weights.sum(axis=-1, keepdims=True), widen_bf16(v))
    assert (abs(package.f(q, k, v) - want) <= 2.0**-6 * np.abs(want).max()).all()


@pytest.mark.parametrize("rows, columns", [(9, 600), (40, 600), (9, 40), (40, 40)])
@pytest.mark.parametrize("order", ["a k", "k a"])
def test_two_sums(build, tmp_path, rows, columns, order):
    """Of two reduced ranks the last one is the depth; of the other the number is known at run time. Factors lie as they are, or one of them
    has no such rank."""
    cpus.needs(TARGET)
    for left in ("m a k", "m k"):
        sizes = {"m": rows, "n": columns, "k": 66, "a": "a"}
        types = ["!ein.tensor<[" + ", ".join(str(sizes[d]) for d in dims.split()) + f"], {element}>"
                 for dims, element in ((left, "bf16"), ("n a k", "bf16"), ("m n", "f32"))]
        first, second = order.split()
        text = f"""func.func @f(%x: {types[0]}, %w: {types[1]}) -> {types[2]} attributes {{ein.entry}} {{
          %y = ein.einsum (%x[{left.replace(" ", ", ")}], %w[n, a, k]) -> [m, n] reduce [{first}: add, {second}: add] : ({types[0]}, {types[1]}) -> {types[2]} {{
          ^bb0(%a: bf16, %b: bf16):
            %c = arith.extf %a : bf16 to f32
            %d = arith.extf %b : bf16 to f32
            %e = arith.mulf %c, %d : f32
            ein.yield %e : f32
          }}
          return %y : {types[2]}
        }}"""
        _, package = compile_text(text, tmp_path, (TARGET,))
        for a in (1, 5):
            rng = np.random.default_rng()
            x = to_bf16(rng.standard_normal((rows, a, 66) if "a" in left else (rows, 66)))
            w = to_bf16(rng.standard_normal((columns, a, 66)))
            want = np.einsum(f"{left.replace(' ', '')},nak->mn", widen_bf16(x).astype(np.float64), widen_bf16(w).astype(np.float64))
            np.testing.assert_allclose(package.f(x, w), want, rtol=1e-4, atol=1e-3)


@pytest.mark.long
def test_on_the_emulator(build):
    """Where the processor has AMX, the tests run on it already."""
    if cpus.is_emulated() or not cpus.lacks(TARGET):
        pytest.skip("the instructions are there")
    if reason := cpus.lacks("x86-64-v4-dot"):
        pytest.skip(reason)
    files = [ROOT / "test" / "python" / f"test_{name}.py" for name in ("amx", "contractions", "panels")]
    kinds = "test_cascades or test_two_sums or test_panels or (amx and (bf16 or u8 or s8 or s16 or few_rows)) and not f32_bf16"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *map(str, files), "-k", kinds]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LD_PRELOAD": str(cpus.EMULATOR), "AMX_EMULATOR_REPORTS": "1"})
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout[-1000:]
    assert int(re.findall(r"AMX emulator: (\d+) instructions", done.stderr)[-1]) > 100_000, done.stderr[-1000:]
