//===- Packing.h - Elements of a few bits in words --------------*- C++ -*-===//
//
// Elements of one to eight bits lie in memory as a stream: element i has the bits
// from i * width on, whatever words these fall in. Where the width divides no
// word, some elements lie in two of them.
//
// A thread that holds a whole number of bytes can be loaded without regard to the
// width: its bytes are its elements under another name. So a tile of weights is stored in
// the order in which threads want it, as vectors of up to 16 bytes, one thread's
// after the other's: wide loads without conflicts, for every width.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_PACKING_H
#define EINFALL_LIB_LAYOUT_PACKING_H

#include "lib/Layout/TileLayout.h"

namespace einfall::layout {

/// Bits [from, from + bits) of an element are bits [shift, shift + bits) of a word.
struct BitPiece {
  uint64_t word = 0;
  unsigned shift = 0, from = 0, bits = 0;
  bool operator==(const BitPiece &) const = default;
};

struct Packing {
  unsigned elementBits = 4, wordBits = 32; // the element is no wider than the word

  /// After so many elements, or words, the pattern repeats.
  uint64_t elementsInPeriod() const;
  uint64_t wordsInPeriod() const { return elementsInPeriod() * elementBits / wordBits; }
  uint64_t wordsFor(uint64_t elements) const;
  /// One piece, or two.
  llvm::SmallVector<BitPiece, 2> piecesOf(uint64_t element) const;

  llvm::SmallVector<uint64_t> pack(llvm::ArrayRef<uint64_t> elements) const;
  llvm::SmallVector<uint64_t> unpack(llvm::ArrayRef<uint64_t> words, uint64_t elements) const;
};

/// The bytes of a tile of which each of `threads` threads holds `registers` elements: which
/// thread's byte register each one is. One dimension. None if a thread's elements are
/// no whole number of bytes.
std::optional<TileLayout> byteLayout(uint64_t threads, uint64_t registers, unsigned elementBits);

/// slot -> element, within a 32-bit word: neighbours lie 16 bits apart, so that one mask, and one
/// shift for the next ones, leaves a pair of them in the halves of a word.
/// 1, 2, 4 or 8 bits.
LinearLayout pairInterleaved(unsigned elementBits);

} // namespace einfall::layout

#endif
