//===- Memory.h - Blocks of device memory and of pinned host memory -------===//
#ifndef EINFALL_DEVICES_CUDA_MEMORY_H
#define EINFALL_DEVICES_CUDA_MEMORY_H

#include "Device.h"

namespace einfall::rt::cuda {

/// Device memory, at least 64 bytes of it, with any content. `what` names it in
/// the error. When it goes, the device must be done with it.
Result<MemoryPtr> allocateBlock(const std::shared_ptr<Gpu> &gpu, uint64_t bytes,
                                const std::string &what);

/// Host memory that the device copies from and to while the host goes on.
Result<MemoryPtr> allocatePinned(const std::shared_ptr<Gpu> &gpu, uint64_t bytes,
                                 const std::string &what);

inline Pointer toPointer(const void *address) { return reinterpret_cast<Pointer>(address); }

} // namespace einfall::rt::cuda
#endif
