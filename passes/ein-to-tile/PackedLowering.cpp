//===- PackedLowering.cpp - Loops over packed operands --------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Monoids.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// Where the reduced rank begins in the block.
Value EinsumLowering::startOf(unsigned rank) {
  if (rank < root.getNumFree())
    return at[rank];
  return starts[rank] ? starts[rank] : constant(0);
}

void EinsumLowering::emitRoot(ArrayRef<Access> reads) {
  if (!schedule.few)
    return emitPlain(reads);
  unsigned rows = schedule.few->lanes, columns = schedule.few->narrow;
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(rows), at[rows]);
  auto compare = [&](Value what, arith::CmpIPredicate predicate, int64_t number) {
    return arith::CmpIOp::create(builder, loc, predicate, what, constant(number));
  };
  // Products wait for memory where they are dots; else an empty lane is work that is lost, so
  // rows have to fill three quarters of their last vector.
  Value enough = compare(count, arith::CmpIPredicate::sge, schedule.packedFrom);
  if (!schedule.few->dot) {
    int64_t lanes = target.lanesOf(4);
    Value last = arith::SubIOp::create(builder, loc, count, constant(1));
    last = arith::RemSIOp::create(builder, loc, last, constant(lanes));
    enough = compare(last, arith::CmpIPredicate::sge, lanes * 3 / 4 - 1);
  }
  Value isFew = arith::AndIOp::create(builder, loc, enough,
                                      compare(count, arith::CmpIPredicate::sle, schedule.fewTo));
  auto branch = scf::IfOp::create(builder, loc, isFew, /*withElse=*/true);
  Schedule saved = schedule;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  schedule.packed = saved.few;
  schedule.ranks[rows].block = std::min(schedule.ranks[rows].block, saved.fewTo);
  forParts(rows, std::min(schedule.ranks[rows].block, rowsAtOnce(saved, *saved.few)),
           [&] { emitPacked(reads); });
  schedule = saved;

  // The other loops take fewer columns at a time.
  builder.setInsertionPointToStart(branch.elseBlock());
  int64_t part = schedule.packed->ranks[columns].block;
  schedule.few.reset();
  forParts(columns, part > 1 ? part : schedule.ranks[columns].block, [&] { emitPlain(reads); });
  schedule = saved;
}

/// Runs `inner` for each `part` of what the block has of `rank`.
void EinsumLowering::forParts(unsigned rank, int64_t part, function_ref<void()> inner) {
  Value begin = at[rank], end = endOfBlock(rank), savedEnd = ends[rank];
  int64_t block = schedule.ranks[rank].block;
  if (part == block)
    return inner();
  auto loop = scf::ForOp::create(builder, loc, begin, end, constant(part));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  at[rank] = loop.getInductionVar();
  Value next = arith::AddIOp::create(builder, loc, at[rank], constant(part));
  ends[rank] = arith::MinSIOp::create(builder, loc, next, end);
  schedule.ranks[rank].block = part;
  inner();
  schedule.ranks[rank].block = block;
  at[rank] = begin;
  ends[rank] = savedEnd;
}

void EinsumLowering::emitPlain(ArrayRef<Access> reads) {
  auto emitAll = [&] {
    auto tile = [&] { emitTile(); };
    if (int64_t chunk = chunkOfLanes(root, schedule))
      emitBlock(tile, [&] { emitLanesInChunks(chunk); });
    else
      emitBlock(tile);
  };
  if (schedule.matrix)
    return emitMatrixOr(emitAll, reads);
  if (!schedule.packed)
    return emitAll();
  auto ahead = manyAhead.find(root);
  Value many = ahead == manyAhead.end() ? hasMany() : ahead->second;
  if (!many)
    return emitPacked(reads);
  auto branch = scf::IfOp::create(builder, loc, many, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  emitAll();
  builder.setInsertionPointToStart(branch.thenBlock());
  emitPacked(reads);
}

/// Whether there are enough rows and columns for packing; null if it is known.
Value EinsumLowering::hasMany() {
  Value many;
  if (schedule.packedFrom <= 1)
    return many;
  for (int rank : {schedule.packed->narrow, schedule.packed->widened}) {
    if (extents[rank].getLiteral())
      continue;
    Value count = arith::SubIOp::create(builder, loc, endOfBlock(rank), at[rank]);
    Value enough = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, count,
                                         constant(schedule.packedFrom));
    many = many ? Value(arith::AndIOp::create(builder, loc, many, enough)) : enough;
  }
  return many;
}

