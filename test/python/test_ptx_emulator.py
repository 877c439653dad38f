"""The emulator of PTX itself: what it must compute, and what it must not let pass."""

from fractions import Fraction

import numpy as np
import pytest

from ptx.floats import fused_double, fused_single, to_bf16
from ptx.machine import Deadlock, Machine, aligned
from ptx.memory import Race, Region
from ptx.text import PtxError

HEAD = """.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 128 .b8 k_shared[];
.global .align 4 .b32 table[4] = {10, 20, 0x1E, 40};
.visible .entry k(
    .param .u64 .ptr .align 1 k_param_0
)
.maxntid 64
{
    .reg .pred     %p<9>;
    .reg .b16     %rs<9>;
    .reg .b32     %r<20>;
    .reg .b64     %rd<20>;
    ld.param.b64     %rd1, [k_param_0];
    cvta.to.global.u64     %rd2, %rd1;
    mov.u32     %r1, %tid.x;
    mul.wide.u32     %rd3, %r1, 4;
    add.s64     %rd4, %rd2, %rd3;
    mov.b64     %rd5, k_shared;
    add.s64     %rd6, %rd5, %rd3;
"""


def run(body: str, words: int = 64, shared: int = 256, blocks: int = 1, seed: int = 0) -> np.ndarray:
    """What `body` leaves in 32-bit words; %r1 is the thread, %rd4 its word and %rd6 its word in shared memory."""
    machine = Machine(HEAD + body + "\n\tret;\n}\n", seed)
    data = aligned(4 * words)
    region = machine.memory.add(Region("out", data))
    machine.launch("k", blocks, [region.base], shared)
    return data.view(np.uint32).copy()


THREADS = np.arange(64, dtype=np.uint32)


def test_threads_that_part_meet_again():
    """Odd threads take another way, some of them a longer loop; the exchange afterwards needs all lanes."""
    got = run("""
    and.b32     %r2, %r1, 1;
    setp.eq.b32     %p1, %r2, 0;
    mov.b32     %r3, 0;
    @%p1 bra     $even;
$loop:
    add.s32     %r3, %r3, 1;
    setp.lt.u32     %p2, %r3, %r1;
    @%p2 bra     $loop;
    bra.uni     $end;
$even:
    mov.b32     %r3, 1000;
$end:
    shfl.sync.bfly.b32     %r4, %r3, 1, 31, -1;
    st.global.b32     [%rd4], %r4;""")
    own = np.where(THREADS % 2, THREADS, 1000)
    np.testing.assert_array_equal(got, own[THREADS ^ 1])


EXCHANGE = """
    st.shared.b32     [%rd6], %r1;
    {}
    xor.b32     %r2, %r1, 32;
    mul.wide.u32     %rd7, %r2, 4;
    add.s64     %rd8, %rd5, %rd7;
    ld.shared.b32     %r3, [%rd8];
    st.global.b32     [%rd4], %r3;"""


def test_a_barrier_orders_warps():
    for seed in range(4):
        np.testing.assert_array_equal(run(EXCHANGE.format("bar.sync     0;"), seed=seed), THREADS ^ 32)


def test_warps_that_meet_at_different_barriers():
    with pytest.raises(PtxError, match="meet at different barriers: warp 0 .*; warp 1 "):
        run("""
    setp.ge.u32     %p1, %r1, 32;
    @%p1 bra     $other;
    bar.sync     0;
    bra.uni     $end;
$other:
    bar.sync     0;
$end:
    st.global.b32     [%rd4], %r1;""")


def test_a_missing_barrier_is_a_race():
    """The same without it: whichever warp comes first, both lines are told."""
    text = EXCHANGE.format("bar.sync     0;\n    st.shared.b32     [%rd6], %r1;")
    for seed in range(4):
        with pytest.raises(Race, match=r"race at byte \d+ of 'shared memory': .*(ld|st)\.shared.*by warp \d at line \d+: (ld|st)\.shared"):
            run(text, seed=seed)


