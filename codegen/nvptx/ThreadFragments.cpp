//===- ThreadFragments.cpp - Fragments on their way to memory -------------===//
//
// Of eight neighbouring columns of a fragment's row, its four threads hold two each. To the
// block's memory they go two by two. To a buffer that would be a sector or half of one, written
// out for each row: rows leave by way of the block's memory, in a loop, whose threads have 16 bytes
// each where rows lie so.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Held.h"
#include "codegen/nvptx/ThreadUnroller.h"
#include "dialects/ein/EinNumerics.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

bool ThreadUnroller::isInPairs(tile::StoreOp op, const Shape &shape) {
  auto isEven = [](Value value) {
    std::optional<int64_t> number = getConstantIntValue(value);
    return number && *number % 2 == 0;
  };
  return shape.warpRows && shape.warpColumns && shape.lead.empty() && !op.getWhere() &&
         op.getBuffer().getDefiningOp<tile::LocalOp>() && isEven(op.getOffset()) &&
         isEven(op.getStrides().front()) && getConstantIntValue(op.getStrides().back()) == 1 &&
         (shape.unit.isInteger(16) || shape.unit.isF32());
}

void ThreadUnroller::storePairs(tile::StoreOp op, const Shape &shape) {
  Units units = map.lookup(op.getValue());
  for (int64_t i = 0, e = shape.count(); i < e; i += 2) {
    Value low = units[i], high = units[i + 1];
    Value both = shape.unit.isInteger(16) ? joinHalves(low, high, ein::isStrict(op))
                                          : vectorOf(shape.unit, {low, high});
    Value offset = offsetOf(shape, i, op.getOffset(), op.getStrides());
    LLVM::StoreOp::create(builder, loc, both, address(op.getBuffer(), shape.unit, offset),
                          2 * alignmentOf(shape.unit));
  }
}

void ThreadUnroller::storeRows(tile::StoreRowsOp op) {
  constexpr int64_t kAtOnce = 4;
  Type element = heldType(op.getSource().getType().getElementType());
  const int64_t bytes = alignmentOf(element), columns = op.getShape()[1];
  const int64_t warpRows = op.getShape()[0] / warps;
  Value first = times(warp, warpRows);
  Value source = address(op.getSource(), element, times(first, op.getSourceStride()));
  Value start =
      arith::AddIOp::create(builder, loc, one(op.getOffset()),
                            arith::MulIOp::create(builder, loc, first, one(op.getStride())));
  Value dest = address(op.getBuffer(), element, start);
  Value rows = arith::SubIOp::create(builder, loc, one(op.getRows()), first);
  rows = arith::MinSIOp::create(builder, loc, rows, index(warpRows));
  auto write = [&](int64_t width) {
    Type moved = width == 1 ? element : VectorType::get(kAccessBytes / 4, builder.getI32Type());
    const int64_t perRow = columns / width, turns = warpRows * perRow / kWarp;
    int64_t atOnce = kAtOnce;
    while (turns % atOnce != 0)
      atOnce /= 2;
    auto loop =
        scf::ForOp::create(builder, loc, thread, times(rows, perRow), index(atOnce * kWarp));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> row, column, value;
    for (int64_t i = 0; i < atOnce; ++i) {
      Value number = plus(loop.getInductionVar(), i * kWarp);
      row.push_back(quotient(number, perRow));
      column.push_back(times(remainder(number, perRow), width));
      Value at =
          arith::AddIOp::create(builder, loc, times(row[i], op.getSourceStride()), column[i]);
      value.push_back(
          LLVM::LoadOp::create(builder, loc, moved, from(source, element, at), width * bytes));
    }
    for (int64_t i = 0; i < atOnce; ++i) {
      auto isBelow = [&](Value a, Value b) -> Value {
        return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
      };
      guarded(both(isBelow(row[i], rows), isBelow(column[i], one(op.getColumns()))), [&] {
        Value at = arith::MulIOp::create(builder, loc, row[i], one(op.getStride()));
        at = arith::AddIOp::create(builder, loc, at, column[i]);
        LLVM::StoreOp::create(builder, loc, value[i], from(dest, element, at), width * bytes);
      });
    }
  };
  Value isAligned = beginsRuns(op.getBuffer(), op.getOffset(), {op.getStride(), op.getColumns()});
  auto branch = scf::IfOp::create(builder, loc, isAligned, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  write(kAccessBytes / bytes);
  builder.setInsertionPointToStart(branch.elseBlock());
  write(1);
}

} // namespace einfall::nvptx
