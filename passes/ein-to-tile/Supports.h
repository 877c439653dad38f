//===- Supports.h - On which ranks values of a body depend ------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_SUPPORTS_H
#define EINFALL_PASSES_EINTOTILE_SUPPORTS_H

#include "passes/ein-to-tile/Access.h"
#include "llvm/ADT/DenseMap.h"

namespace einfall {

/// The ranks on which values of a root's body depend.
class Supports {
public:
  /// `root` has at most 64 ranks.
  Supports(ein::EinsumOp root, llvm::ArrayRef<Access> reads) : root(root), reads(reads) {}

  /// Bit r: rank r.
  uint64_t of(mlir::Value value);
  bool depends(mlir::Value value, unsigned rank) { return of(value) >> rank & 1; }

  /// Operands that `value` is made of.
  void operandsOf(mlir::Value value, llvm::SmallVectorImpl<unsigned> &operands);

private:
  ein::EinsumOp root;
  llvm::ArrayRef<Access> reads;
  llvm::DenseMap<mlir::Value, uint64_t> known;
};

} // namespace einfall

#endif
