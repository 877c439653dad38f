"""einfall.einsum against numpy in float64.

EINFALL_RANDOM_SPECS=5000 makes the recorded run; EINFALL_SEED another one.
"""

import os
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

QUICK = bool(os.environ.get("EINFALL_TEST_QUICK"))
SPECS = int(os.environ.get("EINFALL_RANDOM_SPECS", 60 if QUICK else 200))
SEED = int(os.environ.get("EINFALL_SEED", 0))
LETTERS = "abcdijklxyzABXZ"
EXTENTS = (1, 2, 3, 4, 5, 7, 8, 9, 13, 17)


@pytest.fixture(scope="module")
def einsum(build):
    import einfall

    return einfall.einsum


def random_call(rng: random.Random) -> tuple:
    """Arguments of einsum: a spec with ellipses, repeated labels, broadcast extents; or the sublist form."""
    labels = rng.sample(LETTERS, rng.randint(1, 5))
    budget = 40_000 if rng.random() < 0.9 else 400_000
    while True:
        extent = {label: 0 if rng.random() < 0.02 else rng.choice(EXTENTS) for label in labels}
        hidden = [rng.choice(EXTENTS[:5]) for _ in range(rng.randint(0, 2))]
        if np.prod([max(e, 1) for e in (*extent.values(), *hidden)]) <= budget:
            break
    terms, shapes = [], []
    dotted = False
    for _ in range(rng.choice((1, 1, 2, 2, 2, 2, 3, 4))):
        term = [rng.choice(labels) for _ in range(rng.randint(0, 4))]
        shape = [1 if rng.random() < 0.04 else extent[label] for label in term]
        if hidden and rng.random() < 0.7:
            dotted = True
            at = rng.randint(0, len(term))
            kept = hidden[rng.randint(0, len(hidden)):]
            shape[at:at] = [1 if rng.random() < 0.2 else e for e in kept]
            term.insert(at, "...")
        terms.append(term)
        shapes.append(shape)
    data = np.random.default_rng(rng.getrandbits(32))
    arrays = [data.standard_normal(s) for s in shapes]
    arrays = [a.transpose().copy().transpose() if rng.random() < 0.2 else a for a in arrays]
    used = sorted({label for term in terms for label in term} - {"..."})
    result = None
    if rng.random() < 0.7:
        result = rng.sample(used, rng.randint(0, len(used)))
        if dotted:
            result.insert(rng.randint(0, len(result)), "...")
    if rng.random() < 0.1:
        number = lambda term: [Ellipsis if c == "..." else 26 * c.islower() + ord(c.lower()) - 97 for c in term]  # noqa: E731
        lists = [x for a, term in zip(arrays, terms) for x in (a, number(term))]
        return (*lists, *([number(result)] if result is not None else []))
    spec = ("," + rng.choice(("", " "))).join(map("".join, terms)) + ("" if result is None else "->" + "".join(result))
    return (spec, *arrays)


def describe(call: tuple) -> str:
    return " ".join(str(a.shape) if isinstance(a, np.ndarray) else repr(a) for a in call)


def reads_beyond(call: tuple, want) -> bool:
    """numpy 2 misses the mismatch of 'ii->i' for extents (0, 1) and gives a non-empty view of the empty operand,
    memory that is not its own; 'ii' of the same array it refuses. einfall refuses both."""
    arrays = [a for a in call if isinstance(a, np.ndarray)]
    return len(arrays) == 1 and arrays[0].size == 0 and want.size > 0 and isinstance(want, np.ndarray) and want.base is not None


def check(einsum, call: tuple) -> str | None:
    """What is wrong, or None. The error is measured against the sum of the magnitudes that were added."""
    try:
        want = np.einsum(*call)
        scale = np.einsum(*(np.abs(a) if isinstance(a, np.ndarray) else a for a in call))
    except ValueError as refused:
        try:
            einsum(*call)
        except ValueError:
            return None
        except Exception as e:
            return f"{describe(call)}: {type(e).__name__}: {e}, where numpy says {refused}"
        return f"{describe(call)}: numpy refuses it ({refused})"
    if reads_beyond(call, want):
        try:
            einsum(*call)
        except ValueError:
            return None
        return f"{describe(call)}: not refused"
    try:
        got = einsum(*call)
    except Exception as e:
        return f"{describe(call)}: {type(e).__name__}: {e}"
    if np.shape(got) != np.shape(want) or got.dtype != want.dtype:
        return f"{describe(call)}: shape {np.shape(got)}, expected {np.shape(want)}"
    if not np.all(np.abs(got - want) <= 1e-13 * scale):
        return f"{describe(call)}: error {np.max(np.abs(got - want))}"
    return None


def test_random_specs(einsum):
    rng = random.Random(SEED)
    calls = [random_call(rng) for _ in range(SPECS)]
    with ThreadPoolExecutor(2) as pool:
        wrong = [w for w in pool.map(lambda call: check(einsum, call), calls) if w]
    assert not wrong, f"{len(wrong)} of {SPECS} differ:\n" + "\n".join(wrong[:20])


