//===- Trigonometric.h - sin, atan and their relatives in double *- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_TRIGONOMETRIC_H
#define EINFALL_LIB_ELEMENTARY_TRIGONOMETRIC_H

#include "lib/Elementary/Exponential.h"
#include <array>

namespace einfall::elementary {

/// 64 zeros, then 2 / pi after the binary point, 32 bits a word.
inline constexpr uint64_t kTwoOverPi[] = {
    0,          0,          0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599,
    0x3C439041, 0xFE5163AB, 0xDEBBC561, 0xB7246E3A, 0x424DD2E0, 0x06492EEA, 0x09D1921C,
    0xFE1DEB1C, 0xB129A73E, 0xE88235F5, 0x2EBB4484, 0xE99C7026, 0xB45F7E41, 0x3991D639,
    0x835339F4, 0x9C845F8B, 0xBDF9283B, 0x1FF897FF, 0xDE05980F, 0xEF2F118B, 0x5A0A6D1F,
    0x6D367ECF, 0x27CB09B7, 0x4F463F66, 0x9E5FEA2D, 0x7527BAC7, 0xEBE5F17B, 0x3D0739F7,
    0x8A5292EA, 0x6BFB5FB1, 0x1F8D5D08, 0x56033046, 0xFC7B6BAB, 0xF0CFBC20};

/// x = n pi/2 + r + tail, |r| up to pi/4.
template <Number V> struct Angle {
  V r, tail;
  typename V::Bits n;
};

/// The words of |x| * 2/pi mod 4 as a fraction of 4, most significant last:
/// Payne and Hanek's reduction. `x` is at least 2^20 and finite.
template <Number V> std::array<typename V::Bits, 5> fractionOfTurn(V x) {
  using B = typename V::Bits;
  B bits = bitsOf(x), exponent = logicalShiftRight(bits, 52) - int64_t(1023);
  B m = (bits & int64_t(0xFFFFFFFFFFFFF)) | int64_t(0x10000000000000);
  B low = m & int64_t(0xFFFFFFFF), high = logicalShiftRight(m, 32);
  // From the bit of 2/pi that makes 2 with the last bit of x; those before it
  // make multiples of 4.
  B start = exponent + int64_t(10), word = logicalShiftRight(start, 5);
  B shift = start & int64_t(31);
  auto at = [&](int64_t i) { return V::lookUp(kTwoOverPi, word + i); };
  std::array<B, 7> w; // least significant first
  B next = at(0);
  for (int i = 6; i >= 0; --i) {
    B current = next;
    next = at(7 - i);
    w[i] = logicalShiftRight(((current << int64_t(32)) | next) << shift, 32);
  }
  std::array<B, 5> result;
  B carry = m.like(0), mask = m.like(0xFFFFFFFF);
  for (int t = 2; t < 7; ++t) {
    B sum = carry + ((low * w[t]) & mask) + logicalShiftRight(low * w[t - 1], 32) +
            ((high * w[t - 1]) & mask) + logicalShiftRight(high * w[t - 2], 32);
    result[t - 2] = sum & mask;
    carry = logicalShiftRight(sum, 32);
  }
  return result;
}

/// The reduction of any finite |x| from 2^20.
template <Number V> Angle<V> reduceLarge(V x) {
  using B = typename V::Bits;
  auto words = fractionOfTurn(x);
  B top = (words[4] << int64_t(32)) | words[3];
  B n = logicalShiftRight(top + (int64_t(1) << 61), 62);
  top = top - (n << int64_t(62));
  auto part = [&](B bits, double weight) { return number(bits, x) * weight; };
  auto [h, hLow] =
      exactSum(part(top >> int64_t(32), 0x1p-32), part(top & int64_t(0xFFFFFFFF), 0x1p-64));
  auto [c, cLow] =
      exactSum(part(words[2], 0x1p-96), part(words[1], 0x1p-128) + part(words[0], 0x1p-160));
  auto [sum, sumLow] = exactSum(h, c);
  auto [turn, turnLow] = exactSum(sum, hLow + (sumLow + cLow));
  // times 2 pi
  auto [r, rLow] = exactProduct(turn, x.like(0x1.921fb54442d18p+2));
  V tail = rLow + (turn * 0x1.1a62633145c07p-52 + turnLow * 0x1.921fb54442d18p+2);
  auto [value, rest] = exactSumOrdered(r, tail);
  return {value, rest, n};
}

/// The reduction of |x| below 2^20: pi/2 in three parts of 33 bits and a rest.
template <Number V> Angle<V> reduceSmall(V x) {
  auto [n, k] = nearest(x * 0x1.45f306dc9c883p-1);
  V first = x - n * 0x1.921fb544p+0;
  auto [second, secondLow] = exactSum(first, -(n * 0x1.0b4611a6p-34));
  auto [third, thirdLow] = exactSum(second, -(n * 0x1.3198a2ep-69));
  V low = (secondLow + thirdLow) - n * 0x1.b839a252049c1p-104;
  auto [r, tail] = exactSumOrdered(third, low);
  return {r, tail, k};
}

template <Number V> Angle<V> reduceAngle(V x) {
  V a = fabs(x);
  auto large = a >= 0x1p20;
  Angle<V> angle = reduceSmall(select(large, x.like(0.0), x));
  V safe = select(large & (a < INFINITY), a, 0x1p20);
  auto negative = x < 0.0;
  auto [r, tail, n] = V::ifAny(
      large,
      [&] {
        Angle<V> reduced = reduceLarge(safe);
        return std::array<V, 3>{reduced.r, reduced.tail, number(reduced.n, x)};
      },
      std::array<V, 3>{angle.r, angle.tail, x.like(0.0)});
  auto quadrant = nearest(n).second;
  angle.r = select(large, select(negative, -r, r), angle.r);
  angle.tail = select(large, select(negative, -tail, tail), angle.tail);
  angle.n = select(large, select(negative, quadrant.like(0) - quadrant, quadrant), angle.n);
  return angle;
}

/// sin and cos of r + tail, as pairs.
template <Number V> std::pair<V, V> sinNear(V r, V tail) {
  constexpr auto &c = kSin64;
  V z = r * r, cube = z * r;
  V rest = mad(z, mad(z, mad(z, mad(z, r.like(c[5]), c[4]), c[3]), c[2]), c[1]);
  return exactSumOrdered(r, cube * c[0] - (z * (0.5 * tail - cube * rest) - tail));
}
template <Number V> std::pair<V, V> cosNear(V r, V tail) {
  V z = r * r, half = 0.5 * z, w = 1.0 - half;
  return exactSumOrdered(w, ((1.0 - w) - half) + (z * (z * polynomial(z, kCos64)) - r * tail));
}

/// sin(x + quarter * pi/2).
template <Number V> V sinShifted(V x, int64_t quarter) {
  Angle<V> angle = reduceAngle(x);
  auto n = angle.n + quarter;
  V value = select((n & int64_t(1)) == int64_t(0), sinNear(angle.r, angle.tail).first,
                   cosNear(angle.r, angle.tail).first);
  value = select((n & int64_t(2)) == int64_t(0), value, -value);
  return select(fabs(x) < INFINITY, value, x.like(NAN));
}
template <Number V> V sin(V x) { return select(fabs(x) < 0x1p-27, x, sinShifted(x, 0)); }
template <Number V> V cos(V x) { return sinShifted(x, 1); }
template <Number V> V tan(V x) {
  Angle<V> angle = reduceAngle(x);
  auto [s, sLow] = sinNear(angle.r, angle.tail);
  auto [c, cLow] = cosNear(angle.r, angle.tail);
  auto even = (angle.n & int64_t(1)) == int64_t(0);
  V value = quotient(select(even, s, -c), select(even, sLow, -cLow), select(even, c, s),
                     select(even, cLow, sLow));
  value = select(fabs(x) < INFINITY, value, x.like(NAN));
  return select(fabs(x) < 0x1p-27, x, value);
}

template <Number V> V atanPositive(V a) {
  // Around 0, 1/2, 1, 3/2 and infinity.
  auto beyond = [&](double limit) { return a >= limit; };
  auto pick = [&](double c0, double c1, double c2, double c3, double c4) {
    V v = select(beyond(0.4375), a.like(c1), a.like(c0));
    v = select(beyond(0.6875), c2, v);
    v = select(beyond(1.1875), c3, v);
    return select(beyond(2.4375), c4, v);
  };
  V center = pick(0.0, 0.5, 1.0, 1.5, 0.0);
  auto far = beyond(2.4375);
  V t = select(far, -1.0, a - center) / select(far, a, 1.0 + center * a);
  V high = pick(0.0, 0x1.dac670561bb4fp-2, 0x1.921fb54442d18p-1, 0x1.f730bd281f69bp-1,
                0x1.921fb54442d18p+0);
  V low = pick(0.0, 0x1.a2b7f222f65e2p-56, 0x1.1a62633145c07p-55, 0x1.007887af0cbbdp-56,
               0x1.1a62633145c07p-54);
  V z = t * t;
  V rest = t * (z * polynomial(z, kAtan64));
  return high + (t + (rest + low));
}
template <Number V> V atan(V x) { return withSignOf(atanPositive(fabs(x)), x); }

template <Number V> V atan2(V y, V x) {
  V a = fabs(y), b = fabs(x);
  auto same = (a == b) & ((b == 0.0) | (b == INFINITY));
  V ratio = select(same, select(b == 0.0, 0.0, x.like(1.0)), a / b);
  V value = atanPositive(ratio);
  auto left = bitsOf(x) < int64_t(0);
  V turned = 0x1.921fb54442d18p+1 - (value - 0x1.1a62633145c07p-53);
  value = select(left, turned, value);
  V nan = x + y;
  return select((x == x) & (y == y), withSignOf(value, y), nan);
}

/// (asin(t) - t) / t for z = t^2 up to 1/4.
template <Number V> V asinRest(V z) { return z * polynomial(z, kAsin64); }

template <Number V> V asin(V x) {
  V a = fabs(x);
  auto near = a < 0.5;
  V w = 0.5 * (1.0 - a);
  V z = select(near, x * x, w);
  V rest = asinRest(z), s = sqrt(w);
  V top = highPart(s), low = select(w == 0.0, 0.0, (w - top * top) / (s + top));
  V p = 2.0 * s * rest - (0x1.1a62633145c07p-54 - 2.0 * low);
  V far = 0x1.921fb54442d18p-1 - (p - (0x1.921fb54442d18p-1 - 2.0 * top));
  return select(near, x + x * rest, withSignOf(far, x));
}

template <Number V> V acos(V x) {
  V a = fabs(x);
  auto near = a < 0.5;
  V w = 0.5 * (1.0 - a);
  V z = select(near, x * x, w);
  V rest = asinRest(z), s = sqrt(w);
  V middle = 0x1.921fb54442d18p+0 - (x - (0x1.1a62633145c07p-54 - x * rest));
  V left = 0x1.921fb54442d18p+1 - 2.0 * (s + (rest * s - 0x1.1a62633145c07p-54));
  V top = highPart(s), low = select(w == 0.0, 0.0, (w - top * top) / (s + top));
  V right = 2.0 * (top + (rest * s + low));
  return select(near, middle, select(x < 0.0, left, right));
}

} // namespace einfall::elementary

#endif
