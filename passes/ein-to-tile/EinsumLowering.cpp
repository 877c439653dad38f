//===- EinsumLowering.cpp - One Einsum over the block's part --------------===//
#include "passes/ein-to-tile/EinsumLowering.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinNumerics.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/ein-to-tile/Monoids.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

void EinsumLowering::beginRoot(ein::EinsumOp op) {
  root = op;
  starts.assign(root.getNumRanks(), Value());
  countsPoints = false;
  if (llvm::any_of(root.getMonoids(), [&](int32_t m) { return m != root.getMonoids()[0]; }))
    for (unsigned i = 0, e = root.getInputs().size(); i < e; ++i)
      countsPoints |= !ein::existsEverywhere(root, i);
}

/// Results in the place of operands are no longer what they were made of.
bool EinsumLowering::mayRepeat() {
  return !partial && llvm::none_of(llvm::seq<unsigned>(0, kernel.getNumResults()),
                                   [&](unsigned i) { return kernel.getInPlaceOperand(i); });
}

/// What `value` is computed from, as far as it is not packed.
void EinsumLowering::addNeeded(Value value, DenseSet<Value> &needed) {
  Operation *op = value.getDefiningOp();
  if (needed.insert(value).second && op && !packedValues.count(value))
    for (Value operand : op->getOperands())
      addNeeded(operand, needed);
}

/// Values of the body of `op` at the current tile, and where its points exist
/// (left alone if they all do).
SmallVector<TileValue> EinsumLowering::evaluate(ein::EinsumOp op, ValueRange wanted,
                                                TileValue &exists) {
  Block &block = op.getBody().front();
  DenseMap<Value, TileValue> values;
  // Packing takes operands that exist everywhere: one that is not needed says nothing.
  bool onlyNeeded = isPacked && op == root;
  DenseSet<Value> needed;
  for (Value value : wanted)
    addNeeded(value, needed);
  for (const auto &[value, memory] : packedValues)
    if (needed.contains(value))
      values[value] = loadPacked(memory);
  SmallVector<TileValue> coordinates(op.getInputs().size());
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    BlockArgument argument = block.getArgument(i);
    if (onlyNeeded && (values.count(argument) || !needed.contains(argument)))
      continue;
    if (auto it = results.find(op.getInputs()[i]); it != results.end()) {
      values[block.getArgument(i)] = it->second;
      continue;
    }
    TileValue loaded = read(op, i, coordinates, exists);
    values[block.getArgument(i)] = loaded;
    if (!cast<StringAttr>(op.getCoords()[i]).getValue().empty())
      coordinates[i] = toIndex(loaded);
  }
  evaluateBody(
      block, values, [&](StringRef rank) { return op.findRank(rank); },
      [&](Operation *inner) {
        Value result = inner->getResult(0);
        return onlyNeeded && (values.count(result) || !needed.contains(result));
      });
  return llvm::map_to_vector(wanted, [&](Value value) { return values.lookup(value); });
}

/// What a map yields: 0 where a point does not exist, or a view's fill.
TileValue EinsumLowering::evaluate(ein::EinsumOp op) {
  TileValue exists;
  TileValue result = evaluate(op, op.getYielded(), exists).front();
  if (!exists.value)
    return result;
  TypedAttr none = op == root && fill ? fill : builder.getZeroAttr(op.getYielded().getType());
  return tiles.create<arith::SelectOp>(op.getYielded().getType(),
                                       {exists, result, tiles.constant(none)});
}

