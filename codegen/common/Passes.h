//===- Passes.h - What all targets need -------------------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_COMMON_PASSES_H
#define EINFALL_CODEGEN_COMMON_PASSES_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::codegen {
#define GEN_PASS_DECL
#include "codegen/common/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "codegen/common/Passes.h.inc"

/// Adds the passes from functions over `scf`, `arith`, `math` and `vector` to the LLVM
/// dialect; `math` says what the target has instructions for.
void populateToLLVM(mlir::OpPassManager &passes, const ExpandMathOptions &math);

} // namespace einfall::codegen

#endif
