//===- Manifest.h - What a package says of its host programs ----*- C++ -*-===//
#ifndef EINFALL_LIB_DRIVER_MANIFEST_H
#define EINFALL_LIB_DRIVER_MANIFEST_H

#include "dialects/run/RunDialect.h"
#include "einfall/manifest.h"
#include "mlir/IR/BuiltinOps.h"

namespace einfall {

/// Entries, states and weights as the runtime reads them.
struct PackageTables {
  struct Weight {
    std::string name;
    run::BufferType type;
    mlir::ElementsAttr literal; // of a run.constant, else null
    /// Dimension i is dimension `order[i]` of the checkpoint's; empty where they are as they are.
    llvm::SmallVector<int64_t> order;
    /// As `ein.panels` says; empty where it is as its type says.
    llvm::SmallVector<int64_t> panels;

    bool isLike(const Weight &other) const {
      return type == other.type && order == other.order && panels == other.panels;
    }
  };
  std::vector<Weight> weights;
  std::vector<rt::StateInfo> states;
  std::vector<std::string> bounds;
  std::vector<rt::EntryInfo> entries;
  /// Assumptions and checks of the entries, as keys of the manifest.
  std::vector<rt::MetadataItem> facts;
};

/// Collects the tables of the entries of `module`, whose memory is planned.
mlir::FailureOr<PackageTables> describeEntries(mlir::ModuleOp module);

/// The entries of `own`, which another target's code has, over the weights and states of `tables`:
/// weights that are missing there are added. Fails where states differ.
mlir::FailureOr<std::vector<rt::EntryInfo>> entriesOver(PackageTables &tables, PackageTables own,
                                                        mlir::Location loc);

/// The place in the user's program that `location` holds, innermost first:
/// `file:line`, or nothing.
std::string sourceOf(mlir::Location location);

/// The element type as packages name it.
rt::DType dtypeOf(mlir::Type element);

} // namespace einfall

#endif
