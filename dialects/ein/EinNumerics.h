//===- EinNumerics.h - How exact a compilation has to be --------*- C++ -*-===//
//
// A module says with `ein.numerics = "strict"` what its passes may do to the
// bits of its results (docs/numerics.md); without it, `algebraic` holds.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DIALECTS_EIN_EINNUMERICS_H
#define EINFALL_DIALECTS_EIN_EINNUMERICS_H

#include "mlir/IR/BuiltinOps.h"

namespace einfall::ein {

enum class Numerics {
  strict,    ///< the interpreter's `declared` mode, bit for bit
  algebraic, ///< reassociation, fma, excess precision
  fast,      ///< also approximations with a stated bound
};

inline constexpr llvm::StringLiteral kNumerics = "ein.numerics";

llvm::StringRef stringifyNumerics(Numerics numerics);
std::optional<Numerics> parseNumerics(llvm::StringRef name);

/// What holds for `op`: the attribute of the function or module around it.
Numerics numericsOf(mlir::Operation *op);
inline bool isStrict(mlir::Operation *op) { return numericsOf(op) == Numerics::strict; }

/// On a module in which `ein-fix-rounding` has marked the products that feed a sum
/// unrounded; before, and under other numerics, all that a body yields to a sum do.
inline constexpr llvm::StringLiteral kFixedRounding = "ein.fixed_rounding";
bool feedsSumUnrounded(mlir::Operation *product);

/// Verifies an attribute `ein.numerics` of `op`.
mlir::LogicalResult verifyNumerics(mlir::Operation *op, mlir::NamedAttribute attribute);

} // namespace einfall::ein

#endif
