//===- StagedRests.cpp - Where the tiles of a stage end -------------------===//
//
// On a GPU each kind of tile is code of its own, and so is each kind of end: sums of four
// rows and columns, of what these leave over of both, and of lanes that are not all there.
// Parts of tensors of the block's own have room for whole tiles. So tiles of a stage that
// stores there run beyond the block's end: nobody reads what they write there, and of what
// is not the block's own they read the last row or column again.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// True if the tensor lies in memory of the block's own.
bool StagedLowering::isOwn(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(outside(tensor));
  return !argument || argument.getOwner() != &kernel.getBody().front();
}

/// The Einsum of whose result a tensor of the block's own has the memory; null: of another op's.
ein::EinsumOp StagedLowering::placeOf(Value tensor) {
  tensor = outside(tensor);
  while (Value other = storedAs.lookup(tensor))
    tensor = outside(other);
  return tensor.getDefiningOp<ein::EinsumOp>();
}

/// True if the block's part of a tensor of its own is whole tiles along `label`.
bool StagedLowering::hasRoomFor(Value tensor, StringRef label, int64_t tile) {
  ein::EinsumOp maker = placeOf(tensor);
  return maker && llvm::is_contained(plan.labelsOf(maker.getResult()), label) &&
         plan.partFor(maker, label) % tile == 0;
}

/// True if all operands that depend on the rank may be read up to whole tiles: those of the
/// block's own where they lie, the others, if `mayStay`, at coordinates that there are.
bool StagedLowering::readsWithRoom(ein::EinsumOp op, unsigned rank, int64_t tile, bool mayStay) {
  StringRef label = op.getRankName(rank);
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    bool isMade = input == root.getResult() ||
                  llvm::any_of(epilogue, [&](ein::EinsumOp o) { return o.getResult() == input; });
    // What is not there is no place to read at.
    if (isMade && !cast<StringAttr>(op.getCoords()[i]).getValue().empty())
      return false;
    if (isMade || !access(op, i).dependsOn(rank))
      continue;
    if (!isOwn(input)) {
      if (!mayStay)
        return false;
      continue;
    }
    if (!hasRoomFor(input, label, tile) || !access(op, i).inside() ||
        !cast<StringAttr>(op.getCoords()[i]).getValue().empty())
      return false;
    SmallVector<StringRef> labels = plan.labelsOf(placeOf(input).getResult());
    for (auto [dim, index] : llvm::enumerate(op.getMap(i).getResults())) {
      auto place = dyn_cast<AffineDimExpr>(index);
      if (index.isFunctionOfDim(rank) && (!place || labels[dim] != label))
        return false;
    }
  }
  return true;
}

/// True if what is stored of `op` is of the block's own, with room along `label`.
bool StagedLowering::storesWithRoom(ein::EinsumOp op, StringRef label, int64_t tile) {
  return !isNeeded(op.getResult()) || hasRoomFor(op.getResult(), label, tile);
}

/// True if all of the stage may be computed and stored up to whole tiles of a free rank.
bool StagedLowering::mayComputeBeyond(unsigned rank) {
  StringRef label = root.getRankName(rank);
  int64_t tile = schedule.ranks[rank].tile();
  if (!mayRunBeyond(rank, tile) || !readsWithRoom(root, rank, tile, /*mayStay=*/true) ||
      !storesWithRoom(root, label, tile))
    return false;
  return llvm::all_of(epilogue, [&](ein::EinsumOp op) {
    int64_t along = op.findRank(label);
    return along < 0 ||
           (readsWithRoom(op, along, tile, /*mayStay=*/true) && storesWithRoom(op, label, tile));
  });
}

/// True if a mask of lanes is only of what is stored, or of what is summed up: operands that
/// depend on the rank are of the block's own.
bool StagedLowering::mayMask(unsigned rank) {
  StringRef label = root.getRankName(rank);
  int64_t tile = schedule.ranks[rank].tile();
  const BlockPlan::Rank &cut = plan.ranks.find(label)->second;
  if (!cut.follows.empty() || !readsWithRoom(root, rank, tile, /*mayStay=*/false))
    return false;
  return rank >= root.getNumFree() || llvm::all_of(epilogue, [&](ein::EinsumOp op) {
           int64_t along = op.findRank(label);
           return along < 0 || readsWithRoom(op, along, tile, /*mayStay=*/false);
         });
}

/// One kind of tile for each rank where that will do.
void StagedLowering::planRests() {
  if (!target.warpLanes || target.team || rowsAtOnce || schedule.matrix || schedule.packed ||
      schedule.dot || schedule.asksAhead)
    return;
  lasts.assign(root.getNumRanks(), Value());
  for (unsigned rank = 0; rank < root.getNumRanks(); ++rank) {
    RankSchedule &cut = schedule.ranks[rank];
    bool isFree = rank < root.getNumFree(), isLanes = (int)rank == schedule.lanes;
    bool isEven = divides(rank, cut.tile()) && cut.block % cut.tile() == 0;
    if (cut.tile() == 1 || isEven)
      continue;
    if (isFree && mayComputeBeyond(rank)) {
      cut.tiles.truncate(1);
      cut.rest = RankSchedule::Rest::beyond;
      lasts[rank] = arith::SubIOp::create(builder, loc, endOfBlock(rank), constant(1));
    } else if (isLanes && mayMask(rank)) {
      cut.rest = RankSchedule::Rest::masked;
    } else {
      continue;
    }
    lanesHaveRoom |= isLanes;
  }
}

} // namespace einfall
