#include "core/Generator.h"
#include "TestPackage.h"
#include "core/Sampler.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace einfall;
using namespace einfall::rt;

namespace {

/// What the toy model generates: each token is the sum so far, modulo 7.
std::vector<int64_t> reference(std::vector<int64_t> row, int64_t n, bool eos) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < n; ++i) {
    int64_t sum = 0;
    for (int64_t id : row)
      sum += id;
    out.push_back(sum % 7);
    row.push_back(sum % 7);
    if (eos && out.back() >= 5)
      break;
  }
  return out;
}

} // namespace

TEST(Generator, RowsOfDifferentLengthsInChunks) {
  auto package = test::openToy();
  TokenRows prompts = {{1, 2, 3, 4, 1}, {2}, {3, 3, 1}};
  for (int64_t chunk : {1, 2, 3, 5, 64})
    for (bool ignoreEos : {true, false}) {
      auto session = openLmSession(package, 3, 20, chunk);
      ASSERT_TRUE(session.ok()) << session.status().message();
      GenerateOptions options;
      options.maxNewTokens = 10;
      options.ignoreEos = ignoreEos;
      TokenRows out;
      GenerateStats stats;
      for (int twice = 0; twice < 2; ++twice) {
        Status status = generate(**session, prompts, options, out, stats);
        ASSERT_TRUE(status.ok()) << status.message();
        for (size_t row = 0; row < 3; ++row)
          EXPECT_EQ(out[row], reference(prompts[row], 10, !ignoreEos));
      }
      EXPECT_EQ(stats.promptTokens, 9);
    }
}

TEST(Generator, OverflowAndStopAreReported) {
  auto session = openLmSession(test::openToy(), 1, 6, 4);
  ASSERT_TRUE(session.ok());
  GenerateOptions options;
  options.maxNewTokens = 5;
  TokenRows out;
  GenerateStats stats;
  Status status = generate(**session, {{1, 2, 3}}, options, out, stats);
  EXPECT_EQ(status.code(), StatusCode::OutOfBounds);
  EXPECT_NE(status.message().find("context c = 6"), std::string::npos);
  options.maxNewTokens = 4;
  options.onToken = [](int64_t, int64_t index, int64_t) { return index < 1; };
  options.ignoreEos = true;
  status = generate(**session, {{1, 2, 3}}, options, out, stats);
  EXPECT_EQ(status.code(), StatusCode::Stopped);
  EXPECT_EQ(out[0].size(), 2u);
  EXPECT_NE(generate(**session, {{9}}, options, out, stats).message().find("input 'ids' is 9"),
            std::string::npos);
  EXPECT_FALSE(generate(**session, {{}}, options, out, stats).ok());
  EXPECT_FALSE(generate(**session, {}, options, out, stats).ok());
}

TEST(Sampler, GreedyTakesTheFirstLargest) {
  float logits[] = {1, NAN, 3, 3};
  EXPECT_EQ(Sampler(0, 0, 0).pick(logits), 2);
}

TEST(Sampler, TopKAndSeed) {
  float logits[] = {0, 5, 4, -INFINITY, 1};
  Sampler a(1, 2, 7), b(1, 2, 7);
  int counts[5] = {};
  for (int i = 0; i < 4000; ++i) {
    int64_t id = a.pick(logits);
    EXPECT_EQ(id, b.pick(logits));
    ++counts[id];
  }
  EXPECT_EQ(counts[0] + counts[3] + counts[4], 0);
  EXPECT_NEAR(counts[1] / 4000.0, 1 / (1 + std::exp(-1.0)), 0.03);
}
