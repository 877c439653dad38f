//===- UnrollLanes.cpp - Tiles across lanes -------------------------------===//
#include "codegen/common/Held.h"
#include "codegen/cpu/Unroller.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace einfall::cpu {
using namespace codegen;

Value Unroller::shuffle(Value a, Value b, ArrayRef<int64_t> picks) {
  return vector::ShuffleOp::create(builder, loc, a, b, picks);
}

Value Unroller::concatenate(ArrayRef<Value> vectors) {
  if (vectors.size() == 1)
    return vectors.front();
  auto type = cast<VectorType>(vectors.front().getType());
  int64_t size = type.getNumElements(), total = 0;
  for (Value vector : vectors)
    total += cast<VectorType>(vector.getType()).getNumElements();
  Value whole = zero(VectorType::get(total, type.getElementType()));
  int64_t at = 0;
  for (Value vector : vectors) {
    size = cast<VectorType>(vector.getType()).getNumElements();
    whole = vector::InsertStridedSliceOp::create(builder, loc, vector, whole, ArrayRef<int64_t>{at},
                                                 ArrayRef<int64_t>{1});
    at += size;
  }
  return whole;
}

void Unroller::iota(tile::IotaOp op) {
  Shape shape(op.getResult().getType());
  auto type = dyn_cast<VectorType>(shape.unit);
  Value start = one(op.getStart());
  if (type)
    start =
        arith::AddIOp::create(builder, loc, vector::BroadcastOp::create(builder, loc, type, start),
                              counting(type.getNumElements(), type.getElementType()));
  map[op.getResult()] = {start};
}

void Unroller::broadcast(tile::BroadcastOp op) {
  Shape from(op.getSource().getType()), to(op.getResult().getType());
  Units source = map.lookup(op.getSource());
  // Which element of the source stands at each element of the result.
  SmallVector<int64_t> picks;
  for (int64_t i = 0; i < to.elements(); ++i) {
    SmallVector<int64_t> place = to.place(i);
    int64_t number = 0;
    for (auto [size, dim] : llvm::zip(from.lead, op.getDims()))
      number = number * size + place[dim];
    picks.push_back(number);
  }
  Units units;
  if (to.packed) {
    Value whole = from.packed
                      ? shuffle(source[0], source[0], picks)
                      : vector::BroadcastOp::create(builder, loc, to.unit, source[0]).getResult();
    units.push_back(whole);
  } else if (from.lanes || !to.lanes) {
    for (int64_t pick : picks)
      units.push_back(source[pick]);
  } else {
    Units spread;
    for (int64_t i = 0, e = from.elements(); i < e; ++i) {
      Value element = from.packed
                          ? vector::ExtractOp::create(builder, loc, source[0], i).getResult()
                          : source[0];
      spread.push_back(vector::BroadcastOp::create(builder, loc, to.unit, element));
    }
    for (int64_t pick : picks)
      units.push_back(spread[pick]);
  }
  map[op.getResult()] = units;
}

/// Takes blocks of `size` elements in turn from two vectors, from the block
/// numbered `first` on in steps of two. Blocks of one are taken as unpack
/// instructions do: two neighbours out of each four.
static SmallVector<int64_t> alternate(int64_t width, int64_t size, int64_t first) {
  SmallVector<int64_t> picks;
  if (size == 1 && width % 4 == 0) {
    for (int64_t four = 0; four < width; four += 4)
      for (int64_t i = 0; i < 2; ++i)
        for (int64_t vector = 0; vector < 2; ++vector)
          picks.push_back(vector * width + four + 2 * first + i);
    return picks;
  }
  for (int64_t block = first; block * size < width; block += 2)
    for (int64_t vector = 0; vector < 2; ++vector)
      for (int64_t i = 0; i < size; ++i)
        picks.push_back(vector * width + block * size + i);
  return picks;
}

/// Vectors that are neighbours, or two, four.. apart, are joined by halves; what each
/// holds is kept track of.
Units Unroller::transpose(Units rows) {
  int64_t width = rows.size();
  struct Column {
    Value value;
    SmallVector<int64_t> elements; // numbers in the order of rows
  };
  SmallVector<Column> level;
  for (auto [number, row] : llvm::enumerate(rows))
    level.push_back(
        {row, llvm::to_vector(llvm::seq<int64_t>(number * width, (number + 1) * width))});
  for (int64_t size = 1; size < width; size *= 2) {
    SmallVector<Column> next(width);
    for (int64_t i = 0; i < width; ++i) {
      if (i & size)
        continue;
      for (int64_t half : {0, 1}) {
        const Column &a = level[i], &b = level[i + size];
        SmallVector<int64_t> picks = alternate(width, size, half);
        Column joined{shuffle(a.value, b.value, picks), {}};
        for (int64_t pick : picks)
          joined.elements.push_back(pick < width ? a.elements[pick] : b.elements[pick - width]);
        next[i + half * size] = joined;
      }
    }
    level = next;
  }
  Units columns(width);
  for (const Column &column : level)
    columns[column.elements.front()] = column.value;
  return columns;
}

