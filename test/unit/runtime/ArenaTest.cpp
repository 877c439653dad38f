#include "core/Arena.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace einfall::rt;

TEST(Arena, RandomIntervalsNeverOverlap) {
  std::mt19937 random(1);
  double ratios = 0;
  constexpr int kTrials = 300;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<ArenaRequest> requests(1 + random() % 60);
    for (ArenaRequest &r : requests) {
      r.bytes = random() % 5 == 0 ? 0 : 1 + random() % 5000;
      r.first = random() % 50;
      r.last = r.first + random() % 8;
    }
    auto plan = planArena(requests);
    ASSERT_TRUE(plan);
    uint64_t lower = 0;
    for (uint32_t step = 0; step < 60; ++step) {
      uint64_t alive = 0;
      for (const ArenaRequest &r : requests)
        if (r.first <= step && step <= r.last)
          alive += (r.bytes + 63) / 64 * 64;
      lower = std::max(lower, alive);
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      ASSERT_EQ(plan->offsets[i] % 64, 0u);
      ASSERT_LE(plan->offsets[i] + requests[i].bytes, plan->bytes);
      for (size_t j = 0; j < i; ++j) {
        bool together =
            requests[i].first <= requests[j].last && requests[j].first <= requests[i].last;
        bool apart = plan->offsets[i] + requests[i].bytes <= plan->offsets[j] ||
                     plan->offsets[j] + requests[j].bytes <= plan->offsets[i] ||
                     requests[i].bytes == 0 || requests[j].bytes == 0;
        ASSERT_TRUE(!together || apart);
      }
    }
    ASSERT_GE(plan->bytes, lower);
    ratios += lower ? double(plan->bytes) / double(lower) : 1;
  }
  EXPECT_LT(ratios / kTrials, 1.10);
}

TEST(Arena, OverflowIsRefused) {
  ArenaRequest huge[] = {{UINT64_MAX - 3, 0, 1}};
  EXPECT_FALSE(planArena(huge));
  ArenaRequest sum[] = {{uint64_t(1) << 60, 0, 1}, {uint64_t(1) << 60, 0, 1}};
  EXPECT_FALSE(planArena(sum));
}
