//===- Exponential.h - exp and its relatives in double ----------*- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_EXPONENTIAL_H
#define EINFALL_LIB_ELEMENTARY_EXPONENTIAL_H

#include "lib/Elementary/Coefficients.h"
#include "lib/Elementary/Number.h"

namespace einfall::elementary {

// ln 2 in two parts, the first of 32 bits: its product with an exponent is exact.
inline constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
inline constexpr double kLog2E = 0x1.71547652b82fep+0;

/// Within [low, high]; a NaN stays one.
template <Number V> V clamped(V x, double low, double high) {
  x = select(x < low, low, x);
  return select(x > high, high, x);
}

/// exp(r) - 1 as r + rest, for |r| up to ln 2 / 2 and a tail of r.
template <Number V> V expRest(V r, V tail) { return mad(r * r, polynomial(r, kExp64), tail); }

/// What exp reduces to: x = k ln 2 + r + tail.
template <Number V> struct Reduced {
  V r, tail;
  typename V::Bits k;
};
template <Number V> Reduced<V> reduceExp(V x, V low) {
  auto [n, k] = nearest(x * kLog2E);
  V high = x - n * kLn2High;
  V rest = n * kLn2Low - low;
  V r = high - rest;
  return {r, (high - r) - rest, k};
}

/// exp(x + low) * 2^shift for |low| far below |x|.
template <Number V> V expShifted(V x, V low, int64_t shift) {
  V inside = clamped(x, -746.0, 711.0);
  auto [r, tail, k] = reduceExp(inside, low);
  V value = 1.0 + (r + expRest(r, tail));
  return scaled(value, k + shift);
}

template <Number V> V exp(V x) { return expShifted(x, x.like(0.0), 0); }

template <Number V> V exp2(V x) {
  V inside = clamped(x, -1080.0, 1030.0);
  auto [n, k] = nearest(inside);
  V f = inside - n;
  V r = f * 0x1.62e42fefa39efp-1;
  return scaled(1.0 + (r + expRest(r, x.like(0.0))), k);
}

/// exp(x) - 1 as a pair.
template <Number V> std::pair<V, V> expm1Pair(V x) {
  auto [r, tail, k] = reduceExp(clamped(x, -50.0, 710.0), x.like(0.0));
  // (2^k - 1) + 2^k r + 2^k rest, all of it halved: 2^k may be no number.
  V half = powerOfTwo(k - int64_t(1), x);
  auto [sum, error] = exactSumOrdered(half - 0.5, half * r);
  auto [value, low] = exactSumOrdered(sum, error + half * expRest(r, tail));
  return {value + value, low + low};
}

template <Number V> V expm1(V x) { return select(fabs(x) < 0x1p-54, x, expm1Pair(x).first); }

/// (a + aLow) / (b + bLow), rounded about once.
template <Number V> V quotient(V a, V aLow, V b, V bLow) {
  V q = a / b;
  auto [back, backLow] = exactProduct(q, b);
  return q + ((((a - back) - backLow) + aLow) - q * bLow) / b;
}

template <Number V> V cosh(V x) {
  V half = expShifted(fabs(x), x.like(0.0), -1);
  return half + 0.25 / half;
}

template <Number V> V sinh(V x) {
  V a = fabs(x);
  V half = expShifted(a, x.like(0.0), -1);
  auto [t, low] = expm1Pair(select(a < 1.0, a, 0.0));
  V near = 0.5 * (t + (t / (t + 1.0) + low));
  V value = select(a < 1.0, near, half - 0.25 / half);
  return withSignOf(select(a < 0x1p-28, a, value), x);
}

template <Number V> V tanh(V x) {
  V a = fabs(x);
  auto [t, low] = expm1Pair(2.0 * clamped(a, 0.0, 22.0));
  V far = 1.0 - 2.0 / (t + 2.0);
  auto [down, downLow] = exactSum(t, t.like(2.0));
  V value = select(a < 1.0, quotient(t, low, down, downLow + low), far);
  return withSignOf(select(a < 0x1p-28, a, value), x);
}

} // namespace einfall::elementary

#endif
