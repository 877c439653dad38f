//===- SplitResults.cpp - Results that are read in two parts --------------===//
#include "dialects/ein/EinBounds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/NeededBox.h"
#include "passes/ein/Passes.h"
#include "passes/ein/RankSplitting.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSPLITRESULTS
#include "passes/ein/Passes.h.inc"

namespace {

/// An index as divisor * outer + inner.
struct Parts {
  AffineExpr outer, inner;
};

void addTerms(AffineExpr expr, SmallVectorImpl<AffineExpr> &terms) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || expr.getKind() != AffineExprKind::Add) {
    terms.push_back(expr);
    return;
  }
  addTerms(sum.getLHS(), terms);
  addTerms(sum.getRHS(), terms);
}

/// What a term multiplies by a number: the number, and null without one.
std::pair<AffineExpr, int64_t> factorOf(AffineExpr term) {
  auto product = dyn_cast<AffineBinaryOpExpr>(term);
  auto factor = product && term.getKind() == AffineExprKind::Mul
                    ? dyn_cast<AffineConstantExpr>(product.getRHS())
                    : AffineConstantExpr();
  return factor ? std::pair(product.getLHS(), factor.getValue())
                : std::pair(AffineExpr(), int64_t(1));
}

/// The parts of `index` by `divisor`, if the inner one lies in 0..divisor-1 all
/// over `box` and the outer one in its extent.
std::optional<Parts> partsOf(AffineExpr index, int64_t extent, int64_t divisor,
                             const LiteralBox &box, unsigned numSymbols) {
  SmallVector<AffineExpr> terms;
  addTerms(index, terms);
  MLIRContext *context = index.getContext();
  Parts parts{getAffineConstantExpr(0, context), getAffineConstantExpr(0, context)};
  for (AffineExpr term : terms) {
    auto [inner, factor] = factorOf(term);
    if (auto number = dyn_cast<AffineConstantExpr>(term)) {
      // A slice may start at a later part.
      int64_t whole = number.getValue() >= divisor ? number.getValue() / divisor : 0;
      parts.outer = parts.outer + whole;
      parts.inner = parts.inner + (number.getValue() - whole * divisor);
    } else if (inner && factor % divisor == 0) {
      parts.outer = parts.outer + inner * (factor / divisor);
    } else {
      parts.inner = parts.inner + term;
    }
  }
  auto in = [&](AffineExpr expr, int64_t end) {
    auto values = box.valuesOf(expr, numSymbols);
    return values && values->first >= 0 && values->second < end;
  };
  // A label alone covers the dimension that it indexes.
  auto covers = [&](AffineExpr expr, int64_t end) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    return !dim || box.high[dim.getPosition()] == end - 1;
  };
  if (!in(parts.inner, divisor) || !in(parts.outer, extent / divisor) ||
      !covers(parts.outer, extent / divisor))
    return std::nullopt;
  return parts;
}

AffineMap mapOf(OpOperand &use) {
  auto maps = use.getOwner()->getAttrOfType<ArrayAttr>("maps");
  return cast<AffineMapAttr>(maps[use.getOperandNumber()]).getValue();
}

/// Where the index has to be right. Without a fill, a read outside of the tensor
/// would take the point away, so there it is everywhere.
LiteralBox boxOf(OpOperand &use) {
  auto einsum = dyn_cast<EinsumOp>(use.getOwner());
  if (einsum && fillOf(einsum, use.getOperandNumber()))
    return neededBox(einsum, use.getOperandNumber());
  return wholeBox(use.getOwner());
}

/// The parts of every read of dimension `dim`; nothing if some read has none.
std::optional<SmallVector<Parts>> partsOfReads(Value tensor, unsigned dim, int64_t extent,
                                               int64_t divisor) {
  SmallVector<Parts> all;
  for (OpOperand &use : tensor.getUses()) {
    AffineMap map = mapOf(use);
    std::optional<Parts> parts =
        partsOf(map.getResult(dim), extent, divisor, boxOf(use), map.getNumSymbols());
    if (!parts)
      return std::nullopt;
    all.push_back(*parts);
  }
  return all;
}

/// Numbers by which some read multiplies a rank in index `dim`, greatest first.
SmallVector<int64_t> divisorsOf(Value tensor, unsigned dim, int64_t extent) {
  SmallVector<int64_t> found;
  for (OpOperand &use : tensor.getUses()) {
    SmallVector<AffineExpr> terms;
    addTerms(mapOf(use).getResult(dim), terms);
    for (AffineExpr term : terms)
      if (auto [inner, factor] = factorOf(term); inner && factor > 1 && extent % factor == 0)
        if (!llvm::is_contained(found, factor) && factor < extent)
          found.push_back(factor);
  }
  llvm::sort(found, std::greater<>());
  return found;
}

struct SplitResultsPass : impl::EinSplitResultsBase<SplitResultsPass> {
  /// Splits one rank of the result, if its readers agree on how.
  EinsumOp split(EinsumOp op) {
    Value tensor = op.getResult();
    if (tensor.use_empty() || !llvm::all_of(tensor.getUsers(), llvm::IsaPred<EinsumOp, FoldOp>))
      return {};
    for (int64_t dim = 0; dim < op.getNumFree(); ++dim) {
      std::optional<int64_t> extent = op.getRankExtent(dim).getLiteral();
      if (!extent)
        continue;
      for (int64_t divisor : divisorsOf(tensor, dim, *extent)) {
        auto parts = partsOfReads(tensor, dim, *extent, divisor);
        if (!parts)
          continue;
        OpBuilder builder(op);
        EinsumOp result = splitRank(builder, op, dim, divisor);
        reindex(tensor, result.getResult(), dim, *parts);
        op->erase();
        ++numSplit;
        return result;
      }
    }
    return {};
  }

  /// Lets the readers of `from` read `to`, at the parts of their indices.
  static void reindex(Value from, Value to, unsigned dim, ArrayRef<Parts> parts) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : from.getUses())
      uses.push_back(&use);
    for (auto [use, part] : llvm::zip(uses, parts)) {
      AffineMap map = mapOf(*use);
      SmallVector<AffineExpr> indices(map.getResults());
      indices[dim] = part.outer;
      indices.insert(indices.begin() + dim + 1, part.inner);
      Operation *user = use->getOwner();
      SmallVector<Attribute> maps(user->getAttrOfType<ArrayAttr>("maps").getValue());
      maps[use->getOperandNumber()] = AffineMapAttr::get(
          AffineMap::get(map.getNumDims(), map.getNumSymbols(), indices, map.getContext()));
      user->setAttr("maps", ArrayAttr::get(map.getContext(), maps));
      use->set(to);
    }
  }

  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    // Readers first: what they are split by splits what they read.
    SmallVector<EinsumOp> ops(getOperation().getOps<EinsumOp>());
    for (EinsumOp op : llvm::reverse(ops))
      while (op)
        op = split(op);
  }
};

} // namespace
} // namespace einfall::ein
