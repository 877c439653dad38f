//===- NarrowFactors.h - Factors that a dot may take rounded ----*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_NARROWFACTORS_H
#define EINFALL_PASSES_EINTOTILE_NARROWFACTORS_H

#include "dialects/ein/EinDialect.h"

namespace einfall {

/// Where a product of a bf16 factor with a f32 one that the kernel makes (the weights of
/// attention) shows in the outputs no more than rounded, that one is stored as bf16 too, so
/// that the product is a dot. What else reads it reads all of its bits.
void narrowFactors(ein::KernelOp kernel);

} // namespace einfall

#endif
