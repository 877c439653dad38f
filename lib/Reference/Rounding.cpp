//===- Rounding.cpp - Number formats, held in doubles ---------------------===//
#include "lib/Reference/Rounding.h"
#include "llvm/ADT/APFloat.h"
#include <bit>
#include <cmath>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;

namespace einfall::reference {

Format formatOf(Type type, Mode mode) {
  if (mode == Mode::f64)
    return Format::none;
  return llvm::TypeSwitch<Type, Format>(type)
      .Case<Float32Type>([](Type) { return Format::f32; })
      .Case<Float16Type>([](Type) { return Format::f16; })
      .Case<BFloat16Type>([](Type) { return Format::bf16; })
      .Case<Float8E4M3FNType>([](Type) { return Format::e4m3fn; })
      .Case<Float8E5M2Type>([](Type) { return Format::e5m2; })
      .Case<Float8E4M3FNUZType>([](Type) { return Format::e4m3fnuz; })
      .Case<Float8E5M2FNUZType>([](Type) { return Format::e5m2fnuz; })
      .Default([](Type) { return Format::none; });
}

namespace {
struct Parameters {
  int precision;   // bits of the significand, with the leading one
  int minExponent; // of the smallest normal number
  double largest;  // finite
  bool infinity;   // else overflow is NaN
  bool minusZero;
};
} // namespace

static Parameters parametersOf(Format format) {
  switch (format) {
  case Format::f16:
    return {11, -14, 65504.0, true, true};
  case Format::bf16:
    return {8, -126, 0x1.FEp127, true, true};
  case Format::e4m3fn:
    return {4, -6, 448.0, false, true};
  case Format::e5m2:
    return {3, -14, 57344.0, true, true};
  case Format::e4m3fnuz:
    return {4, -7, 240.0, false, false};
  case Format::e5m2fnuz:
    return {3, -15, 57344.0, false, false};
  case Format::f32:
    return {24, -126, 0x1.FFFFFEp127, true, true};
  case Format::none:
    break;
  }
  return {53, -1022, 0x1.FFFFFFFFFFFFFp1023, true, true};
}

double roundNarrow(double value, Format format) {
  Parameters p = parametersOf(format);
  if (std::isnan(value))
    return value;
  if (value == 0)
    return p.minusZero ? value : 0.0;
  double rounded = value;
  if (std::isfinite(value)) {
    int exponent = std::max(std::ilogb(value), p.minExponent);
    double quantum = std::ldexp(1.0, exponent - p.precision + 1);
    rounded = std::nearbyint(value / quantum) * quantum;
  }
  if (std::fabs(rounded) > p.largest)
    return p.infinity ? std::copysign(INFINITY, value) : NAN;
  return rounded == 0 && !p.minusZero ? 0.0 : rounded;
}

double smallestNormal(Format format) { return std::ldexp(1.0, parametersOf(format).minExponent); }

double largest(Format format) { return parametersOf(format).largest; }

double fmaIn(double a, double b, double c, Format format) {
  if (format == Format::none)
    return std::fma(a, b, c);
  if (format == Format::f32)
    return std::fma(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c));
  // The product is exact. The sum is rounded to odd, which never moves a
  // value onto a tie of the narrow format.
  double product = a * b, sum = product + c;
  double back = sum - product;
  double error = (product - (sum - back)) + (c - back);
  if (error != 0 && std::isfinite(sum) && !(std::bit_cast<uint64_t>(sum) & 1)) {
    // `sum` is even and inexact: its odd neighbour on the error's side.
    sum = std::nextafter(sum, error > 0 ? INFINITY : -INFINITY);
  }
  return roundNarrow(sum, format);
}

uint64_t toBits(double value, Type type) {
  llvm::APFloat number(value);
  bool lost;
  number.convert(cast<FloatType>(type).getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                 &lost);
  return number.bitcastToAPInt().getZExtValue();
}

double fromBits(uint64_t bits, Type type) {
  auto format = cast<FloatType>(type);
  unsigned width = format.getWidth();
  if (width < 64)
    bits &= (uint64_t(1) << width) - 1;
  llvm::APFloat number(format.getFloatSemantics(), llvm::APInt(width, bits));
  bool lost;
  number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}

} // namespace einfall::reference
