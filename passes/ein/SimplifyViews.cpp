//===- SimplifyViews.cpp - Views become indices of what reads them --------===//
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/Passes.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSIMPLIFYVIEWS
#include "passes/ein/Passes.h.inc"

namespace {

/// A view or gather is an einsum that yields its last operand. What a view
/// leaves outside is 0, as a point that does not exist is; another fill keeps
/// the view.
template <typename Op> struct ViewToEinsum : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (Attribute fill = op.getFillAttr()) {
      auto number = dyn_cast<FloatAttr>(fill);
      bool zero =
          number ? number.getValue().isPosZero() : cast<IntegerAttr>(fill).getValue().isZero();
      if (!zero)
        return rewriter.notifyMatchFailure(op, "the fill is not 0");
    }
    SmallVector<StringRef> ranks;
    for (Attribute rank : op.getRanks())
      ranks.push_back(cast<StringAttr>(rank).getValue());
    SmallVector<AffineMap> maps;
    for (Attribute map : op.getMaps())
      maps.push_back(cast<AffineMapAttr>(map).getValue());
    SmallVector<StringAttr> symbols;
    for (Attribute symbol : op.getSymbols())
      symbols.push_back(cast<StringAttr>(symbol));
    // A label of a view may cover a part of a dimension: the builder then marks
    // the einsum `partial`.
    rewriter.replaceOpWithNewOp<EinsumOp>(
        op, op.getResult().getType(), op.getInputs(), ranks, maps, ArrayRef<Monoid>(),
        ArrayRef<ExtentAttr>(), symbols,
        [](OpBuilder &, Location, ValueRange arguments) { return arguments.back(); });
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
