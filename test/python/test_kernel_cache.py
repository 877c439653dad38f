"""The compile cache of kernels: hits, misses with a name, damage, bounds, several compilers at once."""

import os
import re
import subprocess

import numpy as np
import pytest
from concurrent.futures import ThreadPoolExecutor

VECTOR = "!ein.tensor<[n], f32>"


def program(factor: float, name: str = "f", weight: bool = False) -> str:
    """Two kernels: a product with `factor` and a sum; and one that only `factor` tells from others."""
    w = f', %w: !ein.tensor<[4], f32> {{ein.weight = "w"}}' if weight else ""
    use = "%s = ein.einsum (%y[i], %w[0]) -> [] reduce [i: add] {partial}" if weight else \
        "%s = ein.einsum (%y[i]) -> [] reduce [i: add]"
    types = f"({VECTOR}, !ein.tensor<[4], f32>)" if weight else f"({VECTOR})"
    return f"""
func.func @{name}(%x: {VECTOR}{w}) -> ({VECTOR}, !ein.tensor<[], f32>) attributes {{ein.entry}} {{
  %y = ein.einsum (%x[i]) -> [i] : ({VECTOR}) -> {VECTOR} {{
  ^bb0(%e: f32):
    %c = arith.constant {factor!r} : f32
    %p = arith.mulf %e, %c : f32
    ein.yield %p : f32
  }}
  {use} : {types} -> !ein.tensor<[], f32>
  return %y, %s : {VECTOR}, !ein.tensor<[], f32>
}}
"""


class Compiler:
    def __init__(self, build, folder):
        self.binary, self.folder, self.cache = build / "bin" / "einfall-compile", folder, folder / "cache"
        self.count = 0

    def __call__(self, text, *options, binary=None, target="x86-64-v3", cache=None):
        self.count += 1
        folder = self.folder / str(self.count)  # packages name the file of each step
        folder.mkdir()
        source, package = folder / "f.mlir", folder / "f.einf"
        source.write_text(text)
        done = subprocess.run([binary or self.binary, source, "-o", package, f"--target={target}", *options],
                              capture_output=True, text=True, env={**os.environ, "XDG_CACHE_HOME": str(cache or self.cache)})
        return done, package.read_bytes() if package.exists() else None

    def entries(self):
        return sorted(p for p in (self.cache / "einfall" / "kernels").rglob("*") if p.is_file())


@pytest.fixture
def compiler(build, tmp_path):
    return Compiler(build, tmp_path)


def test_a_second_compilation_hits(compiler):
    first, cold = compiler(program(2.5))
    assert first.returncode == 0 and first.stderr == ""
    assert len(compiler.entries()) == 3  # two kernels and the host program
    again, warm = compiler(program(2.5), "--require-cache-hit")
    assert again.returncode == 0, again.stderr
    assert warm == cold and len(compiler.entries()) == 3
    off, uncached = compiler(program(2.5), "--no-cache")
    assert off.returncode == 0 and uncached == cold


def test_kernels_are_shared_by_programs(compiler):
    """The names around a kernel do not count; what it computes does."""
    compiler(program(2.5))
    other, _ = compiler(program(2.5, name="g"))
    assert other.returncode == 0 and len(compiler.entries()) == 4  # another host program only
    compiler(program(3.5))
    assert len(compiler.entries()) == 6  # its map and its host program; the sum is there


def test_required_hit_names_the_first_missing_kernel(compiler):
    compiler(program(2.5))
    done, package = compiler(program(7.5), "--require-cache-hit")
    assert done.returncode == 1 and package is None
    assert re.search(r"error: the compile cache has no entry for kernel 'map_0_p0' on x86-64-v3: expected /", done.stderr)
    done, _ = compiler(program(2.5), "--require-cache-hit", target="x86-64-v2")
    assert done.returncode == 1 and "on x86-64-v2" in done.stderr
    done, _ = compiler(program(2.5), "--require-cache-hit", "--numerics=strict")
    assert done.returncode == 1 and "has no entry" in done.stderr
    done, _ = compiler(program(2.5), "--require-cache-hit", "--no-cache")
    assert done.returncode == 1 and "needs the cache" in done.stderr


