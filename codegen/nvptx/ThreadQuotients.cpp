//===- ThreadQuotients.cpp - Quotients by what several numbers share ------===//
#include "codegen/nvptx/ThreadUnroller.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace einfall::nvptx {
using namespace codegen;

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
    Value scaled = times(by.factor ? without(number, by.factor) : number, by.scale);
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

} // namespace einfall::nvptx
