//===- Rounding.h - Number formats, held in doubles -------------*- C++ -*-===//
//
// The interpreter keeps every float in a double. In `declared` mode an
// operation is computed in double and then rounded, once, to its declared
// type. For + - * / and sqrt that equals the operation in the narrow type,
// because 53 >= 2p + 2 for every p up to f32's 24 bits: the first rounding
// never moves a value onto a tie of the second. It does not hold for fma,
// which therefore has its own function. Elementary functions come out
// correctly rounded but for the one case in about 2^29 where libm's double
// lies on the wrong side of a tie.
//
// In `f64` mode every float has the format `none`: nothing is rounded.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_REFERENCE_ROUNDING_H
#define EINFALL_LIB_REFERENCE_ROUNDING_H

#include "mlir/IR/BuiltinTypes.h"

namespace einfall::reference {

enum class Mode { declared, f64 };

enum class Format : uint8_t { none, f32, f16, bf16, e4m3fn, e5m2, e4m3fnuz, e5m2fnuz };

/// What the values of a float type are rounded to; `none` for f64, for
/// integers, and for everything in f64 mode.
Format formatOf(mlir::Type type, Mode mode);

/// Round to nearest even in a format of fewer bits than f32.
double roundNarrow(double value, Format format);

inline double roundTo(double value, Format format) {
  if (format == Format::none)
    return value;
  if (format == Format::f32)
    return static_cast<float>(value);
  return roundNarrow(value, format);
}

/// a * b + c with one rounding, to `format`.
double fmaIn(double a, double b, double c, Format format);

/// The least positive normal number of a format.
double smallestNormal(Format format);
/// The greatest finite number of a format.
double largest(Format format);

/// The bits of a value of the float type `type`, which rounds it first; and back.
uint64_t toBits(double value, mlir::Type type);
double fromBits(uint64_t bits, mlir::Type type);

/// Integers are kept sign-extended; i1 is a truth value and kept as 0 or 1.
inline int64_t wrap(int64_t value, unsigned width) {
  if (width >= 64)
    return value;
  if (width == 1)
    return value & 1;
  unsigned spare = 64 - width;
  return static_cast<int64_t>(static_cast<uint64_t>(value) << spare) >> spare;
}

/// The width integers of `type` wrap at; 64 for index.
inline unsigned widthOf(mlir::Type type) {
  return mlir::isa<mlir::IntegerType>(type) ? type.getIntOrFloatBitWidth() : 64;
}

} // namespace einfall::reference

#endif
