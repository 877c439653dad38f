"""Times of packages that pack.py made, alternating with PyTorch, the second-level cache cold."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from package import TOLERANCE, Package

ROWS, COLUMNS = 16384, 4096
ELEMENTS = {"f32": torch.float32, "bf16": torch.bfloat16}


#: Rows, columns and depth of the products: large ones, and few rows as in a step of decoding.
PRODUCTS = [(4096, 4096, 4096), (8192, 14336, 4096), (512, 4096, 4096), (16, 4096, 4096), (8, 14336, 4096), (1, 4096, 4096)]

#: Of one row that is known to be one, as in a step of decoding.
ROW_PRODUCTS = [(1, 4096, 4096), (1, 14336, 4096)]


def cases(name: str, element: torch.dtype):
    """Yields what is timed of a cascade: its sizes, if there are several, and a case."""
    if name not in ("contraction", "one_row"):
        yield "", case(name, element)
        return
    for m, n, k in PRODUCTS if name == "contraction" else ROW_PRODUCTS:
        inputs = [torch.randn(m, k, device="cuda").to(element), torch.randn(n, k, device="cuda").to(element)]
        yield f"{m} x {n} x {k}", (inputs, lambda x, w: x @ w.T, (m * k + n * k + m * n) * element.itemsize, 2 * m * n * k)


def case(name: str, element: torch.dtype):
    """(inputs, PyTorch's function of them, bytes that have to move, operations)."""
    random = lambda *shape: torch.randn(*shape, device="cuda").to(element)  # noqa: E731
    table = ROWS * COLUMNS * element.itemsize
    if name == "attention":
        inputs = [random(16, 4096, 128) for _ in range(3)]
        return inputs, lambda q, k, v: F.scaled_dot_product_attention(q[None], k[None], v[None])[0], 4 * inputs[0].nbytes, 4 * 16 * 4096**2 * 128
    if name == "softmax":
        return [random(ROWS, COLUMNS)], lambda x: torch.softmax(x, -1), 2 * table, 0
    if name == "cross_entropy":  # which reads as much as a copy of half of it moves
        labels = torch.randint(COLUMNS, (ROWS,), device="cuda")
        return [random(ROWS, COLUMNS), labels], lambda x, y: F.cross_entropy(x, y, reduction="none"), table, 0
    if name == "rms_norm":
        return [random(ROWS, COLUMNS), random(COLUMNS)], lambda x, g: F.rms_norm(x, (COLUMNS,), g, 1e-6), 2 * table, 0
    if name == "layer_norm":
        return [random(ROWS, COLUMNS), random(COLUMNS), random(COLUMNS)], lambda x, g, b: F.layer_norm(x, (COLUMNS,), g, b), 2 * table, 0
    return [random(ROWS, COLUMNS), random(ROWS, COLUMNS)], lambda a, b: F.silu(a) * b, 3 * table, 0


def alternating(functions, repeats: int = 9) -> list[float]:
    """The median of each in microseconds.

    What the second-level cache holds before a call was read: of written lines, the call would pay for their way to memory.
    """
    flush, times = torch.zeros(256 << 20, dtype=torch.int8, device="cuda").view(torch.float32), [[] for _ in functions]
    for _ in range(repeats + 2):
        for function, into in zip(functions, times):
            flush.sum()
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            function()
            end.record()
            torch.cuda.synchronize()
            into.append(begin.elapsed_time(end) * 1e3)
    return [sorted(t[2:])[repeats // 2] for t in times]


def off(got: torch.Tensor, want: torch.Tensor) -> float:
    """The greatest difference, of the largest element; infinite where a result is no number."""
    got, want = got.double(), want.double()
    return float(((got - want).abs().max() / want.abs().max()).nan_to_num(nan=torch.inf))


def wrong(rows: list[dict]) -> list[dict]:
    """Those whose results are not near enough for their times to mean anything."""
    return [row for row in rows if not row["error"] <= TOLERANCE[row["element"]]]


def copy_rate() -> float:
    """GB/s of a copy, read and written bytes together."""
    x = torch.empty(ROWS * COLUMNS, device="cuda")
    y = torch.empty_like(x)
    return 2 * x.nbytes / alternating([lambda: y.copy_(x)])[0] / 1e3


#: Heads and lengths of the attentions; a window is a part of its length, and all that a chunk or ten of keys has shows what a block
#: does beside them.
HEADS, LENGTH = 32, 4096
SIZES = {"full": [(LENGTH, LENGTH), (LENGTH, 640), (LENGTH, 64)], "window_4096": [(32768, 32768)]}


def kept_of(name: str, rows: int, keys: int) -> int:
    """How many of the scores count."""
    if name == "causal":
        return rows * keys // 2
    window = int(name.split("_")[1]) if name.startswith("window") else 0
    return window * rows - window * (window - 1) // 2 if window else rows * keys


def attention_of(name: str, q, k, v, slope, part: slice):
    """In double precision, of one head, these of its rows."""
    w = q[part] @ k.T * 0.125
    s, t = torch.arange(len(q), device="cuda")[part, None], torch.arange(len(k), device="cuda")[None]
    if name == "sigmoid":
        return torch.sigmoid(w) @ v
    if name == "alibi":
        w = w - slope * (s - t).abs()
    if name == "soft_cap":
        w = 30 * torch.tanh(w / 30)
    if name == "causal":
        w = w.masked_fill(t > s, -torch.inf)
    if name.startswith("window"):
        w = w.masked_fill((t > s) | (t <= s - int(name.split("_")[1])), -torch.inf)
    return torch.softmax(w, -1) @ v


def run_attentions(folder: Path, target: str) -> list[dict]:
    """Each beside FlashAttention-2 as PyTorch has it, which knows the full and the causal one and windows."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    rows, plain = [], {}
    paths = sorted(folder.glob("attention-*.einf"), key=lambda path: ("full" not in path.stem, path))
    for path, (length, keys) in [(path, sizes) for path in paths for sizes in SIZES.get(path.stem.split("-")[1], [(LENGTH, LENGTH)])]:
        _, name, width = path.stem.split("-")
        package = Package(path, target)
        q = torch.randn(HEADS, length, int(width), device="cuda").bfloat16()
        k, v = (torch.randn(HEADS, keys, int(width), device="cuda").bfloat16() for _ in range(2))
        slope = (2.0 ** -(torch.arange(1, HEADS + 1, device="cuda") / 4)).bfloat16()
        ours, (result,) = package.prepare(name.split("_")[0] if name.startswith("window") else name, [q, k, v] + [slope] * (name == "alibi"))
        result.fill_(torch.nan)
        ours()
        error = 0.0
        for head in (0, HEADS - 1):
            for part in (slice(0, 2048), slice(length - 2048, length)):
                error = max(error, off(result[head, part], attention_of(name, *(x[head].double() for x in (q, k, v)), slope[head].double(), part)))

        def peer():
            if name.startswith("window"):  # which only the function behind scaled_dot_product_attention takes
                torch.ops.aten._flash_attention_forward(*(x.transpose(0, 1)[None] for x in (q, k, v)), None, None, length, keys, 0.0, True, False,
                                                        scale=0.125, window_size_left=int(name.split("_")[1]) - 1, window_size_right=0)
                return
            with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
                F.scaled_dot_product_attention(q[None], k[None], v[None], scale=0.125, is_causal=name == "causal")

        known = name in ("full", "causal") or name.startswith("window")
        mine, theirs = alternating([ours, peer]) if known else (alternating([ours])[0], None)
        tflops = 4 * HEADS * kept_of(name, length, keys) * int(width) / mine / 1e6
        if name == "full" and keys == LENGTH:
            plain[width] = tflops
        sizes = f"d {width}" + (f", {length} x {keys}" if (length, keys) != (LENGTH, LENGTH) else "")
        rows.append({"name": name, "element": "bf16", "sizes": sizes, "us": mine, "peer_us": theirs, "ratio": theirs / mine if known else None,
                     "error": error, "tflops": tflops, "of_plain": tflops / plain[width]})
        beside = f"FlashAttention-2 {theirs:9.1f}  ratio {theirs / mine:5.2f}" if known else ""
        print(f"{name:11} {sizes:20} {mine:9.1f} us  {tflops:6.1f} TFLOP/s  {tflops / plain[width]:5.2f} of plain  error {error:.1e}  {beside}", flush=True)
    return rows


def graph_of(function):
    """Replays the kernels of a call: of short ones Python's own time would be most."""
    function()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        function()
    return graph.replay


#: Batch and length of the caches that one query row of 32 heads goes over.
CACHES = [(1, 8192), (1, 131072), (32, 8192), (32, 131072)]


def run_decodes(folder: Path, target: str) -> list[dict]:
    """One query row over a cache, beside the faster of FlashAttention-2 and cuDNN as PyTorch has them."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    copy = copy_rate()
    rows = []
    for path in sorted(folder.glob("decode-*.einf")):
        _, name, width = path.stem.split("-")
        width, heads = int(width), 32 if name == "alone" else 8
        package = Package(path, target)
        for batch, length in CACHES:
            if batch * heads * length * width > 32 * 8 * 131072 * 128:
                continue  # more than the memory holds
            q = torch.randn(batch, heads, 32 // heads, width, device="cuda").bfloat16()
            k, v = (torch.randn(batch, heads, length, width, device="cuda", dtype=torch.bfloat16) for _ in range(2))
            ours, (result,) = package.prepare(name, [q if name == "decode" else q.flatten(1, 2), k, v])
            result.fill_(torch.nan)
            ours()
            result = result.view(q.shape)
            error = 0.0
            for b, h in ((0, 0), (batch - 1, heads - 1)):
                w = torch.softmax(q[b, h].double() @ k[b, h].double().T * 0.125, -1) @ v[b, h].double()
                error = max(error, off(result[b, h], w))

            def peer(backend):
                def call():
                    with sdpa_kernel(backend):
                        F.scaled_dot_product_attention(q.flatten(1, 2)[:, :, None], k, v, scale=0.125, enable_gqa=True)

                return call

            peers = {"FlashAttention-2": peer(SDPBackend.FLASH_ATTENTION), "cuDNN": peer(SDPBackend.CUDNN_ATTENTION)}
            for who, call in list(peers.items()):
                try:
                    peers[who] = graph_of(call)
                except RuntimeError:
                    del peers[who]
            mine, *theirs = alternating([graph_of(ours), *peers.values()])
            share = (k.nbytes + v.nbytes) / mine / 1e3 / copy
            best = min(theirs)
            sizes = f"d {width}, {batch} x {heads} x {length}"
            rows.append({"name": name, "element": "bf16", "sizes": sizes, "us": mine, "peer_us": best, "ratio": best / mine, "error": error,
                         "copy_share": share})
            others = "  ".join(f"{who} {us:9.1f}" for who, us in zip(peers, theirs))
            print(f"{name:8} {sizes:24} {mine:9.1f} us  {100 * share:5.0f} % of copy  error {error:.1e}  {others}  ratio {best / mine:5.2f}",
                  flush=True)
            del k, v
    return rows


def run(folder: Path, target: str) -> list[dict]:
    torch.backends.cuda.matmul.allow_tf32 = False
    copy = copy_rate()
    print(f"copy {copy:.0f} GB/s")
    rows = []
    for path in sorted(folder.glob("timed-*.einf")):
        _, name, element = path.stem.split("-")
        package = Package(path, target)
        for sizes, (inputs, peer, size, operations) in cases(name, ELEMENTS[element]):
            ours, (result,) = package.prepare(name, inputs)
            result.fill_(torch.nan)
            ours()
            error = off(result, peer(*(x.double() if x.is_floating_point() else x for x in inputs)))
            mine, theirs = alternating([ours, lambda: peer(*inputs)])
            rows.append({"name": name, "element": element, "sizes": sizes, "us": mine, "peer_us": theirs, "ratio": theirs / mine,
                         "error": error, "copy_share": size / mine / 1e3 / copy, "tflops": operations / mine / 1e6})
            print(f"{name:13} {element:4}  {mine:9.1f} us  PyTorch {theirs:9.1f}  ratio {theirs / mine:5.2f}  "
                  + (f"{operations / mine / 1e6:7.1f} TFLOP/s" if operations else f"{100 * size / mine / 1e3 / copy:5.0f} % of copy")
                  + f"  error {error:.1e}  {sizes}", flush=True)
    return rows


KINDS = {"timed": run, "attention": run_attentions, "decode": run_decodes}
