//===- PanelWeights.h - Weights in the order they are read ------*- C++ -*-===//
//
// A weight that all its readers would copy into the same panels is stored in panels:
// nobody copies it, and each reads it from its beginning to its end.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_PANELWEIGHTS_H
#define EINFALL_PASSES_EINTOTILE_PANELWEIGHTS_H

#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein-to-tile/TileTarget.h"

namespace einfall {

/// Writes the tile program of a kernel, whose body it may change.
using LowerFn = llvm::function_ref<mlir::FailureOr<mlir::func::FuncOp>(ein::KernelOp)>;

/// Marks weights of `module` that are stored in panels from now on (`ein.panels` of the arguments,
/// and of kernels). `lower` is tried on copies of kernels, one of those with equal `keyOf`; nothing
/// is left of what it writes. Returns how many weights these are.
unsigned panelWeights(mlir::ModuleOp module, const TileTarget &target, LowerFn lower,
                      llvm::function_ref<std::string(ein::KernelOp)> keyOf);

/// True if `program`, which kernel `kernel` became, reads its operands in panels as such.
bool keepsPanels(ein::KernelOp kernel, mlir::func::FuncOp program);

} // namespace einfall

#endif
