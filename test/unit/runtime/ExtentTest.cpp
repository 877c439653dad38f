#include "einfall/extent.h"

#include <gtest/gtest.h>
#include <random>

using namespace einfall::rt;

static const std::vector<std::string> kNames = {"t", "s"};

static Extent op(ExtentOp::Kind kind, const Extent &a, const Extent &b) {
  return Extent::binary(kind, a, b);
}

TEST(Extent, EvaluatesAndPrints) {
  Extent t = Extent::symbol(0), s = Extent::symbol(1), k = Extent::constant(128);
  int64_t values[] = {300, 7};
  Extent e = op(ExtentOp::CeilDiv, op(ExtentOp::Sub, t, s), k);
  EXPECT_EQ(evaluate(e, values), 3);
  EXPECT_EQ(toString(e, kNames), "(t - s) ceildiv 128");
  int64_t negative[] = {-7, 2};
  EXPECT_EQ(evaluate(op(ExtentOp::FloorDiv, t, s), negative), -4);
  EXPECT_EQ(evaluate(op(ExtentOp::CeilDiv, t, s), negative), -3);
  EXPECT_EQ(evaluate(op(ExtentOp::Mod, t, s), negative), 1);
  EXPECT_EQ(evaluate(op(ExtentOp::Max, t, s), negative), 2);
}

TEST(Extent, OverflowAndZeroDivisorGiveNothing) {
  Extent t = Extent::symbol(0), s = Extent::symbol(1);
  int64_t values[] = {INT64_MAX, 0};
  EXPECT_FALSE(evaluate(op(ExtentOp::Mul, t, t), values));
  EXPECT_FALSE(evaluate(op(ExtentOp::Add, t, t), values));
  EXPECT_FALSE(evaluate(op(ExtentOp::FloorDiv, t, s), values));
}

TEST(Extent, MalformedProgramsAreFound) {
  EXPECT_FALSE(isWellFormed({}, 1));
  EXPECT_FALSE(isWellFormed({{{ExtentOp::Add, 0}}}, 1));
  EXPECT_FALSE(isWellFormed(Extent::symbol(1), 1));
  EXPECT_FALSE(isWellFormed({{{ExtentOp::Const, 1}, {ExtentOp::Const, 1}}}, 1));
  EXPECT_FALSE(isWellFormed({std::vector<ExtentOp>(65, ExtentOp{ExtentOp::Const, 1})}, 1));
  EXPECT_TRUE(isWellFormed(Extent::symbol(0), 1));
}

TEST(Extent, IntervalsHoldAllValues) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<Extent> stack;
    for (int i = 0; i < 4; ++i)
      stack.push_back(random() % 2 ? Extent::symbol(random() % 2)
                                   : Extent::constant(int(random() % 9) - 2));
    while (stack.size() > 1) {
      Extent rhs = stack.back();
      stack.pop_back();
      stack.back() = op(ExtentOp::Kind(ExtentOp::Add + random() % 8), stack.back(), rhs);
    }
    ASSERT_TRUE(isWellFormed(stack[0], 2));
    Interval ranges[] = {{0, 6}, {0, 5}};
    auto range = evaluate(stack[0], ranges);
    for (int64_t t = 0; t <= 6; ++t)
      for (int64_t s = 0; s <= 5; ++s) {
        int64_t values[] = {t, s};
        auto value = evaluate(stack[0], values);
        if (!value || !range)
          continue;
        EXPECT_LE(range->lo, *value) << toString(stack[0], kNames);
        EXPECT_GE(range->hi, *value) << toString(stack[0], kNames);
      }
  }
}
