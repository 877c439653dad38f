//===- Dots.h - Contractions that a machine multiplies in groups *- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_DOTS_H
#define EINFALL_PASSES_EINTOTILE_DOTS_H

#include "dialects/ein/EinDialect.h"
#include "passes/ein-to-tile/TileTarget.h"

namespace einfall {

/// A sum of products of narrow numbers that `tile.dot` computes.
struct Dot {
  mlir::Value lhs, rhs;     ///< values of the body, before they are widened
  mlir::Type element;       ///< that the operands of the dot have
  int64_t group = 0;        ///< products that one lane adds at once
  bool unsignedLhs = false; ///< how an operand is widened to `element`
  bool unsignedRhs = false;
  /// Both are signed, but the machine takes an unsigned left one: 128 is added
  /// to it, and 128 times the sum of the right one is taken off at the end.
  bool bias = false;
  /// Raised elements are packed: to raise each where it is read takes the place of a dot.
  bool packsRaised = false;
  bool tiles = false; ///< by `tile.multiply`
};

/// How `op` runs by `tile.dot` on `target`, if it does. Algebraic: the products
/// of a group are added before they meet the sum.
std::optional<Dot> findDot(ein::EinsumOp op, const TileTarget &target);

} // namespace einfall

#endif
