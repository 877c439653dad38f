//===- MatrixLowering.cpp - Loops around matrix instructions --------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein-to-tile/Monoids.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// By matrix instructions, or as `emitFew` does where the block has few rows.
void EinsumLowering::emitMatrixOr(function_ref<void()> emitFew, ArrayRef<Access> reads) {
  const Matrix &matrix = *schedule.matrix;
  if (matrix.from == 0)
    return emitMatrix(reads);
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(matrix.rows), at[matrix.rows]);
  Value enough =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, count, constant(matrix.from));
  auto branch = scf::IfOp::create(builder, loc, enough, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  emitFew();
  builder.setInsertionPointToStart(branch.thenBlock());
  emitMatrix(reads);
}

/// The block's part of the root and its epilogue in fragments. Parts of both factors
/// come to the block's memory in a ring of slots: while one is multiplied, the others
/// are on their way. One barrier a part: whoever passes it has seen the part that
/// comes next arrive, and everyone leave the slot that is filled next.
void EinsumLowering::emitMatrix(ArrayRef<Access> reads) {
  const Matrix &matrix = *schedule.matrix;
  Type element = matrix.lhs.value.getType();
  auto ring = [&](const Factor &factor) -> Value {
    return tile::LocalOp::create(builder, loc,
                                 MemRefType::get({matrix.slots * factor.size()}, element));
  };
  Value lhs = ring(matrix.lhs), rhs = ring(matrix.rhs);

  // The reduced ranks as one: parts of the depth go fastest.
  SmallVector<unsigned> outer;
  Value parts =
      arith::CeilDivUIOp::create(builder, loc, extentOf(matrix.depth), constant(matrix.part));
  Value count = parts;
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank)
    if (rank != matrix.depth) {
      outer.push_back(rank);
      count = arith::MulIOp::create(builder, loc, count, extentOf(rank));
    }
  auto slotOf = [&](Value number, const Factor &factor) -> Value {
    Value slot = arith::RemUIOp::create(builder, loc, number, constant(matrix.slots));
    return arith::MulIOp::create(builder, loc, slot, constant(factor.size()));
  };
  auto fill = [&](Value number) {
    Value more = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, number, count);
    auto branch = scf::IfOp::create(builder, loc, more, /*withElse=*/false);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      Value part = number, rest = number;
      if (!outer.empty()) {
        part = arith::RemUIOp::create(builder, loc, number, parts);
        rest = arith::DivUIOp::create(builder, loc, number, parts);
      }
      for (unsigned rank : llvm::reverse(outer)) {
        at[rank] = arith::RemUIOp::create(builder, loc, rest, extentOf(rank));
        rest = arith::DivUIOp::create(builder, loc, rest, extentOf(rank));
      }
      starts[matrix.depth] = arith::MulIOp::create(builder, loc, part, constant(matrix.part));
      Value next = arith::AddIOp::create(builder, loc, starts[matrix.depth], constant(matrix.part));
      ends[matrix.depth] = arith::MinSIOp::create(builder, loc, next, extentOf(matrix.depth));
      fillFactor(matrix.lhs, reads, lhs, slotOf(number, matrix.lhs));
      fillFactor(matrix.rhs, reads, rhs, slotOf(number, matrix.rhs));
      starts[matrix.depth] = ends[matrix.depth] = Value();
    }
    tile::CommitOp::create(builder, loc);
  };
  auto first =
      scf::ForOp::create(builder, loc, constant(0), constant(matrix.slots - 1), constant(1));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(first.getBody());
    fill(first.getInductionVar());
  }

  enterFragments();
  TileSpace space = tiles.space;
  Value zero = splat(builder.getF32FloatAttr(0), space.fullMask());
  auto loop = scf::ForOp::create(builder, loc, constant(0), count, constant(1), zero);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value number = loop.getInductionVar();
    tile::WaitOp::create(builder, loc, builder.getI64IntegerAttr(matrix.slots - 2));
    tile::BarrierOp::create(builder, loc);
    fill(arith::AddIOp::create(builder, loc, number, constant(matrix.slots - 1)));
    auto strides = [&](const Factor &factor) {
      bool along = factor.minor == matrix.depth;
      return builder.getDenseI64ArrayAttr(
          {along ? factor.stride() : 1, along ? 1 : factor.stride()});
    };
    Value sum = tile::MmaOp::create(builder, loc, zero.getType(), loop.getRegionIterArg(0), lhs,
                                    slotOf(number, matrix.lhs), rhs, slotOf(number, matrix.rhs),
                                    strides(matrix.lhs), strides(matrix.rhs),
                                    builder.getI64IntegerAttr(matrix.part));
    scf::YieldOp::create(builder, loc, sum);
  }
  leaveReduced();
  tiles.space = space;
  finishFragments({loop.getResult(0), space.fullMask()});
  leaveFragments();
}

