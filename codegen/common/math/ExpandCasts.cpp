//===- ExpandCasts.cpp - Between floats, and between floats and integers --===//
#include "codegen/common/math/Expand.h"
#include "codegen/common/math/IrNumber.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace einfall::codegen {

using namespace elementary; // operators with literals

namespace {

using F64 = IrNumber<64>;
using F32 = IrNumber<32>;

/// A float type of at most 16 bits by the numbers that its codes are made of.
struct NarrowFormat {
  FloatType type;
  int width, mantissa, minExponent;
  int64_t largest, nan; // codes
  std::optional<int64_t> infinity;
  bool signedZero; // else the code of -0 is the NaN

  explicit NarrowFormat(FloatType type) : type(type), width(type.getWidth()) {
    const llvm::fltSemantics &semantics = type.getFloatSemantics();
    auto codeOf = [](const APFloat &number) {
      return static_cast<int64_t>(number.bitcastToAPInt().getZExtValue());
    };
    mantissa = APFloat::semanticsPrecision(semantics) - 1;
    minExponent = APFloat::semanticsMinExponent(semantics);
    largest = codeOf(APFloat::getLargest(semantics));
    nan = codeOf(APFloat::getQNaN(semantics));
    if (APFloat::semanticsHasInf(semantics))
      infinity = codeOf(APFloat::getInf(semantics));
    signedZero = nan != int64_t(1) << (width - 1);
  }
  int shift() const { return 23 - mantissa; }
  int64_t signBit() const { return int64_t(1) << (width - 1); }
};

std::optional<NarrowFormat> narrowFormat(Value value) {
  auto type = dyn_cast<FloatType>(getElementTypeOrSelf(value.getType()));
  if (!type || type.getWidth() > 16)
    return std::nullopt;
  return NarrowFormat(type);
}

/// The f32 that `code` (as i32) stands for.
F32 decode(const NarrowFormat &format, IrBits code, F32 shape) {
  // bf16 is the upper half of an f32.
  if (format.minExponent == -126 && format.shift() == 32 - format.width)
    return realOf(code << int64_t(format.shift()), shape);
  IrBits magnitude = code & (format.signBit() - 1);
  IrBits sign = (code & format.signBit()) << int64_t(32 - format.width);
  F32 value = realOf(magnitude << int64_t(format.shift()), shape);
  if (format.minExponent != -126)
    value = value * std::ldexp(1.0, 126 + format.minExponent);
  if (format.infinity && format.minExponent != -126) {
    auto finite = magnitude < *format.infinity;
    IrBits special = (magnitude << int64_t(format.shift())) | int64_t(0x7F800000);
    value = select(finite, value, realOf(special, shape));
  } else if (!format.infinity && format.signedZero) {
    value = select(magnitude == format.nan, shape.like(NAN), value);
  }
  value = realOf(bitsOf(value) | sign, shape);
  return format.signedZero ? value : select(code == format.nan, shape.like(NAN), value);
}

/// The code (as i32) of an f32, rounded to nearest even.
IrBits encode(const NarrowFormat &format, F32 x) {
  IrBits bits = bitsOf(x), size = bits & int64_t(0x7FFFFFFF);
  int64_t shift = format.shift(), half = int64_t(1) << (shift - 1);
  IrBits odd = logicalShiftRight(size, shift) & int64_t(1);
  IrBits code = size - (int64_t(126 + format.minExponent) << 23) + odd + (half - 1);
  code = code >> shift;
  if (format.minExponent != -126) {
    // Subnormal codes count the last bit that the format has.
    F32 magic = x.like(std::ldexp(1.0, format.minExponent + shift));
    IrBits low = bitsOf(realOf(size, x) + magic) - bitsOf(magic);
    code = select(size < (int64_t(127 + format.minExponent) << 23), low, code);
  }
  code = select(size.like(format.largest) < code, size.like(format.infinity.value_or(format.nan)),
                code);
  code = select(size.like(0x7F800000) < size, size.like(format.nan), code);
  IrBits sign = logicalShiftRight(bits, 31) << int64_t(format.width - 1);
  if (format.signedZero)
    return code | sign;
  return select((code == int64_t(0)) | (code == format.nan), code, code | sign);
}

struct ExtendNarrow : OpRewritePattern<arith::ExtFOp> {
  ExtendNarrow(MLIRContext *context, bool half) : OpRewritePattern(context), half(half) {}
  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    auto format = narrowFormat(op.getIn());
    Location loc = op.getLoc();
    if (!format)
      return failure();
    Type single = withElement(op.getType(), rewriter.getF32Type());
    if (op.getType() != single) {
      if (!getElementTypeOrSelf(op.getType()).isF64())
        return rewriter.notifyMatchFailure(op, "expected an extension to f32 or f64");
      Value middle = arith::ExtFOp::create(rewriter, loc, single, op.getIn());
      rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), middle);
      return success();
    }
    if (half && format->type.isF16())
      return failure();
    IrSite site{rewriter, loc, false, false};
    Type bits = withElement(single, rewriter.getIntegerType(format->width));
    Type words = withElement(single, rewriter.getI32Type());
    Value code = arith::BitcastOp::create(rewriter, loc, bits, op.getIn());
    code = arith::ExtUIOp::create(rewriter, loc, words, code);
    F32 shape{&site, site.real(single, 0.0)};
    rewriter.replaceOp(op, decode(*format, {&site, code}, shape).v);
    return success();
  }
  bool half;
};

