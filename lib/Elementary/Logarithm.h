//===- Logarithm.h - log and its relatives in double ------------*- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_LOGARITHM_H
#define EINFALL_LIB_ELEMENTARY_LOGARITHM_H

#include "lib/Elementary/Exponential.h"

namespace einfall::elementary {

/// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive x.
template <Number V> struct Split {
  V f, n; // n is k as a number
  typename V::Bits k;
};
template <Number V> Split<V> splitLog(V x) {
  auto tiny = x < 0x1p-1022;
  auto bits = bitsOf(select(tiny, x * 0x1p54, x));
  auto k = (bits - int64_t(0x3FE6A09E667F3BCD)) >> int64_t(52);
  V m = realOf(bits - (k << int64_t(52)), x);
  auto whole = select(tiny, k - int64_t(54), k);
  return {m - 1.0, number(whole, x), whole};
}

/// log(1 + f) = f - (half - s (half + rest)): the parts.
template <Number V> struct LogParts {
  V half, product; // f^2 / 2 and s * (half + rest)
};
template <Number V> LogParts<V> logParts(V f) {
  V s = f / (2.0 + f), z = s * s;
  V half = 0.5 * f * f;
  return {half, s * (half + z * polynomial(z, kLog64))};
}

/// `value` where x is a positive number, else what a logarithm gives there.
template <Number V> V logDomain(V x, V value) {
  V other = select(x < 0.0, x.like(NAN), x);
  other = select(x == 0.0, x.like(-INFINITY), other);
  return select((x > 0.0) & (x < INFINITY), value, other);
}

/// log(x + low) where tail = low / x.
template <Number V> V logWithTail(V f, V n, V tail) {
  auto [half, product] = logParts(f);
  return n * kLn2High - ((half - (product + (n * kLn2Low + tail))) - f);
}

template <Number V> V log(V x) {
  auto [f, n, k] = splitLog(x);
  return logDomain(x, logWithTail(f, n, x.like(0.0)));
}

/// The logarithm to another base: n * `scale` + log(1 + f) / log(base).
template <Number V> V logTo(V x, double scaleHigh, double scaleLow, double high, double low) {
  auto [f, n, k] = splitLog(x);
  auto [half, product] = logParts(f);
  V top = highPart(f - half);
  V rest = ((f - top) - half) + product;
  V value = top * high, whole = n * scaleHigh;
  V small = n * scaleLow + ((rest + top) * low + rest * high);
  auto [sum, error] = exactSumOrdered(whole, value);
  return logDomain(x, sum + (error + small));
}

// 1 / ln 2 and 1 / ln 10, the first parts of 31 bits; log10(2), the first of 42.
template <Number V> V log2(V x) { return logTo(x, 1.0, 0.0, 0x1.7154765p+0, 0x1.5c17f0bbbe88p-31); }
template <Number V> V log10(V x) {
  return logTo(x, 0x1.34413509f78p-2, 0x1.fef311f12b358p-46, 0x1.bcb7b15p-2, 0x1.37287195355bbp-33);
}

/// log(1 + x + low) for x > -1, x + low about 0 kept in full.
template <Number V> V log1pWithTail(V x, V low) {
  V u = 1.0 + x;
  V lost = select(x < 1.0, x - (u - 1.0), 1.0 - (u - x));
  auto [f, n, k] = splitLog(u);
  auto near = (x > -0.29) & (x < 0.41);
  V tail = select(near, low / u, (lost + low) / u);
  return logWithTail(select(near, x, f), select(near, 0.0, n), tail);
}

template <Number V> V log1p(V x) {
  V value = log1pWithTail(x, x.like(0.0));
  value = select(fabs(x) < 0x1p-54, x, value);
  return select((x > -1.0) & (x < INFINITY), value, logDomain(x + 1.0, x));
}

template <Number V> V asinh(V x) {
  V a = fabs(x);
  auto large = a > 0x1p28;
  // log(a + sqrt(a^2 + 1)) = log1p(a + a^2 / (1 + sqrt(a^2 + 1)))
  V b = select(large, 1.0, a), z = b * b;
  auto [sum, error] = exactSumOrdered(b, z / (1.0 + sqrt(z + 1.0)));
  V value = log1pWithTail(sum, error);
  auto [f, n, k] = splitLog(a);
  V far = logWithTail(f, n + 1.0, x.like(0.0));
  value = select(large, far, value);
  value = select(a < 0x1p-28, a, value);
  return withSignOf(select(a < INFINITY, value, a), x);
}

template <Number V> V acosh(V x) {
  auto large = x > 0x1p28;
  // log(x + sqrt(x^2 - 1)) = log1p(t + sqrt(2 t + t^2)), t = x - 1
  V t = select(large, 1.0, x) - 1.0;
  auto [square, squareError] = exactProduct(t, t);
  auto [inner, innerError] = exactSum(2.0 * t, square);
  V root = sqrt(inner);
  auto [back, backError] = exactProduct(root, root);
  V rest = ((inner - back) - backError) + (innerError + squareError);
  V tail = select(t > 0.0, rest / (2.0 * root), 0.0);
  auto [sum, error] = exactSum(t, root);
  V value = log1pWithTail(sum, error + tail);
  auto [f, n, k] = splitLog(x);
  value = select(large, logWithTail(f, n + 1.0, x.like(0.0)), value);
  value = select(x < INFINITY, value, x);
  return select(x < 1.0, x.like(NAN), select(x == 1.0, 0.0, value));
}

template <Number V> V atanh(V x) {
  V a = fabs(x);
  // log1p(2 a / (1 - a)) / 2
  V b = select(a < 1.0, a, 0.5);
  V down = 1.0 - b, downError = (1.0 - down) - b;
  V twice = 2.0 * b, q = twice / down;
  auto [product, productError] = exactProduct(q, down);
  V tail = (((twice - product) - productError) - q * downError) / down;
  V value = 0.5 * log1pWithTail(q, tail);
  value = select(a < 0x1p-28, a, value);
  value = select(a < 1.0, value, select(a == 1.0, a.like(INFINITY), a.like(NAN)));
  return withSignOf(value, x);
}

} // namespace einfall::elementary

#endif
