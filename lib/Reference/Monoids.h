//===- Monoids.h - Combining two values -------------------------*- C++ -*-===//
//
// max and min propagate NaN and hold +0 above -0, as arith.maximumf does.
// Integers are signed, except i1: a truth value, so its maximum is `or`.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_REFERENCE_MONOIDS_H
#define EINFALL_LIB_REFERENCE_MONOIDS_H

#include "lib/Reference/Context.h"

namespace einfall::reference {

/// Combines values of one element type.
class Combiner {
public:
  Combiner(ein::Monoid monoid, mlir::Type element, Mode mode)
      : monoid(monoid), format(formatOf(element, mode)), width(widthOf(element)),
        isFloat(mlir::isa<mlir::FloatType>(element)), host(mode == Mode::f64) {}

  /// What an accumulator starts with.
  Scalar identity() const;
  Scalar operator()(Scalar a, Scalar b) const {
    return isFloat ? ofFloat(floats(a.f, b.f)) : ofInt(integers(a.i, b.i));
  }
  /// For argmax and argmin: true if a later `b` takes the place of `a`.
  bool replaces(Scalar a, Scalar b) const;

  const ein::Monoid monoid;
  const Format format;
  const unsigned width;
  const bool isFloat;
  const bool host; // functions of the host's library

private:
  double floats(double a, double b) const;
  int64_t integers(int64_t a, int64_t b) const;
};

} // namespace einfall::reference

#endif
