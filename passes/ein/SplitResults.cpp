//===- SplitResults.cpp - Results that are read in two parts --------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/NeededBox.h"
#include "passes/ein/Passes.h"
#include "passes/ein/RankSplitting.h"
#include "passes/ein/Selection.h"
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

/// True if `index` is one rank of `extents` whose extent is `extent`.
bool isWholeRank(AffineExpr index, ExtentAttr extent, ArrayRef<ExtentAttr> extents) {
  auto rank = dyn_cast<AffineDimExpr>(index);
  return rank && extents[rank.getPosition()] == extent;
}

/// The parts of `index` by `divisor`, if the inner one lies in 0..divisor-1 all
/// over `box` and the outer one in its extent, `extent`. The reader's ranks have `extents`.
std::optional<Parts> partsOf(AffineExpr index, ExtentAttr extent, int64_t divisor,
                             const LiteralBox &box, ArrayRef<ExtentAttr> extents,
                             unsigned numSymbols) {
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
  std::optional<int64_t> literal = extent.getLiteral();
  if (!in(parts.inner, divisor) ||
      !(isWholeRank(parts.outer, extent, extents) || (literal && in(parts.outer, *literal))))
    return std::nullopt;
  return parts;
}

AffineMap mapOf(OpOperand &use) {
  auto maps = use.getOwner()->getAttrOfType<ArrayAttr>("maps");
  return cast<AffineMapAttr>(maps[use.getOperandNumber()]).getValue();
}

/// Where the index has to be right. A read that may take its point away has to be
/// so everywhere; others have or get a fill where what they read is not used.
LiteralBox boxOf(OpOperand &use) {
  auto einsum = dyn_cast<EinsumOp>(use.getOwner());
  if (einsum && existsEverywhere(einsum, use.getOperandNumber()) &&
      !isCoordinate(einsum, use.getOperandNumber()))
    return neededBox(einsum, use.getOperandNumber());
  return wholeBox(use.getOwner());
}

/// The parts of every read of dimension `dim`, of `extent` times `divisor` coordinates; nothing if
/// some read has none.
std::optional<SmallVector<Parts>> partsOfReads(Value tensor, unsigned dim, ExtentAttr extent,
                                               int64_t divisor) {
  SmallVector<Parts> all;
  for (OpOperand &use : tensor.getUses()) {
    AffineMap map = mapOf(use);
    std::optional<Parts> parts = partsOf(map.getResult(dim), extent, divisor, boxOf(use),
                                         rankExtents(use.getOwner()), map.getNumSymbols());
    if (!parts)
      return std::nullopt;
    all.push_back(*parts);
  }
  return all;
}

/// Numbers by which some read multiplies a rank in index `dim`, greatest first.
SmallVector<int64_t> divisorsOf(Value tensor, unsigned dim, ExtentAttr extent) {
  SmallVector<int64_t> found;
  for (OpOperand &use : tensor.getUses()) {
    SmallVector<AffineExpr> terms;
    addTerms(mapOf(use).getResult(dim), terms);
    for (AffineExpr term : terms)
      if (auto [inner, factor] = factorOf(term); inner && factor > 1) {
        std::optional<ExtentAttr> part = extent.dividedBy(factor);
        if (part && part->getLiteral().value_or(INT64_MAX) > 1 &&
            !llvm::is_contained(found, factor))
          found.push_back(factor);
      }
  }
  llvm::sort(found, std::greater<>());
  return found;
}

/// Coordinates that some readers need, apart from those that others do.
struct Group {
  int64_t first, last;
  SmallVector<OpOperand *> uses;
};

/// The groups of the readers of dimension `dim`, in order; none if that of one
/// is not known.
SmallVector<Group> groupsOf(Value tensor, unsigned dim) {
  SmallVector<Group> groups;
  for (OpOperand &use : tensor.getUses()) {
    AffineMap map = mapOf(use);
    auto values = boxOf(use).valuesOf(map.getResult(dim), map.getNumSymbols());
    if (!values || values->second < values->first)
      return {};
    groups.push_back({values->first, values->second, {&use}});
  }
  llvm::stable_sort(groups, [](const Group &a, const Group &b) { return a.first < b.first; });
  SmallVector<Group> merged;
  for (Group &group : groups) {
    if (merged.empty() || group.first > merged.back().last) {
      merged.push_back(group);
      continue;
    }
    merged.back().last = std::max(merged.back().last, group.last);
    llvm::append_range(merged.back().uses, group.uses);
  }
  return merged;
}

