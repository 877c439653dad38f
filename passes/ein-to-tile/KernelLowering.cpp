//===- KernelLowering.cpp - One ein.kernel as a tile program --------------===//
#include "passes/ein-to-tile/KernelLowering.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/ein-to-tile/Monoids.h"
#include "passes/ein-to-tile/TileValues.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

Type storageType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  return IntegerType::get(element.getContext(),
                          std::max<unsigned>(8, llvm::PowerOf2Ceil(integer.getWidth())));
}

namespace {

class KernelLowering {
public:
  KernelLowering(OpBuilder &builder, ein::KernelOp kernel, const TileTarget &target)
      : builder(builder), kernel(kernel), target(target), loc(kernel.getLoc()), tiles(builder, loc),
        symbols(KernelSymbols::of(kernel)) {}

  FailureOr<func::FuncOp> run(StringRef name);

private:
  LogicalResult collect();
  void emitFree(unsigned level);
  void emitRange(unsigned rank, Value from, Value to, function_ref<void()> inner);
  void emitTile();
  SmallVector<Value> reduceFrom(unsigned rank, ArrayRef<Value> running);
  void emitReducedRank(unsigned rank, ArrayRef<Value> init, SmallVectorImpl<Value> &result,
                       function_ref<SmallVector<Value>(ArrayRef<Value>)> inner);
  TileValue evaluate(ein::EinsumOp op, TileValue *multiplicand, TileValue *exists);
  TileValue load(ein::EinsumOp op, unsigned operand, ArrayRef<TileValue> coordinates,
                 TileValue &exists);
  void store(TileValue value);

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value expand(AffineExpr expr, ArrayRef<Value> dims, ArrayRef<Value> extra = {}) {
    SmallVector<Value> values(symbolValues);
    llvm::append_range(values, extra);
    return affine::expandAffineExpr(builder, loc, expr, dims, values);
  }
  Value extentOf(unsigned rank) { return expand(symbols.expr(root.getRankExtent(rank)), {}); }
  bool divides(unsigned rank, int64_t size) {
    std::optional<int64_t> literal = root.getRankExtent(rank).getLiteral();
    return literal && *literal % size == 0;
  }
  /// Coordinates of `rank` as a tile value.
  TileValue coordinate(unsigned rank);
  TileValue laneMask();
  void setSpace();

