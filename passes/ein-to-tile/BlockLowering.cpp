//===- BlockLowering.cpp - What tile programs of all kinds share ----------===//
#include "passes/ein-to-tile/BlockLowering.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/Matchers.h"
#include "passes/ein-to-tile/RealCoordinates.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace einfall {

Type storageType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  return IntegerType::get(element.getContext(),
                          std::max<unsigned>(8, llvm::PowerOf2Ceil(integer.getWidth())));
}

//===----------------------------------------------------------------------===//
// The program around a block
//===----------------------------------------------------------------------===//

func::FuncOp declareProgram(OpBuilder &builder, ein::KernelOp kernel, const KernelSymbols &symbols,
                            StringRef name) {
  SmallVector<Type> types;
  auto addBuffer = [&](Type tensor) {
    types.push_back(MemRefType::get({ShapedType::kDynamic},
                                    storageType(cast<ein::TensorType>(tensor).getElementType())));
  };
  llvm::for_each(kernel.getInputs().getTypes(), addBuffer);
  for (Value result : kernel.getResults())
    if (!kernel.getInPlaceOperand(cast<OpResult>(result).getResultNumber()))
      addBuffer(result.getType());
  types.append(symbols.numExtents + 1, builder.getIndexType());
  auto program =
      func::FuncOp::create(builder, kernel.getLoc(), name, builder.getFunctionType(types, {}));
  program.setPrivate();
  program.addEntryBlock();
  return program;
}

void describeProgram(func::FuncOp program, const KernelSymbols &symbols, AffineExpr grid,
                     AffineExpr work) {
  Builder builder(program.getContext());
  unsigned numSymbols = symbols.numExtents;
  program->setAttr(tile::kProgram, builder.getUnitAttr());
  program->setAttr(tile::kGrid, AffineMapAttr::get(AffineMap::get(0, numSymbols, grid)));
  program->setAttr(tile::kWork, AffineMapAttr::get(AffineMap::get(0, numSymbols, work)));
  program->setAttr(tile::kSymbols, builder.getArrayAttr(SmallVector<Attribute>(
                                       symbols.names.begin(), symbols.names.begin() + numSymbols)));
}

func::FuncOp BlockLowering::begin(StringRef name) {
  func::FuncOp program = declareProgram(builder, kernel, symbols, name);
  Block *entry = &program.getBody().front();
  builder.setInsertionPointToStart(entry);
  unsigned numBuffers = entry->getNumArguments() - symbols.numExtents - 1;
  unsigned next = kernel.getInputs().size();
  for (unsigned i = 0; i < next; ++i)
    buffers.push_back(entry->getArgument(i));
  for (unsigned i = 0, e = kernel.getNumResults(); i < e; ++i) {
    std::optional<unsigned> inPlace = kernel.getInPlaceOperand(i);
    outputs.push_back(inPlace ? buffers[*inPlace] : Value(entry->getArgument(next++)));
  }
  for (unsigned i = 0; i < symbols.numExtents; ++i)
    symbolValues.push_back(entry->getArgument(numBuffers + i));
  symbolValues.resize(symbols.names.size());
  at.assign(extents.size(), Value());
  ends.assign(extents.size(), Value());
  active.assign(extents.size(), 1);
  return program;
}

AffineExpr BlockLowering::placeBlock(Value number, AffineExpr &work) {
  blockNumber = number;
  AffineExpr grid = builder.getAffineConstantExpr(1);
  for (unsigned rank : llvm::reverse(schedule.order)) {
    int64_t size = schedule.ranks[rank].block;
    AffineExpr blocks = symbols.expr(extents[rank]).ceilDiv(size);
    grid = grid * blocks;
    Value count = expand(blocks, {});
    Value place = arith::RemUIOp::create(builder, loc, number, count);
    number = arith::DivUIOp::create(builder, loc, number, count);
    at[rank] = arith::MulIOp::create(builder, loc, place, constant(size));
    work = work * size;
  }
  return grid;
}

