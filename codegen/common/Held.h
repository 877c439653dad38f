//===- Held.h - Narrow floats in registers ----------------------*- C++ -*-===//
//
// Floats of fewer than 32 bits are held as integers of their bits: without
// instructions of their own LLVM would take vectors of them apart, through
// calls. Arithmetic widens them, computes in f32 and rounds the result; moves,
// selects and bit casts leave them as they are.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_COMMON_HELD_H
#define EINFALL_CODEGEN_COMMON_HELD_H

#include "mlir/IR/Builders.h"

namespace einfall::codegen {

bool isNarrowFloat(mlir::Type element);
/// The type in which registers hold `type`, a scalar or a vector.
mlir::Type heldType(mlir::Type type);

/// `held`, the bits of `element`, as f32; and an f32 or f64 as bits. Values of
/// other elements pass.
mlir::Value widenHeld(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value held,
                      mlir::Type element);
mlir::Value narrowHeld(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                       mlir::Type element);

/// `op` on registers: what it gives for `operands` in place of its own.
llvm::SmallVector<mlir::Value> applyHeld(mlir::OpBuilder &builder, mlir::Location loc,
                                         mlir::Operation &op, mlir::ValueRange operands);

} // namespace einfall::codegen

#endif
