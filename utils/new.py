#!/usr/bin/env python3
"""Writes the files of a new pass, op or dialect, as the existing ones are laid out.

    ./dev new pass ein-drop-units      passes/ein: declaration, DropUnits.cpp, two tests
    ./dev new op ein.roll              dialects/ein: declaration, verifier, spec entry, two tests
    ./dev new dialect quant            dialects/quant: dialect, ops, registration, a test

What it cannot write (the invariants, the constraints, the rewrite) is marked
with ellipses, and the next steps are printed.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Refused(Exception):
    pass


def camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[-_]", name))


def banner(file: str, text: str, kind: str = "") -> str:
    end = f"*- {kind} -*-===//" if kind else "===//"
    start = f"//===- {file} - {text} "
    return start + "-" * max(2, 80 - len(start) - len(end)) + end + "\n"


def write(path: str, text: str) -> None:
    target = ROOT / path
    if target.exists():
        raise Refused(f"{path} exists already")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    print(f"new      {path}")


def edit(path: str, change) -> None:
    target = ROOT / path
    if not target.exists():
        raise Refused(f"there is no {path}")
    target.write_text(change(target.read_text()))
    print(f"changed  {path}")


def before_endif(text: str, addition: str) -> str:
    place = text.rstrip().rfind("#endif")
    if place < 0:
        raise Refused("the file does not end with #endif")
    return text[:place] + addition + "\n" + text[place:]


def add_source(cmake: str, source: str) -> str:
    """`source` joins the sorted source list of the first einfall_library."""
    match = re.search(r"einfall_library\((\w+)\s((?:\s*[\w/]+\.cpp)+)", cmake)
    if not match:
        raise Refused("no einfall_library with sources in CMakeLists.txt")
    sources = sorted({*match[2].split(), source})
    lines = [" "]
    for name in sources:
        if len(lines[-1]) + len(name) > 90:
            lines.append(" ")
        lines[-1] += " " + name
    block = f"einfall_library({match[1]}\n" + "\n".join(lines)
    return cmake[:match.start()] + block + cmake[match.end():]


def namespace_in(path: str) -> str:
    """Of the first namespace below einfall that the file names."""
    match = re.search(r"(?:namespace |\")(?:::)?(einfall::\w+)", (ROOT / path).read_text())
    if not match:
        raise Refused(f"{path} names no namespace")
    return match[1]


# --- pass --------------------------------------------------------------------

def new_pass(name: str) -> list[str]:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", name):
        raise Refused("a pass is called LAYER-VERB-NOUN, e.g. ein-drop-units")
    layers = sorted((p.parent.name for p in (ROOT / "passes").glob("*/Passes.td")),
                    key=len, reverse=True)
    layer = next((folder for folder in layers if name.startswith(folder + "-")), None)
    if not layer:
        raise Refused(f"'{name}' starts with no layer; there are {', '.join(sorted(layers))}")
    file, definition, folder = camel(name[len(layer) + 1:]), camel(name), f"passes/{layer}"
    namespace = namespace_in(f"{folder}/Passes.h")
    if re.search(rf"def {definition}\b", (ROOT / folder / "Passes.td").read_text()):
        raise Refused(f"{folder}/Passes.td defines {definition} already")

    write(f"{folder}/{file}.cpp", f'''{banner(file + ".cpp", "...")}#include "{folder}/Passes.h"

using namespace mlir;

namespace {namespace} {{
#define GEN_PASS_DEF_{definition.upper()}
#include "{folder}/Passes.h.inc"

namespace {{

struct {file}Pass : impl::{definition}Base<{file}Pass> {{
  void runOnOperation() override {{
    RewritePatternSet patterns(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }}
}};

}} // namespace
}} // namespace {namespace}
''')
    edit(f"{folder}/Passes.td", lambda text: before_endif(text, f'''def {definition} : Pass<"{name}", "::mlir::func::FuncOp"> {{
  let summary = "...";
  let description = [{{
    Before: ... After: ... Runs after `...`, because ... Exactness: bitwise.
  }}];
  let statistics = [Statistic<"numRewritten", "num-rewritten", "...">];
}}
'''))
    edit(f"{folder}/CMakeLists.txt", lambda text: add_source(text, f"{file}.cpp"))
    write(f"test/passes/{layer}/{name}.mlir", f'''// RUN: einfall-opt %s --{name} | FileCheck %s

// CHECK-LABEL: func.func @rewritten
func.func @rewritten() {{
  return
}}
''')
    write(f"test/passes/{layer}/{name}-invalid.mlir",
          f'''// RUN: einfall-opt %s --{name} --split-input-file --verify-diagnostics

func.func @untouched() {{
  return
}}
''')
    return [f"state the invariants in {folder}/Passes.td",
            f"write the rewrite in {folder}/{file}.cpp and count it in the statistic",
            "add the pass to its pipeline and update the golden pipeline test",
            "add a differential test: interpret before and after"]


# --- op ----------------------------------------------------------------------

def new_op(name: str) -> list[str]:
    if not re.fullmatch(r"[a-z]\w*\.[a-z][\w]*", name):
        raise Refused("an op is called DIALECT.NAME, e.g. ein.roll")
    dialect, mnemonic = name.split(".")
    prefix, op, folder = camel(dialect), camel(mnemonic), f"dialects/{dialect}"
    ops, source = f"{folder}/{prefix}Ops.td", f"{prefix}{op}.cpp"
    if not (ROOT / ops).exists():
        raise Refused(f"there is no {ops}")
    text = (ROOT / ops).read_text()
    if f'<"{mnemonic}"' in text:
        raise Refused(f"{ops} defines {mnemonic} already")
    base = f"{prefix}_Op" if f"class {prefix}_Op" in text else f"Op<{prefix}_Dialect,"
    head = f'{base}<"{mnemonic}", [Pure]>' if base.endswith("_Op") else f'{base} "{mnemonic}", [Pure]>'
    operand = f"{prefix}_Tensor" if f"def {prefix}_Tensor" in text else "AnyType"
    namespace = namespace_in(f"{folder}/{prefix}Dialect.td")

    write(f"{folder}/{source}", f'''{banner(source, f"{name}")}#include "{folder}/{prefix}Dialect.h"

using namespace mlir;
using namespace {namespace};

LogicalResult {op}Op::verify() {{
  if (getInput().getType() != getResult().getType())
    return emitOpError("expected a result of type ")
           << getInput().getType() << ", but got " << getResult().getType(); // {mnemonic}_c1
  return success();
}}
''')
    edit(ops, lambda text: before_endif(text, f'''def {prefix}_{op}Op : {head} {{
  let summary = "...";
  let arguments = (ins {operand}:$input);
  let results = (outs {operand}:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}}
'''))
    edit(f"{folder}/CMakeLists.txt", lambda text: add_source(text, source))
    example, other = (("!ein.tensor<[n], f32>", "!ein.tensor<[m], f32>") if dialect == "ein"
                      else ("f32", "f64"))
    write(f"test/dialects/{dialect}/{mnemonic}.mlir", f'''// RUN: einfall-opt %s | einfall-opt | FileCheck %s

// CHECK-LABEL: func.func @round_trip
// CHECK: {name} %
func.func @round_trip(%x: {example}) -> {example} {{
  %y = {name} %x : {example} -> {example}
  return %y : {example}
}}
''')
    write(f"test/dialects/{dialect}/{mnemonic}-invalid.mlir",
          f'''// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @{mnemonic}_c1(%x: {example}) -> {other} {{
  // expected-error @+1 {{{{expected a result of type}}}}
  %y = {name} %x : {example} -> {other}
  return %y : {other}
}}
''')
    steps = [f"describe the op in {ops}",
             "number its constraints; one verifier line and one negative test each"]
    if (ROOT / "docs" / "spec" / f"{dialect}.md").exists():
        edit(f"docs/spec/{dialect}.md", lambda text: text.rstrip() + f'''

## `{name}`

...

* `{mnemonic}_c1`: the result has the operand's type.
''')
    if dialect == "ein":
        steps.append("give it its meaning in lib/Reference, with a test in test/interpret")
    return steps


# --- dialect -----------------------------------------------------------------

def new_dialect(name: str) -> list[str]:
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise Refused("a dialect is called by one lower-case word")
    prefix, folder = camel(name), f"dialects/{name}"
    guard = f"EINFALL_{name.upper()}"
    write(f"{folder}/{prefix}Dialect.td",
          f'''{banner(prefix + "Dialect.td", "...", "tablegen")}//
// Include order: {prefix}Dialect <- {prefix}Ops.
//
//===----------------------------------------------------------------------===//
#ifndef {guard}_DIALECT
#define {guard}_DIALECT

include "mlir/IR/OpBase.td"

def {prefix}_Dialect : Dialect {{
  let name = "{name}";
  let cppNamespace = "::einfall::{name}";
  let summary = "...";
  let description = [{{
    What comes in: ... What must not survive ...: ...

        ... -> {name} -> ...
  }}];
}}

#endif
''')
    write(f"{folder}/{prefix}Ops.td",
          f'''{banner(prefix + "Ops.td", "...", "tablegen")}#ifndef {guard}_OPS
#define {guard}_OPS

include "{folder}/{prefix}Dialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class {prefix}_Op<string mnemonic, list<Trait> traits = []>
    : Op<{prefix}_Dialect, mnemonic, traits>;

def {prefix}_NopOp : {prefix}_Op<"nop"> {{
  let summary = "does nothing; replace it by the first op";
  let assemblyFormat = "attr-dict";
}}

#endif
''')
    header_guard = f"EINFALL_DIALECTS_{name.upper()}_{prefix.upper()}DIALECT_H"
    write(f"{folder}/{prefix}Dialect.h",
          f'''{banner(prefix + "Dialect.h", "...", "C++")}#ifndef {header_guard}
#define {header_guard}

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "{folder}/{prefix}Dialect.h.inc"

#define GET_OP_CLASSES
#include "{folder}/{prefix}Ops.h.inc"

#endif
''')
    write(f"{folder}/{prefix}Dialect.cpp",
          f'''{banner(prefix + "Dialect.cpp", "Registration")}#include "{folder}/{prefix}Dialect.h"

using namespace mlir;
using namespace einfall::{name};

#include "{folder}/{prefix}Dialect.cpp.inc"

#define GET_OP_CLASSES
#include "{folder}/{prefix}Ops.cpp.inc"

void {prefix}Dialect::initialize() {{
  addOperations<
#define GET_OP_LIST
#include "{folder}/{prefix}Ops.cpp.inc"
      >();
}}
''')
    write(f"{folder}/CMakeLists.txt", f'''einfall_dialect(Einfall{prefix} {prefix} {name} ops)
einfall_library(Einfall{prefix} {prefix}Dialect.cpp DEPENDS Einfall{prefix}OpsIncGen)
''')
    edit("dialects/CMakeLists.txt", lambda text: text.rstrip() + f"\nadd_subdirectory({name})\n")
    write(f"test/dialects/{name}/ops.mlir", f'''// RUN: einfall-opt %s | einfall-opt | FileCheck %s

// CHECK: {name}.nop
{name}.nop
''')
    return [f"register {prefix}Dialect in tools/einfall-opt and link Einfall{prefix} there",
            f"say in {prefix}Dialect.td what comes in and what must not survive",
            f"add ops: ./dev new op {name}.NAME"]


KINDS = {"pass": new_pass, "op": new_op, "dialect": new_dialect}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev new", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("name")
    args = parser.parse_args()
    try:
        steps = KINDS[args.kind](args.name)
    except Refused as reason:
        print(f"new: error: {reason}", file=sys.stderr)
        return 1
    print("next:")
    for step in steps:
        print(f"  - {step}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