/// A transposing tree: each level adds halves of two vectors into one, so the
/// reductions of n vectors take n - 1 additions and end side by side.
Value Unroller::reduceLanes(ArrayRef<Value> units, function_ref<Value(Value, Value)> combine) {
  int64_t width = cast<VectorType>(units.front().getType()).getNumElements();
  int64_t count = units.size();
  if (count > width || !llvm::isPowerOf2_64(count)) {
    // Parts of powers of two, none longer than the vectors are wide.
    Units parts;
    for (int64_t at = 0; at < count;) {
      int64_t part = std::min<int64_t>(width, llvm::bit_floor<uint64_t>(count - at));
      parts.push_back(reduceLanes(units.slice(at, part), combine));
      at += part;
    }
    return concatenate(parts);
  }
  Units level(units);
  int64_t size = 1; // elements, each of another unit, that lie side by side
  for (; level.size() > 1; size *= 2) {
    Units next;
    for (size_t i = 0; i < level.size(); i += 2)
      next.push_back(combine(shuffle(level[i], level[i + 1], alternate(width, size, 0)),
                             shuffle(level[i], level[i + 1], alternate(width, size, 1))));
    level = next;
  }
  for (; width > size; width /= 2) {
    SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, width / 2));
    SmallVector<int64_t> high = llvm::to_vector(llvm::seq<int64_t>(width / 2, width));
    level[0] = combine(shuffle(level[0], level[0], low), shuffle(level[0], level[0], high));
  }
  return level[0];
}

void Unroller::reduce(tile::ReduceOp op) {
  Units source = map.lookup(op.getSource());
  if (op.getResult().getType().isInteger(1)) { // one test of a mask
    auto kind = llvm::StringSwitch<vector::CombiningKind>(op.getKind())
                    .Cases({"or", "max"}, vector::CombiningKind::OR)
                    .Case("add", vector::CombiningKind::XOR)
                    .Default(vector::CombiningKind::AND);
    map[op.getResult()] = {vector::ReductionOp::create(builder, loc, kind, source[0])};
    return;
  }
  Type element = getElementTypeOrSelf(op.getSource().getType());
  for (Value &unit : source)
    unit = widenHeld(builder, loc, unit, element);
  Value whole = reduceLanes(source, [&](Value a, Value b) -> Value {
    if (op.getNumbers() && op.getEitherZero() && isa<FloatType>(element)) {
      auto beyond = op.getKind() == "max" ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
      Value isFirst = arith::CmpFOp::create(builder, loc, beyond, a, b);
      return arith::SelectOp::create(builder, loc, isFirst, a, b);
    }
    Value both = combine(builder, loc, op.getKind(), a, b);
    if (auto real = both.getDefiningOp<arith::ArithFastMathInterface>(); real && op.getEitherZero())
      real->setAttr(real.getFastMathAttrName(),
                    arith::FastMathFlagsAttr::get(builder.getContext(), arith::FastMathFlags::nsz));
    return both;
  });
  whole = narrowHeld(builder, loc, whole, element);
  if (!isa<RankedTensorType>(op.getResult().getType()))
    whole = vector::ExtractOp::create(builder, loc, whole, 0);
  map[op.getResult()] = {whole};
}

/// The instruction that adds the products of neighbouring elements to lanes of
/// 32 bits, and how wide its operands are.
static std::string dotIntrinsic(Type element, unsigned bits) {
  std::string width = std::to_string(bits);
  if (element.isBF16())
    return "llvm.x86.avx512bf16.dpbf16ps." + width;
  if (element.isInteger(8))
    return "llvm.x86.avx512.vpdpbusd." + width;
  return bits == 512   ? "llvm.x86.avx512.pmaddw.d.512"
         : bits == 256 ? "llvm.x86.avx2.pmadd.wd"
                       : "llvm.x86.sse2.pmadd.wd";
}

