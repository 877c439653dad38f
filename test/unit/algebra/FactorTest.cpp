//===- FactorTest.cpp - Splitting along a reduction -------------------------===//
#include "lib/Algebra/Factor.h"
#include <gtest/gtest.h>

using namespace einfall::algebra;

namespace {

struct FactorTest : testing::Test {
  Terms t;
  Expr x = t.variable("x", onElement), v = t.variable("v", onElement);
  Expr r = t.variable("r", onRow), c = t.variable("c", onElement);

  Factorisation split(Monoid monoid, Expr e) {
    return factor(t, monoid, e, onElement, [](Expr) { return Interval{}; });
  }
};

TEST_F(FactorTest, QuotientsLeaveSums) {
  Factorisation f = split(Monoid::add, t.mul(t.div(x, r), v));
  EXPECT_EQ(f.inner, t.mul(x, v));
  EXPECT_EQ(f.outer, t.pow(r, -1));
}

TEST_F(FactorTest, SelectsKeepTheirFactor) {
  Factorisation f = split(Monoid::add, t.select(c, t.mul(x, r), t.constant(0)));
  EXPECT_EQ(f.inner, t.select(c, x, t.constant(0)));
  EXPECT_EQ(f.outer, r);
  EXPECT_TRUE(split(Monoid::add, t.select(c, t.mul(x, r), v)).isTrivial());
}

TEST_F(FactorTest, AddendsLeaveMaxima) {
  for (Monoid monoid : {Monoid::max, Monoid::min, Monoid::logaddexp}) {
    Factorisation f = split(monoid, t.sub(x, r));
    EXPECT_EQ(f.inner, x);
    EXPECT_EQ(f.outer, t.scale(-1, r));
    EXPECT_EQ(f.times, Times::add);
  }
}

TEST_F(FactorTest, MaximaNeedFactorsOfKnownSign) {
  EXPECT_TRUE(split(Monoid::max, t.mul(x, r)).isTrivial());
  EXPECT_EQ(split(Monoid::max, t.mul(x, t.exp(r))).outer, t.exp(r));
}

TEST_F(FactorTest, ExponentialsStayWhole) {
  EXPECT_TRUE(split(Monoid::add, t.exp(t.sub(x, r))).isTrivial());
  EXPECT_TRUE(split(Monoid::add, t.pow(t.sub(x, r), 2)).isTrivial());
  EXPECT_TRUE(split(Monoid::mul, t.mul(x, r)).isTrivial());
}

} // namespace
