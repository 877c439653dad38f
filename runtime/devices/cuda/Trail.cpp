//===- Trail.cpp - Which launch failed ------------------------------------===//
#include "Trail.h"
#include "Memory.h"

#include <atomic>

namespace einfall::rt::cuda {

Status Trail::open(const std::shared_ptr<Gpu> &gpu) {
  gpu_ = gpu.get();
  writes_ = gpu->driver().streamWrite != nullptr;
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
  if (!writes_)
    return 0;
  Code code = gpu_->driver().streamWrite(stream, toPointer(memory_->data()), next_, 0);
  if (code == 0 || isFatal(code))
    return code;
  // What was launched runs all the same, and only a fault would need the number.
  writes_ = false;
  return 0;
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
  if (!entry_)
    return "an earlier call";
  std::string entry = "entry '" + entry_->name + "'";
  std::string count = std::to_string(recording_->launches().size());
  if (!writes_)
    return "a kernel of " + entry + " or of a call before it (it has " + count +
           ", and the driver has or grants no cuStreamWriteValue32, by which it is told which)";
  auto latest = std::atomic_ref(*reinterpret_cast<uint32_t *>(memory_->data())).load();
  auto done = int32_t(latest - base_); // as a difference, since numbers wrap
  if (done < 0)
    return "a call before that of " + entry; // its launches are forgotten
  if (graph_ && done == 0)
    return "one of the " + count + " kernels of " + entry +
           " (with EINFALL_CUDA_GRAPHS=0 it is told which)";
  if (graph_ || size_t(done) >= recording_->launches().size())
    return "a call of " + entry + " or one before it";
  return nameOf(size_t(done));
}

} // namespace einfall::rt::cuda
