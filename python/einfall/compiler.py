"""Compiles text, PyTorch modules and checkpoints to packages."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from . import arguments, cache
from .errors import CompileError, EinfallError
from .machine import resolve
from .progress import Progress
from .toolchain import find_tool

_PROGRAM = "the text of an ein module (.mlir, docs/spec/ein.md), or a checkpoint's folder"
_HAS_ENTRY = re.compile(r"\bfunc\.func\b|^\s*\"?(builtin\.)?module\b", re.MULTILINE)
METADATA = ("model_type", "dtype", "vocab_size", "max_positions", "bos_token_id", "eos_token_ids")


def compile(source, output: str | os.PathLike | None = None, *, args=None, kwargs=None, dynamic_shapes=None,
            dtype: str = "auto", targets=("native",), weights: str | None = None, numerics: str | None = None,
            require_cache_hit: bool = False, count_visits: bool = False, machine: str | os.PathLike | None = None):
    """Compiles `source` and returns the loaded `einfall.runtime.Package`.

    source  text of an `ein` module; the path of an .mlir file; the folder of a Hugging Face causal LM; or a
            `torch.nn.Module`, exported with example `args`, `kwargs` and `dynamic_shapes`
    dtype   the type of a checkpoint's or a module's activations: "f32", "bfloat16", `torch.float16`, …; "auto" is its own
    output  the package to write. Without it a package without weights goes to the compile cache, any other to a
            temporary file that lives as long as the process has it open
    targets names of targets, or one text with commas: the package holds code for each
    weights .safetensors file or folder for a program that names weights
    numerics "strict" (every order and rounding as declared), "algebraic" (reassociation, fma) or "fast" (approximations
            with a stated bound); by default what an .mlir module says, else algebraic
    count_visits  kernels count the chunks that they walk and visit: `Session.visits`, and profiles
    machine  what schedules count on: "here" is what `einfall calibrate` measured on this machine (targets: native only), or
            the path of such a file; by default what is typical of the targets
    Raises `EinfallError`.
    """
    from .runtime import load

    arguments.source(source)
    arguments.fit(source, weights=weights, args=args, kwargs=kwargs, dynamic_shapes=dynamic_shapes)
    arguments.weights(weights)
    arguments.machine(machine)
    arguments.numerics(numerics)
    targets, dtype = arguments.targets(targets), arguments.activations(dtype)
    output = None if output is None else arguments.output(output)
    if isinstance(source, (str, os.PathLike)) and not _is_text(source):
        if os.path.isdir(source) or weights or output is not None:
            with _output(output) as path:
                compile_file(source, path, dtype=dtype, targets=targets, weights=weights, numerics=numerics, quiet=True,
                             require_cache_hit=require_cache_hit, count_visits=count_visits, machine=machine)
                return load(path)
        source = read_program(source, dtype)
    if not isinstance(source, str):
        return _compile_module(source, output, args, kwargs, dynamic_shapes, dtype, targets, numerics,
                               require_cache_hit, count_visits, machine)
    _refuse_dtype(dtype)
    _program(source, "the text")
    if output is None and weights is None and not count_visits:
        return load(compile_cached(source, targets, numerics, require_hit=require_cache_hit, machine=machine))
    with _output(output) as path:
        compile_text(source, path, targets=targets, weights=weights, numerics=numerics,
                     require_cache_hit=require_cache_hit, count_visits=count_visits, machine=machine)
        return load(path)


def compile_file(source: str | os.PathLike, output: str | os.PathLike, *, dtype: str = "auto", targets=("native",),
                 weights: str | None = None, numerics: str | None = None, quiet: bool = True,
                 require_cache_hit: bool = False, use_cache: bool = True, count_visits: bool = False,
                 machine: str | os.PathLike | None = None, tuned: bool = False) -> None:
    """Compiles a checkpoint folder or an .mlir file to the package `output`, replaced only on success.

    Kernels come from the compile cache and go there unless `use_cache` is off; `require_cache_hit` fails with the name
    of the first kernel that is not there. `tuned` takes the schedules that `einfall tune` found on this machine.
    """
    arguments.source(source)
    arguments.output(output)
    arguments.machine(machine)
    targets = arguments.targets(targets)
    kernels = {"require_cache_hit": require_cache_hit, "use_cache": use_cache, "count_visits": count_visits,
               "machine": machine, "schedules": _tuned(tuned, targets)}
    source = os.fspath(source)
    with Progress(3, quiet) as progress:
        text, options = prepare(source, dtype, weights, progress)
        progress.step("compiling")
        compile_text(text, output, targets=targets, numerics=numerics, **options, **kernels)


def prepare(source: str | os.PathLike, dtype: str = "auto", weights: str | None = None, progress: Progress | None = None):
    """The text of an .mlir file or a checkpoint folder, and what `compile_text` has to know of it beside."""
    source, step = os.fspath(source), progress.step if progress else lambda label: None
    arguments.weights(weights)
    dtype = arguments.activations(dtype)
    if not os.path.isdir(source):
        return read_program(source, dtype), {"weights": weights, "name": source}
    if weights is not None:
        raise EinfallError(f"--weights is for an .mlir file that names weights; the checkpoint {source} has its own")
    files = _files(source)
    step("loading PyTorch")
    with _hushed():
        from .frontend import import_causal_lm

        step("importing the model")
        text, metadata = import_causal_lm(source, dtype)
    return text, {"weights": source, "made": metadata["made_weights"], "kind": "causal-lm", "metadata": _facts(metadata), "files": files}


def _tuned(tuned: bool, targets) -> dict[str, str] | None:
    from .tune import stored

    return stored(targets) if tuned else None


def compile_text(text: str, output: str | os.PathLike, *, targets=("native",), weights: str | None = None,
                 kind: str = "function", metadata: dict[str, str] | None = None, files: dict[str, str] | None = None,
                 numerics: str | None = None, name: str = "", require_cache_hit: bool = False,
                 use_cache: bool = True, count_visits: bool = False,
                 machine: str | os.PathLike | None = None, schedules: dict[str, str] | None = None, made=()) -> None:
    """Runs einfall-compile on `text`; `files` maps its options (tokenizer, …) to paths, `name` is for messages, `schedules` are
    by kernels' keys, `made` are weights that the folder `weights` holds in parts (`frontend.naming.Made`)."""
    output = arguments.output(output)
    arguments.numerics(numerics)
    targets = arguments.targets(targets)
    measured = resolve(machine, targets)
    folder = os.path.dirname(os.path.abspath(output))
    if not os.path.isdir(folder):
        raise EinfallError(f"cannot write {output}: there is no folder {folder}")
    if os.path.isdir(output):
        raise EinfallError(f"cannot write {output}: it is a folder")
    with tempfile.TemporaryDirectory(prefix="einfall-") as scratch, contextlib.ExitStack() as stack:
        # The package names places in this file, as the user knows it.
        path = os.path.join(scratch, os.path.basename(name) if name.endswith(".mlir") else "module.mlir")
        Path(path).write_text(text, encoding="utf-8")
        command = [find_tool("einfall-compile"), path, "-o", output, f"--model-kind={kind}"]
        command += [f"--target={t}" for t in targets]
        command += [f"--machine={measured}"] if measured else []
        if schedules:
            (Path(scratch) / "schedules.json").write_text(json.dumps(schedules), encoding="utf-8")
            command += [f"--schedules={scratch}/schedules.json"]
        weights = stack.enter_context(all_weights(weights, made, folder))
        command += [f"--weights={weights}"] if weights else []
        command += [f"--numerics={numerics}"] if numerics else []
        command += [f"--meta={k}={v}" for k, v in (metadata or {}).items()]
        command += [f"--{option}={file}" for option, file in (files or {}).items()]
        command += ["--require-cache-hit"] if require_cache_hit else []
        command += [] if use_cache else ["--no-cache"]
        command += ["--count-visits"] if count_visits else []
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        said = (done.stderr + done.stdout).replace(path, name or "<text>")
    if done.returncode != 0:
        raise CompileError(_first_error(said, done.returncode), said)


