//===- Swizzle.h - Memory without conflicts between two layouts -*- C++ -*-===//
//
// A tile is written to shared memory in one distributed layout and read back in
// another one. Which order of the elements serves both?
//
// An order is a basis of the tile's coordinates: the lowest vectors of it are what lies
// in one 16-byte vector, the next ones fill the 128 bytes of a wavefront, and
// those left are the *lines*. Two elements are in one bank if they differ by lines
// only. So a side has no conflicts if the lanes of its phase, together with its
// vector, span a space that meets the lines in 0 only.
//
// Let U and W be the spaces of the two sides, with a basis i of their intersection,
// u completing it to U, and w to W. The sums u_k + w_k meet neither, and neither do
// vectors independent of U + W: these are the lines. For two spaces of equal
// dimension that is a common complement, so there is always an order without conflicts
// on either side. u_k + w_k in place of w_k is what is known as an XOR swizzle.
//
// Vectors come first: they have to be registers of the side that uses them, in
// common as far as both do, and what other lanes add must not fall into them.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_SWIZZLE_H
#define EINFALL_LIB_LAYOUT_SWIZZLE_H

#include "lib/Layout/Banks.h"

namespace einfall::layout {

/// Instructions besides plain loads and stores that the machine has.
struct MatrixInstructions {
  bool load = false, store = false;
};

/// A tile on its way through memory.
struct Staging {
  LinearLayout memory; // offset -> coordinates, bijective
  Access write, read;

  unsigned cost() const { return write.cost() + read.cost(); }
};

/// The order with the least instructions and wavefronts of both sides. The layouts are
/// surjective and have the same outputs in the same order, `elementBits` is 2^i. None if
/// elements below a byte are alone in their lanes.
std::optional<Staging> searchStaging(const LinearLayout &writer, const LinearLayout &reader,
                                     unsigned elementBits, MatrixInstructions has = {});

/// The distributed layout, into offsets of the memory.
LinearLayout offsetsIn(const LinearLayout &memory, const LinearLayout &distributed);

} // namespace einfall::layout

#endif
