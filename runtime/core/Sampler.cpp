//===- Sampler.cpp - Picks the next token ---------------------------------===//
#include "Sampler.h"

#include <algorithm>
#include <cmath>

namespace einfall::rt {

static int64_t largest(std::span<const float> logits) {
  int64_t best = 0;
  float value = -INFINITY;
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > value) {
      value = logits[i];
      best = int64_t(i);
    }
  return best;
}

int64_t Sampler::pick(std::span<const float> logits) {
  if (temperature_ <= 0 || logits.size() < 2)
    return largest(logits);
  order_.clear();
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > -INFINITY)
      order_.push_back(uint32_t(i));
  size_t keep = order_.size();
  if (topK_ > 0)
    keep = std::min(keep, size_t(topK_));
  if (keep == 0)
    return 0;
  std::partial_sort(order_.begin(), order_.begin() + ptrdiff_t(keep), order_.end(),
                    [&](uint32_t a, uint32_t b) {
                      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                    });
  double top = double(logits[order_[0]]), sum = 0;
  if (std::isinf(top))
    return order_[0];
  weights_.clear();
  for (size_t i = 0; i < keep; ++i) {
    sum += std::exp((double(logits[order_[i]]) - top) / temperature_);
    weights_.push_back(sum);
  }
  double at = double(random_() >> 11) * 0x1p-53 * sum;
  auto it = std::upper_bound(weights_.begin(), weights_.end(), at);
  size_t index = std::min(size_t(it - weights_.begin()), keep - 1);
  return order_[index];
}

} // namespace einfall::rt
