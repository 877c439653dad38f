//===- RangeTest.cpp - Intervals --------------------------------------------===//
#include "lib/Algebra/Range.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace einfall::algebra;

namespace {

TEST(Range, HoldsEveryValue) {
  Terms t;
  Expr x = t.variable("x", onElement), y = t.variable("y", onElement);
  Expr samples[] = {
      t.add(x, t.scale(-2, y)),
      t.mul(x, y),
      t.pow(x, 2),
      t.pow(x, 3),
      t.div(x, t.exp(y)),
      t.exp(t.sub(x, y)),
      t.max(x, y),
      t.min(t.pow(x, 2), y),
      t.apply(fnAbs, {x}),
      t.apply(fnTanh, {t.mul(x, y)}),
      t.select(x, y, t.constant(4)),
      t.pow(t.add(t.pow(x, 2), t.constant(1)), -0.5),
  };
  std::mt19937 random(3);
  for (auto [low, high] : {std::pair(-1.0, 2.0), std::pair(0.5, 3.0), std::pair(-4.0, -0.25)}) {
    auto ofLeaf = [&](Expr) { return Interval{low, high}; };
    std::uniform_real_distribution<> number(low, high);
    for (Expr e : samples) {
      Interval range = rangeOf(e, ofLeaf);
      for (int i = 0; i < 200; ++i) {
        double value = evaluate(e, std::vector{number(random), number(random)});
        EXPECT_LE(range.low, value + 1e-9) << t.str(e);
        EXPECT_GE(range.high, value - 1e-9) << t.str(e);
      }
    }
  }
}

TEST(Range, IsTightWhereItMatters) {
  Terms t;
  Expr x = t.variable("x", onElement);
  auto all = [](Expr) { return Interval{}; };
  EXPECT_EQ(rangeOf(t.exp(x), all).low, 0);
  EXPECT_EQ(rangeOf(t.pow(x, 2), all).low, 0);
  EXPECT_EQ(rangeOf(t.scale(30, t.apply(fnTanh, {x})), all).high, 30);
  EXPECT_EQ(rangeOf(t.sub(x, x), all).high, 0);
}

} // namespace
