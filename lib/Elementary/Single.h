//===- Single.h - What activations and norms need, in f32 -------*- C++ -*-===//
//
// The functions that stand in attention, activations and norms, in f32 alone.
// The others are computed in double and rounded.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ELEMENTARY_SINGLE_H
#define EINFALL_LIB_ELEMENTARY_SINGLE_H

#include "lib/Elementary/Exponential.h"
#include <iterator>

namespace einfall::elementary::single {

/// exp(r) for |r| up to ln 2 / 2.
template <Number V> V expNear(V r) {
  V rest = polynomial(r, kExp32);
  if (r.fuses()) // one rounding less
    return mad(mad(rest, r, 1.0), r, 1.0);
  return mad(r * r, rest, r) + 1.0;
}

/// The nearest integer to x * factor: as a number, and in the low bits of one
/// whose other bits a shift to the exponent's place drops.
template <Number V> std::pair<V, typename V::Bits> nearestMultiple(V x, double factor) {
  V magic = x.like(0x1.8p23);
  V moved = mad(x, x.like(factor), magic);
  return {moved - magic, bitsOf(moved)};
}
/// x * 2^k for normal results, k in the low bits.
template <Number V> V scaledByLow(V x, typename V::Bits k) {
  return x * realOf((k << int64_t(23)) + (int64_t(127) << 23), x);
}
/// x * 2^k in two steps, for any result.
template <Number V> V scaledFarByLow(V x, typename V::Bits k) {
  auto half = k >> int64_t(1);
  return scaledByLow(scaledByLow(x, half), k - half);
}

/// `scale(y, n, k)` is y * 2^n for any result, where k has n in its low bits.
template <Number V, class Scale> V expScaled(V x, Scale scale) {
  V inside = clamped(x, -104.0, 89.0);
  auto [n, k] = nearestMultiple(inside, kLog2E);
  V r = mad(n, -0x1.62e4p-1, inside);
  r = mad(n, -0x1.7f7d1cp-20, r);
  return scale(expNear(r), n, k);
}

template <Number V> V exp(V x) {
  return expScaled(x, [](V y, V, typename V::Bits k) { return scaledFarByLow(y, k); });
}

template <Number V> V exp2(V x) {
  V inside = clamped(x, -151.0, 129.0);
  auto [n, k] = nearestMultiple(inside, 1.0);
  return scaledFarByLow(expNear((inside - n) * 0x1.62e43p-1), k);
}

template <Number V> V log(V x) {
  auto tiny = x < 0x1p-126;
  auto bits = bitsOf(select(tiny, x * 0x1p23, x));
  auto k = (bits - int64_t(0x3F3504F3)) >> int64_t(23);
  V f = realOf(bits - (k << int64_t(23)), x) - 1.0;
  V n = number(select(tiny, k - int64_t(23), k), x);
  V z = f * f;
  V rest = mad(z * f, polynomial(f, kLog32), n * 0x1.7f7d1cp-20);
  V value = mad(n, 0x1.62e4p-1, f + mad(z, -0.5, rest));
  V other = select(x < 0.0, x.like(NAN), x);
  other = select(x == 0.0, x.like(-INFINITY), other);
  return select((x > 0.0) & (x < INFINITY), value, other);
}

template <Number V> V tanh(V x) {
  V a = fabs(x), z = x * x;
  V near = mad(a * z, polynomial(z, kTanh32), a);
  // exp(2 a)
  V b = select(a > 9.5, 9.5, a);
  auto [n, k] = nearestMultiple(b, 2 * kLog2E);
  V r = mad(n, -0x1.62e4p-1, b + b);
  V e = scaledByLow(expNear(mad(n, -0x1.7f7d1cp-20, r)), k);
  V far = 1.0 - 2.0 / (e + 1.0);
  return withSignOf(select(a < 1.0, near, far), x);
}

template <Number V> V erf(V x) {
  V a = fabs(x), z = x * x;
  V near = mad(a, polynomial(z, kErf32), a);
  V b = select(a > 4.0, 4.0, a);
  // 1 - exp(exponent + low)
  auto [exponent, low] = exactProduct(-b, polynomial(b, kErfc32));
  auto [n, k] = nearestMultiple(exponent, kLog2E);
  V r = mad(n, -0x1.62e43p-1, exponent) + low;
  V far = 1.0 - scaledByLow(expNear(r), k);
  return withSignOf(select(a < 1.0, near, far), x);
}

/// Within 2^-20 of it, subnormal results aside. `rest(y)` is y less the nearest integer, `scale(y,
/// n)` y * 2^n.
template <Number V, class Rest, class Scale> V erfNearly(V x, Rest rest, Scale scale) {
  V a = fabs(x), b = select(a > 4.0, 4.0, a);
  V y = -b * polynomial(b, kErfNear32);
  V f = rest(y), power = scale(x.like(1.0), y - f);
  // 1 - 2^n - 2^n (2^f - 1): nothing cancels where n is 0.
  return withSignOf(mad(-power, f * polynomial(f, kExp2Near32), 1.0 - power), x);
}

template <Number V> V rsqrt(V x) {
  auto tiny = x < 0x1p-100;
  x = select(tiny, x * 0x1p48, x);
  V s = sqrt(x), y = 1.0 / s;
  // What the root and the division rounded away, to first order.
  V lost = mad(-s, y, 1.0), square = mad(-s, s, x);
  V fix = mad(-0.5 * y * y, square, lost);
  V value = select(fix == fix, mad(y, fix, y), y);
  return value * select(tiny, 0x1p24, x.like(1.0));
}

/// 2^f for f in [0, 1), within 2^-22 of it.
template <Number V> V exp2Below(V f) { return mad(polynomial(f, kExp2Below32), f, 1.0); }

/// The degree of the upper polynomial of kTanh32Fast.
inline constexpr size_t kTanhOver = 4;

/// The approximations of numerics `fast`; docs/numerics.md says their bounds.
template <Number V> V expFast(V x) {
  V inside = select(x > 89.0, 89.0, x);
  auto [n, k] = nearestMultiple(inside, kLog2E);
  V r = mad(n, -0x1.62e4p-1, inside);
  r = mad(n, -0x1.7f7d1cp-20, r);
  // Half of it, as 2^128 is no number. Near the least normal number and below
  // all is 0; a NaN stays one.
  V half = scaledByLow(mad(mad(polynomial(r, kExp32Fast), r, 1.0), r, 1.0), k - int64_t(1));
  return select(x < -86.3, 0.0, half + half);
}

template <Number V> V tanhFast(V x) {
  V inside = clamped(x, -7.9, 7.9), z = inside * inside;
  auto at = [&](size_t first, size_t last) {
    V sum = x.like(kTanh32Fast[last]);
    for (size_t i = last; i-- > first;)
      sum = mad(sum, z, kTanh32Fast[i]);
    return sum;
  };
  return inside * at(0, kTanhOver) / mad(at(kTanhOver + 1, std::size(kTanh32Fast) - 1), z, 1.0);
}

template <Number V> V rsqrtFast(V x) { return 1.0 / sqrt(x); }

} // namespace einfall::elementary::single

#endif
