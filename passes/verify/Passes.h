//===- Passes.h - Passes that test programs ---------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_VERIFY_PASSES_H
#define EINFALL_PASSES_VERIFY_PASSES_H

#include "dialects/check/CheckDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::verify {

#define GEN_PASS_DECL
#include "passes/verify/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/verify/Passes.h.inc"

} // namespace einfall::verify

#endif
