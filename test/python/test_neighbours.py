"""Tensors of a kernel read near by or along ranks that were walked, at sizes within and beyond blocks, chunks and halos."""

import importlib

import numpy as np
import pytest

NAMES = ["chain", "two", "before", "longer", "norm", "soft", "conv", "attn", "twice", "rotate", "walked", "scores",
         "fewer_ranks"]
SIZES = [dict(n=4, m=1, k=1, e=2, r=78, f=9, d=3, l=2), dict(n=65, m=3, k=70, e=4, r=147, f=1, d=5, l=7), dict(n=130, m=130, k=3, e=131, r=5, f=65, d=9, l=33),
         dict(n=300, m=300, k=70, e=71, r=377, f=9, d=7, l=5), dict(n=1100, m=1100, k=33, e=8, r=130, f=3, d=4, l=6)]


@pytest.fixture(scope="module")
def cases(build):
    return importlib.import_module("cascade_neighbours").CASES


@pytest.mark.parametrize("name", NAMES)
def test_neighbours(cases, name):
    cascade, shapes, reference = cases[name]
    for sizes in SIZES:
        rng = np.random.default_rng(len(name))
        arguments = [rng.standard_normal([sizes.get(s) or int(s) for s in shape.split()]).astype(np.float32) / 2 for shape in shapes]
        got, want = cascade(*arguments), reference(*(a.astype(np.float64) for a in arguments))
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-5 * max(1, np.abs(want).max()), err_msg=str(sizes))


def test_all_are_run(cases):
    assert sorted(NAMES) == sorted(cases)
