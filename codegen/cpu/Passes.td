//===- Passes.td - To code for a CPU ----------------------------*- tablegen -*-===//
#ifndef EINFALL_CODEGEN_CPU_PASSES
#define EINFALL_CODEGEN_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CpuLowerPrograms : Pass<"cpu-lower-programs", "::mlir::ModuleOp"> {
  let summary = "tile programs and host programs become functions of the host-code ABI";
  let description = [{
    Before: functions marked `tile.program`, and `run.entry` with planned
    memory. After: each is an `llvm.func` as runtime/include/einfall/abi.h has it,
    over `scf`, `arith`, `math` and `vector`: kernels with their tiles unrolled over
    registers, entries as `einf_entry_<name>`. A program without a body is
    declared: it comes from another object. Exactness: bitwise.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numPrograms", "num-programs", "tile programs unrolled">,
                    Statistic<"numEntries", "num-entries", "entries written">];
}

def CpuExpandMath : Pass<"cpu-expand-math", "::mlir::ModuleOp"> {
  let summary = "elementary functions and conversions become arithmetic";
  let description = [{
    Host code imports nothing: exp, tanh and the like become the recipes of
    lib/Elementary, and what the target has no instruction for becomes what it
    has. Exactness: bitwise under strict numerics, else algebraic (fma).
  }];
  let options = [
    Option<"halfCasts", "half-casts", "bool", "true", "the target converts between f16 and f32">,
    Option<"bfloatCasts", "bfloat-casts", "bool", "false", "the target converts to bf16">,
    Option<"fma", "fma", "bool", "true", "the target multiplies and adds with one rounding">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif
