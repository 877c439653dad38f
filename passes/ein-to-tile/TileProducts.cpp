//===- TileProducts.cpp - Products by a CPU's matrix tiles ----------------===//
//
// A machine with registers of sixteen rows multiplies packed factors where they lie: a tile
// of sums comes from the block's memory, takes a chunk of the depth, and goes back there. One
// factor is in panels, as for dots; of the other one, rows of groups are read as they lie.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// Groups of a line of 64 bytes.
constexpr int64_t kGroupsOfLine = 16;
/// Groups of shorter rows come by themselves, as their lines are neighbours.
constexpr int64_t kLeastAhead = 256;

/// Where the factor that runs along rows lies at the current tile, and how far its rows are
/// from each other.
EinsumLowering::TileFactor EinsumLowering::rowsOfTile(Value factor, unsigned rows) {
  if (auto it = packedValues.find(factor); it != packedValues.end()) {
    const PackedMemory &memory = it->second;
    return {memory.buffer, offsetIn(memory, -1), constant(*memory.strideOf(rows))};
  }
  unsigned number = cast<BlockArgument>(factor).getArgNumber();
  Access read = access(root, number);
  SmallVector<Value> dims(at.begin(), at.begin() + read.numRanks);
  SmallVector<Value> none(root.getInputs().size(), constant(0));
  return {bufferOf(root.getInputs()[number]), expand(read.offset, dims, none),
          expand(read.stride(rows), dims, none)};
}

/// Of `lines` that a step of 16 groups asks for of what comes from afar, the share of the tile
/// where the block stands along `rank`, `step` coordinates of it: its first line, and how many at a
/// step.
SmallVector<Value> EinsumLowering::shareOfLines(const PackedMemory &memory, unsigned rank,
                                                int64_t step, int64_t lines, Value groups) {
  Value begin = memory.begins[llvm::find(memory.packed.ranks, rank) - memory.packed.ranks.begin()];
  Value place = arith::SubIOp::create(builder, loc, at[rank], begin);
  Value which = arith::DivUIOp::create(builder, loc, place, constant(step));
  Value all = arith::SubIOp::create(builder, loc, endOfBlock(rank), begin);
  Value tilesOfAll = arith::CeilDivUIOp::create(builder, loc, all, constant(step));
  Value own = arith::CeilDivUIOp::create(builder, loc, constant(lines), tilesOfAll);
  Value steps = arith::DivUIOp::create(builder, loc, groups, constant(kGroupsOfLine));
  Value each = arith::MulIOp::create(builder, loc, own, steps);
  return {arith::MulIOp::create(builder, loc, which, each), own};
}

/// True if what passes by along rank `rows`, as it lies, has to be asked for. Short rows come by
/// themselves. Where columns are packed, and pass it again and again, the part of the rows that
/// does so is soon in the cache, if there is room for it.
bool EinsumLowering::comesFromAfar(unsigned rows, unsigned depth) {
  const Dot &dot = *schedule.packed->dot;
  std::optional<int64_t> length = extents[depth].getLiteral();
  if (!length)
    return true;
  const int64_t elementBytes = 4 / dot.group; // a group is a word
  int64_t bytes = schedule.ranks[rows].block * *length * elementBytes;
  bool isHeld = !isTurned(*schedule.packed) && bytes <= target.localBytes;
  return *length >= kLeastAhead * dot.group && !isHeld;
}

/// Adds the product over the current chunk to the sums at the tile of `rows` and panel where the
/// block stands, or to 0 where they are `fresh`.
void EinsumLowering::multiplyTile(const PackedMemory &sums, Value fresh, bool asksForPanels) {
  const Dot &dot = *schedule.packed->dot;
  unsigned rows = schedule.packed->narrow, depth = root.getNumRanks() - 1;
  bool leftHasRows = !packedValues.contains(dot.lhs) || !packedValues[dot.lhs].packed.isPanel;
  Value passing = leftHasRows ? dot.lhs : dot.rhs;
  TileFactor left = rowsOfTile(passing, rows);
  const PackedMemory &panel = packedValues[leftHasRows ? dot.rhs : dot.lhs];
  Value end = ends[depth] ? ends[depth] : extentOf(depth);
  Value count = arith::SubIOp::create(builder, loc, end, at[depth]);
  Value groups = arith::CeilDivUIOp::create(builder, loc, count, constant(dot.group));
  Value number = arith::SubIOp::create(builder, loc, endOfBlock(rows), at[rows]);
  number = arith::MinSIOp::create(builder, loc, number, constant(kTileRows));
  SmallVector<Value> ahead;
  if (asksForPanels)
    // A step of the next panel is as many lines of 32 columns as it has groups, twice.
    ahead = shareOfLines(sums, rows, kTileRows, 2 * kGroupsOfLine, groups);
  else if (!packedValues.contains(passing) && comesFromAfar(rows, depth))
    // Rows as they lie are as many streams as no machine follows: panels share those that come
    // next.
    ahead = shareOfLines(panel, schedule.packed->widened, panel.width, kTileRows, groups);
  tile::MultiplyOp::create(builder, loc, sums.buffer, offsetIn(sums, -1),
                           constant(*sums.strideOf(rows)), left.buffer, left.offset, left.stride,
                           panel.buffer, offsetIn(panel, -1), constant(*panel.strideOf(depth)),
                           number, groups, fresh, ahead, panel.width, dot.element, asksForPanels,
                           leftHasRows ? dot.unsignedLhs : dot.unsignedRhs,
                           leftHasRows ? dot.unsignedRhs : dot.unsignedLhs);
}