/// A double as the number of a narrower format nearest to it; those beyond the
/// greatest are left as they are. What becomes 0 may have lost its sign.
F64 roundedTo(const NarrowFormat &format, F64 x) {
  IrBits exponent = (logicalShiftRight(bitsOf(x), 52) & int64_t(0x7FF)) - int64_t(1023);
  IrBits least = exponent.like(format.minExponent);
  exponent = select(exponent < least, least, exponent);
  IrBits last = exponent - int64_t(format.mantissa);
  F64 scaled = x * powerOfTwo(last.like(0) - last, x);
  F64 magic = x.like(0x1.8p52);
  F64 value = ((scaled + magic) - magic) * powerOfTwo(last, x);
  return select(fabs(x) < INFINITY, value, x);
}

struct TruncateNarrow : OpRewritePattern<arith::TruncFOp> {
  TruncateNarrow(MLIRContext *context, const MathTarget &target)
      : OpRewritePattern(context), half(target.halfCasts), bfloat(target.bfloatCasts),
        intrinsic(target.toBfloat), pair(target.pairToBfloat) {}
  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    auto format = narrowFormat(op.getOut());
    Location loc = op.getLoc();
    if (!format)
      return failure();
    IrSite site{rewriter, loc, false, false};
    Type single = withElement(op.getType(), rewriter.getF32Type());
    if (getElementTypeOrSelf(op.getIn()).isF64()) {
      F64 exact{&site, op.getIn()};
      Value value = arith::TruncFOp::create(rewriter, loc, single, roundedTo(*format, exact).v);
      // The sign as a bit: of a sign taken from a double LLVM 22 makes one of the narrow type, by a
      // function of a library that is not there.
      Type words = withElement(single, rewriter.getI32Type());
      IrBits sign{&site, arith::TruncIOp::create(rewriter, loc, words,
                                                 logicalShiftRight(bitsOf(exact), 32).v)};
      IrBits code{&site, arith::BitcastOp::create(rewriter, loc, words, value)};
      value =
          arith::BitcastOp::create(rewriter, loc, single, (code | (sign & int64_t(INT32_MIN))).v);
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), value);
      return success();
    }
    if (!getElementTypeOrSelf(op.getIn()).isF32())
      return rewriter.notifyMatchFailure(op, "expected a truncation of f32 or f64");
    // The instruction for bf16 takes subnormals for zeros. A single number does
    // without it: LLVM 22 takes the sign of what it gives for 0 where its bits
    // are read.
    bool native = bfloat && format->type.isBF16() && isa<VectorType>(op.getType());
    if (native && !ein::isStrict(op) && !pair.empty() && succeeded(roundByPairs(op, rewriter)))
      return success();
    if (format->type.isF16() ? half : native && !ein::isStrict(op))
      return failure();
    if (format->type.isBF16() && !intrinsic.empty() && !isa<VectorType>(op.getType())) {
      rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
          op, op.getType(), rewriter.getStringAttr(intrinsic), ValueRange{op.getIn()});
      return success();
    }
    IrBits code = encode(*format, F32{&site, op.getIn()});
    Type bits = withElement(single, rewriter.getIntegerType(format->width));
    Value low = arith::TruncIOp::create(rewriter, loc, bits, code.v);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), low);
    return success();
  }
  /// One instruction for two registers, where LLVM takes one for each and joins what they give.
  LogicalResult roundByPairs(arith::TruncFOp op, PatternRewriter &rewriter) const {
    constexpr int64_t kWidth = 16;
    auto type = cast<VectorType>(op.getType());
    int64_t count = type.getNumElements();
    if (type.getRank() != 1 || count % (2 * kWidth) != 0)
      return rewriter.notifyMatchFailure(op, "expected whole pairs of registers");
    Location loc = op.getLoc();
    auto joined = VectorType::get(2 * kWidth, type.getElementType());
    Value result;
    for (int64_t at = 0; at < count; at += 2 * kWidth) {
      auto part = [&](int64_t from) -> Value {
        return vector::ExtractStridedSliceOp::create(rewriter, loc, op.getIn(), from, kWidth, 1);
      };
      auto made = LLVM::CallIntrinsicOp::create(rewriter, loc, joined, rewriter.getStringAttr(pair),
                                                ValueRange{part(at + kWidth), part(at)});
      if (count == 2 * kWidth) {
        result = made.getResult(0);
        break;
      }
      if (!result)
        result = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
      result =
          vector::InsertStridedSliceOp::create(rewriter, loc, made.getResult(0), result, at, 1);
    }
    rewriter.replaceOp(op, result);
    return success();
  }
  bool half, bfloat;
  std::string intrinsic, pair;
};

