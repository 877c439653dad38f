"""The emulator of PTX: matrices in registers, and copies that arrive later. What is expected is written as the ISA has it."""

import numpy as np
import pytest

from ptx.floats import to_bf16, widen_bf16
from ptx.machine import Deadlock, Machine, aligned
from ptx.memory import Race, Region
from ptx.text import PtxError, read

#: Thread t has %r1 = t; %rd4, %rd5 and %rd6 are 16 t bytes into shared memory, `in` and `out`.
HEAD = """.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 128 .b8 k_shared[];
.visible .entry k(
    .param .u64 .ptr .align 1 k_param_0,
    .param .u64 .ptr .align 1 k_param_1
)
.maxntid {threads}
{{
    .reg .pred     %p<9>;
    .reg .b32     %r<30>;
    .reg .b64     %rd<20>;
    ld.param.b64     %rd1, [k_param_0];
    ld.param.b64     %rd2, [k_param_1];
    mov.b64     %rd3, k_shared;
    mov.u32     %r1, %tid.x;
    mul.wide.u32     %rd7, %r1, 16;
    add.s64     %rd4, %rd3, %rd7;
    add.s64     %rd5, %rd1, %rd7;
    add.s64     %rd6, %rd2, %rd7;
"""
COPY = "    cp.async.cg.shared.global     [%rd4], [%rd5], 16;\n"
COMMIT = "    cp.async.commit_group;\n"
WAIT = "    cp.async.wait_group     0;\n"
BARRIER = "    bar.sync     0;\n"
#: From the thread's own place, and from one of another warp.
OWN = "    ld.shared.v4.b32     {%r2, %r3, %r4, %r5}, [%rd4];\n"
OTHER = """    xor.b32     %r6, %r1, 32;
    mul.wide.u32     %rd8, %r6, 16;
    add.s64     %rd9, %rd3, %rd8;
    ld.shared.v4.b32     {%r2, %r3, %r4, %r5}, [%rd9];
"""
STORE = "    st.global.v4.b32     [%rd6], {%r2, %r3, %r4, %r5};\n"
#: A warp that comes first finds nothing.
UNWRITTEN = "reads 'shared memory' where nothing was written"
LANES = np.arange(32)


def run(body: str, source: np.ndarray | None = None, threads: int = 64, shared: int = 4096, seed: int = 0, writable=False) -> np.ndarray:
    """The 16 bytes that each thread leaves in `out`, as words."""
    machine = Machine(HEAD.format(threads=threads) + body + "\n    ret;\n}\n", seed)
    regions = []
    for name, size in (("in", 16 * threads if source is None else source.nbytes), ("out", 16 * threads)):
        regions.append(machine.memory.add(Region(name, aligned(size), writable=writable or name == "out")))
    regions[0].data[:] = numbers(threads).view(np.uint8).ravel() if source is None else source.view(np.uint8).ravel()
    machine.launch("k", 1, [r.base for r in regions], shared)
    return regions[1].data.view(np.uint32).reshape(threads, 4).copy()


def numbers(threads: int = 64) -> np.ndarray:
    return np.arange(4 * threads, dtype=np.uint32).reshape(threads, 4) * np.uint32(0x01010101) + np.uint32(7)


