//===- FixRounding.cpp - Strict's roundings in the program ----------------===//
#include "dialects/ein/EinDialect.h"
#include "dialects/ein/EinNumerics.h"
#include "lib/Elementary/Functions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/ein/Passes.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINFIXROUNDING
#include "passes/ein/Passes.h.inc"

namespace {

using elementary::Plain;

std::optional<elementary::Unary> unaryOf(Operation &op) {
  StringRef name = op.getName().getStringRef();
  if (!name.consume_front("math."))
    return std::nullopt;
  return elementary::unaryFunction({name.data(), name.size()});
}

bool isElementary(Operation &op) {
  return unaryOf(op) || isa<math::PowFOp, math::Atan2Op, math::FPowIOp, math::SincosOp>(op);
}

/// What an elementary function gives for constant operands, rounded once.
FloatAttr evaluateConstant(Operation &op) {
  SmallVector<double> values;
  for (Value operand : op.getOperands()) {
    Attribute constant;
    if (!matchPattern(operand, m_Constant(&constant)))
      return nullptr;
    if (auto number = dyn_cast<IntegerAttr>(constant)) {
      values.push_back(number.getValue().roundToDouble(/*isSigned=*/true));
      continue;
    }
    auto number = dyn_cast<FloatAttr>(constant);
    if (!number)
      return nullptr;
    values.push_back(number.getValueAsDouble());
  }
  double result;
  if (auto function = unaryOf(op))
    result = elementary::evaluate(*function, Plain<double>{values[0]}).v;
  else if (isa<math::PowFOp, math::FPowIOp>(op))
    result = elementary::pow(Plain<double>{values[0]}, Plain<double>{values[1]}).v;
  else if (isa<math::Atan2Op>(op))
    result = elementary::atan2(Plain<double>{values[0]}, Plain<double>{values[1]}).v;
  else
    return nullptr;
  return FloatAttr::get(op.getResult(0).getType(), result);
}

struct FixRounding : impl::EinFixRoundingBase<FixRounding> {
  void runOnOperation() override {
    if (!isStrict(getOperation()))
      return;
    getOperation().walk([&](Operation *op) {
      if (isa<EinsumOp, ScanOp>(op))
        fixBody(op->getRegion(0).front());
      if (auto einsum = dyn_cast<EinsumOp>(op))
        markProduct(einsum);
    });
    getOperation()->setAttr(kFixedRounding, UnitAttr::get(&getContext()));
  }

private:
  /// In order, so that constants go all the way.
  void fixBody(Block &body) {
    for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
      if (!isElementary(op)) {
        foldExactly(op);
        continue;
      }
      OpBuilder builder(&op);
      if (FloatAttr value = evaluateConstant(op)) {
        op.getResult(0).replaceAllUsesWith(arith::ConstantOp::create(builder, op.getLoc(), value));
        op.erase();
        ++numFolded;
        continue;
      }
      widen(builder, op);
    }
  }

  /// Evaluates arithmetic on constants, which has one result everywhere.
  void foldExactly(Operation &op) {
    if (isa<arith::ConstantOp>(op) || op.getNumResults() != 1)
      return;
    SmallVector<Attribute> constants(op.getNumOperands());
    for (auto [attr, operand] : llvm::zip(constants, op.getOperands()))
      if (!matchPattern(operand, m_Constant(&attr)))
        return;
    SmallVector<OpFoldResult> results;
    if (failed(op.fold(constants, results)) || results.size() != 1)
      return;
    auto value = dyn_cast<TypedAttr>(dyn_cast<Attribute>(results[0]));
    if (!value || value.getType() != op.getResult(0).getType())
      return;
    OpBuilder builder(&op);
    op.getResult(0).replaceAllUsesWith(arith::ConstantOp::create(builder, op.getLoc(), value));
    op.erase();
    ++numFolded;
  }

  void widen(OpBuilder &builder, Operation &op) {
    Type narrow = op.getResult(0).getType(), wide = builder.getF64Type();
    if (narrow == wide)
      return;
    ++numWidened;
    for (OpOperand &operand : op.getOpOperands())
      if (operand.get().getType() == narrow)
        operand.set(arith::ExtFOp::create(builder, op.getLoc(), wide, operand.get()));
    builder.setInsertionPointAfter(&op);
    for (Value result : op.getResults()) {
      result.setType(wide);
      auto rounded = arith::TruncFOp::create(builder, op.getLoc(), narrow, result);
      result.replaceAllUsesExcept(rounded, rounded);
    }
  }

  void markProduct(EinsumOp op) {
    auto product = op.getYielded().getDefiningOp<arith::MulFOp>();
    if (!product || op.getMonoids().empty() || op.getMonoid(op.getNumRanks() - 1) != Monoid::add)
      return;
    product.setFastmath(product.getFastmath() | arith::FastMathFlags::contract);
  }
};

} // namespace
} // namespace einfall::ein