/// Integers become narrow floats through a double, rounded once: what a double
/// may not hold is only said to be inexact, far below the narrow format's bits.
template <typename Op, bool isSigned> struct IntegerToNarrow : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!narrowFormat(op.getOut()))
      return failure();
    Location loc = op.getLoc();
    IrSite site{rewriter, loc, false, false};
    Type words = withElement(op.getType(), rewriter.getI64Type());
    Value value = op.getIn();
    if (value.getType() != words)
      value = isSigned ? Value(arith::ExtSIOp::create(rewriter, loc, words, value))
                       : Value(arith::ExtUIOp::create(rewriter, loc, words, value));
    IrBits number{&site, value};
    auto inexact = ~((number & int64_t(0x7FF)) == int64_t(0));
    auto large = ~((number.like(-2048) < number) & (number < int64_t(2048)));
    IrBits sticky = (number & ~int64_t(0x7FF)) | int64_t(0x800);
    value = select(inexact & large, sticky, number).v;
    Type wide = withElement(op.getType(), rewriter.getF64Type());
    value = isSigned ? Value(arith::SIToFPOp::create(rewriter, loc, wide, value))
                     : Value(arith::UIToFPOp::create(rewriter, loc, wide, value));
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), value);
    return success();
  }
};

/// Toward zero; what is out of range saturates and NaN gives 0.
template <typename Op> struct SaturatingCast : OpRewritePattern<Op> {
  SaturatingCast(MLIRContext *context, StringRef intrinsic)
      : OpRewritePattern<Op>(context), intrinsic(intrinsic) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (narrowFormat(op.getIn()))
      return rewriter.notifyMatchFailure(op, "expected f32 or f64");
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(intrinsic), ValueRange{op.getIn()});
    return success();
  }
  StringRef intrinsic;
};

} // namespace

void populateCastPatterns(RewritePatternSet &patterns, const MathTarget &target) {
  MLIRContext *context = patterns.getContext();
  bool half = target.halfCasts;
  patterns.add<ExtendNarrow>(context, half);
  patterns.add<TruncateNarrow>(context, target);
  patterns.add<IntegerToNarrow<arith::SIToFPOp, true>, IntegerToNarrow<arith::UIToFPOp, false>>(
      context);
  patterns.add<SaturatingCast<arith::FPToSIOp>>(context, "llvm.fptosi.sat");
  patterns.add<SaturatingCast<arith::FPToUIOp>>(context, "llvm.fptoui.sat");
}

} // namespace einfall::codegen
