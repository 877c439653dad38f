//===- KernelLowering.h - One ein.kernel as a tile program ------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_KERNELLOWERING_H
#define EINFALL_PASSES_EINTOTILE_KERNELLOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein-to-tile/Schedule.h"

namespace einfall {

/// Writes the tile program of `kernel` at the builder's insertion point.
/// Arguments: a buffer for each input, one for the result unless the kernel
/// updates an input in place, an index for each symbol (`tile.symbols`), the
/// number of the block. Emits an error where the kernel holds an op without a
/// lowering.
mlir::FailureOr<mlir::func::FuncOp> lowerKernel(mlir::OpBuilder &builder, ein::KernelOp kernel,
                                                mlir::StringRef name, const TileTarget &target);

/// The type in which a buffer holds `element`: i1 takes a byte.
mlir::Type storageType(mlir::Type element);

} // namespace einfall

#endif
