"""Sessions on a GPU from Python and the command line, on the driver of the tests (test/unit/runtime/cuda): it computes in
main memory, so that these tests need no GPU. What the runtime does with it, its unit tests tell."""

import ctypes
import json
import subprocess

import numpy as np
import pytest

from paths import BUILD

DRIVER = BUILD / "lib" / "libeinfall-fake-cuda.so"


@pytest.fixture(scope="module")
def package(build, tmp_path_factory):
    """The toy package of the runtime's tests, with code for the CPU and for a GPU."""
    path = tmp_path_factory.mktemp("cuda") / "toy.einf"
    writer = BUILD / "bin" / "write_cuda_package"
    if not writer.exists() or not DRIVER.exists():
        pytest.skip(f"{BUILD} lacks {writer.name} or {DRIVER.name}")
    subprocess.run([writer, path], check=True)
    return path


@pytest.fixture
def driver(monkeypatch):
    monkeypatch.setenv("EINFALL_CUDA_DRIVER", str(DRIVER))
    return ctypes.CDLL(str(DRIVER))


class DeviceArray:
    """Memory of the GPU behind DLPack, as another library would have it."""

    def __init__(self, driver, values: np.ndarray, gpu: int = 0):
        from einfall import _runtime
        from einfall.runtime import DTYPES

        context, address = ctypes.c_void_p(), ctypes.c_uint64()
        driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), gpu)
        driver.cuCtxPushCurrent_v2(context)
        assert driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(max(values.nbytes, 1))) == 0
        driver.cuCtxPopCurrent_v2(ctypes.byref(context))
        memory = (ctypes.c_char * values.nbytes).from_address(address.value)
        self.values = np.frombuffer(memory, values.dtype).reshape(values.shape)
        self.values[...] = values
        dtype = {"float32": "f32", "int64": "i64"}[values.dtype.name]
        self.tensor = _runtime.Tensor.from_pointer(address.value, list(values.shape), DTYPES.index(dtype), self.values, gpu=gpu)
        self.streams = []

    def __dlpack__(self, stream=None):
        self.streams.append(stream)
        return self.tensor.__dlpack__()

    def __dlpack_device__(self):
        return self.tensor.__dlpack_device__()


def test_arrays_of_the_host(package, driver):
    import einfall

    gpu = einfall.load(package, device="cuda")
    x = np.arange(100, dtype=np.float32)
    session = gpu.session(b=1, c=8, n=50)
    assert (session.device, session.target) == ("cuda:0", "sm_80")
    np.testing.assert_array_equal(session.scale(x[1:41]), 3 * x[1:41])
    assert gpu.session(b=1, c=8, device="cpu").device == "cpu"


def test_arrays_of_the_gpu_are_used_where_they_lie(package, driver):
    import einfall

    session = einfall.load(package).session(b=1, c=8, n=100, device="cuda")
    x, y = (DeviceArray(driver, np.full(64, v, np.float32)) for v in (2, 0))
    session.scale(x, out=y)
    np.testing.assert_array_equal(y.values, np.full(64, 6, np.float32))
    assert x.streams == y.streams == [1]  # ordered with the legacy default stream
    np.testing.assert_array_equal(session.scale(x), np.full(64, 6, np.float32))
    assert y.tensor.__dlpack_device__() == (2, 0)
    with pytest.raises(BufferError):
        memoryview(y.tensor)


def test_an_array_elsewhere_is_refused(package, driver, monkeypatch):
    import einfall

    monkeypatch.setenv("EINFALL_FAKE_DEVICES", "2")
    x = DeviceArray(driver, np.ones(8, np.float32))
    with pytest.raises(einfall.EinfallError, match="'x' lies on cuda:0, but the call runs on cpu: .*device=\"cuda:0\""):
        einfall.load(package).session(b=1, c=8, n=8).scale(x)
    with pytest.raises(einfall.EinfallError, match="'x' lies on cuda:0, but the call runs on cuda:1"):
        einfall.load(package, device="cuda:1").session(b=1, c=8, n=8).scale(x)


