//===- BlockLoops.cpp - The tiles of a block ------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/BlockLowering.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace einfall {

/// Where tiles of `size` end, of which the first begins at `start`, if [from, to) is cut
/// into as few as possible, none above `most`, of nearly the same size.
Value BlockLowering::endOfEven(Value from, Value to, Value start, int64_t most, int64_t size) {
  auto equals = [&](Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, CmpIPredicate::eq, a, b);
  };
  Value count = arith::SubIOp::create(builder, loc, to, from);
  Value parts = arith::CeilDivUIOp::create(builder, loc, count, constant(most));
  parts = arith::MaxSIOp::create(builder, loc, parts, constant(1));
  Value least = arith::DivUIOp::create(builder, loc, count, parts);
  Value longer = arith::RemUIOp::create(builder, loc, count, parts);
  Value shorter = arith::SubIOp::create(builder, loc, parts, longer);
  Value number =
      arith::SelectOp::create(builder, loc, equals(least, constant(size)), shorter, constant(0));
  number = arith::SelectOp::create(builder, loc, equals(least, constant(size - 1)), longer, number);
  Value length = arith::MulIOp::create(builder, loc, number, constant(size));
  return arith::AddIOp::create(builder, loc, start, length);
}

/// Lanes for what whole tiles leave over of the block's part of a rank: vectors that it does
/// not reach are left out where it is known.
int64_t BlockLowering::lanesOfRest(unsigned rank) {
  int64_t tile = schedule.ranks[rank].tiles.back(), block = schedule.ranks[rank].block;
  std::optional<int64_t> extent = extents[rank].getLiteral();
  if (!extent || *extent % tile == 0 || target.warpLanes || ends[rank] ||
      (block % tile != 0 && block < *extent))
    return tile;
  return std::min(tile, (int64_t)llvm::alignTo(*extent % tile, target.lanesOf(4)));
}

/// Tiles of lanes as long as more than half of one is left, then half a tile.
void BlockLowering::emitHalves(unsigned rank, Value from, Value to, function_ref<void()> inner) {
  SmallVector<int64_t, 4> saved = schedule.ranks[rank].tiles;
  int64_t size = saved.front(), half = size / 2;
  Value before = at[rank];
  auto loop = [&](Value begin, Value end, int64_t lanes) {
    auto each = scf::ForOp::create(builder, loc, begin, end, constant(size));
    each->setAttr(tile::kParallel, builder.getUnitAttr());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(each.getBody());
    at[rank] = each.getInductionVar();
    active[rank] = lanes;
    schedule.ranks[rank].tiles = {lanes};
    inner();
  };
  Value count = arith::SubIOp::create(builder, loc, to, from);
  Value whole = arith::AddIOp::create(builder, loc, count, constant(half - 1));
  whole = arith::DivUIOp::create(builder, loc, whole, constant(size));
  whole = arith::MulIOp::create(builder, loc, whole, constant(size));
  whole = arith::AddIOp::create(builder, loc, from, whole);
  loop(from, whole, size);
  loop(whole, to, half);
  schedule.ranks[rank].tiles = saved;
  at[rank] = before;
  active[rank] = 1;
}