/// Loops over a reduced rank with `init` carried.
void EinsumLowering::emitReducedRank(unsigned rank, ArrayRef<Value> init,
                                     SmallVectorImpl<Value> &result,
                                     function_ref<SmallVector<Value>(ArrayRef<Value>)> inner) {
  int64_t size = schedule.ranks[rank].tile();
  Value end = ends[rank] ? ends[rank] : extentOf(rank);
  Value start = starts[rank] ? starts[rank] : constant(0);
  if (runsByGroups(rank))
    return emitSumOfGroups(rank, init, result, inner);
  if (schedule.ranks[rank].rest == RankSchedule::Rest::masked)
    return emitMasked(rank, start, end, init, result, inner);
  Value step = constant(size), whole = end;
  bool even =
      (divides(rank, size) && (!ends[rank] || schedule.ranks[rank].block % size == 0)) || size == 1;
  if (!even) {
    Value count = arith::SubIOp::create(builder, loc, end, start);
    Value rest = arith::RemUIOp::create(builder, loc, count, step);
    whole = arith::SubIOp::create(builder, loc, end, rest);
  }
  emitSteps(rank, start, whole, init, result, inner);
  if (even)
    return;
  Value ragged = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, whole, end);
  auto branch = scf::IfOp::create(builder, loc, TypeRange(ValueRange(result)), ragged, true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    at[rank] = whole;
    limit = arith::SubIOp::create(builder, loc, end, whole);
    SmallVector<Value> last = inner(result);
    limit = Value();
    scf::YieldOp::create(builder, loc, last);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, result);
  }
  result.assign(branch.getResults().begin(), branch.getResults().end());
}

/// Steps along lanes of which each may be the last one.
void EinsumLowering::emitMasked(unsigned rank, Value start, Value end, ArrayRef<Value> init,
                                SmallVectorImpl<Value> &result,
                                function_ref<SmallVector<Value>(ArrayRef<Value>)> inner) {
  int64_t size = schedule.ranks[rank].tile();
  active[rank] = size;
  auto step = [&](Value from, ArrayRef<Value> carried) {
    at[rank] = from;
    limit = arith::SubIOp::create(builder, loc, end, from);
    SmallVector<Value> next = inner(carried);
    limit = Value();
    return next;
  };
  bool isPart = ends[rank] || extents[rank].getLiteral().value_or(size + 1) <= size;
  if (isPart && schedule.ranks[rank].block <= size) {
    result = step(start, init);
    return;
  }
  auto loop = scf::ForOp::create(builder, loc, start, end, constant(size), init);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> carried(loop.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, step(loop.getInductionVar(), carried));
  result.assign(loop.getResults().begin(), loop.getResults().end());
}

/// Steps that follow one another where each is some work; where it is little, four times as
/// many, and so many of what these leave over.
static constexpr int64_t kFewTimes = 8;
/// Instructions of a coordinate that is a quotient or a remainder of each step's.
static constexpr int64_t kQuotient = 8;
/// Registers of a thread that such loads along lanes may take.
static constexpr int64_t kLoadedAtOnce = 32;

/// On a GPU loads of several steps are under way at once: so many of a rank's steps follow
/// one another without a branch.
int64_t EinsumLowering::timesAtOnce(unsigned rank) {
  if (!target.warpLanes || target.team || rank + 1 != root.getNumRanks() || schedule.dot)
    return 1;
  bool alongLanes = (int)rank == schedule.lanes && schedule.asksAhead;
  if (schedule.ranks[rank].tile() != 1 && !alongLanes)
    return 1;
  int64_t held = 1; // values of a thread
  for (int64_t size : tiles.space.sizes)
    held *= size;
  held = std::max<int64_t>(1, held / target.warpLanes);
  if (alongLanes) {
    int64_t bits = 32; // of an element, as it is loaded
    for (Value input : root.getInputs())
      if (Type type = cast<ein::TensorType>(input.getType()).getElementType(); type.isIntOrFloat())
        bits = std::clamp<int64_t>(type.getIntOrFloatBitWidth(), 8, bits);
    int64_t most = std::clamp<int64_t>(32 * kLoadedAtOnce / (held * bits), 1, kFewTimes);
    // Without a rest there is less code.
    int64_t steps = extents[rank].getLiteral().value_or(0) / schedule.ranks[rank].tile();
    for (int64_t times = std::min(most, steps); times > 1; --times)
      if (steps % times == 0)
        return times;
    return steps == 1 ? 1 : most;
  }
  int64_t work = 1 + (int64_t)llvm::range_size(root.getBody().front());
  for (unsigned i = 0, e = root.getInputs().size(); i < e; ++i)
    for (AffineExpr index : root.getMap(i).getResults())
      index.walk([&](AffineExpr part) {
        bool isQuotient =
            part.getKind() == AffineExprKind::FloorDiv || part.getKind() == AffineExprKind::Mod;
        work += isQuotient && part.isFunctionOfDim(rank) ? kQuotient : 0;
      });
  work *= held;
  return work <= 8 ? 4 * kFewTimes : work <= 16 ? kFewTimes : work <= 32 ? kFewTimes / 2 : 1;
}

