"""Contractions of every element type and layout against double precision (integers exactly), at odd extents.

One package holds them all, for each x86 target; extents are run-time numbers, so tiles of every size, their rests and
masked lanes are met. Each target runs as far as this CPU has it (EINFALL_CPU lowers the report).
"""

import os
import random

import numpy as np
import pytest

import cpus
from differential import compile_text, each_target

torch = pytest.importorskip("torch")

# name -> types of both operands, how each is widened to the type of the sum
TYPES = {
    "f32": ("f32", "f32", None, None, "f32"),
    "f64": ("f64", "f64", None, None, "f64"),
    "bf16": ("bf16", "bf16", "extf", "extf", "f32"),
    "f16": ("f16", "f16", "extf", "extf", "f32"),
    "f32_bf16": ("f32", "bf16", None, "extf", "f32"),
    "s8": ("i8", "i8", "extsi", "extsi", "i32"),
    "u8_s8": ("i8", "i8", "extui", "extsi", "i32"),
    "s8_u8": ("i8", "i8", "extsi", "extui", "i32"),
    "u8": ("i8", "i8", "extui", "extui", "i32"),
    "s16": ("i16", "i16", "extsi", "extsi", "i32"),
    "u16": ("i16", "i16", "extui", "extui", "i32"),
    "i64": ("i64", "i64", None, None, "i64"),
}
# name -> dimensions of both operands and of the result
LAYOUTS = {
    "nt": ("m k", "n k", "m n"),
    "nn": ("m k", "k n", "m n"),
    "tn": ("k m", "k n", "m n"),
    "out": ("m k", "n k", "n m"),
    "batch": ("b m k", "b n k", "b m n"),
    "vector": ("m k", "k", "m"),
}
TARGETS = ["x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-dot", "x86-64-v4-fp16", "x86-64-v4-amx"]
QUICK = bool(os.environ.get("EINFALL_TEST_QUICK"))
TORCH = {"f32": "float32", "f64": "float64", "bf16": "bfloat16", "f16": "float16", "i8": "int8", "i16": "int16",
         "i32": "int32", "i64": "int64"}


# Columns and depth that are known: panels of odd ones, of whole vectors, and sums that are walked in chunks. Known
# rows are cut into tiles of nearly the same size, columns end in fewer vectors.
LITERALS = {"odd": {"n": 37, "k": 45}, "even": {"n": 64, "k": 80}, "deep": {"n": 19, "k": 4098},
            "few": {"m": 17, "n": 69, "k": 21}, "many": {"m": 46, "n": 133, "k": 33},
            # Columns in turn: several sums at once of each, single steps and a rest of them.
            "turns": {"n": 37, "k": 213}, "two": {"m": 2, "n": 37, "k": 213}, "three": {"m": 3, "n": 37, "k": 213},
            "four": {"m": 4, "n": 37, "k": 213}, "five": {"m": 5, "n": 37, "k": 213}}
# So many columns that lanes may run along few rows, at once or by chunks of the sum.
WIDE = {"wide": {"n": 2053, "k": 76}, "widedeep": {"n": 2050, "k": 4100}}
SOME = {"deep": ("nt",), "few": ("nn", "out", "batch"), "many": ("nt", "tn"), "turns": ("nt", "vector"), "two": ("nt", "batch"),
        "three": ("nt",), "four": ("nt", "batch"), "five": ("nt",)}  # layouts, if not all


def entry(layout: str, kind: str, literal: str = "") -> str:
    left, right, widen_left, widen_right, total = TYPES[kind]
    sizes = (LITERALS | WIDE).get(literal, {})
    a, b, c = ([str(sizes.get(d, d)) for d in dims.split()] for dims in LAYOUTS[layout])
    indices = [dims.split() for dims in LAYOUTS[layout]]
    types = [f"!ein.tensor<[{', '.join(d)}], {t}>" for d, t in ((a, left), (b, right), (c, total))]
    lines = [f"func.func @{layout}_{kind}{literal}(%x: {types[0]} {{ein.name = \"x\"}}, %w: {types[1]} {{ein.name = \"w\"}})"
             f" -> ({types[2]} {{ein.name = \"y\"}}) attributes {{ein.entry}} {{",
             f"  %y = ein.einsum (%x[{', '.join(indices[0])}], %w[{', '.join(indices[1])}]) -> [{', '.join(indices[2])}] reduce [k: add]"
             f" : ({types[0]}, {types[1]}) -> {types[2]} {{",
             f"  ^bb0(%a: {left}, %b: {right}):"]
    names = []
    for name, source, widen in (("%a", left, widen_left), ("%b", right, widen_right)):
        if widen:
            lines.append(f"    {name}w = arith.{widen} {name} : {source} to {total}")
        names.append(name + ("w" if widen else ""))
    lines += [f"    %p = arith.mul{'i' if total[0] == 'i' else 'f'} {names[0]}, {names[1]} : {total}",
              f"    ein.yield %p : {total}", "  }", f"  return %y : {types[2]}", "}"]
    return "\n".join(lines)