void BlockLowering::finish(func::FuncOp program, AffineExpr grid, AffineExpr work) {
  func::ReturnOp::create(builder, loc);
  describeProgram(program, symbols, grid, work);
}

void BlockLowering::planWalk(ArrayRef<Access> accesses, ArrayRef<bool> parallel, Type element) {
  schedule.ranks.resize(extents.size());
  int best = 0, last = -1;
  for (unsigned rank = 0; rank < extents.size(); ++rank) {
    if (!parallel[rank])
      continue;
    schedule.order.push_back(rank);
    if (extents[rank].getLiteral() == 1)
      continue;
    last = rank;
    int score = 0;
    for (const Access &access : accesses)
      if (access.dependsOn(rank))
        score += access.isUnitStride(rank) ? 1 : -2;
    if (score > best) {
      best = score;
      schedule.lanes = rank;
    }
  }
  int rank = schedule.lanes >= 0 ? schedule.lanes : last;
  if (rank < 0)
    return;
  int64_t size = extents[rank].getLiteral().value_or(64);
  RankSchedule &plan = schedule.ranks[rank];
  int64_t bytes = std::max<int64_t>(1, storageType(element).getIntOrFloatBitWidth() / 8);
  int64_t least = schedule.lanes >= 0 ? target.lanesOf(bytes) : 1;
  int64_t tile = 4 * least;
  while (tile > least && tile / 2 >= size)
    tile /= 2;
  plan.tiles = {tile};
  plan.block = tile;
}

Value BlockLowering::bufferOf(Value tensor) {
  return buffers[cast<BlockArgument>(tensor).getArgNumber()];
}

//===----------------------------------------------------------------------===//
// Coordinates and elements
//===----------------------------------------------------------------------===//

/// Where `value`, a coordinate of rows and numbers that are added to it, begins; null if it
/// is something else.
static Value firstOf(OpBuilder &builder, Location loc, Value value) {
  if (auto iota = value.getDefiningOp<tile::IotaOp>())
    return iota.getStart();
  if (auto cast = value.getDefiningOp<arith::IndexCastOp>()) {
    Value first = firstOf(builder, loc, cast.getIn());
    Type type = getElementTypeOrSelf(cast.getType());
    return first ? arith::IndexCastOp::create(builder, loc, type, first).getResult() : first;
  }
  auto *sum = value.getDefiningOp();
  if (!isa_and_present<arith::AddIOp, arith::SubIOp>(sum))
    return {};
  auto shared = sum->getOperand(1).getDefiningOp<tile::BroadcastOp>();
  if (!shared || isa<RankedTensorType>(shared.getSource().getType()))
    return {};
  Value first = firstOf(builder, loc, sum->getOperand(0));
  if (!first)
    return {};
  if (isa<arith::AddIOp>(sum))
    return arith::AddIOp::create(builder, loc, first, shared.getSource());
  return arith::SubIOp::create(builder, loc, first, shared.getSource());
}

