//===- EinCanonicalize.cpp - Views become part of what reads them ---------===//
#include "dialects/ein/EinIndexing.h"

using namespace mlir;

namespace einfall::ein {
// View and gather composition live in ein-simplify, which knows all uses; a
// canonicalisation only drops what has no effect.

/// A view that renames ranks and nothing else is its operand.
struct DropIdentityView : OpRewritePattern<ViewOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ViewOp op, PatternRewriter &rewriter) const override {
    if (op.getInputs()[0].getType() != op.getResult().getType() || !op.getMap(0).isIdentity())
      return rewriter.notifyMatchFailure(op, "the view changes extents or order");
    rewriter.replaceOp(op, op.getInputs()[0]);
    return success();
  }
};

void ViewOp::getCanonicalizationPatterns(RewritePatternSet &set, MLIRContext *context) {
  set.add<DropIdentityView>(context);
}

} // namespace einfall::ein
