"""Attention whose scores and sums stay in fragments, emulated, against numpy in double precision.

Extents are small and mostly odd: chunks end early, blocks have rows that are not there, widths are padded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

import einfall
from test_ptx_products import compiled, numbers, wide


@dataclass
class Attention:
    """softmax over t of a q . k, with what `score` makes of it and where `mask` holds, times v."""

    width: int = 64
    out: int = 64
    mask: str = ""  # in s and t
    window: int = 0  # how far back from s, with a mask
    score: str = ""  # MLIR from %a1 to %a2
    scored: Callable = lambda w, s, t: w  # the same in numpy
    heads: str = "h"  # of q; "h g" where g of them share keys
    keys: str = "t d"
    sums: bool = False  # the result is not divided by its row's sum, which is another result
    extra: bool = False  # a bias [h, t] is added
    sizes: list = field(default_factory=lambda: [(2, 17, 65), (1, 130, 63), (1, 1, 129)])


DISTANCE = """%sd = ein.index "s"
    %td = ein.index "t"
    %si = arith.index_cast %sd : index to i64
    %ti = arith.index_cast %td : index to i64
    %di = arith.subi %si, %ti : i64
    %ai = math.absi %di : i64
    %af = arith.sitofp %ai : i64 to f32
    %slope = arith.constant 0.125 : f32
    %fall = arith.mulf %slope, %af : f32
    %a2 = arith.subf %a1, %fall : f32"""

OFFSET = DISTANCE.replace("%si = arith.index_cast %sd", "%n = ein.extent t\n    %sn = arith.addi %sd, %n : index\n    %si = arith.index_cast %sn")

VARIANTS = {
    "full": Attention(sizes=[(2, 17, 65), (1, 130, 64), (1, 1, 200), (2, 3, 0), (1, 129, 1)]),
    "causal": Attention(mask="sle", sizes=[(1, 130, 130), (2, 65, 65), (1, 3, 200), (1, 140, 17)]),
    "later": Attention(mask="sge", sizes=[(1, 70, 200), (1, 200, 70)]),
    "odd": Attention(width=24, out=40),
    "wide": Attention(width=128, out=128, mask="sle", sizes=[(1, 129, 130)]),
    "narrow": Attention(width=96, out=96, mask="sle", sizes=[(1, 40, 50)]),  # short chunks, where products are fused
    "soft": Attention(score="%c5 = arith.constant 5.0 : f32\n %x = arith.divf %a1, %c5 : f32\n %y = math.tanh %x : f32\n %a2 = arith.mulf %y, %c5 : f32",
                      scored=lambda w, s, t: 5 * np.tanh(w / 5)),
    "window": Attention(mask="sle", window=40, sizes=[(1, 300, 300), (1, 70, 200), (2, 200, 33)]),
    "distance": Attention(score=DISTANCE, scored=lambda w, s, t: w - 0.125 * abs(s - t), sizes=[(1, 130, 200), (2, 17, 65)]),
    "distance_back": Attention(mask="sle", score=DISTANCE, scored=lambda w, s, t: w - 0.125 * abs(s - t), sizes=[(1, 200, 200)]),
    "large": Attention(score="%huge = arith.constant 1.0e+12 : f32\n %a2 = arith.mulf %a1, %huge : f32", scored=lambda w, s, t: w * 1e12),
    "offset": Attention(score=OFFSET, scored=lambda w, s, t: w - 0.125 * abs(s + t.shape[-1] - t), sizes=[(1, 130, 70)]),
    "huge": Attention(score="%huge = arith.constant 3.0e+37 : f32\n %a2 = arith.mulf %a1, %huge : f32", scored=lambda w, s, t: w * 3e37),
    "grouped": Attention(heads="h g", mask="sle"),
    "columns": Attention(keys="d t"),
    "sums": Attention(sums=True),
    "bias": Attention(extra=True),
}
GROUPS = 3


def text(name: str) -> str:
    p = VARIANTS[name]
    q, scores = p.heads.split() + ["s", "d"], p.heads.split() + ["s", "t"]
    rows, out = scores[:-1], scores[:-1] + ["e"]
    literal = {"d": p.width, "e": p.out}
    labels = lambda dims: f"[{', '.join(dims)}]"  # noqa: E731
    kind = lambda dims, e: f"!ein.tensor<[{', '.join(str(literal.get(d, d)) for d in dims)}], {e}>"  # noqa: E731
    k, v = ["h", *p.keys.split()], ["h", "t", "e"]
    masked = f"""    %t0 = ein.index "t"
    %s0 = ein.index "s"
    %in0 = arith.cmpi {p.mask}, %t0, %s0 : index
    %span = arith.constant {p.window or 1 << 40} : index
    %first = arith.subi %s0, %span : index
    %in1 = arith.cmpi sgt, %t0, %first : index
    %in = arith.andi %in0, %in1 : i1
    %none = arith.constant 0xFF800000 : f32
    %a4 = arith.select %in, %a3, %none : f32