@contextlib.contextmanager
def all_weights(weights: str | None, made, beside: str | os.PathLike):
    """The checkpoint, or a folder in `beside` that lives as long as the context: with the checkpoint's files, and those of weights
    that are made of what is in them. They are as large as a model, so they go where there is room for its package."""
    if not made:
        yield weights
        return
    from .frontend.naming import write_made

    try:
        scratch = tempfile.TemporaryDirectory(prefix=".einfall-weights-", dir=beside)
    except OSError as e:
        raise EinfallError(f"cannot write to the folder {beside}: {e.strerror}") from None
    with scratch as folder:
        for file in sorted(Path(weights).glob("*.safetensors")):
            os.symlink(file.resolve(), os.path.join(folder, file.name))
        write_made(made, folder)
        yield folder


def compile_cached(text: str, targets=("native",), numerics: str | None = None, *, require_hit: bool = False,
                   located: str | None = None, machine: str | os.PathLike | None = None) -> str:
    """Path of the compiled package of a program without weights, from the cache where it has it.

    `located` is the same program with the locations that errors shall name; it is compiled, but is no part of the key.
    """
    targets = arguments.targets(targets)
    arguments.numerics(numerics)
    measured = resolve(machine, targets)

    def make(path):
        compile_text(located or text, path, targets=targets, numerics=numerics, machine=measured)

    return cache.fetch(text, targets, make, numerics=numerics, require_hit=require_hit,
                       counted_on=_read(measured) if measured else "")


