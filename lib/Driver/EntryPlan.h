//===- EntryPlan.h - Buffers and launches of an entry point -----*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_ENTRYPLAN_H
#define EINFALL_LIB_DRIVER_ENTRYPLAN_H

#include "codegen/cpu/HostCode.h"
#include "dialects/ein/EinDialect.h"
#include "einfall/manifest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace einfall {

/// Weights and states of a package, collected over its entries by name.
struct PackageTables {
  struct Weight {
    std::string name;
    ein::TensorType type;
    mlir::ElementsAttr literal; // of an ein.constant, else null
  };
  std::vector<Weight> weights;
  std::vector<rt::StateInfo> states;
  std::vector<std::string> bounds;

  mlir::FailureOr<unsigned> weight(mlir::Location loc, llvm::StringRef name, ein::TensorType type,
                                   mlir::ElementsAttr literal);
  mlir::FailureOr<unsigned> state(mlir::Location loc, llvm::StringRef name, ein::TensorType type);
};

/// What the manifest says of an entry, and what its host code does.
struct EntryPlan {
  rt::EntryInfo info;
  std::vector<cpu::Launch> launches;
  std::vector<cpu::Guard> guards;
  std::vector<std::string> assumptions; ///< the guards as the user wrote them
};

/// Plans `function`, whose kernels all name their programs.
mlir::FailureOr<EntryPlan> planEntry(mlir::func::FuncOp function, PackageTables &tables);

/// The element type as packages name it.
rt::DType dtypeOf(mlir::Type element);

} // namespace einfall

#endif
