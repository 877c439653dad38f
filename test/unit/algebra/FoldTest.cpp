//===- FoldTest.cpp - One fold from several reductions ----------------------===//
//
// Each cascade runs three ways: reduction by reduction, as one walk, and as a
// random tree of merges of random pieces, empty ones among them.
//
//===----------------------------------------------------------------------===//
#include "lib/Algebra/Fold.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace einfall::algebra;

namespace {

constexpr double infinity = HUGE_VAL;

struct FoldTest : testing::Test {
  Terms t;
  Expr x = t.variable("x", onElement), v = t.variable("v", onElement);
  Expr c = t.variable("c", onElement), r = t.variable("r", onRow);
  Expr extent = t.variable("extent", onRow);
  std::vector<Reduction> reductions;
  using Data = std::vector<std::array<double, 3>>; // x, v, c
  using State = std::vector<double>;
  double row = 0.75;
  Expr a = t.variable("a", onRow), b = t.variable("b", onRow);
  llvm::DenseMap<Expr, Expr> left, right; // a state before, on either side of a merge

  Expr reduce(Monoid monoid, Expr body) {
    Expr value = t.variable("r" + std::to_string(reductions.size()), onState);
    reductions.push_back({monoid, body, value});
    return value;
  }
  FoldPlan derive() {
    return deriveFold(t, reductions, extent, [](Expr) { return Interval{}; });
  }

  std::vector<double> environment(const Data &data) {
    std::vector<double> at(4096, 0);
    at[r->symbol] = row;
    at[extent->symbol] = data.size();
    return at;
  }
  static void bind(std::vector<double> &at, const Expr (&vars)[3],
                   const std::array<double, 3> &element) {
    for (int i = 0; i < 3; ++i)
      at[vars[i]->symbol] = element[i];
  }
  std::vector<double> direct(const Data &data) {
    std::vector<double> at = environment(data), values;
    for (const Reduction &reduction : reductions) {
      double total = *factsOf(reduction.monoid).identity;
      Expr joined = combine(t, reduction.monoid, a, b);
      for (auto &element : data) {
        bind(at, {x, v, c}, element);
        at[b->symbol] = evaluate(reduction.body, at);
        at[a->symbol] = total;
        total = evaluate(joined, at);
      }
      at[reduction.value->symbol] = total;
      values.push_back(total);
    }
    return values;
  }
  State start(const FoldPlan &plan) {
    State state;
    for (auto &component : plan.components)
      state.push_back(*factsOf(component.monoid).identity);
    return state;
  }
  void step(const FoldPlan &plan, std::vector<double> &at, State &state) {
    for (size_t i = 0; i < state.size(); ++i)
      at[plan.components[i].before->symbol] = state[i];
    for (size_t i = 0; i < state.size(); ++i)
      at[plan.components[i].now->symbol] = state[i] =
          evaluate(plan.stepped(t, plan.components[i]), at);
  }
  State walk(const FoldPlan &plan, const Data &data, size_t from, size_t to) {
    std::vector<double> at = environment(data);
    State state = start(plan);
    for (size_t i = from; i < to; ++i) {
      bind(at, {x, v, c}, data[i]);
      step(plan, at, state);
    }
    return state;
  }
  State merge(const FoldPlan &plan, const Data &data, const State &l, const State &r) {
    std::vector<double> at = environment(data);
    State state;
    for (size_t k = 0; k < l.size(); ++k) {
      Expr before = plan.components[k].before;
      if (!left.count(before)) {
        left[before] = t.variable("", onState);
        right[before] = t.variable("", onState);
      }
      at[left[before]->symbol] = l[k];
      at[right[before]->symbol] = r[k];
    }
    for (const Component &component : plan.components) {
      Expr joined = plan.merged(
          t, component, [&](Expr e) { return left.lookup(e); },
          [&](Expr e) { return right.lookup(e); });
      state.push_back(at[component.now->symbol] = evaluate(joined, at));
    }
    return state;
  }
  std::vector<double> finish(const FoldPlan &plan, const Data &data, const State &state) {
    std::vector<double> at = environment(data), values;
    for (size_t i = 0; i < state.size(); ++i)
      at[plan.components[i].now->symbol] = state[i];
    for (Expr value : plan.values)
      values.push_back(evaluate(value, at));
    return values;
  }
  void expectClose(const std::vector<double> &got, const std::vector<double> &expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      if (std::isnan(expected[i]) || std::isinf(expected[i]))
        EXPECT_TRUE(std::isnan(got[i]) || got[i] == expected[i]) << i << ": " << got[i];
      else
        EXPECT_NEAR(got[i], expected[i], 1e-9 * std::max(1.0, std::fabs(expected[i]))) << i;
    }
  }
  State tree(const FoldPlan &plan, const Data &data, size_t from, size_t to, std::mt19937 &random) {
    if (random() % 3 == 0 && to - from < 4)
      return walk(plan, data, from, to);
    if (from == to)
      return start(plan);
    if (to - from == 1)
      return walk(plan, data, from, to);
    size_t middle = from + random() % (to - from + 1);
    if (middle == from || middle == to)
      return merge(plan, data, start(plan), walk(plan, data, from, to));
    return merge(plan, data, tree(plan, data, from, middle, random),
                 tree(plan, data, middle, to, random));
  }
  void check(double shift = 0, double spread = 3, bool masks = false) {
    FoldPlan plan = derive();
    ASSERT_TRUE(plan) << plan.refusal;
    std::mt19937 random(11);
    std::normal_distribution<> normal;
    for (size_t length : {1, 2, 3, 7, 16, 61}) {
      Data data;
      for (size_t i = 0; i < length; ++i) {
        bool masked = masks && (i < length / 2 || random() % 4 == 0);
        data.push_back({masked ? -infinity : shift + spread * normal(random), normal(random),
                        double(random() % 2)});
      }
      std::vector<double> expected = direct(data);
      expectClose(finish(plan, data, walk(plan, data, 0, length)), expected);
      for (int i = 0; i < 20; ++i)
        expectClose(finish(plan, data, tree(plan, data, 0, length, random)), expected);
    }
  }
};

