//===- SplitRanks.cpp - Ranks that are indexed in two parts ---------------===//
#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/ein/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSPLITRANKS
#include "passes/ein/Passes.h.inc"

namespace {

/// The divisor by which an operand of `op` splits `rank`, if one does and it
/// divides the extent.
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

/// `expr` with rank `rank` (dims after it move up by one) written as
/// divisor * d1 + d0. MLIR folds (c * a + b) floordiv c only if it knows the
/// range of b, so quotients and rests are replaced first.
AffineExpr split(AffineExpr expr, unsigned rank, int64_t divisor, unsigned numDims,
                 unsigned numSymbols) {
  MLIRContext *context = expr.getContext();
  AffineExpr old = getAffineDimExpr(rank, context);
  AffineExpr outer = getAffineDimExpr(numDims, context),
             inner = getAffineDimExpr(numDims + 1, context);
  DenseMap<AffineExpr, AffineExpr> parts = {{old.floorDiv(divisor), outer}, {old % divisor, inner}};
  expr = expr.replace(parts).replace(old, outer * divisor + inner);
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < numDims; ++i)
    dims.push_back(getAffineDimExpr(i <= rank ? i : i + 1, context));
  dims.push_back(getAffineDimExpr(rank, context));
  dims.push_back(getAffineDimExpr(rank + 1, context));
  return simplifyAffineExpr(expr.replaceDims(dims), numDims + 1, numSymbols);
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
      rewrite(op, rank, *divisor, rewriter);
      ++count;
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no reduced rank is indexed in two parts");
  }

  void rewrite(EinsumOp op, unsigned rank, int64_t divisor, PatternRewriter &rewriter) const {
    MLIRContext *context = op.getContext();
    std::string outerName = (op.getRankName(rank) + "1").str(),
                innerName = (op.getRankName(rank) + "0").str();
    while (op.findRank(outerName) >= 0 || op.findRank(innerName) >= 0) {
      outerName += "_";
      innerName += "_";
    }
    SmallVector<StringRef> ranks;
    SmallVector<Monoid> monoids;
    SmallVector<ExtentAttr> extents;
    for (int64_t i = 0, e = op.getNumRanks(); i < e; ++i) {
      ranks.push_back(i == rank ? StringRef(outerName) : op.getRankName(i));
      if (!op.isReduced(i))
        continue;
      monoids.push_back(op.getMonoid(i));
      extents.push_back(op.getRankExtent(i));
      if (i != rank)
        continue;
      int64_t extent = *op.getRankExtent(i).getLiteral();
      extents.back() = ExtentAttr::literal(context, extent / divisor);
      ranks.push_back(innerName);
      monoids.push_back(op.getMonoid(i));
      extents.push_back(ExtentAttr::literal(context, divisor));
    }
    SmallVector<AffineMap> maps;
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
      AffineMap map = op.getMap(i);
      SmallVector<AffineExpr> indices;
      for (AffineExpr index : map.getResults())
        indices.push_back(split(index, rank, divisor, map.getNumDims(), map.getNumSymbols()));
      maps.push_back(AffineMap::get(map.getNumDims() + 1, map.getNumSymbols(), indices, context));
    }
    SmallVector<StringAttr> symbols;
    for (Attribute name : op.getSymbols())
      symbols.push_back(cast<StringAttr>(name));
    auto result = EinsumOp::create(
        rewriter, op.getLoc(), op.getResult().getType(), op.getInputs(), ranks, maps, monoids,
        extents, symbols,
        [&](OpBuilder &builder, Location loc, ValueRange arguments) {
          IRMapping mapping;
          Block &from = op.getBody().front();
          mapping.map(from.getArguments(), arguments);
          for (Operation &inner : from.without_terminator()) {
            auto index = dyn_cast<IndexOp>(inner);
            if (!index || op.findRank(index.getRank()) != rank) {
              builder.clone(inner, mapping);
              continue;
            }
            Type type = builder.getIndexType();
            Value high = IndexOp::create(builder, loc, type, builder.getStringAttr(outerName));
            Value low = IndexOp::create(builder, loc, type, builder.getStringAttr(innerName));
            Value factor = arith::ConstantIndexOp::create(builder, loc, divisor);
            Value scaled = arith::MulIOp::create(builder, loc, high, factor);
            mapping.map(index.getResult(),
                        arith::AddIOp::create(builder, loc, scaled, low).getResult());
          }
          return mapping.lookup(op.getYielded());
        },
        op.getFillList());
    rewriter.replaceOp(op, result.getResult());
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
