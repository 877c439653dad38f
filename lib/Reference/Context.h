//===- Context.h - What an operation is interpreted in ----------*- C++ -*-===//
#ifndef EINFALL_LIB_REFERENCE_CONTEXT_H
#define EINFALL_LIB_REFERENCE_CONTEXT_H

#include "dialects/ein/EinDialect.h"
#include "lib/Reference/Tensor.h"
#include "llvm/ADT/StringMap.h"

namespace einfall::reference {

/// The mode and the sizes of one function's run. Its methods report what is
/// wrong as errors at `op`.
struct Context {
  Mode mode;
  /// Not 0: folds merge random pieces along a random tree, from this seed.
  uint64_t splitFolds = 0;
  llvm::StringMap<int64_t> symbols;
  /// The part of a rank that reductions go over, from and up to: of a stream that walks it
  /// in parts.
  llvm::StringMap<std::pair<int64_t, int64_t>> parts = {};

  /// The value of an extent.
  mlir::FailureOr<int64_t> extent(mlir::Operation *op, ein::ExtentAttr extent) const;
  /// The extents of a type: none negative, and few enough elements to hold.
  mlir::FailureOr<llvm::SmallVector<int64_t>> shape(mlir::Operation *op,
                                                    ein::TensorType type) const;
  /// A zero tensor of the type.
  mlir::FailureOr<Tensor> zeros(mlir::Operation *op, ein::TensorType type) const;
  /// The values of an indexed op's `symbols`.
  mlir::FailureOr<llvm::SmallVector<int64_t>> values(mlir::Operation *op,
                                                     mlir::ArrayAttr names) const;
  /// Checks that `tensor` has `type`; `what` names it in the error.
  mlir::LogicalResult check(mlir::Operation *op, const Tensor &tensor, ein::TensorType type,
                            const llvm::Twine &what) const;
};

/// A number of the program.
Scalar scalarOf(mlir::Attribute attr);

using Inputs = llvm::ArrayRef<const Tensor *>;

// One function an op (Einsum.cpp, Movement.cpp, Order.cpp).
mlir::FailureOr<Tensor> evaluate(ein::EinsumOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::ViewOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::GatherOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::UpdateOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::ScatterOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::ConcatOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::ScanOp op, Inputs inputs, const Context &context);
mlir::FailureOr<Tensor> evaluate(ein::ConstantOp op, Inputs inputs, const Context &context);
mlir::FailureOr<llvm::SmallVector<Tensor>> evaluate(ein::FoldOp op, Inputs inputs,
                                                    const Context &context);
/// topk and sort: values, then coordinates.
mlir::FailureOr<std::pair<Tensor, Tensor>> evaluate(ein::TopKOp op, Inputs inputs,
                                                    const Context &context);
mlir::FailureOr<std::pair<Tensor, Tensor>> evaluate(ein::SortOp op, Inputs inputs,
                                                    const Context &context);

} // namespace einfall::reference

#endif
