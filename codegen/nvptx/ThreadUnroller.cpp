//===- ThreadUnroller.cpp - Tiles over the threads of a warp --------------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "codegen/common/Held.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

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

Value ThreadUnroller::vectorOf(Type element, ValueRange values) {
  auto type = VectorType::get(static_cast<int64_t>(values.size()), element);
  Value vector = LLVM::PoisonOp::create(builder, loc, type);
  for (auto [i, value] : llvm::enumerate(values)) {
    Value number = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(i));
    vector = LLVM::InsertElementOp::create(builder, loc, vector, value, number);
  }
  return vector;
}

Value ThreadUnroller::element(Value vector, int64_t number) {
  Value at = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(number));
  return LLVM::ExtractElementOp::create(builder, loc, vector, at);
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

int64_t ThreadUnroller::farOf(const Shape &shape, int64_t number) const {
  if (shape.warpRows)
    return Shape::rowFar(number);
  if (shape.warpColumns)
    return Shape::columnFar(number);
  int64_t length = shape.lanes ? runOf(shape) : 1;
  return shape.lanes ? number / length * length * threads + number % length : number;
}

Value ThreadUnroller::lane(const Shape &shape, int64_t number) {
  return plus(times(thread, runOf(shape)), farOf(shape, number));
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
    steps[value] = {units.front(), farOf(shape, i)};
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
  if (addSteps(op))
    return;
  codegen::Unroller::generic(op);
  keepSteps(op);
}

LogicalResult ThreadUnroller::check(Operation &op) const {
  if (auto rows = dyn_cast<tile::StoreRowsOp>(op); rows && rows.getShape()[0] % (8 * warps) != 0)
    return op.emitOpError("has ") << rows.getShape()[0] << " rows, no fragment of " << warps
                                  << " warps";
  if (auto load = dyn_cast<tile::LoadOp>(op); load && load.getPicks())
    return op.emitOpError("has picks, and lanes of threads read neighbours only");
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
