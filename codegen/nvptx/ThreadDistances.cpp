//===- ThreadDistances.cpp - Sums and differences of coordinates ----------===//
//
// A thread's coordinates along a fragment are its first one and steps of 8 and 1 from there. So row
// less column has fewer values than the thread has elements: of 4 rows by 16 columns 22, not 64.
// LLVM does not see that: it adds a step to what depends on the thread before the start of
// the chunk, and knows of no conversion to f32 that it is exact.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Held.h"
#include "codegen/nvptx/ThreadUnroller.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::nvptx {

namespace {

/// Whether terms may be added in any order: integers wrap, and coordinates in f32 are exact.
bool isFree(Operation &op) {
  if (isa<arith::AddIOp, arith::SubIOp>(op))
    return true;
  auto real = dyn_cast<arith::ArithFastMathInterface>(op);
  return real && isa<arith::AddFOp, arith::SubFOp>(op) &&
         bitEnumContainsAny(real.getFastMathFlagsAttr().getValue(), arith::FastMathFlags::reassoc);
}

unsigned bitsOf(Type type) {
  return type.isIndex() ? IndexType::kInternalStorageBitWidth : type.getIntOrFloatBitWidth();
}

/// Whether what lies some integer behind a value lies as far behind it once both are converted. To
/// f32 only as real numbers: who adds up decides whether those will do.
bool keepsSteps(Operation &op, Type from, Type to) {
  return (isa<arith::SIToFPOp>(op) && to.isF32()) ||
         (isa<arith::IndexCastOp>(op) && bitsOf(to) <= bitsOf(from));
}

} // namespace

ThreadUnroller::Step ThreadUnroller::stepOf(Value unit) const {
  auto known = steps.find(unit);
  return known == steps.end() ? Step{unit, 0} : known->second;
}

void ThreadUnroller::keepSteps(Operation &op) {
  if (op.getNumOperands() != 1 || op.getNumResults() != 1)
    return;
  const Units &from = map.find(op.getOperand(0))->second, &to = map.find(op.getResult(0))->second;
  if (!steps.contains(from.front()) ||
      !keepsSteps(op, from.front().getType(), to.front().getType()))
    return;
  for (auto [before, after] : llvm::zip(from, to))
    if (Step step = stepOf(before); step.first == from.front())
      steps[after] = {to.front(), step.far};
}

bool ThreadUnroller::addSteps(Operation &op) {
  if (!isFree(op))
    return false;
  // Of each element: the first ones of what is added up, and how far behind their sum it lies.
  using Firsts = std::pair<Value, Value>;
  SmallVector<std::pair<Firsts, int64_t>> elements;
  llvm::SmallMapVector<std::pair<Firsts, int64_t>, Value, 32> distinct;
  llvm::SmallMapVector<Firsts, Value, 2> starts;
  llvm::SmallDenseSet<std::pair<Value, Value>> pairs;
  bool isSum = isa<arith::AddIOp, arith::AddFOp>(op);
  for (auto [left, right] : llvm::zip(map.lookup(op.getOperand(0)), map.lookup(op.getOperand(1)))) {
    Step a = stepOf(left), b = stepOf(right);
    elements.push_back({{a.first, b.first}, isSum ? a.far + b.far : a.far - b.far});
    distinct[elements.back()] = starts[elements.back().first] = {};
    pairs.insert({left, right});
  }
  if (distinct.size() + starts.size() > pairs.size())
    return false;
  for (auto &[firsts, start] : starts)
    start = codegen::applyHeld(builder, loc, op, {firsts.first, firsts.second}).front();
  for (auto &[element, value] : distinct) {
    value = behind(starts[element.first], element.second);
    steps[value] = {starts[element.first], element.second};
  }
  Units units;
  for (const auto &element : elements)
    units.push_back(distinct[element]);
  map[op.getResult(0)] = units;
  return true;
}

Value ThreadUnroller::behind(Value start, int64_t far) {
  if (far == 0)
    return start;
  Type type = start.getType();
  if (isa<FloatType>(type)) {
    TypedAttr number = builder.getFloatAttr(type, static_cast<double>(far));
    return arith::AddFOp::create(builder, loc, start,
                                 arith::ConstantOp::create(builder, loc, number));
  }
  Value number = arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, far));
  return arith::AddIOp::create(builder, loc, start, number);
}

} // namespace einfall::nvptx