""" if p.mask else ""
    bias = kind(["h", "t"], "f32")
    scored = p.score or "%zero = arith.constant 0.0 : f32\n    %a2 = arith.addf %a1, %zero : f32"
    more = "%bias[h, t]" if p.extra else ""
    last = f"""  %y = ein.einsum (%o{labels(out)}) -> {labels(out)} : ({kind(out, "f32")}) -> {kind(out, "bf16")} {{
  ^bb0(%a: f32):
    %n = arith.truncf %a : f32 to bf16
    ein.yield %n : bf16
  }}
  return %y, %l : {kind(out, "bf16")}, {kind(rows, "f32")}
""" if p.sums else f"""  %y = ein.einsum (%o{labels(out)}, %l{labels(rows)}) -> {labels(out)} : ({kind(out, "f32")}, {kind(rows, "f32")}) -> {kind(out, "bf16")} {{
  ^bb0(%a: f32, %b: f32):
    %quotient = arith.divf %a, %b : f32
    %n = arith.truncf %quotient : f32 to bf16
    ein.yield %n : bf16
  }}
  return %y : {kind(out, "bf16")}
"""
    returned = kind(out, "bf16") + ' {ein.name = "y"}' + (", " + kind(rows, "f32") + ' {ein.name = "l"}' if p.sums else "")
    return f"""func.func @{name}(%q: {kind(q, "bf16")} {{ein.name = "q"}}, %k: {kind(k, "bf16")} {{ein.name = "k"}}, %v: {kind(v, "bf16")} {{ein.name = "v"}}{f', %bias: {bias} {{ein.name = "bias"}}' if p.extra else ''}) -> ({returned}) attributes {{ein.entry}} {{
  %w = ein.einsum (%q{labels(q)}, %k{labels(k)}) -> {labels(scores)} reduce [d: add] : ({kind(q, "bf16")}, {kind(k, "bf16")}) -> {kind(scores, "f32")} {{
  ^bb0(%a: bf16, %b: bf16):
    %x = arith.extf %a : bf16 to f32
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %x, %y : f32
    ein.yield %z : f32
  }}
  %w2 = ein.einsum (%w{labels(scores)}{', ' + more if more else ''}) -> {labels(scores)} : ({kind(scores, "f32")}{', ' + bias if more else ''}) -> {kind(scores, "f32")} {{
  ^bb0(%a0: f32{', %b0: f32' if more else ''}):
    %c = arith.constant 0.25 : f32
    %a1 = arith.mulf %a0, %c : f32
    {scored}
    %a3 = arith.addf %a2, {'%b0' if more else '%c'} : f32
{masked}    ein.yield %{'a4' if masked else 'a3'} : f32
  }}
  %m = ein.einsum (%w2{labels(scores[:-1] + ['u'])}) -> {labels(rows)} reduce [u: max] : ({kind(scores, "f32")}) -> {kind(rows, "f32")}
  %p = ein.einsum (%w2{labels(scores)}, %m{labels(rows)}) -> {labels(scores)} : ({kind(scores, "f32")}, {kind(rows, "f32")}) -> {kind(scores, "f32")} {{
  ^bb0(%a: f32, %b: f32):
    %x = arith.subf %a, %b : f32
    %y = math.exp %x : f32
    ein.yield %y : f32
  }}
  %l = ein.einsum (%p{labels(scores)}) -> {labels(rows)} reduce [t: add] : ({kind(scores, "f32")}) -> {kind(rows, "f32")}
  %o = ein.einsum (%p{labels(scores)}, %v{labels(v)}) -> {labels(out)} reduce [t: add] : ({kind(scores, "f32")}, {kind(v, "bf16")}) -> {kind(out, "f32")} {{
  ^bb0(%a: f32, %b: bf16):
    %y = arith.extf %b : bf16 to f32
    %z = arith.mulf %a, %y : f32
    ein.yield %z : f32
  }}
{last}}}
"""


def in_f32(text: str) -> str:
    """The same where what has 16 bits has 32."""
    lines, names = [], {}
    for line in text.replace("bf16", "f32").splitlines():
        if "^bb0" in line or line.strip() == "}":
            names = {}
        if same := re.match(r" *(%\w+) = arith\.(?:extf|truncf) (%\w+) : f32 to f32", line):
            names[same[1]] = same[2]
            continue
        lines.append(re.sub(r"%\w+", lambda name: names.get(name[0], name[0]), line) if names else line)
    return "\n".join(lines) + "\n"


def check(package, name: str, heads: int, rows: int, keys: int, element: str = "bf16"):
    p, rng = VARIANTS[name], np.random.default_rng([heads, rows, keys])
    sizes = {"h": heads, "g": GROUPS, "s": rows, "t": keys, "d": p.width, "e": p.out}
    shape = lambda dims: [sizes[d] for d in dims.split()]  # noqa: E731
    arrays = [numbers(rng, shape(dims), element) for dims in (f"{p.heads} s d", f"h {p.keys}", "h t e")]
    q, k, v = map(wide, arrays)
    own = p.heads.replace(" ", "")
    scores = np.einsum(f"{own}sd,h{p.keys.replace(' ', '')}->{own}st", q, k) * 0.25
    s, t = np.indices((rows, keys))
    scores = p.scored(scores, s, t)
    if p.extra:
        arrays.append(rng.standard_normal((heads, keys)).astype(np.float32))
        scores = scores + arrays[-1][:, None, :]
    if p.mask:
        seen = (t <= s if p.mask == "sle" else t >= s) & (t > s - (p.window or 1 << 40))
        scores = np.where(seen, scores, -np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        if keys:
            weights = np.exp(scores - scores.max(-1, keepdims=True))
        else:
            weights = scores
        total = weights.sum(-1)
        want = np.einsum(f"{own}st,hte->{own}se", weights, v)
        size = np.einsum(f"{own}st,hte->{own}se", weights**2, v**2) ** 0.5
        whole = np.einsum(f"{own}st,hte->{own}se", weights, abs(v))
        if not p.sums:
            want, size, whole = (x / total[..., None] for x in (want, size, whole))
        # Weights rounded to eight bits, the sum's own rounding; of eight such errors none is over.
        allowed = 2.0**-8 * abs(want) + 8 * 2.0**-9 * size + 1e-6 if element == "bf16" else 2e-5 * whole + 1e-6
    results = package.call(name, *arrays)
    got = wide(results[0])
    assert got.shape == want.shape
    same = np.isnan(got) & np.isnan(want)
    assert (same | (abs(got - want) <= allowed)).all(), (name, heads, rows, keys)
    if p.sums:
        assert np.allclose(results[1], total, rtol=1e-5)


FAST = ("full", "causal")


@pytest.mark.parametrize("name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in VARIANTS])
def test_attention(build, tmp_path, name):
    package = compiled(build, tmp_path, [name], "sm_90a", text)
    for sizes in VARIANTS[name].sizes:
        check(package, name, *sizes)
    kernels = [k for k in package.machine.module.kernels.values()]
    assert any(i.name == "mma" for k in kernels for i in k.code)


@pytest.mark.parametrize("name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in VARIANTS])
def test_attention_in_f32(build, tmp_path, name):
    """By fused products; weights pass through the block's memory."""
    package = compiled(build, tmp_path, [name], "sm_90a", lambda name: in_f32(text(name)))
    for sizes in VARIANTS[name].sizes:
        check(package, name, *sizes, element="f32")
    kernels = package.machine.module.kernels.values()
    assert not any(i.name == "mma" for k in kernels for i in k.code)
    assert any(k.threads == 128 for k in kernels)  # half of a block's warps are for fragments


