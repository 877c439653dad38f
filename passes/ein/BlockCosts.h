//===- BlockCosts.h - What a block of a kernel holds and repeats -*- C++ -*-===//
//
// The numbers by which kernels are formed and by which their grids are chosen:
// both have to agree on what a block does again and what it keeps.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_BLOCKCOSTS_H
#define EINFALL_PASSES_EIN_BLOCKCOSTS_H

#include "dialects/ein/EinDialect.h"
#include "llvm/ADT/STLExtras.h"

namespace einfall::ein {

/// Elements of ranks outside of the grid that a block may hold of one row: of
/// what it reduced to, and of what it only maps.
constexpr int64_t kMostKept = 512, kMostMapped = 16384;

/// Columns of a row that a block adds up chunk by chunk of what it walks, where that
/// may be stored instead.
constexpr int64_t kMostSummed = 384;

/// Coordinates of a block along a rank that its registers reuse operands along.
constexpr int64_t kBlockPart = 64;

/// Whether a reduction of what the kernel computes along a rank walks it in
/// chunks: a block cannot hold all of it. `isContracted`: reductions make it.
inline bool isWalkedInChunks(ExtentAttr extent, bool isContracted) {
  std::optional<int64_t> literal = extent.getLiteral();
  return !literal || *literal > (isContracted ? kMostKept : kMostMapped);
}

/// The literal extent, and a guess at others.
inline double typicalExtent(ExtentAttr extent) { return extent.getLiteral().value_or(256); }

/// Whether a reduction over so many points costs little if each block along a
/// rank of this extent repeats it, in a kernel whose heaviest one has `heaviest`.
inline bool isLightToRepeat(double points, double heaviest, ExtentAttr extent) {
  return 8 * points <= heaviest * std::min(1.0, kBlockPart / typicalExtent(extent));
}

/// True if `op` reduces a product of tensors.
inline bool isContraction(mlir::Operation *op) {
  auto einsum = llvm::dyn_cast<EinsumOp>(op);
  return einsum && !einsum.getMonoids().empty() && einsum.getInputs().size() > 1;
}

/// Coordinates that a block may compute of a rank beyond its own part, for those
/// who read at shifted coordinates.
constexpr int64_t kMostHalo = 64;

/// True if a block computes a part of a rank of this extent and `span` more; else
/// it has all of it.
inline bool isHalo(ExtentAttr extent, int64_t span) {
  std::optional<int64_t> literal = extent.getLiteral();
  return span <= kMostHalo && (!literal || 4 * span <= *literal);
}

/// What an operation of a body costs, in additions.
unsigned costOf(mlir::Operation &inner);

inline double elementsOf(mlir::Value tensor) {
  double elements = 1;
  for (ExtentAttr extent : llvm::cast<TensorType>(tensor.getType()).getShape())
    elements *= typicalExtent(extent);
  return elements;
}

/// Rows of a contraction's factor.
struct Rows {
  int64_t literal = 1;
  unsigned unknown = 0;
  void add(ExtentAttr extent) {
    literal *= extent.getLiteral().value_or(1);
    unknown += !extent.getLiteral();
  }
  /// True if a map of them is worth storing; `least` is 0 where none is. One run-time extent
  /// may be few rows (sequences of one token each); of two (sequences of any length) the
  /// product is thought to be many.
  bool areWorthStoring(int64_t least) const { return least && (literal >= least || unknown > 1); }
};

/// True if a contraction's result is more than `times` as large as each of what it
/// reads (the scores of attention): it should not be stored.
inline bool isExpansion(EinsumOp contraction, double times = 2) {
  double result = elementsOf(contraction.getResult());
  return llvm::all_of(contraction.getInputs(),
                      [&](mlir::Value input) { return result > times * elementsOf(input); });
}

/// True if dimension `dim` of `tensor` is made by such a contraction, or by a fold.
bool isExpanded(mlir::Value tensor, unsigned dim, double times = 2);

} // namespace einfall::ein

#endif
