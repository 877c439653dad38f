//===- AssumeSizes.cpp - What a program needs of its sizes ----------------===//
#include "dialects/ein/EinBounds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINASSUMESIZES
#include "passes/ein/Passes.h.inc"

namespace {

/// True if no size makes `expr`, of sizes, negative; divisors are at least 1.
bool isNeverNegative(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() >= 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return true; // a size
  return expr.getKind() == AffineExprKind::Mod ||
         (isNeverNegative(binary.getLHS()) && isNeverNegative(binary.getRHS()));
}

struct AssumeSizesPass : impl::EinAssumeSizesBase<AssumeSizesPass> {
  void runOnOperation() override {
    facts.clear();
    func::FuncOp function = getOperation();
    // Of what is given divisors, too, come before what they divide.
    for (ExtentAttr divisor : divisorsOf(function))
      assume(divisor, 1);
    auto given = function->getAttrOfType<ArrayAttr>("ein.assume");
    if (given)
      facts.insert(given.begin(), given.end());
    function.walk([&](Operation *op) {
      for (ExtentAttr divisor : divisorsOf(op))
        assume(divisor, 1);
      for (Type type : op->getResultTypes())
        if (auto tensor = dyn_cast<TensorType>(type))
          for (ExtentAttr extent : tensor.getShape())
            assume(extent, 0);
      if (auto extents = op->getAttrOfType<ArrayAttr>("extents"))
        for (auto extent : extents.getAsRange<ExtentAttr>())
          assume(extent, 0);
      if (auto topk = dyn_cast<TopKOp>(op))
        assume(topk.getInput().getType().getExtent(topk.getDim()), topk.getK());
    });
    if (!facts.empty() && (!given || facts.getArrayRef() != given.getValue()))
      function->setAttr("ein.assume", ArrayAttr::get(&getContext(), facts.getArrayRef()));
  }

private:
  /// That `extent` is at least so large is checked at a call.
  void assume(ExtentAttr extent, int64_t least) {
    SmallVector<StringAttr> table;
    AffineExpr rest = extent.over(table) - least;
    if (!isNeverNegative(rest))
      facts.insert(ExtentAttr::of(rest, table));
  }

  llvm::SetVector<Attribute> facts;
};

} // namespace
} // namespace einfall::ein
