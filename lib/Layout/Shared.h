//===- Shared.h - Layouts of memory -----------------------------*- C++ -*-===//
//
// offset -> coordinates, in elements. A row-major matrix conflicts when lanes go
// down a column; a swizzle adds bits of the row to the place within the row, so
// that a column, too, is spread over the banks.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_SHARED_H
#define EINFALL_LIB_LAYOUT_SHARED_H

#include "lib/Layout/LinearLayout.h"

namespace einfall::layout {

/// Dimensions one after the other, the first listed contiguous: (column, row) is
/// row-major.
LinearLayout contiguous(Dims shape);

/// x -> x ^ (((x >> (base + shift)) & (2^bits - 1)) << base), on numbers of
/// `total` bits: each is its own inverse.
LinearLayout xorSwizzle(unsigned total, unsigned bits, unsigned base, unsigned shift,
                        llvm::StringRef in, llvm::StringRef out);

/// The layouts that TMA writes and wgmma reads. A row of `spanBytes` (32, 64 or 128;
/// 16 is unswizzled) is cut in pieces of 16 bytes, which bits of the row permute.
/// Wider tiles lie as slabs of `spanBytes` columns, each with all rows.
/// Elements have 8, 16 or 32 bits; the tile starts at a multiple of 8 * spanBytes.
LinearLayout tmaSwizzled(Dim column, Dim row, unsigned elementBits, unsigned spanBytes);

} // namespace einfall::layout

#endif
