//===- MatrixLowering.cpp - Loops around matrix instructions --------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Monoids.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// Bytes that a thread copies at once.
constexpr int64_t kChunk = 16;

/// In fragments; where there are few rows, in another way, `emitFew` if it is none in
/// fragments. The grid is that of the smallest blocks of all, which has no fewer of them:
/// those that are over do nothing.
void EinsumLowering::emitMatrixOr(function_ref<void()> emitFew, ArrayRef<Access> reads) {
  const Matrix matrix = *schedule.matrix;
  if (matrix.from == 0)
    return emitMatrix(reads);
  Value enough = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                       extentOf(matrix.rows), constant(matrix.from));
  auto branch = scf::IfOp::create(builder, loc, enough, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  if (matrix.few) {
    schedule.matrix = *matrix.few;
    emitMatrixOr(emitFew, reads);
    schedule.matrix = matrix;
  } else {
    emitFew();
  }
  builder.setInsertionPointToStart(branch.thenBlock());
  SmallVector<RankSchedule> saved = schedule.ranks;
  schedule.ranks[matrix.rows].block = matrix.rowBlock;
  schedule.ranks[matrix.columns].block = matrix.columnBlock;
  AffineExpr work = builder.getAffineConstantExpr(1);
  Value blocks = expand(placeBlock(blockNumber, work), {});
  Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, blockNumber, blocks);
  auto inside = scf::IfOp::create(builder, loc, some, /*withElse=*/false);
  builder.setInsertionPointToStart(inside.thenBlock());
  emitMatrix(reads);
  schedule.ranks = saved;
}

/// The block's part of the root and its epilogue in fragments.
void EinsumLowering::emitMatrix(ArrayRef<Access> reads) {
  Matrix &matrix = *schedule.matrix;
  MatrixLoop loop;
  loop.reads = reads;
  // The reduced ranks as one: parts of the depth go fastest.
  Value begin = std::exchange(starts[matrix.depth], Value());
  Value end = std::exchange(ends[matrix.depth], Value());
  matrix.isEven =
      divides(matrix.depth, matrix.part) && (!end || blockParts()[matrix.depth] % matrix.part == 0);
  loop.begin = begin ? begin : constant(0);
  loop.end = end ? end : extentOf(matrix.depth);
  loop.parts = arith::CeilDivUIOp::create(builder, loc,
                                          arith::SubIOp::create(builder, loc, loop.end, loop.begin),
                                          constant(matrix.part));
  loop.count = loop.parts;
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank)
    if (rank != matrix.depth) {
      loop.outer.push_back(rank);
      loop.count = arith::MulIOp::create(builder, loc, loop.count, extentOf(rank));
    }
  enterFragments();
  loop.zero = splat(builder.getF32FloatAttr(0), tiles.space.fullMask());

  Value sums, aligned = copiesAreAligned(loop);
  if (!aligned) {
    sums = emitPartByPart(loop);
  } else if (matrix.isFused()) {
    // Fused products are long as they are.
    rowsAligned = aligned;
    sums = emitRing(loop);
    rowsAligned = Value();
    tile::BarrierOp::create(builder, loc); // the ring's memory is that of what follows
  } else {
    auto branch = scf::IfOp::create(builder, loc, loop.zero.getType(), aligned, true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, loc, emitRing(loop));
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, emitPartByPart(loop));
    sums = branch.getResult(0);
  }
  leaveReduced();
  starts[matrix.depth] = begin;
  ends[matrix.depth] = end;
  finishFragments(sums);
}

/// Whether all rows of the factors that are copied begin runs of 16 bytes; null if
/// none is copied.
Value EinsumLowering::copiesAreAligned(const MatrixLoop &loop) {
  Value all;
  for (const Factor *factor : {&schedule.matrix->lhs, &schedule.matrix->rhs})
    if (Value aligned = copiesAligned(*factor, loop.reads, loop.outer))
      all = all ? Value(arith::AndIOp::create(builder, loc, all, aligned)) : aligned;
  return all;
}

