//===- ThreadReduce.cpp - Lanes joined over threads -----------------------===//
#include "codegen/common/Held.h"
#include "codegen/nvptx/ThreadUnroller.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

Value ThreadUnroller::exchange32(Value value, int64_t bits) {
  auto i32 = [&](int32_t number) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(number));
  };
  return callIntrinsic(builder, loc, "llvm.nvvm.shfl.sync.bfly.i32", builder.getI32Type(),
                       {i32(-1), value, i32(bits), i32(31)});
}

Value ThreadUnroller::exchange(Value value, int64_t bits) {
  Type type = value.getType(), i32 = builder.getI32Type(), wide = builder.getI64Type();
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  Value raw = value;
  if (type.isIndex())
    raw = arith::IndexCastOp::create(builder, loc, wide, raw);
  else if (isa<FloatType>(type))
    raw = arith::BitcastOp::create(builder, loc, builder.getIntegerType(width), raw);
  if (width < 32) {
    raw = exchange32(arith::ExtUIOp::create(builder, loc, i32, raw), bits);
    raw = arith::TruncIOp::create(builder, loc, builder.getIntegerType(width), raw);
  } else if (width == 32) {
    raw = exchange32(raw, bits);
  } else {
    Value half = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(32));
    Value high =
        arith::TruncIOp::create(builder, loc, i32, arith::ShRUIOp::create(builder, loc, raw, half));
    Value low = exchange32(arith::TruncIOp::create(builder, loc, i32, raw), bits);
    high = arith::ExtUIOp::create(builder, loc, wide, exchange32(high, bits));
    raw = arith::OrIOp::create(builder, loc, arith::ExtUIOp::create(builder, loc, wide, low),
                               arith::ShLIOp::create(builder, loc, high, half));
  }
  if (type.isIndex())
    return arith::IndexCastOp::create(builder, loc, type, raw);
  return isa<FloatType>(type) ? Value(arith::BitcastOp::create(builder, loc, type, raw)) : raw;
}

/// The order of a truth value is that of a signed number.
static StringRef kindOf(tile::ReduceOp op) {
  StringRef kind = op.getKind();
  if (!getElementTypeOrSelf(op.getSource().getType()).isInteger(1))
    return kind;
  return kind == "max" ? "or" : kind == "min" || kind == "mul" ? "and" : kind;
}

/// The positive number by which all of `parts` have been multiplied, which they are not
/// then: rounding keeps their order. Null if there is none.
static Value takeScale(SmallVectorImpl<Value> &parts) {
  Value scale;
  for (Value part : parts) {
    auto scaled = part.getDefiningOp<arith::MulFOp>();
    FloatAttr number;
    if (!scaled || !matchPattern(scaled.getRhs(), m_Constant(&number)) ||
        !number.getValue().isFiniteNonZero() || number.getValue().isNegative() ||
        (scale && scale != scaled.getRhs()))
      return {};
    scale = scaled.getRhs();
  }
  for (Value &part : parts)
    part = part.getDefiningOp<arith::MulFOp>().getLhs();
  return scale;
}

Value ThreadUnroller::reduceColumns(tile::ReduceOp op, const Shape &shape, int64_t row) {
  Type element = getElementTypeOrSelf(op.getSource().getType());
  StringRef kind = kindOf(op);
  Units source = map.lookup(op.getSource());
  int64_t n = shape.columnRegisters();
  SmallVector<Value> parts =
      llvm::map_to_vector(ArrayRef(source).slice(row * n, n),
                          [&](Value part) { return widenHeld(builder, loc, part, element); });
  Value scale = kind == "max" || kind == "min" ? takeScale(parts) : Value();
  // By twos: nothing waits for the one before.
  while (size_t half = parts.size() / 2) {
    for (size_t k = 0; k < half; ++k)
      parts[k] = combine(builder, loc, kind, parts[2 * k], parts[2 * k + 1]);
    if (parts.size() % 2)
      parts[half++] = parts.back();
    parts.truncate(half);
  }
  Value whole = parts.front();
  for (int64_t bits : {1, 2}) // four threads hold a row
    whole = combine(builder, loc, kind, whole, exchange(whole, bits));
  return scale ? arith::MulFOp::create(builder, loc, whole, scale).getResult() : whole;
}

