//===- SplitRanks.cpp - Ranks that are indexed in two parts ---------------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Passes.h"
#include "passes/ein/RankSplitting.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSPLITRANKS
#include "passes/ein/Passes.h.inc"

namespace {

/// The divisor by which an operand of `op` splits `rank`, if one does and it
/// divides the extent. Without a literal extent (tokens of a paged cache) others walk
/// the rank whole, and a fold has to stay one walk.
std::optional<int64_t> divisorOf(EinsumOp op, unsigned rank) {
  std::optional<int64_t> extent = op.getRankExtent(rank).getLiteral();
  std::optional<int64_t> found;
  if (!extent)
    return found;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
    for (AffineExpr index : op.getMap(i).getResults())
      index.walk([&](AffineExpr sub) {
        auto binary = dyn_cast<AffineBinaryOpExpr>(sub);
        if (!binary ||
            (sub.getKind() != AffineExprKind::Mod && sub.getKind() != AffineExprKind::FloorDiv))
          return;
        auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
        auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
        if (dim && divisor && dim.getPosition() == rank && divisor.getValue() > 1 &&
            divisor.getValue() < *extent && *extent % divisor.getValue() == 0)
          found = divisor.getValue();
      });
  return found;
}

struct SplitReducedRank : OpRewritePattern<EinsumOp> {
  SplitReducedRank(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    for (unsigned rank = op.getNumFree(), e = op.getNumRanks(); rank < e; ++rank) {
      Monoid monoid = op.getMonoid(rank);
      std::optional<int64_t> divisor = divisorOf(op, rank);
      // argmax yields the coordinate of one rank.
      if (!divisor || monoid == Monoid::argmax || monoid == Monoid::argmin)
        continue;
      rewriter.replaceOp(op, splitRank(rewriter, op, rank, *divisor).getResult());
      ++count;
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no reduced rank is indexed in two parts");
  }

  Pass::Statistic &count;
};

struct SplitRanksPass : impl::EinSplitRanksBase<SplitRanksPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitReducedRank>(&getContext(), numSplit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace einfall::ein