TEST_F(FoldTest, RunningMaximumAndSum) {
  Expr m = reduce(Monoid::max, x);
  Expr z = reduce(Monoid::add, t.exp(t.sub(x, m)));
  reduce(Monoid::add, t.mul(t.div(t.exp(t.sub(x, m)), z), v));
  check();
  check(700); // exp(x) alone overflows
  check(0, 3, /*masks=*/true);
  check(-700, 100);
}

TEST_F(FoldTest, SelectsInsideAndOutside) {
  Expr masked = t.select(c, x, t.constant(-infinity));
  Expr m = reduce(Monoid::max, masked);
  Expr p = t.select(c, t.exp(t.sub(x, m)), t.constant(0));
  Expr z = reduce(Monoid::add, p);
  reduce(Monoid::add, t.div(t.mul(p, v), z));
  check(300);
}

TEST_F(FoldTest, SinkInTheMaximum) {
  Expr m = reduce(Monoid::max, x);
  Expr top = t.max(m, r);
  Expr z = reduce(Monoid::add, t.exp(t.sub(x, top)));
  reduce(Monoid::add, t.div(t.mul(t.exp(t.sub(x, top)), v), t.add(z, t.exp(t.sub(r, top)))));
  check();
}

TEST_F(FoldTest, Entropy) {
  Expr m = reduce(Monoid::max, x);
  Expr z = reduce(Monoid::add, t.exp(t.sub(x, m)));
  Expr logp = t.sub(t.sub(x, m), t.log(z));
  reduce(Monoid::add, t.mul(t.exp(logp), logp));
  check(500);
}

TEST_F(FoldTest, SoftTargets) {
  Expr m = reduce(Monoid::max, x);
  Expr z = reduce(Monoid::add, t.exp(t.sub(x, m)));
  reduce(Monoid::add, t.mul(v, t.sub(x, t.add(m, t.log(z)))));
  check(400);
}

