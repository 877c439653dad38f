//===- Exact.h - fma and fmod in double, rounded once -----------*- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_EXACT_H
#define EINFALL_LIB_ELEMENTARY_EXACT_H

#include "lib/Elementary/Number.h"

namespace einfall::elementary {

/// a + b rounded to odd: to the neighbour with an odd last bit unless exact.
/// Rounding it again, to two bits less or fewer, gives what a + b rounds to.
template <Number V> V oddSum(V a, V b) {
  auto [sum, error] = exactSum(a, b);
  auto bits = bitsOf(sum);
  auto move = (error == 0.0) | ~(fabs(sum) < INFINITY) | ~((bits & int64_t(1)) == int64_t(0));
  auto outward = (error > 0.0) == (sum > 0.0);
  auto moved = select(outward, bits + int64_t(1), bits - int64_t(1));
  return select(move, sum, realOf(moved, sum));
}

/// A number in [1, 2) and its exponent; 0 keeps its value.
template <Number V> std::pair<V, typename V::Bits> significand(V x) {
  auto tiny = fabs(x) < 0x1p-1022;
  V y = select(tiny, x * 0x1p54, x);
  auto exponent = (logicalShiftRight(bitsOf(y), 52) & int64_t(0x7FF)) - int64_t(1023);
  V f = realOf((bitsOf(y) & ~int64_t(0x7FF0000000000000)) | int64_t(0x3FF0000000000000), x);
  return {select(x == 0.0, x, f), select(tiny, exponent - int64_t(54), exponent)};
}

/// x * 2^k for any k that a product of two doubles may need, exact unless the
/// result is out of range.
template <Number V> V scaledFar(V x, typename V::Bits k) {
  auto quarter = k >> int64_t(2);
  V step = powerOfTwo(quarter, x);
  return x * step * step * step * powerOfTwo(k - quarter * int64_t(3), x);
}

/// a * b + c with one rounding, for targets without the instruction.
template <Number V> V fma(V a, V b, V c) {
  auto [fa, ea] = significand(a);
  auto [fb, eb] = significand(b);
  auto [fc, ec] = significand(c);
  auto product = ea + eb;
  // Beyond 120 bits apart the smaller one only says on which side of the
  // greater the sum lies; so the distance may be shortened.
  auto distance = select(c == 0.0, ec.like(0), ec - product);
  auto limit = [](auto d, int64_t bound) { return select(d < bound, d, d.like(bound)); };
  auto near = limit(distance, 120);
  near = select(near < int64_t(-120), near.like(-120), near);
  auto exponent = product + (distance - limit(distance, 120));
  V addend = fc * powerOfTwo(near, c);
  auto [p, pLow] = exactProduct(fa, fb);
  auto [s, sLow] = exactSum(p, addend);
  auto [t, tLow] = exactSum(pLow, sLow);
  auto [high, middle] = exactSum(s, t);
  V rest = oddSum(middle, tLow);
  V value = scaledFar(high + rest, exponent);
  // A subnormal result is rounded where its last bit is.
  auto top = (logicalShiftRight(bitsOf(high), 52) & int64_t(0x7FF)) - int64_t(1023) + exponent;
  auto subnormal = top < int64_t(-1022);
  auto quantum = select(subnormal, ec.like(-1074) - exponent, ec.like(0));
  auto tooSmall = quantum.like(900) < quantum; // far below half of the least number
  quantum = select(tooSmall, quantum.like(0), quantum);
  // Of the sign of the sum: their sum has this quantum for a last bit.
  V magic = withSignOf(0x1p52 * powerOfTwo(quantum, c), high);
  auto [m, mLow] = exactSum(magic, high);
  V whole = (m + oddSum(mLow, rest)) - magic;
  V small = select(tooSmall, 0.0, scaledFar(whole, select(tooSmall, exponent.like(0), exponent)));
  value = select(subnormal & ~(high == 0.0), withSignOf(small, high), value);
  // Infinities, NaN and exact zeros of the product.
  auto zero = (a == 0.0) | (b == 0.0);
  auto factors = (fabs(a) < INFINITY) & (fabs(b) < INFINITY), finite = fabs(c) < INFINITY;
  V plain = select(factors & ~finite, c, a * b + c);
  return select(factors & finite & ~zero, value, plain);
}

/// The remainder of x / y with the sign of x, as fmod has it: the significand
/// of x modulo that of y, a few bits of the exponents' distance at a time.
template <Number V> struct Division {
  using B = typename V::Bits;
  V x, y;
  B divisor, rest, steps, exponent;

  Division(V x, V y)
      : x(x), y(y), divisor(bitsOf(x)), rest(divisor), steps(divisor), exponent(divisor) {
    auto [mx, ex] = whole(x);
    auto [my, ey] = whole(y);
    divisor = select(my == int64_t(0), my.like(1), my);
    // With a lesser exponent x is its own remainder.
    steps = select(ex < ey, ex.like(0), ex - ey);
    rest = select(ex < ey, mx, remainderUnsigned(mx, divisor));
    exponent = select(ex < ey, ex, ey);
  }

  std::pair<B, B> step(B rest, B steps) const {
    B bits = select(steps < int64_t(11), steps, steps.like(11));
    return {remainderUnsigned(rest << bits, divisor), steps - bits};
  }

  V finish(B rest) const {
    V magic = x.like(0x1p52);
    // Below 2^53: exact in two parts.
    V low = realOf(bitsOf(magic) | (rest & int64_t(0xFFFFFFFF)), x) - magic;
    V high = realOf(bitsOf(magic) | logicalShiftRight(rest, 32), x) - magic;
    V value = high * 0x1p32 + low;
    auto half = exponent >> int64_t(1);
    value = value * powerOfTwo(half, x) * powerOfTwo(exponent - half, x);
    auto lesser = fabs(x) < fabs(y);
    value = withSignOf(select(lesser, fabs(x), value), x);
    auto proper = (fabs(x) < INFINITY) & (fabs(y) > 0.0);
    return select(proper, value, x.like(NAN));
  }

private:
  /// |v| as an integer and the exponent of its last bit; no numbers give 1.
  static std::pair<B, B> whole(V v) {
    V a = select(fabs(v) < INFINITY, fabs(v), 1.0);
    B bits = bitsOf(a), field = logicalShiftRight(bits, 52);
    B m = bits & int64_t(0xFFFFFFFFFFFFF);
    auto subnormal = field == int64_t(0);
    return {select(subnormal, m, m | int64_t(0x10000000000000)),
            select(subnormal, field.like(1), field) - int64_t(1075)};
  }
};

} // namespace einfall::elementary

#endif