void EinsumLowering::packAhead(ArrayRef<Access> reads, ArrayRef<int64_t> parts, unsigned rank) {
  if (!schedule.packed || schedule.few || schedule.matrix || chunkOf(root, *schedule.packed))
    return;
  Value many = hasMany();
  OpBuilder::InsertionGuard guard(builder);
  Operation *branch = nullptr;
  if (many) {
    auto onlyThen = scf::IfOp::create(builder, loc, many, /*withElse=*/false);
    builder.setInsertionPointToStart(onlyThen.thenBlock());
    branch = onlyThen;
  }
  isPacked = true;
  for (const Packed &value : findPacked(root, reads, *schedule.packed)) {
    if (llvm::is_contained(value.ranks, rank))
      continue;
    pack(value, *schedule.packed, parts);
    PackedMemory &memory = packedAhead[value.value] = packedValues[value.value];
    // Who reads it stands behind the branch.
    SmallVector<Value> outer(memory.begins);
    outer.push_back(memory.buffer);
    for (Value made : outer)
      if (Operation *op = made.getDefiningOp(); branch && op && branch->isProperAncestor(op))
        op->moveBefore(branch);
  }
  manyAhead[root] = many;
  packedValues.clear();
  isPacked = false;
}

void EinsumLowering::forTilesOfPacked(bool byRows, function_ref<void()> inner) {
  Schedule base = schedule;
  schedule = *base.packed;
  for (auto [plan, cut] : llvm::zip(schedule.ranks, base.ranks))
    plan.block = cut.block;
  if (!byRows)
    schedule.ranks[schedule.narrow].tiles = {1};
  emitFree(0, inner);
  schedule = base;
}

int64_t EinsumLowering::fewestOf(unsigned rank) {
  int64_t extent = *extents[rank].getLiteral(), block = schedule.ranks[rank].block;
  return extent % block ? extent % block : block;
}

/// True if the inner loop reads what moves along `rank` from packed memory alone.
bool EinsumLowering::readsPackedAlong(unsigned rank, ArrayRef<Access> reads) {
  DenseSet<Value> needed;
  addNeeded(root.getYielded(), needed);
  for (auto [argument, read] : llvm::zip(root.getBody().front().getArguments(), reads))
    if (needed.contains(argument) && !packedValues.count(argument) && read.dependsOn(rank))
      return false;
  return true;
}

/// A rest of rows or columns is loops of its own only where it must be. `storesSums`: tiles
/// add to sums of the block's own, which have room for whole panels.
void EinsumLowering::dropRests(ArrayRef<Access> reads, bool storesSums, Schedule &packed) {
  using Rest = RankSchedule::Rest;
  RankSchedule &rows = packed.ranks[packed.narrow], &columns = packed.ranks[packed.widened];
  // Of a block that is packed ahead the last strip may have a single row.
  int64_t fewest = manyAhead.contains(root) ? 1 : schedule.packedFrom, tile = columns.tile();
  if (std::optional<int64_t> extent = extents[packed.narrow].getLiteral()) {
    int64_t block = schedule.ranks[packed.narrow].block;
    fewest = fewestOf(packed.narrow);
    if (fewest > 1 && !rows.isEven())
      rows.keepUsed({std::min(block, *extent), fewest});
  }
  bool mayEndEarlier = rows.tiles.size() > 1 && rows.tiles.back() == 1 && rows.rest == Rest::ones &&
                       rows.tiles[rows.tiles.size() - 2] <= fewest;
  if (mayEndEarlier && !storesSums && mayRepeat()) {
    rows.tiles.pop_back();
    rows.rest = Rest::repeated;
  }
  if (readsPackedAlong(packed.widened, reads) && (storesSums || mayRunBeyond(packed.widened, tile)))
    columns.rest = isTurned(packed) && tile % 2 == 0 ? Rest::halves : Rest::beyond;
}

void EinsumLowering::emitOverPacked(ArrayRef<Access> reads, ArrayRef<int64_t> parts,
                                    bool storesSums, function_ref<void()> inner) {
  overPacked(reads, parts, storesSums, [&] { forTilesOfPacked(/*byRows=*/true, inner); });
}

void EinsumLowering::overPacked(ArrayRef<Access> reads, ArrayRef<int64_t> parts, bool storesSums,
                                function_ref<void()> inner) {
  isPacked = true;
  auto base = schedule.packed;
  for (const Packed &value : findPacked(root, reads, *base)) {
    if (auto ahead = packedAhead.find(value.value); ahead != packedAhead.end())
      packedValues[value.value] = ahead->second;
    else
      pack(value, *base, parts);
  }
  auto cut = std::make_shared<Schedule>(*base);
  dropRests(reads, storesSums, *cut);
  schedule.packed = cut;
  if (base->dot && base->dot->bias)
    sumBias();
  inner();
  bias.reset();
  schedule.packed = base;
  packedValues.clear();
  isPacked = false;
}

void EinsumLowering::emitPacked(ArrayRef<Access> reads) {
  int64_t chunk = chunkOf(root, *schedule.packed);
  // Matrix tiles have their sums in memory in any case.
  const bool hasTiles = usesTiles(*schedule.packed);
  if (chunk || (hasTiles && !reducesOneRank(root)))
    return emitInChunks(reads, chunk);
  if (hasTiles || isTurned(*schedule.packed))
    return emitInStrips(reads);
  emitOverPacked(reads, blockParts(), /*storesSums=*/false, [&] { emitTile(); });
}

/// Memory for the sums of a block; neighbours along `columns`, by `width`, lie side by side. Of
/// the rank that passes by them it has room for tiles of `others`.
EinsumLowering::PackedMemory EinsumLowering::layOutSums(int64_t columns, int64_t width,
                                                        int64_t others) {
  unsigned numFree = root.getNumFree();
  SmallVector<int64_t> parts = blockParts();
  PackedMemory sums;
  sums.packed.value = root.getYielded();
  sums.strides.resize(numFree);
  int64_t size = 1;
  auto append = [&](unsigned rank, int64_t part) {
    sums.strides[rank] = size;
    size *= part;
  };
  append(columns, llvm::alignTo(parts[columns], width));
  for (unsigned rank = 0; rank < numFree; ++rank) {
    bool passesBy = others > 1 &&
                    ((int)rank == schedule.packed->narrow || (int)rank == schedule.packed->widened);
    if (rank != columns)
      append(rank, llvm::alignTo(parts[rank], passesBy ? others : 1));
    sums.packed.ranks.push_back(rank);
    sums.begins.push_back(at[rank]);
  }
  sums.buffer =
      tile::LocalOp::create(builder, loc, MemRefType::get({size}, root.getYielded().getType()));
  return sums;
}

/// Tiles with lanes along the sum, a chunk of it after the other, so that the rows stay in
/// the first-level cache while columns pass by.
void EinsumLowering::emitLanesInChunks(int64_t chunk) {
  unsigned rank = root.getNumFree();
  Value begin = constant(0), end = extentOf(rank);
  // A sum of no points is stored, too.
  Value last = arith::MaxSIOp::create(builder, loc, end, constant(1));
  Partial state;
  state.sums = layOutSums(schedule.widened, 1);
  auto loop = scf::ForOp::create(builder, loc, begin, last, constant(chunk));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  starts[rank] = loop.getInductionVar();
  Value next = arith::AddIOp::create(builder, loc, starts[rank], constant(chunk));
  ends[rank] = arith::MinSIOp::create(builder, loc, next, end);
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  state.isFirst = compare(arith::CmpIPredicate::eq, starts[rank], begin);
  state.isLast = compare(arith::CmpIPredicate::sge, next, end);
  partial = state;
  emitRows([&] { emitTile(); });
  partial.reset();
  starts[rank] = ends[rank] = Value();
}

/// Adds the `value` of a chunk to those before it.
void EinsumLowering::joinPartial(TileValue value) {
  ein::Monoid monoid = root.getMonoid(root.getNumFree());
  Partial state = *partial;
  auto more = scf::IfOp::create(builder, loc, TypeRange(value.value.getType()), state.isFirst,
                                /*withElse=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(more.thenBlock());
    scf::YieldOp::create(builder, loc, value.value);
    builder.setInsertionPointToStart(more.elseBlock());
    TileValue sum = combine(tiles, monoid, loadPacked(state.sums), value);
    scf::YieldOp::create(builder, loc, sum.value);
  }
  value.value = more.getResult(0);
  auto done = scf::IfOp::create(builder, loc, state.isLast, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(done.thenBlock());
  storeResults(value);
  builder.setInsertionPointToStart(done.elseBlock());
  storePacked(state.sums, value, -1);
}

/// Where the block's rows are one panel, it may have the memory of two: columns, which lie along
/// the sum, are read in longer pieces. What comes next of them has to stay in the second-level
/// cache beside those that are multiplied, so that pieces are not longer yet.
Value EinsumLowering::chunkOfPanels(int64_t chunk) {
  unsigned rows = schedule.packed->lanes;
  int64_t width = schedule.packed->ranks[rows].tile();
  int64_t panels = llvm::divideCeil(blockParts()[rows], width);
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(rows), at[rows]);
  Value isOne =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, count, constant(width));
  return arith::SelectOp::create(builder, loc, isOne,
                                 constant(chunk * std::min<int64_t>(panels, 2)), constant(chunk));
}

/// Sums are kept in memory from chunk to chunk; `chunk` 0: there is one, of all.
void EinsumLowering::emitInChunks(ArrayRef<Access> reads, int64_t chunk) {
  unsigned numFree = root.getNumFree();
  SmallVector<int64_t> parts = blockParts();
  if (chunk)
    parts[numFree] = chunk;
  Type element = root.getYielded().getType();
  const bool turns = isTurned(*schedule.packed);
  depthAtOnce = std::min(parts[numFree], extents[numFree].getLiteral().value_or(parts[numFree]));
  int64_t columns = schedule.packed->lanes;
  PackedMemory sums =
      turns ? layOutTurned() : layOutSums(columns, schedule.packed->ranks[columns].tile());

  auto begin = [&] {
    setSpace();
    accumulators = tiles.space;
    results.clear();
    return tiles.space.fullMask();
  };
  const bool hasTiles = usesTiles(*schedule.packed);
  // The first chunk of the only sum of tiles needs no zeros.
  const bool isFresh = hasTiles && reducesOneRank(root);
  if (!isFresh)
    forTilesOfPacked(/*byRows=*/false, [&] {
      uint32_t full = begin();
      storePacked(sums, {splat(ein::identityOf(root.getMonoid(numFree), element), full), full}, -1);
    });
  Value first = startOf(numFree);
  auto add = [&] {
    if (hasTiles) {
      Value fresh = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(isFresh && !chunk));
      if (isFresh && chunk)
        fresh =
            arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, startOf(numFree), first);
      return overPacked(reads, parts, /*storesSums=*/true, [&] { emitTileProducts(sums, fresh); });
    }
    emitOverPacked(reads, parts, /*storesSums=*/true, [&] {
      uint32_t full = begin();
      TileValue sum = loadPacked(sums);
      if (schedule.dot && schedule.dot->bias)
        sum = withoutBias(numFree, sum);
      else
        sum = {reduceFrom(numFree, {sum.value}).front(), full};
      leaveReduced();
      storePacked(sums, sum, -1);
    });
  };
  Value end = ends[numFree] ? ends[numFree] : extentOf(numFree);
  if (chunk) {
    // Of no points there is one, which clears the sums.
    Value one = arith::AddIOp::create(builder, loc, first, constant(1));
    Value last = isFresh ? Value(arith::MaxSIOp::create(builder, loc, end, one)) : end;
    Value step = turns && hasTiles ? chunkOfPanels(chunk) : constant(chunk);
    auto loop = scf::ForOp::create(builder, loc, first, last, step);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value savedStart = starts[numFree], savedEnd = ends[numFree];
    starts[numFree] = loop.getInductionVar();
    Value next = arith::AddIOp::create(builder, loc, starts[numFree], step);
    ends[numFree] = arith::MinSIOp::create(builder, loc, next, end);
    add();
    starts[numFree] = savedStart;
    ends[numFree] = savedEnd;
  } else {
    add();
  }
  auto finish = [&] {
    begin();
    storeResults(loadPacked(sums));
  };
  if (!turns)
    return forTilesOfPacked(/*byRows=*/false, finish);
  sums = turnSums(sums);
  forTurned(finish);
}

/// Lays `value` down. Lanes run where its operands are contiguous; where that is not
/// how it lies, tiles are square, and the store transposes them.
void EinsumLowering::pack(const Packed &value, const Schedule &packed, ArrayRef<int64_t> parts) {
  if (value.liesInPanels) {
    packedValues[value.value] = inPanels(value, packed);
    return;
  }
  PackedMemory memory;
  memory.packed = value;
  memory.width = value.isPanel ? packed.ranks[packed.lanes].tile() : 1;
  int64_t stride = memory.width;
  auto isGrouped = [&](unsigned rank) { return value.group > 1 && rank + 1 == root.getNumRanks(); };
  memory.strides.resize(value.ranks.size());
  // Panels are outside of the reduced ranks: a column is that many elements on.
  for (bool panels : {false, true})
    for (unsigned i = value.ranks.size(); i-- > 0;) {
      unsigned rank = value.ranks[i];
      bool isPanel = value.isPanel && (int)rank == packed.lanes;
      bool isFree = rank < root.getNumFree();
      if (panels != isFree)
        continue;
      memory.strides[i] = isPanel ? stride / memory.width : stride;
      int64_t side = isPanel ? memory.width : isGrouped(rank) ? value.group : 1;
      stride *= llvm::divideCeil(parts[rank], side);
    }
  for (unsigned rank : value.ranks)
    memory.begins.push_back(startOf(rank));
  Type element = value.group > 1 ? builder.getI32Type() : value.value.getType();
  memory.buffer = tile::LocalOp::create(builder, loc, MemRefType::get({stride}, element));
  memory.dot = packed.dot;

  Schedule saved = schedule;
  schedule = Schedule();
  schedule.ranks.resize(saved.ranks.size());
  for (auto [rank, plan] : llvm::enumerate(schedule.ranks))
    plan.block = saved.ranks[rank].block;
  unsigned inner = value.inner(packed);
  int64_t bytes = std::max<int64_t>(4, element.getIntOrFloatBitWidth() / 8);
  int64_t lanes = target.lanesOf(bytes);
  schedule.lanes = value.lanes;
  if (lanes == 1)
    schedule.lanes = -1;
  else if ((int)inner != value.lanes)
    schedule.ranks[inner].tiles = {isGrouped(inner) ? lanes * value.group : lanes, 1};
  if (schedule.lanes >= 0) {
    int64_t tile = isGrouped(value.lanes) ? lanes * value.group : lanes;
    schedule.ranks[value.lanes].tiles = {tile};
    // A tile of lanes divides what it divides of all of the rank.
    if (value.lanes >= (int)root.getNumFree())
      schedule.ranks[value.lanes].block = parts[value.lanes] % tile ? 1 : tile;
  }
  SmallVector<unsigned> order(value.ranks);
  llvm::stable_sort(order, [&](unsigned a, unsigned b) {
    return ((int)a == value.lanes) < ((int)b == value.lanes);
  });
  // Made of operands as they lie: tiles here may stand inside a panel of another value.
  auto others = std::exchange(packedValues, {});
  results.clear(); // those of the stage before are of its own tiles
  emitPack(memory, order, packed.lanes);
  packedValues = std::move(others);
  schedule = saved;
  packedValues[value.value] = memory;
}

bool EinsumLowering::runsByGroups(unsigned rank) {
  return isPacked && (schedule.dot || isTurned(schedule)) && rank + 1 == root.getNumRanks() &&
         schedule.lanes < (int)root.getNumFree();
}

/// Runs `inner` for tiles of whole groups along the last rank, then for one that is ragged.
void EinsumLowering::emitGroups(PackedMemory &memory, function_ref<void()> inner) {
  unsigned rank = root.getNumRanks() - 1;
  int64_t group = memory.packed.group;
  Value start = startOf(rank), end = ends[rank] ? ends[rank] : extentOf(rank);
  SmallVector<int64_t> sizes = {group};
  if (int64_t first = schedule.ranks[rank].tile(); first > group)
    sizes.insert(sizes.begin(), first);
  for (int64_t size : sizes) {
    Value count = arith::SubIOp::create(builder, loc, end, start);
    Value rest = arith::RemUIOp::create(builder, loc, count, constant(size));
    Value whole = arith::SubIOp::create(builder, loc, end, rest);
    auto loop = scf::ForOp::create(builder, loc, start, whole, constant(size));
    loop->setAttr(tile::kParallel, builder.getUnitAttr());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    at[rank] = loop.getInductionVar();
    active[rank] = size;
    inner();
    start = whole;
  }
  if (!ends[rank] && divides(rank, group)) {
    active[rank] = 1;
    return;
  }
  Value ragged = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, start, end);
  auto branch = scf::IfOp::create(builder, loc, ragged, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  at[rank] = start;
  active[rank] = group;
  memory.groupEnd = end;
  inner();
  memory.groupEnd = Value();
  active[rank] = 1;
}

/// A value of the whole tile as elements that hold a group each. What is past the end is 0
/// in all factors, so it adds nothing.
TileValue EinsumLowering::joinGroups(const PackedMemory &memory, TileValue value) {
  const Dot &dot = *memory.dot;
  uint32_t full = tiles.space.fullMask();
  int dim = tiles.space.find(root.getNumRanks() - 1);
  bool isLeft = memory.packed.value == dot.lhs;
  if (getElementTypeOrSelf(value.value.getType()) != dot.element)
    value = (isLeft ? dot.unsignedLhs : dot.unsignedRhs)
                ? tiles.create<arith::ExtUIOp>(dot.element, {value})
                : tiles.create<arith::ExtSIOp>(dot.element, {value});
  if (dot.bias && isLeft) {
    TileValue top = tiles.constant(builder.getIntegerAttr(dot.element, -128));
    value = tiles.create<arith::XOrIOp>(dot.element, {value, top});
  }
  TileValue inside = edgeOf(1u << dim);
  if (limit && tiles.space.laneBit() == 1u << dim)
    inside = laneMask();
  if (inside.value)
    value = tiles.create<arith::SelectOp>(
        dot.element, {inside, value, tiles.constant(builder.getZeroAttr(dot.element))});
  value = tiles.broadcast(value, full);
  TileSpace joined = tiles.space;
  joined.sizes[dim] /= memory.packed.group;
  value.value = tile::JoinOp::create(builder, loc, joined.type(full, builder.getI32Type()),
                                     value.value, builder.getI64IntegerAttr(dim));
  return value;
}

/// Where each step of the sum is on a page of its own, no machine follows a stream: what is packed
/// is asked for so many steps ahead.
void EinsumLowering::askForPages(const PackedMemory &memory) {
  constexpr int64_t kPage = 4096, kSteps = 128; // 8 KiB of lines, as of chunks
  unsigned depth = root.getNumRanks() - 1;
  auto argument = dyn_cast<BlockArgument>(memory.packed.value);
  if (target.warpLanes || !nextOperands.empty() || !argument || (int)depth == schedule.lanes)
    return;
  Access read = access(root, argument.getArgNumber());
  auto stride = dyn_cast_or_null<AffineConstantExpr>(read.stride(depth));
  Type element = storageType(argument.getType());
  if (!stride || !element.isIntOrFloat() ||
      std::abs(stride.getValue()) * element.getIntOrFloatBitWidth() / 8 < kPage)
    return;
  nextRank = depth;
  nextOperands[bufferOf(root.getInputs()[argument.getArgNumber()])] = kSteps;
}

/// As many rows at once as a transposition takes are more than the machine follows. What comes next
/// is further along them; where they end before that, it is the rows of the next tile.
int EinsumLowering::aheadOfPacking(const Packed &value) {
  int lanes = schedule.lanes;
  std::optional<int64_t> length = extents[lanes].getLiteral();
  if (!length || *length > kTilesAhead * schedule.ranks[lanes].tile())
    return lanes;
  auto *tiled = llvm::find_if(
      value.ranks, [&](unsigned rank) { return (int)rank != lanes && active[rank] > 1; });
  return tiled == value.ranks.end() ? lanes : (int)*tiled;
}

void EinsumLowering::emitPack(PackedMemory &memory, ArrayRef<unsigned> order, int columns) {
  if (!order.empty()) {
    unsigned rank = order.front();
    if (memory.packed.group > 1 && rank + 1 == root.getNumRanks() && (int)rank != schedule.lanes)
      return emitGroups(memory, [&] { emitPack(memory, order.drop_front(), columns); });
    bool isFree = rank < root.getNumFree();
    Value end = isFree ? endOfBlock(rank) : ends[rank] ? ends[rank] : extentOf(rank);
    emitRange(rank, startOf(rank), end, [&] { emitPack(memory, order.drop_front(), columns); });
    return;
  }
  setSpace();
  if (memory.groupEnd) {
    unsigned rank = root.getNumRanks() - 1;
    edges.assign(tiles.space.sizes.size(), TileValue());
    edges[tiles.space.find(rank)] =
        compare(arith::CmpIPredicate::slt, coordinate(rank), {memory.groupEnd, 0});
  }
  TileValue exists;
  if (!target.warpLanes && schedule.lanes >= (int)root.getNumFree())
    aheadRank = aheadOfPacking(memory.packed);
  auto asked = nextOperands;
  const int askedRank = nextRank;
  askForPages(memory);
  TileValue value = evaluate(root, {memory.packed.value}, exists).front();
  aheadRank = -1;
  nextOperands = asked;
  nextRank = askedRank;
  if (memory.packed.group > 1)
    value = joinGroups(memory, value);
  if (memory.groupEnd)
    edges.clear();
  storePacked(memory, value, memory.packed.isPanel ? columns : -1);
}

