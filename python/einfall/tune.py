"""Tries other schedules of a program's kernels on this machine, and keeps what was faster.

A schedule is data: numbers that say how a kernel is cut. `tune` takes those that the compiler chose, changes one number of each
kernel at a time, compiles, compares results, measures both alternating, and stores winners in `tuned.sqlite` of the compile cache by
machine, compiler, target and kernel. `compile --tuned` takes what is stored there; nothing else looks at it.
"""

import json
import os
import re
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from . import cache, machine
from .errors import CompileError, EinfallError
from .explain.extents import evaluate
from .toolchain import compiler_build_id, find_tool

FORMAT = 1
#: A candidate has to be faster by so much, twice: a share, and seconds of all calls together.
GAIN, LEAST = 0.97, 5e-7
LARGEST = 4096
_NUMBERS = re.compile(r"([\w$.\"-]+) = array<i64: ([\d, ]+)>")
_TABLE = """CREATE TABLE IF NOT EXISTS schedules (machine TEXT, compiler TEXT, target TEXT, kernel TEXT, schedule TEXT NOT NULL,
            seconds REAL NOT NULL, before REAL NOT NULL, sizes TEXT NOT NULL, measured TEXT NOT NULL,
            PRIMARY KEY (machine, compiler, target, kernel))"""


def database() -> Path:
    """Where winners are stored."""
    return cache.folder() / "tuned.sqlite"


def _opened(path: Path) -> sqlite3.Connection:
    """The database, made if it is not there. Raises `EinfallError` where it is something else."""
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
        version, = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise EinfallError(f"{path} is of another version of Einfall ({version}); remove it to begin anew")
        if version == 0:
            with connection:
                connection.execute("BEGIN IMMEDIATE")  # others may make it at the same time
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("SELECT machine, schedule FROM schedules LIMIT 1").fetchone()
        return connection
    except (sqlite3.Error, OSError, EinfallError) as e:
        if connection:
            connection.close()
        if isinstance(e, EinfallError):
            raise
        raise EinfallError(f"cannot use {path}: {e}; remove it to begin anew") from e


def stored(targets=("native",)) -> dict[str, str]:
    """Schedules by kernel that were faster on this machine, of this compiler. Raises `EinfallError` where there are none."""
    if list(targets) != ["native"]:
        raise EinfallError(f"schedules were tuned for this machine: they hold for the target native, not for {', '.join(targets)}")
    others = 0
    found = {}
    if database().exists():
        found = _rows(_native())
        with closing(_opened(database())) as connection:
            others, = connection.execute("SELECT count(*) FROM schedules").fetchone()
    if not found:
        why = f"; {database()} has those of other machines, compilers or targets" if others else ""
        raise EinfallError(f"nothing was tuned on this machine with this compiler{why}: einfall tune does it")
    return found


def _rows(target: str) -> dict[str, str]:
    """What is stored of this machine and compiler for a target, by kernel."""
    with closing(_opened(database())) as connection:
        return dict(connection.execute("SELECT kernel, schedule FROM schedules WHERE machine = ? AND compiler = ? AND target = ?",
                                       (machine.cpu_name(), compiler_build_id(), target)).fetchall())


def _native() -> str:
    """What the target `native` stands for here: the name that a package of it has."""
    from .compiler import compile_cached
    from .runtime import load

    text = """func.func @f(%x: !ein.tensor<[1], f32> {ein.name = "x"}) -> (!ein.tensor<[1], f32> {ein.name = "y"}) attributes {ein.entry} {
  return %x : !ein.tensor<[1], f32>
}
"""
    return load(compile_cached(text)).manifest["targets"][0]["name"]


