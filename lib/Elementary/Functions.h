//===- Functions.h - The elementary functions by name -----------*- C++ -*-===//
#ifndef EINFALL_LIB_ELEMENTARY_FUNCTIONS_H
#define EINFALL_LIB_ELEMENTARY_FUNCTIONS_H

#include "lib/Elementary/Error.h"
#include "lib/Elementary/Power.h"
#include "lib/Elementary/Single.h"
#include "lib/Elementary/Trigonometric.h"
#include <optional>
#include <string_view>

namespace einfall::elementary {

// clang-format off
#define EINFALL_UNARY_FUNCTIONS(X) \
  X(acos) X(acosh) X(asin) X(asinh) X(atan) X(atanh) X(cbrt) X(cos) X(cosh) X(erf) X(erfc) X(exp) \
  X(exp2) X(expm1) X(log) X(log10) X(log1p) X(log2) X(rsqrt) X(sin) X(sinh) X(tan) X(tanh)
// clang-format on

enum class Unary {
#define X(name) name,
  EINFALL_UNARY_FUNCTIONS(X)
#undef X
};

inline constexpr std::pair<std::string_view, Unary> kUnary[] = {
#define X(name) {#name, Unary::name},
    EINFALL_UNARY_FUNCTIONS(X)
#undef X
};

/// The function called `name` ("exp"), if there is one.
inline std::optional<Unary> unaryFunction(std::string_view name) {
  for (auto [known, function] : kUnary)
    if (known == name)
      return function;
  return std::nullopt;
}

/// `function` of a double, at most 2 ulp off.
template <Number V> V evaluate(Unary function, V x) {
  switch (function) {
#define X(name)                                                                                    \
  case Unary::name:                                                                                \
    return name(x);
    EINFALL_UNARY_FUNCTIONS(X)
#undef X
  }
  return x;
}

/// `function` of an f32 in f32 arithmetic, at most 1 ulp off; nothing for
/// those that are computed in double.
template <Number V> std::optional<V> evaluateSingle(Unary function, V x) {
  switch (function) {
  case Unary::exp:
    return single::exp(x);
  case Unary::exp2:
    return single::exp2(x);
  case Unary::log:
    return single::log(x);
  default:
    break;
  }
  // With two roundings for mad these are more than 1 ulp off.
  if (!x.fuses())
    return std::nullopt;
  switch (function) {
  case Unary::tanh:
    return single::tanh(x);
  case Unary::erf:
    return single::erf(x);
  case Unary::rsqrt:
    return single::rsqrt(x);
  default:
    return std::nullopt;
  }
}

/// What `fast` numerics put in place of `evaluateSingle`, where that is faster.
template <Number V> std::optional<V> evaluateFast(Unary function, V x) {
  switch (function) {
  case Unary::exp:
    return single::expFast(x);
  case Unary::tanh:
    return single::tanhFast(x);
  case Unary::rsqrt:
    return single::rsqrtFast(x);
  default:
    return evaluateSingle(function, x);
  }
}

} // namespace einfall::elementary

#endif
