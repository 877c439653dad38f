"""The command line `einfall`, also `python -m einfall`."""

import argparse
import os
import sys

from . import __version__
from .errors import CompileError, EinfallError


def main(argv: list[str] | None = None) -> int:
    """Runs a command; 0, 1 for a failure that is told in one line, 2 for a wrong command line."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except CompileError as e:
        if os.environ.get("EINFALL_VERBOSE"):
            sys.stderr.write(e.diagnostics)
        print(f"einfall: error: {e}", file=sys.stderr)
    except (EinfallError, OSError, MemoryError) as e:
        print(f"einfall: error: {e or type(e).__name__}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="einfall", description="Compiles transformers ahead of time and runs them.")
    parser.add_argument("--version", action="version", version=f"einfall {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    p = commands.add_parser("compile", help="a checkpoint folder or an .mlir file to a package")
    p.add_argument("source", metavar="DIR|FILE.mlir")
    p.add_argument("-o", "--output", required=True, metavar="FILE")
    p.add_argument("--dtype", default="auto", choices=("auto", "f32", "bf16", "f16"),
                   help="type of activations; auto: the checkpoint's")
    p.add_argument("--target", default=[], action="append", metavar="NAME[,NAME]",
                   help="native (default), x86-64-v2, x86-64-v3, …, sm_80, sm_90a, …; several make one package for all")
    p.add_argument("--machine", metavar="here|FILE",
                   help="what schedules count on: here is this machine, as einfall calibrate has measured it (for the target "
                        "native), FILE another one; without it what is typical of the targets")
    p.add_argument("--tuned", action="store_true", help="take the schedules that einfall tune found on this machine")
    p.add_argument("--numerics", choices=("strict", "algebraic", "fast"),
                   help="strict: every order and rounding as declared; algebraic (default): reassociation and fma; "
                        "fast: also approximations with a stated bound")
    p.add_argument("--weights", metavar="PATH", help=".safetensors file or folder for an .mlir file that names weights")
    p.add_argument("--require-cache-hit", action="store_true", help="fail if a kernel is not in the compile cache")
    p.add_argument("--no-cache", action="store_true", help="neither read nor write the compile cache")
    p.add_argument("--count-visits", action="store_true", help="kernels count the chunks that they walk and visit, for profiles")
    p.add_argument("--quiet", action="store_true", help="no progress bar")
    p.set_defaults(run=_compile)

    p = commands.add_parser("calibrate", help="measures this machine's caches and rates, for compile --machine here")
    p.add_argument("--force", action="store_true", help="measure again where that was done")
    p.add_argument("--json", action="store_true", help="the facts and their file as JSON")
    p.set_defaults(run=_calibrate)

    p = commands.add_parser("tune", help="tries other schedules on this machine, for compile --tuned")
    p.add_argument("source", metavar="DIR|FILE.mlir")
    p.add_argument("--seconds", type=_positive, default=120, metavar="S", help="time of the search (120); at least a round")
    p.add_argument("--size", action="append", default=[], type=_binding, metavar="NAME=N",
                   help="the extent of a symbol to measure at (128; a batch: 1)")
    p.add_argument("--dtype", default="auto", choices=("auto", "f32", "bf16", "f16"), help="as compile has it")
    p.add_argument("--weights", metavar="PATH", help="as compile has it")
    p.add_argument("--numerics", choices=("strict", "algebraic", "fast"), help="as compile has it")
    p.add_argument("--machine", metavar="here|FILE", help="as compile has it")
    p.set_defaults(run=_tune)

    p = commands.add_parser("generate", help="text from a language model")
    p.add_argument("file", metavar="FILE")
    group = p.add_mutually_exclusive_group(required=True)
    group.add_argument("--prompt", metavar="TEXT")
    group.add_argument("--ids", action="append", metavar="0,12,…", help="token ids; again for another row")
    p.add_argument("-n", type=int, default=48, metavar="N", help="new tokens (48)")
    p.add_argument("--bos", action="store_true", help="prepend the start token")
    p.add_argument("--device", default="cpu", metavar="NAME", help="cpu (default), or cuda, cuda:1 for a GPU")
    p.add_argument("--json", action="store_true", help="ids, text, seconds and tokens/s as JSON")
    p.set_defaults(run=_generate, rest=[])

    p = commands.add_parser("score", help="mean negative log-likelihood of a text")
    p.add_argument("file", metavar="FILE")
    p.add_argument("--ids", required=True, metavar="IDS.npy", help="token ids, one dimension")
    p.add_argument("--window", type=int, default=512, metavar="N", help="tokens a window (512)")
    p.add_argument("--json", action="store_true")
    p.add_argument("--quiet", action="store_true", help="no progress bar")
    p.set_defaults(run=_score)

    p = commands.add_parser("run", help="an entry point on .npy files; options as einfall-run has them")
    p.add_argument("file", metavar="FILE")
    p.set_defaults(run=lambda a: _tool([a.file, *a.rest]), rest=[])
    p = commands.add_parser("inspect", help="what is in a package")
    p.add_argument("file", metavar="FILE")
    p.set_defaults(run=lambda a: _tool([a.file, "inspect", *a.rest]), rest=[])
    _add_explain(commands)
    _pass_on(parser, {"generate", "run", "inspect"})
    return parser


def _add_explain(commands) -> None:
    p = commands.add_parser("explain", help="a page on what the compiler decided, and what it costs")
    p.add_argument("file", metavar="FILE", help="a package, an .mlir file or a checkpoint folder")
    p.add_argument("-o", "--output", metavar="FILE", help="the page (.html), or its facts (.json)")
    p.add_argument("--json", metavar="FILE", help="its facts, beside the page")
    p.add_argument("--param", action="append", default=[], type=_binding, metavar="NAME=N",
                   help="the extent of a symbol in the figures (128; a batch: 1)")
    p.add_argument("--peak-gflops", type=_positive, metavar="X", help="the machine's peak, for the roofline")
    p.add_argument("--bandwidth", type=_positive, metavar="X", help="the machine's bandwidth in GB/s")
    p.add_argument("--machine", metavar="FILE", help="both, from a record of ./dev bench or einfall-roof")
    p.add_argument("--profile", metavar="FILE", help="times of kernels, from einfall-run … --profile-json FILE")
    p.add_argument("--verified", metavar="FILE", action="append", default=[],
                   help="what bench/gpu/check.py saw on a GPU (results.json)")
    p.add_argument("--dtype", default="auto", choices=("auto", "f32", "bf16", "f16"), help="as compile has it")
    p.add_argument("--target", metavar="NAME", help="as compile has it, one")
    p.add_argument("--numerics", choices=("strict", "algebraic", "fast"), help="as compile has it")
    p.set_defaults(run=_explain)


def _binding(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if not name or not value.isascii() or not value.isdigit():
        raise argparse.ArgumentTypeError(f"expected NAME=N, but got '{text}'")
    return name, int(value)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, but got '{text}'")
    return value


def _pass_on(parser: argparse.ArgumentParser, commands: set[str]) -> None:
    """Lets einfall-run judge the options that this parser does not know."""
    def parse(argv=None, namespace=None):
        argv = list(sys.argv[1:] if argv is None else argv)
        args, rest = parser.parse_known_args(argv, namespace)
        if rest and (not argv or argv[0] not in commands):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        if argv and argv[0] in commands:
            args.rest = rest
        return args

    parser.parse_args = parse


def _compile(args) -> int:
    from .compiler import compile_file

    compile_file(args.source, args.output, dtype=args.dtype, targets=args.target or ["native"], weights=args.weights,
                 numerics=args.numerics, quiet=args.quiet,
                 require_cache_hit=args.require_cache_hit, use_cache=not args.no_cache,
                 count_visits=args.count_visits, machine=args.machine, tuned=args.tuned)
    return 0


def _calibrate(args) -> int:
    import json

    from . import machine

    file, facts, new = machine.calibrate(args.force)
    if args.json:
        print(json.dumps(facts | {"file": str(file)}))
        return 0
    print(machine.describe(facts))
    print(f"{'written to' if new else 'measured before; --force measures again:'} {file}")
    return 0


def _tune(args) -> int:
    from .tune import database, tune

    found = tune(args.source, seconds=args.seconds, sizes=dict(args.size), dtype=args.dtype, weights=args.weights,
                 numerics=args.numerics, at=args.machine, say=lambda text: print(text, file=sys.stderr, flush=True))
    for text in found.skipped:
        print(f"not measured: {text}")
    for key, (before, after) in sorted(found.gains.items(), key=lambda item: item[1][1] - item[1][0]):
        print(f"{key}  {before * 1e6:10.1f} us -> {after * 1e6:10.1f} us  {found.best[key]}")
    print(f"{len(found.best)} of {len(found.open)} kernels are faster"
          + (f"; stored in {database()}" if found.best else ""))
    return 0


def _explain(args) -> int:
    from .explain import explain, write

    outputs = [path for path in (args.output, args.json) if path]
    if not outputs:
        raise EinfallError("nothing to write: give -o report.html, or --json report.json")
    if args.json and not args.json.endswith(".json"):
        raise EinfallError(f"--json {args.json}: call it .json")
    report = explain(args.file, params=dict(args.param), peak_gflops=args.peak_gflops, bandwidth=args.bandwidth,
                     machine=args.machine, profile=args.profile, dtype=args.dtype, target=args.target,
                     numerics=args.numerics, verified=args.verified)
    for path in outputs:
        write(report, path)
    return 0


def _generate(args) -> int:
    command = [args.file, "generate", "-n", str(args.n), "--device", args.device, *args.rest]
    for ids in args.ids or []:
        command += ["--ids", ids]
    if args.prompt is not None:
        command += ["--prompt", args.prompt]
    return _tool(command + (["--bos"] if args.bos else []) + (["--json"] if args.json else []))


def _score(args) -> int:
    from .scoring import score

    return score(args.file, args.ids, args.window, as_json=args.json, quiet=args.quiet)


def _tool(arguments: list[str]) -> int:
    """Becomes einfall-run."""
    from .toolchain import find_tool

    tool = find_tool("einfall-run")
    sys.stdout.flush()
    os.execv(tool, [tool, *arguments])
