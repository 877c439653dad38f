//===- Range.h - Between which numbers a value lies -------------*- C++ -*-===//
//
// Intervals over the extended real line. What may be NaN has the interval of
// its other values: a bound says "not above", and NaN is not above.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ALGEBRA_RANGE_H
#define EINFALL_LIB_ALGEBRA_RANGE_H

#include "lib/Algebra/Expr.h"
#include <limits>

namespace einfall::algebra {

struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool isNonNegative() const { return low >= 0; }
};

/// What is known of expressions: of variables and opaque functions by
/// `ofLeaf`, of the rest by their laws.
using LeafRange = llvm::function_ref<Interval(Expr)>;
Interval rangeOf(Expr e, LeafRange ofLeaf);

} // namespace einfall::algebra

#endif
