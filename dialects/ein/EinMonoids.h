//===- EinMonoids.h - Values of reductions ----------------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_EIN_EINMONOIDS_H
#define EINFALL_DIALECTS_EIN_EINMONOIDS_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// True of the monoids whose value is a coordinate.
inline bool isArg(Monoid monoid) { return monoid == Monoid::argmax || monoid == Monoid::argmin; }

/// What an empty reduction holds; for argmax/argmin the comparand to start from.
mlir::TypedAttr identityOf(Monoid monoid, mlir::Type type);

} // namespace einfall::ein

#endif