Value EinsumLowering::copiesAligned(const Factor &factor, ArrayRef<Access> reads,
                                    ArrayRef<unsigned> outer) {
  if (factor.operand < 0)
    return {};
  const Access &read = reads[factor.operand];
  SmallVector<Value> dims(at.begin(), at.begin() + read.numRanks), strides;
  SmallVector<Value> none(root.getInputs().size(), constant(0));
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank)
    dims[rank] = constant(0);
  strides.push_back(expand(read.stride(factor.major), dims, none));
  for (unsigned rank : outer)
    strides.push_back(expand(read.stride(rank), dims, none));
  return tile::IsAlignedOp::create(builder, loc, builder.getI1Type(),
                                   bufferOf(root.getInputs()[factor.operand]),
                                   expand(read.offset, dims, none), strides);
}

Value EinsumLowering::openRing(StringRef name, int64_t depth, int64_t ahead,
                               ArrayRef<Factor> factors) {
  SmallVector<Type> slot = llvm::map_to_vector(factors, [](const Factor &factor) -> Type {
    return MemRefType::get({factor.size()}, factor.element);
  });
  return tile::ArefCreateOp::create(
      builder, loc, tile::ArefType::get(builder.getContext(), depth, slot), name, ahead, /*lag=*/0);
}

