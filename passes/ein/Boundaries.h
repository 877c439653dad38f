//===- Boundaries.h - Why kernels are apart ---------------------*- C++ -*-===//
//
// Says, of every tensor that one kernel leaves for another, what the algebra has
// against computing both in one. It reads the program that is there and not the
// pass that made it, so what it says holds however kernels are formed.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_BOUNDARIES_H
#define EINFALL_PASSES_EIN_BOUNDARIES_H

#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace einfall::ein {

/// A tensor that kernel `producer` leaves for kernel `consumer`, counted in
/// program order.
struct Boundary {
  enum Kind {
    Pass,     ///< known at the end of a pass that the reader walks again
    Repeated, ///< read once for each point of a rank that it does not have
    Shared,   ///< several kernels read it
    Moves,    ///< one of the two is no Einsum
    Open,     ///< nothing forbids one kernel
  };
  unsigned producer = 0, consumer = 0;
  Kind kind = Open;
  std::string tensor, reason;
};

llvm::StringRef nameOf(Boundary::Kind kind);

/// The boundaries of `function`, whose ops on tensors are inside kernels; one
/// for each consumer and tensor, in program order.
std::vector<Boundary> findBoundaries(mlir::func::FuncOp function);

} // namespace einfall::ein

#endif
