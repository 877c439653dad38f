"""Calls the entries of a package for a device target: its host code runs here, the kernels that it launches are emulated."""

import ctypes

import numpy as np

from device_package import PTX, DevicePackage, extent

from .machine import Machine, aligned
from .memory import Region
from .text import PtxError

NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32,
         "i64": np.int64, "bf16": np.uint16, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64}
#: What memory holds before a kernel writes it: a NaN in every floating-point type.
PATTERN = 0xFF


class Package(DevicePackage):
    """A package whose kernels are emulated. States keep what they have from call to call."""

    def __init__(self, path, target: str = "sm_80", seed: int = 0, **bounds: int):
        super().__init__(path, target)
        self.bounds = bounds
        self.shift = 0  # bytes by which what calls bring begins beside a multiple of 128
        self.ptx = next(image[:-1].decode() for kind, image in self.images if kind == PTX)
        self.machine = Machine(self.ptx, seed)
        self.memory = self.machine.memory
        self.memory.anything = True  # tiles may run beyond the end of a block's part (StagedRests.cpp)
        self.weights = {w["name"]: self.region(w["name"], self.weights[w["offset"] : w["offset"] + w["size"]], writable=False)
                        for w in self.manifest["weights"]}
        self.states = {s["name"]: self.region(s["name"], np.zeros(self.bytes(s, bounds), np.uint8)) for s in self.manifest["states"]}

    def region(self, name: str, content, writable=True) -> Region:
        content = np.frombuffer(content, np.uint8)
        data = aligned(len(content) + self.shift)[self.shift :]
        data[:] = content
        return self.memory.add(Region(name, data, writable=writable))

    @classmethod
    def bytes(cls, buffer, symbols) -> int:
        if "bytes" in buffer:
            return extent(buffer["bytes"], symbols)
        return int(np.prod(cls.shape(buffer, symbols), dtype=np.int64)) * np.dtype(NUMPY[buffer["dtype"]]).itemsize

    def call(self, name: str, *arrays, **parameters: int) -> list[np.ndarray]:
        """The outputs of the entry; bf16 as bits."""
        entry = self.entries[name]
        inputs = [b for b in entry["buffers"] if b["kind"] == "input"]
        assert len(inputs) == len(arrays), f"{name} takes {[b['name'] for b in inputs]}"
        arrays = [(b, np.asarray(a, NUMPY[b["dtype"]], order="C")) for b, a in zip(inputs, arrays)]
        symbols = self.symbols(entry, [a.shape for _, a in arrays], parameters, self.bounds)
        given, own, regions, outputs = iter(arrays), [], [], []
        for buffer in entry["buffers"]:
            kind = buffer["kind"]
            if kind in ("weight", "state"):
                regions.append((self.weights if kind == "weight" else self.states)[buffer[kind]])
                continue
            if kind == "input":
                array = next(given)[1]
                shape = tuple(self.shape(buffer, symbols))
                assert array.shape == shape, f"'{buffer['name']}' has the shape {array.shape}, expected {shape}"
                region = self.region(buffer["name"], array.tobytes(), writable=False)
            else:
                region = self.region(buffer["name"], np.full(self.bytes(buffer, symbols), PATTERN, np.uint8))
            regions.append(region)
            own.append(region)
            if kind == "output":
                outputs.append((buffer, region))
        try:
            self.run(name, regions, symbols)
        finally:
            self.memory.regions = [r for r in self.memory.regions if r not in own]
        return [r.data.view(NUMPY[b["dtype"]]).reshape(self.shape(b, symbols)) for b, r in outputs]

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

        broken = self.prepared(name, guarded(self.launch), guarded(self.copy), symbols, [r.base for r in regions])()
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
