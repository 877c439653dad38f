//===- Blocked.h - Layouts that a programmer would choose -------*- C++ -*-===//
//
// Blocked layouts give each thread a small box, the threads of a warp a box of
// these, and the warps of a block a box of those. What is left of a tensor is
// repeated in registers; what is too much repeats the tensor.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_BLOCKED_H
#define EINFALL_LIB_LAYOUT_BLOCKED_H

#include "lib/Layout/LinearLayout.h"

namespace einfall::layout {

/// log2 of the boxes along each dimension of the tensor, and which dimension
/// varies fastest, by position.
struct Blocked {
  llvm::SmallVector<unsigned, 4> registers, lanes, warps, order;
};

/// The layout of a tensor of `shape`. Outputs are listed as in `shape`.
LinearLayout blocked(const Blocked &boxes, Dims shape);

/// Repeats `tile` in registers, in the order of `shape`, until it covers `shape`;
/// where it is larger, its highest bits become broadcasts.
LinearLayout fitted(const LinearLayout &tile, Dims shape);

/// `tile`, repeated by warps along the given dimensions, then fitted to `shape`: an
/// instruction's tile spread over a block.
LinearLayout spread(const LinearLayout &tile, Dims warps, Dims shape);

} // namespace einfall::layout

#endif
