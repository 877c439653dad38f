//===- Factor.h - Splitting an expression along a reduction -----*- C++ -*-===//
#ifndef EINFALL_LIB_ALGEBRA_FACTOR_H
#define EINFALL_LIB_ALGEBRA_FACTOR_H

#include "lib/Algebra/Monoid.h"
#include "lib/Algebra/Range.h"

namespace einfall::algebra {

/// e = inner (*) outer, where (*) distributes over the monoid and `outer` does
/// not depend on the reduced rank: so `outer` may wait for the reduction.
struct Factorisation {
  Expr inner = nullptr, outer = nullptr;
  Times times = Times::mul;

  bool isTrivial() const { return !outer || outer->isConstant(); }
};

/// Splits `e`, reduced by `monoid`, at what depends on any of `inside`.
/// Exponentials stay whole: `exp(x + r)` has no overflow where `exp(x)` may.
/// `ofLeaf` tells signs, which max and min need.
Factorisation factor(Terms &terms, Monoid monoid, Expr e, unsigned inside, LeafRange ofLeaf);

} // namespace einfall::algebra

#endif
