"""One package for every length: correct against PyTorch in float64, and the same bytes wherever it is compiled."""

import functools
import os
import sys

import numpy as np
import pytest

from paths import MODEL, ROOT

sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
torch = pytest.importorskip("torch")
T = pytest.importorskip("transformers")

QUICK = bool(os.environ.get("EINFALL_TEST_QUICK"))
PRIMES = [p for p in range(67, 1022) if all(p % d for d in range(2, 32))]
CONTEXT = 1024


def model():
    """Odd head counts and sizes, so that no extent is a multiple of a vector's width."""
    torch.manual_seed(1)
    config = T.LlamaConfig(vocab_size=211, hidden_size=36, intermediate_size=52, num_hidden_layers=2, num_attention_heads=3,
                           num_key_value_heads=1, head_dim=12, max_position_embeddings=CONTEXT, bos_token_id=1, eos_token_id=2,
                           pad_token_id=None)
    net = T.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p) * 0.2 + (p.dim() == 1))
    return net


@pytest.fixture(scope="module")
def net():
    return model()


@pytest.fixture(scope="module")
def package(build, net, tmp_path_factory):
    import einfall

    folder = tmp_path_factory.mktemp("lengths")
    net.save_pretrained(folder)
    return einfall.compile(folder, folder / "m.einf", dtype="f32")


@functools.cache
def text(vocabulary: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, vocabulary, (5, CONTEXT))


@pytest.fixture(scope="module")
def expected(net):
    """Logits of five texts: what a causal model says at a place depends on what is before it only."""
    import copy

    with torch.no_grad():
        return copy.deepcopy(net).double()(input_ids=torch.from_numpy(text(211)), use_cache=False).logits.numpy()


def close(got: np.ndarray, want: np.ndarray, what) -> None:
    error = np.abs(got - want).max()
    assert error <= 1e-4 * np.abs(want).max(), (what, error)


def check(package, expected, session, rows: int, past: int, new: int) -> None:
    """`new` tokens after `past` ones."""
    ids, start = text(211)[:rows, :past + new], np.zeros(rows, np.int64)
    session.reset()
    if past:
        session.logits(ids[:, :past], start, t=past)
    close(session.logits(ids[:, past:], start, t=past + new), expected[:rows, past:past + new], (rows, past, new))


def test_every_length_to_65(package, expected):
    session = package.session(b=5, s=65, t=130, c=130)
    for new in range(1, 66):
        check(package, expected, session, 1 + new % 5, 0, new)
        check(package, expected, session, 1 + (new + 2) % 5, new, 1)
        check(package, expected, session, 1, 65 - new + 1, new)


def test_batches_and_pasts(package, expected):
    session = package.session(b=5, s=64, t=128, c=128)
    for rows in range(1, 6):
        for past, new in ((1, 1), (3, 2), (15, 16), (16, 17), (31, 33), (63, 1), (64, 64), (37, 29)):
            check(package, expected, session, rows, past, new)


@pytest.mark.slow
def test_primes_to_1021(package, expected):
    session = package.session(b=5, s=CONTEXT, t=CONTEXT, c=CONTEXT)
    for k, new in enumerate(PRIMES):
        rows = 1 + k % (5 if new < 300 else 2)
        check(package, expected, session, rows, 0, new)
        past = min(PRIMES[-1 - k], CONTEXT - 1)
        check(package, expected, session, 1, past, min(1 + k % 9, CONTEXT - past))


def test_long_lengths(package, expected):
    """Some of the primes, in every run."""
    session = package.session(b=2, s=CONTEXT, t=CONTEXT, c=CONTEXT)
    for rows, past, new in ((1, 0, 1021), (2, 0, 251), (1, 1021, 1), (2, 509, 3), (1, 127, 131)):
        check(package, expected, session, rows, past, new)


def test_bounds_do_not_change_what_is_computed(package, expected):
    """Larger bounds give another arena, not other bits."""
    ids, start = text(211)[:2, :23], np.zeros(2, np.int64)
    runs = [package.session(b=b, s=s, t=t, c=c).logits(ids, start, t=23)
            for b, s, t, c in ((2, 23, 23, 23), (5, 64, 40, 40), (3, 23, 977, 1021))]
    for run in runs[1:]:
        np.testing.assert_array_equal(run, runs[0])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_what_is_computed(package, expected, threads):
    from einfall import runtime

    before = runtime.set_num_threads(0)
    ids, start = text(211)[:2, :97], np.zeros(2, np.int64)
    runs = []
    try:
        for n in (1, threads):
            runtime.set_num_threads(n)
            runs.append(package.session(b=2, s=97, t=97, c=97).logits(ids, start, t=97))
    finally:
        runtime.set_num_threads(before)
    np.testing.assert_array_equal(runs[0], runs[1])


@pytest.mark.slow
def test_the_same_bytes_everywhere(einfall_command, tmp_path):
    """Two folders, other work before, another working folder and another time: one package."""
    net = model()
    packages = []
    for place in ("a", "somewhere/else"):
        folder = tmp_path / place
        net.save_pretrained(folder)
        done = einfall_command("compile", folder, "-o", folder / "m.einf", "--dtype", "f32", "--target", "x86-64-v3,x86-64-v4",
                               PYTHONHASHSEED=str(len(place)), EINFALL_NUM_THREADS=str(len(packages) + 1))
        assert done.returncode == 0, done.stderr
        packages.append((folder / "m.einf").read_bytes())
        done = einfall_command("generate", folder / "m.einf", "--ids", "1,5,9", "-n", 7, "--json")
        assert done.returncode == 0, done.stderr
        assert (folder / "m.einf").read_bytes() == packages[-1], "running a package changes nothing in it"
    assert packages[0] == packages[1]
    assert str(tmp_path).encode() not in packages[0]


@pytest.mark.slow
def test_the_sample_model_compiles_to_the_same_bytes(einfall_command, tiny_llama, tmp_path):
    done = einfall_command("compile", MODEL, "-o", tmp_path / "again.einf", "--dtype", "f32")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.einf").read_bytes() == tiny_llama.read_bytes()