/// Moves loads, with what says where, to the front of a block that does nothing to memory:
/// all of them are under way before the first one is waited for.
static void loadFirst(Block &block) {
  llvm::SmallPtrSet<Operation *, 32> early;
  for (Operation &op : llvm::reverse(block)) {
    bool isLoad = isa<tile::LoadOp, tile::GatherOp>(op);
    if (op.getNumRegions() || (!isLoad && !isPure(&op)))
      return;
    if (!isLoad && !early.contains(&op))
      continue;
    early.insert(&op);
    for (Value operand : op.getOperands())
      if (Operation *maker = operand.getDefiningOp(); maker && maker->getBlock() == &block)
        early.insert(maker);
  }
  Operation *rest = nullptr;
  for (Operation &op : llvm::make_early_inc_range(block))
    if (!early.contains(&op))
      rest = rest ? rest : &op;
    else if (rest)
      op.moveBefore(rest);
}

/// Steps over a reduced rank in the order of its coordinates, several at once as far as
/// there are so many.
void EinsumLowering::emitSteps(unsigned rank, Value start, Value end, ArrayRef<Value> init,
                               SmallVectorImpl<Value> &result,
                               function_ref<SmallVector<Value>(ArrayRef<Value>)> inner) {
  int64_t size = schedule.ranks[rank].tile(), times = timesAtOnce(rank);
  active[rank] = size;
  result.assign(init.begin(), init.end());
  if (chains > 1 && (int)rank == schedule.lanes && rank + 1 == root.getNumRanks())
    return emitChains(rank, start, end, result, inner);
  auto over = [&](Value from, Value to, int64_t steps) {
    auto loop = scf::ForOp::create(builder, loc, from, to, constant(steps * size), result);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> carried(loop.getRegionIterArgs());
    for (int64_t i = 0; i < steps; ++i) {
      at[rank] = i == 0 ? loop.getInductionVar()
                        : Value(arith::AddIOp::create(builder, loc, loop.getInductionVar(),
                                                      constant(i * size)));
      carried = inner(carried);
    }
    if (steps > 1) {
      loadFirst(*loop.getBody());
      loop->setAttr(tile::kWrittenOut, builder.getUnitAttr());
    }
    scf::YieldOp::create(builder, loc, carried);
    result.assign(loop.getResults().begin(), loop.getResults().end());
  };
  SmallVector<int64_t> levels;
  for (int64_t level = times; level > 1; level = level > kFewTimes ? kFewTimes : 1)
    levels.push_back(level);
  Value count;
  if (times > 1) {
    count = arith::SubIOp::create(builder, loc, end, start);
    count = arith::MaxSIOp::create(builder, loc, count, constant(0));
  }
  for (int64_t level : levels) {
    Value rest = arith::RemUIOp::create(builder, loc, count, constant(level * size));
    Value whole = arith::SubIOp::create(builder, loc, end, rest);
    over(start, whole, level);
    start = whole;
  }
  over(start, end, 1);
}

/// Under strict numerics only the products that the program itself yields to a
/// sum feed it unrounded, not inlined ones.
static bool mayFuse(arith::MulFOp product) {
  return ein::isStrict(product) ? ein::feedsSumUnrounded(product) : product->hasOneUse();
}

/// Whether the ranks from `rank` on have coordinates, or null where that is known.
Value EinsumLowering::hasPoints(unsigned rank) {
  Value result;
  for (unsigned e = root.getNumRanks(); rank < e; ++rank) {
    if (extents[rank].getLiteral().value_or(0) > 0)
      continue;
    Value some =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, extentOf(rank), constant(0));
    result = result ? Value(arith::AndIOp::create(builder, loc, result, some)) : some;
  }
  return result;
}

