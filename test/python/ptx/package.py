"""Calls the entries of a package for a device target: its host code runs here, the kernels that it launches are emulated."""

import ctypes
import json
import re
import struct
import zipfile
from dataclasses import dataclass

import numpy as np

from .machine import Machine, aligned
from .memory import Region
from .text import PtxError

NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32,
         "i64": np.int64, "bf16": np.uint16, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64}
#: What memory holds before a kernel writes it: a NaN in every floating-point type.
PATTERN = 0xFF
_LAUNCH = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint64), ctypes.c_uint64, ctypes.c_int64)
_COPY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int64)


class Services(ctypes.Structure):
    """einf_services of runtime/include/einfall/abi.h."""

    _fields_ = [("abi_version", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("launch", ctypes.c_void_p), ("launch_device", _LAUNCH),
                ("copy_device", _COPY)]


class Call(ctypes.Structure):
    """einf_call."""

    _fields_ = [("services", ctypes.POINTER(Services)), ("pool", ctypes.c_void_p), ("symbols", ctypes.POINTER(ctypes.c_int64)),
                ("buffers", ctypes.POINTER(ctypes.c_void_p))]


@dataclass
class DeviceKernel:
    name: str
    source: str
    threads: int
    shared_bytes: int


def unpack_code(blob: bytes) -> tuple[list[DeviceKernel], str]:
    """The kernels and the PTX of einf_device_code (device.h)."""
    magic, kernel_count, image_count, size = struct.unpack_from("<8sIIQ", blob)
    assert magic == b"EINFDEV1" and size == len(blob)
    text = lambda at, n: blob[at : at + n].decode()  # noqa: E731
    kernels = []
    for i in range(kernel_count):
        name, name_size, source, source_size, threads, shared = struct.unpack_from("<6I", blob, 24 + 24 * i)
        kernels.append(DeviceKernel(text(name, name_size), text(source, source_size), threads, shared))
    for i in range(image_count):
        kind, _, offset, count = struct.unpack_from("<IIQQ", blob, 24 + 24 * (kernel_count + i))
        if kind == 0:
            return kernels, text(offset, count - 1)
    raise AssertionError("no PTX in the package")


class Extent:
    """A number with the operators that extents are printed with; `ceildiv` is written @."""

    def __init__(self, value: int):
        self.value = value

    __add__ = lambda a, b: Extent(a.value + b.value)  # noqa: E731
    __sub__ = lambda a, b: Extent(a.value - b.value)  # noqa: E731
    __mul__ = lambda a, b: Extent(a.value * b.value)  # noqa: E731
    __floordiv__ = lambda a, b: Extent(a.value // b.value)  # noqa: E731
    __mod__ = lambda a, b: Extent(a.value % b.value)  # noqa: E731
    __matmul__ = lambda a, b: Extent(-(-a.value // b.value))  # noqa: E731
    __neg__ = lambda a: Extent(-a.value)  # noqa: E731


def extent(text: str, symbols: dict[str, int]) -> int:
    def word(match):
        name = match[0]
        operators = {"floordiv": "//", "mod": "%", "ceildiv": "@"}
        return operators.get(name) or f"Extent({int(name) if name.isdigit() else symbols[name]})"

    return eval(re.sub(r"\w+", word, text), {"Extent": Extent}).value  # noqa: S307 (text of our own manifest)


class Package:
    """A package whose kernels are emulated. States keep what they have from call to call."""

    def __init__(self, path, target: str = "sm_80", seed: int = 0, folder=None, **bounds: int):
        with zipfile.ZipFile(path) as archive:
            self.manifest = json.loads(archive.read("manifest.json"))
            code = (folder or path.parent) / f"{path.stem}.{target}.so"
            code.write_bytes(archive.read(f"code/{target}.so"))
            weights = archive.read("weights/data")
        self.code = ctypes.CDLL(str(code))
        device = next(t["device"] for t in self.manifest["targets"] if t["name"] == target)
        self.entries = {e["name"]: e for e in self.manifest.get(f"entries_{device}") or self.manifest["entries"]}
        self.bounds = bounds
        self.shift = 0  # bytes by which what calls bring begins beside a multiple of 128
        header = (ctypes.c_char * 24).in_dll(self.code, "einf_device_code").raw
        size = struct.unpack_from("<Q", header, 16)[0]
        self.kernels, self.ptx = unpack_code((ctypes.c_char * size).in_dll(self.code, "einf_device_code").raw)
        self.machine = Machine(self.ptx, seed)
        self.memory = self.machine.memory
        self.memory.anything = True  # tiles may run beyond the end of a block's part (StagedRests.cpp)
        self.weights = {w["name"]: self.region(w["name"], weights[w["offset"] : w["offset"] + w["size"]], writable=False)
                        for w in self.manifest["weights"]}
        self.states = {s["name"]: self.region(s["name"], np.zeros(self.bytes(s, bounds), np.uint8)) for s in self.manifest["states"]}

    def region(self, name: str, content, writable=True) -> Region:
        content = np.frombuffer(content, np.uint8)
        data = aligned(len(content) + self.shift)[self.shift :]
        data[:] = content
        return self.memory.add(Region(name, data, writable=writable))

    @staticmethod
    def bytes(buffer, symbols) -> int:
        if "bytes" in buffer:
            return extent(buffer["bytes"], symbols)
        sizes = [extent(e, symbols) for e in buffer["shape"]]
        return int(np.prod(sizes, dtype=np.int64)) * np.dtype(NUMPY[buffer["dtype"]]).itemsize

    def symbols(self, entry, arrays, parameters) -> dict[str, int]:
        shapes = {b["name"]: np.shape(a) for b, a in arrays}
        values = {}
        for symbol in entry["symbols"]:
            if match := re.fullmatch(r"dimension (\d+) of (.*)", symbol["source"]):
                values[symbol["name"]] = shapes[match[2]][int(match[1])]
            else:
                values[symbol["name"]] = {"bound": self.bounds, "parameter": parameters}[symbol["source"]][symbol["name"]]
        return values

    def call(self, name: str, *arrays, **parameters: int) -> list[np.ndarray]:
        """The outputs of the entry; bf16 as bits."""
        entry = self.entries[name]
        inputs = [b for b in entry["buffers"] if b["kind"] == "input"]
        assert len(inputs) == len(arrays), f"{name} takes {[b['name'] for b in inputs]}"
        arrays = [(b, np.asarray(a, NUMPY[b["dtype"]], order="C")) for b, a in zip(inputs, arrays)]
        symbols = self.symbols(entry, arrays, parameters)
        given, own, regions, outputs = iter(arrays), [], [], []
        for buffer in entry["buffers"]:
            kind = buffer["kind"]
            if kind in ("weight", "state"):
                regions.append((self.weights if kind == "weight" else self.states)[buffer[kind]])
                continue
            if kind == "input":
                array = next(given)[1]
                shape = tuple(extent(e, symbols) for e in buffer["shape"])
                assert array.shape == shape, f"'{buffer['name']}' has the shape {array.shape}, expected {shape}"
                region = self.region(buffer["name"], array.tobytes(), writable=False)
            else:
                region = self.region(buffer["name"], np.full(self.bytes(buffer, symbols), PATTERN, np.uint8))
            regions.append(region)
            own.append(region)
            if kind == "output":
                outputs.append((buffer, region))
        try:
            self.run(name, regions, [symbols[s["name"]] for s in entry["symbols"]])
        finally:
            self.memory.regions = [r for r in self.memory.regions if r not in own]
        return [r.data.view(NUMPY[b["dtype"]]).reshape([extent(e, symbols) for e in b["shape"]]) for b, r in outputs]

    def run(self, name: str, regions, symbols) -> None:
        """What goes wrong in a launch ends it; the error is raised here, not through the host code."""
        errors = []

        def guarded(work):
            def run(*arguments):
                if not errors:
                    try:
                        work(*arguments)
                    except Exception as error:
                        errors.append(error)

            return run

        services = Services(2, 0, None, _LAUNCH(guarded(self.launch)), _COPY(guarded(self.copy)))
        pointers = (ctypes.c_void_p * max(len(regions), 1))(*(r.base for r in regions))
        values = (ctypes.c_int64 * max(len(symbols), 1))(*symbols)
        broken = getattr(self.code, f"einf_entry_{name}")(ctypes.byref(Call(ctypes.pointer(services), None, values, pointers)))
        if errors:
            raise errors[0]
        assert broken == 0, f"{name}: assumption {broken} does not hold"

    def launch(self, queue, number: int, frame, frame_bytes: int, blocks: int) -> None:
        kernel = self.kernels[number]
        parameters = frame[: frame_bytes // 8]
        declared = self.machine.module.kernels[kernel.name].threads
        if declared != kernel.threads:
            raise PtxError(f"{kernel.name} is launched with {kernel.threads} threads and compiled for {declared}")
        self.machine.launch(kernel.name, blocks, parameters, kernel.shared_bytes)

    def copy(self, queue, source: int, target: int, count: int) -> None:
        if not count:
            return
        places = []
        for address in (source, target):
            region = self.memory.find(address)
            assert region and address + count <= region.base + region.size, f"a copy of {count} bytes outside of what is known"
            places.append((region, address - region.base))
        (a, i), (b, j) = places
        assert b.writable, f"a copy to '{b.name}', which is read only"
        b.data[j : j + count] = a.data[i : i + count]
