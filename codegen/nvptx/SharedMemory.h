//===- SharedMemory.h - Where a block's own tensors lie ---------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_NVPTX_SHAREDMEMORY_H
#define EINFALL_CODEGEN_NVPTX_SHAREDMEMORY_H

#include "dialects/tile/TileDialect.h"

namespace einfall::nvptx {

/// Byte offsets of the `tile.local`s of a program. Those that are not needed at once
/// may share memory: one lives from where it is made to the first barrier behind its last use, in
/// the next iteration of a loop or behind it if none comes before.
struct SharedMemory {
  llvm::DenseMap<mlir::Operation *, int64_t> offsets;
  int64_t bytes = 0;
};

SharedMemory placeLocals(mlir::Region &program);

} // namespace einfall::nvptx

#endif
