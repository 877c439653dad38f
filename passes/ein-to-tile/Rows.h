//===- Rows.h - Kernels of which a block has one row ------------*- C++ -*-===//
//
// On a GPU a row that is reduced and read again is best had by all warps of a block
// together: then the rows under way fit into the first-level cache, and what is left
// of one is read there again.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_ROWS_H
#define EINFALL_PASSES_EINTOTILE_ROWS_H

#include "passes/ein-to-tile/Schedule.h"

namespace einfall {

/// True if all that the kernel does is to reduce long contiguous rows and to walk
/// along them, all of the same other ranks, and `target` may take a row as a team.
bool isRowwise(ein::KernelOp kernel, const TileTarget &target);

} // namespace einfall

#endif
