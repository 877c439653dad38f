//===- Profile.cpp - Where the time of a session's calls goes -------------===//
#include "Profile.h"

#include <algorithm>
#include <chrono>

namespace einfall::rt {

const einf_services &Profile::begin(const EntryInfo &entry, std::span<const int64_t> symbols) {
  std::vector<StepTime> &steps = times_[entry.name];
  steps.resize(entry.steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepInfo &info = entry.steps[i];
    double points = double(evaluate(info.points, symbols).value_or(0));
    steps[i].points += points;
    for (uint32_t index : info.buffers) {
      const BufferInfo &buffer = entry.buffers[index];
      double elements = 1;
      for (const Extent &extent : buffer.shape)
        elements *= double(evaluate(extent, symbols).value_or(0));
      steps[i].bytes += std::min(elements, points) * double(byteWidth(buffer.dtype));
    }
  }
  current_ = &steps;
  next_ = 0;
  static const einf_services table = {EINF_ABI_VERSION, 0, launch};
  return table;
}

void Profile::launch(void *self, einf_kernel_fn kernel, const void *frame, int64_t blocks,
                     int64_t grain) {
  auto &profile = *static_cast<Profile *>(self);
  auto begin = std::chrono::steady_clock::now();
  ThreadPool::process().launch(kernel, frame, blocks, grain);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (profile.next_ == profile.current_->size())
    return;
  StepTime &step = (*profile.current_)[profile.next_++];
  ++step.launches;
  step.seconds += time.count();
}

} // namespace einfall::rt
