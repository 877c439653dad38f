//===- ThreadUnroller.cpp - Tiles over the threads of a warp --------------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "codegen/common/Held.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>
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

void ThreadUnroller::meet() { isWarp() ? meetInWarp() : meetAll(); }

void ThreadUnroller::meetInWarp() {
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

/// Sums of products wait for what they read; of any other loop, more code is all that comes of
/// it, of which the assembler's time is made.
bool ThreadUnroller::mayUnroll(scf::ForOp op) const {
  auto isProduct = [](Value value) {
    return isa_and_present<arith::MulFOp, arith::MulIOp>(value.getDefiningOp());
  };
  return llvm::any_of(op.getRegionIterArgs(), [&](BlockArgument sum) {
    return llvm::any_of(sum.getUsers(), [&](Operation *user) {
      if (auto fused = dyn_cast<math::FmaOp>(user))
        return fused.getC() == sum;
      if (isa<tile::MmaOp>(user))
        return true;
      return isa<arith::AddFOp, arith::AddIOp>(user) &&
             llvm::any_of(user->getOperands(), isProduct);
    });
  });
}

void ThreadUnroller::generic(Operation &op) {
  if (auto quotient = dyn_cast<arith::DivFOp>(op); quotient && !ein::isStrict(quotient)) {
    Units divisors = map.lookup(quotient.getRhs());
    llvm::SmallSetVector<Value, 8> distinct(divisors.begin(), divisors.end());
    bool isRough = bitEnumContainsAny(quotient.getFastmath(), arith::FastMathFlags::afn);
    bool isF32 =
        divisors.front().getType().isF32() && getElementTypeOrSelf(quotient.getType()).isF32();
    if (isF32 && divisors.size() >= 4 * distinct.size())
      return divide(quotient, distinct.getArrayRef(), isRough);
  }
  if (auto widened = dyn_cast<arith::ExtFOp>(op); widened && widen(widened))
    return;
  codegen::Unroller::generic(op);
}

/// What all `numbers` are products with; null if there is nothing.
static Value commonFactor(ArrayRef<Value> numbers) {
  auto isFactor = [](Value number, Value factor) {
    auto product = number.getDefiningOp<arith::MulFOp>();
    return product && llvm::is_contained(product->getOperands(), factor);
  };
  if (auto first = numbers.front().getDefiningOp<arith::MulFOp>())
    for (Value factor : first->getOperands())
      if (llvm::all_of(numbers, [&](Value number) { return isFactor(number, factor); }))
        return factor;
  return {};
}

/// The other factor of a product with `factor`.
static Value without(Value number, Value factor) {
  auto product = number.getDefiningOp<arith::MulFOp>();
  return product.getLhs() == factor ? product.getRhs() : product.getLhs();
}

/// By the reciprocals of a few divisors. Far from 1 both numbers are scaled first: the
/// reciprocal is in range then, and what a number loses or gains by it its quotient did, too.
/// If not `isRough`, what the reciprocal was rounded by is a factor of its own, so that the result
/// is rounded once, almost; of a negative zero the sign may be lost. The assembler takes longer for
/// one division, which branches, than for twenty such products.
void ThreadUnroller::divide(arith::DivFOp op, ArrayRef<Value> divisors, bool isRough) {
  Type f32 = builder.getF32Type();
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value));
  };
  auto times = [&](Value a, Value b) -> Value { return arith::MulFOp::create(builder, loc, a, b); };
  auto compare = [&](arith::CmpFPredicate predicate, Value size, double bound) -> Value {
    return arith::CmpFOp::create(builder, loc, predicate, size, real(bound));
  };
  auto choose = [&](arith::CmpFPredicate predicate, Value size, double bound, Value then,
                    Value otherwise) -> Value {
    return arith::SelectOp::create(builder, loc, compare(predicate, size, bound), then, otherwise);
  };
  struct Divisor {
    SmallVector<Value> numbers;
    Value factor; // which is cancelled; null if there is none
    Value scale, reciprocal, rest;
  };
  llvm::DenseMap<Value, Divisor> prepared;
  Units lhs = map.lookup(op.getLhs()), rhs = map.lookup(op.getRhs());
  for (auto [number, divisor] : llvm::zip(lhs, rhs))
    prepared[divisor].numbers.push_back(number);
  for (Value divisor : divisors) {
    Divisor &own = prepared[divisor];
    // A factor of all numbers and of the divisor, as what a fold is relative to in the end, says
    // no more than whether there is a result.
    Value by = divisor, isNumber;
    if (auto product = divisor.getDefiningOp<arith::MulFOp>())
      if (Value factor = commonFactor(own.numbers);
          factor && llvm::is_contained(product->getOperands(), factor)) {
        own.factor = factor;
        by = without(divisor, factor);
        Value size = math::AbsFOp::create(builder, loc, factor);
        isNumber = both(compare(arith::CmpFPredicate::OGT, size, 0),
                        compare(arith::CmpFPredicate::OLT, size, INFINITY));
      }
    Value size = math::AbsFOp::create(builder, loc, by);
    own.scale = choose(arith::CmpFPredicate::OLT, size, 0x1p-60, real(0x1p32), real(1));
    own.scale = choose(arith::CmpFPredicate::OGT, size, 0x1p60, real(0x1p-32), own.scale);
    Value scaled = times(by, own.scale);
    own.reciprocal = isRough
                         ? callIntrinsic(builder, loc, "llvm.nvvm.rcp.approx.ftz.f", f32, scaled)
                         : arith::DivFOp::create(builder, loc, real(1), scaled).getResult();
    if (isNumber)
      own.reciprocal = arith::SelectOp::create(builder, loc, isNumber, own.reciprocal, real(NAN));
    if (isRough)
      continue;
    Value negative = arith::NegFOp::create(builder, loc, scaled);
    Value rest = math::FmaOp::create(builder, loc, negative, own.reciprocal, real(1));
    // By zero or an infinity nothing is rounded.
    own.rest = choose(arith::CmpFPredicate::OEQ, size, 0, real(0), times(rest, own.reciprocal));
    own.rest = choose(arith::CmpFPredicate::OEQ, size, INFINITY, real(0), own.rest);
  }
  Units results;
  for (auto [number, divisor] : llvm::zip(lhs, rhs)) {
    const Divisor &by = prepared[divisor];
    if (by.factor)
      number = without(number, by.factor);
    Value scaled = times(number, by.scale);
    if (isRough) {
      results.push_back(times(scaled, by.reciprocal));
      continue;
    }
    // Of an infinity, given or come to, there is none: any finite number leaves it alone.
    constexpr double most = std::numeric_limits<float>::max();
    Value rest = times(scaled, by.rest);
    rest = LLVM::MinNumOp::create(builder, loc, rest, real(most));
    rest = LLVM::MaxNumOp::create(builder, loc, rest, real(-most));
    results.push_back(math::FmaOp::create(builder, loc, scaled, by.reciprocal, rest));
  }
  map[op.getResult()] = results;
}

LogicalResult ThreadUnroller::check(Operation &op) const {
  if (auto rows = dyn_cast<tile::StoreRowsOp>(op); rows && rows.getShape()[0] % (8 * warps) != 0)
    return op.emitOpError("has ") << rows.getShape()[0] << " rows, no fragment of " << warps
                                  << " warps";
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
  else if (isa<tile::WarpBarrierOp>(op))
    meetInWarp();
  else if (auto product = dyn_cast<tile::MmaOp>(op))
    mma(product);
  else if (auto taken = dyn_cast<tile::AsFactorOp>(op))
    asFactor(taken);
  else if (auto factor = dyn_cast<tile::LoadFactorOp>(op))
    loadFactor(factor);
  else if (auto rows = dyn_cast<tile::CopyOp>(op))
    copy(rows);
  else if (auto rows = dyn_cast<tile::StoreRowsOp>(op))
    storeRows(rows);
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
