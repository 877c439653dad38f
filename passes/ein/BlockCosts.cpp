//===- BlockCosts.cpp - What a block of a kernel holds and repeats --------===//
#include "passes/ein/BlockCosts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace einfall::ein {

unsigned costOf(Operation &inner) {
  if (isa<math::MathDialect>(inner.getDialect()))
    return isa<math::FmaOp, math::AbsFOp>(inner) ? 1 : 16;
  if (isa<arith::DivFOp, arith::RemFOp>(inner))
    return 4;
  bool isFree = inner.hasTrait<OpTrait::ConstantLike>() || isa<IndexOp, ExtentOp>(inner);
  return isFree ? 0 : 1;
}

bool isExpanded(Value tensor, unsigned dim, double times) {
  auto maker = tensor.getDefiningOp<EinsumOp>();
  if (!maker)
    return tensor.getDefiningOp<FoldOp>() != nullptr;
  if (!maker.getMonoids().empty())
    return isExpansion(maker, times);
  for (unsigned i = 0, e = maker.getInputs().size(); i < e; ++i)
    for (auto [inner, index] : llvm::enumerate(maker.getMap(i).getResults()))
      if (index.isFunctionOfDim(dim) && isExpanded(maker.getInputs()[i], inner, times))
        return true;
  return false;
}

} // namespace einfall::ein
