//===- TileTarget.h - What schedules know of a machine ----------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_TILETARGET_H
#define EINFALL_PASSES_EINTOTILE_TILETARGET_H

#include <algorithm>
#include <cstdint>

namespace einfall {

struct TileTarget {
  int64_t vectorBytes = 64; ///< of one vector register
  int64_t vectorRegisters = 32;
  int64_t warps = 0;                  ///< of a block
  int64_t warpLanes = 0;              ///< threads along which lanes run; 0: lanes are a vector's
  bool teams = true;                  ///< programs whose warps are one team are allowed
  bool walksBlocks = true;            ///< a program may go over blocks by itself
  bool team = false;                  ///< of a program: its warps hold a tile together
  bool fewerWarps = true;             ///< a program may have blocks of fewer warps
  int64_t localBytes = 512 * 1024;    ///< of a block's own tensors: a core's second-level cache
  int64_t matrixBytes = 0;            ///< for the factors of matrix instructions; 0: it has none
  int64_t cacheBytes = 32 << 20;      ///< more than so much does not stay in the last cache
  int64_t firstCacheBytes = 32 << 10; ///< of a core's first-level data cache
  // Of one thread, in 1e9 a second: operations on f32, bytes read from the second-level
  // cache and from memory.
  double flops = 265, secondRate = 130, memoryRate = 45;
  double dotFlops = 530; ///< operations on bf16 by dots
  bool packs = true;     ///< copies operands of contractions into panels
  // Which products `tile.dot` has an instruction for.
  bool dotBf16 = false;
  bool dotI8 = false; ///< unsigned by signed
  bool dotI16 = false;
  bool sharesUnits = false; ///< any operation on a vector takes the place of a product
  // Of these, what `tile.multiply` has one for; there bytes may both be signed.
  bool tilesBf16 = false;
  bool tilesI8 = false;

  /// The same machine where `members` warps are a block and one team.
  TileTarget asTeam(int64_t members) const {
    TileTarget target = *this;
    target.team = true;
    target.warps = std::max<int64_t>(1, members);
    target.warpLanes *= target.warps;
    return target;
  }
  /// True if fma multiplies f32 faster than dots multiply bf16.
  bool hasSlowPairs() const { return dotFlops < flops; }
  /// How many times an element that is copied into a panel has to be multiplied until the
  /// copy is one part of `share` of the work: it comes from memory and goes to the
  /// second-level cache, as 32 bits, while other elements could be multiplied.
  double usesThatHideCopies(double share) const {
    double copied = 4 / memoryRate + 4 / secondRate, multiplied = 2 / flops;
    return share * copied / multiplied;
  }
  /// The smallest number of lanes of elements of so many bytes.
  int64_t lanesOf(int64_t bytes) const {
    return warpLanes ? warpLanes : std::max<int64_t>(1, vectorBytes / bytes);
  }
};

} // namespace einfall

#endif