  OpBuilder &builder;
  ein::KernelOp kernel;
  const TileTarget &target;
  Location loc;
  TileBuilder tiles;
  KernelSymbols symbols;
  ein::EinsumOp root;
  SmallVector<ein::EinsumOp> epilogue;
  ein::UpdateOp update;
  Access write;
  Schedule schedule;
  SmallVector<Value> symbolValues, buffers;
  Value output;
  // State of emission: where each rank stands, how much of it is tiled.
  SmallVector<Value> at;
  SmallVector<int64_t> active;
  Value limit;                        // of lanes, where a tile is ragged
  DenseMap<Value, TileValue> results; // of einsums already computed
};

LogicalResult KernelLowering::collect() {
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto einsum = dyn_cast<ein::EinsumOp>(op)) {
      for (Operation &inner : einsum.getBody().front().without_terminator())
        if (inner.getNumResults() != 1)
          return inner.emitOpError("has several results and no tile lowering");
      if (root)
        epilogue.push_back(einsum);
      else
        root = einsum;
    } else if (auto found = dyn_cast<ein::UpdateOp>(op)) {
      update = found;
    } else {
      return op.emitOpError("has no tile lowering");
    }
  }
  auto isNarrowFloat = [](Type type) {
    auto tensor = dyn_cast<ein::TensorType>(type);
    auto real = tensor ? dyn_cast<FloatType>(tensor.getElementType()) : FloatType();
    return real && real.getWidth() < 16;
  };
  if (llvm::any_of(kernel.getOperandTypes(), isNarrowFloat) ||
      llvm::any_of(kernel.getResultTypes(), isNarrowFloat))
    return kernel.emitOpError("floats of 8 bits have no tile lowering");
  if (root && llvm::any_of(root.getMonoids(), [&](int32_t m) { return m != root.getMonoids()[0]; }))
    for (unsigned i = 0, e = root.getInputs().size(); i < e; ++i)
      if (!ein::readsInside(root, i))
        return root.emitOpError("reduces by several monoids over points that may not exist, "
                                "which has no tile lowering");
  MLIRContext *context = kernel.getContext();
  if (!root) {
    // A bare update copies its source: an einsum that relabels it.
    OpBuilder inner(update);
    auto type = cast<ein::TensorType>(update.getSource().getType());
    SmallVector<StringRef> names;
    for (Attribute rank : update.getRanks())
      names.push_back(cast<StringAttr>(rank).getValue());
    AffineMap map = AffineMap::get(
        type.getRank(), 1, AffineMap::getMultiDimIdentityMap(type.getRank(), context).getResults(),
        context);
    root = ein::EinsumOp::create(inner, loc, type, update.getSource(), names, map,
                                 ArrayRef<ein::Monoid>(), ArrayRef<ein::ExtentAttr>(),
                                 ArrayRef<StringAttr>(),
                                 [](OpBuilder &, Location, ValueRange v) { return v[0]; });
    update.getSourceMutable().assign(root.getResult());
  }
  auto type = cast<ein::TensorType>(root.getResult().getType());
  if (update) {
    SmallVector<ein::ExtentAttr> extents(
        cast<ein::TensorType>(update.getSource().getType()).getShape());
    SmallVector<StringAttr> names;
    for (Attribute name : update.getSymbols())
      names.push_back(cast<StringAttr>(name));
    if (!ein::staysInside(update.getMap(0), update.getDest().getType().getShape(), extents, 1,
                          names, update, [](unsigned) { return std::nullopt; }))
      return update.emitOpError("may write outside of its destination: state what holds of the "
                                "extents with ein.assume on the function");
    write = accessAt(update.getDest().getType(), update.getMap(0), 1, update.getSymbols(), symbols);
  } else {
    AffineMap identity = AffineMap::getMultiDimIdentityMap(type.getRank(), context);
    write = accessAt(type, identity, 0, builder.getArrayAttr({}), symbols);
  }
  return success();
}

FailureOr<func::FuncOp> KernelLowering::run(StringRef name) {
  if (failed(collect()))
    return failure();
  SmallVector<Access> reads;
  for (unsigned i = 0, e = root.getInputs().size(); i < e; ++i)
    reads.push_back(accessOf(root, i, symbols));
  schedule = planSchedule(root, reads, write, target);

  SmallVector<Type> types;
  auto bufferType = [&](Type tensor) {
    return MemRefType::get({ShapedType::kDynamic},
                           storageType(cast<ein::TensorType>(tensor).getElementType()));
  };
  for (Type type : kernel.getInputs().getTypes())
    types.push_back(bufferType(type));
  if (!update)
    types.push_back(bufferType(kernel.getResult(0).getType()));
  types.append(symbols.names.size() + 1, builder.getIndexType());
  auto function = func::FuncOp::create(builder, loc, name, builder.getFunctionType(types, {}));
  function.setPrivate();
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  unsigned numInputs = kernel.getInputs().size();
  for (unsigned i = 0; i < numInputs; ++i)
    buffers.push_back(entry->getArgument(i));
  if (update) {
    auto dest = dyn_cast<BlockArgument>(update.getDest());
    if (!dest)
      return update.emitOpError("expected to update an operand of the kernel");
    output = buffers[dest.getArgNumber()];
  } else {
    output = entry->getArgument(numInputs);
  }
  unsigned firstSymbol = numInputs + (update ? 0 : 1);
  for (unsigned i = 0; i < symbols.names.size(); ++i)
    symbolValues.push_back(entry->getArgument(firstSymbol + i));

  // The block's place along each free rank.
  unsigned numRanks = root.getNumRanks();
  at.assign(numRanks, Value());
  active.assign(numRanks, 1);
  Value rest = entry->getArguments().back();
  AffineExpr grid = builder.getAffineConstantExpr(1), work = builder.getAffineConstantExpr(1);
  for (unsigned rank : llvm::reverse(schedule.order)) {
    AffineExpr blocks = symbols.expr(root.getRankExtent(rank)).ceilDiv(schedule.ranks[rank].block);
    grid = grid * blocks;
    Value count = expand(blocks, {});
    Value place = arith::RemUIOp::create(builder, loc, rest, count);
    rest = arith::DivUIOp::create(builder, loc, rest, count);
    at[rank] = arith::MulIOp::create(builder, loc, place, constant(schedule.ranks[rank].block));
    work = work * schedule.ranks[rank].block;
  }
  for (unsigned rank = root.getNumFree(); rank < numRanks; ++rank)
    work = work * symbols.expr(root.getRankExtent(rank));
  emitFree(0);
  func::ReturnOp::create(builder, loc);

  unsigned numSymbols = symbols.names.size();
  function->setAttr(tile::kProgram, builder.getUnitAttr());
  function->setAttr(tile::kGrid, AffineMapAttr::get(AffineMap::get(0, numSymbols, grid)));
  function->setAttr(tile::kWork, AffineMapAttr::get(AffineMap::get(0, numSymbols, work)));
  function->setAttr(tile::kSymbols, builder.getArrayAttr(SmallVector<Attribute>(
                                        symbols.names.begin(), symbols.names.end())));
  function->setAttr("tile.schedule", schedule.toAttr(root));
  return function;
}

