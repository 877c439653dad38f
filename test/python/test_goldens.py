"""The compiled sample model against transformers in float64 (golden.json, golden.safetensors)."""

import json

import numpy as np
import pytest

from paths import MODEL

CASES = json.loads((MODEL / "golden.json").read_text())["cases"]
NEW = 48


@pytest.fixture(scope="module")
def package(tiny_llama):
    import einfall

    return einfall.load(tiny_llama)


def generated(einfall_command, package, cases):
    ids = [part for case in cases for part in ("--ids", ",".join(map(str, case["input_ids"])))]
    done = einfall_command("generate", package, *ids, "-n", NEW, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["ids"]


@pytest.mark.parametrize("case", CASES, ids=[c["prompt"] for c in CASES])
def test_greedy_ids(einfall_command, tiny_llama, case):
    [got] = generated(einfall_command, tiny_llama, [case])
    assert got == case["output_ids"][len(case["input_ids"]):]


def test_greedy_ids_as_one_batch(einfall_command, tiny_llama):
    got = generated(einfall_command, tiny_llama, CASES)
    assert got == [case["output_ids"][len(case["input_ids"]):] for case in CASES]


@pytest.mark.parametrize("k", range(len(CASES)), ids=[c["prompt"] for c in CASES])
def test_logits(package, k):
    want = pytest.importorskip("safetensors.numpy").load_file(MODEL / "golden.safetensors")[f"logits_{k}"]
    ids = np.array([CASES[k]["input_ids"]])
    n = ids.shape[1]
    got = package.session(b=1, s=n, c=n, t=n).logits(ids, np.zeros(1, np.int64), t=n)
    np.testing.assert_allclose(got[0], want, rtol=0, atol=1e-4)


def test_logits_in_pieces(package):
    """The past of a call is what the calls before it left in the session."""
    ids = np.array([CASES[0]["output_ids"][:23]])
    start = np.zeros(1, np.int64)
    whole = package.session(b=1, s=23, c=23, t=23).logits(ids, start, t=23)
    session = package.session(b=1, s=9, c=64, t=64)
    parts = [session.logits(ids[:, a:b], start, t=b) for a, b in ((0, 9), (9, 10), (10, 17), (17, 23))]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_validation_loss(einfall_command, tiny_llama):
    done = einfall_command("score", tiny_llama, "--ids", MODEL / "val_ids.npy", "--window", 512, "--json")
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert (got["windows"], got["dropped"]) == (82, 30)
    assert abs(got["nll"] - 3.220938) < 1e-4
    assert abs(got["perplexity"] - np.exp(got["nll"])) < 1e-6
