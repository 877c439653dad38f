//===- EinBounds.h - Which reads stay inside ---------------------*- C++ -*-===//
//
// A point at which an operand index falls outside does not exist
// (docs/spec/ein.md). Passes may treat a read as plain only where it provably
// stays inside, from the ranks' extents, `ein.range` of arguments that
// coordinates are read from, and the function's `ein.assume` extents, each of
// which is at least 0 (checked at run time when an entry is called).
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DIALECTS_EIN_EINBOUNDS_H
#define EINFALL_DIALECTS_EIN_EINBOUNDS_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// True if every index of operand `operand` of `op` lies in its extent at all
/// points of the iteration space.
bool readsInside(EinsumOp op, unsigned operand);

/// The same for indices given by `map` into `shape`, over ranks of extents
/// `extents`; symbols of `map` from `firstSymbol` on are named by `symbols`,
/// those before are unknown coordinates. `scope` is where assumptions hold.
bool staysInside(mlir::AffineMap map, llvm::ArrayRef<ExtentAttr> shape,
                 llvm::ArrayRef<ExtentAttr> extents, unsigned firstSymbol,
                 llvm::ArrayRef<mlir::StringAttr> symbols, mlir::Operation *scope,
                 llvm::function_ref<std::optional<int64_t>(unsigned)> coordinateLimit);

} // namespace einfall::ein

#endif
