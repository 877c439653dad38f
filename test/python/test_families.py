"""The imported families, compiled and run: logits of the package against PyTorch in float64.

The importer's own tests check the same models in the reference interpreter; here the whole way is run, from the
checkpoint to machine code, with prompts of different lengths in one batch, odd sizes and a past that earlier calls of
the session left in its state. A family is compiled once.
"""

import sys

import numpy as np
import pytest

from paths import ROOT

sys.path.insert(0, str(ROOT / "test" / "python" / "frontend"))
pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
import families  # noqa: E402

#: (batch, tokens of the call, tokens that are in the state before it)
SIZES = [(1, 1, 0), (2, 7, 0), (5, 65, 0), (2, 7, 5), (1, 1, 30), (3, 9, 20), (4, 1, 63), (2, 33, 31), (3, 17, 1)]
CAPACITY = 80


def in_pieces(session, ids, start, pieces) -> np.ndarray:
    """Logits of the last piece; the pieces before it fill the state."""
    t = 0
    for s in pieces:
        logits = session.logits(ids[:, t:t + s], start, t=t + s)
        t += s
    return logits


def expected_logits(name, model, ids, start, pieces) -> list[np.ndarray]:
    """What each row's last tokens have to be: of the row on its own in one call, as far as the model allows that."""
    if name == "longrope":  # chooses its frequencies by the longest row of each call
        return families.cached_reference(model, ids, start, pieces)
    rows = [list(map(int, ids[i, first:])) for i, first in enumerate(start)]
    return [logits.numpy()[-pieces[-1]:] for logits in families.reference(model, rows)]


@pytest.mark.parametrize("name", families.params())
def test_logits(build, name, tmp_path):
    import einfall

    model = families.make(name)
    model.save_pretrained(tmp_path)
    package = einfall.compile(tmp_path, tmp_path / "m.einf", dtype="f32")
    vocabulary = int(package.metadata["vocab_size"])
    random = np.random.default_rng(len(name))
    session = package.session(b=5, s=65, t=CAPACITY, c=CAPACITY)
    for rows, new, past in SIZES:
        length = past + new
        ids = random.integers(0, vocabulary, (rows, length))
        # Row 0 has no padding; some of the others end their padding inside the past, some inside the new tokens.
        start = np.array([3 * i % length for i in range(rows)])
        for pieces in {(past, new), (1, past - 1, new) if past > 1 else (past, new)}:
            pieces = [p for p in pieces if p]
            session.reset()
            logits = in_pieces(session, ids, start, pieces)
            for i, want in enumerate(expected_logits(name, model, ids, start, pieces)):
                got = logits[i, -len(want):]
                error = np.abs(got - want).max()
                assert error <= 1e-4 * np.abs(want).max(), ((rows, new, past), pieces, i, error)


def test_bert_with_a_padding_mask(build):
    """An encoder: no state, no causal mask; what the mask hides does not change what it shows."""
    from test_modules import Encoder, bert

    import einfall

    net = Encoder(bert())
    b, s = torch.export.Dim("b", min=1), torch.export.Dim("s", min=1, max=64)
    example = tuple(torch.ones(2, 3, dtype=torch.long) for _ in range(3))
    package = einfall.compile(net, args=example, dynamic_shapes={n: {0: b, 1: s} for n in ("ids", "mask", "types")})
    exact = net.double()
    for rows, length in [(1, 1), (2, 7), (3, 30), (5, 64), (4, 17)]:
        random = np.random.default_rng(length)
        ids, types = random.integers(0, 97, (rows, length)), random.integers(0, 2, (rows, length))
        shown = np.maximum(length - 3 * np.arange(rows), 1)
        mask = (np.arange(length) < shown[:, None]).astype(np.int64)
        with torch.no_grad():
            wanted = exact(*map(torch.from_numpy, (ids, mask, types)))
        other = np.where(mask == 1, ids, 96 - ids)
        for tokens in (ids, other):
            for k, (got, want) in enumerate(zip(package(tokens, mask, types), wanted)):
                want = want.numpy()
                if k == 0:
                    got, want = got * mask[..., None], want * mask[..., None]
                np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * np.abs(want).max())
