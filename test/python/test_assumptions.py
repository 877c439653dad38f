"""Sizes that a causal LM's entry points assume are checked on every call, with an error that says which."""

import subprocess

import numpy as np
import pytest


@pytest.mark.parametrize("total, message", [(2, "needs t - s >= 0"), pytest.param(9, "needs c - t >= 0", marks=pytest.mark.slow)])
def test_broken_assumption(build, tiny_llama, tmp_path, total, message):
    np.save(tmp_path / "ids.npy", np.array([[0, 5, 6]]))
    np.save(tmp_path / "start.npy", np.array([0]))
    done = subprocess.run([build / "bin" / "einfall-run", tiny_llama, "--entry", "logits",
                           "--input", f"ids={tmp_path}/ids.npy", "--input", f"start={tmp_path}/start.npy",
                           "--param", f"t={total}", "--bound", "b=1", "--bound", "s=8", "--bound", "t=16",
                           "--bound", "c=8"], capture_output=True, text=True)
    assert done.returncode == 1 and message in done.stderr


@pytest.mark.parametrize("assumption, most", [("150 - 2*s", 75), ("151 - 2*s", 75), ("3 - s", 3), ("-1 - 2*s", -1), ("-3 - s", -3),
                                              ("9 + 2*s - 5*s", 3), ("2*s - 150", None), ("9 - s floordiv 2", None)])
def test_the_greatest_value_of_a_symbol(build, tmp_path, assumption, most):
    """A session cannot be opened for more, and is not told to open for what is none."""
    import einfall

    package = einfall.compile(f"""func.func @f(%x: !ein.tensor<[s], f32> {{ein.name = "x"}}) -> (!ein.tensor<[s], f32> {{ein.name = "y"}})
    attributes {{ein.entry, ein.assume = [#ein.extent<{assumption}>]}} {{
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[s], f32>) -> !ein.tensor<[s], f32> {{
  ^bb0(%a: f32):
    %b = arith.addf %a, %a : f32
    ein.yield %b : f32
  }}
  return %y : !ein.tensor<[s], f32>
}}
""", tmp_path / "m.einf")
    if most is None:
        assert "limit.f.s" not in package.metadata
        return
    assert package.metadata["limit.f.s"] == str(most)
    with pytest.raises(einfall.EinfallError) as refused:
        package.session(s=max(most, 0) + 1)
    advice = f"; open the session with s = {most}" if most > 0 else ""
    assert str(refused.value).endswith(f"bound 's' is {max(most, 0) + 1}, but it can be at most {most}{advice}")
    if most > 0:
        np.testing.assert_array_equal(package.f(np.ones(most, np.float32)), np.full(most, 2, np.float32))
    elif most < 0:
        with pytest.raises(ValueError, match=rf"it can be at most {most}$"):
            package.session().f(np.zeros(0, np.float32))
