//===- Alignment.h - Which accesses move several elements -------*- C++ -*-===//
//
// What divides the offsets of a program. Extents are known at run time only: that
// some of them are multiples of a power of two is assumed, and `test` says what has
// to hold for it, so that code which relies on it has a sibling which does not.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_NVPTX_ALIGNMENT_H
#define EINFALL_CODEGEN_NVPTX_ALIGNMENT_H

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace einfall::nvptx {

/// Bytes that an instruction moves for a thread, at most.
constexpr int64_t kAccessBytes = 16;

class Alignment {
public:
  /// Lanes of `program` lie over so many threads.
  Alignment(mlir::func::FuncOp program, int64_t threads);

  /// Elements of the narrowest access in `kAccessBytes`; 1 if none is wider than one.
  int64_t run() const { return longest; }
  /// Elements beginning at any multiple of it in lanes that lie so in memory too.
  int64_t widthOf(tile::LoadOp op) const { return widths.lookup(op); }
  int64_t widthOf(tile::StoreOp op) const { return widths.lookup(op); }
  /// As many lanes beginning at any multiple of it are left out together.
  int64_t widthOf(tile::ReduceOp op) const { return widths.lookup(op); }
  /// Arguments of the program: buffers that have to be multiples of `kAccessBytes`, and
  /// extents that have to be of `run()`.
  llvm::ArrayRef<mlir::BlockArgument> assumed() const { return needed; }

private:
  /// A power of two that divides `value`, at most kMost.
  int64_t divisorOf(mlir::Value value);
  int64_t computeDivisor(mlir::Value value);
  int64_t computeWidth(mlir::Operation *op);
  /// The widths of all accesses where so much divides the `multiples`.
  llvm::DenseMap<mlir::Operation *, int64_t> measure();

  llvm::SmallVector<mlir::Operation *> accesses;
  llvm::DenseMap<mlir::Operation *, int64_t> widths;
  llvm::DenseMap<mlir::Value, int64_t> known;
  llvm::SmallPtrSet<void *, 8> multiples; // arguments
  llvm::SmallVector<mlir::BlockArgument> needed;
  int64_t threads, longest = 1;
  int64_t numOuter = 0; // accesses of lanes to arguments
};

} // namespace einfall::nvptx

#endif
