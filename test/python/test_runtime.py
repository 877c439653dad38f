"""einfall.load and einfall.compile: entries as callables, sessions, arrays in and out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from test_cli import MATMUL

COUNTER = """func.func @step(%x: !ein.tensor<[n], f32> {ein.name = "x"}, %s: !ein.tensor<[n], f32> {ein.state = "s"})
    -> (!ein.tensor<[n], f32> {ein.name = "sum"}, !ein.tensor<[n], f32> {ein.state = "s"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i], %s[i]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    ein.yield %c : f32
  }
  %new = ein.update %s[i] = %y[i] : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
  return %y, %new : !ein.tensor<[n], f32>, !ein.tensor<[n], f32>
}
"""


@pytest.fixture(scope="module")
def matmul(build):
    import einfall

    return einfall.compile(MATMUL)


def arrays(m, n, k, dtype=np.float32):
    rng = np.random.default_rng(m)
    return rng.random((m, n)).astype(dtype), rng.random((n, k)).astype(dtype)


def test_extents_of_all_sizes(matmul):
    for m, n, k in ((1, 1, 1), (3, 17, 5), (65, 64, 63), (2, 3, 4), (1, 0, 3), (0, 2, 2), (127, 31, 9)):
        a, b = arrays(m, n, k)
        np.testing.assert_allclose(matmul(a, b), a @ b, rtol=1e-5)
        np.testing.assert_allclose(matmul.matmul(b=b, a=a), a @ b, rtol=1e-5)


def test_views_lists_and_foreign_byte_order(matmul):
    a, b = arrays(8, 6, 4)
    np.testing.assert_allclose(matmul(a[::2], b[:, ::-1]), a[::2] @ b[:, ::-1], rtol=1e-5)
    np.testing.assert_allclose(matmul(a.astype(">f4"), b), a @ b, rtol=1e-5)
    np.testing.assert_allclose(matmul([[1, 2]], [[3], [4]]), [[11]])
    a.flags.writeable = False
    np.testing.assert_allclose(matmul(a, b), a @ b, rtol=1e-5)


def test_large_results_take_memory_that_nobody_holds(build):
    """In a process of its own: results that others have given back would be taken, too."""
    check = "import einfall, test_runtime as t; t.check_memory_of_results(einfall.compile(t.MATMUL))"
    done = subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def check_memory_of_results(matmul):
    """A result of 40 MB and what views it keep their memory; the next ones take what was given back, if it is not much larger."""
    a, b = np.ones((9001, 1), np.float32), np.arange(1100, dtype=np.float32)[None]
    first = matmul(a, b)
    view, address = first[5:7], first.ctypes.data
    del first
    second = matmul(a, 2 * b)
    assert second.ctypes.data != address
    np.testing.assert_array_equal(view, np.repeat(b, 2, axis=0))
    np.testing.assert_array_equal(second, np.repeat(2 * b, 9001, axis=0))
    del view
    small = matmul(a[:5000], b)
    assert small.ctypes.data != address, "a block that is more than a quarter too large stays for others"
    third = matmul(a[:8500], 3 * b)
    assert third.ctypes.data == address
    np.testing.assert_array_equal(third, np.repeat(3 * b, 8500, axis=0))


def test_many_inputs(build):
    """Any number of arguments; the C interface keeps short lists in an array and longer ones elsewhere."""
    import einfall

    tensor = "!ein.tensor<[n], f32>"
    count = 41
    names = [f"%x{k}" for k in range(count)]
    arguments = ", ".join(f'{n}: {tensor} {{ein.name = "{n[1:]}"}}' for n in names)
    lines, last = [], names[0]
    for k, name in enumerate(names[1:]):
        lines.append(f"%s{k} = ein.einsum ({last}[i], {name}[i]) -> [i] : ({tensor}, {tensor}) -> {tensor} {{\n"
                     "^bb0(%a: f32, %b: f32):\n %c = arith.addf %a, %b : f32\n ein.yield %c : f32\n}")
        last = f"%s{k}"
    program = einfall.compile(f"func.func @sum({arguments}) -> ({tensor} {{ein.name = \"y\"}}) attributes {{ein.entry}} {{\n"
                              + "\n".join(lines) + f"\nreturn {last} : {tensor}\n}}\n")
    values = np.random.default_rng(0).random((count, 7)).astype(np.float32)
    np.testing.assert_allclose(program(*values), values.sum(0), rtol=1e-5)
    with pytest.raises(einfall.EinfallError, match=f"takes {count} inputs"):
        program(*values, values[0])


def test_sizes_that_are_known(build):
    """Results of literal extents, one of them empty, beside one that follows the inputs; wrong inputs are refused as ever."""
    import einfall

    package = einfall.compile("""
    func.func @f(%x: !ein.tensor<[3, n], f32>, %y: !ein.tensor<[3, 0], f32>)
        -> (!ein.tensor<[3], f32>, !ein.tensor<[n], f32>, !ein.tensor<[3, 0], f32>) attributes {ein.entry} {
      %a = ein.einsum (%x[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[3, n], f32>) -> !ein.tensor<[3], f32>
      %b = ein.einsum (%x[i, j]) -> [j] reduce [i: add] : (!ein.tensor<[3, n], f32>) -> !ein.tensor<[n], f32>
      %c = ein.einsum (%y[i, j], %y[i, j]) -> [i, j] : (!ein.tensor<[3, 0], f32>, !ein.tensor<[3, 0], f32>) -> !ein.tensor<[3, 0], f32>
      return %a, %b, %c : !ein.tensor<[3], f32>, !ein.tensor<[n], f32>, !ein.tensor<[3, 0], f32>
    }""")
    for n in (5, 1, 17, 2):
        x = np.random.default_rng(n).standard_normal((3, n)).astype("f4")
        rows, columns, none = package(x, np.zeros((3, 0), "f4"))
        np.testing.assert_allclose(rows, x.sum(1), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(columns, x.sum(0), rtol=1e-5, atol=1e-6)
        assert rows.shape == (3,) and columns.shape == (n,) and none.shape == (3, 0)
    with pytest.raises(einfall.EinfallError, match="3"):
        package(np.zeros((4, 5), "f4"), np.zeros((3, 0), "f4"))


def test_results_outlive_the_package(build):
    import gc

    import einfall

    a, b = arrays(4, 4, 4)
    result = einfall.compile(MATMUL)(a, b)
    gc.collect()
    np.testing.assert_allclose(result, a @ b, rtol=1e-5)


@pytest.mark.parametrize("call, said", [
    (lambda m, a, b: m(a), "missing b"), (lambda m, a, b: m(a, b, b), "takes 2 inputs"),
    (lambda m, a, b: m(a, b, t=3), "no input or parameter 't'"), (lambda m, a, b: m(a, b[0]), "expected rank 2"),
    (lambda m, a, b: m(a, b[:-1]), "expected j = 4"), (lambda m, a, b: m(a.astype("f8"), b), "expected dtype f32, but got f64"),
    (lambda m, a, b: m(a.astype("c8"), b), "complex64"), (lambda m, a, b: m(a, b, out=[[0.0]]), "expected an array to write to"),
    (lambda m, a, b: m(a, b, out=np.zeros((3, 2), "f4")), "output 'out'"),
    (lambda m, a, b: m(a, b, out=np.zeros((5, 3), "f4").T), "not contiguous"),
    (lambda m, a, b: m(a, b, out=[np.zeros((3, 5), "f4"), a]), r"has 1 result \(out\), but out has 2 arrays"),
    (lambda m, a, b: m([[1, 2], [3]], b), "'a': expected an array of f32, but list makes none"),
    (lambda m, a, b: m("abc", b), "'a': expected an array of f32, but str makes none"), (lambda m, a, b: m(None, b), "but got None"),
    (lambda m, a, b: m.session(i=2, j=4, k=5).matmul(a, b), "i"), (lambda m, a, b: m.session(z=2), "no symbol 'z'"),
    (lambda m, a, b: m.session(i=1 << 63, j=4, k=5), "'i' takes a number of 64 bits"),
    (lambda m, a, b: m.session(i=3.7, j=4, k=5), "'i' takes a whole number, but got 3.7"),
    (lambda m, a, b: m.session(i=3, j=4, k=5, device=""), "device ''"),
    (lambda m, a, b: set_num_threads(-1), "threads: expected 0"), (lambda m, a, b: set_num_threads(1.5), "'threads' takes a whole number"),
    (lambda m, a, b: load(3), "3 is no path"), (lambda m, a, b: load("x.einf", ""), "device ''")])
def test_refused(matmul, call, said):
    from einfall import EinfallError

    with pytest.raises(EinfallError, match=said):
        call(matmul, *arrays(3, 4, 5))


def set_num_threads(n):
    from einfall import runtime

    return runtime.set_num_threads(n)


def load(*arguments):
    import einfall

    return einfall.load(*arguments)


def test_torch_and_dlpack(matmul):
    torch = pytest.importorskip("torch")
    from einfall import runtime

    a, b = (torch.from_numpy(x) for x in arrays(16, 32, 16))
    got = matmul(a, b)
    assert isinstance(got, torch.Tensor)
    torch.testing.assert_close(got, a @ b)
    torch.testing.assert_close(matmul(a, b.T.contiguous().T), a @ b)
    with pytest.raises(runtime.EinfallError, match="'a' requires a gradient, and what is compiled has none; .*no_grad"):
        matmul(a.requires_grad_(), b)
    with torch.no_grad():
        torch.testing.assert_close(matmul(a, b), a @ b)
    with pytest.raises(runtime.InvalidArgument, match="expected a dense array"):
        matmul(a.detach().to_sparse(), b)
    with pytest.raises(runtime.InvalidArgument, match="'a': expected an array with data"):
        matmul(torch.empty(16, 32, device="meta"), b)
    for complexes in (torch.zeros(16, 32, dtype=torch.complex64), torch.zeros(16, 64, dtype=torch.complex64)[:, ::2]):
        with pytest.raises(runtime.InvalidArgument, match="element type"):
            matmul(complexes, b)
    x = torch.zeros(3, 5, dtype=torch.bfloat16)
    tensor = runtime._runtime.Tensor.from_dlpack(x.__dlpack__())
    assert tensor.pointer == x.data_ptr() and tensor.shape == [3, 5] and runtime.DTYPES[tensor.dtype] == "bf16"
    assert torch.from_dlpack(tensor).data_ptr() == x.data_ptr()
    assert np.from_dlpack(runtime._runtime.Tensor.empty([2, 3], 0)).shape == (2, 3)


def test_results_are_in_place(matmul):
    from einfall import runtime

    a, b = arrays(16, 16, 16)
    result = matmul(a, b)
    assert np.from_dlpack(result).ctypes.data == result.ctypes.data and result.ctypes.data % 64 == 0
    assert runtime._tensor(a, "f32", "a").pointer == a.ctypes.data


def test_state_lives_in_a_session(build):
    import einfall

    package = einfall.compile(COUNTER)
    with pytest.raises(einfall.EinfallError, match="has state"):
        package(np.ones(3, np.float32))
    first, second = package.session(n=3), package.session(n=3)
    for k in range(1, 4):
        np.testing.assert_array_equal(first.step(np.ones(3, np.float32)), np.full(3, k))
    np.testing.assert_array_equal(second.step(np.ones(3, np.float32)), np.ones(3))
    first.reset()
    np.testing.assert_array_equal(first.step(np.ones(3, np.float32)), np.ones(3))


def test_compile_a_module(build):
    torch = pytest.importorskip("torch")
    import einfall

    module = torch.nn.Sequential(torch.nn.Linear(12, 7), torch.nn.GELU(), torch.nn.Linear(7, 5)).eval()
    x = torch.randn(3, 12)
    package = einfall.compile(module, args=(x,), dynamic_shapes=({0: torch.export.Dim("n")},))
    for n in (1, 3, 10):
        x = torch.randn(n, 12)
        torch.testing.assert_close(package(x), module(x).detach(), atol=1e-5, rtol=1e-5)


def test_an_entry_with_state_names_all_its_bounds(build, tiny_llama):
    """Those of the states, and those of the memory for one call."""
    import einfall

    package = einfall.load(tiny_llama)
    ids, start = np.zeros((1, 3), np.int64), np.zeros(1, np.int64)
    with pytest.raises(einfall.EinfallError, match=r"package.session\(b=…, c=…, s=…\)"):
        package.logits(ids, start, t=3)
    session = package.session(b=1, c=8, s=3)
    assert session.logits(ids, start, t=np.int64(3)).shape[:2] == (1, 3)
    with pytest.raises(einfall.EinfallError, match="'t' takes a whole number, but got 3.7"):
        session.logits(ids, start, t=3.7)
    with pytest.raises(einfall.EinfallError, match="'t' takes a whole number, but got None"):
        session.logits(ids, start, t=None)


PINNED = """
import os, sys
import numpy as np
import einfall
from einfall import runtime
everywhere = os.sched_getaffinity(0)
package = einfall.load(sys.argv[1])
a, b = np.ones((300, 200), np.float32), np.ones((200, 100), np.float32)
assert (package(a, b) == 200).all()
runtime.set_num_threads(len(everywhere))
assert runtime.pin_threads() is (os.environ.get("EINFALL_PIN_THREADS") == "1")
assert runtime.pin_threads(True) is True and runtime.pin_threads() is True
assert (package(a, b) == 200).all()
masks = [os.sched_getaffinity(int(t)) for t in os.listdir("/proc/self/task")]
assert os.sched_getaffinity(0) == everywhere, "the caller was bound"
bound = [m for m in masks if len(m) == 1]
assert len(everywhere) == 1 or len(bound) >= len(everywhere) - 1, masks
assert runtime.pin_threads(False) is False
assert all(os.sched_getaffinity(int(t)) == everywhere for t in os.listdir("/proc/self/task"))
"""


@pytest.mark.parametrize("asked", ["", "0", "1"])
def test_threads_are_bound_when_asked(matmul, asked):
    import os
    import subprocess
    import sys

    from einfall import compiler

    path = compiler.compile_cached(MATMUL)
    subprocess.run([sys.executable, "-c", PINNED, path], check=True, env=dict(os.environ, EINFALL_PIN_THREADS=asked))
