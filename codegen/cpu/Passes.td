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

#endif