void BlockLowering::emitRange(unsigned rank, Value from, Value to, function_ref<void()> inner) {
  RankSchedule plan = schedule.ranks[rank];
  if (plan.rest == RankSchedule::Rest::halves)
    return emitHalves(rank, from, to, inner);
  bool isLanes = static_cast<int>(rank) == schedule.lanes;
  Value saved = at[rank], start = from;
  bool even = false;
  for (auto [number, size] : llvm::enumerate(plan.tiles)) {
    // What larger tiles left over is whole tiles too only where they are.
    even = divides(rank, size) && plan.block % size == 0 &&
           llvm::all_of(ArrayRef(plan.tiles).take_front(number),
                        [&](int64_t larger) { return larger % size == 0; });
    bool isLast = !even && size == plan.tiles.back();
    bool repeats = isLast && plan.rest == RankSchedule::Rest::repeated;
    bool isMasked = isLast && plan.rest == RankSchedule::Rest::masked;
    bool isBeyond = isMasked || (isLast && plan.rest == RankSchedule::Rest::beyond);
    Value step = constant(size), whole = to;
    if (plan.isEven()) {
      whole = endOfEven(from, to, start, plan.tile(), size);
    } else if (!even && size > 1 && !repeats && !isBeyond) {
      Value count = arith::SubIOp::create(builder, loc, to, start);
      Value rest = arith::RemUIOp::create(builder, loc, count, step);
      whole = arith::SubIOp::create(builder, loc, to, rest);
    }
    auto each = scf::ForOp::create(builder, loc, start, whole, step);
    each->setAttr(tile::kParallel, builder.getUnitAttr());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(each.getBody());
    at[rank] = each.getInductionVar();
    if (repeats) {
      Value last = arith::SubIOp::create(builder, loc, to, step);
      at[rank] = arith::MinSIOp::create(builder, loc, at[rank], last);
    }
    active[rank] = size;
    if (isMasked)
      limit = arith::SubIOp::create(builder, loc, to, at[rank]);
    inner();
    if (isMasked)
      limit = Value();
    start = whole;
    if ((even && !plan.isEven()) || size == 1) {
      even = true;
      break;
    }
  }
  if (!even && plan.rest == RankSchedule::Rest::ones) {
    // Lanes are masked; tiles of the user's that end above one go on by ones.
    Value ragged = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, start, to);
    OpBuilder::InsertionGuard guard(builder);
    if (isLanes) {
      auto branch = scf::IfOp::create(builder, loc, ragged, /*withElse=*/false);
      builder.setInsertionPointToStart(branch.thenBlock());
      at[rank] = start;
      active[rank] = lanesOfRest(rank);
      limit = arith::SubIOp::create(builder, loc, to, start);
      schedule.ranks[rank].tiles = {lanesOfRest(rank)};
      inner();
      schedule.ranks[rank].tiles = plan.tiles;
      limit = Value();
    } else {
      auto each = scf::ForOp::create(builder, loc, start, to, constant(1));
      each->setAttr(tile::kParallel, builder.getUnitAttr());
      builder.setInsertionPointToStart(each.getBody());
      at[rank] = each.getInductionVar();
      active[rank] = 1;
      inner();
    }
  }
  at[rank] = saved;
  active[rank] = 1;
}

Value BlockLowering::endOfBlock(unsigned rank) {
  if (ends[rank])
    return ends[rank];
  Value to = arith::AddIOp::create(builder, loc, at[rank], constant(schedule.ranks[rank].block));
  return arith::MinSIOp::create(builder, loc, to, extentOf(rank));
}

/// The tiles of a block; with one coordinate of the narrow rank, other ones, if they are.
void BlockLowering::emitBlock(function_ref<void()> inner) {
  int widened = schedule.widened;
  if (widened >= 0 && schedule.widenedTile == schedule.ranks[widened].tile())
    return emitRows(inner);
  emitBlock(inner, [&] { emitRows(inner); });
}

/// Extents of weights of which the columns that tiles leave over are a large part.
static constexpr int64_t kFewColumns = 16;