/// Parts of both factors come to the block's memory in a ring of slots: while one is
/// multiplied, the others are on their way. One barrier a part: whoever passes it has
/// seen the part that comes next arrive, and everyone leave the slot that is filled
/// next. As long as what is filled is whole, the loop is all in one piece, so that
/// instructions find others to go on beside them; the rest is little code. With `rowsAligned`
/// rows that begin anywhere are part of the rest: they are there at once, which does no harm.
Value EinsumLowering::emitRing(MatrixLoop loop) {
  const Matrix &matrix = *schedule.matrix;
  loop.ring = openRing("factors", matrix.slots, matrix.slots - 2, {matrix.lhs, matrix.rhs});
  Value whole = wholeParts(loop);
  if (rowsAligned)
    whole = arith::SelectOp::create(builder, loc, rowsAligned, whole, constant(0));
  // Of no parts there is one, of zeros.
  if (!loop.outer.empty()) {
    Value some =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, loop.count, constant(0));
    loop.end = arith::SelectOp::create(builder, loc, some, loop.end, loop.begin);
  }
  loop.count = arith::MaxSIOp::create(builder, loc, loop.count, constant(1));
  auto first =
      scf::ForOp::create(builder, loc, constant(0), constant(matrix.slots - 1), constant(1));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(first.getBody());
    putPartIf(loop, first.getInductionVar());
  }
  Value sums = emitWholeParts(loop, whole);
  auto rest = scf::ForOp::create(builder, loc, whole, loop.count, constant(1), sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(rest.getBody());
    Value number = rest.getInductionVar();
    Value next = arith::AddIOp::create(builder, loc, number, constant(1));
    auto slot = tile::ArefSlotOp::create(builder, loc, loop.ring, number);
    putPartIf(loop, arith::AddIOp::create(builder, loc, number, constant(matrix.slots - 1)));
    sums = multiplyBySteps(rest.getRegionIterArg(0), slot.getMemory());
    tile::ArefReleaseOp::create(builder, loc, loop.ring, number);
    Value more = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, next, loop.count);
    scf::YieldOp::create(builder, loc, sums);
    builder.setInsertionPoint(rest.getBody()->getTerminator());
    auto branch = scf::IfOp::create(builder, loc, more, /*withElse=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
    tile::ArefGetOp::create(builder, loc, loop.ring, next);
  }
  tile::ArefCloseOp::create(builder, loc, loop.ring);
  return rest.getResult(0);
}

/// Multiplies parts 0 to `whole` - 1 and gets the one after. Factors are read one step ahead of
/// what is multiplied, of the next part too.
Value EinsumLowering::emitWholeParts(const MatrixLoop &loop, Value whole) {
  const Matrix &matrix = *schedule.matrix;
  const int64_t steps = matrix.part / matrix.step();
  auto begun = tile::ArefGetOp::create(builder, loc, loop.ring, constant(0));
  SmallVector<Value> carried = {loop.zero};
  llvm::append_range(carried, loadStep(begun.getMemory(), constant(0)));
  auto fast = scf::ForOp::create(builder, loc, constant(0), whole, constant(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(fast.getBody());
  Value number = fast.getInductionVar(), sums = fast.getRegionIterArg(0);
  Value coming = arith::AddIOp::create(builder, loc, number, constant(matrix.slots - 1));
  SmallVector<Value> ready(fast.getRegionIterArgs().drop_front());
  auto slot = tile::ArefSlotOp::create(builder, loc, loop.ring, number);
  auto filled = tile::ArefPutOp::create(builder, loc, loop.ring, coming);
  for (int64_t step = 0; step + 1 < steps; ++step) {
    SmallVector<Value> loaded = loadStep(slot.getMemory(), constant((step + 1) * matrix.step()));
    // A few copies a step: there is room for so many at once.
    fillSlot(loop, coming, filled.getMemory(), Filling::whole, {step, steps - 1});
    if (step + 2 == steps)
      tile::ArefCommitOp::create(builder, loc, loop.ring, coming);
    sums = multiplyStep(sums, std::exchange(ready, loaded));
  }
  tile::ArefReleaseOp::create(builder, loc, loop.ring, number);
  Value following = arith::AddIOp::create(builder, loc, number, constant(1));
  auto next = tile::ArefGetOp::create(builder, loc, loop.ring, following);
  SmallVector<Value> loaded = loadStep(next.getMemory(), constant(0));
  SmallVector<Value> yielded = {multiplyStep(sums, ready)};
  llvm::append_range(yielded, loaded);
  scf::YieldOp::create(builder, loc, yielded);
  return fast.getResult(0);
}

void EinsumLowering::putPart(const MatrixLoop &loop, Value number, Filling filling) {
  auto put = tile::ArefPutOp::create(builder, loc, loop.ring, number);
  fillSlot(loop, number, put.getMemory(), filling);
  tile::ArefCommitOp::create(builder, loc, loop.ring, number);
}

/// If there is such a part.
void EinsumLowering::putPartIf(const MatrixLoop &loop, Value number) {
  Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, number, loop.count);
  auto branch = scf::IfOp::create(builder, loc, some, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  putPart(loop, number, rowsAligned ? Filling::either : Filling::aligned);
}

/// So many parts may be multiplied before one is filled that goes past an end.
Value EinsumLowering::wholeParts(const MatrixLoop &loop) {
  const Matrix &matrix = *schedule.matrix;
  Value isWhole;
  auto require = [&](arith::CmpIPredicate predicate, Value a, Value b) {
    Value holds = arith::CmpIOp::create(builder, loc, predicate, a, b);
    isWhole = isWhole ? Value(arith::AndIOp::create(builder, loc, isWhole, holds)) : holds;
  };
  for (auto [rank, part] :
       {std::pair(matrix.rows, matrix.rowBlock), std::pair(matrix.columns, matrix.columnBlock)})
    if (!divides(rank, part))
      require(arith::CmpIPredicate::sle,
              arith::AddIOp::create(builder, loc, at[rank], constant(part)), extentOf(rank));
  Value count = loop.count;
  if (!matrix.isEven) {
    count = arith::DivUIOp::create(builder, loc,
                                   arith::SubIOp::create(builder, loc, loop.end, loop.begin),
                                   constant(matrix.part));
    if (!loop.outer.empty()) {
      require(arith::CmpIPredicate::eq, count, loop.parts);
      count = loop.count;
    }
  }
  count = arith::SubIOp::create(builder, loc, count, constant(matrix.slots - 1));
  count = arith::MaxSIOp::create(builder, loc, count, constant(0));
  return isWhole ? Value(arith::SelectOp::create(builder, loc, isWhole, count, constant(0)))
                 : count;
}

/// One part after the other.
Value EinsumLowering::emitPartByPart(MatrixLoop loop) {
  const Matrix &matrix = *schedule.matrix;
  loop.ring = openRing("parts", /*depth=*/1, /*ahead=*/0, {matrix.lhs, matrix.rhs});
  auto each = scf::ForOp::create(builder, loc, constant(0), loop.count, constant(1), loop.zero);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(each.getBody());
    Value number = each.getInductionVar();
    putPart(loop, number, Filling::plain);
    auto slot = tile::ArefGetOp::create(builder, loc, loop.ring, number);
    Value sums = multiplyBySteps(each.getRegionIterArg(0), slot.getMemory());
    tile::ArefReleaseOp::create(builder, loc, loop.ring, number);
    scf::YieldOp::create(builder, loc, sums);
  }
  tile::ArefCloseOp::create(builder, loc, loop.ring);
  return each.getResult(0);
}

