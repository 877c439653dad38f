//===- Selection.h - A concatenation as a map over its parts ----*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_SELECTION_H
#define EINFALL_PASSES_EIN_SELECTION_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// Parts above which each element would be looked for in too many places.
constexpr unsigned kMostParts = 4;

/// The einsum that selects by coordinate between the parts of `op`.
EinsumOp selectionOf(mlir::OpBuilder &builder, ConcatOp op);

} // namespace einfall::ein

#endif
