//===- ColumnsInTurn.cpp - Memory in its own order ------------------------===//
//
// Sums along lanes of several columns end in one exchange across lanes. Side by side
// they read as many streams, each of the length of a column: where these are short, a machine
// that fetches ahead by itself loses them at each end. So each column's sums are formed alone,
// from end to end, and wait in the block's own memory for the others. What is read for many rows
// is asked for: the loop is too long a way for a processor to look ahead.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Monoids.h"
#include <utility>

using namespace mlir;

namespace einfall {

/// Sums that run beside one another: an addition waits for the one before. Where lines are asked
/// for nothing else does.
static constexpr int64_t kChains = 4, kSums = 8;

/// Of so many rows each line of a column is followed by so many loads that the next lines are
/// asked for, as many bytes before they are read. Of fewer rows a processor sees them by itself,
/// and asking only takes their places.
static constexpr int64_t kManyRows = 4, kMostRows = 5, kAheadBytes = 8192;

/// Of a sum, if it is not known: a row is not expected to stay in a cache.
static constexpr int64_t kUnknownDepth = 1 << 20;

/// So many coordinates have sums.
int64_t EinsumLowering::depthInTurn() {
  int64_t depth = 1;
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank)
    depth *= extents[rank].getLiteral().value_or(kUnknownDepth);
  return depth;
}

/// Loads of columns ask for the same place of one that is read so many bytes later.
void EinsumLowering::askForColumns(unsigned columns) {
  nextRank = columns;
  for (auto [number, input] : llvm::enumerate(root.getInputs())) {
    if (!access(root, number).dependsOn(columns))
      continue;
    Type stored = storageType(cast<ein::TensorType>(input.getType()).getElementType());
    int64_t bytes = std::max<int64_t>(1, depthInTurn() * stored.getIntOrFloatBitWidth() / 8);
    nextOperands[bufferOf(input)] = llvm::divideCeil(kAheadBytes, bytes);
  }
}

/// The rank of the tile whose coordinates' sums are formed one after the other, or -1: of a
/// product of a few rows the columns. Rows are read for each of them again, so they have to
/// stay in the first-level cache, of which a column has the other half, and to need nothing
/// but that.
int EinsumLowering::columnsInTurn() {
  Type element = root.getYielded().getType();
  bool isSum = root.getMonoid(root.getNumFree()) == ein::Monoid::add;
  auto product = root.getYielded().getDefiningOp<arith::MulFOp>();
  if (target.warpLanes || isPacked || countsPoints || !isSum || !(schedule.dot || product) ||
      (schedule.dot && schedule.dot->bias) || !(element.isF32() || element.isInteger(32)))
    return -1;
  // What is not the rows of a tile is its columns.
  int columns = -1;
  int64_t rows = 1;
  for (unsigned rank = 0; rank < root.getNumFree(); ++rank)
    if ((int)rank == schedule.narrow && schedule.widened >= 0 && active[schedule.widened] > 1)
      rows = active[rank];
    else if (active[rank] > 1 && std::exchange(columns, rank) >= 0)
      return -1;
  if (columns < 0 || rows > kMostRows)
    return -1;
  const int64_t depth = depthInTurn();
  llvm::DenseSet<Value> own; // what depends on the columns
  int64_t bytes = 0;
  for (auto [number, input] : llvm::enumerate(root.getInputs())) {
    Type stored = storageType(cast<ein::TensorType>(input.getType()).getElementType());
    if (access(root, number).dependsOn(columns))
      own.insert(root.getBody().getArgument(number));
    else
      bytes += rows * depth * stored.getIntOrFloatBitWidth() / 8;
  }
  // Lines that were asked for come from the second-level cache, and few at a time.
  if (rows < kManyRows ? 2 * bytes >= target.firstCacheBytes
                       : 4 * bytes > 3 * target.firstCacheBytes)
    return -1;
  for (Operation &op : root.getBody().front().without_terminator())
    if (llvm::any_of(op.getOperands(), [&](Value value) { return own.contains(value); }))
      own.insert(op.getResults().begin(), op.getResults().end());
    else if (!isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp, arith::ConstantOp>(op))
      return -1;
  return columns;
}