/// Runs `inner` for tiles of `rank` in [from, to): whole ones, then a ragged
/// rest (masked lanes, or one coordinate at a time).
void KernelLowering::emitRange(unsigned rank, Value from, Value to, function_ref<void()> inner) {
  int64_t size = schedule.ranks[rank].tile;
  bool isLanes = static_cast<int>(rank) == schedule.lanes;
  bool even = divides(rank, size) && schedule.ranks[rank].block % size == 0;
  Value step = constant(size), saved = at[rank];
  Value whole = to;
  if (!even) {
    Value count = arith::SubIOp::create(builder, loc, to, from);
    Value rest = arith::RemUIOp::create(builder, loc, count, step);
    whole = arith::SubIOp::create(builder, loc, to, rest);
  }
  auto loop = [&](Value low, Value high, int64_t width) {
    auto each = scf::ForOp::create(builder, loc, low, high, constant(width));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(each.getBody());
    at[rank] = each.getInductionVar();
    active[rank] = width;
    inner();
  };
  loop(from, whole, size);
  if (!even && !isLanes && size > 1)
    loop(whole, to, 1);
  if (!even && isLanes) {
    Value ragged = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, whole, to);
    auto branch = scf::IfOp::create(builder, loc, ragged, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    at[rank] = whole;
    active[rank] = size;
    limit = arith::SubIOp::create(builder, loc, to, whole);
    inner();
    limit = Value();
  }
  at[rank] = saved;
  active[rank] = 1;
}

void KernelLowering::emitFree(unsigned level) {
  if (level == schedule.order.size())
    return emitTile();
  unsigned rank = schedule.order[level];
  RankSchedule plan = schedule.ranks[rank];
  if (plan.block == 1)
    return emitFree(level + 1);
  Value from = at[rank], extent = extentOf(rank);
  Value to = arith::AddIOp::create(builder, loc, from, constant(plan.block));
  to = arith::MinSIOp::create(builder, loc, to, extent);
  emitRange(rank, from, to, [&] { emitFree(level + 1); });
}

void KernelLowering::setSpace() {
  tiles.space = TileSpace();
  for (unsigned rank = 0; rank < active.size(); ++rank)
    if (active[rank] > 1 && static_cast<int>(rank) != schedule.lanes) {
      tiles.space.sizes.push_back(active[rank]);
      tiles.space.ranks.push_back(rank);
    }
  if (schedule.lanes >= 0) {
    tiles.space.sizes.push_back(schedule.ranks[schedule.lanes].tile);
    tiles.space.ranks.push_back(schedule.lanes);
    tiles.space.lanes = true;
  }
}

TileValue KernelLowering::coordinate(unsigned rank) {
  int dim = tiles.space.find(rank);
  if (dim < 0 || active[rank] == 1)
    return {at[rank], 0};
  uint32_t mask = 1u << dim;
  return {
      tile::IotaOp::create(builder, loc, tiles.space.type(mask, builder.getIndexType()), at[rank]),
      mask};
}