Value EinsumLowering::multiplyBySteps(Value sums, ValueRange slot) {
  auto steps = scf::ForOp::create(builder, loc, constant(0), constant(schedule.matrix->part),
                                  constant(schedule.matrix->step()), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(steps.getBody());
  SmallVector<Value> factors = loadStep(slot, steps.getInductionVar());
  sums = multiplyStep(steps.getRegionIterArg(0), factors);
  scf::YieldOp::create(builder, loc, sums);
  return steps.getResult(0);
}

/// All but the last are cut off, so that the rest has no more bits than it had, and of the
/// largest numbers nothing overflows. Of an infinity there is no rest; that of a NaN, which cut off
/// may be an infinity, is a NaN.
SmallVector<TileValue> EinsumLowering::splitTerms(TileValue value, int64_t count, Type element) {
  Type own = getElementTypeOrSelf(value.value.getType());
  if (own == element || !own.isF32())
    return {value};
  Type i32 = builder.getI32Type();
  TileValue high = tiles.constant(builder.getIntegerAttr(i32, 0xFFFF0000));
  TileValue infinity = tiles.constant(
      builder.getFloatAttr(own, APFloat::getInf(cast<FloatType>(own).getFloatSemantics())));
  TileValue zero = tiles.constant(builder.getZeroAttr(own));
  SmallVector<TileValue> terms;
  for (; count > 1; --count) {
    TileValue bits = tiles.create<arith::BitcastOp>(i32, {value});
    TileValue cut =
        tiles.create<arith::BitcastOp>(own, {tiles.create<arith::AndIOp>(i32, {bits, high})});
    terms.push_back(tiles.create<arith::TruncFOp>(element, {cut}));
    TileValue hasRest = tiles.create<arith::CmpFOp>(
        builder.getI1Type(), {tiles.create<math::AbsFOp>(own, {value}), infinity},
        std::pair<StringRef, Attribute>(
            "predicate", builder.getI64IntegerAttr((int64_t)arith::CmpFPredicate::UNE)));
    TileValue rest = tiles.create<arith::SubFOp>(own, {value, cut});
    value = tiles.create<arith::SelectOp>(own, {hasRest, rest, zero});
  }
  terms.push_back(tiles.create<arith::TruncFOp>(element, {value}));
  return terms;
}

/// Every term of the left factor times every one of the right one.
Value EinsumLowering::multiplyStep(Value sums, ArrayRef<Value> factors) {
  size_t numLeft = schedule.matrix->lhs.terms;
  for (Value left : factors.take_front(numLeft))
    for (Value right : factors.drop_front(numLeft))
      sums = tile::MmaOp::create(builder, loc, sums.getType(), sums, left, right);
  return sums;
}

/// Brings part `number` of both factors, or a piece of it, to `slot`.
void EinsumLowering::fillSlot(const MatrixLoop &loop, Value number, ValueRange slot,
                              Filling filling, Piece piece) {
  const Matrix &matrix = *schedule.matrix;
  Value part = number, rest = number;
  if (!loop.outer.empty()) {
    part = arith::RemUIOp::create(builder, loc, number, loop.parts);
    rest = arith::DivUIOp::create(builder, loc, number, loop.parts);
  }
  for (unsigned rank : llvm::reverse(loop.outer)) {
    at[rank] = arith::RemUIOp::create(builder, loc, rest, extentOf(rank));
    rest = arith::DivUIOp::create(builder, loc, rest, extentOf(rank));
  }
  // Past the last number there is nothing.
  starts[matrix.depth] = arith::AddIOp::create(
      builder, loc, loop.begin, arith::MulIOp::create(builder, loc, part, constant(matrix.part)));
  Value end = arith::AddIOp::create(builder, loc, starts[matrix.depth], constant(matrix.part));
  end = arith::MinSIOp::create(builder, loc, end, loop.end);
  ends[matrix.depth] = end;
  fillFactor(matrix.lhs, loop.reads, slot[0], filling, piece);
  fillFactor(matrix.rhs, loop.reads, slot[1], filling, piece);
  starts[matrix.depth] = ends[matrix.depth] = Value();
}

/// The terms of both factors in one step's coordinates from `from` on of the part in `slot`.
SmallVector<Value> EinsumLowering::loadStep(ValueRange slot, Value from) {
  const Matrix &matrix = *schedule.matrix;
  SmallVector<Value> loaded = loadTerms(matrix, /*left=*/true, slot[0], from);
  llvm::append_range(loaded, loadTerms(matrix, /*left=*/false, slot[1], from));
  return loaded;
}

SmallVector<Value> EinsumLowering::loadTerms(const Matrix &matrix, bool left, Value memory,
                                             Value from) {
  const Factor &factor = left ? matrix.lhs : matrix.rhs;
  bool along = factor.minor == matrix.depth;
  int64_t free = along ? factor.stride() : 1, deep = along ? 1 : factor.stride();
  Value offset = arith::MulIOp::create(builder, loc, from, constant(deep));
  SmallVector<Value> loaded;
  for (int64_t term = 0; term < factor.terms; ++term) {
    Value place = arith::AddIOp::create(builder, loc, offset, constant(term * factor.termSize()));
    loaded.push_back(tile::LoadFactorOp::create(builder, loc, matrix.stepType(left), memory, place,
                                                builder.getDenseI64ArrayAttr({free, deep})));
  }
  return loaded;
}

/// The tile is all of the block's part, over rows and columns.
void EinsumLowering::enterFragments() {
  const Matrix &matrix = *schedule.matrix;
  tiles.space = TileSpace();
  tiles.space.sizes = {matrix.rowBlock, matrix.columnBlock};
  tiles.space.ranks = {matrix.rows, matrix.columns};
  tiles.space.fragment = tile::FragmentAttr::get(builder.getContext(), matrix.rowWarps,
                                                 matrix.columnWarps, true, true);
  accumulators = tiles.space;
  results.clear();
}

/// Sums go through the block's memory, from where what follows is computed as
/// elsewhere: row by row, lanes along columns.
void EinsumLowering::finishFragments(Value sums) {
  const Matrix &matrix = *schedule.matrix;
  int64_t stride = matrix.sumStride();
  PackedMemory packed;
  packed.packed.value = root.getYielded();
  packed.packed.ranks = {matrix.rows, matrix.columns};
  packed.strides = {stride, 1};
  packed.begins = {at[matrix.rows], at[matrix.columns]};
  packed.buffer = tile::LocalOp::create(
      builder, loc, MemRefType::get({matrix.rowBlock * stride}, root.getYielded().getType()));
  tile::StoreOp::create(builder, loc, sums, packed.buffer, constant(0),
                        ValueRange{constant(stride), constant(1)}, Value(), Value());
  tile::BarrierOp::create(builder, loc);
  Schedule saved = schedule;
  schedule.ranks.assign(saved.ranks.size(), RankSchedule());
  schedule.order = packed.packed.ranks;
  schedule.ranks[matrix.rows].block = matrix.rowBlock;
  schedule.ranks[matrix.columns].block = matrix.columnBlock;
  schedule.lanes = matrix.columns;
  schedule.ranks[matrix.columns].tiles = {std::min(matrix.columnBlock, 4 * target.warpLanes)};
  emitFree(0, [&] {
    setSpace();
    accumulators = tiles.space;
    results.clear();
    storeResults(loadPacked(packed));
  });
  schedule = saved;
}

/// Brings one part of a factor to memory; past its ends are zeros.
void EinsumLowering::fillFactor(const Factor &factor, ArrayRef<Access> reads, Value memory,
                                Filling filling, Piece piece) {
  bool whole = filling == Filling::whole;
  auto left = [&](unsigned rank) -> Value {
    if (whole)
      return {};
    if (rank >= ends.size())
      return constant(1); // a row of no rank
    Value end = ends[rank] ? ends[rank] : extentOf(rank);
    return arith::SubIOp::create(builder, loc, end, startOf(rank));
  };
  if (factor.operand >= 0) {
    const Access &read = reads[factor.operand];
    SmallVector<Value> dims(at.begin(), at.begin() + read.numRanks);
    dims[schedule.matrix->depth] = starts[schedule.matrix->depth];
    // Pieces are whole turns of the block's threads.
    int64_t turn = target.warps * target.warpLanes * kChunk / factor.elementBytes();
    int64_t turns = llvm::divideCeil(factor.majorPart * factor.minorPart, turn);
    int64_t rows = factor.majorPart / turns;
    int64_t from = turns * piece.number / piece.count * rows;
    rows = turns * (piece.number + 1) / piece.count * rows - from;
    if (piece.count == 1)
      rows = factor.majorPart;
    if (rows == 0)
      return;
    if (from)
      dims[factor.major] = arith::AddIOp::create(builder, loc, dims[factor.major], constant(from));
    SmallVector<Value> none(root.getInputs().size(), constant(0));
    Value offset = expand(read.offset, dims, none);
    Value stride = expand(read.stride(factor.major), dims, none);
    Value count = left(factor.major), length = left(factor.minor);
    auto copy = [&](bool isAligned) {
      tile::CopyOp::create(builder, loc, bufferOf(root.getInputs()[factor.operand]), offset, stride,
                           count, length, memory, constant(from * factor.stride()),
                           builder.getDenseI64ArrayAttr({rows, factor.minorPart}),
                           builder.getI64IntegerAttr(factor.stride()),
                           isAligned ? builder.getUnitAttr() : UnitAttr());
    };
    if (filling != Filling::either)
      return copy(filling != Filling::plain);
    auto branch = scf::IfOp::create(builder, loc, rowsAligned, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    copy(/*isAligned=*/true);
    builder.setInsertionPointToStart(branch.elseBlock());
    return copy(/*isAligned=*/false);
  }
  if (piece.number != 0)
    return;
  // Past the last part there is nothing to compute.
  Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                     starts[schedule.matrix->depth], ends[schedule.matrix->depth]);
  auto branch = scf::IfOp::create(builder, loc, some, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  clearTail(factor, memory);
  PackedMemory packed;
  packed.packed.value = factor.value;
  packed.packed.ranks = {factor.major, factor.minor};
  packed.packed.lanes = factor.minor;
  packed.strides = {factor.stride(), 1};
  packed.begins = {startOf(factor.major), startOf(factor.minor)};
  packed.buffer = memory;
  packed.terms = factor.terms;
  packed.termSize = factor.termSize();
  Schedule saved = schedule;
  schedule.ranks.assign(saved.ranks.size(), RankSchedule());
  for (unsigned rank : packed.packed.ranks)
    schedule.ranks[rank].block = rank == saved.matrix->rows      ? saved.matrix->rowBlock
                                 : rank == saved.matrix->columns ? saved.matrix->columnBlock
                                                                 : saved.matrix->part;
  schedule.lanes = factor.minor;
  schedule.ranks[factor.minor].tiles = {target.warpLanes};
  isPacked = true;
  emitPack(packed, packed.packed.ranks, -1);
  isPacked = false;
  schedule = saved;
}

/// The last part of the depth may be short. Computed elements past it would be
/// anything, NaN too, which a product by 0 does not hide.
void EinsumLowering::clearTail(const Factor &factor, Value memory) {
  const Matrix &matrix = *schedule.matrix;
  if (matrix.isEven)
    return;
  Value length = arith::SubIOp::create(builder, loc, ends[matrix.depth], starts[matrix.depth]);
  Value isShort =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, length, constant(matrix.part));
  auto branch = scf::IfOp::create(builder, loc, isShort, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  auto each = scf::ForOp::create(builder, loc, constant(0), constant(factor.size()),
                                 constant(target.warpLanes));
  each->setAttr(tile::kParallel, builder.getUnitAttr());
  tile::BarrierOp::create(builder, loc);
  builder.setInsertionPointToStart(each.getBody());
  Type element = factor.element;
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  Value zeros = tile::BroadcastOp::create(
      builder, loc, tile::tileType({target.warpLanes}, element, /*lanes=*/true), zero,
      builder.getDenseI64ArrayAttr({}));
  Value left = arith::SubIOp::create(builder, loc, constant(factor.size()), each.getInductionVar());
  tile::StoreOp::create(builder, loc, zeros, memory, each.getInductionVar(),
                        ValueRange{constant(1)}, left, Value());
}

} // namespace einfall