def test_damaged_entries_are_replaced(compiler):
    _, cold = compiler(program(2.5))
    whole = {p: p.read_bytes() for p in compiler.entries()}
    damages = [lambda b: b[:-1], lambda b: b"", lambda b: b[:20], lambda b: b[:60] + bytes([b[60] ^ 1]) + b[61:],
               lambda b: b[:10] + bytes([b[10] ^ 128]) + b[11:], lambda b: b + b"x"]
    for damage in damages:
        for path, data in whole.items():
            path.write_bytes(damage(data))
        done, _ = compiler(program(2.5), "--require-cache-hit")
        assert done.returncode == 1 and "has no entry" in done.stderr
        done, package = compiler(program(2.5))
        assert done.returncode == 0 and package == cold
        assert {p: p.read_bytes() for p in compiler.entries()} == whole


def test_least_recently_used_goes_first(compiler):
    compiler(program(2.5))
    old = set(compiler.entries())
    for path in old:
        os.utime(path, (1e9, 1e9))
    # The sum is used again, so it stays; what only the first program has is the oldest.
    compiler(program(3.5))
    for path in set(compiler.entries()) - old:
        os.utime(path, (1.1e9, 1.1e9))
    stale = {p for p in compiler.entries() if p.stat().st_mtime == 1e9}
    assert len(stale) == 2
    total = sum(p.stat().st_size for p in compiler.entries())
    assert total < 1 << 20
    padding = next(iter(stale))
    padding.write_bytes(padding.read_bytes() + bytes((1 << 20) - total))  # its size is what counts
    os.utime(padding, (0.9e9, 0.9e9))
    done, _ = compiler(program(4.5), "--cache-limit=1")
    assert done.returncode == 0
    assert not padding.exists() and all(p.exists() for p in stale - {padding})  # enough is gone with the oldest
    assert sum(p.stat().st_size for p in compiler.entries()) <= 1 << 20
    assert compiler(program(3.5), "--require-cache-hit")[0].returncode == 0
    compiler(program(5.5), "--cache-limit=0")
    assert compiler.entries() == []


def test_another_compiler_does_not_hit(compiler, tmp_path):
    compiler(program(2.5))
    data = bytearray(compiler.binary.read_bytes())
    found = re.search(rb"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", data)  # the head of the build id's note
    data[found.end()] ^= 1
    other = tmp_path / "other-compiler"
    other.write_bytes(data)
    other.chmod(0o755)
    done, _ = compiler(program(2.5), "--require-cache-hit", binary=other)
    assert done.returncode == 1 and "has no entry" in done.stderr
    assert compiler(program(2.5), binary=other)[0].returncode == 0
    assert len(compiler.entries()) == 6


def test_weights_are_not_part_of_a_key(compiler, tmp_path):
    from safetensors.numpy import save_file

    for k in range(2):
        save_file({"w": np.full(4, k, np.float32)}, tmp_path / f"{k}.safetensors")
    options = [f"--weights={tmp_path}/0.safetensors"], [f"--weights={tmp_path}/1.safetensors", "--require-cache-hit"]
    (first, a), (second, b) = (compiler(program(2.5, weight=True), *o) for o in options)
    assert first.returncode == 0 and second.returncode == 0, second.stderr
    assert a != b


def test_several_compilers_at_once(compiler):
    texts = [program(1.5 + k % 3) for k in range(12)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(compiler, texts))
    assert [done.returncode for done, _ in results] == [0] * 12
    for k, (_, package) in enumerate(results):
        assert package == results[k % 3][1]
    assert len(compiler.entries()) == 7 and not [p for p in compiler.entries() if p.name.startswith(".new-")]
    for text in texts[:3]:
        assert compiler(text, "--require-cache-hit")[0].returncode == 0


def test_a_cache_that_cannot_be_written_is_told(compiler, tmp_path):
    (tmp_path / "file").write_text("")
    done, package = compiler(program(2.5), cache=tmp_path / "file" / "below")
    assert done.returncode == 0 and package
    assert done.stderr.count("warning: the compile cache cannot be written") == 1


def test_command_line(einfall_command, tmp_path):
    source = tmp_path / "f.mlir"
    source.write_text(program(2.5))
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = einfall_command("compile", source, "-o", tmp_path / "f.einf", "--require-cache-hit", **cache)
    assert done.returncode == 1 and "has no entry for kernel 'map_0_p0'" in done.stderr
    assert einfall_command("compile", source, "-o", tmp_path / "f.einf", "--no-cache", **cache).returncode == 0
    assert not (tmp_path / "cache").exists()
    for options in [], ["--require-cache-hit"]:
        assert einfall_command("compile", source, "-o", tmp_path / "f.einf", *options, **cache).returncode == 0