TileValue KernelLowering::laneMask() {
  uint32_t mask = tiles.space.laneBit();
  Value lane = tile::IotaOp::create(builder, loc, tiles.space.type(mask, builder.getIndexType()),
                                    constant(0));
  return tiles.create<arith::CmpIOp>(
      builder.getI1Type(), {{lane, mask}, {limit, 0}},
      std::pair<StringRef, Attribute>(
          "predicate", builder.getI64IntegerAttr((int64_t)arith::CmpIPredicate::slt)));
}

TileValue KernelLowering::load(ein::EinsumOp op, unsigned operand, ArrayRef<TileValue> coordinates,
                               TileValue &exists) {
  Access access = accessOf(op, operand, symbols);
  Value source = op.getInputs()[operand];
  Value buffer = buffers[cast<BlockArgument>(source).getArgNumber()];
  Type element = cast<ein::TensorType>(source.getType()).getElementType();
  Type stored = storageType(element);

  uint32_t mask = 0;
  bool plain = access.inside;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    if (rank >= access.numRanks || !access.dependsOn(rank))
      continue;
    mask |= 1u << dim;
    bool lane = tiles.space.laneBit() == 1u << dim;
    plain &= lane ? access.isUnitStride(rank) : access.stride(rank) != nullptr;
  }
  for (auto [i, value] : llvm::enumerate(coordinates))
    if (value.value && value.mask && access.offset.isFunctionOfSymbol(symbols.names.size() + i))
      plain = false;

  TileValue loaded;
  if (plain) {
    SmallVector<Value> dims(at.begin(), at.begin() + access.numRanks), extra, strides;
    for (TileValue value : coordinates)
      extra.push_back(value.value);
    Value offset = expand(access.offset, dims, extra);
    for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks))
      if (mask & (1u << dim))
        strides.push_back(expand(access.stride(rank), dims, extra));
    Value lanes = mask & tiles.space.laneBit() ? limit : Value();
    loaded = {tile::LoadOp::create(builder, loc, tiles.space.type(mask, stored), buffer, offset,
                                   strides, lanes),
              mask};
  } else {
    SmallVector<TileValue> dims, values;
    for (unsigned rank = 0; rank < access.numRanks; ++rank)
      dims.push_back(at[rank] ? coordinate(rank) : TileValue());
    for (Value symbol : symbolValues)
      values.push_back({symbol, 0});
    llvm::append_range(values, coordinates);
    TileValue inside = tiles.constant(builder.getBoolAttr(true));
    auto require = [&](TileValue a, arith::CmpIPredicate predicate, TileValue b) {
      TileValue holds = tiles.create<arith::CmpIOp>(
          builder.getI1Type(), {a, b},
          std::pair<StringRef, Attribute>("predicate",
                                          builder.getI64IntegerAttr((int64_t)predicate)));
      inside = tiles.create<arith::AndIOp>(builder.getI1Type(), {inside, holds});
    };
    if (!access.inside)
      for (auto [index, extent] : llvm::zip(access.indices, access.extents)) {
        TileValue place = tiles.evaluate(index, dims, values);
        require(place, arith::CmpIPredicate::sge, tiles.index(0));
        require(place, arith::CmpIPredicate::slt, tiles.evaluate(extent, {}, values));
      }
    // A point that does not exist contributes nothing, whichever operand
    // it is missing from; lanes past the limit are no points at all.
    if (!access.inside)
      exists = exists.value ? tiles.create<arith::AndIOp>(builder.getI1Type(), {exists, inside})
                            : inside;
    if (limit)
      inside = tiles.create<arith::AndIOp>(builder.getI1Type(), {inside, laneMask()});
    TileValue offsets = tiles.evaluate(access.offset, dims, values);
    loaded =
        tiles.create<arith::SelectOp>(builder.getIndexType(), {inside, offsets, tiles.index(0)});
    TileValue where = tiles.broadcast(inside, loaded.mask);
    loaded.value = tile::GatherOp::create(builder, loc, tiles.space.type(loaded.mask, stored),
                                          buffer, loaded.value, where.value);
  }
  if (stored != element)
    loaded = tiles.create<arith::TruncIOp>(element, {loaded});
  return loaded;
}

