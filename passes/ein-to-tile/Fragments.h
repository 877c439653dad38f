//===- Fragments.h - Staged kernels in fragments ----------------*- C++ -*-===//
//
// A kernel of several stages that multiplies matrices may keep all of its own tensors
// in registers, in fragments: each warp has some rows and all columns, so that a row's
// reductions are exchanges of four threads, and what one product made is a factor of
// the next one where it lies.
//
// One free rank of the kernel, its `rows`, is the rows of every product: of it the other
// factor has nothing, or the same for a group of rows (`k[h floordiv 4]`), of which a block
// has some or all then. Where no factor has more than one row, that is the first of the
// fragments', of no rank: what a product makes has rows in any case. An Einsum has no more than one
// rank beside it that is not a single coordinate in a block: columns or what it reduces; a product
// has both.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_FRAGMENTS_H
#define EINFALL_PASSES_EINTOTILE_FRAGMENTS_H

#include "passes/ein-to-tile/BlockPlan.h"
#include "passes/ein-to-tile/Matrices.h"

namespace einfall {

/// The part of one Einsum, by numbers of its ranks; -1: it has none.
struct FragmentOp {
  int rows = -1, columns = -1;
  int reduced = -1;
  bool isProduct = false;
  bool rowsAreLeft = true;  ///< the product's left factor as written has the rows
  bool inRegisters = false; ///< the factor with the rows is made in a fragment
  int64_t terms = 1;        ///< numbers whose sum that factor is
  ein::EinsumOp total;      ///< adds the product to something and is all that reads it
  ein::EinsumOp product;    ///< what this op is the total of
};

struct FragmentPlan {
  llvm::StringRef rows; ///< empty: there is one row, of no rank
  int64_t rowBlock = 0; ///< rows of a block's fragments
  int64_t group = 0;    ///< so many rows, from a multiple on, have the same other factors; 0: all
  int64_t slots = 2;    ///< chunks in the block's memory: one is multiplied, others on their way
  int64_t bytes = 0;    ///< of the block's memory that products take
  bool rereadsLeft = false; ///< what is the same in all chunks is read in each again
  llvm::DenseMap<mlir::Operation *, FragmentOp> ops;
};

/// What `total` adds to its operand `input`, if all it does with that is to add it.
mlir::Value addendOf(ein::EinsumOp total, unsigned input);

/// How the kernel runs in fragments, if it does; `plan` is cut accordingly.
std::optional<FragmentPlan> planFragments(ein::KernelOp kernel, const std::vector<Stage> &stages,
                                          BlockPlan &plan, const KernelSymbols &symbols,
                                          const TileTarget &target);

/// Warps that have rows; 0 if any number may.
int64_t warpsFor(const FragmentPlan &fragments, const BlockPlan &plan);

} // namespace einfall

#endif
