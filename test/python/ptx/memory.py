"""Memory that is watched: bounds, what was never written, and accesses of several warps without a barrier between them."""

import numpy as np

from .text import Instruction, PtxError

UNSIGNED = {1: np.dtype("uint8"), 2: np.dtype("uint16"), 4: np.dtype("uint32"), 8: np.dtype("uint64")}
#: Room for the warps of a block in a key; the last one stands for several.
WARPS = 64
#: Shared memory: its addresses in its own space, and where generic addresses have it.
SHARED_BASE, SHARED_WINDOW = 1024, 1 << 62


#: What a block finds in its memory, and a copy leaves there until it has arrived: NaN in every floating-point type.
POISON = 0xFF


class Race(PtxError):
    pass


class Clock:
    """Phases: a new one begins with each block and each barrier. A key is a phase and a warp in it."""

    def __init__(self):
        self.launch = self.block = self.phase = 1
        self.coming = 0  # instructions of the block by which copies are on their way

    def start_launch(self):
        self.phase += 1
        self.launch = self.phase

    def start_block(self):
        self.phase += 1
        self.block = self.phase
        self.coming = 0

    def barrier(self):
        self.phase += 1


class Region:
    """One allocation. `granule` is the size of the smallest access that is made."""

    def __init__(self, name: str, data: np.ndarray, base: int | None = None, writable=True, poisoned=False):
        self.name, self.data, self.writable = name, data, writable
        self.base = data.ctypes.data if base is None else base
        self.size = len(data)
        self.origin = np.uint64(self.base)
        self.views = {width: data[: len(data) // width * width].view(dtype) for width, dtype in UNSIGNED.items()}
        self.poisoned, self.shared = poisoned, base is not None
        self.watch(1)

    def watch(self, granule: int):
        self.granule = granule
        count = -(-self.size // granule) if self.writable else 0
        self.written = np.zeros(count if self.poisoned else 0, bool)
        self.writer, self.reader, self.first = (np.zeros(count, np.int64) for _ in range(3))
        self.write_line, self.read_line, self.first_line = (np.zeros(count, np.int32) for _ in range(3))
        self.coming = np.zeros(count if self.shared else 0, np.int32)  # where a copy goes: 1 + its line

    def granules(self, offsets: np.ndarray, width: int) -> np.ndarray:
        n = width // self.granule
        at = (offsets // np.uint64(self.granule)).astype(np.int64)
        return at if n <= 1 else (at[:, None] + np.arange(n)).ravel()


def words(offsets: np.ndarray, width: int) -> np.ndarray:
    """The offsets of words of 8 bytes, where accesses are wider."""
    return offsets if width <= 8 else (offsets[:, None] + np.arange(0, width, 8, dtype=np.uint64)).ravel()


class Memory:
    """The regions that a launch knows."""

    def __init__(self):
        self.regions: list[Region] = []
        self.clock = Clock()
        self.anything = False  # what was never written is read as NaN, rather than refused
        self.code: list[Instruction] = []  # of the kernel that runs, to name the other party of a race

    def add(self, region: Region) -> Region:
        self.regions.append(region)
        return region

    def find(self, address: int) -> Region | None:
        return next((r for r in self.regions if r.base <= address < r.base + r.size), None)

    def locate(self, instruction: Instruction, addresses: np.ndarray, width: int, last: Region | None):
        """[(region, offsets, which of the addresses)]; usually all lie in the region of the last time."""
        if last is not None:
            offsets = addresses - last.origin
            if not (offsets > last.size - width).any():
                return [(last, self.aligned(instruction, offsets, width), None)]
        owners: dict[int, list[int]] = {}
        for i, address in enumerate(addresses.tolist()):
            region = self.find(address)
            if region is None or address + width > region.base + region.size:
                raise instruction.error(f"out of bounds: {width} bytes at {self.nearest(address)}")
            owners.setdefault(self.regions.index(region), []).append(i)
        found = []
        for number, lanes in owners.items():
            region = self.regions[number]
            offsets = self.aligned(instruction, addresses[lanes] - region.origin, width)
            found.append((region, offsets, None if len(owners) == 1 else np.array(lanes)))
        return found

    @staticmethod
    def aligned(instruction: Instruction, offsets: np.ndarray, width: int) -> np.ndarray:
        if width > 1 and (offsets & np.uint64(width - 1)).any():
            raise instruction.error(f"an address is no multiple of {width}")
        return offsets

    def nearest(self, address: int) -> str:
        below = max((r for r in self.regions if r.base <= address), key=lambda r: r.base, default=None)
        return hex(address) if below is None else f"byte {address - below.base} of '{below.name}', which has {below.size}"

    # -- accesses of one warp -------------------------------------------------------------------

    def load(self, instruction: Instruction, number: int, warp: int, region: Region, offsets: np.ndarray, width: int,
             anything: bool = False) -> np.ndarray:
        if region.writable:
            at = region.granules(offsets, width)
            self.settled(instruction, region, at, "reads")
            if region.poisoned and not (anything or self.anything) and not region.written[at].all():
                raise instruction.error(f"reads '{region.name}' where nothing was written")
            self.check(instruction, warp, region, at, region.writer[at], region.write_line, "written")
            phase = self.clock.phase * WARPS
            key, old = phase + warp, region.reader[at]
            region.reader[at] = np.where((old >= phase) & (old != key), phase + WARPS - 1, key)
            region.read_line[at] = number
            if not region.shared:
                fresh = at[region.first[at] < self.clock.launch * WARPS]
                region.first[fresh], region.first_line[fresh] = key, number
        return region.views[width][offsets // np.uint64(width)]

    def store(self, instruction: Instruction, number: int, warp: int, region: Region, offsets: np.ndarray, values: np.ndarray):
        width = values.itemsize
        if not region.writable:
            raise instruction.error(f"writes '{region.name}', which is read only")
        at = region.granules(offsets, width)
        self.settled(instruction, region, at, "writes")
        self.check(instruction, warp, region, at, region.writer[at], region.write_line, "written")
        self.check(instruction, warp, region, at, region.reader[at], region.read_line, "read")
        if not region.shared:
            self.check(instruction, warp, region, at, region.first[at], region.first_line, "read")
        if region.poisoned:
            region.written[at] = True
        region.writer[at] = self.clock.phase * WARPS + warp
        region.write_line[at] = number
        view, index = region.views[width], offsets // np.uint64(width)
        view[index] = values
        if (view[index] != values).any():
            raise Race(f"{instruction}: lanes of one warp store different values to one address of '{region.name}'")

    def fetch(self, instruction: Instruction, number: int, warp: int, addresses: np.ndarray, width: int, last: list,
              anything: bool = False) -> np.ndarray:
        """Loads from wherever the addresses lie; 16 bytes as two words. `last` keeps the region. If `anything`, what was
        never written is read as NaN."""
        found = self.locate(instruction, addresses, width, last[0] if last[0] in self.regions else None)
        last[0] = found[0][0]
        part = min(width, 8)
        values = np.empty((len(addresses), width // part), UNSIGNED[part])
        for region, offsets, lanes in found:
            loaded = self.load(instruction, number, warp, region, words(offsets, width), part, anything)
            values[slice(None) if lanes is None else lanes] = loaded.reshape(-1, width // part)
        return values.ravel()

    # -- copies that are on their way -------------------------------------------------------------

    def expect(self, instruction: Instruction, number: int, warp: int, region: Region, offsets: np.ndarray, width: int):
        """A copy begins: from now on it may write."""
        at = region.granules(offsets, width)
        self.settled(instruction, region, at, "copies to")
        self.check(instruction, warp, region, at, region.writer[at], region.write_line, "written")
        self.check(instruction, warp, region, at, region.reader[at], region.read_line, "read")
        region.coming[at] = number + 1
        region.data[offsets.astype(np.int64)[:, None] + np.arange(width)] = POISON
        self.clock.coming += 1

    def arrive(self, instruction: Instruction, number: int, warp: int, region: Region, offsets: np.ndarray, values: np.ndarray):
        """Some of its rows of bytes have come."""
        width = values.shape[1]
        region.coming[region.granules(offsets, width)] = 0
        self.store(instruction, number, warp, region, words(offsets, width), values.view(UNSIGNED[8]).ravel())

    def settled(self, instruction: Instruction, region: Region, at, does: str):
        if not self.clock.coming or not region.shared:
            return
        coming = region.coming[at]
        if coming.any():
            first = int(np.flatnonzero(coming)[0])
            raise Race(f"{instruction}: {does} byte {at[first] * region.granule} of '{region.name}' before the copy has arrived that "
                       f"began at {self.code[coming[first] - 1]}")

    def check(self, instruction: Instruction, warp: int, region: Region, at, keys, lines, how: str):
        """`keys` tell who did it last: another warp since the barrier, or another block of the launch?"""
        phase = self.clock.phase * WARPS
        bad = (keys >= phase) & (keys != phase + warp)
        if not region.shared:
            bad |= (keys >= self.clock.launch * WARPS) & (keys < self.clock.block * WARPS)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            who = "another block" if keys[first] < self.clock.block * WARPS else f"warp {keys[first] % WARPS}"
            if who == f"warp {WARPS - 1}":
                who = "several warps"
            raise Race(f"race at byte {at[first] * region.granule} of '{region.name}': warp {warp} at {instruction}, "
                       f"{how} by {who} at {self.code[lines[at[first]]]}")
