//===- CpuTarget.h - The table of CPU targets -------------------*- C++ -*-===//
#ifndef EINFALL_LIB_TARGET_CPUTARGET_H
#define EINFALL_LIB_TARGET_CPUTARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

namespace einfall {

/// A CPU that code is generated for. What the code may use is exactly
/// `features`; nothing is taken from the machine that compiles.
struct CpuTarget {
  llvm::StringRef name;
  llvm::StringRef arch; // of the package manifest
  llvm::StringRef triple;
  llvm::StringRef cpu;                      // LLVM's name, for scheduling and baseline features
  llvm::StringRef features;                 // LLVM's feature string on top of `cpu`
  llvm::ArrayRef<llvm::StringRef> required; // what the loader asks the CPU for
  llvm::ArrayRef<llvm::StringRef> dots;     // element types that `tile.dot` multiplies
  int priority;
  int vectorBytes, vectorRegisters;
  bool nativeBf16;                   // converts f32 to bf16 in one instruction
  bool fma;                          // multiplies and adds with one rounding
  bool maximum = false;              // one instruction for the greater of two or a NaN
  llvm::StringRef scale = {};        // intrinsic for x * 2^n of a vector of f32, rounded once
  llvm::StringRef fraction = {};     // intrinsic for x less a multiple of 2^-m of a vector of f32
  llvm::StringRef pairToBfloat = {}; // rounds two vectors of f32 to one of bf16
  llvm::ArrayRef<llvm::StringRef> tiles = {}; // element types that `tile.multiply` multiplies
  // Typical of CPUs that have it:
  double pairRate = 2; // products of bf16 by dots while fma makes one
  int firstCacheKiB = 32, secondCacheKiB = 1024;
  bool sharesUnits = false; // all that is done to a vector is done by the units that multiply

  /// Converts between f16 and f32 in one instruction.
  bool convertsHalf() const { return arch == "aarch64" || llvm::is_contained(required, "f16c"); }
};

/// All targets, lowest priority first within an architecture.
llvm::ArrayRef<CpuTarget> cpuTargets();

/// The target called `name`, or null. "native" is the best one that the
/// machine this runs on has.
const CpuTarget *findCpuTarget(llvm::StringRef name);

} // namespace einfall

#endif
