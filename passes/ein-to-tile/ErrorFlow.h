//===- ErrorFlow.h - Where an error may go ----------------------*- C++ -*-===//
//
// What a kernel computes less exactly than f32 must not show in outputs of 16 bits.
// These questions follow a value through the bodies and tensors that it has a part in.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_ERRORFLOW_H
#define EINFALL_PASSES_EINTOTILE_ERRORFLOW_H

#include "dialects/ein/EinDialect.h"

namespace einfall {

/// The kernel that alone reads what `kernel` gives and merges it, where that are states of
/// a fold in parts; else null. Together they are what one kernel would be.
ein::KernelOp mergerOf(ein::KernelOp kernel);

/// True if all that the kernel, or what merges its states, stores are floats of 16 bits.
bool storesHalves(ein::KernelOp kernel);
/// The same of bf16 alone, which has eight bits where f16 has eleven.
bool storesBf16(ein::KernelOp kernel);

/// True if `tensor` of a kernel's own reaches its outputs, all of 16 bits, by sums, and by
/// products with and quotients by what it has no part in. A relative error of terms that
/// do not cancel, no greater than that of the outputs' rounding, is one of the outputs' too.
bool flowsLinearly(mlir::Value tensor);

/// True if `value` decides nothing on its way to the kernel's outputs: it is neither
/// compared nor rounded to an integer, and no position is made of it. A small error stays
/// one.
bool flowsSmoothly(mlir::Value value);

/// True if what the kernel stores is the same whichever sign the zeros of its maxima and
/// minima have.
bool hidesZeroSigns(ein::KernelOp kernel);

/// True if `value` of an Einsum's body is known to be no negative number.
bool isNonNegative(mlir::Value value);

} // namespace einfall

#endif
