//===- Rows.h - Kernels of which a block has one row ------------*- C++ -*-===//
//
// On a GPU a row that is reduced and read again is best had by all warps of a block
// together: then the rows under way fit into the first-level cache, and what is left
// of one is read there again.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_ROWS_H
#define EINFALL_PASSES_EINTOTILE_ROWS_H

#include "passes/ein-to-tile/BlockPlan.h"
#include "passes/ein-to-tile/Schedule.h"

namespace einfall {

/// True if all that the kernel does is to reduce long contiguous rows and to walk
/// along them, all of the same other ranks, and `target` may take a row as a team.
bool isRowwise(ein::KernelOp kernel, const TileTarget &target);

/// A row that the threads of a team keep in registers, from one walk along it to the next.
struct HeldRow {
  ein::ExtentAttr extent;
  unsigned rank;                    ///< its place among the ranks of whatever has it
  llvm::SmallVector<int64_t> tiles; ///< lanes that may hold it, ascending
  bool isWritten = false;           ///< a result has the row, too
  int64_t bytes = 0;                ///< of operands that a thread keeps in the largest
};

/// The team for a rowwise kernel: a small one where threads keep little of the longest rows
/// and nothing is written along them, so that more of them are under way.
TileTarget teamFor(ein::KernelOp kernel, const std::vector<Stage> &stages,
                   const TileTarget &target);

/// A part of a row or a number beside it: an argument of a kernel, and by which of its
/// ranks it is read.
using RowRead = std::pair<mlir::Value, mlir::AffineMap>;

/// What operand `number` of `op` is in the kernel's row, where nothing but coordinates
/// says so and all of it exists.
std::optional<RowRead> rowRead(ein::EinsumOp op, unsigned number, unsigned rank);

/// How the rows of a rowwise kernel are kept; nothing where what passes between its parts
/// is not read at the coordinate that made it, or a thread would have too much.
std::optional<HeldRow> planHeldRow(ein::KernelOp kernel, const BlockPlan &plan,
                                   const TileTarget &team);

} // namespace einfall

#endif
