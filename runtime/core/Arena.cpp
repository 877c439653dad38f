//===- Arena.cpp - Places temporaries in one block of memory --------------===//
#include "Arena.h"

#include <algorithm>
#include <numeric>

namespace einfall::rt {
namespace {

constexpr uint64_t kAlign = 64;
constexpr uint64_t kLimit = uint64_t(1) << 60;

struct Span {
  uint64_t begin, end;
};

bool together(const ArenaRequest &a, const ArenaRequest &b) {
  return a.first <= b.last && b.first <= a.last;
}

/// The offset of the tightest gap of at least `bytes` between `taken` (sorted
/// by begin), or the end of the last.
uint64_t bestFit(std::span<const Span> taken, uint64_t bytes) {
  uint64_t at = 0, best = 0, bestGap = UINT64_MAX;
  for (const Span &span : taken) {
    if (span.begin > at) {
      uint64_t gap = span.begin - at;
      if (gap >= bytes && gap < bestGap) {
        bestGap = gap;
        best = at;
      }
    }
    at = std::max(at, span.end);
  }
  return bestGap == UINT64_MAX ? at : best;
}

} // namespace

std::optional<ArenaPlan> planArena(std::span<const ArenaRequest> requests) {
  ArenaPlan plan;
  plan.offsets.assign(requests.size(), 0);
  std::vector<uint32_t> order(requests.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return requests[a].bytes != requests[b].bytes ? requests[a].bytes > requests[b].bytes : a < b;
  });
  std::vector<uint32_t> placed;
  std::vector<Span> taken;
  for (uint32_t index : order) {
    const ArenaRequest &request = requests[index];
    if (request.bytes > kLimit)
      return std::nullopt;
    uint64_t bytes = (request.bytes + kAlign - 1) / kAlign * kAlign;
    taken.clear();
    for (uint32_t other : placed)
      if (together(request, requests[other]))
        taken.push_back({plan.offsets[other], plan.offsets[other] + requests[other].bytes});
    for (Span &span : taken)
      span.end = (span.end + kAlign - 1) / kAlign * kAlign;
    std::sort(taken.begin(), taken.end(),
              [](const Span &a, const Span &b) { return a.begin < b.begin; });
    plan.offsets[index] = bestFit(taken, bytes);
    plan.bytes = std::max(plan.bytes, plan.offsets[index] + bytes);
    if (plan.bytes > kLimit)
      return std::nullopt;
    placed.push_back(index);
  }
  return plan;
}

} // namespace einfall::rt