/// Changes the map by which `use` reads, and what it reads.
void reindex(OpOperand &use, Value to, function_ref<void(SmallVectorImpl<AffineExpr> &)> change) {
  AffineMap map = mapOf(use);
  SmallVector<AffineExpr> indices(map.getResults());
  change(indices);
  Operation *user = use.getOwner();
  SmallVector<Attribute> maps(user->getAttrOfType<ArrayAttr>("maps").getValue());
  maps[use.getOperandNumber()] = AffineMapAttr::get(
      AffineMap::get(map.getNumDims(), map.getNumSymbols(), indices, map.getContext()));
  auto einsum = dyn_cast<EinsumOp>(user);
  bool existed = einsum && existsEverywhere(einsum, use.getOperandNumber());
  user->setAttr("maps", ArrayAttr::get(map.getContext(), maps));
  use.set(to);
  if (coversPart(to, mapOf(use), rankExtents(user)))
    user->setAttr("partial", UnitAttr::get(user->getContext()));
  if (!existed || existsEverywhere(einsum, use.getOperandNumber()))
    return;
  Builder builder(user->getContext());
  SmallVector<TypedAttr> fills = einsum.getFillList();
  fills[use.getOperandNumber()] =
      builder.getZeroAttr(cast<TensorType>(to.getType()).getElementType());
  einsum.setFillsAttr(fillsAttr(builder, fills));
}

bool isReadByEinsums(Value tensor) {
  return !tensor.use_empty() && llvm::all_of(tensor.getUsers(), llvm::IsaPred<EinsumOp, FoldOp>);
}

/// True if a block that computes the parts of `op` could join them.
bool isSelectable(ConcatOp op) {
  return op.getInputs().size() <= kMostParts && llvm::all_of(op.getInputs(), [&](Value part) {
           auto maker = part.getDefiningOp<EinsumOp>();
           return maker && part.hasOneUse() && maker.getRankExtent(op.getDim()).getLiteral();
         });
}

struct SplitResultsPass : impl::EinSplitResultsBase<SplitResultsPass> {
  using EinSplitResultsBase::EinSplitResultsBase;

  /// Splits one rank of the result, if its readers agree on how.
  EinsumOp split(EinsumOp op) {
    Value tensor = op.getResult();
    if (!isReadByEinsums(tensor))
      return {};
    for (int64_t dim = 0; dim < op.getNumFree(); ++dim) {
      ExtentAttr extent = op.getRankExtent(dim);
      if (mergedOnly && extent.getLiteral())
        continue;
      for (int64_t divisor : divisorsOf(tensor, dim, extent)) {
        auto parts = partsOfReads(tensor, dim, *extent.dividedBy(divisor), divisor);
        if (!parts)
          continue;
        OpBuilder builder(op);
        EinsumOp result = splitRank(builder, op, dim, divisor);
        SmallVector<OpOperand *> uses;
        for (OpOperand &use : tensor.getUses())
          uses.push_back(&use);
        for (auto [use, part] : llvm::zip(uses, *parts))
          reindex(*use, result.getResult(), [&](SmallVectorImpl<AffineExpr> &indices) {
            indices[dim] = part.outer;
            indices.insert(indices.begin() + dim + 1, part.inner);
          });
        op->erase();
        ++numSplit;
        return result;
      }
    }
    return {};
  }

  /// One Einsum for each group of coordinates that readers share, if not all of
  /// them read all; none if they do.
  SmallVector<EinsumOp> slice(EinsumOp op) {
    Value tensor = op.getResult();
    if (!isReadByEinsums(tensor))
      return {};
    for (int64_t dim = 0; dim < op.getNumFree(); ++dim) {
      std::optional<int64_t> extent = op.getRankExtent(dim).getLiteral();
      if (!extent)
        continue;
      SmallVector<Group> groups = groupsOf(tensor, dim);
      bool inside = llvm::all_of(
          groups, [&](const Group &group) { return group.first >= 0 && group.last < *extent; });
      if (groups.empty() || !inside ||
          (groups.size() == 1 && groups[0].last - groups[0].first + 1 == *extent))
        continue;
      OpBuilder builder(op);
      SmallVector<EinsumOp> slices;
      for (const Group &group : groups) {
        int64_t count = group.last - group.first + 1;
        slices.push_back(sliceRank(builder, op, dim, group.first, count));
        for (OpOperand *use : group.uses)
          reindex(*use, slices.back().getResult(), [&](SmallVectorImpl<AffineExpr> &indices) {
            indices[dim] = indices[dim] - group.first;
          });
      }
      op->erase();
      numSliced += slices.size();
      return slices;
    }
    return {};
  }

  /// Slices and splits as long as readers want parts.
  void divide(EinsumOp op) {
    SmallVector<EinsumOp> slices;
    if (!mergedOnly)
      slices = slice(op);
    for (EinsumOp part : slices)
      divide(part);
    if (slices.empty())
      if (EinsumOp result = split(op))
        divide(result);
  }

  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    if (!mergedOnly)
      selectParts();
    // Readers first: what they are split by splits what they read.
    SmallVector<EinsumOp> ops(getOperation().getOps<EinsumOp>());
    for (EinsumOp op : llvm::reverse(ops))
      divide(op);
  }

  void selectParts() {
    for (ConcatOp op : llvm::make_early_inc_range(getOperation().getOps<ConcatOp>()))
      if (isSelectable(op)) {
        OpBuilder builder(op);
        op.getResult().replaceAllUsesWith(selectionOf(builder, op).getResult());
        op->erase();
        ++numConcats;
      }
  }
};

} // namespace
} // namespace einfall::ein