def layouts(kind: str) -> list[str]:
    """All; in a quick run every layout with some types, and two with each of the others."""
    every = list(LAYOUTS)
    if not QUICK or kind in ("f32", "bf16", "s8"):
        return every
    k = list(TYPES).index(kind)
    return [every[k % len(every)], every[(k + 2) % len(every)]]


def literals(layout: str, kind: str) -> list[str]:
    """In a quick run one, in turn."""
    every = [] if layout == "vector" else [x for x in LITERALS if layout in SOME.get(x, LAYOUTS)]
    return every if not QUICK else every[:1] if len(layout + kind) % 2 else every[1:]


@pytest.fixture(scope="module")
def package(build, tmp_path_factory):
    """For the targets that run here; a full run compiles for all of them."""
    import einfall

    folder = tmp_path_factory.mktemp("contractions")
    (folder / "all.mlir").write_text("\n".join(entry(layout, kind, literal) for kind in TYPES for layout in layouts(kind)
                                               for literal in ("", *literals(layout, kind))))
    einfall.compile(folder / "all.mlir", folder / "all.einf", targets=cpus.here(*TARGETS) if QUICK else TARGETS)
    return folder / "all.einf"


def operand(shape, kind: str, generator) -> "torch.Tensor":
    dtype = getattr(torch, TORCH[kind])
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
    limits = torch.iinfo(dtype) if kind != "i64" else torch.iinfo(torch.int32)
    return torch.randint(limits.min, limits.max + 1, shape, generator=generator, dtype=torch.int64).to(dtype)


def widened(value, widen):
    if value.dtype.is_floating_point:
        return value.double()
    wide = value.long()
    return wide & (2 ** (8 * value.element_size()) - 1) if widen == "extui" else wide


def expected(layout: str, x, w):
    a, b, c = (dims.replace(" ", "") for dims in LAYOUTS[layout])
    if x.dtype.is_floating_point:
        return torch.einsum(f"{a},{b}->{c}", x, w)
    # torch has no integer einsum on the CPU: the products are written out
    every = "bmnk"
    spread = lambda v, dims: v.permute(*sorted(range(len(dims)), key=lambda i: every.index(dims[i]))).reshape(
        [v.shape[dims.index(d)] if d in dims else 1 for d in every])
    total = (spread(x, a) * spread(w, b)).sum(dim=3)
    kept = [d for d in "bmn" if d in c]
    total = total.reshape([total.shape["bmn".index(d)] for d in kept])
    return total.permute(*[kept.index(d) for d in c])


def cases(kind: str, layout: str):
    pick = random.Random(f"{kind} {layout}")
    edges = [dict(m=13, n=19, k=1100, b=1), dict(m=1, n=1, k=1, b=1), dict(m=0, n=3, k=5, b=2), dict(m=3, n=5, k=0, b=2), dict(m=7, n=64, k=128, b=1), dict(m=41, n=17, k=4609, b=1)]
    choices = dict(m=[1, 2, 3, 5, 6, 7, 11, 13, 64, 65, 71], n=[1, 2, 3, 4, 5, 7, 8, 9, 16, 63, 67],
                   k=[1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 97, 131], b=[1, 2, 3])
    return edges + [{name: pick.choice(values) for name, values in choices.items()} for _ in range(12)]