void BlockLowering::emitRows(function_ref<void()> inner) {
  int narrow = schedule.narrow, widened = schedule.widened;
  if (narrow < 0 || target.warpLanes || !mayRepeat())
    return emitFree(0, inner);
  RankSchedule &rows = schedule.ranks[narrow], &columns = schedule.ranks[widened];
  int64_t tile = columns.tile(), extent = extents[widened].getLiteral().value_or(kFewColumns);
  if (columns.tiles.size() == 1 || columns.tiles.back() != 1 || extent < kFewColumns ||
      (divides(widened, tile) && columns.block % tile == 0))
    return emitFree(0, inner);
  RankSchedule savedRows = rows, savedColumns = columns;
  Value begin = at[widened], end = endOfBlock(widened), savedEnd = ends[widened];
  Value count = arith::SubIOp::create(builder, loc, end, begin);
  auto compare = [&](CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  auto branch = scf::IfOp::create(builder, loc, compare(CmpIPredicate::sge, count, constant(tile)),
                                  /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  rows.tiles = columns.tiles = {1};
  rows.rest = RankSchedule::Rest::ones;
  emitFree(0, inner);
  rows = savedRows;
  columns = savedColumns;

  // First whole tiles, then the last columns, by the same loops.
  builder.setInsertionPointToStart(branch.thenBlock());
  Value over = arith::RemUIOp::create(builder, loc, count, constant(tile));
  Value whole = arith::SubIOp::create(builder, loc, end, over);
  Value times = arith::SelectOp::create(builder, loc, compare(CmpIPredicate::eq, over, constant(0)),
                                        constant(1), constant(2));
  auto each = scf::ForOp::create(builder, loc, constant(0), times, constant(1));
  builder.setInsertionPointToStart(each.getBody());
  Value isFirst = compare(CmpIPredicate::eq, each.getInductionVar(), constant(0));
  Value last = arith::SubIOp::create(builder, loc, end, constant(tile));
  at[widened] = arith::SelectOp::create(builder, loc, isFirst, begin, last);
  ends[widened] = arith::SelectOp::create(builder, loc, isFirst, whole, end);
  columns.tiles.truncate(1);
  columns.rest = RankSchedule::Rest::none;
  emitFree(0, inner);
  columns = savedColumns;
  at[widened] = begin;
  ends[widened] = savedEnd;
}

void BlockLowering::emitBlock(function_ref<void()> inner, function_ref<void()> many) {
  int narrow = schedule.narrow, widened = schedule.widened;
  if (narrow < 0 || extents[narrow].getLiteral() == 1)
    return many();
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(narrow), at[narrow]);
  Value alone = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, count, constant(1));
  auto branch = scf::IfOp::create(builder, loc, alone, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  RankSchedule &rows = schedule.ranks[narrow], &columns = schedule.ranks[widened];
  RankSchedule savedRows = rows, savedColumns = columns;
  // Two or more rows are no tile of one.
  if (rows.isEven() && rows.tiles.size() > 3 && rows.tiles.back() == 1) {
    rows.tiles.pop_back();
    rows.rest = RankSchedule::Rest::none;
  }
  many();
  rows = savedRows;
  builder.setInsertionPointToStart(branch.thenBlock());
  rows.tiles = {1};
  if (columns.tile() != schedule.widenedTile)
    columns.tiles.insert(columns.tiles.begin(), schedule.widenedTile);
  alongOne = narrow;
  emitRows(inner);
  alongOne = -1;
  rows = savedRows;
  columns = savedColumns;
}

void BlockLowering::emitFree(unsigned level, function_ref<void()> inner) {
  if (level == schedule.order.size())
    return inner();
  unsigned rank = schedule.order[level];
  if (schedule.ranks[rank].block == 1 || static_cast<int>(rank) == alongOne)
    return emitFree(level + 1, inner);
  emitRange(rank, at[rank], endOfBlock(rank), [&] { emitFree(level + 1, inner); });
}

void BlockLowering::setSpace() {
  tiles.space = TileSpace();
  for (unsigned rank = 0; rank < active.size(); ++rank)
    if (active[rank] > 1 && static_cast<int>(rank) != schedule.lanes) {
      tiles.space.sizes.push_back(active[rank]);
      tiles.space.ranks.push_back(rank);
    }
  if (schedule.lanes >= 0) {
    tiles.space.sizes.push_back(schedule.ranks[schedule.lanes].tile());
    tiles.space.ranks.push_back(schedule.lanes);
    tiles.space.lanes = true;
  }
}

} // namespace einfall
