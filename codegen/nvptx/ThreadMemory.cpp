//===- ThreadMemory.cpp - Loads and stores of threads ---------------------===//
#include "codegen/nvptx/ThreadUnroller.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

Value ThreadUnroller::address(Value buffer, Type element, Value offset) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return LLVM::GEPOp::create(builder, loc, pointer, element, one(buffer),
                             ArrayRef<LLVM::GEPArg>{i64(offset)});
}

void ThreadUnroller::local(tile::LocalOp op) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  map[op.getResult()] = {
      LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), shared,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(memory.offsets.lookup(op))})};
}

Value ThreadUnroller::moves(const Shape &shape, int64_t unit, Value limit, Value where) {
  Value result = where ? map.lookup(where)[unit] : Value();
  if (limit && shape.lanes)
    result = both(result, arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                                lane(unit % shape.perPlace()), one(limit)));
  return result;
}

void ThreadUnroller::load(tile::LoadOp op) {
  Shape shape(op.getResult().getType());
  unsigned align = alignmentOf(shape.unit);
  Units units;
  for (int64_t i = 0, e = shape.count(); i < e; ++i) {
    auto plain = [&]() -> Value {
      Value offset = offsetOf(shape, i, op.getOffset(), op.getStrides());
      return LLVM::LoadOp::create(builder, loc, shape.unit,
                                  address(op.getBuffer(), shape.unit, offset), align);
    };
    Value condition = moves(shape, i, op.getLimit(), op.getWhere());
    units.push_back(condition ? guarded(condition, shape.unit, plain) : plain());
  }
  map[op.getResult()] = units;
}

void ThreadUnroller::gather(tile::GatherOp op) {
  Shape shape(op.getResult().getType());
  Units offsets = map.lookup(op.getOffsets()), masks = map.lookup(op.getMask()), units;
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0, e = shape.count(); i < e; ++i)
    units.push_back(guarded(masks[i], shape.unit, [&]() -> Value {
      return LLVM::LoadOp::create(builder, loc, shape.unit,
                                  address(op.getBuffer(), shape.unit, offsets[i]), align);
    }));
  map[op.getResult()] = units;
}

/// What all threads hold, one of them stores, when all have read what was there.
void ThreadUnroller::store(tile::StoreOp op) {
  Shape shape(op.getValue().getType());
  Units units = map.lookup(op.getValue());
  unsigned align = alignmentOf(shape.unit);
  bool isWhole = shape.lanes || (shape.warpRows && shape.warpColumns);
  if (!isWhole)
    meet();
  Value first = isWhole ? Value() : isFirst();
  for (int64_t i = 0, e = shape.count(); i < e; ++i) {
    auto plain = [&] {
      Value offset = offsetOf(shape, i, op.getOffset(), op.getStrides());
      LLVM::StoreOp::create(builder, loc, units[i], address(op.getBuffer(), shape.unit, offset),
                            align);
    };
    Value condition = both(first, moves(shape, i, op.getLimit(), op.getWhere()));
    condition ? guarded(condition, plain) : plain();
  }
  if (!isWhole)
    meet();
}

/// Threads store in turn: of equal offsets the last lane's element stays.
void ThreadUnroller::scatter(tile::ScatterOp op) {
  Shape shape(op.getValue().getType());
  Units units = map.lookup(op.getValue()), offsets = map.lookup(op.getOffsets());
  Units masks = map.lookup(op.getMask());
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0, e = shape.count(); i < e; ++i) {
    auto write = [&] {
      LLVM::StoreOp::create(builder, loc, units[i], address(op.getBuffer(), shape.unit, offsets[i]),
                            align);
    };
    meet();
    if (!shape.lanes) {
      guarded(both(masks[i], isFirst()), write);
      meet();
      continue;
    }
    auto turns = scf::ForOp::create(builder, loc, index(0), index(kWarp), index(1));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(turns.getBody());
    Value mine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, thread,
                                       turns.getInductionVar());
    guarded(both(masks[i], mine), write);
    meet();
  }
}

} // namespace einfall::nvptx