def check(run, layout: str, kind: str, sizes: dict, generator):
    left, right, widen_left, widen_right, total = TYPES[kind]
    a, b, _ = LAYOUTS[layout]
    x = operand([sizes[d] for d in a.split()], left, generator)
    w = operand([sizes[d] for d in b.split()], right, generator)
    wide_x, wide_w = widened(x, widen_left), widened(w, widen_right)
    want = expected(layout, wide_x, wide_w)
    out = torch.full(list(want.shape), 77, dtype=getattr(torch, TORCH[total]))
    run(x, w, out=out)
    if total[0] == "i":
        bits = 2 ** (8 * out.element_size())
        assert total == "i64" and torch.equal(out, want) or bool(((out.long() - want) % bits == 0).all()), (layout, sizes)
        return
    epsilon = 2.0**-52 if total == "f64" else 2.0**-23
    bound = (sizes["k"] + 2) * epsilon * expected(layout, wide_x.abs(), wide_w.abs())
    assert bool(((out.double() - want).abs() <= bound).all()), (layout, sizes)


@pytest.fixture
def generator():
    made = torch.Generator().manual_seed(int.from_bytes(os.urandom(4), "little"))
    print("seed", made.initial_seed())
    return made


@cpus.each(*TARGETS)
@pytest.mark.parametrize("kind", TYPES)
def test_contraction(package, kind, target, generator, monkeypatch):
    import einfall

    monkeypatch.setenv("EINFALL_CPU", target)
    loaded = einfall.load(package)
    for layout in layouts(kind):
        session = loaded.session(m=80, n=80, k=4700, b=4)
        assert session.target == target
        for sizes in cases(kind, layout):
            check(getattr(session, f"{layout}_{kind}"), layout, kind, sizes, generator)


@cpus.each(*TARGETS)
@pytest.mark.parametrize("kind", TYPES)
def test_known_columns_and_depth(package, kind, target, generator, monkeypatch):
    """Rows on both sides of those from which a block packs, of every tile, and of more than one block."""
    import einfall

    monkeypatch.setenv("EINFALL_CPU", target)
    loaded = einfall.load(package)
    for layout in layouts(kind):
        session = loaded.session(m=208, n=140, k=4100, b=4)
        for literal in literals(layout, kind):
            known = LITERALS[literal].get("m")
            every = (7, 35) if literal == "deep" else (0, 1, 7, 8, 9, 13, 25, 31, 32, 33, 96, 97, 107, 203)
            for rows in (known,) if known else every:
                sizes = {"m": rows, "b": 2, **LITERALS[literal]}
                check(getattr(session, f"{layout}_{kind}{literal}"), layout, kind, sizes, generator)


@cpus.each(*TARGETS)
@pytest.mark.parametrize("literal, layout, kinds", [("wide", "nt", ("bf16", "u8_s8", "s16", "f32")),
                                                    ("wide", "batch", ("bf16", "f32")),
                                                    ("widedeep", "nt", ("bf16", "f32"))])
def test_few_rows_of_many_columns(build, tmp_path, target, literal, layout, kinds, generator, monkeypatch):
    """Rows on both sides of a vector, of two, of those that run along lanes and of a block."""
    monkeypatch.setenv("EINFALL_CPU", target)
    _, package = compile_text("\n".join(entry(layout, kind, literal) for kind in kinds), tmp_path, (target,))
    session = package.session(m=700, **({"b": 3} if layout == "batch" else {}))
    assert session.target == target
    deep = WIDE[literal]["k"] > 100
    for kind in kinds:
        for rows in (16, 17, 130) if deep else (0, 1, 7, 8, 12, 15, 16, 17, 31, 32, 33, 48, 49, 62, 127, 128, 129, 529, 642):
            sizes = {"m": rows, "b": 2, **WIDE[literal]}
            check(getattr(session, f"{layout}_{kind}{literal}"), layout, kind, sizes, generator)


