//===- Profile.cpp - Where the time of a session's calls goes -------------===//
#include "Profile.h"

#include <algorithm>
#include <chrono>

namespace einfall::rt {

const einf_services &Profile::begin(const EntryInfo &entry, std::span<const int64_t> symbols,
                                    const Code &code) {
  std::vector<StepTime> &steps = times_[entry.name];
  steps.resize(entry.steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepInfo &info = entry.steps[i];
    steps[i].info = &info;
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
  entry_ = &entry;
  code_ = &code;
  current_ = &steps;
  next_ = 0;
  static const einf_services table = {EINF_ABI_VERSION, 0, launch, nullptr, nullptr};
  return table;
}

void Profile::note(size_t step, double seconds) {
  if (step >= current_->size())
    return;
  ++(*current_)[step].launches;
  (*current_)[step].seconds += seconds;
}

void Profile::launch(void *self, einf_kernel_fn kernel, const void *frame, int64_t blocks,
                     int64_t grain) {
  auto &profile = *static_cast<Profile *>(self);
  bool known = profile.next_ < profile.current_->size();
  std::string kernelName = known ? profile.entry_->steps[profile.next_].program : std::string();
  auto countersOf = [&] { return profile.code_->counters(kernelName).value_or(Counters{}); };
  Counters before = known ? countersOf() : Counters{};
  auto begin = std::chrono::steady_clock::now();
  ThreadPool::process().launch(kernel, frame, blocks, grain);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (!known)
    return;
  StepTime &step = (*profile.current_)[profile.next_++];
  ++step.launches;
  step.seconds += time.count();
  Counters after = countersOf();
  for (size_t i = 0; i < after.size(); ++i)
    step.counters[i] += after[i] - before[i];
}

} // namespace einfall::rt
