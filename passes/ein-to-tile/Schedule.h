//===- Schedule.h - How one kernel is cut into tiles ------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_SCHEDULE_H
#define EINFALL_PASSES_EINTOTILE_SCHEDULE_H

#include "passes/ein-to-tile/Access.h"

namespace einfall {

/// What the schedule model has to know of a target.
struct TileTarget {
  int64_t vectorBytes = 64; ///< of one vector register
  int64_t vectorRegisters = 32;
};

/// `block`: coordinates of one block of the grid along a free rank. `tile`:
/// coordinates held in registers (or lanes) at once.
struct RankSchedule {
  int64_t block = 1, tile = 1;
};

struct Schedule {
  llvm::SmallVector<RankSchedule> ranks;
  int lanes = -1;                    ///< the rank along vector lanes
  llvm::SmallVector<unsigned> order; ///< free ranks, slowest block first

  mlir::DictionaryAttr toAttr(ein::EinsumOp root) const;
};

/// Fills in the schedule of a kernel from what its accesses look like.
/// `reads` are those of `root`; `write` is over the free ranks.
Schedule planSchedule(ein::EinsumOp root, llvm::ArrayRef<Access> reads, const Access &write,
                      const TileTarget &target);

} // namespace einfall

#endif
