"""A package's CUDA code, run through the driver on PyTorch's tensors: host code and kernels without our runtime.

Needs PyTorch and a GPU; nothing of the compiler.
"""

import ctypes as C
import json
import re
import struct
import tempfile
import zipfile
from pathlib import Path

import torch

TYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64, "i32": torch.int32,
         "i16": torch.int16, "i8": torch.int8, "i1": torch.uint8}
LAUNCH = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_void_p, C.c_int64, C.c_int64)
LAUNCH_DEVICE = C.CFUNCTYPE(None, C.c_void_p, C.c_uint32, C.c_void_p, C.c_uint64, C.c_int64)
COPY_DEVICE = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_void_p, C.c_int64)
SHARED_SIZE = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES


class Services(C.Structure):
    """einf_services of runtime/include/einfall/abi.h."""

    _fields_ = [("version", C.c_uint32), ("reserved", C.c_uint32), ("launch", LAUNCH), ("launch_device", LAUNCH_DEVICE),
                ("copy_device", COPY_DEVICE)]


class Call(C.Structure):
    """einf_call."""

    _fields_ = [(name, C.c_void_p) for name in ("services", "pool", "symbols", "buffers")]


class Broken(RuntimeError):
    """An assumption on sizes does not hold: nothing was computed."""