/// The reductions from `rank` inward, joined to `running`.
SmallVector<Value> EinsumLowering::reduceFrom(unsigned rank, ArrayRef<Value> running) {
  uint32_t full = tiles.space.fullMask();
  Type element = root.getYielded().getType();
  if (rank == root.getNumRanks()) {
    if (schedule.dot)
      return dotStep(running);
    ein::Monoid monoid = root.getMonoid(rank - 1);
    TileValue exists, carried{running[0], full};
    auto product = root.getYielded().getDefiningOp<arith::MulFOp>();
    bool fuses = product && mayFuse(product) && monoid == ein::Monoid::add;
    SmallVector<TileValue> values =
        evaluate(root, fuses ? product->getOperands() : ValueRange(root.getYielded()), exists);
    bool laneReduced = schedule.lanes >= static_cast<int>(root.getNumFree());
    if (limit && laneReduced)
      exists = exists.value ? tiles.create<arith::AndIOp>(builder.getI1Type(), {exists, laneMask()})
                            : laneMask();
    // A point that does not exist leaves the accumulator alone, its sign too.
    auto join = [&](TileValue next) -> SmallVector<Value> {
      if (exists.value)
        next = tiles.create<arith::SelectOp>(element, {exists, next, carried});
      if (running.size() == 1)
        return {next.value};
      TileValue any{running[1], full};
      return {next.value, tiles.create<arith::OrIOp>(builder.getI1Type(), {any, exists}).value};
    };
    if (fuses)
      return join(tiles.create<math::FmaOp>(
          element, {tiles.broadcast(values[0], full), values[1], carried}));
    TileValue value = values[0];
    if (ein::isArg(monoid))
      return combineArg(tiles, monoid, running, full, value, coordinate(rank - 1), exists);
    return join(combine(tiles, monoid, carried, tiles.broadcast(value, full)));
  }
  SmallVector<Value> result;
  emitReducedRank(rank, running, result, [&](ArrayRef<Value> carried) -> SmallVector<Value> {
    unsigned next = rank + 1;
    if (next == root.getNumRanks() || root.getMonoid(next) == root.getMonoid(rank))
      return reduceFrom(next, carried);
    SmallVector<Value> start = {splat(ein::identityOf(root.getMonoid(next), element), full)};
    if (countsPoints)
      start.push_back(splat(builder.getBoolAttr(false), full));
    SmallVector<Value> inner = reduceFrom(next, start), joined;
    TileValue before{carried[0], full};
    TileValue after = combine(tiles, root.getMonoid(rank), before, {inner[0], full});
    if (countsPoints)
      after = tiles.create<arith::SelectOp>(element, {{inner[1], full}, after, before});
    else if (Value some = hasPoints(next))
      after = tiles.create<arith::SelectOp>(element, {{some, 0}, after, before});
    joined.push_back(after.value);
    if (carried.size() == 2)
      joined.push_back(arith::OrIOp::create(builder, loc, carried[1], inner[1]));
    return joined;
  });
  return result;
}

/// The tiled dimensions on which `value` of the root's body depends, and the
/// lanes.
uint32_t EinsumLowering::spanOf(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return tiles.space.fullMask();
  Access read = access(root, argument.getArgNumber());
  uint32_t mask = tiles.space.laneBit();
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks))
    if (read.dependsOn(rank))
      mask |= 1u << dim;
  return mask;
}

