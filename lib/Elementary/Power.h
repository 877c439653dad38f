//===- Power.h - pow, cbrt, rsqrt in double ---------------------*- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_POWER_H
#define EINFALL_LIB_ELEMENTARY_POWER_H

#include "lib/Elementary/Logarithm.h"

namespace einfall::elementary {

template <Number V> V rsqrt(V x) { return 1.0 / sqrt(x); }

/// log(x) as a sum of two numbers, for positive x; about 2^-68 off.
template <Number V> std::pair<V, V> logPair(V x) {
  auto [f, n, k] = splitLog(x);
  // s = f / (2 + f), z = s^2
  auto [down, downLow] = exactSum(x.like(2.0), f);
  V s = f / down;
  auto [back, backLow] = exactProduct(s, down);
  V sLow = (((f - back) - backLow) - s * downLow) / down;
  auto [z, zLow] = exactProduct(s, s);
  zLow = zLow + 2.0 * s * sLow;
  // 2 s + 2/3 s z + s z^2 p(z)
  auto [cube, cubeLow] = exactProduct(s, z);
  cubeLow = cubeLow + (s * zLow + sLow * z);
  auto [third, thirdLow] = exactProduct(cube, x.like(0x1.5555555555555p-1));
  thirdLow = thirdLow + (cubeLow * 0x1.5555555555555p-1 + cube * 0x1.5555555555555p-55);
  V fifth = cube * z * polynomial(z, kPow64);
  auto [sum, sumLow] = exactSumOrdered(2.0 * s, third);
  sumLow = sumLow + (2.0 * sLow + (thirdLow + fifth));
  auto [whole, wholeLow] = exactSumOrdered(n * kLn2High, sum);
  wholeLow = wholeLow + (sumLow + n * kLn2Low);
  return exactSumOrdered(whole, wholeLow);
}

template <Number V> V pow(V x, V y) {
  V a = fabs(x), b = fabs(y);
  // A greater exponent overflows or underflows just as well.
  V exponent = withSignOf(select(b > 0x1p65, 0x1p65, b), y);
  auto plain = (a > 0.0) & (a < INFINITY);
  auto [l, lLow] = logPair(select(plain, a, 1.0));
  auto [p, pLow] = exactProduct(exponent, l);
  pLow = pLow + exponent * lLow;
  auto moderate = fabs(p) < 746.0;
  V value = expShifted(p, select(moderate, pLow, 0.0), 0);
  // Whole exponents, odd ones.
  V magic = x.like(0x1p52);
  auto whole = [&](V v) { return (v >= 0x1p52) | (((v + magic) - magic) == v); };
  auto odd = (b < 0x1p53) & whole(b) & ~whole(0.5 * b);
  V infinity = x.like(INFINITY), zero = x.like(0.0);
  V edge = select((a == 0.0) == (y < 0.0), infinity, zero);
  value = select(plain, value, edge);
  V limit = select((a > 1.0) == (y > 0.0), infinity, zero);
  value = select(b == INFINITY, select(a == 1.0, 1.0, limit), value);
  auto negative = bitsOf(x) < int64_t(0);
  value = select(negative & odd, -value, value);
  value = select((x < 0.0) & (a < INFINITY) & ~whole(b), x.like(NAN), value);
  V nan = x + y;
  value = select(nan == nan, value, select((x == x) & (y == y), value, nan));
  return select((y == 0.0) | (x == 1.0), 1.0, value);
}

template <Number V> V cbrt(V x) {
  V a = fabs(x);
  auto tiny = a < 0x1p-1022;
  auto bits = bitsOf(select(tiny, a * 0x1p54, a));
  auto k = (bits >> int64_t(52)) - int64_t(1023);
  V m = realOf(bits - (k << int64_t(52)), x);
  // k = 3 q + r with r in 0, 1, 2; k + 1200 is positive and divisible alike.
  auto q = logicalShiftRight((k + int64_t(1200)) * int64_t(43691), int64_t(17)) - int64_t(400);
  auto r = k - q * int64_t(3);
  V top = select(r == int64_t(0), m, select(r == int64_t(1), 2.0 * m, 4.0 * m));
  V t = polynomial(m, kCbrt64);
  t = t *
      select(r == int64_t(0), x.like(1.0),
             select(r == int64_t(1), x.like(0x1.428a2f98d728bp+0), x.like(0x1.965fea53d6e3dp+0)));
  // Halley's step, then Newton's with a start of half the bits.
  V cube = t * t * t;
  t = t * ((cube + 2.0 * top) / (2.0 * cube + top));
  t = highPart(t);
  V rest = top / (t * t);
  t = t + t * ((rest - t) / ((t + t) + rest));
  V value = t * powerOfTwo(select(tiny, q - int64_t(18), q), x);
  return withSignOf(select((a > 0.0) & (a < INFINITY), value, a), x);
}

} // namespace einfall::elementary

#endif
