//===- UnrollMemory.cpp - Loads, gathers and stores of tiles --------------===//
#include "codegen/common/Held.h"
#include "codegen/cpu/Unroller.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::cpu {
using namespace codegen;

constexpr int64_t kLine = 64; // bytes of a cache line

/// Elements of a tile without lanes that lie side by side: runs along its last
/// dimension, or single ones.
static int64_t runOf(const Shape &shape, ValueRange strides) {
  return isConstantIntValue(strides.back(), 1) ? shape.lead.back() : 1;
}

Value Unroller::address(Value buffer, Type element, Value offset) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return LLVM::GEPOp::create(builder, loc, pointer, element, one(buffer),
                             ArrayRef<LLVM::GEPArg>{i64(offset)});
}

Value Unroller::counting(int64_t count, Type element) {
  auto type = VectorType::get(count, element);
  SmallVector<Attribute> numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(builder.getIntegerAttr(element, i));
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, numbers));
}

Value Unroller::lanesBelow(Value limit, int64_t lanes) {
  auto type = VectorType::get(lanes, builder.getI64Type());
  Value bound = vector::BroadcastOp::create(builder, loc, type, i64(one(limit)));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                               counting(lanes, builder.getI64Type()), bound);
}

Value Unroller::all(int64_t count) {
  auto bits = VectorType::get(count, builder.getI1Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(bits, true));
}

Units Unroller::masksOf(Value limit, Value where, const Shape &shape) {
  Units masks;
  if (where)
    masks = map.lookup(where);
  if (!limit)
    return masks;
  Value below = lanesBelow(limit, shape.lanes);
  masks.resize(shape.count, below);
  if (where)
    for (Value &mask : masks)
      mask = arith::AndIOp::create(builder, loc, mask, below);
  return masks;
}

Value Unroller::addresses(Value buffer, Type element, Value offsets) {
  int64_t size = cast<VectorType>(offsets.getType()).getNumElements();
  Value places = arith::IndexCastOp::create(builder, loc,
                                            VectorType::get(size, builder.getI64Type()), offsets);
  auto type = VectorType::get(size, LLVM::LLVMPointerType::get(builder.getContext()));
  return LLVM::GEPOp::create(builder, loc, type, element, one(buffer),
                             ArrayRef<LLVM::GEPArg>{places});
}

Value Unroller::packedOffsets(Value base, const Shape &shape, ValueRange strides) {
  Units offsets;
  for (int64_t i = 0; i < shape.packed; ++i)
    offsets.push_back(offsetAt(base, shape.place(i), strides));
  return vector::FromElementsOp::create(
      builder, loc, VectorType::get(shape.packed, builder.getIndexType()), offsets);
}

Value Unroller::bitcast(Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (isa<VectorType>(type)) // it may have other elements
    return vector::BitCastOp::create(builder, loc, cast<VectorType>(type), value);
  return arith::BitcastOp::create(builder, loc, type, value);
}

/// What is used so many bytes later goes to the second-level cache only. Few lines can be on their
/// way to the first one at once: asked for long before, they are all that memory delivers, and
/// leave it again before they are used.
constexpr int64_t kSoon = 8192;
enum Hint : uint32_t { kSecondLevel = 2, kFirstLevel = 3 };

static void askFor(OpBuilder &builder, Location loc, Value line, Hint hint) {
  LLVM::Prefetch::create(builder, loc, line, /*rw=*/0, hint, /*cache=*/1);
}

/// Asks for the lines that a unit has so many elements after `pointer`.
void Unroller::prefetch(Value pointer, Type unit, int64_t ahead) {
  Type element = getElementTypeOrSelf(unit);
  int64_t width = element.getIntOrFloatBitWidth() / 8;
  auto vector = dyn_cast<VectorType>(unit);
  int64_t bytes = width * (vector ? vector.getNumElements() : 1);
  const Hint hint = std::abs(ahead * width) < kSoon ? kFirstLevel : kSecondLevel;
  for (int64_t at = 0; at < bytes; at += kLine)
    askFor(builder, loc,
           LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{int32_t(ahead * width + at)}),
           hint);
}

