//===- Stages.h - A kernel as steps of a block ------------------*- C++ -*-===//
//
// A block computes its part of one tensor after another. An Einsum and pointwise
// ones that read its result at the same point are one stage: their values pass in
// registers. Between stages they pass in memory of the block's own.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_STAGES_H
#define EINFALL_PASSES_EINTOTILE_STAGES_H

#include "dialects/ein/EinDialect.h"
#include <vector>

namespace einfall {

struct Stage {
  ein::EinsumOp root;
  llvm::SmallVector<ein::EinsumOp> epilogue;
  ein::UpdateOp update; ///< in place of storing the last value
  /// Pointwise ones that are computed where the root, which reduces the last one's points, reads
  /// them: each tile is stored, if somebody else reads it, and reduced in one pass.
  llvm::SmallVector<ein::EinsumOp> inside;

  /// The k best of a chunk and of those before stand in place of an Einsum.
  ein::TopKOp order;

  /// A stream stands in place of an Einsum, with its body's stages.
  ein::StreamOp stream;
  std::vector<Stage> body;

  bool computes(mlir::Value tensor) const;
  ein::EinsumOp last() const { return epilogue.empty() ? root : epilogue.back(); }
};

/// Puts what a reduction reads inside of it, as far as nothing but the order of stages keeps it
/// out; a contraction whose epilogue that was stores its sums as they are.
void fuseReductions(std::vector<Stage> &stages);

/// The stages of a kernel's or stream's body; nothing where it holds other ops. What
/// follows products of matrices may cost much, if they are computed as such.
std::optional<std::vector<Stage>> stagesOf(mlir::Block &block, bool asMatrices = false);

} // namespace einfall

#endif
