"""A package's CUDA code, run through the driver on PyTorch's tensors: host code and kernels without our runtime.

Needs PyTorch and a GPU; nothing of the compiler.
"""

import ctypes as C
from pathlib import Path

import torch
from device_package import DevicePackage

TYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64, "i32": torch.int32,
         "i16": torch.int16, "i8": torch.int8, "i1": torch.uint8}
#: How far results may be off, of the largest element: sums in single precision; the rounding of the result, and that of weights
#: that are factors (4.3e-3 was seen of both).
TOLERANCE = {"f32": 1e-5, "bf16": 8e-3}
SHARED_SIZE = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES


class Broken(RuntimeError):
    """An assumption on sizes does not hold: nothing was computed."""


class Package(DevicePackage):
    """The code of `target` in the file `path`."""

    def __init__(self, path: Path, target: str):
        torch.zeros(1).cuda()  # PyTorch's context is the one that is used
        self.driver = C.CDLL("libcuda.so.1")
        super().__init__(path, target)
        self.functions, self.errors = [], []
        self.load_kernels()

    def checked(self, code: int, what: str) -> None:
        if code:
            name = C.c_char_p()
            self.driver.cuGetErrorName(code, C.byref(name))
            raise RuntimeError(f"{what}: {name.value.decode() if name.value else code}")

    def load_kernels(self) -> None:
        """From the first image that this GPU takes: machine code is of one kind of GPU, PTX of all later ones."""
        if not self.kernels:
            return
        module = C.c_void_p()
        for _, image in self.images:
            code = self.driver.cuModuleLoadData(C.byref(module), image)
            if not code:
                break
        self.checked(code, "loading the kernels")
        for kernel in self.kernels:
            function = C.c_void_p()
            self.checked(self.driver.cuModuleGetFunction(C.byref(function), module, kernel.name.encode()), f"kernel {kernel.name}")
            self.checked(self.driver.cuFuncSetAttribute(function, SHARED_SIZE, kernel.shared_bytes), f"{kernel.shared_bytes} bytes of shared memory")
            self.functions.append(function)

    def launch(self, _, number: int, frame, size: int, blocks: int) -> None:
        if blocks <= 0:
            return
        function, kernel = self.functions[number], self.kernels[number]
        parameters, length = C.create_string_buffer(C.string_at(frame, size), size), C.c_size_t(size)
        extra = (C.c_void_p * 5)(1, C.addressof(parameters), 2, C.addressof(length), 0)
        stream = C.c_void_p(torch.cuda.current_stream().cuda_stream)
        code = self.driver.cuLaunchKernel(function, C.c_uint(blocks), 1, 1, C.c_uint(kernel.threads), 1, 1, C.c_uint(kernel.shared_bytes), stream,
                                          None, extra)
        if code:
            self.errors.append(code)

    def copy(self, _, source: int, target: int, size: int) -> None:
        stream = C.c_void_p(torch.cuda.current_stream().cuda_stream)
        if code := self.driver.cuMemcpyDtoDAsync_v2(C.c_uint64(target), C.c_uint64(source), C.c_size_t(size), stream):
            self.errors.append(code)

    def prepare(self, entry: str, inputs: list[torch.Tensor], params: dict[str, int] | None = None):
        """(a function that records the entry's work on PyTorch's stream, its poisoned outputs)."""
        info = self.entries[entry]
        sizes = self.symbols(info, [t.shape for t in inputs], params or {}, {})
        buffers, outputs, given = [], [], iter(inputs)
        for buffer in info["buffers"]:
            if buffer["kind"] == "input":
                buffers.append(next(given))
                continue
            type_ = TYPES[buffer["dtype"]]
            buffers.append(torch.full(self.shape(buffer, sizes), float("nan") if type_.is_floating_point else 77, dtype=type_, device="cuda"))
            if buffer["kind"] == "output":
                outputs.append(buffers[-1])
        record = self.prepared(entry, self.launch, self.copy, sizes, [b.data_ptr() or 64 for b in buffers])

        def run(_keep=buffers):
            if number := record():
                raise Broken(f"assumption {number} does not hold")
            if self.errors:
                self.checked(self.errors[0], "a launch")

        return run, outputs

    def __call__(self, entry: str, inputs: list[torch.Tensor], params: dict[str, int] | None = None) -> list[torch.Tensor]:
        run, outputs = self.prepare(entry, inputs, params)
        run()
        torch.cuda.synchronize()
        return outputs
