//===- GpuTarget.h - The table of GPU targets -------------------*- C++ -*-===//
#ifndef EINFALL_LIB_TARGET_GPUTARGET_H
#define EINFALL_LIB_TARGET_GPUTARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace einfall {

/// Bytes of a kernel's parameters: what every driver takes, and the most, from PTX 8.1 on.
constexpr int64_t kPlainParameters = 4096, kMostParameters = 32764;

/// A GPU that code is generated for.
struct GpuTarget {
  llvm::StringRef name;         // as `--target` has it
  llvm::StringRef device;       // of the package manifest
  llvm::StringRef chip;         // LLVM's and ptxas's name
  llvm::StringRef features;     // LLVM's feature string
  llvm::StringRef wideFeatures; // that of a kernel with more parameters than kPlainParameters
  uint32_t capability;          // 10 * major + minor
  bool ownChip;                 // code runs on this chip only
  int priority;
  int64_t warpLanes;
  int64_t warps;       // of a block
  int64_t registers;   // of a thread, for tiles
  int64_t localBytes;  // of a block's own tensors: leaves room for a second block
  int64_t sharedBytes; // of a block, at most
  int64_t foldedPart;  // the fewest coordinates of a long fold of few rows that a block walks
};

llvm::ArrayRef<GpuTarget> gpuTargets();

/// The target called `name`, or null.
const GpuTarget *findGpuTarget(llvm::StringRef name);

} // namespace einfall

#endif
