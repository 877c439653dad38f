//===- InsertCopies.cpp - Values that share a buffer get their own ---------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EININSERTCOPIES
#include "passes/ein/Passes.h.inc"

namespace {

/// The tensor that `op` replaces elements of, null if it is another op.
Value destinationOf(Operation *op) {
  if (isa<UpdateOp, ScatterOp>(op))
    return op->getOperand(0);
  return {};
}

ArrayAttr labels(Builder &builder, int64_t rank) {
  SmallVector<Attribute> names;
  for (int64_t i = 0; i < rank; ++i)
    names.push_back(builder.getStringAttr("i" + std::to_string(i)));
  return builder.getArrayAttr(names);
}

/// An einsum that copies `value`.
Value copyOf(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<TensorType>(value.getType());
  MLIRContext *context = builder.getContext();
  ArrayAttr names = labels(builder, type.getRank());
  SmallVector<StringRef> ranks =
      llvm::map_to_vector(names, [](Attribute a) { return cast<StringAttr>(a).getValue(); });
  AffineMap map = AffineMap::get(
      type.getRank(), 1, AffineMap::getMultiDimIdentityMap(type.getRank(), context).getResults(),
      context);
  return EinsumOp::create(builder, loc, type, value, ranks, map, ArrayRef<Monoid>(),
                          ArrayRef<ExtentAttr>(), ArrayRef<StringAttr>(),
                          [](OpBuilder &, Location, ValueRange v) { return v[0]; });
}

/// `value` stored over all of `dest`.
Value storeInto(OpBuilder &builder, Location loc, Value dest, Value value) {
  auto type = cast<TensorType>(dest.getType());
  MLIRContext *context = builder.getContext();
  AffineMap map = AffineMap::get(
      type.getRank(), 1, AffineMap::getMultiDimIdentityMap(type.getRank(), context).getResults(),
      context);
  return UpdateOp::create(builder, loc, type, dest, value, labels(builder, type.getRank()),
                          builder.getAffineMapArrayAttr(map), builder.getArrayAttr({}));
}

struct InsertCopiesPass : impl::EinInsertCopiesBase<InsertCopiesPass> {
  func::ReturnOp done;
  /// Updates that make the new value of a state, in the state's own buffer.
  llvm::SmallPtrSet<Operation *, 8> ofState;

  Value copy(OpBuilder &builder, Location loc, Value value) {
    ++numCopies;
    return copyOf(builder, loc, value);
  }

  /// The argument that holds state `name`.
  BlockArgument stateArgument(StringRef name) {
    func::FuncOp function = getOperation();
    for (BlockArgument argument : function.getArguments()) {
      auto state = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "ein.state");
      if (state && state.getValue() == name)
        return argument;
    }
    return {};
  }

  bool isState(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && getOperation().getArgAttr(argument.getArgNumber(), "ein.state");
  }

  StringRef stateOfResult(unsigned number) {
    auto state = getOperation().getResultAttrOfType<StringAttr>(number, "ein.state");
    return state ? state.getValue() : StringRef();
  }

  /// Makes every new state a chain of updates of the old one.
  void chainStates() {
    OpBuilder builder(done);
    for (OpOperand &result : done->getOpOperands()) {
      StringRef name = stateOfResult(result.getOperandNumber());
      BlockArgument state = name.empty() ? BlockArgument() : stateArgument(name);
      if (!state || result.get() == state || result.get().getType() != state.getType())
        continue;
      SmallVector<Operation *> chain;
      Value root = result.get();
      for (Operation *op = root.getDefiningOp(); op && destinationOf(op);
           op = root.getDefiningOp()) {
        chain.push_back(op);
        root = destinationOf(op);
      }
      if (root != state) {
        result.set(storeInto(builder, done.getLoc(), state, result.get()));
        chain.assign(1, result.get().getDefiningOp());
      }
      ofState.insert(chain.begin(), chain.end());
    }
  }

  /// True if `value` lies in a buffer that an update may overwrite.
  bool isOwned(Value value) {
    Operation *op = value.getDefiningOp();
    return op && !isa<ConstantOp>(op) && !ofState.contains(op);
  }

  SmallVector<OpOperand *> usesAfter(Operation *op, Value value) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      if (op->isBeforeInBlock(use.getOwner()))
        uses.push_back(&use);
    return uses;
  }

  void placeUpdate(Operation *op) {
    OpBuilder builder(op);
    OpOperand &dest = op->getOpOperand(0);
    Value old = dest.get();
    SmallVector<OpOperand *> later = usesAfter(op, old);
    // Its own reads of the old value come too late as well.
    SmallVector<OpOperand *> readers(later);
    for (OpOperand &operand : op->getOpOperands().drop_front())
      if (operand.get() == old)
        readers.push_back(&operand);
    if (!ofState.contains(op)) {
      if (!isOwned(old) || !readers.empty())
        dest.set(copy(builder, op->getLoc(), old));
      return;
    }
    if (readers.empty())
      return;
    Value copied = copy(builder, op->getLoc(), old);
    for (OpOperand *use : readers)
      use->set(copied);
    InFlightDiagnostic remark =
        op->emitRemark("the old value is copied before this update, because it is read later");
    remark.attachNote(readers[0]->getOwner()->getLoc()) << "read here";
  }

  /// Each result that is no state has a buffer that nobody else has.
  void placeResults() {
    OpBuilder builder(done);
    llvm::SmallPtrSet<Value, 8> seen;
    for (OpOperand &result : done->getOpOperands()) {
      if (!stateOfResult(result.getOperandNumber()).empty())
        continue;
      if (!isOwned(result.get()) || !seen.insert(result.get()).second)
        result.set(copy(builder, done.getLoc(), result.get()));
    }
  }

  void runOnOperation() override {
    ofState.clear();
    func::FuncOp function = getOperation();
    done = function.isDeclaration() ? func::ReturnOp()
                                    : dyn_cast<func::ReturnOp>(function.front().getTerminator());
    if (!done || !llvm::all_of(done.getOperandTypes(), llvm::IsaPred<TensorType>))
      return;
    chainStates();
    for (Operation &op : llvm::make_early_inc_range(function.front().without_terminator()))
      if (destinationOf(&op))
        placeUpdate(&op);
    placeResults();
  }
};

} // namespace
} // namespace einfall::ein