LogicalResult Unroller::dot(tile::DotOp op) {
  Units lhs = map.lookup(op.getLhs()), rhs = map.lookup(op.getRhs());
  Units sums = map.lookup(op.getAcc());
  Type element = op.getJoined().value_or(getElementTypeOrSelf(op.getLhs().getType()));
  auto type = cast<VectorType>(sums[0].getType());
  // A unit may be several registers, but an instruction has one.
  int64_t sumLanes = op.getBy().value_or(type.getNumElements());
  int64_t lanes = sumLanes * 32 / element.getIntOrFloatBitWidth();
  std::string name = dotIntrinsic(element, sumLanes * 32);
  auto part = [&](Value unit, int64_t at) {
    auto from = cast<VectorType>(unit.getType());
    int64_t size = from.getNumElements() * sumLanes / type.getNumElements();
    if (size != from.getNumElements())
      unit = vector::ExtractStridedSliceOp::create(builder, loc, unit, ArrayRef<int64_t>{at * size},
                                                   ArrayRef<int64_t>{size}, ArrayRef<int64_t>{1});
    return unit;
  };
  auto step = [&](Value a, Value b, Value sum) -> Value {
    auto call = [&](ValueRange operands) {
      return LLVM::CallIntrinsicOp::create(builder, loc, sum.getType(), builder.getStringAttr(name),
                                           operands)
          .getResult(0);
    };
    VectorType narrow = VectorType::get(lanes, element); // not the bits that registers hold
    a = bitcast(a, narrow);
    b = bitcast(b, narrow);
    if (element.isInteger(16)) // the sum folds into the instruction where there is one
      return arith::AddIOp::create(builder, loc, sum, call({a, b}));
    return call({sum, a, b});
  };
  for (auto [a, b, sum] : llvm::zip(lhs, rhs, sums)) {
    Units parts;
    for (int64_t at = 0; at < type.getNumElements() / sumLanes; ++at)
      parts.push_back(step(part(a, at), part(b, at), part(sum, at)));
    sum = concatenate(parts);
  }
  map[op.getResult()] = sums;
  return success();
}

/// The upper half of a word is the f32 of an odd element, but for the bits below it; the lower
/// half, shifted, is that of an even one.
void Unroller::extendPairs(tile::ExtendPairsOp op) {
  int64_t words = Shape(op.getSource().getType()).lanes / 2;
  auto type = VectorType::get(words, builder.getI32Type());
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, value));
  };
  auto real = VectorType::get(words, builder.getF32Type());
  Units units;
  for (Value unit : map.lookup(op.getSource())) {
    Value word = bitcast(unit, type);
    Value even = arith::ShLIOp::create(builder, loc, word, constant(16));
    Value odd = arith::AndIOp::create(builder, loc, word, constant(-65536));
    units.push_back(concatenate({bitcast(even, real), bitcast(odd, real)}));
  }
  map[op.getResult()] = units;
}

void Unroller::roundPairs(tile::RoundPairsOp op) {
  Units units;
  for (Value unit : map.lookup(op.getSource())) {
    Value rounded = narrowHeld(builder, loc, unit, builder.getBF16Type());
    int64_t half = cast<VectorType>(rounded.getType()).getNumElements() / 2;
    SmallVector<int64_t> picks;
    for (int64_t i = 0; i < half; ++i)
      picks.append({i, half + i});
    units.push_back(shuffle(rounded, rounded, picks));
  }
  map[op.getResult()] = units;
}

void Unroller::areNumbers(tile::AreNumbersOp op) {
  Value unit = map.lookup(op.getSource()).front();
  int64_t half = cast<VectorType>(unit.getType()).getNumElements() / 2;
  Value low = shuffle(unit, unit, llvm::to_vector(llvm::seq<int64_t>(0, half)));
  Value high = shuffle(unit, unit, llvm::to_vector(llvm::seq<int64_t>(half, 2 * half)));
  map[op.getResult()] = {arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ORD, low, high)};
}

void Unroller::join(tile::JoinOp op) {
  Shape from(op.getSource().getType()), to(op.getResult().getType());
  Units source = map.lookup(op.getSource()), units;
  int64_t dim = op.getDim();
  if (dim == (int64_t)from.lead.size()) { // the lanes
    for (Value unit : source)
      units.push_back(bitcast(unit, to.unit));
    map[op.getResult()] = units;
    return;
  }
  int64_t group = from.lead[dim] / to.lead[dim], step = 1;
  for (int64_t size : ArrayRef(from.lead).drop_front(dim + 1))
    step *= size;
  auto interleave = [&](Value a, Value b) {
    SmallVector<int64_t> picks;
    for (int64_t i = 0, e = cast<VectorType>(a.getType()).getNumElements(); i < e; ++i)
      picks.append({i, e + i});
    return shuffle(a, b, picks);
  };
  for (int64_t number = 0; number < to.count; ++number) {
    // What is `step` units apart in the source is in the same element here.
    int64_t first = number / step * step * group + number % step;
    Units level;
    for (int64_t i = 0; i < group; ++i)
      level.push_back(source[first + i * step]);
    while (level.size() > 1) {
      Units next;
      for (size_t i = 0, half = level.size() / 2; i < half; ++i)
        next.push_back(interleave(level[i], level[i + half]));
      level = next;
    }
    units.push_back(bitcast(level[0], to.unit));
  }
  map[op.getResult()] = units;
}

} // namespace einfall::cpu
