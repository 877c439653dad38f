//===- RowWork.h - What a row needs once, in vectors ------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_ROWWORK_H
#define EINFALL_PASSES_EINTOTILE_ROWWORK_H

#include "dialects/ein/EinDialect.h"

namespace einfall {

/// Costly scalars that maps compute for each row where a kernel walks (the factors by which a fold
/// corrects its state) become maps of their own, equal ones the same: lanes run along rows there,
/// and what is left of a map is light enough to follow the reduction that it reads. Bitwise.
void splitRowWork(ein::KernelOp kernel);

} // namespace einfall

#endif