/// Of what is used after the tile that is computed.
void Unroller::prefetch(tile::PrefetchOp op) {
  Type stored = heldType(op.getBuffer().getType().getElementType());
  askFor(builder, loc, address(op.getBuffer(), stored, one(op.getOffset())), kSecondLevel);
}

/// The elements at `picks` from `pointer` on, none but those from the first to the last of them
/// read.
Value Unroller::pick(Value pointer, Type element, ArrayRef<int64_t> picks) {
  const int64_t count = *llvm::max_element(picks) + 1, width = llvm::PowerOf2Ceil(count);
  auto type = VectorType::get(width, element);
  const unsigned align = alignmentOf(type);
  Value run;
  if (count == width) {
    run = LLVM::LoadOp::create(builder, loc, type, pointer, align);
  } else {
    SmallVector<bool> read(width);
    std::fill_n(read.begin(), count, true);
    auto bits = VectorType::get(width, builder.getI1Type());
    Value mask =
        arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(bits, ArrayRef<bool>(read)));
    run = LLVM::MaskedLoadOp::create(builder, loc, type, pointer, mask, zero(type), align);
  }
  return shuffle(run, run, picks);
}

void Unroller::load(tile::LoadOp op) {
  Shape shape(op.getResult().getType());
  // Elements may be wider than the buffer's: neighbours are read as one.
  Type element = getElementTypeOrSelf(shape.unit);
  Type stored = heldType(op.getBuffer().getType().getElementType());
  bool isWide = stored.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth();
  unsigned align = alignmentOf(isWide ? stored : shape.unit);
  auto pointerTo = [&](int64_t number) {
    Value offset = offsetAt(op.getOffset(), shape.place(number), op.getStrides());
    return address(op.getBuffer(), isWide ? stored : element, offset);
  };
  if (std::optional<uint64_t> ahead = op.getAhead())
    for (int64_t i = 0; i < shape.count; ++i)
      prefetch(pointerTo(i), shape.unit, *ahead);
  if (std::optional<ArrayRef<int64_t>> picks = op.getPicks()) {
    Units picked;
    for (int64_t i = 0; i < shape.count; ++i)
      picked.push_back(pick(pointerTo(i), element, *picks));
    map[op.getResult()] = picked;
    return;
  }
  Units units, masks = masksOf(op.getLimit(), op.getWhere(), shape);
  if (shape.packed && !masks.empty()) {
    Value from =
        addresses(op.getBuffer(), element, packedOffsets(op.getOffset(), shape, op.getStrides()));
    units.push_back(LLVM::masked_gather::create(builder, loc, shape.unit, from, masks[0],
                                                ValueRange{zero(shape.unit)}, align));
  } else if (shape.packed) {
    int64_t run = isWide ? 1 : runOf(shape, op.getStrides());
    Units parts;
    for (int64_t i = 0; i < shape.packed; i += run)
      parts.push_back(
          LLVM::LoadOp::create(builder, loc, VectorType::get(run, element), pointerTo(i), align));
    units.push_back(concatenate(parts));
  }
  for (int64_t i = units.size(); i < shape.count; ++i) {
    auto plain = [&]() -> Value {
      return LLVM::LoadOp::create(builder, loc, shape.unit, pointerTo(i), align);
    };
    if (masks.empty())
      units.push_back(plain());
    else if (shape.lanes == 0)
      units.push_back(guarded(masks[i], shape.unit, plain));
    else
      units.push_back(LLVM::MaskedLoadOp::create(builder, loc, shape.unit, pointerTo(i), masks[i],
                                                 zero(shape.unit), align));
  }
  map[op.getResult()] = units;
}

