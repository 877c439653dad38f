//===- OtherBodies.cpp - Einsums with other bodies for a while ------------===//
#include "passes/ein-to-tile/OtherBodies.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

Block &OtherBodies::copy(ein::EinsumOp op, IRMapping *values) {
  Region other;
  IRMapping own;
  op.getBody().cloneInto(&other, values ? *values : own);
  originals.push_back({op, std::make_unique<Region>()});
  originals.back().second->takeBody(op.getBody());
  op.getBody().takeBody(other);
  return op.getBody().front();
}

void OtherBodies::simplify(Block &body) {
  OpBuilder builder(body.getParentOp()->getContext());
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    builder.setInsertionPoint(&op);
    SmallVector<Value> values;
    if (succeeded(builder.tryFold(&op, values)) && !values.empty())
      op.replaceAllUsesWith(values);
  }
  SmallVector<Operation *> ops;
  for (Operation &op : body.without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

OtherBodies::~OtherBodies() {
  for (auto &[op, body] : llvm::reverse(originals))
    op.getBody().takeBody(*body);
}

} // namespace einfall