def test_blocks_that_share_an_address_are_a_race():
    with pytest.raises(Race, match="by another block"):
        run("    st.global.b32     [%rd4], %r1;", blocks=2)


def test_lanes_that_store_to_one_address():
    with pytest.raises(Race, match="lanes of one warp store different values"):
        run("    setp.ge.u32     %p1, %r1, 32;\n    @%p1 bra     $end;\n    st.global.b32     [%rd2], %r1;\n$end:")
    assert run("    setp.ge.u32     %p1, %r1, 32;\n    @%p1 bra     $end;\n    st.global.b32     [%rd2], 7;\n$end:")[0] == 7


@pytest.mark.parametrize("body", [
    "    setp.lt.u32     %p1, %r1, 3;\n    @%p1 bra     $end;\n    bar.warp.sync     -1;\n    bra.uni     $other;\n$end:\n    bar.warp.sync     -1;\n$other:",
    "    setp.eq.b32     %p1, %r1, 40;\n    @%p1 bra     $end;\n    bar.sync     0;\n    bra.uni     $other;\n$end:\n    shfl.sync.bfly.b32     %r4, %r1, 1, 31, -1;\n"
    "$other:"], ids=["warp", "block"])
def test_a_deadlock_tells_who_waits_where(body):
    with pytest.raises(Deadlock, match=r"warp \d lanes [\d,]+ at line \d+: (bar|shfl)"):
        run(body)


def test_threads_that_have_ended_are_not_waited_for():
    got = run("    setp.lt.u32     %p1, %r1, 40;\n    @%p1 bra     $go;\n    ret;\n$go:\n    bar.sync     0;\n    st.global.b32     [%rd4], 1;")
    np.testing.assert_array_equal(got, THREADS < 40)


@pytest.mark.parametrize("body, message", [
    ("    st.global.b32     [%rd4+4], %r1;", r"st\.global\.b32 .*: out of bounds: 4 bytes at byte 256 of 'out', which has 256"),
    ("    ld.global.b32     %r2, [%rd4+-4];", r"ld\.global\.b32 .*: out of bounds"),
    ("    st.shared.b32     [%rd6+128], %r1;", r"st\.shared\.b32 .*: out of bounds"),
    ("    ld.shared.b32     %r2, [%rd6];", r"ld\.shared\.b32 .*: reads 'shared memory' where nothing was written"),
    ("    ld.global.b32     %r2, [%rd2+2];", "an address is no multiple of 4"),
    ("    st.global.b32     [table], 1;", "writes 'table', which is read only"),
    ("    frobnicate.b32     %r2, %r1;", r"line \d+: frobnicate\.b32 %r2, %r1;: unknown instruction"),
    ("    add.rz.f32     %r2, %r1, %r1;", "unknown form of this instruction"),
    ("$loop:\n    bra.uni     $nowhere;", r"there is no label \$nowhere")])
def test_what_is_refused(body, message):
    with pytest.raises(PtxError, match=message):
        run(body)


def test_tables_and_generic_addresses():
    got = run("""
    and.b32     %r2, %r1, 3;
    mul.wide.u32     %rd7, %r2, 4;
    mov.b64     %rd8, table;
    add.s64     %rd9, %rd8, %rd7;
    ld.global.b32     %r3, [%rd9];
    cvta.shared.u64     %rd10, %rd6;
    st.b32     [%rd10], %r3;
    ld.shared.b32     %r4, [%rd6];
    st.b32     [%rd4], %r4;""")
    np.testing.assert_array_equal(got, np.array([10, 20, 30, 40])[THREADS % 4])


