//===- Monoid.h - Reductions and what distributes over them -----*- C++ -*-===//
#ifndef EINFALL_LIB_ALGEBRA_MONOID_H
#define EINFALL_LIB_ALGEBRA_MONOID_H

#include "lib/Algebra/Expr.h"
#include <optional>

namespace einfall::algebra {

enum class Monoid : uint8_t { add, mul, max, min, or_, and_, argmax, argmin, logaddexp };

/// An operation that may distribute over a monoid.
enum class Times : uint8_t { mul, add };

struct MonoidFacts {
  llvm::StringRef name;
  /// The value of an empty reduction, on floats; none where it is no number.
  std::optional<double> identity;
  bool commutative; // argmax prefers the lower coordinate: it is not
  bool idempotent;
  bool hasInverse; // add: minus; mul: quotient, where it is not 0
};

const MonoidFacts &factsOf(Monoid monoid);

/// True if `a (*) (x (+) y) = (a (*) x) (+) (a (*) y)` for every a; with
/// `onlyNonNegative`, for every a of at least 0.
bool distributes(Times times, Monoid monoid, bool onlyNonNegative = false);

/// One more element: `a (+) b` as an expression; null for argmax and argmin.
Expr combine(Terms &terms, Monoid monoid, Expr a, Expr b);

} // namespace einfall::algebra

#endif
