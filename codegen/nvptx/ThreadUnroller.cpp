//===- ThreadUnroller.cpp - Tiles over the threads of a warp --------------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "codegen/common/Held.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

Value callIntrinsic(OpBuilder &builder, Location loc, StringRef name, Type result,
                    ValueRange operands) {
  if (result)
    return LLVM::CallIntrinsicOp::create(builder, loc, result, builder.getStringAttr(name),
                                         operands)
        .getResult(0);
  LLVM::CallIntrinsicOp::create(builder, loc, builder.getStringAttr(name), operands);
  return {};
}

std::pair<int64_t, Type> ThreadUnroller::unitsOf(Type type) const {
  Shape shape = shapeOf(type);
  return {shape.count(), shape.unit};
}

Value ThreadUnroller::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value ThreadUnroller::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, loc, a, b);
}

int64_t ThreadUnroller::runOf(const Shape &shape) const {
  int64_t length = run;
  while (shape.lanes % (length * threads) != 0 && length > 1)
    length /= 2;
  return length;
}

Value ThreadUnroller::lane(const Shape &shape, int64_t number) {
  int64_t length = runOf(shape), first = number / length * length * threads + number % length;
  Value own = thread;
  if (length > 1)
    own = arith::MulIOp::create(builder, loc, own, index(length));
  return first == 0 ? own : Value(arith::AddIOp::create(builder, loc, own, index(first)));
}

Value ThreadUnroller::isFirst() {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, thread, index(0));
}

void ThreadUnroller::meetAll() {
  Value zero = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  callIntrinsic(builder, loc, "llvm.nvvm.barrier.cta.sync.aligned.all", {}, zero);
}

void ThreadUnroller::meet() {
  if (!isWarp())
    return meetAll();
  Value all = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(-1));
  callIntrinsic(builder, loc, "llvm.nvvm.bar.warp.sync", {}, all);
}

void ThreadUnroller::iota(tile::IotaOp op) {
  Shape shape = shapeOf(op.getResult().getType());
  Value start = one(op.getStart());
  Type element = getElementTypeOrSelf(op.getResult().getType());
  Units units;
  for (int64_t i = 0, e = shape.count(); i < e; ++i) {
    Value step = shape.warpRows      ? rowOf(shape, i)
                 : shape.warpColumns ? columnOf(shape, i)
                 : shape.lanes       ? lane(shape, i)
                                     : index(i);
    Value value = arith::AddIOp::create(builder, loc, start, step);
    if (!element.isIndex())
      value = arith::IndexCastOp::create(builder, loc, element, value);
    units.push_back(value);
  }
  map[op.getResult()] = units;
}

void ThreadUnroller::broadcast(tile::BroadcastOp op) {
  Shape from = shapeOf(op.getSource().getType()), to = shapeOf(op.getResult().getType());
  Units source = map.lookup(op.getSource()), units;
  for (int64_t i = 0, e = to.places(); i < e; ++i) {
    SmallVector<int64_t> place = to.place(i);
    int64_t number = 0;
    for (auto [size, dim] : llvm::zip(from.lead, op.getDims()))
      number = number * size + place[dim];
    for (int64_t k = 0; k < to.perPlace(); ++k) {
      int64_t row = k / to.columnRegisters(), column = k % to.columnRegisters();
      int64_t inside = from.lanes || (from.warpRows && from.warpColumns) ? k
                       : from.warpRows                                   ? row
                       : from.warpColumns                                ? column
                                                                         : 0;
      units.push_back(source[number * from.perPlace() + inside]);
    }
  }
  map[op.getResult()] = units;
}

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