/// One step of a contraction by groups of neighbouring lanes.
SmallVector<Value> EinsumLowering::dotStep(ArrayRef<Value> running) {
  const Dot &dot = *schedule.dot;
  uint32_t full = tiles.space.fullMask();
  TileValue exists;
  if (schedule.lanes < static_cast<int>(root.getNumFree()))
    return packedDotStep(running);
  SmallVector<TileValue> factors = evaluate(root, {dot.lhs, dot.rhs}, exists);
  assert(!exists.value && "a dot of points that may not exist");
  bool isUnsigned[] = {dot.unsignedLhs, dot.unsignedRhs};
  const Value made[] = {dot.lhs, dot.rhs};
  for (auto [factor, zeros, value] : llvm::zip(factors, isUnsigned, made)) {
    Type from = getElementTypeOrSelf(factor.value.getType());
    // Past the end operands are 0, but what is made of them need not be.
    if (limit && !isa<BlockArgument>(value)) {
      TileValue zero = tiles.constant(cast<TypedAttr>(builder.getZeroAttr(from)));
      factor = tiles.create<arith::SelectOp>(from, {laneMask(), factor, zero});
    }
    if (from == dot.element)
      continue;
    factor = zeros ? tiles.create<arith::ExtUIOp>(dot.element, {factor})
                   : tiles.create<arith::ExtSIOp>(dot.element, {factor});
  }
  int64_t lanes = target.lanesOf(4); // of an instruction
  bool isOne = schedule.ranks[schedule.lanes].tile() <= lanes * dot.group;
  IntegerAttr by = isOne ? IntegerAttr() : builder.getI64IntegerAttr(lanes);
  auto step = [&](TileValue lhs, Value sum, uint32_t mask) -> Value {
    return tile::DotOp::create(builder, loc, sum.getType(), tiles.broadcast(lhs, mask).value,
                               tiles.broadcast(factors[1], mask).value, sum, TypeAttr(), by);
  };
  if (!dot.bias)
    return {step(factors[0], running[0], full)};
  TileValue top = tiles.constant(builder.getIntegerAttr(dot.element, -128));
  TileValue raised = tiles.create<arith::XOrIOp>(dot.element, {factors[0], top});
  return {step(raised, running[0], full), step(top, running[1], spanOf(dot.rhs))};
}

/// The same of factors that lie in panels, as wide as sums are.
SmallVector<Value> EinsumLowering::packedDotStep(ArrayRef<Value> running) {
  const Dot &dot = *schedule.dot;
  TileValue factors[2], top = tiles.constant(builder.getI32IntegerAttr(int32_t(0x80808080)));
  const Value values[] = {dot.lhs, dot.rhs};
  for (auto [factor, value] : llvm::zip(factors, values)) {
    if (sumsBias && value == dot.lhs)
      continue;
    if (auto it = packedValues.find(value); it != packedValues.end()) {
      factor = loadPacked(it->second);
      continue;
    }
    // Neighbours lie side by side as it is.
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    Access read = access(root, number);
    factor = loadStrided(read, bufferOf(root.getInputs()[number]), builder.getI32Type(),
                         reach(read, {}), {});
    // In each lane: elements that are raised together have to be put together and taken apart.
    if (dot.bias && value == dot.lhs) {
      factor = tiles.broadcast(factor, factor.mask | tiles.space.laneBit());
      factor = tiles.create<arith::XOrIOp>(builder.getI32Type(), {factor, top});
    }
  }
  auto step = [&](TileValue lhs, Value sum, uint32_t mask) -> Value {
    return tile::DotOp::create(builder, loc, sum.getType(), tiles.broadcast(lhs, mask).value,
                               tiles.broadcast(factors[1], mask).value, sum,
                               TypeAttr::get(dot.element),
                               builder.getI64IntegerAttr(target.lanesOf(4)));
  };
  if (sumsBias)
    return {step(top, running[0], factors[1].mask)};
  return {step(factors[0], running[0], tiles.space.fullMask())};
}

/// `attr` in every accumulator over `mask` of the tile.
Value EinsumLowering::splat(TypedAttr attr, uint32_t mask) {
  Type type = accumulators.type(mask, attr.getType());
  TileValue scalar = tiles.constant(attr);
  if (type == attr.getType())
    return scalar.value;
  return tile::BroadcastOp::create(builder, loc, type, scalar.value,
                                   builder.getDenseI64ArrayAttr({}));
}

bool isCount(ein::EinsumOp op) {
  Type element = op.getYielded().getType();
  if (!op.getInputs().empty() || op.getMonoids().empty() || element.isInteger(1) ||
      (isa<FloatType>(element) && ein::isStrict(op)))
    return false;
  return llvm::all_of(op.getMonoids(),
                      [](int32_t monoid) { return monoid == (int32_t)ein::Monoid::add; }) &&
         (matchPattern(op.getYielded(), m_One()) || matchPattern(op.getYielded(), m_OneFloat()));
}

TileValue EinsumLowering::countPoints() {
  Value count = constant(1);
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank) {
    Value size = ends[rank] ? ends[rank] : extentOf(rank);
    if (starts[rank])
      size = arith::SubIOp::create(builder, loc, size, starts[rank]);
    count = builder.createOrFold<arith::MulIOp>(loc, count, size);
  }
  Type element = root.getYielded().getType(), wide = builder.getI64Type();
  TileValue number = tiles.create<arith::IndexCastOp>(isa<FloatType>(element) ? wide : element,
                                                      {TileValue{count, 0}});
  return isa<FloatType>(element) ? tiles.create<arith::SIToFPOp>(element, {number}) : number;
}

