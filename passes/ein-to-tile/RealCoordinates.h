//===- RealCoordinates.h - Distances of coordinates in f32 ------*- C++ -*-===//
//
// A body may turn an integer function of coordinates into a number, as `abs(s - t)` of a
// bias that grows with the distance. Integers of 64 bits cost a GPU several instructions
// each, and so does the conversion. Where coordinates are small the same is computed in
// f32, exactly, from coordinates that are converted once for all points that share them.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_REALCOORDINATES_H
#define EINFALL_PASSES_EINTOTILE_REALCOORDINATES_H

#include "passes/ein-to-tile/OtherBodies.h"

namespace einfall {

/// Coordinates below this are small.
constexpr int64_t kSmallCoordinate = 1 << 22;

/// Labels of the ranks of which `op` turns functions into f32 that are exact there if
/// coordinates are small.
llvm::SmallVector<llvm::StringRef> ranksMadeReal(ein::EinsumOp op);

/// While it lives, the bodies compute those in f32.
class WithRealCoordinates : OtherBodies {
public:
  explicit WithRealCoordinates(llvm::ArrayRef<ein::EinsumOp> ops);
};

} // namespace einfall

#endif
