//===- InlineMaps.cpp - Maps become part of the body that reads them ------===//
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EININLINEMAPS
#include "passes/ein/Passes.h.inc"

namespace {

/// Bodies of an instruction or so an operation.
bool isLight(EinsumOp op) {
  return llvm::none_of(op.getBody().front(), [](Operation &inner) {
    bool elementary =
        isa<math::MathDialect>(inner.getDialect()) && !isa<math::FmaOp, math::AbsFOp>(inner);
    return elementary || isa<arith::DivFOp, arith::RemFOp>(inner);
  });
}

/// Bodies that cost next to nothing beside the loads they need.
bool isCheap(EinsumOp op) {
  unsigned arithmetic = 0;
  for (Operation &inner : op.getBody().front()) {
    if (isa<arith::AddFOp, arith::MulFOp, arith::SubFOp, math::FmaOp>(inner))
      ++arithmetic;
  }
  return arithmetic == 0 && isLight(op);
}

struct InlineMap : OpRewritePattern<EinsumOp> {
  InlineMap(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
      auto producer = op.getInputs()[i].getDefiningOp<EinsumOp>();
      if (!producer || !canInline(op, i) || repeatsGuards(op, i))
        continue;
      // Behind a guard the body runs outside too, for nothing.
      bool once = readsOnce(op, i) && producer.getResult().hasOneUse() &&
                  (!isGuarded(op, i) || isLight(producer));
      bool free = isCheap(producer) && producer.getInputs().size() <= 1;
      if (!once && !free)
        continue;
      mergeOperands(rewriter, inlineProducer(rewriter, op, i));
      ++count;
      return success();
    }
    return rewriter.notifyMatchFailure(op, "inlining would repeat work");
  }
  Pass::Statistic &count;
};

struct InlineMapsPass : impl::EinInlineMapsBase<InlineMapsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<InlineMap>(&getContext(), numInlined);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace einfall::ein
