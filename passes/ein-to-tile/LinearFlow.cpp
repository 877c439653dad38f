//===- LinearFlow.cpp - Where an error may grow ---------------------------===//
#include "passes/ein-to-tile/LinearFlow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

bool isHalf(Type type) {
  Type element = cast<ein::TensorType>(type).getElementType();
  return element.isBF16() || element.isF16();
}

/// Follows the values that `tensor` has a part in, bodies and tensors alike.
class Flow {
public:
  bool follow(Value value) {
    if (!seen.insert(value).second)
      return true;
    return llvm::all_of(value.getUses(), [&](OpOperand &use) { return passes(use); });
  }

private:
  bool passes(OpOperand &use) {
    Operation *user = use.getOwner();
    unsigned number = use.getOperandNumber();
    Operation *around = user->getParentOp();
    if (auto einsum = dyn_cast<ein::EinsumOp>(user)) {
      for (int32_t monoid : einsum.getMonoids())
        if (monoid != (int32_t)ein::Monoid::add)
          return false;
      return follow(einsum.getBody().front().getArgument(number));
    }
    if (auto stream = dyn_cast<ein::StreamOp>(user))
      return follow(stream.getBody().front().getArgument(number));
    if (isa<ein::YieldOp>(user)) {
      if (auto einsum = dyn_cast<ein::EinsumOp>(around))
        return follow(einsum.getResult());
      if (auto stream = dyn_cast<ein::StreamOp>(around))
        return follow(stream.getBody().front().getArgument(number)) &&
               follow(stream.getResult(number));
      return isHalf(use.get().getType());
    }
    if (isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::ExtFOp, arith::TruncFOp>(user))
      return follow(user->getResult(0));
    auto alone = [&](Value other) { return !isMadeOf(other); };
    if (isa<arith::MulFOp>(user))
      return alone(user->getOperand(1 - number)) && follow(user->getResult(0));
    if (isa<arith::DivFOp>(user))
      return number == 0 && alone(user->getOperand(1)) && follow(user->getResult(0));
    if (isa<arith::SelectOp>(user))
      return number != 0 && follow(user->getResult(0));
    return false;
  }
  /// Of values that are not followed yet, those in the same body are looked at.
  bool isMadeOf(Value value) {
    if (seen.contains(value))
      return true;
    Operation *op = value.getDefiningOp();
    return op && llvm::any_of(op->getOperands(), [&](Value operand) { return isMadeOf(operand); });
  }
  DenseSet<Value> seen;
};

} // namespace

bool storesHalves(ein::KernelOp kernel) { return llvm::all_of(kernel.getResultTypes(), isHalf); }

bool flowsLinearly(Value tensor) { return Flow().follow(tensor); }

} // namespace einfall
