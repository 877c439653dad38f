//===- SimplifyViews.cpp - Views become indices of what reads them --------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Inlining.h"
#include "passes/ein/Passes.h"

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

/// Parts above which each element would be looked for in too many places.
constexpr unsigned maxParts = 4;

/// True if `use` reads a concatenation as part of a map, where its parts can be
/// read instead. Reductions read an element often, or fold it: they get a tensor.
bool takesParts(OpOperand &use) {
  auto reader = dyn_cast<EinsumOp>(use.getOwner());
  unsigned operand = use.getOperandNumber();
  return reader && reader.getMonoids().empty() && !isCoordinate(reader, operand) &&
         existsEverywhere(reader, operand);
}

/// The einsum that selects by coordinate between the parts of `op`.
EinsumOp selectionOf(RewriterBase &rewriter, ConcatOp op) {
  MLIRContext *context = op.getContext();
  TensorType type = op.getResult().getType();
  unsigned rank = type.getRank(), count = op.getInputs().size(), dim = op.getDim();
  SmallVector<std::string> names;
  for (unsigned i = 0; i < rank; ++i)
    names.push_back("i" + std::to_string(i));
  SmallVector<StringRef> ranks(names.begin(), names.end());
  SmallVector<StringAttr> symbols;
  SmallVector<AffineExpr> ends{getAffineConstantExpr(0, context)};
  for (Value part : op.getInputs())
    ends.push_back(ends.back() + cast<TensorType>(part.getType()).getExtent(dim).over(symbols));
  for (AffineExpr &end : ends)
    end = end.shiftSymbols(symbols.size(), count);
  AffineMap all = AffineMap::getMultiDimIdentityMap(rank, context);
  AffineExpr place = getAffineDimExpr(dim, context);
  SmallVector<AffineMap> maps;
  for (unsigned i = 0; i < count; ++i) {
    SmallVector<AffineExpr> indices(all.getResults());
    indices[dim] = simplifyAffineExpr(place - ends[i], rank, count + symbols.size());
    maps.push_back(AffineMap::get(rank, count + symbols.size(), indices, context));
  }
  SmallVector<TypedAttr> fills(count, rewriter.getZeroAttr(type.getElementType()));
  rewriter.setInsertionPoint(op);
  return EinsumOp::create(
      rewriter, op.getLoc(), type, op.getInputs(), ranks, maps, ArrayRef<Monoid>(),
      ArrayRef<ExtentAttr>(), symbols,
      [&](OpBuilder &builder, Location loc, ValueRange parts) {
        Coordinates coordinates(builder, loc, ranks, symbols, parts);
        Value value = parts.back();
        for (unsigned i = count - 1; i-- > 0;) {
          Value before = coordinates.isNegative(place - ends[i + 1]);
          value = arith::SelectOp::create(builder, loc, before, parts[i], value);
        }
        return value;
      },
      fills);
}

struct ConcatToReads : OpRewritePattern<ConcatOp> {
  ConcatToReads(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    if (op.getInputs().size() > maxParts)
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
