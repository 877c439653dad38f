//===- NeededBox.h - Where what an operand holds matters --------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_NEEDEDBOX_H
#define EINFALL_PASSES_EIN_NEEDEDBOX_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// Least and greatest coordinate of each rank, where they are literals.
struct LiteralBox {
  llvm::SmallVector<std::optional<int64_t>> low, high;

  /// Least and greatest value of `expr` in the box, if both are known.
  std::optional<std::pair<int64_t, int64_t>> valuesOf(mlir::AffineExpr expr,
                                                      unsigned numSymbols) const;
};

/// A box that holds every point of `op` at which operand `number` makes a
/// difference to what the body yields: selects by comparisons of a coordinate
/// with a number are looked through.
LiteralBox neededBox(EinsumOp op, unsigned number);

/// The whole space of an Einsum or fold.
LiteralBox wholeBox(mlir::Operation *op);

} // namespace einfall::ein

#endif