/// A fragment's columns against what is the same in all of them, as numbers of 32 bits that
/// count from its first column; null if that is not what is compared.
TileValue BlockLowering::compareColumns(arith::CmpIPredicate predicate, TileValue a, TileValue b) {
  constexpr uint32_t kColumns = 2;
  if (!tiles.space.fragment || !a.value || !b.value)
    return {};
  auto startOf = [](TileValue value) -> Value {
    Value whole = value.value;
    while (auto cast = whole.getDefiningOp<arith::IndexCastOp>())
      whole = cast.getIn();
    auto iota = whole.getDefiningOp<tile::IotaOp>();
    return value.mask == kColumns && iota ? iota.getStart() : Value();
  };
  using arith::CmpIPredicate;
  Value start = startOf(b);
  if (!start) {
    constexpr CmpIPredicate turned[] = {CmpIPredicate::eq,  CmpIPredicate::ne,  CmpIPredicate::sgt,
                                        CmpIPredicate::sge, CmpIPredicate::slt, CmpIPredicate::sle};
    if (predicate > CmpIPredicate::sge || !(start = startOf(a)))
      return {};
    std::swap(a, b);
    predicate = turned[(int)predicate];
  }
  Type type = getElementTypeOrSelf(a.value.getType());
  if (a.mask & kColumns || predicate > CmpIPredicate::sge ||
      !(type.isIndex() || type.isInteger(64)))
    return {};
  // Of rows, their first one's will do, and what each adds is small.
  Value first = a.mask ? firstOf(builder, loc, a.value) : Value();
  TileValue rows;
  Type narrow = builder.getI32Type();
  if (first) {
    rows = {tile::IotaOp::create(builder, loc, tiles.space.type(a.mask, builder.getIndexType()),
                                 constant(0)),
            a.mask};
    rows = tiles.create<arith::IndexCastOp>(narrow, {rows});
    a = {first, 0};
  }
  // Coordinates are not negative; what is beyond the columns is beside them, too.
  int64_t beside = first ? kSmallCoordinate : 0;
  auto number = [&](int64_t value) { return tiles.constant(builder.getIntegerAttr(type, value)); };
  TileValue from{start, 0}, none = number(-1 - beside), all = number(tiles.space.sizes[1] + beside);
  if (!type.isIndex())
    from = tiles.create<arith::IndexCastOp>(type, {from});
  a = tiles.create<arith::MaxSIOp>(type, {a, none});
  a = tiles.create<arith::SubIOp>(type, {a, from});
  a = tiles.create<arith::MinSIOp>(type, {tiles.create<arith::MaxSIOp>(type, {a, none}), all});
  a = type.isIndex() ? tiles.create<arith::IndexCastOp>(narrow, {a})
                     : tiles.create<arith::TruncIOp>(narrow, {a});
  if (first)
    a = tiles.create<arith::AddIOp>(narrow, {a, rows});
  // Bounds have one form, so that several can be one: columns are below a limit, or not.
  if (predicate == CmpIPredicate::slt || predicate == CmpIPredicate::sge) {
    a = tiles.create<arith::AddIOp>(narrow, {a, tiles.constant(builder.getIntegerAttr(narrow, 1))});
    predicate = predicate == CmpIPredicate::slt ? CmpIPredicate::sle : CmpIPredicate::sgt;
  }
  TileValue columns{tile::IotaOp::create(builder, loc,
                                         tiles.space.type(kColumns, builder.getIndexType()),
                                         constant(0)),
                    kColumns};
  return compare(predicate, a, tiles.create<arith::IndexCastOp>(narrow, {columns}));
}

TileValue BlockLowering::compare(arith::CmpIPredicate predicate, TileValue a, TileValue b) {
  if (TileValue narrow = compareColumns(predicate, a, b); narrow.value)
    return narrow;
  return tiles.create<arith::CmpIOp>(
      builder.getI1Type(), {a, b},
      std::pair<StringRef, Attribute>("predicate", builder.getI64IntegerAttr((int64_t)predicate)));
}

TileValue BlockLowering::coordinate(unsigned rank) {
  int dim = tiles.space.find(rank);
  if (dim < 0 || active[rank] == 1)
    return {at[rank], 0};
  uint32_t mask = 1u << dim;
  TileValue each = {
      tile::IotaOp::create(builder, loc, tiles.space.type(mask, builder.getIndexType()), at[rank]),
      mask};
  Value last = staysInside && rank < lasts.size() ? lasts[rank] : Value();
  if (staysInside && limit && mask == tiles.space.laneBit()) {
    last = arith::AddIOp::create(builder, loc, at[rank], limit);
    last = arith::SubIOp::create(builder, loc, last, constant(1));
  }
  if (!last)
    return each;
  return tiles.create<arith::MinSIOp>(builder.getIndexType(), {each, {last, 0}});
}

/// True if a tile of it has coordinates that do not exist.
bool BlockLowering::runsBeyond(const Access &access) const {
  return llvm::any_of(llvm::seq<unsigned>(0, std::min<size_t>(lasts.size(), access.numRanks)),
                      [&](unsigned rank) { return lasts[rank] && access.dependsOn(rank); });
}

