//===- Error.h - erf and erfc in double -------------------------*- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_ERROR_H
#define EINFALL_LIB_ELEMENTARY_ERROR_H

#include "lib/Elementary/Exponential.h"
#include <iterator>

namespace einfall::elementary {

/// erfc(a) for a from 0.46.
template <Number V> V erfcFar(V a) {
  a = select(a > 28.0, 28.0, a);
  // t = (a - 4) / (a + 4) and what its rounding loses.
  V up = a - 4.0, down = a + 4.0, t = up / down;
  constexpr size_t degree = std::size(kErfc64) - 1;
  // The last step of Horner's rule keeps its rounding error.
  V p = t.like(kErfc64[degree]);
  for (size_t i = degree - 1; i > 0; --i)
    p = mad(p, t, kErfc64[i]);
  auto [product, productLow] = exactProduct(p, t);
  auto [sum, sumLow] = exactSum(t.like(kErfc64[0]), product);
  V low = productLow + sumLow;
  auto [divisor, divisorLow] = exactSumOrdered(2.0 * a, a.like(1.0));
  V q = sum / divisor;
  auto [back, backLow] = exactProduct(q, divisor);
  V qLow = (((sum - back) - backLow) + (low - q * divisorLow)) / divisor;
  auto [square, squareLow] = exactProduct(a, a);
  // exp(-square - squareLow) * (q + qLow), the exponential as a pair.
  auto [r, tail, k] = reduceExp(-square, -squareLow);
  auto [e, eLow] = exactSumOrdered(a.like(1.0), r);
  eLow = eLow + expRest(r, tail);
  auto [value, valueLow] = exactProduct(e, q);
  valueLow = valueLow + (e * qLow + eLow * q);
  return scaled(value + valueLow, k);
}

template <Number V> V erf(V x) {
  V a = fabs(x), z = x * x;
  V near = x + x * polynomial(z, kErf64);
  V far = withSignOf(1.0 - erfcFar(select(a > 6.0, 6.0, a)), x);
  return select(a < 0.84375, near, select(x == x, far, x));
}

template <Number V> V erfc(V x) {
  V a = fabs(x), z = x * x;
  V rest = x * polynomial(z, kErf64);
  V near = 1.0 - (x + rest);
  V far = erfcFar(a);
  far = select(x < 0.0, 2.0 - far, far);
  return select(a < 0.47, near, select(x == x, far, x));
}

} // namespace einfall::elementary

#endif
