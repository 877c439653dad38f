//===- Passes.h - Host programs ---------------------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_RUN_PASSES_H
#define EINFALL_PASSES_RUN_PASSES_H

#include "dialects/run/RunDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::run {
#define GEN_PASS_DECL
#include "passes/run/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/run/Passes.h.inc"
} // namespace einfall::run

#endif
