//===- Sampler.h - Picks the next token -----------------------------------===//
#ifndef EINFALL_CORE_SAMPLER_H
#define EINFALL_CORE_SAMPLER_H

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace einfall::rt {

/// Greedy (temperature 0: the largest logit, the lowest id of equals) or
/// sampling from softmax(logits / temperature) over the `topK` largest logits
/// (0: all). The same seed gives the same choices. NaN is never chosen.
class Sampler {
public:
  Sampler(double temperature, int64_t topK, uint64_t seed)
      : temperature_(temperature), topK_(topK), random_(seed) {}

  int64_t pick(std::span<const float> logits);

private:
  double temperature_;
  int64_t topK_;
  std::mt19937_64 random_;
  std::vector<uint32_t> order_;
  std::vector<double> weights_;
};

} // namespace einfall::rt
#endif