/// The tile is all of the block's part, over rows and columns.
void EinsumLowering::enterFragments() {
  const Matrix &matrix = *schedule.matrix;
  tiles.space = TileSpace();
  tiles.space.sizes = {matrix.rowBlock, matrix.columnBlock};
  tiles.space.ranks = {matrix.rows, matrix.columns};
  tiles.space.fragment = tile::FragmentAttr::get(builder.getContext(), matrix.rowWarps,
                                                 matrix.columnWarps, true, true);
  active[matrix.rows] = matrix.rowBlock;
  active[matrix.columns] = matrix.columnBlock;
  accumulators = tiles.space;
  results.clear();
}

void EinsumLowering::leaveFragments() {
  active[schedule.matrix->rows] = active[schedule.matrix->columns] = 1;
  tiles.space = TileSpace();
}

/// What follows from the sums, stored: at an edge, where points are.
void EinsumLowering::finishFragments(TileValue sums) {
  const Matrix &matrix = *schedule.matrix;
  // Sums of more than f32 holds do not exist; fewer bits were asked for at times.
  Type element = root.getYielded().getType();
  assert(element.isF32() && "fragments are of f32");
  Value whole;
  for (auto [rank, part] :
       {std::pair(matrix.rows, matrix.rowBlock), std::pair(matrix.columns, matrix.columnBlock)}) {
    if (divides(rank, part))
      continue;
    Value end = arith::AddIOp::create(builder, loc, at[rank], constant(part));
    Value inside =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, end, extentOf(rank));
    whole = whole ? Value(arith::AndIOp::create(builder, loc, whole, inside)) : inside;
  }
  if (!whole)
    return storeResults(sums);
  auto branch = scf::IfOp::create(builder, loc, whole, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  storeResults(sums);
  results.clear();
  builder.setInsertionPointToStart(branch.elseBlock());
  edges = {matrix.rows, matrix.columns};
  storeResults(sums);
  edges.clear();
}

/// Brings one part of a factor to memory at `offset`; past its ends are zeros.
void EinsumLowering::fillFactor(const Factor &factor, ArrayRef<Access> reads, Value memory,
                                Value offset) {
  auto left = [&](unsigned rank) -> Value {
    Value end = ends[rank] ? ends[rank] : extentOf(rank);
    return arith::SubIOp::create(builder, loc, end, startOf(rank));
  };
  if (factor.operand >= 0) {
    const Access &read = reads[factor.operand];
    SmallVector<Value> dims(at.begin(), at.begin() + read.numRanks);
    dims[schedule.matrix->depth] = starts[schedule.matrix->depth];
    SmallVector<Value> none(root.getInputs().size(), constant(0));
    tile::CopyOp::create(
        builder, loc, bufferOf(root.getInputs()[factor.operand]), expand(read.offset, dims, none),
        expand(read.stride(factor.major), dims, none), left(factor.major), left(factor.minor),
        memory, offset, builder.getDenseI64ArrayAttr({factor.majorPart, factor.minorPart}),
        builder.getI64IntegerAttr(factor.stride()));
    return;
  }
  clearTail(factor, memory, offset);
  PackedMemory packed;
  packed.packed.value = factor.value;
  packed.packed.ranks = {factor.major, factor.minor};
  packed.packed.lanes = factor.minor;
  packed.strides = {factor.stride(), 1};
  packed.begins = {startOf(factor.major), startOf(factor.minor)};
  packed.buffer = memory;
  packed.base = offset;
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
void EinsumLowering::clearTail(const Factor &factor, Value memory, Value offset) {
  const Matrix &matrix = *schedule.matrix;
  if (divides(matrix.depth, matrix.part))
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
  Type element = factor.value.getType();
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  Value zeros = tile::BroadcastOp::create(
      builder, loc, tile::tileType({target.warpLanes}, element, /*lanes=*/true), zero,
      builder.getDenseI64ArrayAttr({}));
  Value place = arith::AddIOp::create(builder, loc, offset, each.getInductionVar());
  Value left = arith::SubIOp::create(builder, loc, constant(factor.size()), each.getInductionVar());
  tile::StoreOp::create(builder, loc, zeros, memory, place, ValueRange{constant(1)}, left, Value());
}

} // namespace einfall