/// The value that the body of `op` yields at the current tile. If it is a
/// product and `multiplicand` is given, one factor is left there instead.
TileValue KernelLowering::evaluate(ein::EinsumOp op, TileValue *multiplicand, TileValue *exists) {
  Block &block = op.getBody().front();
  DenseMap<Value, TileValue> values;
  SmallVector<TileValue> coordinates(op.getInputs().size());
  TileValue present;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    if (auto it = results.find(op.getInputs()[i]); it != results.end()) {
      values[block.getArgument(i)] = it->second;
      continue;
    }
    TileValue loaded = load(op, i, coordinates, present);
    values[block.getArgument(i)] = loaded;
    if (!cast<StringAttr>(op.getCoords()[i]).getValue().empty())
      coordinates[i] = tiles.create<arith::IndexCastOp>(builder.getIndexType(), {loaded});
  }
  Operation *product = nullptr;
  if (multiplicand)
    if (auto mul = op.getYielded().getDefiningOp<arith::MulFOp>(); mul && mul->hasOneUse())
      product = mul;
  for (Operation &inner : block.without_terminator()) {
    if (&inner == product)
      continue;
    if (auto index = dyn_cast<ein::IndexOp>(inner)) {
      values[index] = coordinate(op.findRank(index.getRank()));
    } else if (auto extent = dyn_cast<ein::ExtentOp>(inner)) {
      values[extent] = {expand(symbols.expr(extent.getExtent()), {}), 0};
    } else {
      SmallVector<TileValue> operands;
      for (Value operand : inner.getOperands())
        operands.push_back(values.lookup(operand));
      values[inner.getResult(0)] = tiles.clone(&inner, operands);
    }
  }
  if (exists)
    *exists = present;
  if (product) {
    *multiplicand = values.lookup(product->getOperand(1));
    return values.lookup(product->getOperand(0));
  }
  TileValue result = values.lookup(op.getYielded());
  if (present.value && op.getMonoids().empty()) {
    TileValue zero = tiles.constant(builder.getZeroAttr(op.getYielded().getType()));
    result = tiles.create<arith::SelectOp>(op.getYielded().getType(), {present, result, zero});
  }
  return result;
}

/// Loops over a reduced rank with `init` carried.
void KernelLowering::emitReducedRank(unsigned rank, ArrayRef<Value> init,
                                     SmallVectorImpl<Value> &result,
                                     function_ref<SmallVector<Value>(ArrayRef<Value>)> inner) {
  int64_t size = schedule.ranks[rank].tile;
  Value extent = extentOf(rank), zero = constant(0), step = constant(size), whole = extent;
  bool even = divides(rank, size) || size == 1;
  if (!even) {
    Value rest = arith::RemUIOp::create(builder, loc, extent, step);
    whole = arith::SubIOp::create(builder, loc, extent, rest);
  }
  auto loop = scf::ForOp::create(builder, loc, zero, whole, step, init);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    at[rank] = loop.getInductionVar();
    active[rank] = size;
    SmallVector<Value> carried(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    scf::YieldOp::create(builder, loc, inner(carried));
  }
  result.assign(loop.getResults().begin(), loop.getResults().end());
  if (even)
    return;
  Value ragged = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, whole, extent);
  auto branch = scf::IfOp::create(builder, loc, TypeRange(ValueRange(result)), ragged, true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    at[rank] = whole;
    limit = arith::SubIOp::create(builder, loc, extent, whole);
    SmallVector<Value> last = inner(result);
    limit = Value();
    scf::YieldOp::create(builder, loc, last);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, result);
  }
  result.assign(branch.getResults().begin(), branch.getResults().end());
}

