//===- TurnWeights.cpp - Weights are stored in the order they are read ----===//
//
// One row times a weight `w[k, f]` reads a few columns of every row of it: pieces as long as a
// line, a row apart, which no prefetcher follows. Stored as `w[f, k]` each sum is one stream.
// Nothing is lost where there are many rows, as those are copied into panels from either order.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINTURNWEIGHTS
#include "passes/ein/Passes.h.inc"

namespace {

/// Sums and columns that are shorter fill no vectors in the one order or the other.
constexpr int64_t kShortest = 64;
/// Of so many rows what is read once is used often.
constexpr int64_t kManyRows = 32;

/// What the readers of a weight would have.
struct Wish {
  int64_t inner = -1;   ///< the dimension that should be the last one, if any
  bool isBound = false; ///< a reader needs the order that there is
  void keep() { isBound = true; }
  void turn(int64_t dim) {
    isBound |= inner >= 0 && inner != dim;
    inner = dim;
  }
};

/// Rows of the sum `op` that use each element of the operand that it reads by `map`; nothing where
/// that differs from call to call.
std::optional<int64_t> rowsThatShare(EinsumOp op, AffineMap map) {
  int64_t rows = 1;
  for (int64_t rank = 0; rank < op.getNumFree(); ++rank) {
    if (map.isFunctionOfDim(rank))
      continue;
    std::optional<int64_t> extent = op.getRankExtent(rank).getLiteral();
    if (!extent)
      return std::nullopt;
    rows *= *extent;
  }
  return rows;
}

/// The place of the innermost index of `map` that is a summed rank and nothing else.
int64_t summedIndex(EinsumOp op, AffineMap map) {
  for (int64_t i = map.getNumResults(); i-- > 0;)
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(i));
        dim && op.isReduced(dim.getPosition()))
      return i;
  return -1;
}

/// Adds what `use` would have, of a value with the weight's own dimensions.
void ask(OpOperand &use, Wish &wish) {
  auto op = dyn_cast<EinsumOp>(use.getOwner());
  if (!op)
    return wish.keep();
  auto map = cast<AffineMapAttr>(op.getMaps()[use.getOperandNumber()]).getValue();
  // A conversion, say: what reads it reads the weight in the end.
  if (op.getMonoids().empty() && map.isIdentity()) {
    for (OpOperand &next : op->getUses())
      ask(next, wish);
    return;
  }
  if (map.getNumResults() < 2)
    return wish.keep();
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  int64_t inner = summedIndex(op, map);
  if (!last || inner < 0 || op.isReduced(last.getPosition()) || op.getInputs().size() < 2)
    return wish.keep();
  auto longEnough = [&](int64_t rank) {
    return op.getRankExtent(rank).getLiteral().value_or(0) >= kShortest;
  };
  unsigned summed = cast<AffineDimExpr>(map.getResult(inner)).getPosition();
  if (longEnough(summed) && longEnough(last.getPosition()) &&
      rowsThatShare(op, map).value_or(1) < kManyRows)
    wish.turn(inner);
}

/// `order` of what `map` gives.
AffineMap reordered(AffineMap map, ArrayRef<int64_t> order) {
  return map.getSubMap(llvm::to_vector_of<unsigned>(order));
}

struct TurnWeightsPass : impl::EinTurnWeightsBase<TurnWeightsPass> {
  void runOnOperation() override {
    // All entries have one tensor.
    llvm::MapVector<StringRef, SmallVector<BlockArgument>> weights;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      for (BlockArgument argument : function.getArguments())
        if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kWeight))
          weights[name].push_back(argument);
    }
    for (auto &[name, arguments] : weights) {
      Wish wish;
      for (BlockArgument argument : arguments) {
        for (OpOperand &use : argument.getUses())
          ask(use, wish);
        // Stored otherwise already, or of another type elsewhere, which is an error found later.
        if (orderOf(argument) || argument.getType() != arguments.front().getType() ||
            llvm::any_of(argument.getUsers(), [](Operation *op) { return !isa<EinsumOp>(op); }))
          wish.keep();
      }
      if (wish.isBound || wish.inner < 0)
        continue;
      for (BlockArgument argument : arguments)
        turn(argument, wish.inner);
      ++numTurned;
    }
  }

private:
  static constexpr StringLiteral kWeight = "ein.weight", kOrder = "ein.order";

  static Attribute orderOf(BlockArgument argument) {
    auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    return function.getArgAttr(argument.getArgNumber(), kOrder);
  }

  void turn(BlockArgument argument, int64_t inner) {
    auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto type = cast<TensorType>(argument.getType());
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != inner)
        order.push_back(i);
    order.push_back(inner);
    for (OpOperand &use : argument.getUses()) {
      auto op = cast<EinsumOp>(use.getOwner());
      SmallVector<Attribute> maps(op.getMaps().begin(), op.getMaps().end());
      Attribute &map = maps[use.getOperandNumber()];
      map = AffineMapAttr::get(reordered(cast<AffineMapAttr>(map).getValue(), order));
      op.setMapsAttr(ArrayAttr::get(&getContext(), maps));
    }
    auto shape = llvm::map_to_vector(order, [&](int64_t dim) { return type.getExtent(dim); });
    argument.setType(TensorType::get(&getContext(), shape, type.getElementType()));
    function.setArgAttr(argument.getArgNumber(), kOrder,
                        DenseI64ArrayAttr::get(&getContext(), order));
    SmallVector<Type> types(function.getArgumentTypes());
    types[argument.getArgNumber()] = argument.getType();
    function.setFunctionType(
        FunctionType::get(&getContext(), types, function.getFunctionType().getResults()));
  }
};

} // namespace
} // namespace einfall::ein
