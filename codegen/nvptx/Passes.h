//===- Passes.h - To code for NVIDIA GPUs -----------------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_NVPTX_PASSES_H
#define EINFALL_CODEGEN_NVPTX_PASSES_H

#include "lib/Target/GpuTarget.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::nvptx {
#define GEN_PASS_DECL
#include "codegen/nvptx/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "codegen/nvptx/Passes.h.inc"

/// Adds the passes from tile programs, dealt to warps, to the LLVM dialect.
void populateLowerToLLVM(mlir::OpPassManager &passes, const GpuTarget &target);

} // namespace einfall::nvptx

#endif