# -- matrices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transposed", [False, True])
def test_four_matrices(transposed):
    """Rows lie in the order in which the lanes say: here from the last one to the first."""
    elements = np.random.default_rng(1).integers(0, 2**16, (32, 8), np.uint16)
    got = run(COPY + COMMIT + WAIT + f"""
    sub.s32     %r6, 31, %r1;
    mul.wide.u32     %rd8, %r6, 16;
    add.s64     %rd9, %rd3, %rd8;
    ldmatrix.sync.aligned.m8n8.x4{".trans" if transposed else ""}.shared.b16     {{%r2, %r3, %r4, %r5}}, [%rd9];
""" + STORE, elements, threads=32).view(np.uint16).reshape(32, 4, 2)
    rows = elements[::-1]
    for lane in LANES:
        for matrix in range(4):
            for i in range(2):
                at = (lane // 4, lane % 4 * 2 + i)
                row, column = at[::-1] if transposed else at
                assert got[lane, matrix, i] == rows[8 * matrix + row, column]


def fragments(matrix: np.ndarray, places) -> np.ndarray:
    """What each lane holds of a matrix; `places(group, thread, i)` is its element i."""
    return np.array([[matrix[place] for place in places(lane // 4, lane % 4)] for lane in LANES], matrix.dtype)


def of_a(group, thread):
    return [(group + 8 * (i // 2 % 2), 2 * thread + i % 2 + 8 * (i // 4)) for i in range(8)]


def of_b(group, thread):
    return [(2 * thread + i % 2 + 8 * (i // 2), group) for i in range(4)]


def of_c(group, thread):
    return [(group + 8 * (i // 2), 2 * thread + i % 2) for i in range(4)]


MMA = """
    mul.wide.u32     %rd8, %r1, 48;
    add.s64     %rd9, %rd1, %rd8;
    ld.global.v4.b32     {%r2, %r3, %r4, %r5}, [%rd9];
    ld.global.v4.b32     {%r6, %r7, %r8, %r9}, [%rd9+16];
    ld.global.v4.b32     {%r10, %r11, %r12, %r13}, [%rd9+32];
    mma.sync.aligned.m16n8k16.row.col.f32.KIND.KIND.f32
        {%r14, %r15, %r16, %r17},
        {%r2, %r3, %r4, %r5},
        {%r6, %r7},
        {%r10, %r11, %r12, %r13};
    st.global.v4.b32     [%rd6], {%r14, %r15, %r16, %r17};
"""


def multiplied(kind: str, a, b, c, signed: str = "") -> tuple[np.ndarray, np.ndarray]:
    """What comes out, and what should; the register `signed` was last written as a signed number."""
    narrow, widen = {"bf16": (to_bf16, widen_bf16), "f16": (lambda v: v.astype(np.float16), lambda v: v)}[kind]
    a, b, c = narrow(a), narrow(b), c.astype(np.float32)
    parts = [fragments(a, of_a).view(np.uint32), fragments(b, of_b).view(np.uint32), np.zeros((32, 2), np.uint32), fragments(c, of_c).view(np.uint32)]
    code = MMA.replace("    mma", f"    neg.s32     {signed}, {signed};\n" * 2 + "    mma") if signed else MMA
    got = run(code.replace("KIND", kind), np.concatenate(parts, axis=1), threads=32).view(np.float32)
    with np.errstate(invalid="ignore"):
        want = widen(a).astype(np.float64) @ widen(b).astype(np.float64) + c
    return got, fragments(want.astype(np.float32), of_c)


@pytest.mark.parametrize("kind", ["bf16", "f16"])
def test_a_product_of_matrices(kind):
    rng = np.random.default_rng(2)
    got, want = multiplied(kind, *(rng.standard_normal(shape) for shape in ((16, 16), (16, 8), (16, 8))))
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    a, b, c = (rng.integers(-4, 5, shape).astype(float) for shape in ((16, 16), (16, 8), (16, 8)))
    np.testing.assert_array_equal(*multiplied(kind, a, b, c))
    a[3, 4], a[12, 9], b[0, 7] = np.inf, np.nan, -np.inf
    np.testing.assert_array_equal(*multiplied(kind, a, b, c))
    got, want = multiplied(kind, a, b, c, signed="%r3")
    np.testing.assert_array_equal(got, want)


TOGETHER = ["mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r2, %r3, %r4, %r5}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%r2, %r3, %r4, %r5};",
            "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r2, %r3, %r4, %r5}, [%rd4];"]


@pytest.mark.parametrize("instruction", TOGETHER, ids=["mma", "ldmatrix"])
def test_all_lanes_of_a_warp_take_part(instruction):
    ready = COPY + COMMIT + WAIT + "    setp.eq.b32     %p1, %r1, 5;\n    @%p1 bra     $other;\n"
    run(ready + f"$other:\n    {instruction}\n")
    with pytest.raises(Deadlock, match=rf"warp \d lanes 0,.* at line \d+: {instruction.split('.')[0]}"):
        run(ready + f"    {instruction}\n    bra.uni     $end;\n$other:\n    bar.warp.sync     -1;\n$end:\n")
    with pytest.raises(PtxError, match="needs all lanes of a warp, some of which have ended"):
        run(ready + f"    {instruction}\n$other:\n")
    with pytest.raises(PtxError, match="needs all lanes of a warp"):
        run(COPY + COMMIT + WAIT + f"    {instruction}\n", threads=48)
    with pytest.raises(PtxError, match="a predicate on an instruction at which threads wait"):
        run(ready + f"$other:\n    @%p1 {instruction}\n")


MATRICES = "    ldmatrix.sync.aligned.m8n8.x4.shared.b16     {%r2, %r3, %r4, %r5}, [%rd4];\n"


@pytest.mark.parametrize("body, message", [
    (COPY + COMMIT + WAIT + MATRICES.replace("%rd4", "%rd4+8"), "an address is no multiple of 16"),
    (COPY + COMMIT + WAIT + MATRICES.replace("%rd4", "%rd4+4096"), r"out of bounds: 16 bytes at byte \d+ of 'shared memory'"),
    (MATRICES.replace("x4", "x3"), "unknown form of this instruction .*no such matrices"),
    (TOGETHER[0].replace("m16n8k16", "m16n8k8"), "unknown form of this instruction .*no such product"),
    (TOGETHER[0].replace("{%r2, %r3},", "{%r2},"), "unknown form of this instruction .*fragments of 4, 4, 2 and 4")])
def test_what_is_refused_of_matrices(body, message):
    with pytest.raises(PtxError, match=message):
        run(body)


def test_rows_that_were_not_written_are_no_numbers():
    got = run("    setp.lt.u32     %p1, %r1, 24;\n    @!%p1 bra     $end;\n" + COPY + "$end:\n" + COMMIT + WAIT + MATRICES + STORE, threads=32)
    assert (got[:, 3] == 0xFFFFFFFF).all()
    np.testing.assert_array_equal(got[:, :3].T.reshape(24, 4), numbers()[:24])


def test_an_instruction_of_several_lines_has_an_end():
    with pytest.raises(PtxError, match=r"line 2: this has no end: mma\.sync %r1, %r2, \}"):
        read(".visible .entry k(\nmma.sync\n  %r1, // a comment\n\n  %r2,\n}\n")


def test_matrices_that_another_warp_wrote_need_a_barrier():
    copied, read = COPY + COMMIT + WAIT, OTHER.split("    ld.")[0] + MATRICES.replace("%rd4", "%rd9")
    for seed in range(4):
        run(copied + BARRIER + read, seed=seed)
        with pytest.raises(Race, match=r"ldmatrix.* by warp \d at line \d+: cp\.async|cp\.async.*, read by warp \d at line \d+: ldmatrix"):
            run(copied + read, seed=seed)


# -- copies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_copies_that_are_waited_for(seed):
    np.testing.assert_array_equal(run(COPY + COMMIT + WAIT + OWN + STORE, seed=seed), numbers())
    np.testing.assert_array_equal(run(COPY + COMMIT + WAIT + BARRIER + OTHER + STORE, seed=seed), numbers()[np.arange(64) ^ 32])


def test_bytes_past_the_source_are_zeros():
    """Thread t takes t bytes, at most 16; who takes none may point anywhere."""
    got = run("""
    min.u32     %r6, %r1, 16;
    setp.eq.b32     %p1, %r1, 0;
    selp.b64     %rd8, 0x7000000000, %rd5, %p1;
    cp.async.cg.shared.global     [%rd4], [%rd8], 16, %r6;
""" + COMMIT + WAIT + OWN + STORE).view(np.uint8)
    kept = np.arange(16) < np.arange(64)[:, None]
    np.testing.assert_array_equal(got, np.where(kept, numbers().view(np.uint8), 0))


def test_a_source_ends_where_memory_does():
    body = "    sub.s32     %r6, 63, %r1;\n    min.u32     %r6, %r6, 1;\n    mul.lo.s32     %r6, %r6, {};\n    sub.s32     %r6, 16, %r6;\n" \
           "    cp.async.cg.shared.global     [%rd4], [%rd5+16], 16, %r6;\n" + COMMIT + WAIT
    with pytest.raises(PtxError, match=r"cp\.async.*: out of bounds: 16 bytes at byte \d+ of 'in'"):
        run(body.format(4))
    last = "    setp.eq.b32     %p1, %r1, 63;\n    selp.b32     %r6, {}, 16, %p1;\n    cp.async.cg.shared.global     [%rd4], [%rd5], 16, %r6;\n" + COMMIT + WAIT
    short = numbers().view(np.uint8).ravel()[:-6]
    run(last.format(10), short)
    with pytest.raises(PtxError, match=r"cp\.async.*: out of bounds: 1 bytes at byte 1018 of 'in', which has 1018"):
        run(last.format(11), short)


@pytest.mark.parametrize("to, source, size, message", [
    ("%rd4+8", "%rd5", "", "an address is no multiple of 16"), ("%rd4", "%rd5+8", "", "an address is no multiple of 16"),
    ("%rd4", "%rd5+8", ", 0", "an address is no multiple of 16"), ("%rd4", "%rd5", ", 17", "a source of more than 16 bytes"),
    ("%rd4+4096", "%rd5", "", r"out of bounds: 16 bytes at byte \d+ of 'shared memory'"), ("%rd4", "%rd5+1024", "", r"out of bounds: 16 bytes at byte \d+ of 'in'")])
def test_copies_that_are_refused(to, source, size, message):
    with pytest.raises(PtxError, match=rf"line \d+: cp\.async.*{message}"):
        run(f"    cp.async.cg.shared.global     [{to}], [{source}], 16{size};\n")


EARLY = r"before the copy has arrived that began at line \d+: cp\.async"


@pytest.mark.parametrize("body", [
    OWN, COMMIT + OWN, WAIT + OWN, COMMIT + BARRIER + OWN, COMMIT + WAIT.replace("0", "1") + OWN, COMMIT + BARRIER + OTHER, COMMIT + MATRICES,
    COMMIT + "    cvta.shared.u64     %rd10, %rd4;\n    ld.b32     %r2, [%rd10+12];\n"],
    ids=["alone", "no_wait", "no_group", "only_a_barrier", "last_group", "another_warp", "matrices", "generic"])
def test_reads_before_a_copy_has_arrived(body):
    for seed in range(4):
        with pytest.raises(Race, match="reads byte .*" + EARLY):
            run(COPY + body, seed=seed)


@pytest.mark.parametrize("body, does", [("    st.shared.b32     [%rd4+4], %r1;\n", "writes"), (COPY, "copies to"),
                                        (BARRIER + "    xor.b32     %r6, %r1, 32;\n    mul.wide.u32     %rd8, %r6, 16;\n    add.s64     %rd9, %rd3, %rd8;\n"
                                         + COPY.replace("%rd4", "%rd9"), "copies to")], ids=["store", "copy", "copy_of_another_warp"])
def test_a_place_is_taken_until_the_copy_has_arrived(body, does):
    with pytest.raises(Race, match=f"{does} byte .*" + EARLY):
        run(COPY + COMMIT + body)
    if does == "copies to" and BARRIER not in body:
        run(COPY + COMMIT + WAIT + body)


def test_what_arrived_needs_a_barrier_before_others_read_it():
    for seed in range(4):
        with pytest.raises(PtxError, match=rf"race at byte \d+ of 'shared memory'.*ld\.shared.*cp\.async|{UNWRITTEN}"):
            run(COPY + COMMIT + WAIT + OTHER, seed=seed)
        with pytest.raises(Race, match=r"race at byte \d+ of 'shared memory'.*ld\.shared.*cp\.async|" + EARLY):
            run(COPY + COMMIT + BARRIER + WAIT + OTHER, seed=seed)


def test_a_slot_that_others_read_is_not_filled_again():
    """Whoever is first: without a barrier between the reads and the next copy it is a race."""
    copied = COPY + COMMIT + WAIT
    for seed in range(4):
        np.testing.assert_array_equal(run(copied + BARRIER + OTHER + BARRIER + copied + STORE, seed=seed), numbers()[np.arange(64) ^ 32])
        with pytest.raises(Race, match=r"cp\.async.*, read by warp \d at line \d+: ld\.shared|ld\.shared.*, written by warp \d at line \d+: cp\.async|" + EARLY):
            run(copied + BARRIER + OTHER + copied + STORE, seed=seed)


def test_groups_arrive_in_their_order():
    two = COPY + COMMIT + COPY.replace("[%rd4]", "[%rd4+1024]") + COMMIT + "    cp.async.wait_group     1;\n"
    np.testing.assert_array_equal(run(two + OWN + STORE), numbers())
    with pytest.raises(Race, match=EARLY):
        run(two + OWN.replace("%rd4", "%rd4+1024"))
    # An empty group counts.
    np.testing.assert_array_equal(run(COPY + COMMIT + COMMIT + "    cp.async.wait_group     1;\n" + OWN + STORE), numbers())


def test_threads_wait_for_copies_of_their_own():
    """Only even ones do; what the odd ones have begun is on its way."""
    body = COPY + COMMIT + "    and.b32     %r6, %r1, 1;\n    setp.eq.b32     %p1, %r6, 0;\n    @%p1 bra     $even;\n    bra.uni     $end;\n$even:\n" + WAIT
    got = run(body + OWN + STORE + "$end:\n")
    np.testing.assert_array_equal(got, np.where(np.arange(64)[:, None] % 2, 0, numbers()))
    with pytest.raises(Race, match=EARLY):
        run(body + "$end:\n" + OWN)


def test_a_source_stays_until_it_was_copied():
    body = COPY + COMMIT + "    st.global.b32     [%rd5+4], %r1;\n" + WAIT
    with pytest.raises(Race, match="what is copied was written before it had arrived"):
        run(body, writable=True)
    run(COPY + COMMIT + WAIT + "    st.global.b32     [%rd5+4], %r1;\n", writable=True)


def test_copies_may_end_with_the_kernel():
    run(COPY)
    run(COPY + COMMIT)
