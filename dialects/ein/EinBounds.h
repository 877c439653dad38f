//===- EinBounds.h - Which reads stay inside ---------------------*- C++ -*-===//
//
// A point at which an operand index falls outside does not exist
// (docs/spec/ein.md). Passes may treat a read as plain only where it provably
// stays inside, from the ranks' extents, `ein.range` of arguments that
// coordinates are read from, and the function's `ein.assume` extents, each of
// which is at least 0 (checked at run time when an entry is called).
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DIALECTS_EIN_EINBOUNDS_H
#define EINFALL_DIALECTS_EIN_EINBOUNDS_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// What operand `number` of an indexed op is where it is read outside (`else`),
/// or null.
mlir::TypedAttr fillOf(mlir::Operation *op, unsigned number);
/// True if operand `number` makes no point missing: it is read inside, or has
/// a value where it is not.
bool existsEverywhere(mlir::Operation *op, unsigned number);
/// The fills of `op` but for those of operands that are read inside; null if
/// none is left.
mlir::ArrayAttr neededFills(EinsumOp op);

/// True if every index of map `number` of the indexed op `op` (an einsum, scan,
/// update or scatter) lies in its extent at all points of the iteration space.
bool readsInside(mlir::Operation *op, unsigned number);
/// The same for each index alone.
llvm::SmallVector<bool> indicesInside(mlir::Operation *op, unsigned number);
/// The same for each side of an index: that it is at least 0, and below its extent.
struct IndexBounds {
  bool low, high;
};
llvm::SmallVector<IndexBounds> boundsOf(mlir::Operation *op, unsigned number);

/// What map `number` of an indexed op indexes: the destinations of updates and
/// scatters come last.
mlir::Value indexedBy(mlir::Operation *op, unsigned number);

/// The extents of the ranks of an indexed op.
llvm::SmallVector<ExtentAttr> rankExtents(mlir::Operation *op);

/// What the indices and extents of `op` are divided by, where only a call tells:
/// what a divisor divides by comes before it. Each has to be at least 1.
llvm::SmallVector<ExtentAttr> divisorsOf(mlir::Operation *op);

/// For each rank of an update or scatter, whether points that differ in it
/// alone or in other such ranks always go to different elements.
llvm::SmallVector<bool> separatedRanks(mlir::Operation *op);

} // namespace einfall::ein

#endif