DTYPES = ["f8", "f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


@pytest.mark.slow
@pytest.mark.parametrize("second", ["f8", "f4", "i4", "u1", "?"])
@pytest.mark.parametrize("first", DTYPES)
def test_types_promote_as_in_numpy(einsum, first, second):
    rng = np.random.default_rng(1)
    a, b = (rng.integers(0, 5, shape).astype(t) for shape, t in (((3, 7), first), ((7, 4), second)))
    got, want = einsum("ij,jk", a, b), np.einsum("ij,jk", a, b)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u4", "u8"])
def test_integers_wrap(einsum, dtype):
    top = np.full(9, np.iinfo(dtype).max, dtype)
    np.testing.assert_array_equal(einsum("i,i->i", top, top), np.einsum("i,i->i", top, top))
    np.testing.assert_array_equal(einsum("i->", top), np.einsum("i->", top))


@pytest.mark.parametrize("call", [
    ("ij,jk", np.ones((2, 2))), ("ij->ii", np.ones((2, 2))), ("i->i", np.ones((2, 2))), ("ij->k", np.ones((2, 2))),
    ("ij,jk", np.ones((2, 3)), np.ones((2, 3))), ("i$", np.ones(2)), ("...i->i", np.ones((2, 2))), ("i->j->i", np.ones(2)),
    ("......i", np.ones(2)), ("..i", np.ones(2)), ("i-", np.ones(2)), ("i",), ("ii", np.ones((2, 3)))])
def test_refused_as_by_numpy(einsum, call):
    for function in (np.einsum, einsum):
        with pytest.raises(ValueError):
            function(*call)


@pytest.mark.parametrize("spec", ["ii->i", "ii"])
@pytest.mark.parametrize("shape", [(0, 1), (0, 3), (1, 0), (1, 3)])
def test_unequal_extents_of_one_label(einsum, spec, shape):
    call = (spec, np.zeros(shape))
    with pytest.raises(ValueError):
        einsum(*call)
    assert check(einsum, call) is None


def test_complex_numbers_are_refused(einsum):
    with pytest.raises(TypeError, match="complex128"):
        einsum("i", np.ones(2, complex))


def test_one_compilation_serves_all_extents(einsum, monkeypatch, tmp_path):
    from einfall import einsums
    from einfall.errors import CacheMissError

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(einsums, "_loaded", {})
    with pytest.raises(CacheMissError):
        einsum("pq,qr", np.ones((2, 3)), np.ones((3, 4)), require_cache_hit=True)
    einsum("pq,qr", np.ones((2, 3)), np.ones((3, 4)))
    einsum("pq,qr", np.ones((31, 5)), np.ones((5, 1)), require_cache_hit=True)
    einsums._loaded.clear()
    np.testing.assert_allclose(einsum("ij,jk->ik", np.ones((65, 7)), np.ones((7, 3)), require_cache_hit=True), 7)
    assert len(list((tmp_path / "einfall").rglob("*.einf"))) == 1


def test_gradients_are_refused_as_by_cascades(einsum):
    import einfall

    torch = pytest.importorskip("torch")
    a, b = torch.randn(3, 4, requires_grad=True), torch.randn(4, 5)
    with pytest.raises(einfall.EinfallError, match=r"einsum: 'x0' requires a gradient, .*torch.no_grad\(\) or pass"):
        einsum("ij,jk", a, b)
    with torch.no_grad():
        torch.testing.assert_close(einsum("ij,jk", a, b), a @ b)
    torch.testing.assert_close(einsum("ij,jk", a.detach(), b), (a @ b).detach())


def test_types_by_any_name(einsum):
    torch = pytest.importorskip("torch")
    x = np.arange(6).reshape(2, 3)
    for dtype in (np.float32, np.dtype("f4"), "float32", "f32", torch.float32, "torch.float32"):
        got = einsum("ij->i", x, dtype=dtype)
        assert got.dtype == np.float32 and list(got) == [3, 12]
    assert einsum("ij->i", x, dtype=float).dtype == np.float64
    assert einsum("ij->i", torch.from_numpy(x), dtype="bf16").dtype == torch.bfloat16
    with pytest.raises(TypeError, match=r"'i8' is int64 to numpy and int8 elsewhere; write one of these names"):
        einsum("ij->i", x, dtype="i8")
    for wrong in ("f33", "float33", object(), torch.complex64, np.complex64):
        with pytest.raises(TypeError, match="expected a dtype of numpy or torch, or one of float64, .*, f64, f32"):
            einsum("ij->i", x, dtype=wrong)
    with pytest.raises(TypeError, match="einsum cannot compute in"):
        einsum("ij->i", x, dtype="float8_e5m2")


def test_out_and_dlpack_keep_the_pointer(einsum):
    torch = pytest.importorskip("torch")
    a, b = torch.randn(16, 32, dtype=torch.float64), torch.randn(32, 16, dtype=torch.float64)
    got = einsum("ij,jk", a, b)
    assert isinstance(got, torch.Tensor)
    torch.testing.assert_close(got, a @ b)
    out = torch.zeros(16, 16, dtype=torch.float64)
    pointer = out.data_ptr()
    assert einsum("ij,jk", a, b, out=out) is out and out.data_ptr() == pointer
    torch.testing.assert_close(out, a @ b)
    out = np.zeros((16, 16))
    assert einsum("ij,jk", a.numpy(), b.numpy(), out=out) is out
    np.testing.assert_allclose(out, a @ b)
