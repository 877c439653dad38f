"""Every family, at several batch, sequence and past lengths, against transformers in float64."""

import numpy as np
import pytest
import torch

import families
from evaluate import Evaluator

SHAPES = [(1, 1, 0), (2, 7, 5), (1, 1, 30), (3, 9, 20)]


@pytest.fixture(scope="module", params=families.params())
def imported(request):
    it = families.imported(request.param)
    return it.model, it.functions, it.metadata, it.weights


def empty_states(metadata, b, c):
    return {s["name"]: np.full([b, s["heads"], c, s["size"]], np.nan) for s in metadata["states"]}


def call(f, metadata, ids, start, t, states, weights, mode="f64"):
    """(first result, new states) of one entry point."""
    b, s = ids.shape
    c = next(iter(states.values())).shape[2]
    out = Evaluator(mode).run(f, {"ids": ids, "start": start, **states, **weights}, {"b": b, "s": s, "t": t, "c": c})
    return out[0], dict(zip(states, out[1:]))


@pytest.mark.parametrize("b,s,past", SHAPES)
def test_logits(imported, b, s, past):
    model, functions, metadata, weights = imported
    rng = np.random.default_rng(b * 100 + s * 10 + past)
    total = past + s
    start = np.array([0, 3, past // 2 + 1][:b]) if total > 6 else np.zeros(b, int)
    ids = rng.integers(0, 97, [b, total])
    states = empty_states(metadata, b, total + 3)
    if past:
        _, states = call(functions["logits"], metadata, ids[:, :past], start, past, states, weights)
    got, states = call(functions["logits"], metadata, ids[:, past:], start, total, states, weights)
    last, _ = call(functions["next"], metadata, ids[:, past:], start, total, states, weights)
    nll, _ = call(functions["nll"], metadata, ids[:, past:], start, total, states, weights)
    for i, expected in enumerate(families.reference(model, [list(ids[i, start[i]:]) for i in range(b)])):
        scale = expected.abs().max().item()
        first = max(start[i] - past, 0)
        np.testing.assert_allclose(got[i, first:], expected[max(past - start[i], 0):], atol=1e-4 * scale, rtol=0)
        np.testing.assert_allclose(last[i], expected[-1], atol=1e-4 * scale, rtol=0)
        loss = torch.nn.functional.cross_entropy(
            torch.from_numpy(got[i, first:-1].copy()), torch.from_numpy(ids[i, past + first + 1:]), reduction="none")
        np.testing.assert_allclose(nll[i, first:], loss, atol=1e-6)
    assert np.isfinite(got).all()


def test_declared_types(imported):
    """The same in f32 arithmetic as the cascade declares it."""
    model, functions, metadata, weights = imported
    ids = np.random.default_rng(1).integers(0, 97, [2, 12])
    got, _ = call(functions["logits"], metadata, ids, np.array([0, 4]), 12, empty_states(metadata, 2, 12), weights, "declared")
    for i, expected in enumerate(families.reference(model, [list(ids[0]), list(ids[1, 4:])])):
        np.testing.assert_allclose(got[i, [0, 4][i]:], expected, atol=1e-4 * expected.abs().max().item(), rtol=0)