/// Sums of products are one chain of fused ones for each run of lanes that are left out
/// together.
Value ThreadUnroller::reduceOwn(tile::ReduceOp op, const Shape &shape, int64_t place) {
  Type element = getElementTypeOrSelf(op.getSource().getType());
  StringRef kind = kindOf(op);
  auto product = op.getSource().getDefiningOp<arith::MulFOp>();
  bool fuses = product && kind == "add" &&
               bitEnumContainsAny(product.getFastmath(), arith::FastMathFlags::contract);
  int64_t n = shape.perPlace(), together = n;
  if (op.getLimit())
    together = alignment ? std::min(runOf(shape), alignment->widthOf(op)) : 1;
  auto own = [&](Value tile, int64_t k) {
    return widenHeld(builder, loc, map.lookup(tile)[place * n + k], element);
  };
  Value whole;
  for (int64_t first = 0; first < n; first += together) {
    Value part = own(op.getSource(), first);
    for (int64_t k = first + 1; k < first + together; ++k)
      part = fuses ? math::FmaOp::create(builder, loc, own(product.getLhs(), k),
                                         own(product.getRhs(), k), part)
                         .getResult()
                   : combine(builder, loc, kind, part, own(op.getSource(), k));
    if (Value is = moves(shape, first, op.getLimit(), Value()))
      part = arith::SelectOp::create(builder, loc, is, part,
                                     identityOf(builder, loc, kind, part.getType()));
    whole = whole ? combine(builder, loc, kind, whole, part) : part;
  }
  return whole;
}

void ThreadUnroller::reduce(tile::ReduceOp op) {
  Shape shape = shapeOf(op.getSource().getType());
  Type element = getElementTypeOrSelf(op.getSource().getType());
  Units units;
  auto add = [&](Value whole) { units.push_back(narrowHeld(builder, loc, whole, element)); };
  if (shape.fragment) {
    for (int64_t row = 0, e = shape.count() / shape.columnRegisters(); row < e; ++row)
      add(reduceColumns(op, shape, row));
  } else {
    for (int64_t place = 0, e = shape.places(); place < e; ++place) {
      Value whole = reduceOwn(op, shape, place);
      for (int64_t bits = kWarp / 2; bits; bits /= 2)
        whole = combine(builder, loc, kindOf(op), whole, exchange(whole, bits));
      add(isWarp() ? whole : joinWarps(op, whole));
    }
  }
  map[op.getResult()] = units;
}

/// True if a pass through the program never comes to both: they are in different branches.
static bool areApart(Operation *a, Operation *b) {
  for (Operation *branch = a->getParentOp(); branch; branch = branch->getParentOp())
    if (branch->isProperAncestor(b))
      return isa<scf::IfOp>(branch) && branch->getRegion(0).isAncestor(a->getParentRegion()) !=
                                           branch->getRegion(0).isAncestor(b->getParentRegion());
  return false;
}

/// Whether warps may still read what they left each other in the half that `op` takes. The
/// joins take the halves in turn, so after one in the same block they have met since.
bool ThreadUnroller::mayStillRead(tile::ReduceOp op) {
  if (!joins.empty() && joins.back()->getBlock() == op->getBlock())
    return false;
  return op->getParentOfType<LoopLikeOpInterface>() ||
         llvm::any_of(joins, [&](Operation *before) { return !areApart(before, op); });
}

Value ThreadUnroller::joinWarps(tile::ReduceOp op, Value whole) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type type = whole.getType();
  Type stored = type.isInteger(1) ? builder.getI8Type() : type;
  stored = stored.isIndex() ? builder.getI64Type() : stored;
  int64_t half = joins.size() % 2 * (threads / kWarp);
  auto at = [&](Value number, int64_t from) -> Value {
    Value begin = LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), scratch,
                                      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(from)});
    return LLVM::GEPOp::create(builder, loc, pointer, stored, begin,
                               ArrayRef<LLVM::GEPArg>{i64(number)});
  };
  Value raw = whole;
  if (type.isIndex())
    raw = i64(raw);
  else if (type != stored)
    raw = arith::ExtUIOp::create(builder, loc, stored, raw);
  Value size = index(kWarp), own = arith::RemUIOp::create(builder, loc, thread, size);
  Value leads = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, own, index(0));
  if (mayStillRead(op))
    meet();
  joins.push_back(op);
  guarded(leads, [&] {
    Value number = arith::DivUIOp::create(builder, loc, thread, size);
    LLVM::StoreOp::create(builder, loc, raw, at(number, half), alignmentOf(stored));
  });
  meet();
  Value joined;
  // Words by fours: 16 bytes an access.
  int64_t warps = threads / kWarp;
  int64_t width = stored.getIntOrFloatBitWidth() == 32 && warps % 4 == 0 ? 4 : 1;
  for (int64_t number = 0; number < warps; number += width) {
    Type loaded = width == 1 ? stored : VectorType::get(width, stored);
    Value some = LLVM::LoadOp::create(builder, loc, loaded, at(index(number), half),
                                      width * alignmentOf(stored));
    for (int64_t k = 0; k < width; ++k) {
      Value next = width == 1 ? some : element(some, k);
      if (type.isIndex())
        next = arith::IndexCastOp::create(builder, loc, type, next);
      else if (type != stored)
        next = arith::TruncIOp::create(builder, loc, type, next);
      joined = joined ? combine(builder, loc, kindOf(op), joined, next) : next;
    }
  }
  return joined;
}

} // namespace einfall::nvptx
