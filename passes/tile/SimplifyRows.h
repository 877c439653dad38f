//===- SimplifyRows.h - What a row's elements share -------------*- C++ -*-===//
#ifndef EINFALL_PASSES_TILE_SIMPLIFYROWS_H
#define EINFALL_PASSES_TILE_SIMPLIFYROWS_H

#include "mlir/IR/PatternMatch.h"
#include "passes/tile/Passes.h"
#include "llvm/ADT/APFloat.h"
#include <optional>

namespace einfall::tile {

/// The number that `value` is in all of its elements; none if it is not known.
std::optional<llvm::APFloat> numberOf(mlir::Value value);

/// `value` in all elements of `type`, a float or a tile of floats.
mlir::Value splat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, double value);

/// True if what `value` holds is known to be no infinity and no NaN.
bool isFinite(mlir::Value value);

/// True if `value` is what its elements along some dimension share.
inline BroadcastOp sharedOf(mlir::Value value) { return value.getDefiningOp<BroadcastOp>(); }

/// Conditions on top of each other become one, and what it leaves out is left out once.
void populateConditionPatterns(mlir::RewritePatternSet &patterns);
/// Bounds of the same columns become one: after the patterns above, which look for them.
void populateBoundPatterns(mlir::RewritePatternSet &patterns);

} // namespace einfall::tile

#endif
