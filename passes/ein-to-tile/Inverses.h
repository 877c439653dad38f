//===- Inverses.h - Quotients by what many elements share -------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_INVERSES_H
#define EINFALL_PASSES_EINTOTILE_INVERSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace einfall {

/// Where a quotient may be near (`afn`) and its divisor is one number for several elements of
/// the tile (the sum of a row), they are multiplied by its inverse: within 2^-22, for divisors
/// and results of any size.
void multiplyByInverses(mlir::func::FuncOp program);

} // namespace einfall

#endif
