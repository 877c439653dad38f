//===- ThreadMemory.cpp - Loads and stores of threads ---------------------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "dialects/ein/EinNumerics.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

Value ThreadUnroller::address(Value buffer, Type element, Value offset) {
  return from(one(buffer), element, offset);
}

Value ThreadUnroller::from(Value pointer, Type element, Value offset) {
  auto type = LLVM::LLVMPointerType::get(builder.getContext());
  return LLVM::GEPOp::create(builder, loc, type, element, pointer,
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
                                                lane(shape, unit % shape.perPlace()), one(limit)));
  return result;
}

template <typename Op> int64_t ThreadUnroller::widthOf(Op op, const Shape &shape) const {
  if (!alignment || !shape.lanes || op.getWhere())
    return 1;
  return std::min(runOf(shape), alignment->widthOf(op));
}

/// Elements of 16 bits pass in words: what widens them then takes a half of one.
static VectorType wideType(Type unit, int64_t width) {
  if (unit.isInteger(16))
    return VectorType::get(width / 2, IntegerType::get(unit.getContext(), 32));
  return VectorType::get(width, unit);
}

/// The word of which `half` is the lower or upper part; null if it is none.
static Value wordOf(Value half, bool &isHigh) {
  auto part = half.getDefiningOp<arith::TruncIOp>();
  if (!part || !half.getType().isInteger(16) || !part.getIn().getType().isInteger(32))
    return {};
  auto shifted = part.getIn().getDefiningOp<arith::ShRUIOp>();
  isHigh = shifted && getConstantIntValue(shifted.getRhs()) == 16;
  return isHigh ? shifted.getLhs() : part.getIn();
}

bool ThreadUnroller::widen(arith::ExtFOp op) {
  Type to = getElementTypeOrSelf(op.getType());
  if (!getElementTypeOrSelf(op.getIn().getType()).isBF16() || !to.isF32())
    return false;
  Units units;
  for (Value half : map.lookup(op.getIn())) {
    bool isHigh = false;
    Value word = wordOf(half, isHigh);
    if (!word)
      return false;
    auto number = [&](int32_t value) -> Value {
      return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
    };
    Value bits = isHigh ? arith::AndIOp::create(builder, loc, word, number(0xffff0000)).getResult()
                        : arith::ShLIOp::create(builder, loc, word, number(16)).getResult();
    units.push_back(arith::BitcastOp::create(builder, loc, to, bits));
  }
  map[op.getResult()] = units;
  return true;
}

/// The f32 that was rounded to `half`; null if it is something else.
static Value roundedFrom(Value half) {
  auto bits = half.getDefiningOp<arith::BitcastOp>();
  auto rounded = bits ? bits.getIn().getDefiningOp<arith::TruncFOp>() : nullptr;
  bool fits = rounded && rounded.getType().isBF16() && rounded.getIn().getType().isF32();
  return fits ? rounded.getIn() : Value();
}

Value ThreadUnroller::joinHalves(Value low, Value high, bool isStrict) {
  Type i32 = builder.getI32Type();
  Value first = roundedFrom(low), second = roundedFrom(high);
  if (first && second && !isStrict) {
    auto two = VectorType::get(2, builder.getBF16Type());
    Value both = callIntrinsic(builder, loc, "llvm.nvvm.ff2bf16x2.rn", two, {second, first});
    return LLVM::BitcastOp::create(builder, loc, i32, both);
  }
  Value bits = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(16));
  auto word = [&](Value half) -> Value { return arith::ExtUIOp::create(builder, loc, i32, half); };
  return arith::OrIOp::create(builder, loc, word(low),
                              arith::ShLIOp::create(builder, loc, word(high), bits));
}

