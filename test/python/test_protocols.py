"""The copies, waits and barriers of kernels, model-checked: whenever copies arrive, two warps find what they are to find."""

import re
import subprocess

import pytest

import test_ptx_fragments
import test_ptx_products

#: Of each, what loops around matrix instructions do is another form.
PRODUCTS = ["nt_bf16", "nn_f16", "tn_bf16", "two_bf16", "heads_bf16", "batch_bf16", "even_bf16", "factor_bf16", "factor_tn"]
ATTENTIONS = ["full", "causal", "wide", "window", "grouped", "columns"]
CASES = PRODUCTS + ATTENTIONS
#: Enough that every loop goes round in some of them: the one for few rows wants sixteen.
RUNS = 600  # takes less than a second


def programs(build, name: str) -> list[str]:
    """The lines of the tile programs."""
    text = test_ptx_products.text(name) if name in PRODUCTS else test_ptx_fragments.text(name)
    done = subprocess.run([build / "bin" / "einfall-opt", "--compile-to=tile", "--target=sm_90a"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def check(build, lines: list[str]) -> str:
    """What is wrong with them; empty if nothing is."""
    done = subprocess.run([build / "bin" / "einfall-opt", f"--verify-copies=runs={RUNS}", "-o", "/dev/null"], input="\n".join(lines),
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.split("\n", 1)[0]


@pytest.mark.parametrize("name", CASES)
def test_holds(build, name):
    lines = programs(build, name)
    assert any("tile.ring" in line for line in lines)
    assert check(build, lines) == ""


def mutations(lines: list[str]):
    """Says what is broken, and yields it: a step that is not there, a group more that may be on its way, a slot too few."""
    for i, line in enumerate(lines):
        word, before = line.strip().split(" ")[0], lines[i - 1].strip()
        if word in ("tile.commit", "tile.wait") or (word == "tile.barrier" and before.startswith("tile.wait")):
            yield f"line {i} without {word}", lines[:i] + lines[i + 1:]
        if word == "tile.wait":
            more = re.sub(r"\d+", lambda m: str(int(m[0]) + 1), line)
            yield f"line {i} waits for fewer", lines[:i] + [more] + lines[i + 1:]
    fewer = {"%c2": "%c1", "%c4": "%c3", "%c8": "%c7"}
    for i, line in enumerate(lines):
        if match := re.search(r"arith\.remui %arg\d+, (%c[248]) : index", line):
            # All numbers of the same ring: those that follow, up to the next ring.
            end = next((j for j in range(i, len(lines)) if "tile.local" in lines[j]), len(lines))
            part = [re.sub(rf"(arith\.remui %\w+, ){match[1]} :", rf"\g<1>{fewer[match[1]]} :", line) for line in lines[i:end]]
            yield f"line {i} with a slot fewer", lines[:i] + part + lines[end:]
            break


@pytest.mark.parametrize("name", ["nn_f16", "factor_tn", "full", "causal"])
def test_every_step_is_needed(build, name):
    lines = programs(build, name)
    broken = dict(mutations(lines))
    assert len(broken) >= 8
    missed = [what for what, text in broken.items() if "breaks what two warps rely on" not in check(build, text)]
    assert not missed
