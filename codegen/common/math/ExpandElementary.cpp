//===- ExpandElementary.cpp - exp, sin, pow as arithmetic -----------------===//
#include "codegen/common/math/Expand.h"
#include "codegen/common/math/IrNumber.h"
#include "dialects/ein/EinNumerics.h"
#include "lib/Elementary/Functions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace einfall::codegen {

using namespace elementary; // operators with literals

namespace {

using F64 = IrNumber<64>;
using F32 = IrNumber<32>;

/// What all of these patterns know.
struct Mode {
  bool fma;
  IrSite site(PatternRewriter &rewriter, Operation *op) const {
    // Under strict numerics every target evaluates a recipe with the same roundings.
    return {rewriter, op->getLoc(), fma, fma && !ein::isStrict(op)};
  }
};

bool isElement(Value value, unsigned width) {
  Type type = getElementTypeOrSelf(value.getType());
  return isa<FloatType>(type) && type.getIntOrFloatBitWidth() == width;
}

/// `value`, an f32 or f64, as f64.
F64 widened(const IrSite &site, Value value) {
  if (isElement(value, 64))
    return {&site, value};
  Type type = withElement(value.getType(), site.builder.getF64Type());
  return {&site, arith::ExtFOp::create(site.builder, site.loc, type, value)};
}

/// Rounded to `type`.
Value rounded(F64 value, Type type) {
  if (value.v.getType() == type)
    return value.v;
  return arith::TruncFOp::create(value.site->builder, value.site->loc, type, value.v);
}

struct ExpandUnary : RewritePattern {
  ExpandUnary(MLIRContext *context, Mode mode)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), mode(mode) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    StringRef name = op->getName().getStringRef();
    if (!name.consume_front("math.") || op->getNumOperands() != 1 || op->getNumResults() != 1)
      return failure();
    auto function = elementary::unaryFunction({name.data(), name.size()});
    if (!function)
      return failure();
    Value x = op->getOperand(0);
    if (!isElement(x, 32) && !isElement(x, 64))
      return rewriter.notifyMatchFailure(op, "expected f32 or f64");
    IrSite site = mode.site(rewriter, op);
    if (isElement(x, 32)) {
      F32 number{&site, x};
      auto value = ein::numericsOf(op) == ein::Numerics::fast
                       ? elementary::evaluateFast(*function, number)
                       : elementary::evaluateSingle(*function, number);
      if (value) {
        rewriter.replaceOp(op, value->v);
        return success();
      }
    }
    F64 value = elementary::evaluate(*function, widened(site, x));
    rewriter.replaceOp(op, rounded(value, x.getType()));
    return success();
  }
  Mode mode;
};

/// exp(x) = 2^n 2^f where n + f = x log2(e), n the integer below: 2^f is the target's, in
/// [1, 2), within two of its last bit. n stays where 2^n is normal, and f is
/// then far from [0, 1): what overflows or is subnormal comes out of the product.
struct ExpByPowerOfTwo : OpRewritePattern<math::ExpOp> {
  ExpByPowerOfTwo(MLIRContext *context, Mode mode, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/2), mode(mode), fmaDown(target.fmaDown),
        fmaSaturated(target.fmaSaturated), powerOfTwo(target.powerOfTwo) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!type.isF32() || ein::isStrict(op))
      return rewriter.notifyMatchFailure(op, "expected a single f32, and no strict numerics");
    IrSite site = mode.site(rewriter, op);
    auto call = [&](StringRef name, ValueRange operands) -> F32 {
      auto made = LLVM::CallIntrinsicOp::create(rewriter, op.getLoc(), type,
                                                rewriter.getStringAttr(name), operands);
      return {&site, made.getResult(0)};
    };
    F32 x{&site, op.getOperand()};
    // n as the exponent of a number is in the low bits of what is moved.
    double high = static_cast<float>(kLog2E), span = 2 * (F32::bias - 1);
    F32 part = call(fmaSaturated, {x.v, x.like(high / span).v, x.like(0.5).v});
    F32 moved = call(fmaDown, {part.v, x.like(span).v, x.like(0x1.8p23 + 1).v});
    F32 f = x.fused(x.like(high), x.like(0x1.8p23 + F32::bias) - moved);
    f = x.fused(x.like(kLog2E - high), f);
    F32 scale = realOf(bitsOf(moved) << int64_t(F32::mantissa), x);
    rewriter.replaceOp(op, (call(powerOfTwo, {f.v}) * scale).v);
    return success();
  }
  Mode mode;
  std::string fmaDown, fmaSaturated, powerOfTwo;
};

