//===- ExprTest.cpp - The normal form --------------------------------------===//
#include "lib/Algebra/Monoid.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace einfall::algebra;

namespace {

struct ExprTest : testing::Test {
  Terms t;
  Expr x = t.variable("x", onElement), y = t.variable("y", onElement), s = t.variable("s", onState);
};

TEST_F(ExprTest, EqualExpressionsAreOne) {
  EXPECT_EQ(t.add(x, y), t.add(y, x));
  EXPECT_EQ(t.div(x, y), t.mul(t.pow(y, -1), x));
  EXPECT_EQ(t.sub(t.add(x, y), y), x);
  EXPECT_EQ(t.mul(t.exp(x), t.exp(y)), t.exp(t.add(x, y)));
  EXPECT_EQ(t.div(t.exp(x), t.exp(s)), t.exp(t.sub(x, s)));
  EXPECT_EQ(t.exp(t.sub(x, t.log(s))), t.div(t.exp(x), s));
  EXPECT_EQ(t.log(t.mul(s, t.exp(x))), t.add(t.log(s), x));
  EXPECT_EQ(t.mul(t.pow(x, 2), t.pow(x, -2)), t.constant(1));
  EXPECT_EQ(t.scale(2, t.add(x, y)), t.add(t.scale(2, x), t.scale(2, y)));
  EXPECT_EQ(t.max(x, y), t.max(y, x));
  EXPECT_NE(t.pow(t.sub(x, s), 2), t.pow(t.sub(s, x), 3));
}

TEST_F(ExprTest, KnowsWhatItDependsOn) {
  EXPECT_EQ(t.mul(x, s)->depends, onElement | onState);
  EXPECT_EQ(t.constant(3)->depends, 0);
  EXPECT_EQ(t.sub(s, s)->depends, 0);
}

TEST_F(ExprTest, RootsOfSquaresAreNotTheirBase) {
  EXPECT_NE(t.pow(t.mul(t.pow(x, 2), t.pow(y, 2)), 0.5), t.mul(x, y));
}

TEST_F(ExprTest, Prints) {
  EXPECT_EQ(t.str(t.sub(x, s)), "x - s");
  EXPECT_EQ(t.str(t.div(t.exp(t.scale(0.5, x)), s)), "s^-1 * exp(0.5 * x)");
}

/// Random expressions have the value that their parts have.
TEST_F(ExprTest, KeepsValues) {
  std::mt19937 random(7);
  auto number = [&] { return std::uniform_real_distribution<>(0.3, 2)(random); };
  for (int round = 0; round < 300; ++round) {
    std::vector<double> at = {number(), number(), number()};
    std::vector<std::pair<Expr, double>> pool = {{x, at[0]}, {y, at[1]}, {s, at[2]}};
    for (int step = 0; step < 12; ++step) {
      auto pick = [&] { return pool[random() % pool.size()]; };
      auto [a, va] = pick();
      auto [b, vb] = pick();
      std::pair<Expr, double> made;
      switch (random() % 6) {
      case 0:
        made = {t.add(a, b), va + vb};
        break;
      case 1:
        made = {t.mul(a, b), va * vb};
        break;
      case 2:
        made = {t.div(a, b), va / vb};
        break;
      case 3:
        made = {t.exp(a), std::exp(va)};
        break;
      case 4:
        made = {t.log(a), std::log(va)};
        break;
      default:
        made = {t.sub(a, t.scale(3, b)), va - 3 * vb};
        break;
      }
      if (std::isfinite(made.second) && std::fabs(made.second) < 1e3 &&
          std::fabs(made.second) > 1e-3)
        pool.push_back(made);
    }
    for (auto [e, value] : pool)
      EXPECT_NEAR(evaluate(e, at), value, 1e-7 * std::max(1.0, std::fabs(value))) << t.str(e);
  }
}

TEST(Monoids, IdentitiesAndDistribution) {
  for (Monoid monoid : {Monoid::add, Monoid::mul, Monoid::max, Monoid::min, Monoid::logaddexp}) {
    Terms t;
    Expr a = t.variable("a", onRow), b = t.variable("b", onRow), c = t.variable("c", onRow);
    Expr joined = combine(t, monoid, a, b);
    double zero = *factsOf(monoid).identity;
    for (double v : {-1.5, 0.25, 3.0}) {
      EXPECT_NEAR(evaluate(joined, std::vector{v, zero}), v, 1e-12);
      EXPECT_NEAR(evaluate(joined, std::vector{zero, v}), v, 1e-12);
    }
    std::vector<double> at = {0.5, -2, 1.25};
    for (Times times : {Times::mul, Times::add}) {
      auto apply = [&](Expr l, Expr r) { return times == Times::mul ? t.mul(l, r) : t.add(l, r); };
      Expr outside = apply(c, joined), inside = combine(t, monoid, apply(c, a), apply(c, b));
      if (distributes(times, monoid, true)) {
        EXPECT_NEAR(evaluate(outside, at), evaluate(inside, at), 1e-12)
            << factsOf(monoid).name.str();
      }
      at[2] = -1.25;
      if (distributes(times, monoid)) {
        EXPECT_NEAR(evaluate(outside, at), evaluate(inside, at), 1e-12)
            << factsOf(monoid).name.str();
      }
      at[2] = 1.25;
    }
  }
}

} // namespace