@einfall.cascade
def parted(q: "h m 32", k: "h t 32", v: "h t 32", s: "h t"):
    w[h, i, t] = where(i + 32 >= t, where(s[h, t] == 1, sum[d](q[h, i, d] * k[h, t, d]) * 0.25, -5.0), -inf)
    p[h, i, t] = exp(w[h, i, t] - max[u](w[h, i, u]))
    o[h, i, e] = sum[t](p[h, i, t] * v[h, t, e]) / sum[t](p[h, i, t])
    return o[h, i, e]


def test_what_conditions_read_is_looked_at_by_all_warps(build, tmp_path):
    """A warp passes over the second chunk, in which others have to find that not all of `s` is 1."""
    package = compiled(build, tmp_path, ["parted"], "sm_90a", lambda name: parted.text("bf16", "bf16", "bf16", "i32"))
    rng = np.random.default_rng(7)
    q, k, v = (numbers(rng, [1, 128, 32], "bf16") for _ in range(3))
    s = np.ones((1, 128), np.int32)
    s[:, 64:96] = 0
    got = wide(package.call("parted", q, k, v, s)[0])
    w = np.einsum("hid,htd->hit", wide(q), wide(k)) * 0.25
    w = np.where(s[:, None] == 1, w, -5)
    w = np.where(np.arange(128)[:, None] + 32 >= np.arange(128), w, -np.inf)
    p = np.exp(w - w.max(-1, keepdims=True))
    want = p / p.sum(-1, keepdims=True) @ wide(v)
    assert abs(got - want).max() < 0.02
