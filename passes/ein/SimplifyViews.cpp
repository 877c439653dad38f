//===- SimplifyViews.cpp - Views become indices of what reads them --------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/Passes.h"
#include "passes/ein/Selection.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSIMPLIFYVIEWS
#include "passes/ein/Passes.h.inc"

namespace {

/// True if `number` is what does not exist is: 0.
bool isZero(Attribute number) {
  auto real = dyn_cast<FloatAttr>(number);
  return real ? real.getValue().isPosZero() : cast<IntegerAttr>(number).getValue().isZero();
}

/// A view or gather is an einsum that yields its last operand, whose `else` is
/// the fill.
template <typename Op> struct ViewToEinsum : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    TypedAttr fill = op.getFillAttr();
    unsigned last = op.getInputs().size() - 1;
    for (unsigned i = 0; i < last; ++i)
      if (fill && !isZero(fill) && !readsInside(op, i))
        return rewriter.notifyMatchFailure(op, "where a coordinate is missing, the fill is not 0");
    if (readsInside(op, last))
      fill = {};
    else if (!fill)
      fill = rewriter.getZeroAttr(op.getResult().getType().getElementType());
    rewriter.replaceOp(op, einsumOf(rewriter, op, fill).getResult());
    return success();
  }
};

/// What a copy reads outside is 0; as its `else`, readers can take it over. Coordinates that
/// choose what is copied have to be there themselves.
struct MissingToElse : OpRewritePattern<EinsumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    auto copied = dyn_cast<BlockArgument>(op.getYielded());
    if (!op.getMonoids().empty() || !copied || isCoordinate(op, copied.getArgNumber()))
      return rewriter.notifyMatchFailure(op, "it does more than to copy");
    unsigned number = copied.getArgNumber();
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
      if (existsEverywhere(op, i) == (i == number))
        return rewriter.notifyMatchFailure(op, "not what it copies alone is missing");
    SmallVector<TypedAttr> fills = op.getFillList();
    fills[number] = rewriter.getZeroAttr(op.getResult().getType().getElementType());
    rewriter.modifyOpInPlace(op, [&] { op.setFillsAttr(fillsAttr(rewriter, fills)); });
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
      if (repeatsGuards(op, i))
        continue;
      inlineProducer(rewriter, op, i);
      ++count;
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is a relabelling");
  }
  Pass::Statistic &count;
};

/// True if `use` reads a concatenation as part of a map, where its parts can be
/// read instead. Reductions read an element often, or fold it: they get a tensor.
bool takesParts(OpOperand &use) {
  auto reader = dyn_cast<EinsumOp>(use.getOwner());
  unsigned operand = use.getOperandNumber();
  return reader && reader.getMonoids().empty() && !isCoordinate(reader, operand) &&
         existsEverywhere(reader, operand);
}

struct ConcatToReads : OpRewritePattern<ConcatOp> {
  ConcatToReads(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    if (op.getInputs().size() > kMostParts)
      return rewriter.notifyMatchFailure(op, "it has too many parts to look into each");
    if (op->use_empty() || !llvm::all_of(op->getUses(), takesParts))
      return rewriter.notifyMatchFailure(op, "it is needed as a tensor");
    EinsumOp selection = selectionOf(rewriter, op);
    rewriter.replaceOp(op, selection.getResult());
    while (!selection->use_empty()) {
      OpOperand &use = *selection->use_begin();
      inlineProducer(rewriter, cast<EinsumOp>(use.getOwner()), use.getOperandNumber());
    }
    rewriter.eraseOp(selection);
    ++count;
    return success();
  }
  Pass::Statistic &count;
};

struct SimplifyViewsPass : impl::EinSimplifyViewsBase<SimplifyViewsPass> {
  void runOnOperation() override {
    // What reads a concatenation is known once views are part of it.
    for (bool concats : {false, true}) {
      RewritePatternSet patterns(&getContext());
      patterns.add<ViewToEinsum<ViewOp>, ViewToEinsum<GatherOp>>(&getContext());
      patterns.add<MissingToElse>(&getContext());
      patterns.add<ComposeRelabelling>(&getContext(), numComposed);
      if (concats)
        patterns.add<ConcatToReads>(&getContext(), numConcats);
      if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace einfall::ein
