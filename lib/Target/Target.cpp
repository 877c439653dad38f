//===- Target.cpp - What programs are compiled for ------------------------===//
#include "lib/Target/Target.h"

namespace einfall {

std::optional<Target> findTarget(llvm::StringRef name) {
  if (const CpuTarget *cpu = findCpuTarget(name))
    return Target{cpu, nullptr, typicalMachine(*cpu)};
  const GpuTarget *gpu = findGpuTarget(name);
  if (!gpu)
    return std::nullopt;
#if defined(__aarch64__)
  return Target{findCpuTarget("aarch64"), gpu};
#else
  return Target{findCpuTarget("x86-64-v2"), gpu};
#endif
}

std::string targetNames() {
  std::string names = "native";
  for (const CpuTarget &target : cpuTargets())
    names += ", " + target.name.str();
  for (const GpuTarget &target : gpuTargets())
    names += ", " + target.name.str();
  return names;
}

} // namespace einfall