TileValue BlockLowering::laneMask() {
  uint32_t mask = tiles.space.laneBit();
  Value lane = tile::IotaOp::create(builder, loc, tiles.space.type(mask, builder.getIndexType()),
                                    constant(0));
  return compare(arith::CmpIPredicate::slt, {lane, mask}, {limit, 0});
}

TileValue BlockLowering::edgeOf(uint32_t mask) {
  TileValue all;
  for (auto [dim, edge] : llvm::enumerate(edges))
    if (mask & (1u << dim))
      all = both(all, edge);
  return all;
}

TileValue BlockLowering::toIndex(TileValue value) {
  // A truth value is 0 or 1.
  if (getElementTypeOrSelf(value.value.getType()).isInteger(1))
    return tiles.create<arith::IndexCastUIOp>(builder.getIndexType(), {value});
  return tiles.create<arith::IndexCastOp>(builder.getIndexType(), {value});
}

void BlockLowering::valuesOf(const Access &access, ArrayRef<TileValue> coordinates,
                             SmallVectorImpl<TileValue> &dims, SmallVectorImpl<TileValue> &values) {
  for (unsigned rank = 0; rank < access.numRanks; ++rank)
    dims.push_back(at[rank] ? coordinate(rank) : TileValue());
  for (Value symbol : symbolValues)
    values.push_back({symbol, 0});
  llvm::append_range(values, coordinates);
}

TileValue BlockLowering::insideOf(const Access &access, ArrayRef<TileValue> dims,
                                  ArrayRef<TileValue> values) {
  TileValue inside = tiles.constant(builder.getBoolAttr(true));
  for (auto [index, extent] : llvm::zip(access.indices, access.extents)) {
    TileValue place = tiles.evaluate(index, dims, values);
    inside = both(inside, compare(arith::CmpIPredicate::sge, place, tiles.index(0)));
    inside =
        both(inside, compare(arith::CmpIPredicate::slt, place, tiles.evaluate(extent, {}, values)));
  }
  return inside;
}

BlockLowering::Reach BlockLowering::reach(const Access &access, ArrayRef<TileValue> coordinates,
                                          bool anyLaneStep) {
  Reach result;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    if (rank >= access.numRanks || active[rank] == 1 || !access.dependsOn(rank))
      continue;
    result.mask |= 1u << dim;
    bool lane = tiles.space.laneBit() == 1u << dim && !anyLaneStep;
    result.strided &= lane ? access.isUnitStride(rank) : access.stride(rank) != nullptr;
  }
  for (auto [i, value] : llvm::enumerate(coordinates))
    if (value.value && value.mask && access.offset.isFunctionOfSymbol(symbols.names.size() + i))
      result.strided = false;
  if (!access.inside()) {
    SmallVector<TileValue> dims, values;
    valuesOf(access, coordinates, dims, values);
    result.inside = insideOf(access, dims, values);
  }
  result.edge = edgeOf(result.mask);
  return result;
}

SmallVector<Value> BlockLowering::stridesOf(const Access &access, uint32_t mask,
                                            ArrayRef<Value> dims, ArrayRef<Value> extra) {
  SmallVector<Value> strides;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks))
    if (mask & (1u << dim)) {
      AffineExpr stride = rank < access.numRanks ? access.stride(rank) : AffineExpr();
      strides.push_back(stride ? expand(stride, dims, extra) : constant(0));
    }
  return strides;
}

