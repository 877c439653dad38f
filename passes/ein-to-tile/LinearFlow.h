//===- LinearFlow.h - Where an error may grow -------------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_LINEARFLOW_H
#define EINFALL_PASSES_EINTOTILE_LINEARFLOW_H

#include "dialects/ein/EinDialect.h"

namespace einfall {

/// True if `tensor` of a kernel's own reaches its outputs by sums, by products with and
/// quotients by what it has no part in, and all of these outputs have 16 bits: then a
/// relative error of its terms no greater than that of the outputs' rounding is one of
/// the outputs' too. What goes through anything else (a power, a comparison) does not.
bool flowsLinearly(mlir::Value tensor);

/// True if all that the kernel stores are floats of 16 bits.
bool storesHalves(ein::KernelOp kernel);

} // namespace einfall

#endif
