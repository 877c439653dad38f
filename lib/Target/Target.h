//===- Target.h - What programs are compiled for ----------------*- C++ -*-===//
#ifndef EINFALL_LIB_TARGET_TARGET_H
#define EINFALL_LIB_TARGET_TARGET_H

#include "lib/Target/CpuTarget.h"
#include "lib/Target/GpuTarget.h"
#include "lib/Target/Machine.h"
#include <string>

namespace einfall {

/// A CPU, or a GPU with the CPU that its host programs run on.
struct Target {
  const CpuTarget *cpu = nullptr;
  const GpuTarget *gpu = nullptr;
  Machine machine = {}; ///< what schedules for the CPU count on
  /// Weights are stored for this target alone.
  bool ownsWeights = false;

  llvm::StringRef name() const { return gpu ? gpu->name : cpu->name; }
  /// Where kernels run, as the package's manifest has it.
  llvm::StringRef device() const { return gpu ? gpu->device : "cpu"; }
};

/// The target called `name`, or nothing. Host programs of a GPU run on every CPU of the
/// architecture that this compiler runs on.
std::optional<Target> findTarget(llvm::StringRef name);

/// The names that findTarget knows, for messages.
std::string targetNames();

} // namespace einfall

#endif
