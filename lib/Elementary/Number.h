//===- Number.h - What recipes compute with ---------------------*- C++ -*-===//
//
// An elementary function is written once, as a template over a number type
// (a "recipe"): range reduction, a polynomial, selects instead of branches.
// `Plain` evaluates a recipe on the host; the code generator has a number type
// whose operations write IR. Both perform the same IEEE operations in the same
// order, so they agree in every bit wherever neither fuses `mad`.
//
// A number type V has
//   V::mantissa, V::bias     of its format
//   V::Bits, V::Mask         integers of its width; truth values
//   + - * / - < <= > >= ==   (ordered comparisons)
//   sqrt, mad, select, bitsOf, realOf
//   x.like(1.5)              a literal of x's shape; Bits have the same
//   exactProduct(a, b)       a*b as a pair of numbers
//   V::ifAny(mask, f, y)     an array of numbers: f() if the mask holds
//                            anywhere, else y
//   V::lookUp(table, index)  64-bit words of a table
// `mad(a, b, c)` is a*b + c with one rounding where x.fuses(), else with two:
// recipes have to be right with either.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ELEMENTARY_NUMBER_H
#define EINFALL_LIB_ELEMENTARY_NUMBER_H

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#pragma STDC FP_CONTRACT OFF

namespace einfall::elementary {

template <class V>
concept Number = requires(V x) { typename V::NumberTag; };
template <class B>
concept Integer = requires(B x) { typename B::IntegerTag; };

/// A truth value of the host.
struct PlainMask {
  bool v;
  friend PlainMask operator&(PlainMask a, PlainMask b) { return {a.v && b.v}; }
  friend PlainMask operator|(PlainMask a, PlainMask b) { return {a.v || b.v}; }
  friend PlainMask operator~(PlainMask a) { return {!a.v}; }
  friend PlainMask operator==(PlainMask a, PlainMask b) { return {a.v == b.v}; }
};

/// An integer of the host. Shifts are by less than the width.
template <class I> struct PlainBits {
  using IntegerTag = void;
  using U = std::make_unsigned_t<I>;
  I v;
  PlainBits like(int64_t value) const { return {static_cast<I>(value)}; }
  friend PlainBits operator+(PlainBits a, PlainBits b) { return {I(U(a.v) + U(b.v))}; }
  friend PlainBits operator-(PlainBits a, PlainBits b) { return {I(U(a.v) - U(b.v))}; }
  friend PlainBits operator*(PlainBits a, PlainBits b) { return {I(U(a.v) * U(b.v))}; }
  friend PlainBits operator&(PlainBits a, PlainBits b) { return {a.v & b.v}; }
  friend PlainBits operator|(PlainBits a, PlainBits b) { return {a.v | b.v}; }
  friend PlainBits operator^(PlainBits a, PlainBits b) { return {a.v ^ b.v}; }
  friend PlainBits operator<<(PlainBits a, PlainBits s) { return {I(U(a.v) << s.v)}; }
  friend PlainBits operator>>(PlainBits a, PlainBits s) { return {I(a.v >> s.v)}; }
  friend PlainBits logicalShiftRight(PlainBits a, PlainBits s) { return {I(U(a.v) >> s.v)}; }
  friend PlainBits remainderUnsigned(PlainBits a, PlainBits b) { return {I(U(a.v) % U(b.v))}; }
  friend PlainMask operator==(PlainBits a, PlainBits b) { return {a.v == b.v}; }
  friend PlainMask operator<(PlainBits a, PlainBits b) { return {a.v < b.v}; }
  friend PlainBits select(PlainMask m, PlainBits a, PlainBits b) { return m.v ? a : b; }
};

/// A float of the host; `fused` says whether `mad` rounds once.
template <class T, bool fused = false> struct Plain {
  using NumberTag = void;
  using Bits = PlainBits<std::conditional_t<sizeof(T) == 8, int64_t, int32_t>>;
  using Mask = PlainMask;
  static constexpr int mantissa = sizeof(T) == 8 ? 52 : 23;
  static constexpr int bias = sizeof(T) == 8 ? 1023 : 127;
  T v;

  bool fuses() const { return fused; }
  Plain like(double value) const { return {static_cast<T>(value)}; }
  Bits likeBits(int64_t value) const { return Bits{}.like(value); }
  friend Plain operator+(Plain a, Plain b) { return {a.v + b.v}; }
  friend Plain operator-(Plain a, Plain b) { return {a.v - b.v}; }
  friend Plain operator*(Plain a, Plain b) { return {a.v * b.v}; }
  friend Plain operator/(Plain a, Plain b) { return {a.v / b.v}; }
  friend Plain operator-(Plain a) { return {-a.v}; }
  friend Mask operator<(Plain a, Plain b) { return {a.v < b.v}; }
  friend Mask operator<=(Plain a, Plain b) { return {a.v <= b.v}; }
  friend Mask operator>(Plain a, Plain b) { return {a.v > b.v}; }
  friend Mask operator>=(Plain a, Plain b) { return {a.v >= b.v}; }
  friend Mask operator==(Plain a, Plain b) { return {a.v == b.v}; }
  friend Plain sqrt(Plain a) { return {std::sqrt(a.v)}; }
  friend Plain mad(Plain a, Plain b, Plain c) {
    if constexpr (fused)
      return {std::fma(a.v, b.v, c.v)};
    T product = a.v * b.v;
    return {product + c.v};
  }
  friend Plain select(Mask m, Plain a, Plain b) { return m.v ? a : b; }
  friend Bits bitsOf(Plain a) { return {std::bit_cast<decltype(Bits::v)>(a.v)}; }
  friend Plain realOf(Bits a, Plain) { return {std::bit_cast<T>(a.v)}; }
  friend std::pair<Plain, Plain> exactProduct(Plain a, Plain b) {
    T product = a.v * b.v;
    return {{product}, {std::fma(a.v, b.v, -product)}};
  }
  template <class F, size_t N>
  static std::array<Plain, N> ifAny(Mask m, F f, std::array<Plain, N> otherwise) {
    return m.v ? f() : otherwise;
  }
  static Bits lookUp(std::span<const uint64_t> table, Bits index) {
    return {static_cast<decltype(Bits::v)>(table[index.v])};
  }
};

// Literals on either side.
#define EINFALL_MIXED(op)                                                                          \
  template <Number V> auto operator op(V a, double b) { return a op a.like(b); }                   \
  template <Number V> auto operator op(double a, V b) { return b.like(a) op b; }
EINFALL_MIXED(+)
EINFALL_MIXED(-)
EINFALL_MIXED(*)
EINFALL_MIXED(/)
EINFALL_MIXED(<)
EINFALL_MIXED(<=)
EINFALL_MIXED(>)
EINFALL_MIXED(>=)
EINFALL_MIXED(==)
#undef EINFALL_MIXED
#define EINFALL_MIXED(op)                                                                          \
  template <Integer B> auto operator op(B a, int64_t b) { return a op a.like(b); }
EINFALL_MIXED(+)
EINFALL_MIXED(-)
EINFALL_MIXED(*)
EINFALL_MIXED(&)
EINFALL_MIXED(|)
EINFALL_MIXED(^)
EINFALL_MIXED(<<)
EINFALL_MIXED(>>)
EINFALL_MIXED(==)
EINFALL_MIXED(<)
#undef EINFALL_MIXED
template <Integer B> B logicalShiftRight(B a, int64_t s) { return logicalShiftRight(a, a.like(s)); }
template <Number V> V mad(V a, V b, double c) { return mad(a, b, a.like(c)); }
template <Number V> V mad(V a, double b, V c) { return mad(a, a.like(b), c); }
template <class M, Number V> V select(M m, V a, double b) { return select(m, a, a.like(b)); }
template <class M, Number V> V select(M m, double a, V b) { return select(m, b.like(a), b); }

template <Number V> V fabs(V x) {
  return realOf(bitsOf(x) & ~(int64_t(1) << (V::mantissa == 52 ? 63 : 31)), x);
}
/// The magnitude of `x` with the sign of `s`.
template <Number V> V withSignOf(V x, V s) {
  int64_t sign = int64_t(1) << (V::mantissa == 52 ? 63 : 31);
  return realOf((bitsOf(x) & ~sign) | (bitsOf(s) & sign), x);
}

/// c[0] + c[1] x + ..: Horner's rule.
template <Number V, size_t N> V polynomial(V x, const double (&c)[N]) {
  V sum = x.like(c[N - 1]);
  for (size_t i = N - 1; i-- > 0;)
    sum = mad(sum, x, c[i]);
  return sum;
}

/// The nearest integer to `x` as a number and as an integer, for |x| below a
/// quarter of 2^mantissa.
template <Number V> std::pair<V, typename V::Bits> nearest(V x) {
  V magic = x.like(1.5 * static_cast<double>(int64_t(1) << V::mantissa));
  V moved = x + magic;
  return {moved - magic, bitsOf(moved) - bitsOf(magic)};
}
/// The number of a small integer.
template <Number V> V number(typename V::Bits k, V shape) {
  V magic = shape.like(1.5 * static_cast<double>(int64_t(1) << V::mantissa));
  return realOf(bitsOf(magic) + k, shape) - magic;
}
/// 2^k for normal results.
template <Number V> V powerOfTwo(typename V::Bits k, V shape) {
  return realOf((k + int64_t(V::bias)) << int64_t(V::mantissa), shape);
}
/// x * 2^k, also where 2^k is no number.
template <Number V> V scaled(V x, typename V::Bits k) {
  auto half = k >> int64_t(1);
  return x * powerOfTwo(half, x) * powerOfTwo(k - half, x);
}

/// a + b exactly, as sum and error; the second form for |a| >= |b| or a = 0.
template <Number V> std::pair<V, V> exactSum(V a, V b) {
  V sum = a + b, back = sum - a;
  return {sum, (a - (sum - back)) + (b - back)};
}
template <Number V> std::pair<V, V> exactSumOrdered(V a, V b) {
  V sum = a + b;
  return {sum, (a - sum) + b};
}
/// `x` without its low half.
template <Number V> V highPart(V x) {
  return realOf(bitsOf(x) & (V::mantissa == 52 ? ~int64_t(0xFFFFFFFF) : ~int64_t(0xFFF)), x);
}

} // namespace einfall::elementary

#endif
