"""Sizes other than those that a module was traced with: right, or refused before anything runs.

Starts and indices that sizes give, counted from the end; branches on a size, views that have to divide it, `Dim(min=, max=)`.
"""

import einfall
import pytest

torch = pytest.importorskip("torch")
Dim = torch.export.Dim

#: what is computed of `w` [200, 4] and `x` [n, 4], traced with n = 6, and the sizes that have to be right
FORMS = {
    "last": (lambda w, x: w[-x.shape[0] :], (1, 2, 17, 200)),
    "one_from_the_end": (lambda w, x: w[-x.shape[0]] + 0, (1, 2, 17, 200)),
    "before_the_last": (lambda w, x: w[-x.shape[0] : -1], (2, 17)),
    "twice_from_the_end": (lambda w, x: w[-2 * x.shape[0] : -x.shape[0]], (1, 2, 17)),
    "half_from_the_end": (lambda w, x: x[-(x.shape[0] // 2) :], (2, 3, 17)),
    "rounded_from_the_end": (lambda w, x: x[-x.shape[0] // 2] + 0, (1, 2, 3, 17)),
    "select_scatter": (lambda w, x: torch.select_scatter(x, x[0] * 2, 0, -x.shape[0] // 2), (1, 2, 3, 17)),
    "scatter_in_few": (lambda w, x: torch.slice_scatter(x, w[:3], 0, 1, 4), (4, 5, 17)),
    "neighbours": (lambda w, x: x[1:] - x[:-1], (1, 2, 3, 17)),
    "shifted": (lambda w, x: x[1:] @ x[1:].t(), (1, 2, 3, 17)),
    "halved": (lambda w, x: torch.nn.functional.conv1d(x.t()[None], w[:24].view(8, 4, 3), stride=2, padding=1) + 1, (1, 2, 3, 17)),
    "not_two": (lambda w, x: x * 2 if x.shape[0] != 2 else -x, (6, 7)),
    "another": (lambda w, x: x * 2 if x.shape[0] != 7 else -x, (2, 6, 8, 17)),
    "no_fourth": (lambda w, x: -x if x.shape[0] % 4 == 0 else x * 2, (2, 6, 17)),
    "padded": (lambda w, x: torch.nn.functional.pad(x, (0, 0, 0, 4 - x.shape[0] % 4)) if x.shape[0] % 4 else x, (2, 6, 17)),
    "more_than_three": (lambda w, x: x * 2 if x.shape[0] % 4 >= 2 else -x, (2, 6, 7)),
    "narrow": (lambda w, x: w.narrow(0, -x.shape[0], x.shape[0]), (1, 2, 17, 200)),
    "mask": (lambda w, x: torch.ones(200, 200).tril()[-x.shape[0] :], (1, 2, 17)),
    "scatter": (lambda w, x: torch.slice_scatter(w, x, 0, -x.shape[0]), (1, 2, 17)),
    "from_five_less": (lambda w, x: w[x.shape[0] - 5 :], (5, 6, 17)),
    "from_eight_less": (lambda w, x: x[x.shape[0] - 8 :] * 2, (5, 6, 7)),
    "third_to_last": (lambda w, x: x[-3:-1], (3, 4, 17)),
    "third": (lambda w, x: x[2] + 0, (3, 4, 17)),
    "branch": (lambda w, x: x * 2 if x.shape[0] > 4 else -x, (5, 6, 17)),
    "even": (lambda w, x: x * 2 if x.shape[0] % 2 == 0 else -x, (2, 4, 18)),
    "halves": (lambda w, x: x.view(2, -1) + 1, (2, 4, 18)),
    "square": (lambda w, x: x @ x.t(), (0, 1, 2, 17)),
}


class Form(torch.nn.Module):
    def __init__(self, compute):
        super().__init__()
        self.w, self.compute = torch.nn.Parameter(torch.randn(200, 4)), compute

    def forward(self, x):
        return self.compute(self.w, x)


@pytest.mark.parametrize("name", FORMS)
def test_right_or_refused(name):
    compute, right = FORMS[name]
    torch.manual_seed(3)
    module = Form(compute)
    package = einfall.compile(module, args=(torch.randn(6, 4),), dynamic_shapes=({0: Dim.AUTO},))
    for n in (*right, 0, 1, 2, 3, 4, 5, 7, 8, 201):
        x = torch.randn(n, 4)
        try:
            got = torch.as_tensor(package(x))
        except einfall.EinfallError as e:
            assert n not in right, e
            continue
        want = module(x).detach()
        assert got.shape == want.shape, n
        torch.testing.assert_close(got, want)


def test_limits_of_the_user():
    """`Dim(min=, max=)` as it is written, but that torch takes no size below 2 for dynamic."""
    package = einfall.compile(torch.nn.ReLU(), args=(torch.randn(6, 4),), dynamic_shapes=({0: Dim("n", min=3, max=8)},))
    for n in (3, 8):
        assert package(torch.ones(n, 4)).shape == (n, 4)
    for n in (2, 9):
        with pytest.raises(einfall.EinfallError, match="needs .*n.*>= 0, which these sizes break|can be at most 8"):
            package(torch.ones(n, 4))
    assert einfall.compile(torch.nn.ReLU(), args=(torch.randn(6, 4),), dynamic_shapes=({0: Dim("n")},))(torch.ones(1, 4)).shape == (1, 4)


def test_branch_without_a_form():
    with pytest.raises(einfall.EinfallError, match="branches on sizes by"):
        einfall.compile(Form(lambda w, x: x * 2 if max(x.shape[0], 5) > 5 else -x), args=(torch.randn(6, 4),), dynamic_shapes=({0: Dim.AUTO},))


@pytest.mark.parametrize("assumed", ["-1 * (8 mod n)", "-1 * (8 mod n)>, #ein.extent<n - 1", "-1 * (8 mod n)>, #ein.extent<-1 * (8 mod n)"])
def test_divisors_of_what_is_assumed(tmp_path, assumed):
    """A size that an assumption divides by is looked at first."""
    source = tmp_path / "f.mlir"
    source.write_text("""func.func @f(%x: !ein.tensor<[n, 4], f32> {ein.name = "x"}) -> !ein.tensor<[n, 4], f32>
        attributes {ein.entry, ein.assume = [#ein.extent<ASSUMED>]} {
      %y = ein.einsum (%x[i, j]) -> [i, j] : (!ein.tensor<[n, 4], f32>) -> !ein.tensor<[n, 4], f32> {
      ^bb0(%a: f32):
        %b = arith.addf %a, %a : f32
        ein.yield %b : f32
      }
      return %y : !ein.tensor<[n, 4], f32>
    }""".replace("ASSUMED", assumed))
    f = einfall.compile(str(source), str(tmp_path / "f.einf")).f
    assert f(torch.ones(4, 4)).shape == (4, 4)
    for n in (0, 3):
        with pytest.raises(einfall.EinfallError, match="which these sizes break"):
            f(torch.ones(n, 4))
