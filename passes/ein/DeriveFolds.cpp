//===- DeriveFolds.cpp - Reductions that feed one another become one ------===//
#include "dialects/ein/EinNumerics.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/Remarks.h"
#include "passes/ein/BlockCosts.h"
#include "passes/ein/FoldGroup.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINDERIVEFOLDS
#include "passes/ein/Passes.h.inc"

namespace {

/// True if `tensor` is made, through whatever, from a result of `from`.
bool dependsOn(Value tensor, Operation *from, llvm::DenseSet<Operation *> &seen) {
  Operation *maker = tensor.getDefiningOp();
  if (!maker || !seen.insert(maker).second)
    return false;
  if (maker == from)
    return true;
  return llvm::any_of(maker->getOperands(),
                      [&](Value operand) { return dependsOn(operand, from, seen); });
}

/// Of reductions over one rank that do not read one another, those with more
/// ranks come first: the others are further results of their folds.
void preferManyRanks(MutableArrayRef<EinsumOp> latestFirst) {
  constexpr unsigned window = 4;
  for (unsigned i = 0; i < latestFirst.size(); ++i)
    for (unsigned j = i + 1; j < std::min<size_t>(latestFirst.size(), i + window); ++j) {
      EinsumOp op = latestFirst[j];
      auto waits = [&](EinsumOp later) {
        return llvm::any_of(later.getInputs(), [&](Value input) {
          llvm::DenseSet<Operation *> seen;
          return dependsOn(input, op, seen);
        });
      };
      if (op.getExtents() != latestFirst[i].getExtents() ||
          op.getNumFree() <= latestFirst[i].getNumFree() ||
          llvm::any_of(latestFirst.slice(i, j - i), waits))
        continue;
      std::rotate(latestFirst.begin() + i, latestFirst.begin() + j, latestFirst.begin() + j + 1);
    }
}

struct DeriveFoldsPass : impl::EinDeriveFoldsBase<DeriveFoldsPass> {
  using EinDeriveFoldsBase::EinDeriveFoldsBase;
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (isStrict(function) || function.isDeclaration())
      return;
    groups.clear();
    holder.clear();
    // Later reductions take the earlier ones with them.
    IRRewriter rewriter(&getContext());
    SmallVector<EinsumOp> reductions;
    for (EinsumOp op : function.getOps<EinsumOp>())
      if (!op.getMonoids().empty())
        reductions.push_back(op);
    erased.clear();
    std::reverse(reductions.begin(), reductions.end());
    preferManyRanks(reductions);
    for (EinsumOp op : reductions) {
      if (erased.contains(op))
        continue;
      if (op->use_empty()) {
        eraseDead(rewriter, op);
        continue;
      }
      if (!attach(rewriter, op))
        derive(rewriter, op);
    }
    sortTopologically(&function.front());
    for (Operation *op : removed)
      op->destroy();
    removed.clear();
  }

private:
  void derive(RewriterBase &rewriter, EinsumOp sink);
  bool attach(RewriterBase &rewriter, EinsumOp op);
  static bool waitsFor(const FoldGroup &group, EinsumOp op);
  void addResult(RewriterBase &rewriter, FoldGroup &group, EinsumOp op);
  void replace(RewriterBase &rewriter, Value from, Value to);
  void eraseDead(RewriterBase &rewriter, Operation *op);

  std::vector<std::shared_ptr<FoldGroup>> groups;  // shared: passes are copied
  llvm::DenseMap<Operation *, FoldGroup *> holder; // of reductions inside a fold
  llvm::DenseSet<Operation *> erased;
  SmallVector<Operation *> removed;
};

} // namespace

void DeriveFoldsPass::replace(RewriterBase &rewriter, Value from, Value to) {
  rewriter.replaceAllUsesWith(from, to);
  for (std::shared_ptr<FoldGroup> &group : groups)
    group->replaceTensor(from, to);
}

void DeriveFoldsPass::eraseDead(RewriterBase &rewriter, Operation *op) {
  SmallVector<Operation *> work{op};
  while (!work.empty()) {
    Operation *dead = work.pop_back_val();
    if (erased.contains(dead) || !dead->use_empty() || !isa<EinsumOp>(dead))
      continue;
    SmallVector<Value> operands(dead->getOperands());
    erased.insert(dead);
    holder.erase(dead);
    // Groups still ask it for its types: it goes when the pass ends.
    dead->remove();
    dead->dropAllReferences();
    removed.push_back(dead);
    for (Value operand : operands)
      if (Operation *maker = operand.getDefiningOp())
        work.push_back(maker);
  }
}

/// True if reductions make `tensor` along dimension `dim` (the scores of one row of
/// queries): going over it again is to walk what they read again.
static bool isContracted(Value tensor, unsigned dim) {
  auto maker = tensor.getDefiningOp<EinsumOp>();
  if (!maker || !maker.getMonoids().empty())
    return maker != nullptr;
  for (unsigned i = 0, e = maker.getInputs().size(); i < e; ++i)
    for (auto [inner, index] : llvm::enumerate(maker.getMap(i).getResults()))
      if (index.isFunctionOfDim(dim) && isContracted(maker.getInputs()[i], inner))
        return true;
  return false;
}

