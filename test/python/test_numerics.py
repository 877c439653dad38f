"""Strict numerics: random small cascades, bit for bit as the interpreter's `declared` mode on every target; and what
the option and the manifest say."""

import json
import os
import re
import subprocess

import numpy as np
import pytest

import cpus
from differential import interpret
from numerics import TARGETS, assert_same_bits, compile_strict, decoded
from paths import BUILD, MODEL, ROOT

pytestmark = pytest.mark.skipif(not (BUILD / "bin" / "einfall-compile").exists(), reason=f"NOT TESTED: no compiler under {BUILD}")

UNARY = ["exp", "tanh", "log1p", "sin", "cos", "erf", "sqrt", "absf", "expm1", "atan", "exp2", "cbrt", "rsqrt"]
BINARY = ["arith.addf", "arith.mulf", "arith.subf", "arith.divf", "arith.maximumf", "arith.minnumf", "math.powf", "math.atan2",
          "arith.remf"]
EXTENTS = {"a": 5, "b": 3, "m": 37, "k": 130}


class Program:
    """A cascade: two arguments, a map of both, a reduction of it with an epilogue, a second reduction of another type."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.type = self.pick(["f32", "f32", "f64", "f16", "bf16"])
        self.wide = self.pick({"f32": ["f32", "f64"], "f64": ["f64"], "f16": ["f16", "f32"], "bf16": ["bf16", "f32", "f64"]}[self.type])
        self.lines: list[str] = []

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def scalar(self, names: list[str], type_: str, count: int) -> str:
        """Some operations on `names`; the last value."""
        names = list(names)
        for i in range(count):
            name = f"%v{len(self.lines)}_{i}"
            if self.rng.random() < 0.5:
                self.lines.append(f"    {name} = {'math.' + self.pick(UNARY)} {self.pick(names)} : {type_}")
            elif self.rng.random() < 0.2:
                a, b, c = (self.pick(names) for _ in range(3))
                self.lines.append(f"    {name} = math.fma {a}, {b}, {c} : {type_}")
            else:
                self.lines.append(f"    {name} = {self.pick(BINARY)} {self.pick(names)}, {self.pick(names)} : {type_}")
            names.append(name)
        return names[-1]

    def text(self) -> str:
        t, w = self.type, self.wide
        T = lambda ranks, e: f"!ein.tensor<[{', '.join(ranks)}], {e}>"  # noqa: E731
        x, y = T(["a", "m"], t), T(["m", "k"], t)
        add = self.lines.append
        # A map that yields a product: inlined into the sum it must stay rounded.
        add(f"  %p = ein.einsum (%x[a, m]) -> [a, m] : ({x}) -> {x} {{\n  ^bb0(%s: {t}):")
        add(f"    %q = arith.mulf %s, {self.scalar(['%s'], t, 2)} : {t}\n    ein.yield %q : {t}\n  }}")
        add(f"  %n = ein.einsum (%p[a, m]) -> [a] reduce [m: {self.pick(['add', 'mul', 'max', 'logaddexp'])}] : ({x}) -> {T(['a'], t)} {{")
        add(f"  ^bb0(%s: {t}):\n    ein.yield %s : {t}\n  }}")
        add(f"  %z = ein.einsum (%p[a, m], %y[m, k]) -> [a, k] reduce [m: add] : ({x}, {y}) -> {T(['a', 'k'], w)} {{")
        add(f"  ^bb0(%s: {t}, %u: {t}):")
        names = ["%s", "%u"]
        if w != t:
            add(f"    %sw = arith.extf %s : {t} to {w}\n    %uw = arith.extf %u : {t} to {w}")
            names = ["%sw", "%uw"]
        add(f"    %r = arith.mulf {names[0]}, {names[1]} : {w}\n    ein.yield %r : {w}\n  }}")
        add(f"  %o = ein.einsum (%z[a, k], %n[a]) -> [a, k] : ({T(['a', 'k'], w)}, {T(['a'], t)}) -> {T(['a', 'k'], w)} {{")
        add(f"  ^bb0(%s: {w}, %u: {t}):")
        other = "%u"
        if w != t:
            add(f"    %uw = arith.extf %u : {t} to {w}")
            other = "%uw"
        add(f"    ein.yield {self.scalar(['%s', other], w, 3)} : {w}\n  }}")
        add(f"  return %o, %n : {T(['a', 'k'], w)}, {T(['a'], t)}\n}}")
        return (f'func.func @f(%x: {x} {{ein.name = "x"}}, %y: {y} {{ein.name = "y"}})\n'
                f'    -> ({T(["a", "k"], w)} {{ein.name = "o"}}, {T(["a"], t)} {{ein.name = "n"}}) attributes {{ein.entry}} {{\n'
                + "\n".join(self.lines) + "\n")

    def argument(self, shape) -> np.ndarray:
        values = self.rng.standard_normal(shape) * 2.0 ** self.rng.integers(-3, 3, shape)
        values[self.rng.random(shape) < 0.01] = self.pick([0.0, -0.0, np.inf, 1e-41, 3e4])
        if self.type == "bf16":
            return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        return values.astype({"f32": np.float32, "f64": np.float64, "f16": np.float16}[self.type])


def _run(package, arrays, folder, target, threads, entry="f", results=("o", "n"), options=()):
    command = [BUILD / "bin" / "einfall-run", package, "--entry", entry, "--threads", threads, *options]
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        command += ["--input", f"{name}={folder}/{name}.npy"]
    for name in results:
        command += ["--output", f"{name}={folder}/out_{name}.npy"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, "EINFALL_CPU": target})
    assert done.returncode == 0, done.stderr
    return [np.load(folder / f"out_{name}.npy") for name in results]


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(s, marks=pytest.mark.slow) for s in range(4, 40))])
def test_random_cascades_are_bitwise(seed, tmp_path):
    program = Program(seed)
    text = program.text()
    source, package = tmp_path / "f.mlir", tmp_path / "f.einf"
    source.write_text(text)
    compile_strict(source, package)
    e = EXTENTS
    arrays = {"x": program.argument((e["a"], e["m"])), "y": program.argument((e["m"], e["k"]))}
    expected = interpret(source, "f", arrays.values(), tmp_path / "interpreted")
    for target in cpus.here(*TARGETS):
        for threads in (1, 2):
            got = _run(package, arrays, tmp_path, target, threads)
            for g, want, element in zip(got, expected, (program.wide, program.type)):
                assert_same_bits(decoded(g, element), decoded(want, element), f"{target}, {threads} threads, seed {seed}\n{text}")


def _model_arguments(text: str, entry: str, given: dict[str, np.ndarray], sizes: dict[str, int]) -> list[np.ndarray]:
    """Arguments of an entry of the sample model in order: weights (bf16 as bits), empty states, inputs by name."""
    import torch
    from safetensors import safe_open

    signature = re.search(rf"func\.func @{entry}\((.*?)\)\s*->", text, re.S).group(1)
    arrays = []
    with safe_open(MODEL / "model.safetensors", "pt") as weights:
        for shape, attributes in re.findall(r"!ein\.tensor<\[(.*?)\], \w+> \{(.*?)\}", signature):
            kind, name = re.search(r'ein\.(weight|state|name) = "(.*?)"', attributes).groups()
            if kind == "weight":
                tensor = weights.get_tensor(name)
                arrays.append(tensor.view(torch.uint16).numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy())
            elif kind == "state":
                arrays.append(np.zeros([sizes.get(d.strip()) or int(d) for d in shape.split(",")], np.float32))
            else:
                arrays.append(given[name])
    return arrays


@pytest.mark.slow
def test_a_model_is_bitwise(tmp_path):
    """The sample model's logits on every target are the interpreter's, to the bit."""
    from einfall.compiler import compile_text
    from einfall.frontend import import_causal_lm

    text, _ = import_causal_lm(str(MODEL), "f32")
    source, package = tmp_path / "model.mlir", tmp_path / "model.einf"
    source.write_text(text)
    compile_text(text, package, targets=cpus.here(*TARGETS), weights=str(MODEL), kind="causal-lm", numerics="strict")
    ids = np.load(MODEL / "val_ids.npy")[:5].astype(np.int64)[None, :]
    given = {"ids": ids, "start": np.zeros(1, np.int64)}
    arguments = _model_arguments(text, "logits", given, {"b": 1, "c": 8})
    expected, *_ = interpret(source, "logits", arguments, tmp_path / "interpreted", {"t": 5})
    for target in cpus.here(*TARGETS):
        got, = _run(package, given, tmp_path, target, 2, "logits", ("logits",), ("--param", "t=5", "--bound", "c=8"))
        assert_same_bits(got, expected, target)


MAP = """module attributes {MODE} {
func.func @f(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "o"}) attributes {ein.entry} {
  %o = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    ein.yield %e : f32
  }
  return %o : !ein.tensor<[n], f32>
}
}
"""


@pytest.mark.parametrize("module, option, says", [
    ("", (), "algebraic"), ("", ("--numerics=fast",), "fast"), ('ein.numerics = "strict"', (), "strict"),
    ('ein.numerics = "strict"', ("--numerics=strict",), "strict")])
def test_the_manifest_says_the_numerics(module, option, says, tmp_path):
    source, package = tmp_path / "f.mlir", tmp_path / "f.einf"
    source.write_text(MAP.replace("MODE", module))
    subprocess.run([BUILD / "bin" / "einfall-compile", source, "-o", package, *option], check=True)
    shown = subprocess.run([BUILD / "bin" / "einfall-run", package, "inspect", "--json"], check=True, capture_output=True, text=True)
    assert {"key": "numerics", "value": says} in _pairs(json.loads(shown.stdout)["metadata"])


def _pairs(metadata) -> list[dict]:
    return [{"key": k, "value": v} for k, v in metadata.items()] if isinstance(metadata, dict) else metadata


@pytest.mark.parametrize("module, option, said", [
    ("", "--numerics=exact", "there are strict, algebraic, fast"),
    ('ein.numerics = "strict"', "--numerics=fast", 'the module is marked ein.numerics = "strict"')])
def test_wrong_numerics_are_refused(module, option, said, tmp_path):
    source, package = tmp_path / "f.mlir", tmp_path / "f.einf"
    source.write_text(MAP.replace("MODE", module))
    done = subprocess.run([BUILD / "bin" / "einfall-compile", source, "-o", package, option], capture_output=True, text=True)
    assert done.returncode == 1 and said in done.stderr and not package.exists()


def test_numerics_are_part_of_the_cache_key():
    from einfall import cache

    keys = {cache.key("text", ("x86-64-v3",), n) for n in (None, "strict", "algebraic", "fast")}
    assert len(keys) == 4


@pytest.mark.skipif(not (BUILD / "bin" / "einfall-check-functions").exists(), reason=f"NOT TESTED: no checker under {BUILD}")
@cpus.each(*TARGETS)
def test_errors_of_elementary_functions(target, tmp_path):
    """A sample of every function: 1 ulp in f32, 2 in f64 (all float32 values: docs/numerics.md)."""
    package = tmp_path / "functions.einf"
    subprocess.run([BUILD / "bin" / "einfall-compile", ROOT / "bench" / "functions" / "functions.mlir", "-o", package,
                    f"--target={target}"], check=True)
    done = subprocess.run([BUILD / "bin" / "einfall-check-functions", package, "--step", "8209"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ulp") == 46


@pytest.mark.skipif(not (BUILD / "bin" / "einfall-check-functions").exists(), reason=f"NOT TESTED: no checker under {BUILD}")
def test_errors_of_fast_approximations(tmp_path):
    package = tmp_path / "functions.einf"
    subprocess.run([BUILD / "bin" / "einfall-compile", ROOT / "bench" / "functions" / "functions.mlir", "-o", package,
                    "--numerics=fast"], check=True)
    command = [BUILD / "bin" / "einfall-check-functions", package, "--step", "8209", "--relative", "4e-7"]
    done = subprocess.run([*command, "exp_f32", "tanh_f32", "rsqrt_f32"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("relative") == 3


def test_sign_of_a_single_bf16(build, tmp_path):
    """A number that is rounded to bf16 once for a row and widened again keeps its sign on every target."""
    import einfall

    text = """
func.func @f(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n, n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i], %x[j]) -> [j, i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %t = arith.truncf %b : f32 to bf16
    %w = arith.extf %t : bf16 to f32
    ein.yield %w : f32
  }
  return %y : !ein.tensor<[n, n], f32>
}
"""
    x = np.array([-0.125, 0.5, -3.0, -0.0], np.float32)
    y = einfall.compile(text, tmp_path / "f.einf").f(x)
    assert np.array_equal(np.signbit(y), np.signbit(np.broadcast_to(x[:, None], y.shape)))
    assert np.array_equal(y, np.broadcast_to(x[:, None], y.shape))
