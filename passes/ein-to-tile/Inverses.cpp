//===- Inverses.cpp - Quotients by what many elements share ---------------===//
#include "passes/ein-to-tile/Inverses.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace einfall {
namespace {

/// Divisors beyond 2^126, or their inverses, are no normal numbers: such are scaled by 2^64 or its
/// inverse first, and the product is scaled by the same; or they divide.
constexpr double kFar = 0x1p125, kScale = 0x1p64;

/// Arithmetic on values of one type, a number or a tile.
struct Numbers {
  Value like(double value) const {
    Value number = arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(builder.getF32Type(), APFloat(float(value))));
    if (isa<FloatType>(type))
      return number;
    return tile::BroadcastOp::create(builder, loc, type, number, builder.getDenseI64ArrayAttr({}));
  }
  Value compare(arith::CmpFPredicate predicate, Value a, double b) const {
    return arith::CmpFOp::create(builder, loc, predicate, a, like(b));
  }
  Value select(Value condition, double a, Value b) const {
    return arith::SelectOp::create(builder, loc, condition, like(a), b);
  }

  OpBuilder &builder;
  Location loc;
  Type type;
};

/// One product for each element; where the divisor or its inverse is no normal number, a quotient
/// as it stands. Every iteration goes the same way.
void multiplyOrDivide(arith::DivFOp quotient, tile::BroadcastOp divisor) {
  OpBuilder builder(quotient);
  Location loc = quotient.getLoc();
  Value source = divisor.getSource();
  Numbers numbers{builder, loc, source.getType()};
  Value size = math::AbsFOp::create(builder, loc, source);
  Value isNear =
      arith::AndIOp::create(builder, loc, numbers.compare(arith::CmpFPredicate::OLE, size, kFar),
                            numbers.compare(arith::CmpFPredicate::OGE, size, 1 / kFar));
  Value inverse = arith::DivFOp::create(builder, loc, numbers.like(1), source);
  auto branch =
      scf::IfOp::create(builder, loc, quotient.getType(), isNear, /*withElseRegion=*/true);
  quotient.replaceAllUsesWith(branch.getResult(0));
  builder.setInsertionPointToStart(branch.thenBlock());
  Value factor =
      tile::BroadcastOp::create(builder, loc, divisor.getType(), inverse, divisor.getDimsAttr());
  Value product = arith::MulFOp::create(builder, loc, quotient.getLhs(), factor);
  scf::YieldOp::create(builder, loc, product);
  builder.setInsertionPointToStart(branch.elseBlock());
  auto yield = scf::YieldOp::create(builder, loc, quotient.getResult());
  quotient->moveBefore(yield);
}

void multiply(arith::DivFOp quotient, tile::BroadcastOp divisor) {
  OpBuilder builder(quotient);
  Location loc = quotient.getLoc();
  Value source = divisor.getSource();
  Numbers numbers{builder, loc, source.getType()};
  Value size = math::AbsFOp::create(builder, loc, source);
  Value scale = numbers.select(numbers.compare(arith::CmpFPredicate::OGT, size, kFar), 1 / kScale,
                               numbers.like(1));
  scale = numbers.select(numbers.compare(arith::CmpFPredicate::OLT, size, 1 / kFar), kScale, scale);
  Value inverse = arith::DivFOp::create(builder, loc, numbers.like(1),
                                        arith::MulFOp::create(builder, loc, source, scale));
  Value result = quotient.getLhs();
  for (Value factor : {inverse, scale})
    result = arith::MulFOp::create(
        builder, loc, result,
        tile::BroadcastOp::create(builder, loc, divisor.getType(), factor, divisor.getDimsAttr()));
  quotient.replaceAllUsesWith(result);
  quotient.erase();
}

} // namespace

void multiplyByInverses(func::FuncOp program) {
  SmallVector<std::pair<arith::DivFOp, tile::BroadcastOp>> found;
  program.walk([&](arith::DivFOp quotient) {
    bool isNear = bitEnumContainsAny(quotient.getFastmath(), arith::FastMathFlags::afn);
    auto divisor = quotient.getRhs().getDefiningOp<tile::BroadcastOp>();
    if (isNear && divisor && getElementTypeOrSelf(divisor.getType()).isF32())
      found.push_back({quotient, divisor});
  });
  // Walks that run at once are long, and the second product counts beside all that they do. A
  // short loop is written out, which a branch would prevent.
  const bool branches = program->hasAttr(tile::kWalksBlocks);
  for (auto [quotient, divisor] : found) {
    if (branches && isa<FloatType>(divisor.getSource().getType()))
      multiplyOrDivide(quotient, divisor);
    else
      multiply(quotient, divisor);
  }
}

} // namespace einfall