def candidates(schedule: str) -> list[str]:
    """The same schedule with one number changed: a block or a chunk twice or half as large, packing from more or fewer rows on."""
    found = []
    for match in _NUMBERS.finditer(schedule):
        first, _, rest = match[2].partition(",")
        number = int(first)
        for other in (number // 2, number * 2):
            # A block of one coordinate is no choice of size; a chunk of one is none at all.
            if number > 1 and 1 <= other <= LARGEST:
                numbers = f"{other},{rest}" if rest else f"{other}"
                found.append(f"{schedule[:match.start(2)]}{numbers}{schedule[match.end(2):]}")
    if match := re.search(r"packed_from = (\d+)", schedule):
        for other in (int(match[1]) // 2, int(match[1]) * 2):
            if 1 <= other <= LARGEST:
                found.append(f"{schedule[:match.start(1)]}{other}{schedule[match.end(1):]}")
    return found


class Call:
    """One entry with inputs at random, as einfall-run calls it; a language model's rows have no padding."""

    def __init__(self, entry: dict, sizes: dict[str, int], folder: Path, language: bool = False):
        self.name, self.folder = entry["name"], folder
        symbols = [s["name"] for s in entry["symbols"]]
        self.sizes = {name: sizes[name] for name in symbols}
        rng = np.random.default_rng(1)
        self.arguments = ["--entry", self.name]
        for symbol in entry["symbols"]:
            if symbol["source"] in ("parameter", "bound"):
                option = "--param" if symbol["source"] == "parameter" else "--bound"
                self.arguments += [option, f"{symbol['name']}={self.sizes[symbol['name']]}"]
        self.outputs: list[tuple[str, str]] = []  # names and dtypes
        for buffer in entry["buffers"]:
            if buffer["kind"] == "output":
                self.outputs.append((buffer["name"], buffer["dtype"]))
            elif buffer["kind"] == "input":
                path = folder / f"{self.name}.{len(self.arguments)}.npy"
                values = _random(buffer, [evaluate(e, self.sizes) for e in buffer["shape"]], rng)
                if language and buffer["name"] == "start":
                    values[:] = 0  # almost any number begins a row behind its end, where attention has nothing to visit
                np.save(path, values)
                self.arguments += ["--input", f"{buffer['name']}={path}"]

    def run(self, package: Path, repeat: int, results: bool = False) -> tuple[list[float], list[np.ndarray]]:
        """Seconds of each step a call and, where asked for, the outputs. Raises `EinfallError`."""
        profile = self.folder / "profile.json"
        command = [find_tool("einfall-run"), str(package), *self.arguments, "--repeat", str(repeat), "--profile-json", str(profile)]
        paths = [self.folder / f"out{i}.npy" for i in range(len(self.outputs))] if results else []
        for (name, _), path in zip(self.outputs, paths):
            command += ["--output", f"{name}={path}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise EinfallError((done.stderr.strip().splitlines() or [f"einfall-run ended with status {done.returncode}"])[0])
        steps = json.loads(profile.read_text())["entries"][0]["steps"]
        return [s["seconds"] / max(s["launches"], 1) for s in steps], [np.load(p) for p in paths]


def _random(buffer: dict, shape: list[int], rng) -> np.ndarray:
    """Values that the entry takes: within its range, small whole numbers without one; bf16 and f8 as einfall-run reads them."""
    kind = buffer["dtype"]
    if kind in ("f64", "f32", "f16"):
        return rng.standard_normal(shape).astype({"f64": np.float64, "f32": np.float32, "f16": np.float16}[kind])
    if kind == "bf16":
        return (rng.standard_normal(shape).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    if kind.startswith("f8"):
        return rng.integers(0, 64, shape, dtype=np.uint8)
    if kind == "i1":
        return rng.integers(0, 2, shape).astype(bool)
    known = np.iinfo(("uint" if kind.startswith("u") else "int") + kind.lstrip("ui"))
    # Of both signs and not all 0, or else wrong products would be right.
    low, high = buffer.get("range", (-8, 8) if known.min else (0, 16))
    least, most = max(low, known.min), min(high, known.max + 1, max(low, 0) + (1 << 31))
    if least >= most:
        raise EinfallError(f"input '{buffer['name']}' takes no value: its range is [{low}, {high})")
    return rng.integers(least, most, shape, dtype=known.dtype)


def _numbers(stored: np.ndarray, kind: str) -> np.ndarray:
    """The numbers of a float output that einfall-run stored, as f64."""
    if kind == "bf16":
        stored = (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif kind.startswith("f8"):
        stored = _f8(kind)[stored.view(np.uint8)]
    return stored.astype(np.float64)


def _fraction(kind: str) -> int:
    """Bits of an f8 type behind the leading one."""
    return int(kind[kind.index("M") + 1])


def _f8(kind: str) -> np.ndarray:
    """The number of each byte of an f8 type."""
    byte, bits, zeroless = np.arange(256), _fraction(kind), kind.endswith("FNUZ")
    power, fraction = (byte & 127) >> bits, (byte & ((1 << bits) - 1)) / (1 << bits)
    bias = (1 << (6 - bits)) - 1 + zeroless
    value = np.where(power == 0, fraction * 2.0 ** (1 - bias), (1 + fraction) * 2.0 ** (power - bias)) * np.where(byte & 128, -1, 1)
    if zeroless:  # one NaN where -0 would be
        value[128] = np.nan
    elif kind.endswith("FN"):
        value[[127, 255]] = np.nan
    else:
        value[(power == 31) & (fraction > 0)] = np.nan
        value[(power == 31) & (fraction == 0)] *= np.inf
    return value


def _agree(got: np.ndarray, known: np.ndarray, kind: str) -> bool:
    """True if an output is the same: a whole number exactly, any other but for the order of sums."""
    if not kind.startswith(("f", "bf")):
        return np.array_equal(got, known)
    got, known = _numbers(got, kind), _numbers(known, kind)
    scale = np.abs(known[np.isfinite(known)]).max(initial=0.0) or 1.0
    # Another order may round to the next f8.
    most = max(2e-2, 2.0 ** -_fraction(kind)) if kind.startswith("f8") else 2e-2
    return got.shape == known.shape and np.allclose(got / scale, known / scale, rtol=0, atol=most, equal_nan=True)


def sizes_for(manifest: dict, given: dict[str, int]) -> list[tuple[dict, dict[str, int]]]:
    """Entries to call and the sizes to call them at: where none is given 128, or what the entry takes at most (a table may end
    before), and one row of a language model."""
    language = manifest["model_kind"] == "causal-lm"
    facts = manifest["metadata"]
    found = []
    for entry in manifest["entries"]:
        limits = {s["name"]: max(int(facts.get(f"limit.{entry['name']}.{s['name']}", 128)), 0) for s in entry["symbols"]}
        sizes = {name: min(128, limit) for name, limit in limits.items()} | ({"b": 1} if language else {})
        if language:
            sizes["s"] = 1 if entry["name"] == "step" else min(sizes.get("s", 1), sizes.get("t", 128))
        sizes |= {k: v for k, v in given.items() if k in sizes and not (language and entry["name"] == "step" and k == "s")}
        if language:
            sizes["t"] = sizes["c"] = max(sizes.get("t", 0), sizes.get("s", 1))
        found.append((entry, sizes))
    known = {name for _, sizes in found for name in sizes}
    if unknown := sorted(set(given) - known):
        raise EinfallError(f"no entry has a size '{unknown[0]}'; there are {', '.join(sorted(known)) or 'none'}")
    return found


def _is_faster(after: float, before: float) -> bool:
    return after < min(GAIN * before, before - LEAST)


class Tuner:
    """The state of a search. `compile(path, schedules)` makes the package that follows these schedules."""

    def __init__(self, compile, sizes: dict[str, int], folder: Path, say=lambda text: None):
        self.compile, self.folder, self.say = compile, folder, say
        self.best: dict[str, str] = {}
        self.gains: dict[str, tuple[float, float]] = {}  # before, after
        self.first, self.package = folder / "first.einf", folder / "best.einf"
        compile(self.first, {})
        os.link(self.first, self.package)  # packages are replaced, never written into
        manifest, report = self._facts(self.package)
        self.target = manifest["targets"][0]["name"]
        self.calls, self.keys, self.skipped = [], [], []
        schedules: dict[str, str] = {}
        for (entry, at), told in zip(sizes_for(manifest, sizes), report["entries"]):
            try:
                call = Call(entry, at, folder, manifest["model_kind"] == "causal-lm")
                begin = time.monotonic()
                call.run(self.package, 1)
            except EinfallError as e:
                self.skipped.append(f"{entry['name']}: {e}")
                continue
            self.calls.append((call, max(1, min(50, int(0.1 / max(time.monotonic() - begin, 1e-3))))))
            self.keys.append([kernel.get("key", "") for kernel in told["kernels"]])
            schedules |= {k["key"]: k["schedule"] for k in told["kernels"] if k.get("key") and k["schedule"]}
        # What an earlier search found comes first.
        self.stored = {key: s for key, s in _rows(self.target).items() if schedules.get(key, s) != s}
        self.lost: set[str] = set()  # keys of what was stored and is not faster
        self.open = {key: [self.stored[key]] if key in self.stored else [] for key in schedules}
        for key, schedule in schedules.items():
            self.open[key] += [c for c in candidates(schedule) if c not in self.open[key]]
        self.results = [call.run(self.package, 1, results=True)[1] for call, _ in self.calls]

    @staticmethod
    def _facts(path: Path) -> tuple[dict, dict]:
        from .runtime import load

        package = load(path)
        return package.manifest, json.loads(package.file("report.json"))

    def times(self, packages: list[Path], rounds: int) -> list[dict[str, float]]:
        """By package, the least seconds of each kernel, all its steps of all calls together; packages take turns."""
        least: list[list[list[float]]] = [[] for _ in packages]
        for number in range(rounds):
            order = list(range(len(packages)))
            for i in order[number % len(order):] + order[:number % len(order)]:
                steps = [call.run(packages[i], repeat)[0] for call, repeat in self.calls]
                least[i] = [list(map(min, a, b)) for a, b in zip(least[i], steps)] if least[i] else steps
        sums = []
        for calls in least:
            by_key: dict[str, float] = {}
            for keys, steps in zip(self.keys, calls):
                for key, seconds in zip(keys, steps):
                    by_key[key] = by_key.get(key, 0.0) + seconds
            sums.append(by_key)
        return sums

    def agrees(self, package: Path) -> bool:
        """True if results are those of the first package, but for the order of sums."""
        for (call, _), want in zip(self.calls, self.results):
            got = call.run(package, 1, results=True)[1]
            if not all(_agree(*both, kind) for *both, (_, kind) in zip(got, want, call.outputs)):
                return False
        return True

    def _follows(self, package: Path, schedules: dict[str, str]) -> bool:
        """True if all of them fit their kernels: the compiler leaves out others."""
        from .runtime import load

        return load(package).metadata.get("tuned") == str(len(schedules))

    def round(self) -> bool:
        """Tries the next candidate of every kernel; False if none is left."""
        trial = {key: left.pop(0) for key, left in self.open.items() if left}
        if not trial:
            return False
        self._try(trial)
        return True

    def _try(self, trial: dict[str, str]) -> None:
        package = self.folder / "candidate.einf"
        try:
            self.compile(package, self.best | trial)
            good = self._follows(package, self.best | trial) and self.agrees(package)
        except (CompileError, EinfallError):
            good = False
        if not good:
            # One of them does not fit its kernel: halves tell which.
            if len(trial) > 1:
                items = list(trial.items())
                for half in (items[:len(items) // 2], items[len(items) // 2:]):
                    self._try(dict(half))
            else:
                self._lose(trial)
            return
        won = dict(trial)
        for rounds in (2, 4):
            before, after = self.times([self.package, package], rounds)
            won = {k: v for k, v in won.items() if _is_faster(after[k], before[k])}
            if not won:
                break
        self._lose({k: v for k, v in trial.items() if k not in won})
        if not won:
            return
        for key, schedule in won.items():
            self.best[key] = schedule
            first = self.gains.get(key, (before[key], 0.0))[0]
            self.gains[key] = (first, min(after[key], first))
            # From here on there are other neighbours.
            self.open[key] = [c for c in candidates(schedule) if c not in self.open[key]]
        self.compile(self.package, self.best)
        self.say(f"{len(won)} faster, {sum(map(len, self.open.values()))} candidates left")

    def _lose(self, slower: dict[str, str]) -> None:
        self.lost |= {key for key, schedule in slower.items() if schedule == self.stored.get(key)}

    def confirm(self) -> None:
        """Measures all winners against the beginning once more: of many candidates some are lucky."""
        if not self.best:
            return
        before, after = self.times([self.first, self.package], 6)
        for key in list(self.best):
            self.gains[key] = (before[key], after[key])
            if not _is_faster(after[key], before[key]):
                self._lose({key: self.best[key]})
                del self.best[key], self.gains[key]

    def store(self) -> None:
        """Writes the winners, and forgets what was stored and was measured to be no faster."""
        sizes = json.dumps({call.name: call.sizes for call, _ in self.calls})
        rows = [(machine.cpu_name(), compiler_build_id(), self.target, key, schedule, self.gains[key][1], self.gains[key][0], sizes,
                 time.strftime("%Y-%m-%d")) for key, schedule in self.best.items()]
        with closing(_opened(database())) as connection, connection:
            connection.executemany("DELETE FROM schedules WHERE machine = ? AND compiler = ? AND target = ? AND kernel = ?",
                                   [(machine.cpu_name(), compiler_build_id(), self.target, key) for key in sorted(self.lost)])
            connection.executemany("INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def tune(source: str | os.PathLike, *, seconds: float = 120, sizes: dict[str, int] | None = None, dtype: str = "auto",
         weights: str | None = None, numerics: str | None = None, at: str | os.PathLike | None = None,
         say=lambda text: None) -> Tuner:
    """Searches for `seconds`, at least one round, and stores what was faster; returns the search.

    source   an .mlir file or the folder of a checkpoint, as `compile` has it
    sizes    extents of symbols at which kernels are measured, by name (128, or the end of a table before; a batch: 1)
    at       as `machine` of `compile`: what the schedules to begin with count on
    Raises `EinfallError`.
    """
    from .compiler import all_weights, compile_text, prepare

    _opened(database()).close()  # before the work, not after it
    deadline = time.monotonic() + seconds
    text, options = prepare(source, dtype, weights)

    def compile(path: Path, schedules: dict[str, str]) -> None:
        compile_text(text, path, numerics=numerics, machine=at, schedules=schedules, **options)

    # Packages hold all weights: they lie beside the database, and what is made for them is made once.
    with (tempfile.TemporaryDirectory(prefix=".tune-", dir=database().parent) as scratch,
          all_weights(options["weights"], options.pop("made", ()), scratch) as weights):
        options["weights"] = weights
        tuner = Tuner(compile, sizes or {}, Path(scratch), say)
        if not tuner.calls:
            raise EinfallError("no entry could be called: " + "; ".join(tuner.skipped))
        say(f"{len(tuner.open)} kernels, {sum(map(len, tuner.open.values()))} candidates")
        longest = 0.0
        while True:
            begin = time.monotonic()
            if not tuner.round():
                break
            longest = max(longest, time.monotonic() - begin)
            if time.monotonic() + longest > deadline:
                break
        tuner.confirm()
        tuner.store()
        return tuner
