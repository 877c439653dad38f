//===- StreamBuilder.h - Writes a walk in chunks ----------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_STREAMBUILDER_H
#define EINFALL_PASSES_EIN_STREAMBUILDER_H

#include "mlir/IR/IRMapping.h"
#include "passes/ein/Reducers.h"
#include "passes/ein/StreamGuards.h"
#include "llvm/ADT/MapVector.h"

namespace einfall::ein {

/// Writes Einsums over the iteration space of one reduction.
class PartEmitter {
public:
  /// `tensors` renames the operands of the reduction.
  PartEmitter(mlir::OpBuilder &builder, Reducer &reducer, mlir::IRMapping &tensors)
      : builder(builder), reducer(reducer), tensors(tensors) {}

  /// A scalar that has become a tensor, over these ranks of the reducer.
  struct Kept {
    mlir::Value tensor;
    llvm::SmallVector<unsigned> ranks;
  };
  llvm::DenseMap<mlir::Value, Kept> kept;

  using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)>;
  /// The Einsum over `free` and, reduced by `monoid`, `reduced` ranks that yields
  /// `body` of the scalars `roots` and of the tensors `extras`, which have the
  /// free ranks. With `expandRoots`, roots are computed even if they are kept.
  mlir::Value einsum(llvm::ArrayRef<unsigned> free, llvm::ArrayRef<unsigned> reduced, Monoid monoid,
                     mlir::ValueRange roots, mlir::ValueRange extras, mlir::Type element, Body body,
                     bool expandRoots = false);
  /// `value` as a tensor over the ranks that it depends on.
  void keep(mlir::Value value);

private:
  struct Leaves {
    llvm::SmallVector<unsigned> inputs; // ascending
    llvm::MapVector<mlir::Value, Kept> tensors;
  };
  struct Operands;
  Operands operandsOf(const Leaves &leaves, mlir::ValueRange extras, llvm::ArrayRef<unsigned> ranks,
                      unsigned numFree);
  void collect(mlir::Value value, bool expand, Leaves &leaves, llvm::DenseSet<mlir::Value> &seen);
  void addInput(unsigned input, Leaves &leaves);
  mlir::Value clone(mlir::OpBuilder &inner, mlir::Value value, mlir::IRMapping &scalars);

  mlir::OpBuilder &builder;
  Reducer &reducer;
  mlir::IRMapping &tensors;
};

/// Writes an `ein.stream` that walks the rank called `rank` once and computes all
/// of `reductions`, and what they read of `members` (ops that have the rank).
class StreamBuilder {
public:
  StreamBuilder(llvm::StringRef rank, ExtentAttr extent) : rank(rank), extent(extent) {}

  /// True on success; else says why at the op.
  mlir::LogicalResult build(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Operation *> members,
                            llvm::ArrayRef<mlir::Operation *> reductions);

private:
  /// A carried tensor: its start, its value in the body, and what is yielded.
  struct Carried {
    mlir::Value start, before, now;
  };
  unsigned carry(mlir::Value start);
  mlir::Value startOf(mlir::OpBuilder &outer, Reducer &reducer, unsigned part);
  /// These give the number of the reduction's first carried tensor.
  unsigned addParts(mlir::OpBuilder &outer, mlir::OpBuilder &inner, Reducer &reducer);
  unsigned addExtremum(mlir::OpBuilder &outer, mlir::OpBuilder &inner, Reducer &reducer);
  unsigned addOrder(mlir::OpBuilder &outer, mlir::OpBuilder &inner, TopKOp op);
  static void finish(mlir::OpBuilder &builder, TopKOp op, mlir::ValueRange states);
  void finish(mlir::OpBuilder &builder, Reducer &reducer, mlir::ValueRange states);
  GuardOp addGuard(mlir::OpBuilder &inner, const StreamGuard &guard);
  StreamOp create(mlir::OpBuilder &builder, mlir::Location loc);

  llvm::StringRef rank;
  ExtentAttr extent;
  FoldOp parted; // the fold in parts that is the walk, if one is
  mlir::Block *body = nullptr;
  mlir::IRMapping tensors; // members to their copies in the body
  llvm::SmallVector<Carried> carried;
};

} // namespace einfall::ein

#endif
