//===- BlockPlan.h - How a staged kernel's ranks are cut --------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_BLOCKPLAN_H
#define EINFALL_PASSES_EINTOTILE_BLOCKPLAN_H

#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/Access.h"
#include "passes/ein-to-tile/Stages.h"
#include "passes/ein-to-tile/TileTarget.h"
#include "llvm/ADT/StringMap.h"

namespace einfall {

struct BlockPlan {
  struct Rank {
    ein::ExtentAttr extent;
    unsigned number = 0; // in order of appearance
    int64_t part = 1;    // coordinates of a block's part, or of a chunk
    bool isStreamed = false;
    bool isReduced = false;
    bool isOfParts = false; // each coordinate walks its own part of a rank
    int64_t divides = 0;    // the length of parts in which it is walked; 0: it has none
    /// The rank of the grid of which a block has this one's part too, from `first`
    /// beside its begin on, and `span` coordinates more.
    llvm::StringRef follows = {};
    int64_t first = 0, span = 0;
  };
  llvm::StringMap<Rank> ranks;
  llvm::SmallVector<llvm::StringRef> grid; // slowest first
  /// A rank of the grid of which streams compute `strip` coordinates at a time, all stages of a
  /// chunk one after the other, so that what passes between them stays in the first-level cache.
  llvm::StringRef strips = {};
  int64_t strip = 0;

  llvm::SmallVector<std::pair<llvm::StringRef, Rank>> inOrder() const;
  /// The labels of a tensor of the kernel's own.
  llvm::SmallVector<llvm::StringRef> labelsOf(mlir::Value tensor) const;
  /// So many coordinates of a rank a block, or a chunk, is expected to have.
  int64_t pointsOf(llvm::StringRef label) const;
  /// Coordinates of a rank that a block, or a chunk, has where `op` stands.
  int64_t partFor(mlir::Operation *op, llvm::StringRef label) const;
  /// True if of `label` where `op` stands there is a strip at a time.
  bool isInStrips(mlir::Operation *op, llvm::StringRef label) const;
  /// Elements of the block's part of it.
  int64_t sizeOf(mlir::Value tensor) const;
  /// Where its part begins is symbol firstSymbol + number of each rank; where the strip does, the
  /// symbol after these.
  LocalLayout layoutOf(mlir::Value tensor, unsigned firstSymbol, mlir::MLIRContext *context) const;
  /// The parts as a schedule that the kernel may carry: `array<i64: part>` for each rank
  /// that blocks or chunks cut.
  tile::ScheduleAttr toAttr(mlir::MLIRContext *context) const;
};

/// Emits an error where a tensor of the kernel's own has no bounded part.
mlir::FailureOr<BlockPlan> planBlock(ein::KernelOp kernel, const std::vector<Stage> &stages,
                                     const TileTarget &target);

} // namespace einfall

#endif
