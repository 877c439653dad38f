"""Compiled code against the reference interpreter, on arrays: what the tests of lowerings share."""

import os
import subprocess

import numpy as np

import cpus
from paths import BUILD

NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i1": np.bool_, "i8": np.int8, "i16": np.int16,
         "i32": np.int32, "i64": np.int64, "bf16": np.uint16}


def bits(array: np.ndarray) -> np.ndarray:
    """bf16 as its bits, as both sides read and write it."""
    return (np.asarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def plain(array: np.ndarray) -> np.ndarray:
    """Something to compare: bf16 (bits, or a type of ml_dtypes) as float32."""
    array = np.asarray(array)
    if array.dtype == np.uint16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def samples(rng, element: str, shape, few=False) -> np.ndarray:
    """Random elements with zeros of both signs, infinities, NaN and ties; `few` for many ties."""
    if element == "i1":
        return rng.random(shape) < 0.5
    if element.startswith("i"):
        lowest, highest = np.iinfo(NUMPY[element]).min, np.iinfo(NUMPY[element]).max
        return rng.integers(-3, 4, shape, NUMPY[element]) if few else rng.integers(lowest, highest, shape, NUMPY[element], True)
    if element.startswith("f8"):
        return rng.integers(0, 256, shape, np.uint8)
    array = rng.standard_normal(shape) * (1 if few else 100)
    array = np.where(rng.random(shape) < (0.8 if few else 0.1), np.round(array), array)
    for value in (0.0, -0.0, np.inf, -np.inf, np.nan):
        array = np.where(rng.random(shape) < 0.02, value, array)
    return bits(array) if element == "bf16" else array.astype(NUMPY[element])


def interpret(source, entry: str, arrays, folder, params=None) -> list[np.ndarray]:
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.npy"):
        old.unlink()
    for i, array in enumerate(arrays):
        np.save(folder / f"arg{i}.npy", array)
    sizes = ",".join(f"{k}={v}" for k, v in (params or {}).items())
    option = f"--ein-interpret=entry={entry} inputs={folder} outputs={folder}" + (f" params={sizes}" if sizes else "")
    done = subprocess.run([str(BUILD / "bin" / "einfall-opt"), str(source), option, "-o", os.devnull],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count = len(list(folder.glob("result*.npy")))
    return [np.load(folder / f"result{i}.npy") for i in range(count)]


def interpret_each(source, entry: str, cases, folder) -> list[list[np.ndarray]]:
    """The results of `entry` on each of several lists of arrays: one process, where its start would be most of the time."""
    runs = []
    for k, arrays in enumerate(cases):
        runs.append(folder / str(k))
        runs[-1].mkdir(parents=True)
        for i, array in enumerate(arrays):
            np.save(runs[-1] / f"arg{i}.npy", array)
    passes = ",".join(f"ein-interpret{{entry={entry} inputs={run} outputs={run}}}" for run in runs)
    done = subprocess.run([str(BUILD / "bin" / "einfall-opt"), str(source), f"--pass-pipeline=builtin.module({passes})", "-o", os.devnull],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [[np.load(run / f"result{i}.npy") for i in range(len(list(run.glob("result*.npy"))))] for run in runs]


#: The parameter `target` of a test of compiled code.
each_target = cpus.each("x86-64-v2", "x86-64-v3", "x86-64-v4")


def compile_text(text: str, folder, targets=("native",)):
    """(the source's path, the loaded package) of `text`."""
    import einfall

    source, package = folder / "m.mlir", folder / "m.einf"
    source.write_text(text)
    command = [str(BUILD / "bin" / "einfall-compile"), str(source), "-o", str(package)]
    done = subprocess.run([*command, *(f"--target={t}" for t in targets)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return source, einfall.load(package)


def same(got, expected, exact=True):
    """Equal elements; NaN equals NaN, and zeros have equal signs."""
    got = got if isinstance(got, (tuple, list)) else [got]
    assert len(got) == len(expected)
    for g, e in zip(got, expected):
        g, e = plain(g), plain(e)
        assert g.shape == e.shape
        if exact:
            np.testing.assert_array_equal(g, e)
            if g.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(g[g == 0]), np.signbit(e[e == 0]))
        else:
            np.testing.assert_allclose(g, e, rtol=2e-6, atol=1e-6)