TileValue EinsumLowering::reduceAtOnce() {
  if (isCount(root))
    return countPoints();
  uint32_t full = tiles.space.fullMask(), mask = full & ~tiles.space.laneBit();
  Type element = root.getYielded().getType();
  ein::Monoid monoid = root.getMonoid(root.getNumFree());
  TileValue exists, none = tiles.constant(ein::identityOf(monoid, element));
  auto product = root.getYielded().getDefiningOp<arith::MulFOp>();
  bool fuses = product && mayFuse(product) && monoid == ein::Monoid::add;
  SmallVector<TileValue> values =
      evaluate(root, fuses ? product->getOperands() : ValueRange(root.getYielded()), exists);
  TileValue value = values[0];
  if (fuses) {
    // What reduces it may take it as part of a fused product.
    auto contract =
        arith::FastMathFlagsAttr::get(builder.getContext(), arith::FastMathFlags::contract);
    value = tiles.create<arith::MulFOp>(element, {tiles.broadcast(value, full), values[1]},
                                        std::pair<StringRef, Attribute>("fastmath", contract));
  }
  value = tiles.broadcast(value, full);
  if (exists.value)
    value = tiles.create<arith::SelectOp>(element, {exists, value, none});
  Value reduced =
      tile::ReduceOp::create(builder, loc, tiles.space.type(mask, element),
                             tiles.broadcast(value, full).value, stringifyMonoid(monoid), limit);
  return combine(tiles, monoid, none, {reduced, mask});
}

/// The reductions from `rank` on by packed dots, whose left factors were raised, joined
/// to `running`.
TileValue EinsumLowering::withoutBias(unsigned rank, TileValue running) {
  Type element = root.getYielded().getType();
  Value sum = reduceFrom(rank, {running.value}).front();
  return tiles.create<arith::SubIOp>(element, {{sum, running.mask}, loadPacked(*bias)});
}

/// Adds up what raising all left factors adds to sums: no row shares in it, so a block does it
/// once for each column of what it packed.
void EinsumLowering::sumBias() {
  Type element = root.getYielded().getType();
  Schedule base = schedule;
  PackedMemory sums, columns = packedValues[base.packed->dot->rhs];
  int64_t lanes = base.packed->lanes;
  schedule = *base.packed;
  for (auto [plan, cut] : llvm::zip(schedule.ranks, base.ranks))
    plan.block = cut.block;
  sums.packed.value = root.getYielded();
  schedule.order.clear();
  SmallVector<int64_t> parts = blockParts();
  int64_t size = llvm::alignTo(parts[lanes], schedule.ranks[lanes].tile());
  for (unsigned rank : columns.packed.ranks) {
    if (rank >= root.getNumFree())
      continue;
    schedule.order.push_back(rank);
    sums.packed.ranks.push_back(rank);
    sums.begins.push_back(at[rank]);
    bool isLanes = (int)rank == lanes;
    sums.strides.push_back(isLanes ? 1 : size);
    size *= isLanes ? 1 : parts[rank];
  }
  sums.buffer = tile::LocalOp::create(builder, loc, MemRefType::get({size}, element));
  sumsBias = true;
  emitFree(0, [&] {
    setSpace();
    accumulators = tiles.space;
    results.clear();
    uint32_t full = tiles.space.fullMask();
    TileValue sum{reduceFrom(root.getNumFree(), {splat(builder.getZeroAttr(element), full)})[0],
                  full};
    leaveReduced();
    storePacked(sums, sum, -1);
  });
  sumsBias = false;
  schedule = base;
  bias = sums;
}

