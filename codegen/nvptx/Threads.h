//===- Threads.h - Tile programs as code of threads -------------*- C++ -*-===//
//
// On a GPU a tile value lies over the threads of a warp: lane l of it is with thread
// l mod 32, in register l / 32, so that neighbouring threads touch neighbouring
// elements; every other dimension is registers. What has no lanes every thread
// holds. A reduction along lanes is first one of a thread's registers, then five
// exchanges. Memory of a block is shared memory, placed by SharedMemory.h.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_NVPTX_THREADS_H
#define EINFALL_CODEGEN_NVPTX_THREADS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace einfall::nvptx {

/// Attributes of a kernel in the LLVM dialect: the threads of a block, the bytes of
/// shared memory that a launch has to give it, and so many blocks for which a
/// multiprocessor should have registers.
inline constexpr llvm::StringLiteral kThreads = "nvptx.threads";
inline constexpr llvm::StringLiteral kShared = "nvptx.shared";
inline constexpr llvm::StringLiteral kBlocks = "nvptx.blocks";

/// Writes `program`, which `tile-distribute-warps` has been at, as a kernel: its
/// parameters are the program's arguments but the last, 8 bytes each, and its block
/// number is the program's.
mlir::FailureOr<mlir::LLVM::LLVMFuncOp> writeThreads(mlir::OpBuilder &builder,
                                                     mlir::func::FuncOp program);

} // namespace einfall::nvptx

#endif