TEST_F(FoldTest, VarianceKeepsCountMeanAndSquares) {
  Expr s = reduce(Monoid::add, x);
  Expr mean = t.div(s, extent);
  Expr q = reduce(Monoid::add, t.pow(t.sub(x, mean), 2));
  FoldPlan plan = derive();
  ASSERT_TRUE(plan) << plan.refusal;
  EXPECT_EQ(plan.components.size(), 3u);
  check(1e6, 1); // the raw sum of squares keeps 4 digits of it
  reduce(Monoid::add, t.mul(t.mul(t.sub(x, mean), t.pow(t.add(q, t.constant(1)), -0.5)), v));
  check(1e3, 1);
}

TEST_F(FoldTest, HigherMoments) {
  Expr mean = t.div(reduce(Monoid::add, x), extent);
  reduce(Monoid::add, t.pow(t.sub(x, mean), 3));
  reduce(Monoid::add, t.pow(t.sub(x, mean), 4));
  check(10, 1);
}

TEST_F(FoldTest, ConstantExtent) {
  extent = t.constant(5);
  Expr mean = t.scale(float(1) / 5, reduce(Monoid::add, x));
  reduce(Monoid::add, t.pow(t.sub(x, mean), 2));
  FoldPlan plan = derive();
  EXPECT_TRUE(plan) << plan.refusal;
}

TEST_F(FoldTest, MaximaThroughMonotoneFunctions) {
  Expr m = reduce(Monoid::max, x);
  Expr z = reduce(Monoid::add, t.exp(t.sub(x, m)));
  reduce(Monoid::max, t.div(t.exp(t.sub(x, m)), z));
  FoldPlan plan = derive();
  ASSERT_TRUE(plan) << plan.refusal;
  plan.keepOnly({2});
  EXPECT_EQ(plan.components.size(), 2u);
  check(200);
}

TEST_F(FoldTest, BoundedExponentsNeedNoMaximum) {
  Expr score = t.scale(20, t.apply(fnTanh, {x}));
  Expr s = reduce(Monoid::add, score);
  reduce(Monoid::add, t.exp(t.sub(score, t.scale(1e-3, s))));
  check();
}

TEST_F(FoldTest, RefusesWhatIsNotSafe) {
  Expr s = reduce(Monoid::add, x);
  reduce(Monoid::add, t.exp(t.sub(x, s)));
  EXPECT_NE(derive().refusal.find("no maximum of 'x'"), std::string::npos) << derive().refusal;
  reductions.pop_back();
  reduce(Monoid::add, t.pow(t.sub(x, s), 2));
  EXPECT_NE(derive().refusal.find("may cancel"), std::string::npos) << derive().refusal;
  reductions.pop_back();
  reduce(Monoid::add, t.exp(t.mul(x, s)));
  EXPECT_NE(derive().refusal.find("multiplies an element"), std::string::npos);
  reductions.pop_back();
  reduce(Monoid::add, t.apply(fnTanh, {t.sub(x, s)}));
  EXPECT_NE(derive().refusal.find("no factor of the element"), std::string::npos);
  reductions.pop_back();
  reduce(Monoid::max, t.mul(x, s));
  EXPECT_FALSE(derive());
  reductions.pop_back();
  reduce(Monoid::mul, t.mul(x, s));
  EXPECT_FALSE(derive());
}

TEST_F(FoldTest, RowMaskedThroughoutIsWhatTheProgramSays) {
  Expr m = reduce(Monoid::max, x);
  Expr z = reduce(Monoid::add, t.exp(t.sub(x, m)));
  FoldPlan plan = derive();
  Data data(5, {-infinity, 1, 0});
  EXPECT_TRUE(std::isnan(direct(data)[1]));
  EXPECT_TRUE(std::isnan(finish(plan, data, walk(plan, data, 0, 5))[1]));
  data[3][0] = infinity;
  EXPECT_TRUE(std::isnan(finish(plan, data, walk(plan, data, 0, 5))[1]));
  (void)z;
}

} // namespace
