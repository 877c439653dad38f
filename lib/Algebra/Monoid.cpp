//===- Monoid.cpp - Reductions and what distributes over them -------------===//
#include "lib/Algebra/Monoid.h"
#include <limits>

namespace einfall::algebra {

const MonoidFacts &factsOf(Monoid monoid) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static const MonoidFacts table[] = {
      {"add", 0, true, false, true},
      {"mul", 1, true, false, true},
      {"max", -infinity, true, true, false},
      {"min", infinity, true, true, false},
      {"or", 0, true, true, false},
      {"and", std::nullopt, true, true, false}, // all ones: an integer
      {"argmax", std::nullopt, false, true, false},
      {"argmin", std::nullopt, false, true, false},
      {"logaddexp", -infinity, true, false, false},
  };
  return table[static_cast<unsigned>(monoid)];
}

bool distributes(Times times, Monoid monoid, bool onlyNonNegative) {
  switch (monoid) {
  case Monoid::add:
    return times == Times::mul;
  case Monoid::max:
  case Monoid::min:
    return times == Times::add || onlyNonNegative;
  case Monoid::logaddexp:
    return times == Times::add;
  default:
    return false;
  }
}

Expr combine(Terms &terms, Monoid monoid, Expr a, Expr b) {
  switch (monoid) {
  case Monoid::add:
    return terms.add(a, b);
  case Monoid::mul:
    return terms.mul(a, b);
  case Monoid::max:
    return terms.max(a, b);
  case Monoid::min:
    return terms.min(a, b);
  case Monoid::logaddexp: {
    // Around the greater one, which no exp overflows; equal infinities settle.
    Expr top = terms.max(a, b), settled = terms.apply(fnSettle, {top});
    return terms.add(settled, terms.log(terms.add(terms.exp(terms.sub(a, settled)),
                                                  terms.exp(terms.sub(b, settled)))));
  }
  default:
    return nullptr;
  }
}

} // namespace einfall::algebra
