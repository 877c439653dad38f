//===- Packing.h - What a block computes once from its operands -*- C++ -*-===//
//
// In a contraction a block meets each element of an operand once for each
// coordinate along the ranks that the operand lacks. With many of them it pays to
// compute what is made of the operand alone (weights that are widened, activations
// that are scaled) once, and to lay it down in the order in which the inner loop
// reads: panels as wide as a tile along the lanes, the reduced ranks inside.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_PACKING_H
#define EINFALL_PASSES_EINTOTILE_PACKING_H

#include "passes/ein-to-tile/Schedule.h"

namespace einfall {

/// From so many rows on packing costs less than it saves.
constexpr int64_t kFewestPackedRows = 8;

/// Rows that `tile.multiply` takes at once, and columns.
constexpr int64_t kTileRows = 32, kTileColumns = 32;

/// A value of a root's body that a block packs.
struct Packed {
  mlir::Value value;
  llvm::SmallVector<unsigned> ranks; // on which it depends, as they lie, slowest first
  bool isPanel = false;              // depends on the rank along lanes
  int lanes = -1;                    // along which its operands are contiguous
  // So many neighbours along the last reduced rank are one element in memory.
  int64_t group = 1;
  bool liesInPanels = false; // in memory already

  /// The rank along which neighbours lie side by side: that of the lanes in a
  /// panel, else the last.
  unsigned inner(const Schedule &packed) const { return isPanel ? packed.lanes : ranks.back(); }
};

/// How panels of a weight are cut: so many columns, of which neighbours along the sum lie side by
/// side in groups.
struct PanelShape {
  int64_t columns = 0, group = 1;
};

/// The panels in which loops of `root` read a factor of type `element` whose columns run along
/// `columns`; nothing where they read it as it lies.
std::optional<PanelShape> panelsOf(ein::EinsumOp root, unsigned columns, mlir::Type element,
                                   const TileTarget &target);

/// True if an operand is stored in panels, which loops over packed operands alone can read.
bool readsPanels(llvm::ArrayRef<Access> reads);

/// The values that pay, for the loops of `packed`.
llvm::SmallVector<Packed> findPacked(ein::EinsumOp root, llvm::ArrayRef<Access> reads,
                                     const Schedule &packed);

/// Elements of the block's part of `packed`; `parts` are those of the ranks.
/// Panels are whole.
int64_t sizeOfPacked(const Packed &packed, const Schedule &schedule, llvm::ArrayRef<int64_t> parts);

/// Coordinates of the outermost reduced rank that a block takes at a time; 0: all.
int64_t chunkOf(ein::EinsumOp root, const Schedule &packed);

/// The same of tiles whose lanes run along the sum, without packing.
int64_t chunkOfLanes(ein::EinsumOp root, const Schedule &schedule);

/// True if lanes run along rows, not along the columns by which results are stored: rows
/// are in panels, and columns read where they lie.
bool isTurned(const Schedule &packed);

/// Rows that the loops of `few` take at a time.
int64_t rowsAtOnce(const Schedule &schedule, const Schedule &few);

/// True if there is one reduced rank.
inline bool reducesOneRank(ein::EinsumOp root) {
  return root.getNumRanks() == root.getNumFree() + 1;
}

/// True if products are by `tile.multiply`.
inline bool usesTiles(const Schedule &packed) { return packed.dot && packed.dot->tiles; }

/// Coordinates of a block's part of each rank; -1 where that has no bound.
llvm::SmallVector<int64_t> partsOf(ein::EinsumOp root, const Schedule &schedule);

/// True if a block cut by `schedule` can run by the loops of `packed`.
bool fitsPacking(ein::EinsumOp root, llvm::ArrayRef<Access> reads, const Schedule &schedule,
                 const Schedule &packed);

/// How the loops of `packed` form products, if not one by one: neighbours along the last
/// reduced rank lie side by side in panels.
std::optional<Dot> findPackedDot(ein::EinsumOp root, llvm::ArrayRef<Access> reads,
                                 const Schedule &packed, const TileTarget &target);

/// Gives `schedule` loops over packed operands where they pay. Unless `parts` are
/// given, it also chooses the blocks.
void planPacking(ein::EinsumOp root, llvm::ArrayRef<Access> reads, const Access &write,
                 const TileTarget &target, Schedule &schedule, llvm::ArrayRef<int64_t> parts = {});

} // namespace einfall

#endif
