//===- Schedule.h - How one kernel is cut into tiles ------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_SCHEDULE_H
#define EINFALL_PASSES_EINTOTILE_SCHEDULE_H

#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/Access.h"
#include "passes/ein-to-tile/Dots.h"
#include "passes/ein-to-tile/Matrices.h"
#include <memory>

namespace einfall {

/// `block`: coordinates of one block of the grid along a free rank. `tiles`:
/// coordinates held in registers (or lanes) at once, in descending order; what
/// one leaves over goes to the next. Of three sizes or more without a gap that leave nothing
/// over, two neighbours are taken, as few tiles as possible, of nearly the same size.
struct RankSchedule {
  /// What the smallest tile leaves over: is taken one by one, or masked along lanes; is
  /// taken by a tile more, which begins early enough and repeats some coordinates of the one
  /// before, or which runs beyond the end, where memory is nobody's, or along lanes beyond the
  /// end, too, by half a tile where that is enough; is nothing. Or all tiles are masked.
  enum class Rest { ones, repeated, beyond, halves, none, masked };

  int64_t block = 1;
  llvm::SmallVector<int64_t, 4> tiles = {1};
  Rest rest = Rest::ones;

  int64_t tile() const { return tiles.front(); }
  bool isEven() const {
    bool leavesNone = tiles.back() == 1 || rest == Rest::none;
    return leavesNone && tiles.size() > 2 &&
           tiles.front() - tiles.back() + 1 == (int64_t)tiles.size();
  }
  /// Cuts `count` coordinates into as few tiles as before, of nearly the same size.
  void cutEvenly(int64_t count);
  /// Drops the tiles that none of these numbers of coordinates is cut into.
  void keepUsed(llvm::ArrayRef<int64_t> counts);
};

struct Schedule {
  llvm::SmallVector<RankSchedule> ranks;
  int lanes = -1;                    ///< the rank along vector lanes
  bool cutsSums = true;              ///< a sum along the lanes is taken by its blocks
  bool asksAhead = false;            ///< loads of several steps of such a sum come first
  llvm::SmallVector<unsigned> order; ///< free ranks, slowest block first
  std::optional<Dot> dot;            ///< how products are formed, if not one by one
  /// Where a block holds one coordinate of rank `narrow`, `widened` is tiled
  /// by `widenedTile`: registers that rows would take go to columns.
  int narrow = -1, widened = -1;
  int64_t widenedTile = 1;
  /// Where a block holds at least `packedFrom` coordinates of both ranks that `packed`
  /// calls narrow and widened, it runs by the tiles and lanes of that one, over
  /// operands that it packs first (Packing.h).
  std::shared_ptr<Schedule> packed;
  int64_t packedFrom = 0;
  /// And with `packedFrom` to `fewTo` coordinates of the rank that `few` widens, by that one.
  std::shared_ptr<Schedule> few;
  int64_t fewTo = 0;
  /// Where a block has enough rows, it runs by matrix instructions.
  std::optional<Matrix> matrix;

  /// Cuts ranks of known extent, of which a block has all, into tiles of nearly the same size.
  void cutEvenly(ein::EinsumOp root);
  tile::ScheduleAttr toAttr(ein::EinsumOp root) const;
};

/// True if lanes may run along the rank: then a reduction along it is one of lanes at
/// the end.
bool mayRunAlongLanes(ein::EinsumOp root, unsigned rank);

/// Columns that a warp sums at once of a product of one row, whose lanes run along the sum:
/// fewer where blocks of so many would leave most of a GPU idle.
int64_t columnsAlone(ein::ExtentAttr extent, const TileTarget &target);

/// Fills in the schedule of a kernel from what its accesses look like.
/// `reads` are those of `root`; `write` is over the free ranks.
Schedule planSchedule(ein::EinsumOp root, llvm::ArrayRef<Access> reads, const Access &write,
                      const TileTarget &target);

/// The schedule that the user wrote on a kernel. Emits an error at `root` where
/// it does not fit.
mlir::FailureOr<Schedule> readSchedule(tile::ScheduleAttr attr, ein::EinsumOp root,
                                       llvm::ArrayRef<Access> reads, const TileTarget &target,
                                       bool isPacked = false);

} // namespace einfall

#endif
