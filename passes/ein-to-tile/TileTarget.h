//===- TileTarget.h - What schedules know of a machine ----------*- C++ -*-===//
#ifndef EINFALL_PASSES_EINTOTILE_TILETARGET_H
#define EINFALL_PASSES_EINTOTILE_TILETARGET_H

#include <cstdint>

namespace einfall {

struct TileTarget {
  int64_t vectorBytes = 64; ///< of one vector register
  int64_t vectorRegisters = 32;
  // Which products `tile.dot` has an instruction for.
  bool dotBf16 = false;
  bool dotI8 = false; ///< unsigned by signed
  bool dotI16 = false;
};

} // namespace einfall

#endif