/// Bytes that a tile reads along lanes of the operands that depend on the rank, the fewest.
int64_t EinsumLowering::bytesAlongLanes(unsigned rank) {
  int64_t bytes = INT64_MAX;
  for (auto [number, input] : llvm::enumerate(root.getInputs()))
    if (Access read = access(root, number);
        read.dependsOn(rank) && read.dependsOn(schedule.lanes)) {
      Type element = storageType(cast<ein::TensorType>(input.getType()).getElementType());
      bytes = std::min<int64_t>(bytes, element.getIntOrFloatBitWidth() / 8);
    }
  return bytes == INT64_MAX ? 0 : bytes * schedule.ranks[schedule.lanes].tile();
}

/// Columns come from afar, and are done with their lines before the next ones are asked for.
/// A single row is too fast for that: where it loads whole lines it asks for the next ones of
/// each column.
void EinsumLowering::askAhead() {
  constexpr int64_t kLine = 64;
  SmallVector<unsigned, 2> tiled;
  for (unsigned rank = 0; rank < root.getNumFree(); ++rank)
    if (active[rank] > 1)
      tiled.push_back(rank);
  if (tiled.size() == 1 && (int)tiled[0] != schedule.narrow && bytesAlongLanes(tiled[0]) >= kLine) {
    aheadRank = schedule.lanes;
    aheadWith = tiled[0];
  } else if (schedule.widened >= 0 && active[schedule.widened] > 1) {
    aheadRank = aheadWith = schedule.widened;
  }
}

/// The root's reduction at the current tile.
TileValue EinsumLowering::reduceRoot() {
  if (isCount(root))
    return countPoints();
  uint32_t full = tiles.space.fullMask();
  Type element = root.getYielded().getType();
  ein::Monoid monoid = root.getMonoid(root.getNumFree());
  bool biased = schedule.dot && schedule.dot->bias;
  SmallVector<Value> init = {splat(ein::identityOf(monoid, element), full)};
  bool lanesReduced = schedule.lanes >= static_cast<int>(root.getNumFree());
  if (ein::isArg(monoid))
    init.push_back(splat(builder.getIndexAttr(-1), full));
  if (biased && !lanesReduced) {
    TileValue sum = withoutBias(root.getNumFree(), {init[0], full});
    leaveReduced();
    return sum;
  }
  if (biased)
    init.push_back(splat(ein::identityOf(monoid, element), spanOf(schedule.dot->rhs)));
  SmallVector<Value> reduced;
  if (int columns = lanesReduced ? columnsInTurn() : -1; columns >= 0) {
    reduced = {reduceInTurn(columns, ein::identityOf(monoid, element))};
  } else {
    if (lanesReduced && !target.warpLanes)
      askAhead();
    reduced = reduceFrom(root.getNumFree(), init);
    aheadRank = aheadWith = -1;
  }
  TileValue value{ein::isArg(monoid) ? reduced.back() : reduced.front(), full};
  if (ein::isArg(monoid))
    value = tiles.create<arith::IndexCastOp>(root.getResult().getType().getElementType(), {value});
  if (lanesReduced) {
    auto acrossLanes = [&](TileValue value) -> TileValue {
      uint32_t mask = value.mask & ~tiles.space.laneBit();
      return {tile::ReduceOp::create(builder, loc, tiles.space.type(mask, element), value.value,
                                     stringifyMonoid(monoid)),
              mask};
    };
    value = acrossLanes(value);
    if (biased)
      value = tiles.create<arith::SubIOp>(
          element, {value, acrossLanes({reduced[1], spanOf(schedule.dot->rhs)})});
  }
  leaveReduced();
  return value;
}

void EinsumLowering::leaveReduced() {
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank) {
    at[rank] = Value();
    active[rank] = 1;
  }
}

void EinsumLowering::emitTile() {
  setSpace();
  accumulators = tiles.space;
  if (schedule.dot && schedule.lanes >= static_cast<int>(root.getNumFree()))
    accumulators.sizes.back() /= schedule.dot->group;
  results.clear(); // of the tile before
  if (isPacked && !partial)
    askForResults();
  TileValue value = root.getMonoids().empty() ? evaluate(root) : reduceRoot();
  if (partial)
    joinPartial(value);
  else
    storeResults(value);
}

void EinsumLowering::storeResults(TileValue value) {
  results[root.getResult()] = value;
  for (ein::EinsumOp op : epilogue) {
    value = evaluate(op);
    results[op.getResult()] = value;
  }
  storeTile();
}

} // namespace einfall