/// True if some reduction reads along what it reduces a tensor that is never stored.
static bool readsExpanded(ArrayRef<EinsumOp> reductions) {
  for (EinsumOp op : reductions)
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
      for (auto [dim, index] : llvm::enumerate(op.getMap(i).getResults()))
        for (unsigned rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
          if (index.isFunctionOfDim(rank) && isExpanded(op.getInputs()[i], dim))
            return true;
  return false;
}

/// True if the last reduction has many columns that the earlier ones lack: a fold would
/// correct the sums of all of them on its way.
static bool hasManyColumns(ArrayRef<EinsumOp> reductions) {
  auto countOf = [](EinsumOp op) {
    int64_t elements = 1;
    for (ExtentAttr extent : op.getResult().getType().getShape())
      elements *= extent.getLiteral().value_or(1);
    return elements;
  };
  int64_t rows = 1;
  for (EinsumOp op : reductions.drop_back())
    rows = std::max(rows, countOf(op));
  return countOf(reductions.back()) > rows * kMostKept;
}

/// True if a block holds all that the reductions read along what they reduce, so
/// that it may go over it again.
static bool fitsBlock(ArrayRef<EinsumOp> reductions) {
  for (EinsumOp op : reductions)
    for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank) {
      ExtentAttr extent = op.getRankExtent(rank);
      if (isWalkedInChunks(extent, /*isContracted=*/false))
        return false;
      for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
        for (auto [dim, index] : llvm::enumerate(op.getMap(i).getResults()))
          if (Value input = op.getInputs()[i];
              index.isFunctionOfDim(rank) &&
              (isExpanded(input, dim) || isWalkedInChunks(extent, isContracted(input, dim))))
            return false;
    }
  return true;
}

/// True if the reductions should stay: another walk over their operands costs less than
/// the fold's corrections.
static bool isBetterApart(const FoldGroup &group) {
  SmallVector<EinsumOp> reductions = group.reductions();
  return !group.corrects() || fitsBlock(reductions) ||
         (hasManyColumns(reductions) && !readsExpanded(reductions));
}

void DeriveFoldsPass::derive(RewriterBase &rewriter, EinsumOp sink) {
  std::string reason;
  for (bool deep : {false, true}) {
    auto group = std::make_shared<FoldGroup>(sink, deep);
    if (!group->derive()) {
      if (group->hasStates() && (reason.empty() || !deep))
        reason = group->refusal;
      continue;
    }
    if (movingOnly && isBetterApart(*group))
      return;
    for (std::shared_ptr<FoldGroup> &other : groups)
      if (!waitsFor(*other, sink) && other->adopt(*group)) {
        for (EinsumOp op : other->reductions())
          holder.try_emplace(op, other.get());
        addResult(rewriter, *other, sink);
        return;
      }
    rewriter.setInsertionPoint(sink);
    group->build(rewriter);
    replace(rewriter, sink.getResult(), group->fold.getResult(0));
    for (EinsumOp op : group->reductions())
      if (op != sink)
        holder.try_emplace(op, group.get());
    groups.push_back(std::move(group));
    ++numFolds;
    eraseDead(rewriter, sink);
    return;
  }
  if (reason.empty())
    return;
  ++numRefused;
  remark::missed(sink.getLoc(), remark::RemarkOpts::name("fold")
                                    .category("ein-derive-folds")
                                    .function(getOperation().getName()))
      << ("not folded over rank '" + sink.getRankName(sink.getNumFree()) + "': " + reason).str();
}

/// A reduction that a fold carries anyway, and that others read too, becomes a
/// result of that fold.
bool DeriveFoldsPass::attach(RewriterBase &rewriter, EinsumOp op) {
  FoldGroup *group = holder.lookup(op);
  if (!group)
    return false;
  if (waitsFor(*group, op) || !group->want(op))
    return false;
  addResult(rewriter, *group, op);
  return true;
}

/// True if the fold reads what `op` makes: with it, it would wait for itself.
bool DeriveFoldsPass::waitsFor(const FoldGroup &group, EinsumOp op) {
  return llvm::any_of(FoldOp(group.fold).getInputs(), [&](Value operand) {
    llvm::DenseSet<Operation *> seen;
    return dependsOn(operand, op, seen);
  });
}

/// Builds the fold again, whose last result now is `op`'s.
void DeriveFoldsPass::addResult(RewriterBase &rewriter, FoldGroup &group, EinsumOp op) {
  FoldOp old = group.fold;
  rewriter.setInsertionPoint(old);
  group.build(rewriter);
  replace(rewriter, op.getResult(), group.fold.getResults().back());
  for (auto [from, to] : llvm::zip(old.getResults(), group.fold.getResults()))
    replace(rewriter, from, to);
  rewriter.eraseOp(old);
  eraseDead(rewriter, op);
}

} // namespace einfall::ein