void ThreadUnroller::reduce(tile::ReduceOp op) {
  Shape shape = shapeOf(op.getSource().getType());
  Type element = getElementTypeOrSelf(op.getSource().getType());
  StringRef kind = op.getKind();
  if (element.isInteger(1)) // the order of a truth value is that of a signed number
    kind = kind == "max" ? "or" : kind == "min" || kind == "mul" ? "and" : kind;
  Units source = map.lookup(op.getSource()), units;
  if (shape.fragment) { // along columns: four threads hold a row
    for (int64_t row = 0, e = shape.count(), n = shape.columnRegisters(); row < e; row += n) {
      SmallVector<Value> parts = llvm::map_to_vector(
          ArrayRef(source).slice(row, n),
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
      for (int64_t bits : {1, 2})
        whole = combine(builder, loc, kind, whole, exchange(whole, bits));
      if (scale)
        whole = arith::MulFOp::create(builder, loc, whole, scale);
      units.push_back(narrowHeld(builder, loc, whole, element));
    }
    map[op.getResult()] = units;
    return;
  }
  for (int64_t place = 0, e = shape.places(), n = shape.perPlace(); place < e; ++place) {
    Value whole;
    for (int64_t k = 0; k < n; ++k) {
      Value next = widenHeld(builder, loc, source[place * n + k], element);
      whole = whole ? combine(builder, loc, kind, whole, next) : next;
    }
    for (int64_t bits = kWarp / 2; bits; bits /= 2)
      whole = combine(builder, loc, kind, whole, exchange(whole, bits));
    if (!isWarp())
      whole = joinWarps(whole, kind);
    units.push_back(narrowHeld(builder, loc, whole, element));
  }
  map[op.getResult()] = units;
}

void ThreadUnroller::generic(Operation &op) {
  if (auto power = dyn_cast<math::ExpOp>(op);
      power && getElementTypeOrSelf(power.getType()).isF32() &&
      bitEnumContainsAny(power.getFastmath(), arith::FastMathFlags::afn))
    return powers(power);
  if (auto quotient = dyn_cast<arith::DivFOp>(op); quotient && !ein::isStrict(quotient)) {
    Units divisors = map.lookup(quotient.getRhs());
    if (divisors.front().getType().isF32() && divisors.size() >= 4 && llvm::all_equal(divisors) &&
        getElementTypeOrSelf(quotient.getType()).isF32())
      return divide(quotient);
  }
  codegen::Unroller::generic(op);
}

/// Of an exp that may be near. Where many arguments are `x + shift` with one shift, they
/// are multiplied by log2(e) on the way: x * base + shift * base. A shift so large that
/// this might overflow leaves 0 or a number of which any power is 0 or infinite, so that
/// there any base will do.
void ThreadUnroller::powers(math::ExpOp op) {
  constexpr int kFew = 4;
  Units arguments = map.lookup(op.getOperand()), results;
  llvm::MapVector<Value, int> uses;
  auto shifts = [&](Value argument) -> std::pair<Value, Value> {
    auto sum = argument.getDefiningOp<arith::AddFOp>();
    if (!sum)
      return {};
    bool first = uses.lookup(sum.getLhs()) > uses.lookup(sum.getRhs());
    return first ? std::pair(sum.getRhs(), sum.getLhs()) : std::pair(sum.getLhs(), sum.getRhs());
  };
  for (Value argument : arguments)
    if (auto sum = argument.getDefiningOp<arith::AddFOp>())
      for (Value operand : sum->getOperands())
        ++uses[operand];
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value));
  };
  DenseMap<Value, std::pair<Value, Value>> scaled; // base and shift of a shift
  auto timesPower = [&](Value x, Value base) {
    auto product = x.getDefiningOp<arith::MulFOp>();
    FloatAttr factor;
    if (!product || !matchPattern(product.getRhs(), m_Constant(&factor)) ||
        factor.getValue().getExactLog2Abs() == INT_MIN || std::abs(factor.getValueAsDouble()) > 1)
      return std::pair(x, base);
    // Exact, so that it does not matter which product is taken first.
    Value both = arith::MulFOp::create(builder, loc, base, product.getRhs());
    return std::pair(product.getLhs(), both);
  };
  auto near = arith::FastMathFlagsAttr::get(builder.getContext(), arith::FastMathFlags::afn);
  for (Value argument : arguments) {
    auto [x, shift] = shifts(argument);
    if (!shift || uses.lookup(shift) < kFew) {
      results.push_back(math::ExpOp::create(builder, loc, argument, near));
      continue;
    }
    auto &[base, moved] = scaled[shift];
    if (!base) {
      Value size = math::AbsFOp::create(builder, loc, shift);
      Value small = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, size,
                                          real(0x1p120));
      base = arith::SelectOp::create(builder, loc, small, real(llvm::numbers::log2e), real(0x1p-10));
      moved = arith::MulFOp::create(builder, loc, shift, base);
    }
    auto [number, factor] = timesPower(x, base);
    Value sum = math::FmaOp::create(builder, loc, number, factor, moved);
    results.push_back(math::Exp2Op::create(builder, loc, sum, near));
  }
  map[op.getResult()] = results;
}