void ThreadUnroller::loadWide(tile::LoadOp op, const Shape &shape, int64_t width) {
  VectorType type = wideType(shape.unit, width);
  bool halves = type.getElementType() != shape.unit;
  Units units;
  for (int64_t i = 0, e = shape.count(), n = shape.perPlace(); i < e; i += width) {
    auto plain = [&]() -> Value {
      Value offset = offsetAt(op.getOffset(), shape.place(i / n), op.getStrides());
      offset = arith::AddIOp::create(builder, loc, offset, lane(shape, i % n));
      return LLVM::LoadOp::create(builder, loc, type, address(op.getBuffer(), shape.unit, offset),
                                  width * alignmentOf(shape.unit));
    };
    Value condition = moves(shape, i, op.getLimit(), Value());
    Value all = condition ? guarded(condition, type, plain) : plain();
    for (int64_t k = 0; k < type.getNumElements(); ++k) {
      Value word = element(all, k);
      if (!halves) {
        units.push_back(word);
        continue;
      }
      Value bits = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(16));
      Value high = arith::ShRUIOp::create(builder, loc, word, bits);
      for (Value half : {word, high})
        units.push_back(arith::TruncIOp::create(builder, loc, shape.unit, half));
    }
  }
  map[op.getResult()] = units;
}

void ThreadUnroller::load(tile::LoadOp op) {
  Shape shape = shapeOf(op.getResult().getType());
  if (int64_t width = widthOf(op, shape); width > 1)
    return loadWide(op, shape, width);
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
  Shape shape = shapeOf(op.getResult().getType());
  Units offsets = map.lookup(op.getOffsets()), masks = map.lookup(op.getMask()), units;
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0, e = shape.count(); i < e; ++i)
    units.push_back(guarded(masks[i], shape.unit, [&]() -> Value {
      return LLVM::LoadOp::create(builder, loc, shape.unit,
                                  address(op.getBuffer(), shape.unit, offsets[i]), align);
    }));
  map[op.getResult()] = units;
}

void ThreadUnroller::storeWide(tile::StoreOp op, const Shape &shape, int64_t width) {
  Units units = map.lookup(op.getValue());
  VectorType type = wideType(shape.unit, width);
  bool halves = type.getElementType() != shape.unit;
  for (int64_t i = 0, e = shape.count(), n = shape.perPlace(); i < e; i += width) {
    auto plain = [&] {
      Value offset = offsetAt(op.getOffset(), shape.place(i / n), op.getStrides());
      offset = arith::AddIOp::create(builder, loc, offset, lane(shape, i % n));
      Units own(ArrayRef(units).slice(i, width));
      for (int64_t k = 0; halves && k < width / 2; ++k)
        own[k] = joinHalves(own[2 * k], own[2 * k + 1], ein::isStrict(op));
      own.resize(type.getNumElements());
      Value all = vectorOf(type.getElementType(), own);
      LLVM::StoreOp::create(builder, loc, all, address(op.getBuffer(), shape.unit, offset),
                            width * alignmentOf(shape.unit));
    };
    Value condition = moves(shape, i, op.getLimit(), Value());
    condition ? guarded(condition, plain) : plain();
  }
}

/// What all threads hold, one of them stores, when all have read what was there.
void ThreadUnroller::store(tile::StoreOp op) {
  Shape shape = shapeOf(op.getValue().getType());
  if (int64_t width = widthOf(op, shape); width > 1)
    return storeWide(op, shape, width);
  isInPairs(op, shape) ? storePairs(op, shape) : storeEach(op, shape);
}

void ThreadUnroller::storeEach(tile::StoreOp op, const Shape &shape) {
  Units units = map.lookup(op.getValue());
  unsigned align = alignmentOf(shape.unit);
  // Of a fragment without rows or columns, several threads hold and store the same.
  bool isWhole = shape.lanes || shape.fragment;
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
  Shape shape = shapeOf(op.getValue().getType());
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
    auto turns = scf::ForOp::create(builder, loc, index(0), index(threads), index(1));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(turns.getBody());
    Value mine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, thread,
                                       turns.getInductionVar());
    guarded(both(masks[i], mine), write);
    meet();
  }
}

} // namespace einfall::nvptx
