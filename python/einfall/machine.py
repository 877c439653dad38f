"""What the machine at hand can do, measured once: sizes of caches and rates that schedules count on.

`einfall calibrate` measures and keeps the file `machines/NAME.json` of the compile cache, named by the CPU and the version
of Einfall. Compilation reads it only where it is asked to (`--machine here`), for a package that is to run on this machine;
any other package counts on what is typical of its targets, so it does not depend on where it was compiled.
"""

import json
import os
import platform
import re
import subprocess
import tempfile
import time
from pathlib import Path

from . import __version__, cache
from .errors import EinfallError
from .toolchain import find_tool

FORMAT = 1
SIZES = ("first_cache_bytes", "second_cache_bytes", "last_cache_bytes")
RATES = ("gflops", "first_gb_s", "second_gb_s", "last_gb_s", "memory_gb_s")


def _cpuinfo() -> dict[str, str]:
    """The first CPU's entries of /proc/cpuinfo."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def cpu_name() -> str:
    """The CPU, with what tells apart those of one name."""
    facts = _cpuinfo()
    name = facts.get("model name") or platform.processor() or platform.machine()
    numbers = [facts.get(k, "") for k in ("cpu family", "CPU part", "model", "stepping")]
    return " ".join([name, "-".join(n for n in numbers if n)]).strip()


def caches(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, int]:
    """Bytes of the data caches of the first CPU, by level: {"first_cache_bytes": 32768, …}. Raises `EinfallError`."""
    levels: dict[int, int] = {}
    for index in folder.glob("index*"):
        try:
            kind = (index / "type").read_text().strip()
            level, size = int((index / "level").read_text()), (index / "size").read_text().strip()
        except (OSError, ValueError):
            continue
        if kind != "Instruction" and (match := re.fullmatch(r"(\d+)([KM]?)", size)):
            levels[level] = int(match[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[match[2]]
    if not levels:
        names = {1: "SC_LEVEL1_DCACHE_SIZE", 2: "SC_LEVEL2_CACHE_SIZE", 3: "SC_LEVEL3_CACHE_SIZE"}
        told = {level: os.sysconf(name) for level, name in names.items() if name in os.sysconf_names}
        levels = {level: size for level, size in told.items() if size > 0}
    if 1 not in levels:
        raise EinfallError("this system does not tell how large the caches are: nothing to measure rates of")
    # A machine of two levels has its last one next to the first.
    second = levels.get(2, max(levels.values()))
    return dict(zip(SIZES, (levels[1], second, max(levels.values()))))


def path() -> Path:
    """Where what was measured on this machine by this version lies."""
    name = re.sub(r"[^a-z0-9]+", "-", f"{cpu_name()} {__version__}".lower()).strip("-")
    return cache.folder() / "machines" / f"{name}.json"


def read(file: Path) -> dict:
    """The facts of a machine. Raises `EinfallError` where the file is not what `calibrate` writes."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise EinfallError(f"cannot read {file}: {e}; einfall calibrate --force writes it again") from None
    whole = isinstance(facts, dict) and facts.get("einfall_machine") == FORMAT and isinstance(facts.get("cpu"), str) and \
        all(isinstance(facts.get(k), int) and facts[k] > 0 for k in SIZES) and \
        all(isinstance(facts.get(k), (int, float)) and facts[k] > 0 for k in RATES)
    if not whole:
        raise EinfallError(f"{file} is not what einfall calibrate writes; einfall calibrate --force writes it again")
    return facts


def _measure(size: int, limit: str, seconds: float) -> float | None:
    """The best rate of one thread in 1e9 a second; None where the CPU has no such instruction."""
    command = [find_tool("einfall-roof"), "--threads", "1", "--bytes", str(size), "--seconds", str(seconds), limit]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise EinfallError((done.stderr.strip().splitlines() or [f"einfall-roof ended with status {done.returncode}"])[0])
    return json.loads(done.stdout)["limits"].get(limit, {}).get("value")


def calibrate(force: bool = False, seconds: float = 0.01) -> tuple[Path, dict, bool]:
    """Measures this machine unless that was done; the file, its facts and whether they are new.

    seconds   of one round of one loop; all together take about a thousand times as long
    """
    file = path()
    if not force and file.exists():
        return file, read(file), False
    sizes = caches()
    first, second, last = sizes.values()
    # A working set that a level surely holds, and the one before it does not.
    sets = {"first_gb_s": first // 2, "second_gb_s": max(second // 2, min(2 * first, second)),
            "last_gb_s": max(last // 2, min(2 * second, last)), "memory_gb_s": max(4 * last, 64 << 20)}
    rates = {"gflops": _measure(4096, "f32_fma", seconds)}
    if dots := _measure(4096, "bf16_dot", seconds):
        rates["bf16_dot_gflops"] = dots
    rates |= {name: _measure(size, "read", seconds) for name, size in sets.items()}
    facts = {"einfall_machine": FORMAT, "cpu": cpu_name(), "version": __version__,
             "measured": time.strftime("%Y-%m-%d"), **sizes, **rates}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
            json.dump(facts, new, indent=1)
        os.replace(new.name, file)
    except OSError as e:
        raise EinfallError(f"cannot write {file}: {e.strerror}; set XDG_CACHE_HOME") from e
    return file, facts, True


def resolve(machine: str | os.PathLike | None, targets) -> Path | None:
    """The file that `machine` stands for: "here" is this machine, which native targets only may count on. None for None."""
    if machine is None:
        return None
    if os.fspath(machine) != "here":
        if not os.path.isfile(machine):
            raise EinfallError(f"there is no file {os.fspath(machine)}; --machine takes 'here' or a file of einfall calibrate")
        return Path(machine)
    if list(targets) != ["native"]:
        raise EinfallError(f"what was measured here holds for the target native, not for {', '.join(targets)}; give the "
                           "file of a machine that has them")
    file = path()
    if not file.exists():
        raise EinfallError("this machine was not measured yet: einfall calibrate does it")
    if read(file)["cpu"] != cpu_name():
        raise EinfallError(f"{file} was measured on another CPU; einfall calibrate --force measures this one")
    return file


def describe(facts: dict) -> str:
    """A few lines for people."""
    kib = [f"{facts[k] >> 10} KiB" for k in SIZES]
    first, second, last = kib
    return (f"{facts['cpu']}, measured {facts.get('measured', '?')} by Einfall {facts.get('version', '?')}\n"
            f"  first-level cache  {first:>10}  {facts['first_gb_s']:7.1f} GB/s\n"
            f"  second-level cache {second:>10}  {facts['second_gb_s']:7.1f} GB/s\n"
            f"  last cache         {last:>10}  {facts['last_gb_s']:7.1f} GB/s\n"
            f"  memory             {'':>10}  {facts['memory_gb_s']:7.1f} GB/s\n"
            f"  multiplications and additions of f32  {facts['gflops']:.1f} GFLOP/s")
