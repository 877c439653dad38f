//===- Machine.h - What schedules know of one machine -----------*- C++ -*-===//
//
// Instructions are the target's; sizes of caches and rates are a machine's. A
// target's table has typical ones, so that a package does not depend on where it
// was compiled; who compiles for one machine gives those measured there.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_TARGET_MACHINE_H
#define EINFALL_LIB_TARGET_MACHINE_H

#include "lib/Target/CpuTarget.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>

namespace einfall {

/// Rates are of one thread, in units of 1e9 a second.
struct Machine {
  std::string name;              ///< of a measured one; empty: typical numbers
  int64_t firstCache = 32 << 10; ///< bytes of a core's first-level data cache
  int64_t secondCache = 1 << 20; ///< of its second-level cache
  int64_t lastCache = 32 << 20;  ///< beyond which data does not stay
  double flops = 100;            ///< f32 multiplications and additions
  double dotFlops = 0;           ///< the same of bf16 by dots; 0: as is typical of the target
  double firstRate = 250;        ///< bytes read from the first-level cache
  double secondRate = 130;       ///< from the second-level one
  double lastRate = 80;          ///< from the last one
  double memoryRate = 45;        ///< from memory

  /// One line for reports and manifests.
  std::string describe() const;
};

/// Typical numbers of CPUs that have the target's vectors.
Machine typicalMachine(const CpuTarget &target);

/// What `einfall calibrate` has written to the file at `path`.
llvm::Expected<Machine> readMachine(llvm::StringRef path);

/// The same of a file's text.
llvm::Expected<Machine> parseMachine(llvm::StringRef text);

} // namespace einfall

#endif
