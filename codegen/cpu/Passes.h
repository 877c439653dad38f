//===- Passes.h - To code for a CPU -----------------------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_CPU_PASSES_H
#define EINFALL_CODEGEN_CPU_PASSES_H

#include "lib/Target/CpuTarget.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::cpu {
#define GEN_PASS_DECL
#include "codegen/cpu/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "codegen/cpu/Passes.h.inc"

/// Adds the passes from tile programs and host programs to the LLVM dialect.
void populateLowerToLLVM(mlir::OpPassManager &passes, const CpuTarget &target);

} // namespace einfall::cpu

#endif
