//===- SettledConditions.cpp - Bodies without their conditions ------------===//
#include "passes/ein-to-tile/SettledConditions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "passes/ein/EmptySteps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall {

bool isPartOf(Value part, Value whole) {
  if (part == whole)
    return true;
  Operation *maker = whole.getDefiningOp();
  return isa_and_nonnull<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(maker) &&
         llvm::any_of(maker->getOperands(), [&](Value side) { return isPartOf(part, side); });
}

SmallVector<BlockArgument> argumentsOf(Value scalar) {
  SmallVector<BlockArgument> found;
  llvm::SetVector<Value> values;
  values.insert(scalar);
  for (unsigned i = 0; i < values.size(); ++i) { // grows on the way
    if (auto argument = dyn_cast<BlockArgument>(values[i]))
      found.push_back(argument);
    else
      values.insert_range(values[i].getDefiningOp()->getOperands());
  }
  return found;
}

/// True if two scalars of two Einsums of a stream are computed alike from the
/// same elements.
static bool computesSame(ein::EinsumOp a, Value x, ein::EinsumOp b, Value y) {
  auto left = dyn_cast<BlockArgument>(x), right = dyn_cast<BlockArgument>(y);
  if (left || right)
    return left && right &&
           a.getInputs()[left.getArgNumber()] == b.getInputs()[right.getArgNumber()];
  Operation *p = x.getDefiningOp(), *q = y.getDefiningOp();
  return p->getName() == q->getName() && p->getAttrDictionary() == q->getAttrDictionary() &&
         p->getResultTypes() == q->getResultTypes() && p->getNumOperands() == q->getNumOperands() &&
         llvm::all_of(llvm::zip(p->getOperands(), q->getOperands()), [&](auto pair) {
           return computesSame(a, std::get<0>(pair), b, std::get<1>(pair));
         });
}

/// The value of which a guard's mask is the opposite, or null.
static Value negatedBy(ein::EinsumOp mask) {
  auto flip = mask.getYielded().getDefiningOp<arith::XOrIOp>();
  return flip && matchPattern(flip.getRhs(), m_One()) ? flip.getLhs() : Value();
}

SmallVector<SettledCondition> conditionsOf(ein::EinsumOp op, Block &stream) {
  SmallVector<SettledCondition> conditions;
  for (Value value : candidateConditions(op.getBody().front())) {
    auto isOppositeOf = [&](ein::GuardOp guard) {
      auto mask = guard.getMask().getDefiningOp<ein::EinsumOp>();
      Value opposite = mask ? negatedBy(mask) : Value();
      return opposite && computesSame(op, value, mask, opposite);
    };
    bool isSkipped = llvm::any_of(stream.getOps<ein::GuardOp>(), isOppositeOf) ||
                     llvm::any_of(conditions, [&](const SettledCondition &whole) {
                       return !whole.holds && isPartOf(value, whole.value);
                     });
    conditions.push_back({op, value, /*holds=*/!isSkipped});
  }
  return conditions;
}

WithoutConditions::WithoutConditions(ArrayRef<SettledCondition> conditions) {
  DenseMap<Operation *, IRMapping> copies;
  for (const SettledCondition &condition : conditions) {
    ein::EinsumOp op = condition.op;
    auto [values, isNew] = copies.try_emplace(op);
    if (isNew)
      copy(op, &values->second);
    Value value = values->second.lookup(condition.value);
    OpBuilder builder(op.getContext());
    builder.setInsertionPointToStart(&op.getBody().front());
    value.replaceAllUsesWith(
        arith::ConstantOp::create(builder, op.getLoc(), builder.getBoolAttr(condition.holds)));
  }
  for (auto &[op, body] : originals)
    simplify(op.getBody().front());
}

} // namespace einfall
