"""A package's code for a device, without our runtime: the entries of a target, its kernels, its host code and what that calls.

The emulator (ptx/package.py) and, where a GPU is, bench/gpu/package.py say what a launch is. Needs nothing of the compiler.
"""

import ctypes
import json
import re
import struct
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from random_cascades.evaluate import extent

LAUNCH_DEVICE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint64), ctypes.c_uint64, ctypes.c_int64)
COPY_DEVICE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int64)
ABI_VERSION = 2
PTX = 0  # a kind of image


class Services(ctypes.Structure):
    """einf_services of runtime/include/einfall/abi.h."""

    _fields_ = [("abi_version", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("launch", ctypes.c_void_p), ("launch_device", LAUNCH_DEVICE),
                ("copy_device", COPY_DEVICE)]


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


def unpack_code(blob: bytes) -> tuple[list[DeviceKernel], list[tuple[int, bytes]]]:
    """The kernels of einf_device_code (device.h), and its images, each with its kind."""
    magic, kernel_count, image_count, size = struct.unpack_from("<8sIIQ", blob)
    assert magic == b"EINFDEV1" and size == len(blob)
    text = lambda at, n: blob[at : at + n].decode()  # noqa: E731
    kernels, images = [], []
    for i in range(kernel_count):
        name, name_size, source, source_size, threads, shared = struct.unpack_from("<6I", blob, 24 + 24 * i)
        kernels.append(DeviceKernel(text(name, name_size), text(source, source_size), threads, shared))
    for i in range(image_count):
        kind, _, offset, count = struct.unpack_from("<IIQQ", blob, 24 + 24 * (kernel_count + i))
        images.append((kind, blob[offset : offset + count]))
    return kernels, images


class DevicePackage:
    """The code of `target` in the file `path`."""

    def __init__(self, path: Path, target: str):
        with zipfile.ZipFile(path) as archive:
            self.manifest = json.loads(archive.read("manifest.json"))
            with tempfile.NamedTemporaryFile(suffix=".so") as file:
                file.write(archive.read(f"code/{target}.so"))
                file.flush()
                self.host = ctypes.CDLL(file.name)
            self.weights = archive.read("weights/data")
        # A target that cuts kernels as the first one does has no entries of its own.
        self.entries = {e["name"]: e for e in self.manifest.get(f"entries_{target}", self.manifest["entries"])}
        begin = ctypes.addressof(ctypes.c_char.in_dll(self.host, "einf_device_code"))
        size = struct.unpack_from("<Q", ctypes.string_at(begin, 24), 16)[0]
        self.kernels, self.images = unpack_code(ctypes.string_at(begin, size))

    @staticmethod
    def symbols(entry, shapes, parameters, bounds) -> dict[str, int]:
        """Values of the entry's symbols, where its inputs have these shapes."""
        shape_of, values = dict(zip((b["name"] for b in entry["buffers"] if b["kind"] == "input"), shapes)), {}
        for symbol in entry["symbols"]:
            if match := re.fullmatch(r"dimension (\d+) of (.*)", symbol["source"]):
                values[symbol["name"]] = int(shape_of[match[2]][int(match[1])])
            else:
                values[symbol["name"]] = {"bound": bounds, "parameter": parameters}[symbol["source"]][symbol["name"]]
        return values

    @staticmethod
    def shape(buffer, symbols: dict[str, int]) -> list[int]:
        return [extent(e, symbols) for e in buffer["shape"]]

    def prepared(self, name: str, launch, copy, symbols: dict[str, int], addresses):
        """A function that runs the host code of the entry on what lies at `addresses`; gives the number of a broken assumption, or 0."""
        order = [symbols[s["name"]] for s in self.entries[name]["symbols"]]
        services = Services(ABI_VERSION, 0, None, LAUNCH_DEVICE(launch), COPY_DEVICE(copy))
        pointers = (ctypes.c_void_p * max(len(addresses), 1))(*addresses)
        values = (ctypes.c_int64 * max(len(order), 1))(*order)
        call = Call(ctypes.pointer(services), None, values, pointers)
        function = getattr(self.host, f"einf_entry_{name}")
        return lambda: function(ctypes.byref(call))
