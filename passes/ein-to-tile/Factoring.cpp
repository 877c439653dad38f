//===- Factoring.cpp - What products read becomes part of them ------------===//
#include "mlir/IR/PatternMatch.h"
#include "passes/ein-to-tile/Matrices.h"
#include "passes/ein/Inlining.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// The operand of a product that is a factor as `map` makes it, or -1.
static int factorMadeBy(ein::EinsumOp product, ein::EinsumOp map) {
  std::optional<Factors> factors = factorsOf(product);
  // Factors of f32 may be multiplied in another way, by which they would be made again and again.
  if (!factors || (factors->lhs.getType().isF32() && factors->rhs.getType().isF32()))
    return -1;
  for (Value factor : {factors->lhs, factors->rhs})
    if (auto argument = dyn_cast<BlockArgument>(factor);
        argument && product.getInputs()[argument.getArgNumber()] == map.getResult())
      return argument.getArgNumber();
  return -1;
}

void inlineFactors(ein::KernelOp kernel) {
  Block &block = kernel.getBody().front();
  IRRewriter rewriter(kernel.getContext());
  SmallVector<ein::EinsumOp> maps;
  for (auto op : block.getOps<ein::EinsumOp>())
    if (op.getMonoids().empty() && !op->use_empty())
      maps.push_back(op);
  for (ein::EinsumOp map : maps) {
    bool fits = llvm::all_of(map->getUsers(), [&](Operation *user) {
      auto product = dyn_cast<ein::EinsumOp>(user);
      int operand = product ? factorMadeBy(product, map) : -1;
      return operand >= 0 && ein::canInline(product, operand);
    });
    if (!fits)
      continue;
    for (Operation *user : llvm::to_vector(map->getUsers())) {
      auto product = cast<ein::EinsumOp>(user);
      rewriter.setInsertionPoint(product);
      ein::mergeOperands(rewriter,
                         ein::inlineProducer(rewriter, product, factorMadeBy(product, map)));
    }
    if (map->use_empty())
      rewriter.eraseOp(map);
  }
}

} // namespace einfall