def test_what_the_device_made_do_with_is_told(package, driver, monkeypatch):
    import einfall

    session = einfall.load(package).session(b=1, c=8, n=8, device="cuda")
    assert session.notes == []
    monkeypatch.setenv("EINFALL_FAKE_REFUSE_GRAPH", "instantiate")
    for _ in range(4):
        np.testing.assert_array_equal(session.scale(np.ones(3, np.float32)), np.full(3, 3, np.float32))
    (note,) = session.notes
    assert note.startswith("they are launched one by one: cannot launch the kernels of entry 'scale' as a graph")


def test_no_gpu_is_told_and_the_cpu_goes_on(package, driver, monkeypatch):
    import einfall

    monkeypatch.setenv("EINFALL_CUDA_DRIVER", "/nonexistent/libcuda.so.1")
    opened = einfall.load(package)
    with pytest.raises(einfall.EinfallError, match="there is no NVIDIA driver on this machine"):
        opened.session(b=1, c=8, device="cuda")
    with pytest.raises(einfall.EinfallError, match="there is no device 'gpu'; expected cpu, cuda or cuda:N"):
        opened.session(b=1, c=8, device="gpu")
    session = opened.session(b=1, c=8, n=8)
    np.testing.assert_array_equal(session.scale(np.ones(3, np.float32)), np.full(3, 3, np.float32))


def test_the_command_line(package, driver, einfall_command, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(9, dtype=np.float32))
    np.save(tmp_path / "y.npy", 3 * np.arange(9, dtype=np.float32))
    done = einfall_command("run", package, "--entry", "scale", "--bound", "b=1", "--bound", "c=1",
                           "--input", f"x={tmp_path}/x.npy", "--expect", f"y={tmp_path}/y.npy",
                           "--device", "cuda", "--repeat", "5", EINFALL_CUDA_DRIVER=str(DRIVER))
    assert done.returncode == 0 and "scale on sm_80" in done.stdout, done.stderr
    texts = [einfall_command("generate", package, "--ids", "1,2,3", "-n", "9", "--json", "--device", device,
                             EINFALL_CUDA_DRIVER=str(DRIVER))
             for device in ("cpu", "cuda")]
    assert [t.returncode for t in texts] == [0, 0], texts[1].stderr
    assert json.loads(texts[0].stdout)["ids"] == json.loads(texts[1].stdout)["ids"]
    assert "sm_80 (cuda with" in einfall_command("inspect", package).stdout


@pytest.mark.parametrize("device, target", [("cuda", "sm_80"), ("cpu", "any")])
def test_profiles_name_what_ran(package, driver, einfall_command, tmp_path, device, target):
    """The toy has one target for the CPU; the package's own choice is that one, whatever the session runs on."""
    np.save(tmp_path / "x.npy", np.arange(9, dtype=np.float32))
    run = ("run", package, "--entry", "scale", "--bound", "b=1", "--bound", "c=1", "--input", f"x={tmp_path}/x.npy")
    for command in (run, ("generate", package, "--ids", "1,2", "-n", "3")):
        done = einfall_command(*command, "--device", device, "--profile-json", tmp_path / "p.json", EINFALL_CUDA_DRIVER=str(DRIVER))
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / "p.json").read_text())["target"] == target


@pytest.mark.parametrize("settings, said", [
    ({"EINFALL_CUDA_DRIVER": "/nonexistent/libcuda.so.1"}, "there is no NVIDIA driver on this machine"),
    ({"EINFALL_FAKE_DEVICES": "0"}, "there is no NVIDIA GPU on this machine"),
    ({"EINFALL_FAKE_VERSION": "11000"}, "the NVIDIA driver supports CUDA 11.0"),
    ({"EINFALL_FAKE_MEMORY": "100"}, "cannot allocate"),
    ({"EINFALL_FAKE_FAULT": "logits"}, "kernel 'logits' (toy.py:12) of entry 'next'")])
def test_failures_are_one_line(package, driver, einfall_command, settings, said):
    done = einfall_command("generate", package, "--ids", "1", "-n", "3", "--device", "cuda",
                           **{"EINFALL_CUDA_DRIVER": str(DRIVER), **settings})
    assert done.returncode == 1 and done.stdout == ""
    assert said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
