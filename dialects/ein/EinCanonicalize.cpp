//===- EinCanonicalize.cpp - Views become part of what reads them ---------===//
#include "dialects/ein/EinBounds.h"
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

/// An operand that is read inside needs no `else`.
struct DropNeedlessFills : OpRewritePattern<EinsumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    ArrayAttr needed = neededFills(op);
    if (needed == op.getFillsAttr())
      return rewriter.notifyMatchFailure(op, "no operand with an else is read inside");
    rewriter.modifyOpInPlace(op, [&] {
      if (needed)
        op.setFillsAttr(needed);
      else
        op.removeFillsAttr();
    });
    return success();
  }
};

void EinsumOp::getCanonicalizationPatterns(RewritePatternSet &set, MLIRContext *context) {
  set.add<DropNeedlessFills>(context);
}

void ViewOp::getCanonicalizationPatterns(RewritePatternSet &set, MLIRContext *context) {
  set.add<DropIdentityView>(context);
}

} // namespace einfall::ein
