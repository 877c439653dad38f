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

/// Bodies that cost next to nothing beside the loads they need.
bool isCheap(EinsumOp op) {
  unsigned arithmetic = 0;
  for (Operation &inner : op.getBody().front().without_terminator()) {
    if (isa<math::MathDialect>(inner.getDialect()) && !isa<math::FmaOp, math::AbsFOp>(inner))
      return false;
    if (isa<arith::DivFOp, arith::RemFOp>(inner))
      return false;
    if (isa<arith::AddFOp, arith::MulFOp, arith::SubFOp, math::FmaOp>(inner))
      ++arithmetic;
  }
  return arithmetic == 0;
}

/// True if `reader` visits each point of operand `operand` once.
bool readsOnce(EinsumOp reader, unsigned operand) {
  AffineMap map = reader.getMap(operand);
  for (int64_t rank = 0, e = reader.getNumRanks(); rank < e; ++rank)
    if (reader.getRankExtent(rank).getLiteral() != 1 && !map.isFunctionOfDim(rank))
      return false;
  return true;
}

struct InlineMap : OpRewritePattern<EinsumOp> {
  InlineMap(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
      auto producer = op.getInputs()[i].getDefiningOp<EinsumOp>();
      if (!producer || !canInline(op, i))
        continue;
      bool once = readsOnce(op, i) && producer.getResult().hasOneUse();
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
