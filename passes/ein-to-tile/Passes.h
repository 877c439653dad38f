//===- Passes.h - ein.kernel to tile ----------------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_PASSES_H
#define EINFALL_PASSES_EINTOTILE_PASSES_H

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall {
#define GEN_PASS_DECL
#include "passes/ein-to-tile/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/ein-to-tile/Passes.h.inc"
} // namespace einfall

#endif
