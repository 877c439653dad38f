//===- Memory.cpp - Blocks of device memory and of pinned host memory -----===//
#include "Memory.h"

#include <algorithm>

namespace einfall::rt::cuda {
namespace {

constexpr uint64_t kLeast = 64;

class Block : public DeviceMemory {
public:
  Block(std::shared_ptr<Gpu> gpu, Pointer address, uint64_t bytes, uint64_t taken)
      : gpu_(std::move(gpu)), taken_(taken) {
    data_ = reinterpret_cast<std::byte *>(address);
    size_ = bytes;
  }
  ~Block() override {
    Current current(*gpu_);
    gpu_->pool().give(toPointer(data_), taken_);
  }

private:
  std::shared_ptr<Gpu> gpu_;
  uint64_t taken_; ///< bytes as the pool gave them
};

class Pinned : public DeviceMemory {
public:
  Pinned(std::shared_ptr<Gpu> gpu, void *address, uint64_t bytes) : gpu_(std::move(gpu)) {
    data_ = static_cast<std::byte *>(address);
    size_ = bytes;
  }
  ~Pinned() override {
    Current current(*gpu_);
    gpu_->driver().hostFree(data_);
  }

private:
  std::shared_ptr<Gpu> gpu_;
};

/// How much is free helps more than the driver's words.
Status outOfMemory(const Gpu &gpu, uint64_t bytes, const std::string &what) {
  size_t free = 0, total = 0;
  std::string rest;
  if (gpu.driver().memoryInfo(&free, &total) == 0)
    rest = ": " + std::to_string(free >> 20) + " of its " + std::to_string(total >> 20) +
           " MiB are free";
  return {StatusCode::OutOfMemory, "cannot allocate " + std::to_string(bytes) + " bytes for " +
                                       what + " on " + gpu.name() + rest};
}

} // namespace

Result<MemoryPtr> allocateBlock(const std::shared_ptr<Gpu> &gpu, uint64_t bytes,
                                const std::string &what) {
  Current current(*gpu);
  Pointer address = 0;
  uint64_t taken = 0;
  Code code = current.code;
  if (code == 0)
    code = gpu->pool().take(std::max(bytes, kLeast), address, taken);
  if (code == kOutOfMemory)
    return outOfMemory(*gpu, bytes, what);
  if (code != 0)
    return gpu->failure("allocate memory for " + what, code);
  return MemoryPtr(std::make_unique<Block>(gpu, address, bytes, taken));
}

Result<MemoryPtr> allocatePinned(const std::shared_ptr<Gpu> &gpu, uint64_t bytes,
                                 const std::string &what) {
  constexpr unsigned kPortable = 1;
  Current current(*gpu);
  void *address = nullptr;
  Code code = current.code;
  if (code == 0)
    code = gpu->driver().hostAllocate(&address, std::max(bytes, kLeast), kPortable);
  if (code != 0)
    return gpu->failure("allocate " + std::to_string(bytes) + " bytes of pinned memory for " + what,
                        code);
  return MemoryPtr(std::make_unique<Pinned>(gpu, address, bytes));
}

} // namespace einfall::rt::cuda