void Unroller::gather(tile::GatherOp op) {
  Shape shape(op.getResult().getType());
  Units offsets = map.lookup(op.getOffsets()), masks = map.lookup(op.getMask());
  Units units;
  Type element = getElementTypeOrSelf(shape.unit);
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0; i < shape.count; ++i) {
    if (isa<VectorType>(shape.unit))
      units.push_back(LLVM::masked_gather::create(builder, loc, shape.unit,
                                                  addresses(op.getBuffer(), element, offsets[i]),
                                                  masks[i], ValueRange{zero(shape.unit)}, align));
    else
      units.push_back(guarded(masks[i], element, [&]() -> Value {
        Value from = address(op.getBuffer(), element, offsets[i]);
        return LLVM::LoadOp::create(builder, loc, element, from, align);
      }));
  }
  map[op.getResult()] = units;
}

bool Unroller::storeAcross(tile::StoreOp op) {
  Shape shape(op.getValue().getType());
  if (shape.lanes < 2 || op.getWhere() || isConstantIntValue(one(op.getStrides().back()), 1))
    return false;
  int64_t side = -1;
  for (auto [dim, size] : llvm::enumerate(shape.lead))
    if (size == shape.lanes && isConstantIntValue(one(op.getStrides()[dim]), 1))
      side = dim;
  if (side < 0 || !llvm::isPowerOf2_64(shape.lanes))
    return false;
  Units units = map.lookup(op.getValue());
  Type element = getElementTypeOrSelf(shape.unit);
  unsigned align = alignmentOf(shape.unit);
  int64_t step = 1; // units from one neighbour to the next
  for (int64_t dim = side + 1, e = shape.lead.size(); dim < e; ++dim)
    step *= shape.lead[dim];
  for (int64_t first = 0; first < shape.count; ++first) {
    SmallVector<int64_t> place = shape.place(first);
    if (place[side] != 0)
      continue;
    Units rows;
    for (int64_t i = 0; i < shape.lanes; ++i)
      rows.push_back(units[first + i * step]);
    Value base = offsetAt(op.getOffset(), place, op.getStrides().drop_back());
    Units columns = transpose(rows);
    for (int64_t i = 0; i < shape.lanes; ++i) {
      Value lane = arith::ConstantIndexOp::create(builder, loc, i);
      auto write = [&] {
        Value far = builder.createOrFold<arith::MulIOp>(loc, one(op.getStrides().back()), lane);
        Value offset = builder.createOrFold<arith::AddIOp>(loc, base, far);
        LLVM::StoreOp::create(builder, loc, columns[i], address(op.getBuffer(), element, offset),
                              align);
      };
      if (!op.getLimit()) {
        write();
        continue;
      }
      guarded(
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, lane, one(op.getLimit())),
          write);
    }
  }
  return true;
}

/// Stores a vector of whole lines, or of one part of a line.
void Unroller::storePastCaches(Value vector, Value pointer) {
  auto type = cast<VectorType>(vector.getType());
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  auto words = VectorType::get(bytes / 4, builder.getI32Type());
  auto write = [&](Value value, Value to, int64_t align) {
    LLVM::StoreOp::create(builder, loc, value, to, align, /*isVolatile=*/false,
                          /*isNonTemporal=*/true);
  };
  // Elements that were put in order are integers, of which LLVM has such stores, too.
  if (type.getElementTypeBitWidth() >= 32 || vector.getDefiningOp<vector::ShuffleOp>())
    return write(vector, pointer, std::min(bytes, kLine));
  // LLVM has such stores for elements of at least 32 bits, and takes a store of other bits for
  // one of what they were, unless it is of a part.
  int64_t half = bytes / 2;
  Value whole = bitcast(vector, words);
  for (int64_t at : {int64_t(0), half}) {
    Value part = vector::ExtractStridedSliceOp::create(builder, loc, whole, at / 4, half / 4, 1);
    Value to = LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                                   ArrayRef<LLVM::GEPArg>{int32_t(at)});
    write(part, to, std::min(half, kLine));
  }
}

