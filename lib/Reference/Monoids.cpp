//===- Monoids.cpp - Combining two values ---------------------------------===//
#include "lib/Reference/Monoids.h"
#include "lib/Elementary/Functions.h"
#include <cmath>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using einfall::ein::Monoid;

namespace einfall::reference {

static int64_t lowest(unsigned width) {
  return width == 1 ? 0 : static_cast<int64_t>(~uint64_t(0) << (width - 1));
}

Scalar Combiner::identity() const {
  switch (monoid) {
  case Monoid::add:
  case Monoid::or_:
    return isFloat ? ofFloat(0) : ofInt(0);
  case Monoid::mul:
    return isFloat ? ofFloat(1) : ofInt(1);
  case Monoid::and_:
    return ofInt(wrap(-1, width));
  case Monoid::max:
  case Monoid::argmax:
    // Rounding gives formats without an infinity their NaN: those have the
    // lowest number as the identity, which no value lies below.
    if (isFloat &&
        (format == Format::e4m3fn || format == Format::e4m3fnuz || format == Format::e5m2fnuz))
      return ofFloat(-largest(format));
    return isFloat ? ofFloat(-INFINITY) : ofInt(lowest(width));
  case Monoid::min:
  case Monoid::argmin:
    if (isFloat &&
        (format == Format::e4m3fn || format == Format::e4m3fnuz || format == Format::e5m2fnuz))
      return ofFloat(largest(format));
    return isFloat ? ofFloat(INFINITY) : ofInt(width == 1 ? 1 : ~lowest(width));
  case Monoid::logaddexp:
    return ofFloat(-INFINITY);
  }
  return ofInt(0);
}

double Combiner::floats(double a, double b) const {
  switch (monoid) {
  case Monoid::mul:
    return roundTo(a * b, format);
  case Monoid::max:
    if (std::isnan(a) || std::isnan(b))
      return NAN;
    return a > b || (a == b && std::signbit(b)) ? a : b;
  case Monoid::min:
    if (std::isnan(a) || std::isnan(b))
      return NAN;
    return a < b || (a == b && std::signbit(a)) ? a : b;
  case Monoid::logaddexp: {
    if (std::isnan(a) || std::isnan(b))
      return NAN;
    double high = std::max(a, b), low = std::min(a, b);
    // Equal infinities have no difference.
    if (std::isinf(high))
      return high;
    using Number = elementary::Plain<double>;
    if (host)
      return high + std::log1p(std::exp(low - high));
    return roundTo(high + elementary::log1p(elementary::exp(Number{low - high})).v, format);
  }
  default:
    return roundTo(a + b, format);
  }
}

int64_t Combiner::integers(int64_t a, int64_t b) const {
  switch (monoid) {
  case Monoid::mul:
    return wrap(static_cast<int64_t>(uint64_t(a) * uint64_t(b)), width);
  case Monoid::max:
    return std::max(a, b);
  case Monoid::min:
    return std::min(a, b);
  case Monoid::or_:
    return a | b;
  case Monoid::and_:
    return a & b;
  default:
    return wrap(static_cast<int64_t>(uint64_t(a) + uint64_t(b)), width);
  }
}

bool Combiner::replaces(Scalar a, Scalar b) const {
  bool max = monoid == Monoid::argmax;
  if (!isFloat)
    return max ? b.i > a.i : b.i < a.i;
  if (std::isnan(a.f))
    return false;
  return std::isnan(b.f) || (max ? b.f > a.f : b.f < a.f);
}

} // namespace einfall::reference
