//===- Passes.h - Passes over ein -------------------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_PASSES_H
#define EINFALL_PASSES_EIN_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::ein {
#define GEN_PASS_DECL
#include "passes/ein/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/ein/Passes.h.inc"
} // namespace einfall::ein

#endif
