"""Small experts: each token reads the matrices that it has chosen in place, on every target, though a block could not hold them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")


class Experts(torch.nn.Module):
    """Gate and up side by side, then down, of the experts that `ids` names: negative ones count from the end."""

    def __init__(self, hidden: int, middle: int, experts: int):
        super().__init__()
        self.up = torch.nn.Parameter(torch.randn(experts, 2 * middle, hidden) * hidden**-0.5)
        self.down = torch.nn.Parameter(torch.randn(experts, hidden, middle) * middle**-0.5)

    def forward(self, x, ids, weights):
        rows, chosen = ids.shape
        flat, token = ids.reshape(-1), torch.arange(rows * chosen) // chosen
        gate, up = torch.bmm(self.up[flat], x[token][:, :, None])[:, :, 0].chunk(2, -1)
        y = torch.bmm(self.down[flat], (torch.nn.functional.silu(gate) * up)[:, :, None])[:, :, 0]
        return (y * weights.reshape(-1)[:, None]).view(rows, chosen, -1).sum(1)


@pytest.mark.parametrize(("hidden", "middle", "experts", "chosen"),
                         [(64, 96, 3, 2), pytest.param(64, 128, 4, 2, marks=pytest.mark.slow), pytest.param(72, 88, 3, 1, marks=pytest.mark.slow),
                          pytest.param(128, 128, 4, 2, marks=pytest.mark.slow)])
def test_experts(build, hidden, middle, experts, chosen):
    import einfall

    torch.manual_seed(hidden + middle)
    module = Experts(hidden, middle, experts)
    n = torch.export.Dim("n", min=1)

    def inputs(rows):
        ids = torch.stack([torch.randperm(experts)[:chosen] for _ in range(rows)])
        return torch.randn(rows, hidden), ids - experts * (torch.rand(rows, chosen) < 0.3), torch.rand(rows, chosen)

    package = einfall.compile(module, args=inputs(5), dynamic_shapes=({0: n},) * 3, targets=("native", "sm_80", "sm_90a"))
    for rows in (1, 2, 5, 33):
        values = inputs(rows)
        got = np.asarray(package.main(*(v.numpy() for v in values)))
        with torch.no_grad():
            want = module.double()(values[0].double(), values[1], values[2].double()).numpy()
        module.float()
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * np.abs(want).max())