/// A masked intrinsic over a vector, sixteen f32 at a time: of operands, the part itself where
/// the mask leaves it out, all of a mask, and `how` it rounds.
struct BySixteens {
  static constexpr int64_t kWidth = 16;

  static bool fits(Type type) {
    auto vector = dyn_cast<VectorType>(type);
    return vector && vector.getRank() == 1 && vector.getNumElements() % kWidth == 0 &&
           vector.getElementType().isF32();
  }
  Value call(StringRef name, ArrayRef<Value> wholes, ArrayRef<int64_t> before, int64_t how) const {
    auto constant = [&](unsigned bits, int64_t value) -> Value {
      return arith::ConstantOp::create(builder, loc,
                                       builder.getIntegerAttr(builder.getIntegerType(bits), value));
    };
    Value result = wholes.front();
    int64_t count = cast<VectorType>(result.getType()).getNumElements();
    for (int64_t at = 0; at < count; at += kWidth) {
      SmallVector<Value> operands;
      for (Value whole : wholes)
        operands.push_back(
            vector::ExtractStridedSliceOp::create(builder, loc, whole, at, kWidth, 1));
      Value own = operands.front();
      for (int64_t immediate : before)
        operands.push_back(constant(32, immediate));
      operands.append({own, constant(16, -1), constant(32, how)});
      auto made = LLVM::CallIntrinsicOp::create(builder, loc, own.getType(),
                                                builder.getStringAttr(name), operands);
      result = vector::InsertStridedSliceOp::create(builder, loc, made.getResult(0), result, at, 1);
    }
    return result;
  }

  OpBuilder &builder;
  Location loc;
};

/// Round as the CPU is set to.
constexpr int64_t kRoundAsSet = 4;

/// By an instruction that multiplies by a power of two, subnormal results included: half as
/// many instructions as where the power is made of bits, in two parts. The same value.
struct ExpByScaling : OpRewritePattern<math::ExpOp> {
  ExpByScaling(MLIRContext *context, Mode mode, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/2), mode(mode), scale(target.scale) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    if (!BySixteens::fits(op.getType()) || ein::isStrict(op))
      return rewriter.notifyMatchFailure(op, "expected vectors of f32, and no strict numerics");
    IrSite site = mode.site(rewriter, op);
    BySixteens sixteens{rewriter, op.getLoc()};
    auto call = [&](F32 y, F32 n, IrBits) -> F32 {
      return {&site, sixteens.call(scale, {y.v, n.v}, {}, kRoundAsSet)};
    };
    rewriter.replaceOp(op, single::expScaled(F32{&site, op.getOperand()}, call).v);
    return success();
  }
  Mode mode;
  std::string scale;
};

/// True where a relative error of 2^-17 will do.
template <typename Op> bool mayBeNear(Op op) {
  return op.getType().isF32() && bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::afn);
}

/// What two constants that multiply the same make together, if that is as good a number of `type`
/// as each of them: one that is none, or a subnormal one, says less than they do.
std::optional<double> merged(double a, double b, FloatType type) {
  APFloat product(a * b);
  bool lost;
  product.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
  return product.isNormal() ? std::optional(a * b) : std::nullopt;
}

/// The argument's own rounding is most of the error.
struct ExpNearly : OpRewritePattern<math::ExpOp> {
  ExpNearly(MLIRContext *context, Mode mode, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/3), mode(mode), powerOfTwo(target.powerOfTwo) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    if (!mayBeNear(op))
      return rewriter.notifyMatchFailure(op, "expected a single f32 that may be near");
    IrSite site = mode.site(rewriter, op);
    // A constant that the argument is multiplied by (the scale of scores) makes one with ln 2.
    F32 x{&site, op.getOperand()};
    double scale = kLog2E;
    auto product = x.v.getDefiningOp<arith::MulFOp>();
    if (FloatAttr factor; product && matchPattern(product.getRhs(), m_Constant(&factor)))
      if (auto both = merged(scale, factor.getValueAsDouble(), rewriter.getF32Type())) {
        x.v = product.getLhs();
        scale = *both;
      }
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(powerOfTwo), ValueRange{(x * x.like(scale)).v});
    return success();
  }
  Mode mode;
  std::string powerOfTwo;
};

