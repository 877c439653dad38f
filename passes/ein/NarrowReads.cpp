//===- NarrowReads.cpp - Compute what is read -----------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinDialect.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Passes.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINNARROWREADS
#include "passes/ein/Passes.h.inc"

namespace {

/// The index by which operand `operand` of `op` is read along dimension `dim`,
/// if it is the same at every point of `op`, which reads inside of it.
ExtentAttr fixedIndex(EinsumOp op, unsigned operand, unsigned dim) {
  AffineMap map = op.getMap(operand);
  AffineExpr index = map.getResult(dim);
  unsigned numInputs = op.getInputs().size();
  SmallVector<AffineExpr> symbols(numInputs, getAffineConstantExpr(0, op.getContext()));
  for (unsigned i = 0; i < numInputs; ++i)
    if (index.isFunctionOfSymbol(i))
      return {}; // a coordinate that is read
  // There is one coordinate: that of a batch of one, by whatever name.
  auto type = cast<TensorType>(op.getInputs()[operand].getType());
  if (type.getExtent(dim).getLiteral() == 1)
    return ExtentAttr::of(getAffineConstantExpr(0, op.getContext()), {});
  for (unsigned i = 0; i < map.getNumDims(); ++i)
    if (index.isFunctionOfDim(i))
      return {};
  SmallVector<StringAttr> names;
  for (auto [i, name] : llvm::enumerate(op.getSymbols())) {
    symbols.push_back(getAffineSymbolExpr(i, op.getContext()));
    names.push_back(cast<StringAttr>(name));
  }
  return ExtentAttr::of(index.replaceSymbols(symbols), names);
}

/// The only index along rank `rank` of `op` that its readers use, if all of
/// them are einsums that agree on one.
ExtentAttr onlyIndex(EinsumOp op, unsigned rank) {
  ExtentAttr found;
  for (OpOperand &use : op.getResult().getUses()) {
    auto reader = dyn_cast<EinsumOp>(use.getOwner());
    if (!reader || !readsInside(reader, use.getOperandNumber()))
      return {};
    ExtentAttr index = fixedIndex(reader, use.getOperandNumber(), rank);
    if (!index || (found && found != index))
      return {};
    found = index;
  }
  return found;
}

/// `op` at coordinate `index` of its free rank `rank` only.
EinsumOp atIndex(EinsumOp op, unsigned rank, ExtentAttr index, PatternRewriter &rewriter) {
  MLIRContext *context = op.getContext();
  unsigned numInputs = op.getInputs().size(), numRanks = op.getNumRanks();
  SmallVector<StringRef> ranks;
  SmallVector<ExtentAttr> shape, extents;
  SmallVector<Monoid> monoids;
  for (unsigned i = 0; i < numRanks; ++i) {
    if (i == rank)
      continue;
    ranks.push_back(op.getRankName(i));
    (op.isReduced(i) ? extents : shape).push_back(op.getRankExtent(i));
    if (op.isReduced(i))
      monoids.push_back(op.getMonoid(i));
  }
  SmallVector<StringAttr> names;
  for (Attribute name : op.getSymbols())
    names.push_back(cast<StringAttr>(name));
  AffineExpr place = index.over(names).shiftSymbols(names.size(), numInputs);
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < numRanks; ++i)
    dims.push_back(i == rank ? place : getAffineDimExpr(i < rank ? i : i - 1, context));
  SmallVector<AffineMap> maps;
  for (unsigned i = 0; i < numInputs; ++i) {
    SmallVector<AffineExpr> indices;
    for (AffineExpr expr : op.getMap(i).getResults())
      indices.push_back(
          simplifyIndex(expr.replaceDims(dims), numRanks - 1, numInputs + names.size()));
    maps.push_back(AffineMap::get(numRanks - 1, numInputs + names.size(), indices, context));
  }
  auto type = TensorType::get(context, shape, op.getResult().getType().getElementType());
  return EinsumOp::create(
      rewriter, op.getLoc(), type, op.getInputs(), ranks, maps, monoids, extents, names,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        IRMapping mapping;
        Block &from = op.getBody().front();
        mapping.map(from.getArguments(), arguments);
        for (Operation &inner : from.without_terminator()) {
          auto read = dyn_cast<IndexOp>(inner);
          if (read && op.findRank(read.getRank()) == rank)
            mapping.map(read.getResult(),
                        ExtentOp::create(builder, loc, builder.getIndexType(), index).getResult());
          else
            builder.clone(inner, mapping);
        }
        return mapping.lookup(op.getYielded());
      },
      op.getFillList());
}

struct NarrowFreeRank : OpRewritePattern<EinsumOp> {
  NarrowFreeRank(MLIRContext *context, Pass::Statistic &count)
      : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(EinsumOp op, PatternRewriter &rewriter) const override {
    for (unsigned rank = 0, e = op.getNumFree(); rank < e; ++rank) {
      ExtentAttr index = onlyIndex(op, rank);
      if (!index)
        continue;
      EinsumOp narrow = atIndex(op, rank, index, rewriter);
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : op.getResult().getUses())
        uses.push_back(&use);
      for (OpOperand *use : uses) {
        auto reader = cast<EinsumOp>(use->getOwner());
        rewriter.modifyOpInPlace(reader, [&] {
          SmallVector<Attribute> maps(reader.getMaps().begin(), reader.getMaps().end());
          unsigned operand = use->getOperandNumber();
          maps[operand] = AffineMapAttr::get(reader.getMap(operand).dropResult(rank));
          reader.setMapsAttr(rewriter.getArrayAttr(maps));
          use->set(narrow.getResult());
        });
      }
      rewriter.eraseOp(op);
      ++count;
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no rank is read at one coordinate only");
  }
  Pass::Statistic &count;
};

struct NarrowReadsPass : impl::EinNarrowReadsBase<NarrowReadsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<NarrowFreeRank>(&getContext(), numNarrowed);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace einfall::ein
