//===- ExpandFloat.cpp - Arithmetic of floats -----------------------------===//
#include "codegen/common/math/Expand.h"
#include "codegen/common/math/IrNumber.h"
#include "dialects/ein/EinNumerics.h"
#include "lib/Elementary/Exact.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace einfall::codegen {

using namespace elementary; // operators with literals

namespace {

using F64 = IrNumber<64>;

bool isF64(Value value) { return getElementTypeOrSelf(value.getType()).isF64(); }

F64 asDouble(const IrSite &site, Value value) {
  if (isF64(value))
    return {&site, value};
  Type type = withElement(value.getType(), site.builder.getF64Type());
  return {&site, arith::ExtFOp::create(site.builder, site.loc, type, value)};
}

/// Without the instruction, fma would call the C library: two roundings are
/// what other compilers give on such a CPU, unless every bit is promised.
struct SplitFma : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FmaOp op, PatternRewriter &rewriter) const override {
    if (!ein::isStrict(op)) {
      Value product = arith::MulFOp::create(rewriter, op.getLoc(), op.getA(), op.getB());
      rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op.getC());
      return success();
    }
    IrSite site{rewriter, op.getLoc(), false, false};
    F64 a = asDouble(site, op.getA()), b = asDouble(site, op.getB()), c = asDouble(site, op.getC());
    if (isF64(op.getA())) {
      rewriter.replaceOp(op, elementary::fma(a, b, c).v);
      return success();
    }
    // The product is exact, and the sum rounded to odd may be rounded again.
    Value sum = elementary::oddSum(a * b, c).v;
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), sum);
    return success();
  }
};

/// The instructions leave open which of two zeros they give.
template <typename Op, typename Propagating> struct ExpandNum : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto isNaN = [&](Value v) {
      return arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::UNO, v, v);
    };
    Value best = Propagating::create(rewriter, loc, op.getLhs(), op.getRhs());
    best = arith::SelectOp::create(rewriter, loc, isNaN(op.getRhs()), op.getLhs(), best);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNaN(op.getLhs()), op.getRhs(), best);
    return success();
  }
};

struct ExpandClamp : OpRewritePattern<math::ClampFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ClampFOp op, PatternRewriter &rewriter) const override {
    Value low = arith::MaximumFOp::create(rewriter, op.getLoc(), op.getValue(), op.getMin());
    rewriter.replaceOpWithNewOp<arith::MinimumFOp>(op, low, op.getMax());
    return success();
  }
};

/// |x| compared with a bound.
template <typename Op> struct ExpandClass : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    using P = arith::CmpFPredicate;
    Location loc = op.getLoc();
    Value x = op.getOperand();
    if (std::is_same_v<Op, math::IsNaNOp>) {
      rewriter.replaceOpWithNewOp<arith::CmpFOp>(op, P::UNO, x, x);
      return success();
    }
    IrSite site{rewriter, loc, false, false};
    Value size = math::AbsFOp::create(rewriter, loc, x);
    Value infinity = site.real(x.getType(), INFINITY);
    P below = std::is_same_v<Op, math::IsInfOp> ? P::OEQ : P::OLT;
    Value result = arith::CmpFOp::create(rewriter, loc, below, size, infinity);
    if (std::is_same_v<Op, math::IsNormalOp>) {
      auto type = cast<FloatType>(getElementTypeOrSelf(x.getType()));
      APFloat least = APFloat::getSmallestNormalized(type.getFloatSemantics());
      Value bound = site.literal(x.getType(), FloatAttr::get(type, least));
      Value above = arith::CmpFOp::create(rewriter, loc, P::OGE, size, bound);
      result = arith::AndIOp::create(rewriter, loc, result, above);
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// fmod, exactly: long division of the significands, 11 bits a step.
struct ExpandRemF : OpRewritePattern<arith::RemFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::RemFOp op, PatternRewriter &rewriter) const override {
    IrSite site{rewriter, op.getLoc(), false, false};
    F64 x = asDouble(site, op.getLhs()), y = asDouble(site, op.getRhs());
    elementary::Division<F64> division(x, y);
    auto loop = scf::WhileOp::create(
        rewriter, op.getLoc(), TypeRange{division.rest.v.getType(), division.steps.v.getType()},
        ValueRange{division.rest.v, division.steps.v},
        [&](OpBuilder &, Location loc, ValueRange state) {
          IrBits steps{&site, state[1]};
          scf::ConditionOp::create(rewriter, loc, site.any((steps.like(0) < steps).v), state);
        },
        [&](OpBuilder &, Location loc, ValueRange state) {
          auto [rest, steps] = division.step({&site, state[0]}, {&site, state[1]});
          scf::YieldOp::create(rewriter, loc, ValueRange{rest.v, steps.v});
        });
    F64 value = division.finish({&site, loop.getResult(0)});
    if (isF64(op.getLhs()))
      rewriter.replaceOp(op, value.v);
    else
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), value.v);
    return success();
  }
};

} // namespace

void populateFloatPatterns(RewritePatternSet &patterns, const MathTarget &target) {
  MLIRContext *context = patterns.getContext();
  if (!target.fma)
    patterns.add<SplitFma>(context);
  patterns.add<ExpandNum<arith::MaxNumFOp, arith::MaximumFOp>,
               ExpandNum<arith::MinNumFOp, arith::MinimumFOp>, ExpandClamp,
               ExpandClass<math::IsNaNOp>, ExpandClass<math::IsInfOp>,
               ExpandClass<math::IsFiniteOp>, ExpandClass<math::IsNormalOp>, ExpandRemF>(context);
}

} // namespace einfall::codegen
