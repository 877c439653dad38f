//===- Monoids.h - Reductions as tile operations ----------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_MONOIDS_H
#define EINFALL_PASSES_EINTOTILE_MONOIDS_H

#include "dialects/ein/EinMonoids.h"
#include "passes/ein-to-tile/TileValues.h"

namespace einfall {

/// `a` and `b` combined.
TileValue combine(TileBuilder &tiles, ein::Monoid monoid, TileValue a, TileValue b);

/// One step of argmax/argmin: `running` holds the best value and its
/// coordinate (index, -1 before the first), both over `full`.
llvm::SmallVector<mlir::Value> combineArg(TileBuilder &tiles, ein::Monoid monoid,
                                          llvm::ArrayRef<mlir::Value> running, uint32_t full,
                                          TileValue value, TileValue coordinate, TileValue exists);

} // namespace einfall

#endif
