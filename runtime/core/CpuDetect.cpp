//===- CpuDetect.cpp - CPUID and its like ---------------------------------===//
#include "Cpu.h"

#include <algorithm>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace einfall::rt {

#if defined(__x86_64__)
namespace {

enum Register { Eax, Ebx, Ecx, Edx };

/// XCR0 bits that the operating system must have set for a feature.
constexpr uint64_t kNone = 0, kYmm = 0x6, kZmm = 0xE6, kTile = 0x600E6;

struct Row {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  unsigned bit;
  uint64_t state;
};

constexpr Row kRows[] = {
    {"sse", 1, 0, Edx, 25, kNone},
    {"sse2", 1, 0, Edx, 26, kNone},
    {"sse3", 1, 0, Ecx, 0, kNone},
    {"ssse3", 1, 0, Ecx, 9, kNone},
    {"cx16", 1, 0, Ecx, 13, kNone},
    {"sse4.1", 1, 0, Ecx, 19, kNone},
    {"sse4.2", 1, 0, Ecx, 20, kNone},
    {"movbe", 1, 0, Ecx, 22, kNone},
    {"popcnt", 1, 0, Ecx, 23, kNone},
    {"aes", 1, 0, Ecx, 25, kNone},
    {"pclmul", 1, 0, Ecx, 1, kNone},
    {"xsave", 1, 0, Ecx, 27, kNone},
    {"fma", 1, 0, Ecx, 12, kYmm},
    {"avx", 1, 0, Ecx, 28, kYmm},
    {"f16c", 1, 0, Ecx, 29, kYmm},
    {"sahf", 0x80000001, 0, Ecx, 0, kNone},
    {"lzcnt", 0x80000001, 0, Ecx, 5, kNone},
    {"bmi", 7, 0, Ebx, 3, kNone},
    {"avx2", 7, 0, Ebx, 5, kYmm},
    {"bmi2", 7, 0, Ebx, 8, kNone},
    {"avx512f", 7, 0, Ebx, 16, kZmm},
    {"avx512dq", 7, 0, Ebx, 17, kZmm},
    {"avx512ifma", 7, 0, Ebx, 21, kZmm},
    {"avx512cd", 7, 0, Ebx, 28, kZmm},
    {"avx512bw", 7, 0, Ebx, 30, kZmm},
    {"avx512vl", 7, 0, Ebx, 31, kZmm},
    {"avx512vbmi", 7, 0, Ecx, 1, kZmm},
    {"avx512vbmi2", 7, 0, Ecx, 6, kZmm},
    {"gfni", 7, 0, Ecx, 8, kNone},
    {"vaes", 7, 0, Ecx, 9, kYmm},
    {"avx512vnni", 7, 0, Ecx, 11, kZmm},
    {"vpclmulqdq", 7, 0, Ecx, 10, kYmm},
    {"avx512bitalg", 7, 0, Ecx, 12, kZmm},
    {"avx512vpopcntdq", 7, 0, Ecx, 14, kZmm},
    {"avx512fp16", 7, 0, Edx, 23, kZmm},
    {"amx-bf16", 7, 0, Edx, 22, kTile},
    {"amx-tile", 7, 0, Edx, 24, kTile},
    {"amx-int8", 7, 0, Edx, 25, kTile},
    {"avxvnni", 7, 1, Eax, 4, kYmm},
    {"avx512bf16", 7, 1, Eax, 5, kZmm},
    {"amx-fp16", 7, 1, Eax, 21, kTile},
};

bool cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
  uint32_t base = leaf & 0x80000000u;
  if (__get_cpuid_max(base, nullptr) < leaf)
    return false;
  if (leaf == 7 && subleaf > 0) {
    __cpuid_count(7, 0, out[0], out[1], out[2], out[3]);
    if (out[0] < subleaf)
      return false;
  }
  __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
  return true;
}

uint64_t enabledState() {
  uint32_t r[4];
  if (!cpuid(1, 0, r) || !(r[Ecx] >> 27 & 1)) // OSXSAVE
    return 0;
  uint32_t lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return uint64_t(hi) << 32 | lo;
}

constexpr long kGetSupported = 0x1021, kGetPermitted = 0x1022, kRequest = 0x1023, kTileData = 18;

/// Whether Linux would give this process the tile registers.
bool amxAvailable() {
  uint64_t mask = 0;
  return syscall(SYS_arch_prctl, kGetSupported, &mask) == 0 && (mask >> kTileData & 1);
}

} // namespace

/// Features of a library loaded before this one that computes instructions the processor does not
/// have (test/amx): their names, separated by commas.
static std::string_view emulatedFeatures() {
  auto *names = static_cast<const char *>(dlsym(RTLD_DEFAULT, "einf_emulated_features"));
  return names ? names : "";
}

bool requestAmx() {
  uint64_t mask = 0;
  if (emulatedFeatures().find("amx-tile") != std::string_view::npos)
    return true;
  if (syscall(SYS_arch_prctl, kRequest, kTileData) != 0)
    return false;
  return syscall(SYS_arch_prctl, kGetPermitted, &mask) == 0 && (mask >> kTileData & 1);
}

CpuReport detectCpu() {
  CpuReport report;
  report.arch = "x86_64";
  uint64_t state = enabledState();
  bool amx = (state & kTile) == kTile && amxAvailable();
  for (const Row &row : kRows) {
    uint32_t r[4];
    if (!cpuid(row.leaf, row.subleaf, r) || !(r[row.reg] >> row.bit & 1))
      continue;
    if ((state & row.state) == row.state && (row.state != kTile || amx))
      report.features.insert(row.name);
  }
  for (std::string_view rest = emulatedFeatures(); !rest.empty();) {
    size_t size = std::min(rest.find(','), rest.size());
    if (rest.starts_with("amx-"))
      report.features.emplace(rest.substr(0, size));
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  return report;
}

#elif defined(__aarch64__)

bool requestAmx() { return false; }

CpuReport detectCpu() {
  CpuReport report;
  report.arch = "aarch64";
  unsigned long a = getauxval(AT_HWCAP), b = getauxval(AT_HWCAP2);
  auto add = [&](bool has, const char *name) {
    if (has)
      report.features.insert(name);
  };
  add(a & HWCAP_FP, "fp-armv8");
  add(a & HWCAP_ASIMD, "neon");
  add(a & HWCAP_ATOMICS, "lse");
  add((a & HWCAP_FPHP) && (a & HWCAP_ASIMDHP), "fullfp16");
  add(a & HWCAP_ASIMDDP, "dotprod");
  add(a & HWCAP_SVE, "sve");
#ifdef HWCAP2_SVE2
  add(b & HWCAP2_SVE2, "sve2");
#endif
#ifdef HWCAP2_I8MM
  add(b & HWCAP2_I8MM, "i8mm");
#endif
#ifdef HWCAP2_BF16
  add(b & HWCAP2_BF16, "bf16");
#endif
  (void)b;
  return report;
}

#else
#error "einfall's runtime knows x86-64 and AArch64"
#endif

} // namespace einfall::rt
