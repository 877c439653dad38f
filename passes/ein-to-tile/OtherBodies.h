//===- OtherBodies.h - Einsums with other bodies for a while ----*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_OTHERBODIES_H
#define EINFALL_PASSES_EINTOTILE_OTHERBODIES_H

#include "dialects/ein/EinDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Region.h"

namespace einfall {

/// While it lives, Einsums have copies of their bodies, which may be changed. The scalars
/// of the bodies are others then.
class OtherBodies {
protected:
  OtherBodies() = default;
  ~OtherBodies();
  OtherBodies(const OtherBodies &) = delete;
  OtherBodies &operator=(const OtherBodies &) = delete;

  /// The body of `op`, a copy from here on; `values` says of what.
  mlir::Block &copy(ein::EinsumOp op, mlir::IRMapping *values = nullptr);
  /// Folds what can be folded and drops what nobody reads.
  static void simplify(mlir::Block &body);

  llvm::SmallVector<std::pair<ein::EinsumOp, std::unique_ptr<mlir::Region>>> originals;
};

} // namespace einfall

#endif