/// How far ahead of an access to ask for what comes next along `aheadRank`: the next tile,
/// or the fourth one of lanes, which are the line after this one.
IntegerAttr BlockLowering::aheadOf(const Access &access, Value buffer) {
  if (auto next = nextOperands.find(buffer);
      next != nextOperands.end() && !limit && access.dependsOn(nextRank)) {
    auto step = dyn_cast_or_null<AffineConstantExpr>(access.stride(nextRank));
    return step ? builder.getI64IntegerAttr(step.getValue() * next->second) : IntegerAttr();
  }
  if (aheadRank < 0 || limit || !access.dependsOn(aheadRank) ||
      (aheadWith >= 0 && !access.dependsOn(aheadWith)))
    return {};
  auto step = dyn_cast_or_null<AffineConstantExpr>(access.stride(aheadRank));
  if (!step)
    return {};
  bool isLanes = aheadRank == schedule.lanes;
  int64_t tiles = isLanes ? kTilesAhead * schedule.ranks[aheadRank].tile() : active[aheadRank];
  return builder.getI64IntegerAttr(step.getValue() * tiles);
}

TileValue BlockLowering::loadStrided(const Access &access, Value buffer, Type stored,
                                     const Reach &where, ArrayRef<TileValue> coordinates) {
  SmallVector<Value> dims(at.begin(), at.begin() + access.numRanks), extra;
  for (TileValue value : coordinates)
    extra.push_back(value.value);
  // A mask may vary along dimensions that the offset does not depend on.
  TileValue inside = both(where.inside, where.edge);
  uint32_t mask = where.mask | inside.mask;
  Type type = tiles.space.type(mask, stored);
  IntegerAttr ahead = mask & tiles.space.laneBit() ? aheadOf(access, buffer) : IntegerAttr();
  auto emit = [&](Value allowed) -> Value {
    Value lanes = mask & tiles.space.laneBit() && !where.hasRoom ? limit : Value();
    return tile::LoadOp::create(builder, loc, type, buffer, expand(access.offset, dims, extra),
                                stridesOf(access, mask, dims, extra), lanes, allowed, ahead);
  };
  if (!inside.value)
    return {emit({}), mask};
  if (inside.mask)
    return {emit(tiles.broadcast(inside, mask).value), mask};
  // One condition for the whole tile.
  auto branch = scf::IfOp::create(builder, loc, TypeRange(type), inside.value, true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, ValueRange{emit({})});
  builder.setInsertionPointToStart(branch.elseBlock());
  TileValue zero = tiles.broadcast(tiles.constant(builder.getZeroAttr(stored)), mask);
  scf::YieldOp::create(builder, loc, ValueRange{zero.value});
  return {branch.getResult(0), mask};
}

/// Element by element, wherever each is.
TileValue BlockLowering::gather(const Access &access, Value buffer, Type stored, const Reach &where,
                                ArrayRef<TileValue> coordinates) {
  SmallVector<TileValue> dims, values;
  valuesOf(access, coordinates, dims, values);
  TileValue inside = both(where.inside, where.edge);
  if (!inside.value)
    inside = tiles.constant(builder.getBoolAttr(true));
  if (limit && !staysInside) // lanes past the limit are no points at all
    inside = both(inside, laneMask());
  TileValue loaded = tiles.evaluate(access.offset, dims, values);
  if (!staysInside || !matchPattern(inside.value, m_One()))
    loaded =
        tiles.create<arith::SelectOp>(builder.getIndexType(), {inside, loaded, tiles.index(0)});
  TileValue allowed = tiles.broadcast(inside, loaded.mask);
  loaded.value = tile::GatherOp::create(builder, loc, tiles.space.type(loaded.mask, stored), buffer,
                                        loaded.value, allowed.value);
  return loaded;
}

TileValue BlockLowering::load(const Access &access, Value source, ArrayRef<TileValue> coordinates,
                              TileValue &exists) {
  Value buffer = bufferOf(source);
  Type element = cast<ein::TensorType>(source.getType()).getElementType();
  Type stored = storageType(element);
  staysInside = runsBeyond(access) && !isOwn(source);
  Reach where = reach(access, coordinates);
  where.hasRoom = lanesHaveRoom && isOwn(source);
  // A point that does not exist contributes nothing, whichever operand it is
  // missing from.
  if (where.inside.value && !access.fill)
    exists = both(exists, where.inside);

  TileValue loaded;
  if (where.strided && !staysInside) {
    loaded = loadStrided(access, buffer, stored, where, coordinates);
  } else if (TileValue picked = loadPicks(access, buffer, stored, where, coordinates);
             picked.value) {
    loaded = picked;
  } else {
    loaded = gather(access, buffer, stored, where, coordinates);
  }
  staysInside = false;
  if (stored != element)
    loaded = tiles.create<arith::TruncIOp>(element, {loaded});
  // What a mask leaves out was loaded as 0.
  if (access.fill && where.inside.value && access.fill != builder.getZeroAttr(element))
    loaded =
        tiles.create<arith::SelectOp>(element, {where.inside, loaded, tiles.constant(access.fill)});
  return loaded;
}

