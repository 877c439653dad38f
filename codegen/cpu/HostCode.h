//===- HostCode.h - Entry points as native code -----------------*- C++ -*-===//
#ifndef EINFALL_CODEGEN_CPU_HOSTCODE_H
#define EINFALL_CODEGEN_CPU_HOSTCODE_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace einfall::cpu {

/// One launch of an entry, in order of execution.
struct Launch {
  mlir::StringRef program; // the kernel's symbol
  /// Buffers in the program's order, as positions in einf_call::buffers.
  llvm::SmallVector<unsigned> buffers;
  /// Symbols in the program's order, as positions in einf_call::symbols.
  llvm::SmallVector<unsigned> symbols;
  /// Over the program's symbols: blocks of the grid, work of one block.
  mlir::AffineMap grid, work;
};

/// An expression over the entry's symbols that has to be at least 0.
using Guard = mlir::AffineExpr;

/// Writes `einf_entry_<name>`: checks the guards (a broken one returns its
/// number, from 1), then launches.
void emitEntry(mlir::OpBuilder &builder, mlir::Location loc, mlir::StringRef name,
               unsigned numSymbols, llvm::ArrayRef<Guard> guards, llvm::ArrayRef<Launch> launches);

} // namespace einfall::cpu

#endif
