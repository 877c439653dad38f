//===- Range.cpp - Between which numbers a value lies ---------------------===//
#include "lib/Algebra/Range.h"
#include <algorithm>
#include <cmath>

namespace einfall::algebra {

/// a * b where an infinite bound times 0 is 0: a bound is a limit, no value.
static double timesBound(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

static Interval multiply(Interval a, Interval b) {
  double corners[] = {timesBound(a.low, b.low), timesBound(a.low, b.high),
                      timesBound(a.high, b.low), timesBound(a.high, b.high)};
  auto [low, high] = std::minmax_element(std::begin(corners), std::end(corners));
  return {*low, *high};
}

static Interval power(Interval base, double p) {
  if (p == 1)
    return base;
  if (p < 0) {
    Interval positive = power(base, -p);
    // 1 / x jumps at 0.
    if (positive.low < 0 && positive.high > 0)
      return {};
    if (positive.low >= 0)
      return {1 / positive.high, positive.low == 0 ? HUGE_VAL : 1 / positive.low};
    return {positive.high == 0 ? -HUGE_VAL : 1 / positive.high, 1 / positive.low};
  }
  bool even = std::fmod(p, 2) == 0, odd = std::fmod(p, 2) == 1;
  if (odd)
    return {std::pow(base.low, p), std::pow(base.high, p)};
  if (!even) // a root: of what is not negative
    return {std::pow(std::max(base.low, 0.0), p), std::pow(std::max(base.high, 0.0), p)};
  double a = std::pow(base.low, p), b = std::pow(base.high, p);
  bool crosses = base.low < 0 && base.high > 0;
  return {crosses ? 0 : std::min(a, b), std::max(a, b)};
}

static Interval rangeOfApply(Expr e, LeafRange ofLeaf) {
  if (e->symbol >= firstOpaque)
    return ofLeaf(e);
  Interval first = rangeOf(e->operand(e->symbol == fnSelect ? 1 : 0), ofLeaf), second;
  if (e->symbol == fnMax || e->symbol == fnMin || e->symbol == fnSelect)
    second = rangeOf(e->operand(e->symbol == fnSelect ? 2 : 1), ofLeaf);
  switch (e->symbol) {
  case fnMax:
    return {std::max(first.low, second.low), std::max(first.high, second.high)};
  case fnMin:
    return {std::min(first.low, second.low), std::min(first.high, second.high)};
  case fnSelect:
    return {std::min(first.low, second.low), std::max(first.high, second.high)};
  case fnAbs: {
    double a = std::fabs(first.low), b = std::fabs(first.high);
    return {first.low <= 0 && first.high >= 0 ? 0 : std::min(a, b), std::max(a, b)};
  }
  case fnTanh:
    return {std::tanh(first.low), std::tanh(first.high)};
  case fnSome:
    first = rangeOf(e->operand(1), ofLeaf);
    [[fallthrough]];
  case fnSettle:
    return {std::min(first.low, 0.0), std::max(first.high, 0.0)};
  default: // fnRelocate
    return {0, HUGE_VAL};
  }
}

Interval rangeOf(Expr e, LeafRange ofLeaf) {
  switch (e->kind) {
  case Kind::constant:
    return {e->value, e->value};
  case Kind::variable:
    return ofLeaf(e);
  case Kind::sum: {
    Interval total{e->value, e->value};
    for (auto [weight, term] : e->args) {
      Interval part = multiply({weight, weight}, rangeOf(term, ofLeaf));
      total.low += part.low;
      total.high += part.high;
    }
    return {std::isnan(total.low) ? -HUGE_VAL : total.low,
            std::isnan(total.high) ? HUGE_VAL : total.high};
  }
  case Kind::product: {
    Interval total{1, 1};
    for (auto [exponent, base] : e->args)
      total = multiply(total, power(rangeOf(base, ofLeaf), exponent));
    return total;
  }
  case Kind::exp: {
    Interval inner = rangeOf(e->operand(), ofLeaf);
    return {std::exp(inner.low), std::exp(inner.high)};
  }
  case Kind::log: {
    Interval inner = rangeOf(e->operand(), ofLeaf);
    return {std::log(std::max(inner.low, 0.0)), std::log(std::max(inner.high, 0.0))};
  }
  case Kind::apply:
    return rangeOfApply(e, ofLeaf);
  }
  return {};
}

} // namespace einfall::algebra
