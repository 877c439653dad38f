//===- Trail.h - Which launch failed --------------------------------------===//
//
// The driver tells that a kernel failed when the stream is waited for, but not
// which. After each launch the stream writes the launch's number into pinned
// memory, which stays readable: the first number that is missing names the
// kernel. A graph is one launch here, so its kernels are named together. Numbers
// go on from call to call: one that an earlier call should have written clears
// the latest. A driver that cannot write them leaves the kernel unnamed.
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
  /// Whether the call's launches are one, a graph.
  void setGraph(bool graph) { graph_ = graph; }
  /// Launch `i` has been asked for; the stream notes when it is done. Fails only
  /// by a fault of what was launched.
  Code passed(size_t i, Stream stream);
  /// The launches of the recording are no more what is under way.
  void forget() { entry_ = nullptr; }

  /// "kernel 'scores' (model.py:12) of entry 'next'".
  std::string nameOf(size_t i) const;
  /// What is at fault when the stream fails: a kernel, those of a graph, or an
  /// earlier call.
  std::string suspect() const;

private:
  const Gpu *gpu_ = nullptr;
  MemoryPtr memory_;
  uint32_t base_ = 0, next_ = 0; ///< numbers before the call's first and last launch
  bool graph_ = false;
  bool writes_ = true; ///< as far as is known, the driver can
  const EntryInfo *entry_ = nullptr;
  const Recording *recording_ = nullptr;
  std::span<const Kernel> kernels_;
};

} // namespace einfall::rt::cuda
#endif
