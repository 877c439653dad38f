"""Masks are predicates on coordinates: what a walk in chunks skips, what it does not test, and that nobody can tell."""

import importlib
import importlib.util
import os
import re
import subprocess

import numpy as np
import pytest

from paths import BUILD, ROOT

WINDOW = 200


@pytest.fixture(scope="module")
def einfall(build):
    return importlib.import_module("einfall")


def attention(mask: str, inputs: str = ""):
    """The source of an attention whose mask is `mask`, over s and t, in a function `f`."""
    return f'''
@einfall.cascade
def f(q: "h n 16", k: "h m 16", v: "h m 16"{inputs}):
    s: n
    t: m
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * 0.25
    w[h, s, t] = {mask}
    p[h, s, t] = exp(w[h, s, t] - max[u](w[h, s, u]))
    o[h, s, e] = sum[t](p[h, s, t] * v[h, t, e]) / sum[t](p[h, s, t])
    return o[h, s, e]
'''


#: name: (the masked scores, more parameters, their arrays of (h, n, m), the mask in numpy over h, s, t and these arrays)
MASKS = {
    "causal": ("where(t <= s, w[h, s, t], -inf)", "", [], lambda h, s, t: t <= s),
    "hidden": ("where(t > s, -inf, w[h, s, t])", "", [], lambda h, s, t: t <= s),
    "window": ("where(s - WINDOW < t <= s, w[h, s, t], -inf)", "", [], lambda h, s, t: (s - WINDOW < t) & (t <= s)),
    "outside": ("where(t > s or t <= s - WINDOW, -inf, w[h, s, t])", "", [], lambda h, s, t: (s - WINDOW < t) & (t <= s)),
    "blocks": ("where(t // 96 == s // 96, w[h, s, t], -inf)", "", [], lambda h, s, t: t // 96 == s // 96),
    "strided": ("where(t <= s and t // 64 % 3 == 0, w[h, s, t], -inf)", "", [], lambda h, s, t: (t <= s) & (t // 64 % 3 == 0)),
    "prefix": ("where(t <= s or t < 150, w[h, s, t], -inf)", "", [], lambda h, s, t: (t <= s) | (t < 150)),
    "heads": ("where(s - 100 * h < t <= s, w[h, s, t], -inf)", "", [], lambda h, s, t: (s - 100 * h < t) & (t <= s)),
    "bias": ("w[h, s, t] + where(t <= s, 0, -inf)", "", [], lambda h, s, t: t <= s),
    "lengths": ("where(t < length[h], w[h, s, t], -inf)", ', length: "i32 h"', [lambda h, n, m: (1 + m * np.arange(1, h + 1) // (h + 2)).astype(np.int32)],
                lambda h, s, t, length: t < length[h]),
    "documents": ("where(ids[s] == keys[t] and t <= s, w[h, s, t], -inf)", ', ids: "i64 n", keys: "i64 m"',
                  [lambda h, n, m: np.arange(n) // 170, lambda h, n, m: np.arange(m) // 170],
                  lambda h, s, t, ids, keys: (ids[s] == keys[t]) & (t <= s)),
    "shuffled": ("where(ids[s] == keys[t], w[h, s, t], -inf)", ', ids: "i8 n", keys: "i8 m"',
                 [lambda h, n, m: (np.arange(n) * 7 % 3 - 1).astype(np.int8), lambda h, n, m: (np.arange(m) * 5 % 3 - 1).astype(np.int8)],
                 lambda h, s, t, ids, keys: ids[s] == keys[t]),
    "finite": ("where(t <= s, w[h, s, t], -1e30)", "", [], lambda h, s, t: t <= s),
    "finite_bias": ("w[h, s, t] + where(s - WINDOW < t <= s, 0, -3.4028234663852886e38)", "", [], lambda h, s, t: (s - WINDOW < t) & (t <= s)),
    "given": ("where(shown[s, t], w[h, s, t], -inf)", ', shown: "n m"',
              [lambda h, n, m: np.arange(m) // 128 <= np.arange(n)[:, None] // 100], lambda h, s, t, shown: shown[s, t]),
}
#: what `./dev test --quick` runs, and the others
NAMES = [n if n in ("causal", "window", "lengths") else pytest.param(n, marks=pytest.mark.slow) for n in MASKS]
SIZES = [(1, 1, 1), (2, 65, 300), (3, 700, 700), (1, 257, 129), (2, 129, 128)]


def of_source(tmp_path, source, window=WINDOW):
    """The cascade in `source`, from a file: a cascade needs one."""
    path = tmp_path / "cascade.py"
    path.write_text(f"import einfall\nfrom math import inf\nWINDOW = {window}\n" + source)
    spec = importlib.util.spec_from_file_location("cascade", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def cascade_of(tmp_path, name):
    """The cascade `name` of MASKS."""
    mask, inputs, _, _ = MASKS[name]
    return of_source(tmp_path, attention(mask, inputs))


def arguments_of(name, h, n, m, d=16):
    rng = np.random.default_rng(n)
    q, k, v = (rng.standard_normal((h, length, d)).astype(np.float32) for length in (n, m, m))
    return [q, k, v, *(make(h, n, m) for make in MASKS[name][2])]


def reference(name, q, k, v, *more):
    h, s, t = np.ix_(*map(np.arange, (q.shape[0], q.shape[1], k.shape[1])))
    shown = np.broadcast_to(MASKS[name][3](h, s, t, *more), (q.shape[0], q.shape[1], k.shape[1]))
    return attended(shown, q, k, v, -1e30 if name.startswith("finite") else -np.inf)


def attended(shown, q, k, v, hidden=-np.inf):
    """Attention to what is shown, in double precision."""
    w = np.where(shown, np.einsum("hsd,htd->hst", *map(np.float64, (q, k))) * 0.25, hidden)
    p = np.exp(w - w.max(-1, keepdims=True))
    return np.einsum("hst,hte->hse", p / p.sum(-1, keepdims=True), v.astype(np.float64))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_masks(einfall, tmp_path, name):
    """Lengths of several chunks and blocks, rows without any element among them."""
    f = cascade_of(tmp_path, name)
    for size in SIZES:
        arguments = arguments_of(name, *size)
        want = reference(name, *arguments)
        np.testing.assert_allclose(f(*arguments), want, rtol=2e-5, atol=2e-6, err_msg=str(size))


# -- what is visited ------------------------------------------------------------------------------------

ROWS, CHUNK = 64, 64  # coordinates of a block's part of s, and of a chunk of t that may be skipped
#: masks of which intervals tell all there is to know
EXACT = {"causal", "hidden", "window", "outside", "blocks", "bias", "lengths", "given", "finite", "finite_bias"}


def counted(einfall, tmp_path, text, name="f"):
    """A function that calls `name` of `text` with arrays and returns what its kernels counted, summed over them."""
    package = einfall.compile(text, tmp_path / "counted.einf", count_visits=True)

    def call(*arrays, **bounds):
        session = package.session(**bounds)
        before = session.visits()
        getattr(session, name)(*arrays)
        return {key: sum(after[key] - before[kernel][key] for kernel, after in session.visits().items())
                for key in ("chunks", "visited", "unmasked", "masked")}

    return call


def text_of(f, arrays):
    return f.text(*f._types(arrays).values())


def boxes(shown, chunk=CHUNK):
    """For each box of rows and chunk: whether something is shown, and whether all is."""
    some = every = 0
    for head in shown:
        for s in range(0, head.shape[0], ROWS):
            for t in range(0, head.shape[1], chunk):
                part = head[s:s + ROWS, t:t + chunk]
                some += part.any()
                every += part.all()
    return some, every


@pytest.mark.parametrize("name", NAMES)
def test_visits(einfall, tmp_path, name):
    """Chunks that show something are visited, those that show all are not tested: no more, for masks that intervals know."""
    h, n, m = 3, 700, 640
    arrays = arguments_of(name, h, n, m)
    got = counted(einfall, tmp_path, text_of(cascade_of(tmp_path, name), arrays))(*arrays, h=h, n=n, m=m)
    at = np.ix_(*map(np.arange, (h, n, m)))
    some, every = boxes(np.broadcast_to(MASKS[name][3](*at, *arrays[3:]), (h, n, m)))
    assert got["chunks"] == h * -(-n // ROWS) * -(-m // CHUNK)
    assert some <= got["visited"] <= got["chunks"] and got["unmasked"] <= every
    assert got["unmasked"] + got["masked"] == got["visited"]
    if name in EXACT:
        assert (got["visited"], got["unmasked"]) == (some, every)


#: masks by a finite number, of which some rows have no visible element: such a row is the average of all values
UNSEEN = {
    "late": ("where(t < s - 70, w[h, s, t], -1e30)", lambda s, t: t < s - 70),
    "late_bias": ("w[h, s, t] + where(t < s - 70, 0, -3.4028234663852886e38)", lambda s, t: t < s - 70),
    "capped": ("2 * tanh(w[h, s, t] / 2) + where(t < s - 70, 0, -3.4028234663852886e38)", lambda s, t: t < s - 70),
    "every_third": ("where(s // 64 % 3 == 0 and t <= s, w[h, s, t], -1e9)", lambda s, t: (s // 64 % 3 == 0) & (t <= s)),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_finite_masks_of_whole_rows(einfall, tmp_path, name):
    """Only blocks with such a row walk again, and then skip nothing."""
    h, n, m = 2, 330, 410
    mask, meaning = UNSEEN[name]
    arrays = arguments_of("causal", h, n, m)
    shown = np.broadcast_to(meaning(*np.ix_(range(n), range(m))), (h, n, m))
    w = np.einsum("hsd,htd->hst", *map(np.float64, arrays[:2])) * 0.25
    w = np.where(shown, 2 * np.tanh(w / 2) if name == "capped" else w, -1e30)
    p = np.exp(w - w.max(-1, keepdims=True))
    want = np.einsum("hst,hte->hse", p / p.sum(-1, keepdims=True), arrays[2].astype(np.float64))
    f = of_source(tmp_path, attention(mask))
    np.testing.assert_allclose(f(*arrays), want, rtol=2e-5, atol=2e-6)
    got = counted(einfall, tmp_path, text_of(f, arrays))(*arrays, h=h, n=n, m=m)
    blocks, chunks = -(-n // ROWS), -(-m // CHUNK)
    unseen = h * sum(not shown[0, s:s + ROWS].any(-1).all() for s in range(0, n, ROWS))
    assert 0 < unseen < h * blocks
    assert got["chunks"] == (h * blocks + unseen) * chunks
    assert got["visited"] == boxes(shown)[0] + unseen * chunks


@pytest.mark.parametrize("mask", ["exp((w[h, s, t] + where(t <= s, 0, -1e9)) * 1e-8)", "1 / (w[h, s, t] + where(t <= s, 1, 1e30))",
                                  "exp(where(t <= s, w[h, s, t], -1e3))"])
def test_a_mask_near_to_scores_skips_nothing(einfall, tmp_path, mask):
    """What it hides counts."""
    source = f'''
@einfall.cascade
def f(w: "h n m"):
    o[h, s] = sum[t]({mask})
    return o[h, s]
'''
    w = np.random.default_rng(0).random((2, 70, 300)).astype(np.float32)
    f = of_source(tmp_path, source)
    got = counted(einfall, tmp_path, text_of(f, [w]))(w, h=2, n=70, m=300)
    assert got["visited"] == got["chunks"]


REDUCTIONS = {
    "min_of_negative": ("min[t](-x[h, s, t])", "w[h, s, t]", -1e30, lambda x: (-x).min(-1)),
    "min_of_absolute": ("min[t](abs(x[h, s, t]))", "w[h, s, t]", -1e9, lambda x: np.abs(x).min(-1)),
    "max_of_logarithm": ("max[t](-log(-x[h, s, t]))", "-exp(w[h, s, t] + 30)", -1e9, lambda x: (-np.log(-x)).max(-1)),
    "max_of_root": ("max[t](-sqrt(-x[h, s, t]))", "-1e12 - w[h, s, t]", -1e9, lambda x: (-np.sqrt(-x)).max(-1)),
    "sum_of_positive": ("sum[t](max(x[h, s, t], 0))", "w[h, s, t]", -1e9, lambda x: np.maximum(x, 0).sum(-1)),
    "sum_of_exp": ("sum[t](exp(x[h, s, t]))", "w[h, s, t]", -1e30, lambda x: np.exp(x).sum(-1)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("shown", [0, 1, 64, 399])
def test_finite_masks_outside_of_softmax(einfall, tmp_path, name, shown):
    """A finite mask is a number: where it counts, nothing is skipped."""
    reduction, score, hidden, meaning = REDUCTIONS[name]
    source = f'''
@einfall.cascade
def f(q: "h n 16", k: "h m 16", length: "i64 n"):
    s: n
    t: m
    w[h, s, t] = sum[d](q[h, s, d] * k[h, t, d]) * 0.25
    x[h, s, t] = where(t < length[s], {score}, {hidden})
    o[h, s] = {reduction}
    return o[h, s]
'''
    q, k, _ = arguments_of("causal", 2, 70, 400)
    w = np.einsum("hsd,htd->hst", *map(np.float64, (q, k))) * 0.25
    x = {"w": w, "-e": -np.exp(w + 30), "-1": -1e12 - w}[score[:2].rstrip("[")]
    want = meaning(np.where(np.arange(400) < shown, x, hidden))
    np.testing.assert_allclose(of_source(tmp_path, source)(q, k, np.full(70, shown)), want, rtol=2e-5, atol=1e-6)


def random_number(rng, depth):
    """A random integer over coordinates and data, as a cascade and numpy both write it."""
    if depth == 0 or rng.random() < 0.2:
        return str(rng.choice(["s", "t", "h", "length[h]", "ids[s]", "keys[t]", rng.integers(-9, 200)]))
    a, b, k = random_number(rng, depth - 1), random_number(rng, depth - 1), rng.choice([2, 3, 7, 64, 100])
    return str(rng.choice([f"({a} + {b})", f"({a} - {b})", f"({a} * {rng.integers(-3, 4)})", f"({a} // {k})", f"({a} % {k})"]))


def random_mask(rng, depth=2):
    """Two texts of a random condition: for a cascade, and for numpy."""
    kind = rng.choice(["and", "or", "not", "compare"], p=[0.2, 0.2, 0.1, 0.5]) if depth else "compare"
    if kind == "compare":
        text = f"({random_number(rng, 2)} {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {random_number(rng, 2)})"
        return text, text
    a, b = random_mask(rng, depth - 1), random_mask(rng, depth - 1)
    if kind == "not":
        return f"(not {a[0]})", f"~{a[1]}"
    return f"({a[0]} {kind} {b[0]})", f"({a[1]} {'&' if kind == 'and' else '|'} {b[1]})"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid value")
def test_random_masks(einfall, tmp_path):
    """Random conditions: the result is that of numpy, what shows something is visited, what is not tested shows all."""
    seed, cases = int(os.environ.get("EINFALL_SEED", "1")), int(os.environ.get("EINFALL_RANDOM_CASCADES", "12"))
    h, n, m = 2, 200, 330
    for case in range(cases):
        rng = np.random.default_rng([seed, case])
        text, meaning = random_mask(rng)
        hidden = rng.random() < 0.5
        source = attention(f"where({text}, {'-inf, w[h, s, t]' if hidden else 'w[h, s, t], -inf'})",
                           ', length: "i64 h", ids: "i64 n", keys: "i64 m"')
        data = [rng.integers(0, m, h), np.sort(rng.integers(0, 9, n)), rng.integers(-5, 9, m) if case % 2 else np.arange(m) // 40]
        arrays = [*arguments_of("causal", h, n, m), *data]
        at = np.ix_(*map(np.arange, (h, n, m)))
        length, ids, keys = data
        scope = {"h": at[0], "s": at[1], "t": at[2]}
        scope.update(length=Reading(length), ids=Reading(ids), keys=Reading(keys))
        shown = np.broadcast_to(eval(meaning, {}, scope), (h, n, m)) ^ hidden
        package = einfall.compile(text_of(of_source(tmp_path, source), arrays), tmp_path / f"{case}.einf", count_visits=True)
        session = package.session(h=h, n=n, m=m)
        said = f"seed {seed}, case {case}: {'hidden' if hidden else 'shown'} where {text}"
        np.testing.assert_allclose(session.f(*arrays), attended(shown, *arrays[:3]), rtol=2e-5, atol=2e-6, err_msg=said)
        counts = {key: sum(kernel[key] for kernel in session.visits().values()) for key in ("chunks", "visited", "unmasked")}
        guarded = counts["chunks"] == h * -(-n // ROWS) * -(-m // CHUNK)  # else the compiler knows the condition's value
        some, every = boxes(shown, CHUNK if guarded else 2 * CHUNK)
        assert counts["visited"] >= some and counts["unmasked"] <= every, said


class Reading:
    """An array that is read at coordinates of any shape."""

    def __init__(self, array):
        self.array = array

    def __getitem__(self, at):
        return self.array[at]


HEAD = 64


def head(mask: str, inputs: str = "") -> str:
    return attention(mask, inputs).replace("16", str(HEAD)).replace("0.25", "0.125")


def one_head(length):
    return [np.random.default_rng(i).standard_normal((1, length, HEAD)).astype(np.float32) for i in range(3)]


def share(einfall, tmp_path, mask, length, more=(), inputs="", window=WINDOW):
    arrays = [*one_head(length), *more]
    f = of_source(tmp_path, head(mask, inputs), window)
    got = counted(einfall, tmp_path, text_of(f, arrays))(*arrays, h=1, n=length, m=length)
    return got["visited"] / got["chunks"]


def test_share_of_a_causal_mask(einfall, tmp_path):
    """Half, and half a chunk a row of blocks: 0.5 + 1 / (2 * blocks), so 0.55 from 640 tokens on."""
    assert share(einfall, tmp_path, "where(t <= s, w[h, s, t], -inf)", 2048) <= 0.55


def test_share_of_a_window(einfall, tmp_path):
    assert share(einfall, tmp_path, "where(s - WINDOW < t <= s, w[h, s, t], -inf)", 16384, window=1024) <= 0.15


def test_share_of_sorted_documents(einfall, tmp_path):
    """Eight documents of 256 tokens; nobody has said that they are sorted."""
    ids = np.repeat(np.arange(8), 256)
    mask = "where(ids[s] == keys[t] and t <= s, w[h, s, t], -inf)"
    assert share(einfall, tmp_path, mask, 2048, [ids, ids], ', ids: "i64 n", keys: "i64 m"') <= 0.55 / 8 + 0.03


def test_share_of_lengths(einfall, tmp_path):
    """A quarter of the keys is there."""
    mask = "where(t < length[h], w[h, s, t], -inf)"
    assert share(einfall, tmp_path, mask, 2048, [np.array([512])], ', length: "i64 h"') == 0.25


def test_a_profile_tells_visits(einfall, tmp_path):
    """From einfall-run to `einfall explain`."""
    from einfall.explain import explain

    arrays = one_head(256)
    source, package = tmp_path / "f.mlir", tmp_path / "f.einf"
    source.write_text(text_of(of_source(tmp_path, head("where(t <= s, w[h, s, t], -inf)")), arrays))
    einfall.compile(source, package, count_visits=True)
    for name, array in zip("qkv", arrays):
        np.save(tmp_path / f"{name}.npy", array)
    inputs = [word for name in "qkv" for word in ("--input", f"{name}={tmp_path / name}.npy")]
    done = subprocess.run([BUILD / "bin" / "einfall-run", package, "--entry", "f", *inputs, "--repeat", "3", "--profile",
                           "--profile-json", tmp_path / "p.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"(\d+) of \d+ chunks visited", done.stdout)
    report = explain(str(package), params={"h": 1, "n": 256, "m": 256}, profile=str(tmp_path / "p.json"))
    figures = report["entries"][0]["kernels"][0]["figures"]
    assert figures["visits"] == {"chunks": 16, "visited": 10, "unmasked": 6, "masked": 4}


def test_nothing_is_counted_by_default(einfall, tmp_path):
    arrays = one_head(128)
    package = einfall.compile(text_of(of_source(tmp_path, head("where(t <= s, w[h, s, t], -inf)")), arrays))
    session = package.session(h=1, n=128, m=128)
    session.f(*arrays)
    assert session.visits() == {}


@pytest.mark.slow
def test_share_of_an_imported_model(einfall, tmp_path):
    """The mask that transformers builds for a prefill of 1,024 tokens."""
    pytest.importorskip("transformers")
    package = einfall.compile(ROOT / "test" / "models" / "tiny-llama", tmp_path / "m.einf", dtype="f32", count_visits=True)
    length = 1024
    session = package.session(b=1, s=length, t=length, c=length)
    before = session.visits()
    session.logits(np.random.default_rng(0).integers(0, 4096, (1, length)), np.zeros(1, np.int64), t=length)
    after = session.visits()
    got = {key: sum(after[k][key] - before[k][key] for k in after) for key in ("chunks", "visited", "unmasked", "masked")}
    # 6 layers of 4 heads, 16 x 16 boxes: those below the diagonal are not tested.
    assert got == {"chunks": 6144, "visited": 3264, "unmasked": 2880, "masked": 384}
    assert got["visited"] <= 0.55 * got["chunks"]


# -- memory ---------------------------------------------------------------------------------------------

SCORES = {
    "full": "w[h, s, t]",
    "causal": "where(t <= s, w[h, s, t], -inf)",
    "window": "where(s - WINDOW < t <= s, w[h, s, t], -inf)",
    "soft_cap": "30 * tanh(w[h, s, t] / 30)",
}
SIGMOID = f'''
@einfall.cascade
def f(q: "h n {HEAD}", k: "h m {HEAD}", v: "h m {HEAD}"):
    s: n
    t: m
    w[h, s, t] = 1 / (1 + exp(-sum[d](q[h, s, d] * k[h, t, d]) * 0.125))
    o[h, s, e] = sum[t](w[h, s, t] * v[h, t, e])
    return o[h, s, e]
'''


@pytest.mark.parametrize("name", [*SCORES, "sigmoid"])
def test_temporaries_do_not_grow_with_the_square(einfall, tmp_path, name):
    """One head: beside a few numbers a row, what 64k tokens need is what 4k need."""
    source = SIGMOID if name == "sigmoid" else head(SCORES[name])
    package = einfall.compile(text_of(of_source(tmp_path, source, window=1024), one_head(1)))
    short, long = (package.session(h=1, n=length, m=length).arena_bytes for length in (4096, 65536))
    partials = 65536 * 4 * 4
    assert long <= 1.5 * short + partials
