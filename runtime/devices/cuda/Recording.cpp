//===- Recording.cpp - What one call of an entry asks the device to do ----===//
#include "Recording.h"

#include <algorithm>
#include <cstring>

namespace einfall::rt::cuda {

/// Most bytes that a launch takes, on any device.
constexpr uint64_t kMaxFrame = 32764;

void Recording::clear(uint32_t kernelCount) {
  kernelCount_ = kernelCount;
  step_ = 0;
  launches_.clear();
  frames_.clear();
  error_.clear();
}

const einf_services &Recording::services() {
  static const einf_services table = {EINF_ABI_VERSION, 0, nullptr, launch, copy};
  return table;
}

void Recording::launch(void *queue, uint32_t kernel, const void *frame, uint64_t frameBytes,
                       int64_t blocks) {
  auto &self = *static_cast<Recording *>(queue);
  uint32_t step = self.step_++;
  if (blocks == 0 || !self.error_.empty())
    return;
  if (kernel >= self.kernelCount_ || frameBytes > kMaxFrame || blocks < 0 || blocks > INT32_MAX) {
    self.error_ = "asks for " + std::to_string(blocks) + " blocks of kernel " +
                  std::to_string(kernel) + " with " + std::to_string(frameBytes) +
                  " bytes of parameters, which cannot be";
    return;
  }
  auto offset = uint32_t(self.frames_.size());
  auto *bytes = static_cast<const std::byte *>(frame);
  self.frames_.insert(self.frames_.end(), bytes, bytes + frameBytes);
  self.frames_.resize((self.frames_.size() + 7) / 8 * 8);
  self.launches_.push_back({kernel, step, offset, uint32_t(frameBytes), blocks, nullptr, nullptr});
}

void Recording::copy(void *queue, const void *source, void *target, int64_t bytes) {
  auto &self = *static_cast<Recording *>(queue);
  uint32_t step = self.step_++;
  if (bytes > 0)
    self.launches_.push_back({kCopy, step, 0, 0, bytes, source, target});
}

bool Recording::hasShapeOf(const Recording &other) const {
  return std::ranges::equal(launches_, other.launches_, [](const Launch &a, const Launch &b) {
    return a.kernel == b.kernel && a.frameBytes == b.frameBytes;
  });
}

bool Recording::isSameAt(size_t i, const Recording &other) const {
  const Launch &a = launches_[i], &b = other.launches_[i];
  return a.blocks == b.blocks && a.source == b.source && a.target == b.target &&
         std::memcmp(frame(a), other.frame(b), a.frameBytes) == 0;
}

bool Recording::hasLargeCopy() const {
  // A graph's copy is a box whose rows have a pitch, which devices limit to 2^31 - 1.
  return std::ranges::any_of(launches_, [](const Launch &launch) {
    return launch.kernel == kCopy && launch.blocks > INT32_MAX;
  });
}

uint64_t Recording::shapeHash() const {
  uint64_t hash = launches_.size();
  for (const Launch &launch : launches_)
    hash = (hash ^ launch.kernel ^ uint64_t(launch.frameBytes) << 32) * 0x9e3779b97f4a7c15u;
  return hash;
}

} // namespace einfall::rt::cuda
