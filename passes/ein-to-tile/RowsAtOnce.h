//===- RowsAtOnce.h - Walks along several rows beside one another -*- C++ -*-===//
//
// A kernel that reduces a row and walks along it again reads memory in its first walk and
// writes in its last one. Those in between do neither, and memory waits. So each walk runs in
// the same loop as the others, along a row of its own: the first one is so many rows ahead of
// the last one as results have to be complete in between.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_ROWSATONCE_H
#define EINFALL_PASSES_EINTOTILE_ROWSATONCE_H

#include "passes/ein-to-tile/BlockPlan.h"

namespace einfall {

struct RowsAtOnce {
  ein::ExtentAttr extent;            ///< of the rank along which walks run
  llvm::SmallVector<int64_t> behind; ///< of each stage: so many rows behind the first one
  llvm::SmallVector<bool> walks;     ///< of each stage: it runs along the row
  int64_t last = 0;                  ///< the most rows that a stage is behind
  int64_t slots = 1;                 ///< of each number of a row: a power of two
  int64_t tile = 0;                  ///< lanes of a step of all walks
  llvm::StringRef rows;              ///< the rank of the grid along which rows follow one another
  llvm::DenseMap<mlir::Value, int64_t> firstRead; ///< of operands: by a stage so far behind
};

/// Nothing where some walk would not stand between the memory's, a stage reads what another
/// one made elsewhere in the row, or more rows would have to stay in the first-level cache
/// than blocks of whole rows need. Nor where rows are not numbered one by one: some op lacks a
/// rank of the grid, a block has several coordinates of another rank than the last one, or as
/// many of the last one as the user chose.
std::optional<RowsAtOnce> planRowsAtOnce(ein::KernelOp kernel, const std::vector<Stage> &stages,
                                         const BlockPlan &plan, const TileTarget &target);

} // namespace einfall

#endif
