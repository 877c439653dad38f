//===- Passes.td - To code for NVIDIA GPUs ----------------------*- tablegen -*-===//
#ifndef EINFALL_CODEGEN_NVPTX_PASSES
#define EINFALL_CODEGEN_NVPTX_PASSES

include "mlir/Pass/PassBase.td"

def NvptxLowerPrograms : Pass<"nvptx-lower-programs", "::mlir::ModuleOp"> {
  let summary = "tile programs become kernels of threads";
  let description = [{
    Before: functions marked `tile.program`, dealt to warps. After: each is an
    `llvm.func` that a block of threads runs, over `scf`, `arith` and `math`;
    attributes say how many threads and how much shared memory a launch gives it.
    Exactness: algebraic (quotients of many numbers by one go by its reciprocal and a
    correction); bitwise under strict numerics.
  }];
  let options = [Option<"sharedBytes", "shared-bytes", "int64_t", "101376",
                        "shared memory that a block may have">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numPrograms", "num-programs", "tile programs written">];
}

#endif
