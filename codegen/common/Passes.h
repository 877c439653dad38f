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

/// What functions may hold: code of threads has no ops on vectors, nor affine ones.
enum class Contents { all, scalars };

/// Adds the passes from functions over `scf`, `arith`, `math`, `vector` and `affine` to the LLVM
/// dialect; `math` says what the target has instructions for.
void populateToLLVM(mlir::OpPassManager &passes, const ExpandMathOptions &math,
                    Contents contents = Contents::all);

} // namespace einfall::codegen

#endif
