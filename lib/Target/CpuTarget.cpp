//===- CpuTarget.cpp - The table of CPU targets ---------------------------===//
#include "lib/Target/CpuTarget.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using llvm::StringRef;

namespace einfall {

static constexpr StringRef kV2[] = {"sse4.2", "popcnt", "ssse3"};
static constexpr StringRef kV3[] = {"avx2", "fma", "bmi2", "f16c"};
static constexpr StringRef kV4[] = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd",
                                    "avx2",    "fma",      "bmi2",     "f16c"};
static constexpr StringRef kNeon[] = {"neon"};

static const CpuTarget kTargets[] = {
    {"x86-64-v2", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v2", "", kV2, 2, 16, 16, false,
     false},
    {"x86-64-v3", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v3", "", kV3, 3, 32, 16, false,
     true},
    {"x86-64-v4", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v4", "-prefer-256-bit", kV4, 4, 64,
     32, false, true},
    {"aarch64", "aarch64", "aarch64-unknown-linux-gnu", "generic", "+neon", kNeon, 1, 16, 32, false,
     true},
};

llvm::ArrayRef<CpuTarget> cpuTargets() { return kTargets; }

const CpuTarget *findCpuTarget(StringRef name) {
  if (name != "native") {
    for (const CpuTarget &target : kTargets)
      if (target.name == name)
        return &target;
    return nullptr;
  }
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
#if defined(__aarch64__)
  StringRef arch = "aarch64";
#else
  StringRef arch = "x86_64";
#endif
  const CpuTarget *best = nullptr;
  for (const CpuTarget &target : kTargets)
    if (target.arch == arch &&
        llvm::all_of(target.required, [&](StringRef f) { return host.lookup(f); }) &&
        (!best || target.priority > best->priority))
      best = &target;
  return best;
}

} // namespace einfall