Value BlockLowering::goesPastCaches(Value buffer, Value offset, int64_t lanes) {
  auto *output = llvm::find(outputs, buffer);
  if (target.warpLanes || output == outputs.end() || llvm::is_contained(buffers, buffer))
    return {};
  auto type = cast<ein::TensorType>(kernel.getResult(output - outputs.begin()).getType());
  int64_t width = storageType(type.getElementType()).getIntOrFloatBitWidth() / 8;
  constexpr int64_t kLine = 64;
  if (width == 0 || !llvm::isPowerOf2_64(lanes) || lanes * width < kLine)
    return {};
  AffineExpr size = builder.getAffineConstantExpr(width);
  for (ein::ExtentAttr extent : type.getShape())
    size = size * symbols.expr(extent);
  auto literal = dyn_cast<AffineConstantExpr>(size);
  if (literal && literal.getValue() <= target.cacheBytes)
    return {};
  Value inLine = arith::AndIOp::create(builder, loc, offset, constant(kLine / width - 1));
  Value aligned =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, inLine, constant(0));
  if (literal)
    return aligned;
  Value large = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, expand(size, {}),
                                      constant(target.cacheBytes));
  return arith::AndIOp::create(builder, loc, large, aligned);
}

void BlockLowering::store(const Access &access, Value buffer, TileValue value,
                          ArrayRef<TileValue> coordinates, TileValue where) {
  Reach target = reach(access, coordinates, /*anyLaneStep=*/true);
  where = both(both(where, target.inside), edgeOf(value.mask | target.mask));
  Type element = getElementTypeOrSelf(value.value.getType());
  if (Type stored = storageType(element); stored != element)
    value = tiles.create<arith::ExtUIOp>(stored, {value});
  value = tiles.broadcast(value, value.mask | target.mask | where.mask);
  SmallVector<Value> dims(at.begin(), at.begin() + access.numRanks), extra;
  for (TileValue coordinate : coordinates)
    extra.push_back(coordinate.value);
  auto emit = [&](Value allowed) {
    Value lanes = value.mask & tiles.space.laneBit() ? limit : Value();
    Value offset = expand(access.offset, dims, extra);
    SmallVector<Value> strides = stridesOf(access, value.mask, dims, extra);
    Value past;
    if (!lanes && !allowed && value.mask == tiles.space.laneBit() && schedule.lanes >= 0 &&
        access.isUnitStride(schedule.lanes))
      past = goesPastCaches(buffer, offset, tiles.space.sizes.back());
    auto write = [&](bool pastCaches) {
      tile::StoreOp::create(builder, loc, value.value, buffer, offset, strides, lanes, allowed,
                            pastCaches);
    };
    if (!past)
      return write(false);
    auto branch = scf::IfOp::create(builder, loc, past, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    write(true);
    builder.setInsertionPointToStart(branch.elseBlock());
    write(false);
  };
  if (target.strided && !where.value)
    return emit({});
  if (target.strided && where.mask == 0) {
    auto branch = scf::IfOp::create(builder, loc, where.value, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    return emit({});
  }
  if (target.strided)
    return emit(tiles.broadcast(where, value.mask).value);
  SmallVector<TileValue> points, values;
  valuesOf(access, coordinates, points, values);
  TileValue allowed = where.value ? where : tiles.constant(builder.getBoolAttr(true));
  if (limit && value.mask & tiles.space.laneBit())
    allowed = both(allowed, laneMask());
  TileValue offsets = tiles.evaluate(access.offset, points, values);
  tile::ScatterOp::create(builder, loc, value.value, buffer,
                          tiles.broadcast(offsets, value.mask).value,
                          tiles.broadcast(allowed, value.mask).value);
}

void BlockLowering::evaluateBody(Block &body, DenseMap<Value, TileValue> &values,
                                 function_ref<unsigned(StringRef)> findRank,
                                 function_ref<bool(Operation *)> skip) {
  for (Operation &inner : body.without_terminator()) {
    if (skip && skip(&inner))
      continue;
    if (auto index = dyn_cast<ein::IndexOp>(inner)) {
      values[index] = coordinate(findRank(index.getRank()));
    } else if (auto extent = dyn_cast<ein::ExtentOp>(inner)) {
      values[extent] = {expand(symbols.expr(extent.getExtent()), {}), 0};
    } else {
      SmallVector<TileValue> operands;
      for (Value operand : inner.getOperands())
        operands.push_back(values.lookup(operand));
      if (auto cmp = dyn_cast<arith::CmpIOp>(inner)) {
        TileValue narrow = compareColumns(cmp.getPredicate(), operands[0], operands[1]);
        if (narrow.value) {
          values[cmp] = narrow;
          continue;
        }
      }
      for (auto [result, value] : llvm::zip(inner.getResults(), tiles.clone(&inner, operands)))
        values[result] = value;
    }
  }
}

/// Integers that order as the elements with these bits do.
TileValue BlockLowering::orderKey(TileValue raw, Type element) {
  auto bits = builder.getIntegerType(storageType(element).getIntOrFloatBitWidth());
  auto number = [&](const APInt &value) {
    return tiles.constant(builder.getIntegerAttr(bits, value));
  };
  unsigned width = bits.getWidth();
  auto real = dyn_cast<FloatType>(element);
  if (!real) {
    unsigned own = element.getIntOrFloatBitWidth();
    if (own == 1 || own == width) // truth values are 0 and 1
      return raw;
    TileValue narrow = tiles.create<arith::TruncIOp>(element, {raw});
    return tiles.create<arith::ExtSIOp>(bits, {narrow});
  }
  const llvm::fltSemantics &semantics = real.getFloatSemantics();
  APInt top = APInt::getSignedMaxValue(width);
  TileValue magnitude = tiles.create<arith::AndIOp>(bits, {raw, number(top)});
  TileValue sign = tiles.create<arith::ShRSIOp>(bits, {raw, number(APInt(width, width - 1))});
  TileValue flips = tiles.create<arith::AndIOp>(bits, {sign, number(top)});
  TileValue key = tiles.create<arith::XOrIOp>(bits, {raw, flips});
  TileValue zero = compare(CmpIPredicate::eq, magnitude, number(APInt(width, 0)));
  key = tiles.create<arith::SelectOp>(bits, {zero, number(APInt(width, 0)), key});
  TileValue nan;
  if (APFloat::getZero(semantics, /*Negative=*/true).isNegative()) {
    APFloat greatest = APFloat::semanticsHasInf(semantics) ? APFloat::getInf(semantics)
                                                           : APFloat::getLargest(semantics);
    nan = compare(CmpIPredicate::sgt, magnitude, number(greatest.bitcastToAPInt()));
  } else {
    // A format with one zero: its only NaN is where -0 would be, so the keys
    // from 0 on move down to leave the greatest one free.
    nan = compare(CmpIPredicate::eq, raw, number(APInt::getSignedMinValue(width)));
    TileValue positive = compare(CmpIPredicate::sge, key, number(APInt(width, 0)));
    key = tiles.create<arith::AddIOp>(bits, {key, tiles.create<arith::ExtSIOp>(bits, {positive})});
  }
  return tiles.create<arith::SelectOp>(bits, {nan, number(top), key});
}

} // namespace einfall