void Unroller::store(tile::StoreOp op) {
  if (storeAcross(op))
    return;
  Shape shape(op.getValue().getType());
  Units units = map.lookup(op.getValue());
  Type element = getElementTypeOrSelf(shape.unit);
  unsigned align = alignmentOf(shape.unit);
  Units masks = masksOf(op.getLimit(), op.getWhere(), shape);
  auto pointerTo = [&](int64_t number) {
    Value offset = offsetAt(op.getOffset(), shape.place(number), op.getStrides());
    return address(op.getBuffer(), element, offset);
  };
  if (shape.packed && !masks.empty()) {
    Value to =
        addresses(op.getBuffer(), element, packedOffsets(op.getOffset(), shape, op.getStrides()));
    LLVM::masked_scatter::create(builder, loc, units[0], to, masks[0], align);
    return;
  }
  if (shape.packed) {
    int64_t run = runOf(shape, op.getStrides());
    for (int64_t i = 0; i < shape.packed; i += run) {
      Value part =
          run == 1
              ? vector::ExtractOp::create(builder, loc, units[0], i).getResult()
              : vector::ExtractStridedSliceOp::create(builder, loc, units[0], ArrayRef<int64_t>{i},
                                                      ArrayRef<int64_t>{run}, ArrayRef<int64_t>{1})
                    .getResult();
      LLVM::StoreOp::create(builder, loc, part, pointerTo(i), align);
    }
    return;
  }
  bool contiguous = shape.lanes == 0 || isConstantIntValue(one(op.getStrides().back()), 1);
  for (int64_t i = 0; i < shape.count; ++i) {
    Value pointer = pointerTo(i);
    auto plain = [&] {
      if (!op.getPastCaches()) {
        LLVM::StoreOp::create(builder, loc, units[i], pointer, align);
        return;
      }
      storePastCaches(units[i], pointer);
    };
    if (contiguous && masks.empty()) {
      plain();
    } else if (shape.lanes == 0) {
      guarded(masks[i], plain);
    } else if (contiguous) {
      LLVM::MaskedStoreOp::create(builder, loc, units[i], pointer, masks[i], align);
    } else {
      auto wide = VectorType::get(shape.lanes, builder.getI64Type());
      Value step =
          vector::BroadcastOp::create(builder, loc, wide, i64(one(op.getStrides().back())));
      Value places =
          arith::MulIOp::create(builder, loc, counting(shape.lanes, builder.getI64Type()), step);
      auto type = VectorType::get(shape.lanes, LLVM::LLVMPointerType::get(builder.getContext()));
      Value pointers =
          LLVM::GEPOp::create(builder, loc, type, element, pointer, ArrayRef<LLVM::GEPArg>{places});
      LLVM::masked_scatter::create(builder, loc, units[i], pointers,
                                   masks.empty() ? all(shape.lanes) : masks[i], align);
    }
  }
}

void Unroller::scatter(tile::ScatterOp op) {
  Shape shape(op.getValue().getType());
  Units units = map.lookup(op.getValue()), offsets = map.lookup(op.getOffsets());
  Units masks = map.lookup(op.getMask());
  Type element = getElementTypeOrSelf(shape.unit);
  unsigned align = alignmentOf(shape.unit);
  for (int64_t i = 0; i < shape.count; ++i) {
    Value value = units[i];
    if (isa<VectorType>(shape.unit)) {
      LLVM::masked_scatter::create(builder, loc, value,
                                   addresses(op.getBuffer(), element, offsets[i]), masks[i], align);
      continue;
    }
    guarded(masks[i], [&] {
      Value to = address(op.getBuffer(), element, offsets[i]);
      LLVM::StoreOp::create(builder, loc, value, to, align);
    });
  }
}

} // namespace einfall::cpu
