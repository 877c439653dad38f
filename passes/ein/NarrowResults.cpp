//===- NarrowResults.cpp - What all readers round is stored rounded -------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINNARROWRESULTS
#include "passes/ein/Passes.h.inc"

namespace {

/// The rounding of an operand that `use` is, if it is all that the reader does with it.
SmallVector<arith::TruncFOp> roundingsOf(OpOperand &use, Type &to) {
  auto reader = dyn_cast<EinsumOp>(use.getOwner());
  SmallVector<arith::TruncFOp> found;
  if (!reader || reader.getFill(use.getOperandNumber()))
    return found;
  BlockArgument argument = reader.getBody().front().getArgument(use.getOperandNumber());
  for (Operation *user : argument.getUsers()) {
    auto rounding = dyn_cast<arith::TruncFOp>(user);
    if (!rounding || rounding.getRoundingmodeAttr() || (to && to != rounding.getType()))
      return {};
    to = rounding.getType();
    found.push_back(rounding);
  }
  return found;
}

struct NarrowResultsPass : impl::EinNarrowResultsBase<NarrowResultsPass> {
  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    for (EinsumOp op : getOperation().getOps<EinsumOp>())
      if (op.getMonoids().empty() && narrow(op))
        ++numNarrowed;
  }

private:
  bool narrow(EinsumOp op) {
    Type to;
    SmallVector<arith::TruncFOp> roundings;
    for (OpOperand &use : op->getUses()) {
      SmallVector<arith::TruncFOp> found = roundingsOf(use, to);
      if (found.empty())
        return false;
      llvm::append_range(roundings, found);
    }
    if (roundings.empty())
      return false;
    Operation *yield = op.getBody().front().getTerminator();
    OpBuilder builder(yield);
    yield->setOperand(0, arith::TruncFOp::create(builder, op.getLoc(), to, op.getYielded()));
    TensorType type = op.getResult().getType();
    op.getResult().setType(TensorType::get(op.getContext(), type.getShape(), to));
    for (OpOperand &use : op->getUses())
      cast<EinsumOp>(use.getOwner())
          .getBody()
          .front()
          .getArgument(use.getOperandNumber())
          .setType(to);
    for (arith::TruncFOp rounding : roundings) {
      rounding.replaceAllUsesWith(rounding.getIn());
      rounding.erase();
    }
    return true;
  }
};

} // namespace
} // namespace einfall::ein