/// By the reciprocal, and one step from there: the remainder is exact, so that the result
/// is rounded once, almost; of a negative zero the sign may be lost. Where the reciprocal
/// is not near 1, by division.
void ThreadUnroller::divide(arith::DivFOp op) {
  Units numbers = map.lookup(op.getLhs());
  Value divisor = one(op.getRhs());
  Type f32 = builder.getF32Type();
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value));
  };
  auto isAbove = [&](Value a, Value b) -> Value {
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
  };
  Value size = math::AbsFOp::create(builder, loc, divisor);
  Value near = both(isAbove(size, real(0x1p-60)), isAbove(real(0x1p60), size));
  SmallVector<Type> types(numbers.size(), f32);
  auto branch = scf::IfOp::create(builder, loc, types, near, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value reciprocal = arith::DivFOp::create(builder, loc, real(1), divisor);
  Value negative = arith::NegFOp::create(builder, loc, divisor);
  Units results;
  for (Value number : numbers) {
    Value first = arith::MulFOp::create(builder, loc, number, reciprocal);
    Value rest = math::FmaOp::create(builder, loc, negative, first, number);
    // Of an infinity, given or come to, there is none: any finite number leaves it alone.
    constexpr double most = std::numeric_limits<float>::max();
    rest = LLVM::MinNumOp::create(builder, loc, rest, real(most));
    rest = LLVM::MaxNumOp::create(builder, loc, rest, real(-most));
    results.push_back(math::FmaOp::create(builder, loc, rest, reciprocal, first));
  }
  scf::YieldOp::create(builder, loc, results);
  builder.setInsertionPointToStart(branch.elseBlock());
  results.clear();
  for (Value number : numbers)
    results.push_back(arith::DivFOp::create(builder, loc, number, divisor));
  scf::YieldOp::create(builder, loc, results);
  map[op.getResult()] = Units(branch.getResults());
}

Value ThreadUnroller::joinWarps(Value whole, StringRef kind) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type type = whole.getType();
  Type stored = type.isInteger(1) ? builder.getI8Type() : type;
  stored = stored.isIndex() ? builder.getI64Type() : stored;
  auto at = [&](Value number) -> Value {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), scratch,
                               ArrayRef<LLVM::GEPArg>{i64(number)});
  };
  Value raw = whole;
  if (type.isIndex())
    raw = i64(raw);
  else if (type != stored)
    raw = arith::ExtUIOp::create(builder, loc, stored, raw);
  Value size = index(kWarp), own = arith::RemUIOp::create(builder, loc, thread, size);
  Value leads = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, own, index(0));
  meet(); // what was there has been read
  guarded(leads, [&] {
    Value number = arith::DivUIOp::create(builder, loc, thread, size);
    LLVM::StoreOp::create(builder, loc, raw, at(number), alignmentOf(stored));
  });
  meet();
  Value joined;
  for (int64_t number = 0; number < threads / kWarp; ++number) {
    Value next = LLVM::LoadOp::create(builder, loc, stored, at(index(number)), alignmentOf(stored));
    if (type.isIndex())
      next = arith::IndexCastOp::create(builder, loc, type, next);
    else if (type != stored)
      next = arith::TruncIOp::create(builder, loc, type, next);
    joined = joined ? combine(builder, loc, kind, joined, next) : next;
  }
  return joined;
}

LogicalResult ThreadUnroller::check(Operation &op) const {
  if (isa<tile::ReduceOp, tile::ScatterOp>(op))
    if (Shape shape(op.getOperand(0).getType()); shape.fragment) {
      bool alongColumns = shape.warpColumns && shape.fragment.getColumnWarps() == 1;
      if (isa<tile::ScatterOp>(op) || !alongColumns)
        return op.emitOpError("has no form for ") << op.getOperand(0).getType();
    }
  for (Type type : llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
    if (Shape shape = shapeOf(type); shape.lanes % threads != 0)
      return op.emitOpError("has ") << shape.lanes << " lanes, no multiple of the " << threads
                                    << " threads of a " << (isWarp() ? "warp" : "team");
  return success();
}

LogicalResult ThreadUnroller::special(Operation &op) {
  if (auto number = dyn_cast<tile::WarpOp>(op))
    map[number.getResult()] = {warp};
  else if (isa<tile::BarrierOp>(op))
    meetAll();
  else if (auto product = dyn_cast<tile::MmaOp>(op))
    mma(product);
  else if (auto taken = dyn_cast<tile::AsFactorOp>(op))
    asFactor(taken);
  else if (auto factor = dyn_cast<tile::LoadFactorOp>(op))
    loadFactor(factor);
  else if (auto rows = dyn_cast<tile::CopyOp>(op))
    copy(rows);
  else if (auto runs = dyn_cast<tile::IsAlignedOp>(op))
    isAligned(runs);
  else if (isa<tile::CommitOp>(op))
    callIntrinsic(builder, loc, "llvm.nvvm.cp.async.commit.group", {}, {});
  else if (auto wait = dyn_cast<tile::WaitOp>(op))
    callIntrinsic(
        builder, loc, "llvm.nvvm.cp.async.wait.group", {},
        arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(wait.getPending()))
            .getResult());
  else
    return op.emitOpError("has no form on a GPU");
  return success();
}

} // namespace einfall::nvptx
