//===- Cpu.h - What the processor can run ---------------------------------===//
//
// Feature names are LLVM's ("avx512bw", "amx-tile", "fullfp16"). A feature
// counts only if the operating system saves its registers as well.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_CPU_H
#define EINFALL_CORE_CPU_H

#include "einfall/manifest.h"

#include <set>
#include <string>
#include <string_view>

namespace einfall::rt {

struct CpuReport {
  std::string arch; ///< "x86_64" or "aarch64"
  std::set<std::string, std::less<>> features;
  std::string pretended; ///< value of EINFALL_CPU if it lowered the report
};

/// What this processor reports, nothing pretended.
CpuReport detectCpu();

/// Features of a level "x86-64", "x86-64-v2", "-v3", "-v4", "-v4-dot", "-v4-fp16", "-v4-amx"
/// or "aarch64"; empty if there is no such level.
std::set<std::string, std::less<>> levelFeatures(std::string_view level);

/// `report` without what the named level lacks. Fails on an unknown level.
Result<CpuReport> lowerTo(CpuReport report, std::string_view level);

/// detectCpu() lowered by the environment variable EINFALL_CPU, if set.
Result<CpuReport> effectiveCpu();

/// Index of the target of highest priority (the first of equals) that `cpu`
/// can run. The error lists what each target lacks. Targets of other devices
/// do not count.
Result<size_t> pickTarget(std::span<const TargetInfo> targets, const CpuReport &cpu);

/// What `target` needs that `cpu` lacks ("needs avx2"); empty if nothing.
std::string lackOf(const TargetInfo &target, const CpuReport &cpu);

/// Asks Linux for the AMX tile registers; needed once before AMX code runs.
bool requestAmx();

} // namespace einfall::rt
#endif