@cpus.each(*TARGETS)
def test_what_follows_few_rows(build, tmp_path, target):
    """Sums that lie by rows are turned before what follows reads its own operands."""
    text = """func.func @f(%x: !ein.tensor<[m, 64], bf16>, %w: !ein.tensor<[2057, 64], bf16>, %b: !ein.tensor<[2057], f32>, %r: !ein.tensor<[m, 2057], f32>)
        -> !ein.tensor<[m, 2057], f32> attributes {ein.entry} {
      %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add]
          : (!ein.tensor<[m, 64], bf16>, !ein.tensor<[2057, 64], bf16>) -> !ein.tensor<[m, 2057], f32> {
      ^bb0(%a: bf16, %c: bf16):
        %d = arith.extf %a : bf16 to f32
        %e = arith.extf %c : bf16 to f32
        %g = arith.mulf %d, %e : f32
        ein.yield %g : f32
      }
      %z = ein.einsum (%y[m, n], %b[n], %r[m, n]) -> [m, n]
          : (!ein.tensor<[m, 2057], f32>, !ein.tensor<[2057], f32>, !ein.tensor<[m, 2057], f32>) -> !ein.tensor<[m, 2057], f32> {
      ^bb0(%a: f32, %c: f32, %d: f32):
        %e = arith.addf %a, %c : f32
        %g = arith.mulf %e, %d : f32
        ein.yield %g : f32
      }
      return %z : !ein.tensor<[m, 2057], f32>
    }"""
    _, package = compile_text(text, tmp_path, (target,))
    bits = lambda a: (a.view(np.uint32) >> 16).astype(np.uint16)
    wide = lambda a: (a.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    for m in (5, 9, 16, 37, 128, 150):
        rng = np.random.default_rng()
        x, w = (bits(rng.standard_normal((rows, 64)).astype(np.float32)) for rows in (m, 2057))
        b, r = rng.standard_normal(2057).astype(np.float32), rng.standard_normal((m, 2057)).astype(np.float32)
        want = (wide(x) @ wide(w).T + b.astype(np.float64)) * r.astype(np.float64)
        np.testing.assert_allclose(package.f(x, w, b, r), want, rtol=2e-5, atol=2e-4)


@cpus.each(*TARGETS)
def test_few_rows_of_two_batches(build, tmp_path, target):
    """Sums of a block have no room for more than one of a batch."""
    text = """func.func @f(%x: !ein.tensor<[b, h, m, 64], bf16>, %w: !ein.tensor<[b, h, 2048, 64], bf16>) -> !ein.tensor<[b, h, m, 2048], f32>
        attributes {ein.entry} {
      %y = ein.einsum (%x[b, h, m, k], %w[b, h, n, k]) -> [b, h, m, n] reduce [k: add]
          : (!ein.tensor<[b, h, m, 64], bf16>, !ein.tensor<[b, h, 2048, 64], bf16>) -> !ein.tensor<[b, h, m, 2048], f32> {
      ^bb0(%a: bf16, %c: bf16):
        %d = arith.extf %a : bf16 to f32
        %e = arith.extf %c : bf16 to f32
        %g = arith.mulf %d, %e : f32
        ein.yield %g : f32
      }
      return %y : !ein.tensor<[b, h, m, 2048], f32>
    }"""
    _, package = compile_text(text, tmp_path, (target,))
    for m in (3, 16, 50):
        x, w = (torch.randn(2, 3, rows, 64, dtype=torch.float64).bfloat16() for rows in (m, 2048))
        torch.testing.assert_close(package.f(x, w).double(), x.double() @ w.double().mT, rtol=2e-5, atol=2e-4)


@each_target
def test_two_values_of_one_operand(build, tmp_path, target):
    """Both are packed; tiles of the second do not begin where a panel of the first one does."""
    text = """func.func @f(%x: !ein.tensor<[m, k], f32>, %w: !ein.tensor<[k, n], bf16>) -> !ein.tensor<[m, n], f32> attributes {ein.entry} {
      %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add] : (!ein.tensor<[m, k], f32>, !ein.tensor<[k, n], bf16>) -> !ein.tensor<[m, n], f32> {
      ^bb0(%a: f32, %b: bf16):
        %c = arith.extf %b : bf16 to f32
        %d = math.exp %c : f32
        %e = arith.mulf %a, %c : f32
        %g = arith.mulf %e, %d : f32
        ein.yield %g : f32
      }
      return %y : !ein.tensor<[m, n], f32>
    }"""
    _, package = compile_text(text, tmp_path, (target,))
    for m, k, n in ((9, 33, 17), (17, 5, 31), (70, 9, 50)):
        rng = np.random.default_rng(m)
        x = rng.standard_normal((m, k)).astype(np.float32)
        w = (rng.standard_normal((k, n)).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        wide = (w.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
        np.testing.assert_allclose(package.f(x, w), np.einsum("mk,kn->mn", x.astype(np.float64), wide * np.exp(wide)), rtol=2e-5, atol=2e-4)
