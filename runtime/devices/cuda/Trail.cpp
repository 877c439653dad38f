//===- Trail.cpp - Which launch failed ------------------------------------===//
#include "Trail.h"
#include "Memory.h"

#include <atomic>

namespace einfall::rt::cuda {

Status Trail::open(const std::shared_ptr<Gpu> &gpu) {
  gpu_ = gpu.get();
  Result<MemoryPtr> memory = allocatePinned(gpu, sizeof(uint32_t), "a session");
  if (!memory)
    return memory.status();
  memory_ = std::move(*memory);
  *reinterpret_cast<uint32_t *>(memory_->data()) = 0;
  return {};
}

void Trail::begin(const EntryInfo &entry, const Recording &recording,
                  std::span<const Kernel> kernels) {
  entry_ = &entry;
  recording_ = &recording;
  kernels_ = kernels;
  base_ = next_;
  graph_ = false;
}

Code Trail::passed(size_t i, Stream stream) {
  next_ = base_ + uint32_t(i) + 1;
  return gpu_->driver().streamWrite(stream, toPointer(memory_->data()), next_, 0);
}

std::string Trail::nameOf(size_t i) const {
  const Launch &launch = recording_->launches()[i];
  bool known = launch.step < entry_->steps.size();
  const StepInfo *step = known ? &entry_->steps[launch.step] : nullptr;
  if (launch.kernel == kCopy)
    return "a copy of entry '" + entry_->name + "'";
  const Kernel &kernel = kernels_[launch.kernel];
  const std::string &source = step && !step->source.empty() ? step->source : kernel.source;
  return "kernel '" + (step && !step->program.empty() ? step->program : kernel.name) + "'" +
         (source.empty() ? "" : " (" + source + ")") + " of entry '" + entry_->name + "'";
}

std::string Trail::suspect() const {
  if (!entry_ || recording_->launches().empty())
    return "a call";
  size_t count = recording_->launches().size();
  if (graph_ && count > 1)
    return "one of the " + std::to_string(count) + " kernels of entry '" + entry_->name +
           "' (with EINFALL_CUDA_GRAPHS=0 it is told which)";
  uint32_t done = std::atomic_ref(*reinterpret_cast<uint32_t *>(memory_->data())).load() - base_;
  // A number of an earlier call, whose launches are forgotten.
  if (done >= count)
    return "a call of entry '" + entry_->name + "' or one before it";
  return nameOf(done);
}

} // namespace einfall::rt::cuda
