"""How well a language model predicts a text."""

import json
import math

import numpy as np

from .errors import EinfallError
from .progress import Progress


def window_nll(package, ids: np.ndarray, window: int, progress: Progress | None = None) -> tuple[float, int]:
    """(mean negative log-likelihood in nats, windows) over the full windows of `ids`.

    Each window is read from position 0; its first `window - 1` tokens predict the others.
    """
    count = len(ids) // window
    session = package.session(b=1, s=window, c=window, t=window)
    start, total = np.zeros(1, np.int64), 0.0
    for k in range(count):
        if progress:
            progress.step(f"window {k + 1} of {count}")
        nll = session.nll(ids[None, k * window : (k + 1) * window], start, t=window)
        total += float(np.sum(nll, dtype=np.float64))
    return total / (count * (window - 1)), count


def score(file: str, ids_file: str, window: int, *, as_json: bool = False, quiet: bool = False) -> int:
    """The command `einfall score`."""
    from .runtime import load

    package = load(file)
    if "nll" not in package.entries:
        raise EinfallError(f"{file} has no entry nll: it is no language model")
    try:
        ids = np.load(ids_file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as e:
        raise EinfallError(f"cannot read {ids_file}: {e}") from None
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise EinfallError(f"{ids_file}: expected one dimension of integers, but got {ids.ndim} of {ids.dtype}")
    if window < 2:
        raise EinfallError(f"--window must be at least 2, but is {window}")
    if len(ids) < window:
        raise EinfallError(f"{ids_file} has {len(ids)} ids, fewer than a window of {window}")
    with Progress(len(ids) // window, quiet) as progress:
        nll, count = window_nll(package, ids.astype(np.int64), window, progress)
    dropped = len(ids) - count * window
    perplexity = math.exp(nll)
    if as_json:
        print(json.dumps({"nll": nll, "perplexity": perplexity, "windows": count, "window": window, "dropped": dropped}))
        return 0
    print(f"mean negative log-likelihood {nll:.6f}, perplexity {perplexity:.4f}")
    print(f"{count} windows of {window} tokens" + (f"; the last {dropped} tokens fill no window and are left out" if dropped else ""))
    return 0