/// Stores a value at the current tile. `columns` as for `offsetIn`.
void EinsumLowering::storePacked(const PackedMemory &memory, TileValue value, int columns) {
  uint32_t mask = 0;
  SmallVector<Value> strides;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    std::optional<int64_t> stride = memory.strideOf(rank);
    if (!stride)
      continue; // sums are no longer along their lanes
    mask |= 1u << dim;
    strides.push_back(constant((int)rank == columns ? 1 : *stride));
  }
  Type element = cast<MemRefType>(memory.buffer.getType()).getElementType();
  Value offset = offsetIn(memory, columns), end = limit;
  if (limit && memory.packed.group > 1 && schedule.lanes + 1 == (int)root.getNumRanks())
    end = arith::CeilDivUIOp::create(builder, loc, limit, constant(memory.packed.group));
  for (auto [number, term] : llvm::enumerate(splitTerms(value, memory.terms, element))) {
    Value place = arith::AddIOp::create(builder, loc, offset, constant(number * memory.termSize));
    tile::StoreOp::create(builder, loc, tiles.broadcast(term, mask).value, memory.buffer,
                          number ? place : offset, strides, end, Value());
  }
}

/// How far the current coordinate of rank number `i` is from where that begins.
Value EinsumLowering::placeAlong(const PackedMemory &memory, unsigned i) {
  const unsigned rank = memory.packed.ranks[i];
  const bool isGrouped = memory.packed.group > 1 && rank + 1 == root.getNumRanks();
  if (isGrouped && groupNumber)
    return arith::MulIOp::create(builder, loc, groupNumber, constant(memory.strides[i]));
  Value place = arith::SubIOp::create(builder, loc, at[rank], memory.begins[i]);
  if (isGrouped)
    place = arith::DivUIOp::create(builder, loc, place, constant(memory.packed.group));
  return arith::MulIOp::create(builder, loc, place, constant(memory.strides[i]));
}

/// Where the current coordinates lie. `columns` may stand inside a panel; -1: they
/// begin one.
Value EinsumLowering::offsetIn(const PackedMemory &memory, int columns) {
  Value offset = memory.base ? memory.base : constant(0);
  auto add = [&](Value value) { offset = arith::AddIOp::create(builder, loc, offset, value); };
  for (auto [i, rank] : llvm::enumerate(memory.packed.ranks)) {
    if ((int)rank != columns) {
      add(placeAlong(memory, i));
      continue;
    }
    Value place = arith::SubIOp::create(builder, loc, at[rank], memory.begins[i]);
    Value inside = arith::RemUIOp::create(builder, loc, place, constant(memory.width));
    place = arith::SubIOp::create(builder, loc, place, inside);
    add(inside);
    add(arith::MulIOp::create(builder, loc, place, constant(memory.strides[i])));
  }
  return offset;
}

/// Steps of the sum after which a row of a panel is needed that is asked for now. Panels pass by
/// the first-level cache, each row once for a few products.
constexpr int64_t kStepsAhead = 24;

/// A packed value at the current tile. Lanes past the end of a panel hold anything.
TileValue EinsumLowering::loadPacked(const PackedMemory &memory) {
  uint32_t mask = 0;
  SmallVector<Value> strides;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    std::optional<int64_t> stride = memory.strideOf(rank);
    if (!stride)
      continue;
    mask |= 1u << dim;
    strides.push_back(constant((int)rank == schedule.lanes ? 1 : *stride));
  }
  Type element = cast<MemRefType>(memory.buffer.getType()).getElementType();
  if (memory.packed.liesInPanels && memory.packed.group > 1)
    element = builder.getI32Type(); // a group
  Type type = tiles.space.type(mask, element);
  IntegerAttr ahead;
  if (memory.packed.isPanel && !target.warpLanes)
    ahead = builder.getI64IntegerAttr(kStepsAhead * memory.width);
  auto load = tile::LoadOp::create(builder, loc, type, memory.buffer, offsetIn(memory, -1), strides,
                                   Value(), Value(), ahead);
  if (memory.packed.liesInPanels && active[schedule.lanes] == memory.width)
    load->setAttr(tile::kPanel, builder.getUnitAttr());
  if (memory.next)
    askForNextPanels(memory, load.getOffset());
  return {load, mask};
}

} // namespace einfall
