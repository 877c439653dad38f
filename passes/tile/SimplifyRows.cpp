//===- SimplifyRows.cpp - Once a row what its elements share --------------===//
#include "passes/tile/SimplifyRows.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILESIMPLIFYROWS
#include "passes/tile/Passes.h.inc"

std::optional<APFloat> numberOf(Value value) {
  while (auto shared = sharedOf(value))
    value = shared.getSource();
  APFloat number(0.0);
  if (matchPattern(value, m_ConstantFloat(&number)))
    return number;
  return std::nullopt;
}

Value splat(OpBuilder &builder, Location loc, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  Value number = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(element, value));
  if (type == element)
    return number;
  return BroadcastOp::create(builder, loc, type, number, builder.getDenseI64ArrayAttr({}));
}

bool isFinite(Value value) {
  while (auto shared = sharedOf(value))
    value = shared.getSource();
  if (std::optional<APFloat> number = numberOf(value))
    return number->isFinite();
  // Where its size is below infinity, else something finite.
  auto select = value.getDefiningOp<arith::SelectOp>();
  auto below = select ? select.getCondition().getDefiningOp<arith::CmpFOp>() : nullptr;
  if (!below || below.getPredicate() != arith::CmpFPredicate::OLT)
    return false;
  auto size = below.getLhs().getDefiningOp<math::AbsFOp>();
  std::optional<APFloat> most = numberOf(below.getRhs());
  return size && size.getOperand() == select.getTrueValue() && most && most->isInfinity() &&
         isFinite(select.getFalseValue());
}

namespace {

/// The power of two, no greater than 1, by which `value` is `scaled` in all of its elements.
/// What is greater stays so, and nothing is rounded (but where numbers end), so
/// that the scale may be anywhere.
std::optional<double> scaleOf(Value value, Value &scaled) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product)
    return std::nullopt;
  for (auto [factor, other] : {std::pair(product.getRhs(), product.getLhs()),
                               std::pair(product.getLhs(), product.getRhs())}) {
    std::optional<APFloat> number = numberOf(factor);
    int exponent = number ? number->getExactLog2() : INT_MIN;
    if (exponent == INT_MIN || exponent > 0)
      continue;
    scaled = other;
    return number->convertToDouble();
  }
  return std::nullopt;
}

/// select(c, x * 0.5, -inf) is select(c, x, -inf) * 0.5.
struct ScaleBehindSelect : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op, PatternRewriter &rewriter) const override {
    std::optional<APFloat> otherwise = numberOf(op.getFalseValue());
    Value scaled;
    std::optional<double> scale = scaleOf(op.getTrueValue(), scaled);
    if (!otherwise || !otherwise->isInfinity() || !scale)
      return rewriter.notifyMatchFailure(op, "expected a scaled value or an infinity");
    Value chosen = arith::SelectOp::create(rewriter, op.getLoc(), op.getCondition(), scaled,
                                           op.getFalseValue());
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, chosen,
                                               splat(rewriter, op.getLoc(), op.getType(), *scale));
    return success();
  }
};

/// The greatest of scaled elements is the greatest, scaled.
struct ScaleBehindExtreme : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    Value scaled;
    std::optional<double> scale = scaleOf(op.getSource(), scaled);
    if ((op.getKind() != "max" && op.getKind() != "min") || !scale)
      return rewriter.notifyMatchFailure(op, "expected an extreme of scaled elements");
    Value extreme = ReduceOp::create(rewriter, op.getLoc(), op.getType(), scaled, op.getKind(),
                                     op.getLimit(), op.getEitherZero(), op.getNumbers());
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, extreme,
                                               splat(rewriter, op.getLoc(), op.getType(), *scale));
    return success();
  }
};

/// x * 0.125 + z is one fused product: scaling by a power of two rounds nothing.
template <typename Op> struct FuseScale : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    // Below the least normal number a product is rounded.
    if (!getElementTypeOrSelf(op.getType()).isF32() || !isa<RankedTensorType>(op.getType()) ||
        ein::isStrict(op))
      return rewriter.notifyMatchFailure(op, "expected a tile of f32, not strict");
    constexpr bool isDifference = std::is_same_v<Op, arith::SubFOp>;
    Location loc = op.getLoc();
    Value scaled;
    if (std::optional<double> scale = scaleOf(op.getLhs(), scaled)) {
      Value other = op.getRhs();
      if (isDifference)
        other = arith::NegFOp::create(rewriter, loc, other);
      rewriter.replaceOpWithNewOp<math::FmaOp>(op, scaled,
                                               splat(rewriter, loc, op.getType(), *scale), other);
      return success();
    }
    std::optional<double> scale = scaleOf(op.getRhs(), scaled);
    if (!scale)
      return rewriter.notifyMatchFailure(op, "expected a summand scaled by a power of two");
    rewriter.replaceOpWithNewOp<math::FmaOp>(
        op, scaled, splat(rewriter, loc, op.getType(), isDifference ? -*scale : *scale),
        op.getLhs());
    return success();
  }
};

struct SimplifyRowsPass : impl::TileSimplifyRowsBase<SimplifyRowsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext()), bounds(&getContext());
    patterns.add<ScaleBehindSelect, ScaleBehindExtreme, FuseScale<arith::AddFOp>,
                 FuseScale<arith::SubFOp>>(&getContext());
    populateConditionPatterns(patterns);
    populateBoundPatterns(bounds);
    // Every rewrite leaves less to rewrite: they come to an end.
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)) ||
        failed(applyPatternsGreedily(getOperation(), std::move(bounds), config))) {
      emitError(getOperation().getLoc()) << "cannot simplify the tile programs";
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace einfall::tile
