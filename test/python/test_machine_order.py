"""Final machine code keeps the order that the schedule asked for: waits, barriers, copies, loads and the arithmetic between them."""

import re
import shutil
import subprocess

import pytest

import test_ptx_fragments
import test_ptx_products
from machine_order import BARRIER, COPY, GROUP, LOAD, MATRIX, PTX, SASS, WAIT, Code, assemble, differences, disassembler, segments

PRODUCTS = ["nt_bf16", "nn_f16", "tn_bf16", "two_bf16", "batch_bf16", "factor_tn"]
ATTENTIONS = ["full", "causal", "wide", "window", "distance"]
TARGETS = [pytest.param("sm_80", marks=pytest.mark.slow), "sm_90a"]


def emitted(build, folder, name: str, target: str) -> str:
    text = test_ptx_products.text(name) if name in PRODUCTS else test_ptx_fragments.text(name)
    (folder / "m.mlir").write_text(text)
    done = subprocess.run([build / "bin" / "einfall-compile", folder / "m.mlir", f"--target={target}", "-S", "-o", "-"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tools():
    if not shutil.which("ptxas"):
        pytest.skip("NOT RUN: there is no ptxas (a part of the CUDA toolkit)")
    if not disassembler():
        pytest.skip("NOT RUN: there is no nvdisasm (./dev setup brings it)")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", PRODUCTS + ATTENTIONS)
def test_order_is_kept(build, tmp_path, name, target):
    tools()
    ptx = emitted(build, tmp_path, name, target)
    asked = Code(ptx, PTX)
    assert asked.loops
    # What the PTX itself has to say: what is read after a wait is behind a barrier.
    assert (WAIT, LOAD) not in asked.follows(BARRIER)
    assert (WAIT, COPY) not in asked.follows(BARRIER)
    assert (COPY, WAIT) not in asked.follows(GROUP)
    if name in ATTENTIONS:  # before anything is read, the other slot begins to be filled
        (loop,) = asked.loops
        assert (LOAD, COPY) not in asked.follows(BARRIER, loop)
    assert differences(ptx, assemble(ptx, target, tmp_path)) == []


def swapped(ptx: str) -> str:
    return re.sub(r"(\tcp\.async\.wait_group .*\n)(\tbar(?:rier)?\..*\n)", r"\2\1", ptx)


def loaded_before_barrier(ptx: str) -> str:
    """The first load behind a wait's barrier stands before it."""
    return re.sub(r"(\tcp\.async\.wait_group .*\n)(\tbar(?:rier)?\..*\n)((?:(?!\t(?:bra|@|ldmatrix)|\$L).*\n)*)(\tldmatrix.*\n)", r"\1\3\4\2", ptx)


MUTATIONS = {
    "the barrier before the wait": swapped,
    "a load before the barrier": loaded_before_barrier,
    "no wait": lambda ptx: re.sub(r"\tcp\.async\.wait_group .*\n", "", ptx),
    "no barrier behind the wait": lambda ptx: re.sub(r"(\tcp\.async\.wait_group .*\n)\tbar(?:rier)?\..*\n", r"\1", ptx),
    "groups that never end": lambda ptx: re.sub(r"\tcp\.async\.commit_group.*\n", "", ptx),
    "waits for all": lambda ptx: re.sub(r"(\tcp\.async\.wait_group\s+)[1-9]\d*", r"\g<1>0", ptx),
}


@pytest.mark.parametrize("what", MUTATIONS)
@pytest.mark.parametrize("name", ["nn_f16", "full"])
def test_another_order_is_found(build, tmp_path, name, what):
    tools()
    ptx = emitted(build, tmp_path, name, "sm_90a")
    broken = MUTATIONS[what](ptx)
    if name == "full" and what == "waits for all":
        return  # in its loop all are waited for as it is: there are two slots
    assert broken != ptx
    assert differences(ptx, assemble(broken, "sm_90a", tmp_path))


LOOP = ["BAR.SYNC.DEFER_BLOCKING 0x0", "LDSM.16.M88.4 R4, [R8]", "LDGSTS.E.BYPASS.128 [R9], desc[UR4][R2.64]", "LDGDEPBAR",
        "HMMA.16816.F32.BF16 R12, R4, R6, R12", "HMMA.16816.F32.BF16 R16, R4, R6, R16", "DEPBAR.LE SB0, 0x0"]
TEXT = """.version 8.0
$L__BB0_1:
\tbar.sync \t0;
\tldmatrix.sync.aligned.m8n8.x4.shared.b16 \t{%r1, %r2, %r3, %r4}, [%r5];
\tcp.async.cg.shared.global \t[%r6], [%rd1], 16;
\tcp.async.commit_group;
\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 \t{%r7}, {%r1}, {%r2}, {%r7};
\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 \t{%r8}, {%r1}, {%r2}, {%r8};
\tcp.async.wait_group \t0;
\t@%p1 bra \t$L__BB0_1;
\tret;
"""


def machine(events: list[str]) -> str:
    lines = [".L_x_1:", *(f"        /*{16 * i:04x}*/                   {event} ;" for i, event in enumerate(events)),
             "        /*0f00*/              @P0 BRA `(.L_x_1) ;", "        /*0f10*/                   EXIT ;"]
    return "\n".join(lines) + "\n"


def test_reads_both_texts():
    for code in (Code(TEXT, PTX), Code(machine(LOOP), SASS)):
        ((events, overlap),) = code.straight()
        assert events == [BARRIER, LOAD, COPY, GROUP, MATRIX, MATRIX, WAIT] and overlap == 2
        assert segments(events) == [(BARRIER, 1, 1), (GROUP, 0, 0), (WAIT, 0, 0)]
    assert differences(TEXT, machine(LOOP)) == []


@pytest.mark.parametrize("order, what", [
    ([1, 0, 2, 3, 4, 5, 6], "a load can follow a wait with no barrier between"),
    ([2, 0, 1, 3, 4, 5, 6], "a copy can follow a wait with no barrier between"),
    ([0, 1, 3, 2, 4, 5, 6], "a wait can follow a copy with no group between"),
    ([0, 1, 2, 4, 5, 3, 6], "0 matrix instructions, not 2, while copies are on their way"),
    ([0, 1, 2, 3, 4, 5], "of 1 loops 0 are left"),
])
def test_orders_that_differ(order, what):
    assert what in " ".join(differences(TEXT, machine([LOOP[i] for i in order])))