class Package:
    """The code of `target` in the file `path`."""

    def __init__(self, path: Path, target: str):
        torch.zeros(1).cuda()  # PyTorch's context is the one that is used
        self.driver = C.CDLL("libcuda.so.1")
        with zipfile.ZipFile(path) as archive:
            self.manifest = json.loads(archive.read("manifest.json"))
            with tempfile.NamedTemporaryFile(suffix=".so") as file:
                file.write(archive.read(f"code/{target}.so"))
                file.flush()
                self.host = C.CDLL(file.name)
        self.kernels, self.errors = [], []
        self.load_kernels()
        self.callbacks = LAUNCH(lambda *_: None), LAUNCH_DEVICE(self.launch), COPY_DEVICE(self.copy)
        self.services = Services(2, 0, *self.callbacks)

    def checked(self, code: int, what: str) -> None:
        if code:
            name = C.c_char_p()
            self.driver.cuGetErrorName(code, C.byref(name))
            raise RuntimeError(f"{what}: {name.value.decode() if name.value else code}")

    def load_kernels(self) -> None:
        """Those of einf_device_code (runtime/include/einfall/device.h), from its first image."""
        begin = C.addressof(C.c_char.in_dll(self.host, "einf_device_code"))
        magic, kernels, images, size = struct.unpack("<8sIIQ", C.string_at(begin, 24))
        assert magic == b"EINFDEV1" and images
        blob = C.string_at(begin, size)
        _, _, offset, length = struct.unpack_from("<IIQQ", blob, 24 + 24 * kernels)
        if not kernels:
            return
        module = C.c_void_p()
        self.checked(self.driver.cuModuleLoadData(C.byref(module), blob[offset:offset + length]), "loading the kernels")
        for i in range(kernels):
            name, name_size, _, _, threads, shared = struct.unpack_from("<6I", blob, 24 + 24 * i)
            function, text = C.c_void_p(), blob[name:name + name_size]
            self.checked(self.driver.cuModuleGetFunction(C.byref(function), module, text), f"kernel {text.decode()}")
            self.checked(self.driver.cuFuncSetAttribute(function, SHARED_SIZE, shared), f"{shared} bytes of shared memory")
            self.kernels.append((function, threads, shared))

    def launch(self, _, kernel: int, frame: int, size: int, blocks: int) -> None:
        if blocks <= 0:
            return
        function, threads, shared = self.kernels[kernel]
        parameters, length = C.create_string_buffer(C.string_at(frame, size), size), C.c_size_t(size)
        extra = (C.c_void_p * 5)(1, C.addressof(parameters), 2, C.addressof(length), 0)
        stream = C.c_void_p(torch.cuda.current_stream().cuda_stream)
        code = self.driver.cuLaunchKernel(function, C.c_uint(blocks), 1, 1, C.c_uint(threads), 1, 1, C.c_uint(shared), stream, None, extra)
        if code:
            self.errors.append(code)

    def copy(self, _, source: int, target: int, size: int) -> None:
        stream = C.c_void_p(torch.cuda.current_stream().cuda_stream)
        if code := self.driver.cuMemcpyDtoDAsync_v2(C.c_uint64(target), C.c_uint64(source), C.c_size_t(size), stream):
            self.errors.append(code)

    def prepare(self, entry: str, inputs: list[torch.Tensor], params: dict[str, int] | None = None):
        """(a function that records the entry's work on PyTorch's stream, its poisoned outputs)."""
        info = next(e for e in self.manifest["entries"] if e["name"] == entry)
        names = [b["name"] for b in info["buffers"] if b["kind"] == "input"]
        sizes = dict(params or {})
        for symbol in info["symbols"]:
            if of := re.fullmatch(r"dimension (\d+) of (.*)", symbol["source"]):
                sizes[symbol["name"]] = inputs[names.index(of[2])].shape[int(of[1])]
        buffers, outputs, given = [], [], iter(inputs)
        for buffer in info["buffers"]:
            if buffer["kind"] == "input":
                buffers.append(next(given))
                continue
            type_ = TYPES[buffer["dtype"]]
            shape = [extent(text, sizes) for text in buffer["shape"]]
            buffers.append(torch.full(shape, float("nan") if type_.is_floating_point else 77, dtype=type_, device="cuda"))
            if buffer["kind"] == "output":
                outputs.append(buffers[-1])
        symbols = (C.c_int64 * max(1, len(sizes)))(*(sizes[s["name"]] for s in info["symbols"]))
        pointers = (C.c_void_p * len(buffers))(*(b.data_ptr() or 64 for b in buffers))
        call = Call(C.addressof(self.services), None, C.addressof(symbols), C.addressof(pointers))
        function = getattr(self.host, "einf_entry_" + entry)

        def run(_keep=(buffers, symbols, pointers)):
            if number := function(C.byref(call)):
                raise Broken(f"assumption {number} does not hold")
            if self.errors:
                self.checked(self.errors[0], "a launch")

        return run, outputs

    def __call__(self, entry: str, inputs: list[torch.Tensor], params: dict[str, int] | None = None) -> list[torch.Tensor]:
        run, outputs = self.prepare(entry, inputs, params)
        run()
        torch.cuda.synchronize()
        return outputs


def extent(text: str, sizes: dict[str, int]) -> int:
    """The value of an extent as the manifest prints it."""
    tokens = re.findall(r"[A-Za-z_]\w*|\d+|[()+\-*,]", text)[::-1]

    def atom() -> int:
        token = tokens.pop()
        if token == "(":
            value = total()
            tokens.pop()
            return value
        if token == "-":
            return -atom()
        if token in ("max", "min") and tokens and tokens[-1] == "(":
            values = []
            while tokens.pop() != ")":  # "(" first, then ","
                values.append(total())
                if tokens[-1] == ")":
                    tokens.pop()
                    break
            return (max if token == "max" else min)(values)
        return int(token) if token.isdigit() else sizes[token]

    def product() -> int:
        value = atom()
        while tokens and tokens[-1] in ("*", "floordiv", "ceildiv", "mod"):
            op, other = tokens.pop(), atom()
            value = {"*": lambda: value * other, "floordiv": lambda: value // other, "ceildiv": lambda: -(-value // other),
                     "mod": lambda: value % other}[op]()
        return value

    def total() -> int:
        value = product()
        while tokens and tokens[-1] in "+-":
            op, other = tokens.pop(), product()
            value = value + other if op == "+" else value - other
        return value

    return total()
