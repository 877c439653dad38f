//===- GpuTarget.cpp - The table of GPU targets ---------------------------===//
#include "lib/Target/GpuTarget.h"

namespace einfall {

// PTX 8.0 is for drivers of CUDA 12.0, the oldest that the runtime takes. Shared memory is what
// the driver grants a block: the chip's less 1 KiB of its own, which every block has. sm_80 is
// what all later chips run, so it has the memory of the smallest of them (8.6, 8.9 and 12.0),
// not that of the A100 (163 KiB).
static const GpuTarget kTargets[] = {
    {"sm_80", "cuda", "sm_80", "+ptx80", "+ptx81", 80, false, 1, 32, 8, 64, 44 * 1024, 99 * 1024,
     128},
    {"sm_89", "cuda", "sm_89", "+ptx80", "+ptx81", 89, false, 2, 32, 8, 64, 44 * 1024, 99 * 1024,
     128},
    {"sm_90a", "cuda", "sm_90a", "+ptx80", "+ptx81", 90, true, 3, 32, 8, 64, 96 * 1024, 227 * 1024,
     128},
    {"sm_100a", "cuda", "sm_100a", "+ptx86", "+ptx86", 100, true, 4, 32, 8, 64, 96 * 1024,
     227 * 1024, 128},
    {"sm_120a", "cuda", "sm_120a", "+ptx87", "+ptx87", 120, true, 5, 32, 8, 64, 44 * 1024,
     99 * 1024, 128},
};

llvm::ArrayRef<GpuTarget> gpuTargets() { return kTargets; }

const GpuTarget *findGpuTarget(llvm::StringRef name) {
  for (const GpuTarget &target : kTargets)
    if (target.name == name)
      return &target;
  return nullptr;
}

} // namespace einfall
