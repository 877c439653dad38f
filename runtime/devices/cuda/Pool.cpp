//===- Pool.cpp - Device memory that was freed and may be used again ------===//
#include "Pool.h"
#include "Device.h"

namespace einfall::rt::cuda {

/// Most bytes that wait for another use.
constexpr uint64_t kLimit = uint64_t(256) << 20;

/// Sizes are rounded up, so that similar ones meet: small blocks to the
/// driver's own unit, others to about a sixteenth of them, at most 2 MiB.
static uint64_t roundUp(uint64_t bytes) {
  uint64_t unit = 512;
  while (unit * 16 < bytes && unit < (uint64_t(2) << 20))
    unit *= 2;
  return (bytes + unit - 1) / unit * unit;
}

Code Pool::take(uint64_t bytes, Pointer &address, uint64_t &size) {
  if (bytes > uint64_t(1) << 46) // beyond any device, and rounding must not wrap
    return kOutOfMemory;
  size = roundUp(bytes < 1 ? 1 : bytes);
  std::lock_guard lock(mutex_);
  if (auto found = blocks_.find(size); found != blocks_.end()) {
    address = found->second;
    kept_ -= size;
    blocks_.erase(found);
    return 0;
  }
  Code code = gpu_.driver().memoryAllocate(&address, size);
  if (code == kOutOfMemory && !blocks_.empty()) {
    freeAll();
    code = gpu_.driver().memoryAllocate(&address, size);
  }
  return code;
}

void Pool::give(Pointer address, uint64_t size) {
  std::lock_guard lock(mutex_);
  if (kept_ + size > kLimit || !gpu_.usable().ok()) {
    gpu_.driver().memoryFree(address);
    return;
  }
  blocks_.emplace(size, address);
  kept_ += size;
}

void Pool::clear() {
  Current current(gpu_);
  std::lock_guard lock(mutex_);
  freeAll();
}

void Pool::freeAll() {
  for (auto [size, address] : blocks_)
    gpu_.driver().memoryFree(address);
  blocks_.clear();
  kept_ = 0;
}

} // namespace einfall::rt::cuda
