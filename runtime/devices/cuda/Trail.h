//===- Trail.h - Which launch failed --------------------------------------===//
//
// The driver tells that a kernel failed when the stream is waited for, but not
// which. After each launch the stream writes the launch's number into pinned
// memory, which stays readable: the first number that is missing names the
// kernel. A graph is one launch here, so its kernels are named together.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DEVICES_CUDA_TRAIL_H
#define EINFALL_DEVICES_CUDA_TRAIL_H

#include "Device.h"
#include "Program.h"
#include "Recording.h"

namespace einfall::rt::cuda {

class Trail {
public:
  Status open(const std::shared_ptr<Gpu> &gpu);

  /// The calls from now on are of `entry` and launch what `recording` holds.
  void begin(const EntryInfo &entry, const Recording &recording, std::span<const Kernel> kernels);
  /// Launch `i` has been asked for; the stream notes when it is done.
  Code passed(size_t i, Stream stream);
  /// All launches have been asked for, as a graph.
  void passedGraph() { graph_ = true; }

  /// "kernel 'scores' (model.py:12) of entry 'next'".
  std::string nameOf(size_t i) const;
  /// What is at fault when the stream fails: a kernel, or those of a graph.
  std::string suspect() const;

private:
  const Gpu *gpu_ = nullptr;
  MemoryPtr memory_;
  uint32_t base_ = 0, next_ = 0; ///< numbers before the call's first and last launch
  bool graph_ = false;
  const EntryInfo *entry_ = nullptr;
  const Recording *recording_ = nullptr;
  std::span<const Kernel> kernels_;
};

} // namespace einfall::rt::cuda
#endif