/// Runs `inner` at each `step` of the block's part of `rank`.
void EinsumLowering::forSteps(unsigned rank, Value begin, Value end, int64_t step,
                              function_ref<void()> inner) {
  Value saved = at[rank], savedEnd = ends[rank];
  auto loop = scf::ForOp::create(builder, loc, begin, end, constant(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  at[rank] = loop.getInductionVar();
  ends[rank] = end; // of the block, not counted from here on
  inner();
  at[rank] = saved;
  ends[rank] = savedEnd;
}

/// True if the rows of a block stay in the second-level cache while panels come from afar; a value
/// where that depends on how many there are, else null.
Value EinsumLowering::holdsRows(bool &holds) {
  unsigned rows = schedule.packed->narrow;
  const int64_t bytes = depthAtOnce * 4 / schedule.packed->dot->group;
  const int64_t most = target.localBytes / std::max<int64_t>(1, bytes);
  holds =
      std::min(schedule.ranks[rows].block,
               extents[rows].getLiteral().value_or(std::numeric_limits<int64_t>::max())) <= most;
  if (holds || extents[rows].getLiteral())
    return {};
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(rows), at[rows]);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, count, constant(most));
}

/// All tiles of the block's part. Panels that lie in memory pass once by rows that stay in the
/// second-level cache.
void EinsumLowering::emitTileProducts(const PackedMemory &sums, Value fresh) {
  bool inMemory =
      llvm::any_of(packedValues, [](auto &entry) { return entry.second.packed.liesInPanels; });
  if (!inMemory)
    return emitTilePasses(sums, fresh, /*passesPanels=*/false);
  bool holds = false;
  Value depends = holdsRows(holds);
  if (!depends)
    return emitTilePasses(sums, fresh, holds);
  auto branch = scf::IfOp::create(builder, loc, depends, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  emitTilePasses(sums, fresh, /*passesPanels=*/true);
  builder.setInsertionPointToStart(branch.elseBlock());
  emitTilePasses(sums, fresh, /*passesPanels=*/false);
}

/// The same. What stays in the first-level cache is a panel, by which rows pass, or, where a panel
/// is too deep for that, rows. With `passesPanels` each panel comes from memory.
void EinsumLowering::emitTilePasses(const PackedMemory &sums, Value fresh, bool passesPanels) {
  const Schedule &packed = *schedule.packed;
  unsigned rows = packed.narrow, columns = packed.widened;
  SmallVector<std::pair<unsigned, int64_t>> loops;
  for (unsigned rank = 0; rank < root.getNumFree(); ++rank)
    if (rank != rows && rank != columns && schedule.ranks[rank].block > 1)
      loops.emplace_back(rank, 1);
  const int64_t width = packed.ranks[columns].tile();
  const int64_t panelBytes = llvm::divideCeil(depthAtOnce, packed.dot->group) * width * 4;
  std::pair<unsigned, int64_t> inside[] = {{columns, width}, {rows, kTileRows}};
  if (panelBytes > target.firstCacheBytes && !passesPanels)
    std::swap(inside[0], inside[1]);
  loops.append(std::begin(inside), std::end(inside));
  for (unsigned rank = root.getNumFree(); rank + 1 < root.getNumRanks(); ++rank)
    loops.emplace_back(rank, 1);
  auto emit = [&](auto &&self, ArrayRef<std::pair<unsigned, int64_t>> left) -> void {
    if (left.empty()) {
      unsigned depth = root.getNumRanks() - 1;
      at[depth] = startOf(depth);
      return multiplyTile(sums, fresh, passesPanels);
    }
    auto [rank, step] = left.front();
    Value end = rank < root.getNumFree() ? endOfBlock(rank)
                : ends[rank]             ? ends[rank]
                                         : extentOf(rank);
    forSteps(rank, startOf(rank), end, step, [&] { self(self, left.drop_front()); });
  };
  emit(emit, loops);
  leaveReduced();
}

} // namespace einfall
