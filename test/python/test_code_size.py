"""Code, and with it the time to compile, stays in proportion to what a program says."""

import re
import subprocess

import pytest

from einfall import toolchain


def sum_of(count: int) -> str:
    """One Einsum that adds `count` tensors."""
    tensors = ["!ein.tensor<[n], f32>"] * count
    arguments = ", ".join(f"%x{k}: {t}" for k, t in enumerate(tensors))
    lines = [f"%s{k} = arith.addf {'%b0' if k == 1 else f'%s{k - 1}'}, %b{k} : f32" for k in range(1, count)]
    return (f"func.func @f({arguments}) -> {tensors[0]} attributes {{ein.entry}} {{\n"
            f"%y = ein.einsum ({', '.join(f'%x{k}[i]' for k in range(count))}) -> [i] : ({', '.join(tensors)}) -> {tensors[0]} {{\n"
            f"^bb0({', '.join(f'%b{k}: f32' for k in range(count))}):\n" + "\n".join(lines) +
            f"\nein.yield %s{count - 1} : f32\n}}\nreturn %y : {tensors[0]}\n}}\n")


def instructions(text: str, target: str) -> int:
    """Lines of assembly that are instructions."""
    done = subprocess.run([toolchain.find_tool("einfall-compile"), "-", "-S", f"--target={target}", "-o", "-"], input=text, text=True,
                          capture_output=True, check=True)
    return sum(bool(re.match(r"\s+(@!?%p\d+ )?[a-z]", line)) for line in done.stdout.splitlines())


@pytest.mark.parametrize("target", ["x86-64-v4", "sm_90a"])
def test_many_inputs_are_no_more_code_each(build, target):
    few, many = (instructions(sum_of(count), target) for count in (32, 128))
    assert many < 4.5 * few


def test_tiles_of_many_inputs_are_narrow(build):
    """A GPU's threads take as many elements of each as make a bounded number of loads."""
    few, many = (instructions(sum_of(count), "sm_90a") for count in (16, 128))
    assert many < 2 * few