/// The sums of the tile before lanes are added up, of `init` each.
Value EinsumLowering::reduceInTurn(unsigned columns, TypedAttr init) {
  TileSpace whole = accumulators;
  const int64_t count = active[columns], lanes = whole.sizes.back();
  const int64_t size = llvm::product_of(whole.sizes) / count; // of the sums of a column
  Type element = root.getYielded().getType();
  Value buffer = tile::LocalOp::create(builder, loc, MemRefType::get({count * size}, element));
  auto strides = [&] {
    SmallVector<Value> strides(tiles.space.sizes.size(), constant(1));
    int64_t stride = lanes;
    for (size_t dim = strides.size() - 1; dim-- > 0;) {
      bool isColumns = tiles.space.ranks[dim] == columns;
      strides[dim] = constant(isColumns ? size : stride);
      stride *= isColumns ? 1 : tiles.space.sizes[dim];
    }
    return strides;
  };
  Value first = at[columns];
  auto loop = scf::ForOp::create(builder, loc, constant(0), constant(count), constant(1));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value number = loop.getInductionVar();
    at[columns] = arith::AddIOp::create(builder, loc, first, number);
    active[columns] = 1;
    setSpace();
    accumulators = tiles.space;
    accumulators.sizes.back() = lanes;
    const int64_t rows = size / lanes;
    const bool asks = rows >= kManyRows && nextOperands.empty();
    const int askedRank = nextRank;
    if (asks)
      askForColumns(columns);
    chains = std::max<int64_t>(1, llvm::bit_floor<uint64_t>((asks ? kSums : kChains) / rows));
    Value sum = reduceFrom(root.getNumFree(), {splat(init, tiles.space.fullMask())}).front();
    chains = 1;
    if (asks)
      nextOperands.clear();
    nextRank = askedRank;
    Value place = arith::MulIOp::create(builder, loc, number, constant(size));
    tile::StoreOp::create(builder, loc, sum, buffer, place, strides(), Value(), Value());
  }
  at[columns] = first;
  active[columns] = count;
  setSpace();
  accumulators = whole;
  Type type = accumulators.type(tiles.space.fullMask(), element);
  return tile::LoadOp::create(builder, loc, type, buffer, constant(0), strides(), Value(), Value());
}

/// Steps over a reduced rank from `start` to `end`, each sum taking every so manieth; a rest of
/// fewer steps goes to the first one. `result` holds what they begin with, and their sum.
void EinsumLowering::emitChains(unsigned rank, Value start, Value end,
                                SmallVectorImpl<Value> &result,
                                function_ref<SmallVector<Value>(ArrayRef<Value>)> inner) {
  int64_t size = schedule.ranks[rank].tile();
  uint32_t full = tiles.space.fullMask();
  ein::Monoid monoid = root.getMonoid(rank);
  Value count = arith::SubIOp::create(builder, loc, end, start);
  count = arith::MaxSIOp::create(builder, loc, count, constant(0));
  Value rest = arith::RemUIOp::create(builder, loc, count, constant(chains * size));
  Value whole = arith::SubIOp::create(builder, loc, end, rest);
  SmallVector<Value> sums = {result.front()};
  sums.resize(chains, splat(ein::identityOf(monoid, root.getYielded().getType()), full));
  auto loop = scf::ForOp::create(builder, loc, start, whole, constant(chains * size), sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    for (int64_t i = 0; i < chains; ++i) {
      at[rank] =
          builder.createOrFold<arith::AddIOp>(loc, loop.getInductionVar(), constant(i * size));
      sums[i] = inner({Value(loop.getRegionIterArg(i))}).front();
    }
    loop->setAttr(tile::kWrittenOut, builder.getUnitAttr());
    scf::YieldOp::create(builder, loc, sums);
  }
  sums.assign(loop.getResults().begin(), loop.getResults().end());
  std::swap(tiles.space, accumulators);
  for (int64_t step = 1; step < chains; step *= 2)
    for (int64_t i = 0; i + step < chains; i += 2 * step)
      sums[i] = combine(tiles, monoid, {sums[i], full}, {sums[i + step], full}).value;
  std::swap(tiles.space, accumulators);
  result.assign(1, sums[0]);
  auto last = scf::ForOp::create(builder, loc, whole, end, constant(size), result);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(last.getBody());
  at[rank] = last.getInductionVar();
  SmallVector<Value> carried(last.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, inner(carried));
  result.assign(last.getResults().begin(), last.getResults().end());
}

} // namespace einfall
