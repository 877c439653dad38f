//===- Cpu.cpp - What the processor can run -------------------------------===//
#include "Cpu.h"

#include <cstdlib>
#include <vector>

namespace einfall::rt {
namespace {

using Features = std::set<std::string, std::less<>>;

const Features kV1 = {"sse", "sse2"};
const Features kV2 = {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16", "sahf"};
const Features kV3 = {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"};
const Features kV4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};
const Features kDot = {"avx512bf16", "avx512vnni", "avx512vbmi", "avx512ifma", "avx512vbmi2"};
const Features kFp16 = {"avx512fp16", "avxvnni"};
const Features kAmx = {"amx-tile", "amx-int8", "amx-bf16", "amx-fp16"};
const Features kArm = {"neon", "fp-armv8"};

} // namespace

std::string lackOf(const TargetInfo &target, const CpuReport &cpu) {
  if (target.arch != cpu.arch)
    return "is for " + target.arch;
  std::string lacking;
  for (const std::string &feature : target.features)
    if (!cpu.features.contains(feature))
      lacking += (lacking.empty() ? "" : ", ") + feature;
  return lacking.empty() ? "" : "needs " + lacking;
}

std::set<std::string, std::less<>> levelFeatures(std::string_view level) {
  if (level == "aarch64")
    return kArm;
  const std::pair<std::string_view, const Features *> kLevels[] = {
      {"x86-64", &kV1},        {"x86-64-v2", &kV2},      {"x86-64-v3", &kV3},
      {"x86-64-v4", &kV4},     {"x86-64-v4-dot", &kDot}, {"x86-64-v4-fp16", &kFp16},
      {"x86-64-v4-amx", &kAmx}};
  Features result;
  for (const auto &[name, added] : kLevels) {
    result.insert(added->begin(), added->end());
    if (name == level)
      return result;
  }
  return {};
}

Result<CpuReport> lowerTo(CpuReport report, std::string_view level) {
  Features allowed = levelFeatures(level);
  if (allowed.empty())
    return invalidArgument("unknown CPU '" + std::string(level) +
                           "' in EINFALL_CPU; expected x86-64, x86-64-v2, "
                           "x86-64-v3, x86-64-v4, x86-64-v4-dot, x86-64-v4-fp16, "
                           "x86-64-v4-amx or aarch64");
  std::erase_if(report.features, [&](const std::string &f) { return !allowed.contains(f); });
  report.pretended = level;
  return report;
}

Result<CpuReport> effectiveCpu() {
  CpuReport report = detectCpu();
  const char *level = std::getenv("EINFALL_CPU");
  if (level && *level)
    return lowerTo(std::move(report), level);
  return report;
}

Result<size_t> pickTarget(std::span<const TargetInfo> targets, const CpuReport &cpu) {
  size_t best = targets.size();
  std::string lacking;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i].device.empty())
      continue;
    std::string text = lackOf(targets[i], cpu);
    if (!text.empty())
      lacking += (lacking.empty() ? "" : "; ") + targets[i].name + " " + text;
    else if (best == targets.size() || targets[i].priority > targets[best].priority)
      best = i;
  }
  if (best != targets.size())
    return best;
  std::string who = cpu.pretended.empty() ? "this " + cpu.arch + " CPU"
                                          : "this CPU (EINFALL_CPU=" + cpu.pretended + ")";
  if (lacking.empty())
    return Status(StatusCode::Unsupported, "the package holds no code for a CPU alone");
  return Status(StatusCode::Unsupported,
                "no target of the package runs on " + who + ": " + lacking);
}

} // namespace einfall::rt
