//===- Pool.h - Device memory that was freed and may be used again --------===//
//
// Allocating device memory takes long and stops all streams. Sessions that are
// opened one after the other ask for the same sizes again, so freed blocks are
// kept, up to a limit, for the next one.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DEVICES_CUDA_POOL_H
#define EINFALL_DEVICES_CUDA_POOL_H

#include "Driver.h"

#include <map>
#include <mutex>

namespace einfall::rt::cuda {

class Gpu;

/// Thread-safe. The device's context must be current, but in clear().
class Pool {
public:
  explicit Pool(Gpu &gpu) : gpu_(gpu) {}

  /// At least `bytes`; its size comes back in `size` and goes into give().
  Code take(uint64_t bytes, Pointer &address, uint64_t &size);
  /// Nobody may use the block any more, the device included.
  void give(Pointer address, uint64_t size);
  void clear();

private:
  void freeAll();

  Gpu &gpu_;
  std::mutex mutex_;
  std::multimap<uint64_t, Pointer> blocks_; ///< by size
  uint64_t kept_ = 0;
};

} // namespace einfall::rt::cuda
#endif