/// The same by vectors, within 2^-22 + |x| 2^-23: 2^f of the fraction f, scaled by the integer
/// below. Nothing has to be clamped: infinities have the fraction 0, and scaling does the rest.
struct ExpNearlyByScaling : OpRewritePattern<math::ExpOp> {
  ExpNearlyByScaling(MLIRContext *context, Mode mode, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/3), mode(mode), scale(target.scale),
        fraction(target.fraction) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t kIntegerBelow = 1;
    bool isNear = bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::afn);
    if (!isNear || !BySixteens::fits(op.getType()) || ein::isStrict(op))
      return rewriter.notifyMatchFailure(op, "expected vectors of f32 that may be near");
    IrSite site = mode.site(rewriter, op);
    BySixteens sixteens{rewriter, op.getLoc()};
    F32 x{&site, op.getOperand()};
    F32 y = x * x.like(kLog2E);
    F32 f{&site, sixteens.call(fraction, {y.v}, {kIntegerBelow}, kRoundAsSet)};
    rewriter.replaceOp(op, sixteens.call(scale, {single::exp2Below(f).v, y.v}, {}, kRoundAsSet));
    return success();
  }
  Mode mode;
  std::string scale, fraction;
};

/// The same of erf, within 2^-20: one polynomial and a power, where the function to an ulp has two
/// of both.
struct ErfNearlyByScaling : OpRewritePattern<math::ErfOp> {
  ErfNearlyByScaling(MLIRContext *context, Mode mode, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/3), mode(mode), scale(target.scale),
        fraction(target.fraction) {}
  LogicalResult matchAndRewrite(math::ErfOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t kNearestInteger = 0;
    bool isNear = bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::afn);
    if (!isNear || !BySixteens::fits(op.getType()) || ein::isStrict(op))
      return rewriter.notifyMatchFailure(op, "expected vectors of f32 that may be near");
    IrSite site = mode.site(rewriter, op);
    BySixteens sixteens{rewriter, op.getLoc()};
    auto rest = [&](F32 y) -> F32 {
      return {&site, sixteens.call(fraction, {y.v}, {kNearestInteger}, kRoundAsSet)};
    };
    auto scaled = [&](F32 y, F32 n) -> F32 {
      return {&site, sixteens.call(scale, {y.v, n.v}, {}, kRoundAsSet)};
    };
    F32 x{&site, op.getOperand()};
    rewriter.replaceOp(op, single::erfNearly(x, rest, scaled).v);
    return success();
  }
  Mode mode;
  std::string scale, fraction;
};

/// By the chip's quotient, which is off by two units in the last place. Where the divisor is no
/// less than a normal number, its reciprocal of those will do, which is off by one: LLVM's has to
/// scale subnormal ones, three more instructions.
struct QuotientNearly : OpRewritePattern<arith::DivFOp> {
  QuotientNearly(MLIRContext *context, const MathTarget &target)
      : OpRewritePattern(context), quotient(target.quotient), reciprocal(target.reciprocal),
        powerOfTwo(target.powerOfTwo) {}
  LogicalResult matchAndRewrite(arith::DivFOp op, PatternRewriter &rewriter) const override {
    if (!mayBeNear(op))
      return rewriter.notifyMatchFailure(op, "expected a single f32 that may be near");
    bool isReciprocal = matchPattern(op.getLhs(), m_OneFloat());
    if (isReciprocal && (reciprocal.empty() || !isNormal(op.getRhs())))
      return rewriter.notifyMatchFailure(op, "LLVM has the chip's reciprocal for it");
    ValueRange operands = op.getOperands();
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(isReciprocal ? reciprocal : quotient),
        operands.drop_front(isReciprocal));
    return success();
  }

private:
  /// True if `value` is a positive normal number, an infinity or a NaN, as the sum of a normal
  /// constant and a power is.
  bool isNormal(Value value) const {
    auto sum = value.getDefiningOp<arith::AddFOp>();
    FloatAttr least;
    if (!sum || !matchPattern(sum.getRhs(), m_Constant(&least)))
      return false;
    auto call = sum.getLhs().getDefiningOp<LLVM::CallIntrinsicOp>();
    bool isPower = sum.getLhs().getDefiningOp<math::ExpOp>() ||
                   (call && !powerOfTwo.empty() && call.getIntrin() == powerOfTwo);
    return isPower && least.getValueAsDouble() >= std::numeric_limits<float>::min();
  }

  std::string quotient, reciprocal, powerOfTwo;
};

struct InverseRootNearly : OpRewritePattern<math::RsqrtOp> {
  InverseRootNearly(MLIRContext *context, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/3), inverseRoot(target.inverseRoot) {}
  LogicalResult matchAndRewrite(math::RsqrtOp op, PatternRewriter &rewriter) const override {
    if (!mayBeNear(op))
      return rewriter.notifyMatchFailure(op, "expected a single f32 that may be near");
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(inverseRoot), op->getOperands());
    return success();
  }
  std::string inverseRoot;
};

