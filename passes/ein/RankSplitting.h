//===- RankSplitting.h - Parts of an Einsum's ranks -------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_RANKSPLITTING_H
#define EINFALL_PASSES_EIN_RANKSPLITTING_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// `op` over d1 and d0 in place of its rank d = divisor * d1 + d0. `divisor` divides the
/// extent of d; d is not the coordinate of an argmax.
/// Of a rank of the result, two dimensions are made. The order of sums stays.
EinsumOp splitRank(mlir::OpBuilder &builder, EinsumOp op, unsigned rank, int64_t divisor);

/// Coordinates first..first+count-1 of dimension `rank` of the result of `op`.
EinsumOp sliceRank(mlir::OpBuilder &builder, EinsumOp op, unsigned rank, int64_t first,
                   int64_t count);

} // namespace einfall::ein

#endif
