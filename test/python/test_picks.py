"""Lanes that read neighbours in another order: rotated pairs, repeated and strided elements, at the end of their tensors.

Sizes that vectors divide and others, on each kind of CPU. What lies behind an input is no memory, so that a read past it is a fault.
"""

import ctypes
import mmap

import einfall
import pytest
from cpus import each

torch = pytest.importorskip("torch")


def rotated(x, cos, sin):
    """As GPT-J has it: pairs of neighbours, angles by pair."""
    cos, sin = (t.repeat_interleave(2, -1)[:, None] for t in (cos, sin))
    return x * cos + torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2) * sin


def partly(x, cos, sin):
    """The first half of a head is rotated, or what there is of it in pairs."""
    size = x.shape[-1] // 4 * 2
    turned = rotated(x[..., :size], cos[:, : size // 2], sin[:, : size // 2])
    return torch.cat((turned, x[..., size:]), -1)


FORMS = {
    "rotated": rotated,
    "even": lambda x, cos, sin: x[..., ::2] * 2 + x[..., 1::2],
    "repeated": lambda x, cos, sin: cos.repeat_interleave(2, -1)[:, None] * x,
    "summed": lambda x, cos, sin: (x * sin.repeat_interleave(2, -1)[:, None]).sum(-1),
    "part": partly,
    "thirds": lambda x, cos, sin: x[..., ::3] + x[..., ::3] * x[..., -1:],
}


class Form(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        self.name = name

    def forward(self, x, cos, sin):
        return FORMS[self.name](x, cos, sin)


def at_the_end(t):
    """A copy of `t` whose last byte is the last one of a page before one that may not be read."""
    size = t.numel() * t.element_size()
    pages = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, pages + mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(address + pages), ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    copy = torch.frombuffer(memory, dtype=t.dtype, count=t.numel(), offset=pages - size).view(t.shape)
    copy.copy_(t)
    return copy


@each("x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-amx")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["f32", "bf16"])
@pytest.mark.parametrize("name", FORMS)
def test_order(tmp_path, name, dtype, target):
    for seed, size in enumerate((64, 80, 34, 6, 258)):
        torch.manual_seed(seed)
        given = torch.randn(5, 3, size), torch.randn(5, size // 2), torch.randn(5, size // 2)
        given = [at_the_end(t.to(dtype)) for t in given]
        package = einfall.compile(Form(name), str(tmp_path / f"{size}.einf"), args=tuple(given), targets=(target,))
        got = torch.as_tensor(package(*given)).double()
        want = FORMS[name](*(t.double() for t in given))
        assert got.isfinite().all()
        assert (got - want).abs().max() <= {torch.float32: 1e-5, torch.bfloat16: 4e-2}[dtype] * max(1, want.abs().max()), size
