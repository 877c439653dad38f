//===- Packing.cpp - Elements of a few bits in words ----------------------===//
#include "lib/Layout/Packing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>
#include <numeric>

namespace einfall::layout {

uint64_t Packing::elementsInPeriod() const { return std::lcm(elementBits, wordBits) / elementBits; }

uint64_t Packing::wordsFor(uint64_t elements) const {
  return llvm::divideCeil(elements * elementBits, wordBits);
}

llvm::SmallVector<BitPiece, 2> Packing::piecesOf(uint64_t element) const {
  assert(elementBits >= 1 && elementBits <= wordBits && wordBits <= 64);
  uint64_t start = element * elementBits;
  BitPiece piece{start / wordBits, static_cast<unsigned>(start % wordBits), 0, 0};
  piece.bits = std::min(elementBits, wordBits - piece.shift);
  llvm::SmallVector<BitPiece, 2> pieces{piece};
  if (piece.bits < elementBits)
    pieces.push_back({piece.word + 1, 0, piece.bits, elementBits - piece.bits});
  return pieces;
}

llvm::SmallVector<uint64_t> Packing::pack(llvm::ArrayRef<uint64_t> elements) const {
  llvm::SmallVector<uint64_t> words(wordsFor(elements.size()), 0);
  for (auto [i, element] : llvm::enumerate(elements))
    for (const BitPiece &piece : piecesOf(i))
      words[piece.word] |= (element >> piece.from & lowMask(piece.bits)) << piece.shift;
  return words;
}

llvm::SmallVector<uint64_t> Packing::unpack(llvm::ArrayRef<uint64_t> words,
                                            uint64_t elements) const {
  llvm::SmallVector<uint64_t> result(elements, 0);
  for (auto [i, element] : llvm::enumerate(result))
    for (const BitPiece &piece : piecesOf(i))
      element |= (words[piece.word] >> piece.shift & lowMask(piece.bits)) << piece.from;
  return result;
}

std::optional<TileLayout> byteLayout(uint64_t threads, uint64_t registers, unsigned elementBits) {
  uint64_t bits = registers * elementBits;
  if (bits % 8)
    return std::nullopt;
  uint64_t bytes = bits / 8, vector = std::gcd(bytes, uint64_t(16));
  return TileLayout::local({bytes / vector}) * TileLayout::spatial({threads}) *
         TileLayout::local({vector});
}

LinearLayout pairInterleaved(unsigned elementBits) {
  assert(llvm::isPowerOf2_32(elementBits) && elementBits <= 8 && "no such element");
  unsigned bits = llvm::Log2_32(32 / elementBits);
  // The highest bit of the slot, which half, is the lowest one of the element.
  VectorList columns;
  for (unsigned i = 0; i + 1 < bits; ++i)
    columns.push_back(2ull << i);
  columns.push_back(1);
  return {Dim{"slot", bits}, Dim{"element", bits}, columns};
}

} // namespace einfall::layout
