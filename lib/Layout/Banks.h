//===- Banks.h - Wavefronts of shared memory --------------------*- C++ -*-===//
//
// Shared memory serves 32 banks of 4-byte words. An access of a warp takes place in
// phases of 128 bytes: all lanes if each moves up to 4 bytes, half of them at 8,
// eight lanes at 16 bytes. A phase takes as many wavefronts as the bank with
// the most distinct words has of them; equal words are one, a broadcast.
//
// The words of a phase are the span of some addresses (the lanes', and those within
// a vector), and the banks that of the same addresses modulo 32 words. As many words fall
// to each bank, 2^(rank of words - rank of banks). Everything below is that count.
// What it leaves out: whether a machine joins phases that want the same words.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_BANKS_H
#define EINFALL_LIB_LAYOUT_BANKS_H

#include "lib/Layout/LinearLayout.h"

namespace einfall::layout {

/// log2 of sizes.
inline constexpr unsigned banksBits = 5, bankBytesBits = 2, warpBits = 5, vectorBytesBits = 4;

/// log2 of the lanes that one phase serves if each moves 2^log2bytes.
inline unsigned phaseBits(unsigned log2bytes) {
  return std::min(warpBits, banksBits + bankBytesBits - log2bytes);
}
/// Wavefronts of an instruction in which each lane moves 2^log2bytes bytes at an aligned
/// address that is linear in the lane: `lanes` are the addresses of lanes 1, 2, 4, 8, 16.
unsigned wavefronts(Vectors lanes, unsigned log2bytes);
/// One wavefront a phase: words and banks have equal rank.
bool isConflictFree(Vectors lanes, unsigned log2bytes);

/// How the registers of a warp are written to or read from memory.
enum class AccessKind { vector, matrix, matrixTransposed };

/// Registers are numbers; lists of them are bases: the sums are the registers meant.
struct Access {
  AccessKind kind = AccessKind::vector;
  /// What lies in one vector, or in one word of a matrix, lowest offset first.
  VectorList word;
  /// Which matrix of an instruction; matrices only.
  VectorList matrices;
  /// Which instruction.
  VectorList repeats;
  /// The offsets of rows 1, 2 and 4 of a matrix; matrices only.
  VectorList rows;
  /// Of one warp; wavefronts of all instructions together.
  unsigned instructions = 0, wavefronts = 0;

  unsigned cost() const { return instructions + wavefronts; }
};

/// Loads or stores of vectors. `toOffset` maps register, lane and other places to the
/// offset, in elements of 2^i bits. No vector if an element is less than a byte and
/// has no neighbour in its lane. Registers that hold an element once more are left out.
std::optional<Access> vectorAccess(const LinearLayout &toOffset, unsigned elementBits);
/// ldmatrix or stmatrix, if their tile divides the layout.
std::optional<Access> matrixAccess(const LinearLayout &toOffset, unsigned elementBits,
                                   bool transposed);
/// The one of the given kind.
std::optional<Access> accessOf(AccessKind kind, const LinearLayout &toOffset, unsigned elementBits);

} // namespace einfall::layout

#endif
