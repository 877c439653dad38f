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
static constexpr StringRef kV4Dot[] = {"avx512f",  "avx512bw",   "avx512dq",  "avx512vl",
                                       "avx512cd", "avx2",       "fma",       "bmi2",
                                       "f16c",     "avx512bf16", "avx512vnni"};
static constexpr StringRef kV4Fp16[] = {"avx512f",  "avx512bw",   "avx512dq",   "avx512vl",
                                        "avx512cd", "avx2",       "fma",        "bmi2",
                                        "f16c",     "avx512bf16", "avx512vnni", "avx512fp16"};
static constexpr StringRef kV4Amx[] = {
    "avx512f", "avx512bw", "avx512dq",   "avx512vl",   "avx512cd", "avx2",     "fma",
    "bmi2",    "f16c",     "avx512bf16", "avx512vnni", "amx-tile", "amx-bf16", "amx-int8"};
static constexpr StringRef kNeon[] = {"neon"};

// Element types that `tile.dot` has an instruction for.
static constexpr StringRef kDotI16[] = {"i16"};
static constexpr StringRef kDotAll[] = {"i16", "i8", "bf16"};

static constexpr StringRef kTilesAll[] = {"bf16", "i8"};

// Of `pairRate`.
static constexpr double kSlowPairs = 0.5;

static constexpr StringRef kScale512 = "llvm.x86.avx512.mask.scalef.ps.512";
static constexpr StringRef kPairToBfloat512 = "llvm.x86.avx512bf16.cvtne2ps2bf16.512";
static constexpr StringRef kFraction512 = "llvm.x86.avx512.mask.reduce.ps.512";

static const CpuTarget kTargets[] = {
    {"x86-64-v2", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v2", "", kV2, kDotI16, 2, 16, 16,
     false, false},
    {"x86-64-v3", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v3", "", kV3, kDotI16, 3, 32, 16,
     false, true},
    {"x86-64-v4", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v4", "-prefer-256-bit", kV4,
     kDotI16, 4, 64, 32, false, true, false, kScale512, kFraction512},
    {"x86-64-v4-dot", "x86_64", "x86_64-unknown-linux-gnu", "x86-64-v4",
     "+avx512bf16,+avx512vnni,-prefer-256-bit", kV4Dot, kDotAll, 5, 64, 32, true, true, false,
     kScale512, kFraction512, kPairToBfloat512},
    // The same instructions. CPUs that have those of fp16, too, made tiles the fast way to multiply
    // bf16, and their dots take two cycles of both units; where a guest sees no tiles, fma is
    // faster.
    {"x86-64-v4-fp16",
     "x86_64",
     "x86_64-unknown-linux-gnu",
     "x86-64-v4",
     "+avx512bf16,+avx512vnni,-prefer-256-bit",
     kV4Fp16,
     kDotAll,
     6,
     64,
     32,
     true,
     true,
     false,
     kScale512,
     kFraction512,
     kPairToBfloat512,
     {},
     kSlowPairs,
     48,
     2048,
     true},
    // No CPU's name: that would stand for instructions which nobody asks the CPU for.
    {"x86-64-v4-amx",
     "x86_64",
     "x86_64-unknown-linux-gnu",
     "x86-64-v4",
     "+avx512bf16,+avx512vnni,+amx-tile,+amx-bf16,+amx-int8,-prefer-256-bit",
     kV4Amx,
     kDotAll,
     7,
     64,
     32,
     true,
     true,
     false,
     kScale512,
     kFraction512,
     kPairToBfloat512,
     kTilesAll,
     kSlowPairs,
     48,
     2048,
     true},
    {"aarch64",
     "aarch64",
     "aarch64-unknown-linux-gnu",
     "generic",
     "+neon",
     kNeon,
     {},
     1,
     16,
     32,
     false,
     true,
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
