//===- Passes.h - Tile programs for a machine -------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_TILE_PASSES_H
#define EINFALL_PASSES_TILE_PASSES_H

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace einfall::tile {
#define GEN_PASS_DECL
#include "passes/tile/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/tile/Passes.h.inc"
} // namespace einfall::tile

#endif