/// The reductions from `rank` inward, joined to `running`.
SmallVector<Value> KernelLowering::reduceFrom(unsigned rank, ArrayRef<Value> running) {
  uint32_t full = tiles.space.fullMask();
  Type element = root.getYielded().getType();
  if (rank == root.getNumRanks()) {
    ein::Monoid monoid = root.getMonoid(rank - 1);
    TileValue factor, exists, carried{running[0], full};
    TileValue value = evaluate(root, monoid == ein::Monoid::add ? &factor : nullptr, &exists);
    bool laneReduced = schedule.lanes >= static_cast<int>(root.getNumFree());
    if (limit && laneReduced)
      exists = exists.value ? tiles.create<arith::AndIOp>(builder.getI1Type(), {exists, laneMask()})
                            : laneMask();
    if (factor.value && !exists.value)
      return {tiles.create<math::FmaOp>(element, {tiles.broadcast(value, full), factor, carried})
                  .value};
    if (factor.value)
      value = tiles.create<arith::MulFOp>(element, {value, factor});
    if (isArg(monoid))
      return combineArg(tiles, monoid, running, full, value, coordinate(rank - 1), exists);
    if (exists.value)
      value = tiles.create<arith::SelectOp>(
          element, {exists, value, tiles.constant(identityOf(monoid, element))});
    return {combine(tiles, monoid, carried, tiles.broadcast(value, full)).value};
  }
  SmallVector<Value> result;
  emitReducedRank(rank, running, result, [&](ArrayRef<Value> carried) -> SmallVector<Value> {
    unsigned next = rank + 1;
    if (next == root.getNumRanks() || root.getMonoid(next) == root.getMonoid(rank))
      return reduceFrom(next, carried);
    TileValue start =
        tiles.broadcast(tiles.constant(identityOf(root.getMonoid(next), element)), full);
    Value inner = reduceFrom(next, start.value)[0];
    return {combine(tiles, root.getMonoid(rank), {carried[0], full}, {inner, full}).value};
  });
  return result;
}

void KernelLowering::emitTile() {
  setSpace();
  results.clear();
  TileValue value;
  if (root.getMonoids().empty()) {
    value = evaluate(root, nullptr, nullptr);
  } else {
    uint32_t full = tiles.space.fullMask();
    Type element = root.getYielded().getType();
    ein::Monoid monoid = root.getMonoid(root.getNumFree());
    SmallVector<Value> init = {
        tiles.broadcast(tiles.constant(identityOf(monoid, element)), full).value};
    if (isArg(monoid))
      init.push_back(tiles.broadcast(tiles.index(-1), full).value);
    SmallVector<Value> reduced = reduceFrom(root.getNumFree(), init);
    value = {reduced.back(), full};
    if (isArg(monoid))
      value =
          tiles.create<arith::IndexCastOp>(root.getResult().getType().getElementType(), {value});
    if (schedule.lanes >= static_cast<int>(root.getNumFree())) {
      uint32_t mask = full & ~tiles.space.laneBit();
      value = {tile::ReduceOp::create(builder, loc, tiles.space.type(mask, element), value.value,
                                      stringifyMonoid(monoid)),
               mask};
    }
    for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank) {
      at[rank] = Value();
      active[rank] = 1;
    }
  }
  results[root.getResult()] = value;
  for (ein::EinsumOp op : epilogue) {
    value = evaluate(op, nullptr, nullptr);
    results[op.getResult()] = value;
  }
  store(value);
}

void KernelLowering::store(TileValue value) {
  uint32_t mask = 0;
  SmallVector<Value> strides, dims(at.begin(), at.begin() + write.numRanks), extra;
  if (update)
    extra.push_back(Value());
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks))
    if (rank < write.numRanks && active[rank] > 1) {
      mask |= 1u << dim;
      strides.push_back(expand(write.stride(rank), dims, extra));
    }
  value = tiles.broadcast(value, mask);
  Type element = getElementTypeOrSelf(value.value.getType());
  if (Type stored = storageType(element); stored != element)
    value = tiles.create<arith::ExtUIOp>(stored, {value});
  Value lanes = mask & tiles.space.laneBit() ? limit : Value();
  tile::StoreOp::create(builder, loc, value.value, output, expand(write.offset, dims, extra),
                        strides, lanes);
}

} // namespace

FailureOr<func::FuncOp> lowerKernel(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                    const TileTarget &target) {
  return KernelLowering(builder, kernel, target).run(name);
}

} // namespace einfall
