//===- HostCode.h - Entry points as native code -----------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_CPU_HOSTCODE_H
#define EINFALL_CODEGEN_CPU_HOSTCODE_H

#include "dialects/run/RunDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace einfall::cpu {

/// Writes `einf_entry_<name>`: checks what the entry assumes (the first broken
/// assumption returns its number, from 1), then runs its steps in order.
/// Buffers and symbols are those of einf_call, at the entry's positions.
/// Programs are referred to by the names that `run.launch` gives.
mlir::LogicalResult emitEntry(mlir::OpBuilder &builder, run::EntryOp entry);

} // namespace einfall::cpu

#endif