@pytest.mark.parametrize("text, want", [
    ("sub.s32     %r3, 0, %r1;\n    shr.s32     %r3, %r3, 1;", lambda t: (-t) >> 1),
    ("sub.s32     %r3, 5, %r1;\n    div.s32     %r3, %r3, 3;", lambda t: np.trunc((5 - t) / 3).astype(int)),
    ("sub.s32     %r3, 5, %r1;\n    rem.s32     %r3, %r3, 3;", lambda t: np.fmod(5 - t, 3)),
    ("shl.b32     %r3, 1, %r1;", lambda t: np.where(t < 32, 1 << (t % 32), 0)),
    ("mul.hi.u32     %r3, %r1, -1;", lambda t: np.maximum(t - 1, 0)),
    ("bfe.u32     %r3, %r1, 2, 3;", lambda t: t >> 2 & 7), ("shf.l.wrap.b32     %r3, -1, %r1, 4;", lambda t: t << 4 | 15),
    ("prmt.b32     %r3, %r1, 0, 0x4440U;", lambda t: t), ("prmt.b32     %r3, %r1, 0, 0x0444U;", lambda t: t << 24),
    ("cvt.u64.u32     %rd7, %r1;\n    mov.b64     {%r3, _}, %rd7;", lambda t: t),
    ("cvt.u16.u32     %rs1, %r1;\n    neg.s16     %rs1, %rs1;\n    cvt.s32.s16     %r3, %rs1;", lambda t: -t),
    ("cvt.rn.f32.u32     %r3, %r1;\n    add.rn.f32     %r3, %r3, 0f3F000000;\n    cvt.rni.s32.f32     %r3, %r3;", lambda t: np.rint(t + 0.5).astype(int)),
    ("cvt.rzi.s32.f32     %r3, 0f7FC00000;", lambda t: 0 * t), ("cvt.rzi.s32.f32     %r3, 0f7F800000;", lambda t: 0 * t + 2**31 - 1),
    ("setp.ltu.f32     %p1, 0f7FC00000, 0f00000000;\n    selp.b32     %r3, 1, 2, %p1;", lambda t: 0 * t + 1),
    ("setp.ne.f32     %p1, 0f7FC00000, 0f00000000;\n    selp.b32     %r3, 1, 2, %p1;", lambda t: 0 * t + 2),
    ("min.f32     %r3, 0f7FC00000, 0f40000000;", lambda t: 0 * t + 0x40000000),
    ("min.NaN.f32     %r3, 0f7FC00000, 0f40000000;", lambda t: 0 * t + 0x7FC00000),
    ("max.f32     %r3, 0f80000000, 0f00000000;", lambda t: 0 * t)])
def test_instructions(text, want):
    got = run("\t" + text + "\n    st.global.b32     [%rd4], %r3;")
    np.testing.assert_array_equal(got, np.asarray(want(THREADS.astype(np.int64))).astype(np.uint32))


def test_a_fused_product_rounds_once():
    """Sums that lie next to the middle of two floats, where a detour through float64 rounds twice."""
    rng = np.random.default_rng(1)
    a = (1 + rng.integers(0, 2**23, 4000) / 2**23).astype(np.float32)
    b = (1 + rng.integers(0, 2**23, 4000) / 2**23).astype(np.float32)
    c = (rng.choice([-1, 1], 4000) * 2.0 ** rng.integers(20, 32, 4000)).astype(np.float32)
    a[0], b[0], c[0] = 1 + 2.0**-12, 1 + 2.0**-12, 2.0**-70
    a[1], b[1], c[1] = 2.0**-80, 1 + 2.0**-20, 2.0**-149
    for x, y, z, got in zip(a, b, c, fused_single(a, b, c)):
        exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        distance = abs(Fraction(float(got)) - exact)
        for other in (np.nextafter(got, np.float32(np.inf)), np.nextafter(got, np.float32(-np.inf))):
            assert distance <= abs(Fraction(float(other)) - exact), (x, y, z)
    assert fused_double(*(np.array([v]) for v in (1 + 2.0**-52, 1 + 2.0**-52, -1.0)))[0] == 2.0**-51 + 2.0**-104


def test_bf16_rounds_to_even():
    values = np.array([1.0, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-8 + 2.0**-40, np.inf, 3.4e38])
    np.testing.assert_array_equal(to_bf16(values), [0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x7F80, 0x7F80])