def _compile_module(module, output, args, kwargs, dynamic_shapes, dtype, targets, numerics, require_cache_hit, count_visits,
                    machine):
    from .runtime import load

    with _hushed():
        from .frontend.modules import import_function
        from .frontend.printer import module_text

        function = import_function(module, arguments.example(args), dynamic_shapes, None if dtype == "auto" else dtype,
                                   arguments.example_by_name(kwargs))
        text = module_text([function])
    with tempfile.TemporaryDirectory(prefix="einfall-") as scratch, _output(output) as path:
        compile_text(text, path, targets=targets, weights=_save_weights(module, text, scratch), metadata=_reasons(function.because),
                     numerics=numerics, require_cache_hit=require_cache_hit, count_visits=count_visits, machine=machine)
        return load(path)


def _save_weights(module, text: str, folder: str) -> str | None:
    """A file with the parameters and buffers of `module` that `text` names."""
    from safetensors.torch import save_file

    tensors = {name: t.detach().clone().contiguous() for name, t in module.state_dict().items()
               if f'ein.weight = "{name}"' in text}
    if not tensors:
        return None
    path = os.path.join(folder, "weights.safetensors")
    save_file(tensors, path)
    return path


@contextlib.contextmanager
def _output(output):
    """The given path, or one that is removed at the end (a loaded package keeps its mapping)."""
    if output is not None:
        yield output
        return
    with tempfile.TemporaryDirectory(prefix="einfall-") as scratch:
        yield os.path.join(scratch, "module.einf")


@contextlib.contextmanager
def _hushed():
    """Without the warnings and progress bars of PyTorch and transformers, unless the user asked for them."""
    import logging
    import warnings

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(level)


def _is_text(source) -> bool:
    return isinstance(source, str) and ("\n" in source or "{" in source)


def _refuse_dtype(dtype: str) -> None:
    if dtype != "auto":
        raise EinfallError("--dtype sets the activations of a checkpoint or a module; an .mlir file has its types")


def read_program(path, dtype: str = "auto") -> str:
    """The text of an .mlir file; `dtype` is what activations of a checkpoint would have."""
    _refuse_dtype(dtype)
    return _program(_read(path, _PROGRAM), path)


def _program(text: str, name) -> str:
    """The text, unless it is plainly of another kind: a parser would only complain of its first byte."""
    if text and not _HAS_ENTRY.search(text):
        raise EinfallError(f"{name} is no program, for it has no func.func: expected {_PROGRAM}")
    return text


def _read(path, expected: str = "text") -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise EinfallError(f"there is no file or folder {path}") from None
    except UnicodeDecodeError:
        raise EinfallError(f"cannot read {path}: it is no text; expected {expected}") from None
    except OSError as e:
        raise EinfallError(f"cannot read {path}: {e}") from None


def _facts(metadata: dict) -> dict[str, str]:
    """Metadata for the manifest; lists as comma-separated numbers."""
    facts = {}
    for key in METADATA:
        value = metadata.get(key)
        if isinstance(value, (list, tuple)):
            value = ",".join(map(str, value))
        if value not in (None, ""):
            facts[key] = str(value)
    facts |= {f"symbol.{name}": text for name, text in metadata["symbols"].items()}
    return facts | _reasons(metadata["because"])


def _reasons(because: dict[str, str]) -> dict[str, str]:
    """Metadata that says why sizes are limited, by symbol."""
    return {f"because.{name}": why for name, why in because.items()}


def _files(folder: str) -> dict[str, str]:
    wanted = {"tokenizer": "tokenizer.json", "generation-config": "generation_config.json", "config": "config.json"}
    found = {option: os.path.join(folder, name) for option, name in wanted.items()}
    found = {option: path for option, path in found.items() if os.path.isfile(path)}
    _check_tokenizer(found.get("tokenizer"))
    return found


def _check_tokenizer(path: str | None) -> None:
    """A damaged file would be found at the first text only. One of a kind that is not known here serves other programs."""
    if path is None:
        return
    try:
        content = json.loads(_read(path))
    except (ValueError, RecursionError) as e:
        raise EinfallError(f"{path} is damaged: {e}; mend it, or remove it for a package that takes token ids only") from None
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise EinfallError(f"{path} has no model of a tokenizer; mend it, or remove it for a package that takes token ids only")


def _first_error(said: str, status: int) -> str:
    """The first diagnostic as one line."""
    lines = said.splitlines()
    for line in lines:
        if re.search(r"\berror: ", line):
            return line.strip().removeprefix("einfall-compile: error: ")
    if status < 0:
        return f"einfall-compile was ended by signal {-status}"
    return next((line.strip() for line in lines if line.strip()), f"einfall-compile ended with status {status}")
