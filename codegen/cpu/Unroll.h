//===- Unroll.h - Tile programs as vector code ------------------*- C++ -*-===//
//
// On a CPU a tile is a set of registers: its lane dimension is a vector, every
// other dimension is unrolled. One tile value becomes as many values as it
// has registers, so broadcasts along registers cost nothing and LLVM sees
// plain vector code.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_CPU_UNROLL_H
#define EINFALL_CODEGEN_CPU_UNROLL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace einfall::cpu {

/// Writes `program` as a kernel of the host-code ABI,
/// `void (ptr frame, i64 begin, i64 end)`: the frame holds the program's
/// arguments but the last in order, 8 bytes each; blocks [begin, end) are run.
mlir::FailureOr<mlir::LLVM::LLVMFuncOp> unrollProgram(mlir::OpBuilder &builder,
                                                      mlir::func::FuncOp program);

} // namespace einfall::cpu

#endif
