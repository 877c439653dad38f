//===- Schedule.cpp - How one kernel is cut into tiles --------------------===//
#include "passes/ein-to-tile/Schedule.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

/// Extents that are known at run time only count as this.
constexpr int64_t kTypicalExtent = 64;

int64_t sizeOf(ein::EinsumOp root, unsigned rank) {
  return root.getRankExtent(rank).getLiteral().value_or(kTypicalExtent);
}

bool mayRunAlongLanes(ein::EinsumOp root, unsigned rank) {
  if (!root.isReduced(rank))
    return true;
  // Partial results of the lanes are combined at the end, so the rank has to
  // be innermost and all reductions the same one.
  if (rank + 1 != root.getNumRanks())
    return false;
  ein::Monoid monoid = root.getMonoid(rank);
  for (unsigned r = root.getNumFree(); r < rank; ++r)
    if (root.getMonoid(r) != monoid)
      return false;
  if (root.getYielded().getType().isInteger(1))
    return false; // a vector of bits has no reduction of its own kind
  return monoid != ein::Monoid::argmax && monoid != ein::Monoid::argmin &&
         monoid != ein::Monoid::logaddexp;
}

/// Contiguous vectors moved along `rank` less those that would be gathered.
/// A read happens at every point, a write once the reductions are done.
double laneScore(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write, unsigned rank) {
  if (!mayRunAlongLanes(root, rank) || sizeOf(root, rank) == 1)
    return -1;
  double score = 0, writes = 1;
  for (unsigned r = root.getNumFree(); r < root.getNumRanks(); ++r)
    writes /= sizeOf(root, r);
  auto add = [&](const Access &access, unsigned numRanks, double times) {
    if (rank < numRanks && access.dependsOn(rank))
      score += access.isUnitStride(rank) ? times : -2 * times;
  };
  for (const Access &read : reads)
    add(read, root.getNumRanks(), 1);
  add(write, root.getNumFree(), writes);
  return score;
}

} // namespace

DictionaryAttr Schedule::toAttr(ein::EinsumOp root) const {
  Builder builder(root.getContext());
  SmallVector<NamedAttribute> entries;
  for (auto [rank, plan] : llvm::enumerate(ranks))
    entries.push_back(builder.getNamedAttr(root.getRankName(rank),
                                           builder.getDenseI64ArrayAttr({plan.block, plan.tile})));
  if (lanes >= 0)
    entries.push_back(
        builder.getNamedAttr("lanes_along", builder.getStringAttr(root.getRankName(lanes))));
  return builder.getDictionaryAttr(entries);
}

Schedule planSchedule(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write,
                      const TileTarget &target) {
  Schedule schedule;
  unsigned numRanks = root.getNumRanks(), numFree = root.getNumFree();
  schedule.ranks.resize(numRanks);
  double best = 0;
  for (unsigned rank = 0; rank < numRanks; ++rank)
    if (double score = laneScore(root, reads, write, rank); score > best) {
      best = score;
      schedule.lanes = rank;
    }
  bool reduces = numRanks > numFree;
  int64_t lanes = std::max<int64_t>(1, target.vectorBytes / 4);
  bool laneReduced = schedule.lanes >= static_cast<int>(numFree);

  // Ranks along which some operand is reused are tiled, so that what is
  // loaded once feeds several accumulators.
  SmallVector<unsigned> reused;
  if (reduces && reads.size() >= 2)
    for (unsigned rank = 0; rank < numFree; ++rank) {
      if (static_cast<int>(rank) == schedule.lanes || sizeOf(root, rank) < 4)
        continue;
      bool some = false, affine = true;
      for (const Access &read : reads) {
        some |= read.dependsOn(rank) && llvm::any_of(reads, [&](const Access &other) {
                  return !other.dependsOn(rank) && other.dependsOn(numFree);
                });
        affine &= read.stride(rank) != nullptr && read.inside();
      }
      if (some && affine && write.stride(rank))
        reused.push_back(rank);
    }
  // The two fastest ones: the most that the registers hold.
  while (reused.size() > 2)
    reused.erase(reused.begin());
  for (unsigned rank : reused)
    schedule.ranks[rank] = {64, 4};
  if (schedule.lanes >= 0) {
    RankSchedule &plan = schedule.ranks[schedule.lanes];
    int64_t size = sizeOf(root, schedule.lanes);
    int64_t vectors = reduces ? (reused.size() == 2 ? 1
                                 : laneReduced      ? (reused.empty() ? 4 : 2)
                                                    : 4)
                              : 2;
    plan.tile = lanes * vectors;
    while (plan.tile > lanes && plan.tile / 2 >= size)
      plan.tile /= 2;
    plan.block = laneReduced ? plan.tile : reduces ? plan.tile : std::max<int64_t>(plan.tile, 1024);
  }
  for (unsigned rank = 0; rank < numFree; ++rank)
    schedule.order.push_back(rank);
  // With reuse, ranks of literal extents (weights) go around the others, so a
  // block of weights stays in cache while the rows pass by.
  if (!reused.empty())
    llvm::stable_sort(schedule.order, [&](unsigned a, unsigned b) {
      return root.getRankExtent(a).getLiteral().has_value() &&
             !root.getRankExtent(b).getLiteral().has_value();
    });
  return schedule;
}

} // namespace einfall
