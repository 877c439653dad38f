//===- StreamGuards.h - Which chunks may be skipped -------------*- C++ -*-===//
#ifndef EINFALL_PASSES_EIN_STREAMGUARDS_H
#define EINFALL_PASSES_EIN_STREAMGUARDS_H

#include "dialects/ein/EinDialect.h"

namespace einfall::ein {

/// A condition in the body of an op: where it does not have the value `keeps`, all
/// reductions of a stream keep their states.
struct StreamGuard {
  mlir::Operation *op; // one of the reductions, or a map that they read
  mlir::Value condition;
  bool keeps = true;
  /// So it is if all maxima that are carried come out above `kSeen` (EmptySteps.h).
  bool needsSight = false;
};

/// The guards of a walk that computes `members` and `reductions`, asked of
/// EmptySteps.h. No condition is known there or here. Masks by finite numbers count
/// only where all that is reduced are maxima and sums.
llvm::SmallVector<StreamGuard> findGuards(llvm::ArrayRef<mlir::Operation *> members,
                                          llvm::ArrayRef<mlir::Operation *> reductions,
                                          bool withFiniteMasks);

} // namespace einfall::ein

#endif
