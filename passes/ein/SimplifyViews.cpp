//===- SimplifyViews.cpp - Views become indices of what reads them --------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/Passes.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSIMPLIFYVIEWS
#include "passes/ein/Passes.h.inc"

namespace {

/// True if `op` puts anything but 0 where it reads outside, which it may do.
template <typename Op> bool needsFill(Op op) {
  Attribute fill = op.getFillAttr();
  if (!fill)
    return false;
  auto number = dyn_cast<FloatAttr>(fill);
  if (number ? number.getValue().isPosZero() : cast<IntegerAttr>(fill).getValue().isZero())
    return false;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
    if (!readsInside(op, i))
      return true;
  return false;
}

/// A view or gather is an einsum that yields its last operand. What a view
/// leaves outside is 0, as a point that does not exist is; another fill keeps
/// the view.
template <typename Op> struct ViewToEinsum : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (needsFill(op))
      return rewriter.notifyMatchFailure(op, "the fill is not 0");
    rewriter.replaceOp(op, einsumOf(rewriter, op).getResult());
    return success();
  }
};

struct ComposeRelabelling : OpRewritePattern<EinsumOp> {
  ComposeRelabelling(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
      auto producer = op.getInputs()[i].getDefiningOp<EinsumOp>();
      if (!producer || !producer.isRelabelling() || !canInline(op, i))
        continue;
      inlineProducer(rewriter, op, i);
      ++count;
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is a relabelling");
  }
  Pass::Statistic &count;
};

struct SimplifyViewsPass : impl::EinSimplifyViewsBase<SimplifyViewsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ViewToEinsum<ViewOp>, ViewToEinsum<GatherOp>>(&getContext());
    patterns.add<ComposeRelabelling>(&getContext(), numComposed);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace einfall::ein
