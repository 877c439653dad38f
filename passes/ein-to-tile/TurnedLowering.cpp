//===- TurnedLowering.cpp - Products whose lanes run along rows -----------===//
//
// Where columns are weights as they lie, nothing has to copy them: rows, which are
// fewer, go into panels, and the inner loop broadcasts groups of the columns. These
// pass by once for all rows of a block, so what is next of them is asked for all the
// time. Sums lie by rows then, and are turned in the end.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinNumerics.h"
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Monoids.h"

using namespace mlir;

namespace einfall {

/// Rows, by tiles of a machine, whose sums are stored before those of the next ones.
constexpr int64_t kStripRows = 2 * kTileRows;

/// Columns of a tile that is stored.
int64_t EinsumLowering::turnedWidth() {
  constexpr int64_t vectors = 4;
  int64_t lanes = target.lanesOf(4), block = schedule.ranks[schedule.packed->narrow].block;
  return block % (vectors * lanes) ? lanes : vectors * lanes;
}

/// Rows that panels have room for are whole ones, and square tiles.
int64_t EinsumLowering::rowsOfPanels() {
  return llvm::alignTo(schedule.packed->ranks[schedule.packed->lanes].tile(), target.lanesOf(4));
}

/// Memory for sums by rows.
EinsumLowering::PackedMemory EinsumLowering::layOutTurned() {
  return layOutSums(schedule.packed->lanes, rowsOfPanels(), target.lanesOf(4));
}

/// The same sums with neighbours along columns side by side: square tiles, beyond the ends.
EinsumLowering::PackedMemory EinsumLowering::turnSums(const PackedMemory &sums) {
  int64_t lanes = target.lanesOf(4);
  PackedMemory turned = layOutSums(schedule.packed->narrow, turnedWidth(), rowsOfPanels());
  Schedule base = schedule;
  schedule = *base.packed;
  for (auto [plan, cut] : llvm::zip(schedule.ranks, base.ranks))
    plan.block = cut.block;
  for (int rank : {schedule.narrow, schedule.widened}) {
    schedule.ranks[rank].tiles = {lanes};
    schedule.ranks[rank].rest = RankSchedule::Rest::beyond;
  }
  emitFree(0, [&] {
    setSpace();
    storePacked(turned, loadPacked(sums), -1);
  });
  schedule = base;
  return turned;
}

/// Runs `inner` for tiles of one row.
void EinsumLowering::forTurned(function_ref<void()> inner) {
  Schedule base = schedule;
  int64_t width = turnedWidth();
  schedule = *base.packed;
  for (auto [plan, cut] : llvm::zip(schedule.ranks, base.ranks))
    plan.block = cut.block;
  for (int rank : {schedule.narrow, schedule.widened})
    schedule.ranks[rank].rest = RankSchedule::Rest::ones;
  schedule.ranks[schedule.widened].tiles = {1};
  schedule.lanes = schedule.narrow;
  schedule.ranks[schedule.lanes].tiles = {width};
  emitFree(0, inner);
  schedule = base;
}

/// All of the sum at once: so many columns, or rows that pass by, after the other that their sums
/// stay in the first-level cache until they are stored.
void EinsumLowering::emitInStrips(ArrayRef<Access> reads) {
  SmallVector<int64_t> parts = blockParts();
  unsigned numFree = root.getNumFree();
  depthAtOnce = parts[numFree];
  const auto whole = schedule.packed; // results end where their ranks do
  const bool turns = isTurned(*whole), hasTiles = usesTiles(*whole);
  const unsigned lanes = whole->lanes, passing = whole->narrow;
  auto begin = [&] {
    setSpace();
    accumulators = tiles.space;
    results.clear();
  };
  auto sumUp = [&](const PackedMemory &sums) {
    if (hasTiles)
      return emitTileProducts(sums,
                              arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
    forTilesOfPacked(/*byRows=*/true, [&] {
      begin();
      uint32_t full = tiles.space.fullMask();
      Value zero = splat(builder.getZeroAttr(root.getYielded().getType()), full);
      storePacked(sums, {reduceFrom(numFree, {zero}).front(), full}, -1);
      leaveReduced();
    });
  };
  auto strip = [&] {
    PackedMemory sums = turns ? layOutTurned() : layOutSums(lanes, whole->ranks[lanes].tile());
    sumUp(sums);
    isPacked = false;
    auto store = [&] {
      begin();
      storeResults(loadPacked(sums));
    };
    if (turns) {
      sums = turnSums(sums);
      return forTurned(store);
    }
    auto cut = std::exchange(schedule.packed, whole);
    forTilesOfPacked(/*byRows=*/false, store);
    schedule.packed = cut;
  };
  std::optional<PackedMemory> inPlace;
  if (hasTiles && !turns)
    inPlace = sumsInPlace(lanes, whole->ranks[lanes].tile());
  overPacked(reads, parts, /*storesSums=*/true, [&] {
    if (inPlace)
      return sumUp(*inPlace);
    forParts(passing, std::min(turns ? turnedWidth() : kStripRows, schedule.ranks[passing].block),
             strip);
  });
}

/// The columns after those of the tile, which are one stream for memory: the panels of a block
/// share in asking for them. Null where none are read as they lie.
std::optional<EinsumLowering::NextColumns> EinsumLowering::nextColumns(unsigned rank,
                                                                       int64_t times) {
  unsigned columns = schedule.narrow, rows = schedule.widened;
  if (!isTurned(schedule) || !reducesOneRank(root))
    return std::nullopt;
  NextColumns next;
  SmallVector<Value> factors(root.getYielded().getDefiningOp()->getOperands());
  if (schedule.dot)
    factors = {schedule.dot->lhs, schedule.dot->rhs};
  for (Value factor : factors) {
    if (packedValues.contains(factor))
      continue;
    unsigned number = cast<BlockArgument>(factor).getArgNumber();
    Access read = access(root, number);
    auto stride = dyn_cast_or_null<AffineConstantExpr>(read.stride(columns));
    if (!stride)
      continue;
    next.stride = stride.getValue();
    next.buffer = bufferOf(root.getInputs()[number]);
    Value saved = at[columns];
    at[columns] = arith::AddIOp::create(builder, loc, saved, constant(active[columns]));
    next.base = expand(read.offset, SmallVector<Value>(at.begin(), at.begin() + read.numRanks));
    at[columns] = saved;
  }
  if (!next.buffer)
    return std::nullopt;
  next.depth = depthAtOnce;
  int64_t group = schedule.ranks[rank].tile() * times;
  int64_t iterations = llvm::divideCeil(next.depth, group);
  Value begin;
  int64_t panel = 1;
  for (const auto &[value, memory] : packedValues)
    for (auto [of, from] : llvm::zip(memory.packed.ranks, memory.begins))
      if (of == rows) {
        begin = from;
        panel = memory.width;
      }
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(rows), begin);
  Value panels = arith::CeilDivUIOp::create(builder, loc, count, constant(panel));
  Value place = arith::SubIOp::create(builder, loc, at[rows], begin);
  Value which = arith::DivUIOp::create(builder, loc, place, constant(panel));
  Value all = constant(active[columns] * group);
  next.advance = arith::CeilDivUIOp::create(builder, loc, all, panels);
  next.first = arith::MulIOp::create(builder, loc, next.advance, constant(iterations));
  next.first = arith::MulIOp::create(builder, loc, next.first, which);
  return next;
}

void EinsumLowering::askFor(const NextColumns &next, Value iteration) {
  Value place = arith::MulIOp::create(builder, loc, iteration, next.advance);
  place = arith::AddIOp::create(builder, loc, next.first, place);
  Value offset = arith::AddIOp::create(builder, loc, next.base, place);
  if (next.stride != next.depth) {
    Value column = arith::DivUIOp::create(builder, loc, place, constant(next.depth));
    Value gap = arith::MulIOp::create(builder, loc, column, constant(next.stride - next.depth));
    offset = arith::AddIOp::create(builder, loc, offset, gap);
  }
  tile::PrefetchOp::create(builder, loc, next.buffer, offset);
}

/// The sum along the last rank by groups of neighbours, of which packed memory holds whole ones.
void EinsumLowering::emitSumOfGroups(unsigned rank, ArrayRef<Value> init,
                                     SmallVectorImpl<Value> &result,
                                     function_ref<SmallVector<Value>(ArrayRef<Value>)> inner) {
  int64_t size = schedule.ranks[rank].tile();
  uint32_t full = tiles.space.fullMask();
  Value end = ends[rank] ? ends[rank] : extentOf(rank), start = startOf(rank);
  Value count = arith::SubIOp::create(builder, loc, end, start);
  Value groups = arith::CeilDivUIOp::create(builder, loc, count, constant(size));
  int64_t sums = 1;
  for (int64_t tiled : tiles.space.sizes)
    sums *= tiled;
  // Sums of a quarter of the registers would wait for each other.
  const bool isFew = sums <= target.vectorRegisters / 4 * target.lanesOf(4);
  const bool mayReorder = schedule.dot || !ein::isStrict(root);
  const int64_t times = isTurned(schedule) && isFew && mayReorder ? 2 : 1;
  at[rank] = start;
  std::optional<NextColumns> next = nextColumns(rank, times);
  auto step = [&](Value number, Value carried) {
    groupNumber = number;
    Value past = arith::MulIOp::create(builder, loc, number, constant(size));
    at[rank] = arith::AddIOp::create(builder, loc, start, past);
    Value sum = inner(carried).front();
    groupNumber = Value();
    return sum;
  };
  auto loop = [&](Value from, Value to, int64_t steps, ArrayRef<Value> begin) {
    auto each = scf::ForOp::create(builder, loc, from, to, constant(steps), begin);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(each.getBody());
    Value number = each.getInductionVar();
    if (next)
      askFor(*next, steps > 1 ? Value(arith::DivUIOp::create(builder, loc, number, constant(steps)))
                              : number);
    SmallVector<Value> carried;
    for (auto [i, sum] : llvm::enumerate(each.getRegionIterArgs())) {
      Value at = i ? Value(arith::AddIOp::create(builder, loc, number, constant(i))) : number;
      carried.push_back(step(at, sum));
    }
    scf::YieldOp::create(builder, loc, carried);
    return SmallVector<Value>(each.getResults());
  };
  assert(init.size() == 1 && "sums of dots are alone");
  if (times == 1) {
    result = loop(constant(0), groups, 1, init);
    return;
  }
  // Two of each sum: even and odd groups.
  Value rest = arith::RemUIOp::create(builder, loc, groups, constant(times));
  Value whole = arith::SubIOp::create(builder, loc, groups, rest);
  Type element = root.getYielded().getType();
  Value zero = splat(builder.getZeroAttr(element), full);
  SmallVector<Value> both = loop(constant(0), whole, times, {init.front(), zero});
  Value sum = combine(tiles, ein::Monoid::add, {both[0], full}, {both[1], full}).value;
  next.reset();
  result = loop(whole, groups, 1, {sum});
}

} // namespace einfall
