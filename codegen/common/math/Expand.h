//===- Expand.h - Scalar operations the target has no code for --*- C++ -*-===//
//
// Host code imports nothing, so every operation that LLVM would turn into a
// call of the C library becomes arithmetic here.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_COMMON_MATH_EXPAND_H
#define EINFALL_CODEGEN_COMMON_MATH_EXPAND_H

#include "mlir/IR/PatternMatch.h"

namespace einfall::codegen {

/// What the patterns have to know of a target. Which numerics hold they ask of
/// the operation.
struct MathTarget {
  bool fma;         ///< multiplies and adds with one rounding
  bool halfCasts;   ///< converts between f16 and f32
  bool bfloatCasts; ///< converts f32 to bf16
  // Names of intrinsics, or empty.
  std::string toBfloat; ///< rounds a single f32 to bf16, subnormals too
  std::string fmaDown, fmaSaturated, powerOfTwo, reciprocal, quotient, inverseRoot; ///< of f32
  std::string pairToBfloat; ///< rounds sixteen f32, then the sixteen before them, to bf16
  // Of sixteen f32, with a mask and how they round.
  std::string scale;    ///< x * 2^n, n rounded down
  std::string fraction; ///< x less the integer below, 0 of infinities
};

/// exp, sin, pow and the like, by the recipes of lib/Elementary.
void populateElementaryPatterns(mlir::RewritePatternSet &patterns, const MathTarget &target);
/// math.fma, maxnumf, clampf, isinf.., remf.
void populateFloatPatterns(mlir::RewritePatternSet &patterns, const MathTarget &target);
/// Casts between floats of fewer than 32 bits and others, and between integers
/// and floats.
void populateCastPatterns(mlir::RewritePatternSet &patterns, const MathTarget &target);
/// ipowi, ceiling and floor divisions.
void populateIntegerPatterns(mlir::RewritePatternSet &patterns);

} // namespace einfall::codegen

#endif
