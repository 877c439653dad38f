"""Programs in which kernels are easily formed wrongly: what is stored into and read, read by two, sliced, packed or walked.

Compiled code against the reference interpreter, in small and in odd sizes.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import differential

PROGRAMS = sorted((Path(__file__).parent / "kernel_forms").glob("*.mlir"))
SIZES = [dict(m=1, n=1, t=1, a=1, b=1), dict(m=70, n=131, t=13, a=9, b=141), dict(m=3, n=300, t=65, a=1, b=7)]


def arguments(text: str, sizes: dict, rng) -> list[np.ndarray]:
    """Random arrays of the types of the arguments; integers are small, as coordinates are."""
    arrays = []
    for extents, element in re.findall(r"%\w+: !ein\.tensor<\[([^\]]*)\], (\w+)>", text.partition("->")[0]):
        shape = [sizes.get(e) or int(e) for e in extents.split(", ")]
        arrays.append(rng.integers(0, 8, shape, np.int32) if element == "i32" else rng.standard_normal(shape).astype(np.float32))
    return arrays


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_compiled_as_interpreted(build, tmp_path, path):
    import einfall

    text = path.read_text()
    package = einfall.compile(text, tmp_path / "m.einf")
    rng = np.random.default_rng(len(path.stem))
    for number, sizes in enumerate(SIZES):
        arrays = arguments(text, sizes, rng)
        got = package.f(*arrays)
        want = differential.interpret(path, "f", arrays, tmp_path / str(number))
        for here, there in zip(got if isinstance(got, (tuple, list)) else [got], want):
            np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(there).max(initial=0)))


def test_many_products_of_one_tensor(build, tmp_path):
    """More of them than the parts of a kernel may be."""
    import einfall

    count = 18
    weights = ", ".join(f"%w{i}: !ein.tensor<[128, 2048], bf16>" for i in range(count))
    results = ", ".join(["!ein.tensor<[m, 128], f32>"] * count)
    lines = [f"""  %y{i} = ein.einsum (%h[i, k], %w{i}[j, k]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 2048], f32>, !ein.tensor<[128, 2048], bf16>) -> !ein.tensor<[m, 128], f32> {{
  ^bb0(%a: f32, %b: bf16):
    %c = arith.extf %b : bf16 to f32
    %d = arith.mulf %a, %c : f32
    ein.yield %d : f32
  }}""" for i in range(count)]
    text = f"""func.func @f(%x: !ein.tensor<[m, 2048], f32>, {weights}) -> ({results}) attributes {{ein.entry}} {{
  %h = ein.einsum (%x[i, k]) -> [i, k] : (!ein.tensor<[m, 2048], f32>) -> !ein.tensor<[m, 2048], f32> {{
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    ein.yield %e : f32
  }}
{chr(10).join(lines)}
  return {", ".join(f"%y{i}" for i in range(count))} : {results}
}}
"""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 2048)).astype(np.float32)
    weights = [differential.bits(rng.standard_normal((128, 2048))) for _ in range(count)]
    got = einfall.compile(text, tmp_path / "m.einf").f(x, *weights)
    for y, w in zip(got, weights):
        want = np.exp(x.astype(np.float64)) @ differential.plain(w).astype(np.float64).T
        np.testing.assert_allclose(y, want, rtol=1e-3, atol=1e-3 * np.abs(want).max())
