//===- KernelFacts.h - An op of a cascade in words and numbers --*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_KERNELFACTS_H
#define EINFALL_LIB_DRIVER_KERNELFACTS_H

#include "dialects/ein/EinDialect.h"
#include "llvm/Support/JSON.h"

namespace einfall {

/// An extent as a sum of products, for adding up.
class Work {
public:
  explicit Work(mlir::MLIRContext *context);
  /// Adds `perPoint` for each point of a space with these extents.
  void add(llvm::ArrayRef<ein::ExtentAttr> extents, int64_t perPoint);
  ein::ExtentAttr total() const;

private:
  mlir::AffineExpr sum;
  llvm::SmallVector<mlir::StringAttr> table;
};

/// The scalar operations of `op` that compute data, added to `work`: one for
/// each arithmetic op and elementary function of a body and for each step of a
/// reduction, two for an fma; none for casts, comparisons, selections and
/// coordinates, and none for sorting and moving.
void addOperations(mlir::Operation *op, Work &work);

/// Kind, ranks with extents and monoids, result type, what it reads at which
/// indices, operations and place in the user's program. `nameOf` names tensors.
llvm::json::Object describeOp(mlir::Operation *op,
                              llvm::function_ref<std::string(mlir::Value)> nameOf);

} // namespace einfall

#endif