/// 1 - 2 / (1 + t) with t = exp(2 x); where that cancels, three terms of the series.
struct TanhNearly : OpRewritePattern<math::TanhOp> {
  TanhNearly(MLIRContext *context, Mode mode, const MathTarget &target)
      : OpRewritePattern(context, /*benefit=*/3), mode(mode), powerOfTwo(target.powerOfTwo),
        reciprocal(target.reciprocal) {}
  LogicalResult matchAndRewrite(math::TanhOp op, PatternRewriter &rewriter) const override {
    if (!mayBeNear(op))
      return rewriter.notifyMatchFailure(op, "expected a single f32 that may be near");
    IrSite site = mode.site(rewriter, op);
    Location loc = op.getLoc();
    auto call = [&](StringRef name, Value operand) -> F32 {
      auto made = LLVM::CallIntrinsicOp::create(rewriter, loc, op.getType(),
                                                rewriter.getStringAttr(name), operand);
      return {&site, made.getResult(0)};
    };
    F32 x{&site, op.getOperand()};
    F32 size{&site, math::AbsFOp::create(rewriter, loc, x.v)};
    F32 t = call(powerOfTwo, (x * x.like(2 * kLog2E)).v);
    F32 far = call(reciprocal, (x.like(1) + t).v).fused(x.like(-2), x.like(1));
    F32 square = x * x;
    F32 series = square.fused(x.like(2. / 15), x.like(-1. / 3));
    F32 near = x.fused(square * series, x);
    Value isNear =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OLT, size.v, x.like(0.125).v);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNear, near.v, far.v);
    return success();
  }
  Mode mode;
  std::string powerOfTwo, reciprocal;
};

template <typename Op> struct ExpandBinary : OpRewritePattern<Op> {
  ExpandBinary(MLIRContext *context, Mode mode, F64 (*function)(F64, F64))
      : OpRewritePattern<Op>(context), mode(mode), function(function) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    IrSite site = mode.site(rewriter, op);
    Type type = op.getResult().getType();
    F64 a = widened(site, op.getLhs()), b = widened(site, op.getRhs());
    rewriter.replaceOp(op, rounded(function(a, b), type));
    return success();
  }
  Mode mode;
  F64 (*function)(F64, F64);
};

struct ExpandFPowI : OpRewritePattern<math::FPowIOp> {
  ExpandFPowI(MLIRContext *context, Mode mode) : OpRewritePattern(context), mode(mode) {}
  LogicalResult matchAndRewrite(math::FPowIOp op, PatternRewriter &rewriter) const override {
    IrSite site = mode.site(rewriter, op);
    Type type = op.getResult().getType();
    Type wide = withElement(type, rewriter.getF64Type());
    F64 base = widened(site, op.getLhs());
    F64 exponent{&site, arith::SIToFPOp::create(rewriter, op.getLoc(), wide, op.getRhs())};
    rewriter.replaceOp(op, rounded(elementary::pow(base, exponent), type));
    return success();
  }
  Mode mode;
};

struct SplitSincos : OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::SincosOp op, PatternRewriter &rewriter) const override {
    Value sin = math::SinOp::create(rewriter, op.getLoc(), op.getOperand());
    Value cos = math::CosOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOp(op, {sin, cos});
    return success();
  }
};

} // namespace

void populateElementaryPatterns(RewritePatternSet &patterns, const MathTarget &target) {
  MLIRContext *context = patterns.getContext();
  Mode mode{target.fma};
  patterns.add<ExpandUnary, ExpandFPowI>(context, mode);
  patterns.add<ExpandBinary<math::PowFOp>>(context, mode, elementary::pow<F64>);
  patterns.add<ExpandBinary<math::Atan2Op>>(context, mode, elementary::atan2<F64>);
  patterns.add<SplitSincos>(context);
  if (!target.fmaDown.empty() && !target.powerOfTwo.empty())
    patterns.add<ExpByPowerOfTwo>(context, mode, target);
  if (!target.powerOfTwo.empty())
    patterns.add<ExpNearly>(context, mode, target);
  if (!target.scale.empty())
    patterns.add<ExpByScaling>(context, mode, target);
  if (!target.scale.empty() && !target.fraction.empty())
    patterns.add<ExpNearlyByScaling, ErfNearlyByScaling>(context, mode, target);
  if (!target.quotient.empty())
    patterns.add<QuotientNearly>(context, target);
  if (!target.inverseRoot.empty())
    patterns.add<InverseRootNearly>(context, target);
  if (!target.powerOfTwo.empty() && !target.reciprocal.empty())
    patterns.add<TanhNearly>(context, mode, target);
}

} // namespace einfall::codegen
