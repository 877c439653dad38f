//===- Shift.cpp - Terms relative to references ---------------------------===//
#include "lib/Algebra/Shift.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cmath>

namespace einfall::algebra {

/// Exponents up to this never overflow a single-precision sum.
static constexpr double safeExponent = 40;

Expr Term::where(Terms &terms, const Guards &guards, Expr e) {
  Expr zero = terms.constant(0);
  for (auto [condition, holds] : guards)
    e = holds ? terms.select(condition, e, zero) : terms.select(condition, zero, e);
  return e;
}

static bool isMixed(Expr e) { return (e->depends & onElement) && (e->depends & onState); }

bool TermSplitter::refuse(const llvm::Twine &reason) {
  refusal = reason.str();
  return false;
}

std::optional<std::vector<Term>> TermSplitter::split(Expr body) {
  result.clear();
  Draft draft;
  draft.factors.push_back({body, 1});
  if (!expand(draft))
    return std::nullopt;
  return std::move(result);
}

/// select(c, a, b) + r is select(c, a + r, b + r); null if there is none.
Expr TermSplitter::hoistSelect(Expr e) {
  if (e->isFunction(fnSelect) && isMixed(e))
    return e;
  if (e->kind != Kind::sum)
    return nullptr;
  for (auto [weight, term] : e->args) {
    if (!term->isFunction(fnSelect) || !isMixed(term))
      continue;
    Expr rest = terms.sum({{1, e}, {-weight, term}});
    auto branch = [&](unsigned i) { return terms.sum({{1, rest}, {weight, term->operand(i)}}); };
    return terms.select(term->operand(0), branch(1), branch(2));
  }
  return nullptr;
}

/// Multiplies out selects and sums of mixed products, until each draft is a
/// product of what `finish` knows.
bool TermSplitter::expand(Draft draft) {
  Expr product = terms.product(draft.factors);
  auto [coefficient, term] = splitCoefficient(product);
  draft.coefficient *= coefficient;
  draft.factors.clear();
  if (!term)
    return coefficient == 0 || finish(draft);
  std::pair<double, Expr> storage;
  for (auto [power, base] : factorsOf(term, storage))
    draft.factors.push_back({base, power});
  for (unsigned i = 0; i < draft.factors.size(); ++i) {
    auto [base, power] = draft.factors[i];
    if (!isMixed(base))
      continue;
    bool isProductSum = base->kind == Kind::sum && power == 1 &&
                        llvm::any_of(base->args, [](auto &arg) { return isMixed(arg.second); });
    Expr hoisted = hoistSelect(base->kind == Kind::exp ? base->operand() : base);
    if (isProductSum || (hoisted && (power > 0 && power == std::floor(power))))
      return expandFactor(draft, i);
  }
  return finish(draft);
}

bool TermSplitter::expandFactor(const Draft &draft, unsigned which) {
  auto [base, power] = draft.factors[which];
  Draft rest = draft;
  rest.factors.erase(rest.factors.begin() + which);
  if (Expr hoisted = hoistSelect(base->kind == Kind::exp ? base->operand() : base)) {
    Expr condition = hoisted->operand(0);
    if (condition->depends & onState)
      return refuse("the condition '" + terms.str(condition) +
                    "' compares an element with a result of the same rank");
    for (unsigned branch : {1, 2}) {
      Draft next = rest;
      Expr value = hoisted->operand(branch);
      next.factors.push_back({base->kind == Kind::exp ? terms.exp(value) : value, power});
      next.guards.push_back({condition, branch == 1});
      if (!expand(next))
        return false;
    }
    return true;
  }
  for (auto [weight, term] : base->args) {
    Draft next = rest;
    next.coefficient *= weight;
    next.factors.push_back({term, 1});
    if (!expand(next))
      return false;
  }
  rest.coefficient *= base->value;
  return base->value == 0 || expand(rest);
}

bool TermSplitter::finish(const Draft &draft) {
  Term term;
  term.coefficient = draft.coefficient;
  for (auto guard : draft.guards)
    (guard.first->depends & onElement ? term.guards : term.rowGuards).push_back(guard);
  llvm::SmallVector<std::pair<Expr, double>> phi, psi;
  for (auto [base, power] : draft.factors) {
    if (!(base->depends & onState))
      phi.push_back({base, power});
    else if (!(base->depends & onElement))
      psi.push_back({base, power});
  }
  term.phi = terms.product(phi);
  term.psi = terms.product(psi);
  for (unsigned i = 0; i < draft.factors.size(); ++i) {
    auto [base, power] = draft.factors[i];
    if (!isMixed(base))
      continue;
    if (base->kind == Kind::exp) {
      if (!addExponential(term, base->operand()))
        return false;
      continue;
    }
    bool whole = power > 0 && power <= 8 && power == std::floor(power);
    if (base->kind != Kind::sum || !whole)
      return refuse("'" + terms.str(terms.pow(base, power)) +
                    "' splits into no factor of the element and factor of the result");
    bool replaced = false;
    if (!addPower(draft, i, term, replaced))
      return false;
    if (replaced)
      return true; // two other terms took its place
  }
  result.push_back(std::move(term));
  return true;
}

/// The parts of a sum: of the element, of rows and constants, of states.
namespace {
struct Parts {
  Expr element, row;
  llvm::SmallVector<std::pair<double, Expr>> states;
  Expr mixed = nullptr;
};
} // namespace

static Parts partsOf(Terms &terms, Expr e) {
  Parts parts;
  llvm::SmallVector<std::pair<double, Expr>> element, row;
  llvm::SmallVector<std::pair<double, Expr>> args;
  if (e->kind == Kind::sum)
    args.assign(e->args.begin(), e->args.end());
  else
    args.push_back({1, e});
  for (auto arg : args) {
    if (isMixed(arg.second))
      parts.mixed = arg.second;
    else if (arg.second->depends & onState)
      parts.states.push_back(arg);
    else
      (arg.second->depends & onElement ? element : row).push_back(arg);
  }
  parts.element = terms.sum(element);
  parts.row = terms.sum(row, e->kind == Kind::sum ? e->value : 0);
  return parts;
}

Expr TermSplitter::underGuards(Expr e, const Term &term) {
  Substitution simplify(terms, [&](Expr sub) -> Expr {
    for (const Term::Guards *guards : {&term.guards, &term.rowGuards})
      for (auto [condition, holds] : *guards)
        if (sub->isFunction(fnSelect) && sub->operand(0) == condition)
          return underGuards(sub->operand(holds ? 1 : 2), term);
    return nullptr;
  });
  return simplify(e);
}

const Component *TermSplitter::plain(Expr state) const {
  for (const Component &component : plan.components)
    if (component.now == state && !component.corrected)
      return &component;
  return nullptr;
}

Expr TermSplitter::count() const {
  for (const Component &component : plan.components)
    if (component.monoid == Monoid::add && component.contribution->isConstant(1))
      return component.now;
  return nullptr;
}

/// True if element + reference is at most `safeExponent`, because the
/// reference holds an extremum of at least the element.
bool TermSplitter::bounds(Expr element, Expr reference, const Term &term) {
  Expr rest = element;
  llvm::SmallVector<std::pair<double, Expr>> args;
  if (reference->kind == Kind::sum)
    args.assign(reference->args.begin(), reference->args.end());
  else
    args.push_back({1, reference});
  for (auto [weight, state] : args) {
    Monoid wanted = weight < 0 ? Monoid::max : Monoid::min;
    llvm::SmallVector<Expr> candidates{state};
    if (state->isFunction(weight < 0 ? fnMax : fnMin))
      candidates = {state->operand(0), state->operand(1)};
    const Component *found = nullptr;
    for (Expr candidate : candidates)
      if (const Component *component = plain(candidate); component && component->monoid == wanted)
        found = component;
    if (!found)
      return false;
    rest = terms.sum({{1, rest}, {weight, found->contribution}});
  }
  return rangeOf(underGuards(rest, term), ofLeaf).high <= safeExponent;
}

bool TermSplitter::addExponential(Term &term, Expr exponent) {
  Parts parts = partsOf(terms, exponent);
  if (parts.mixed)
    return refuse("exp of '" + terms.str(parts.mixed) +
                  "', which multiplies an element by a result of the same rank");
  Expr states = terms.sum(parts.states);
  auto defer = [&](Expr e) { term.psi = terms.mul(term.psi, terms.exp(e)); };
  for (Expr element : {terms.add(parts.element, parts.row), parts.element}) {
    llvm::SmallVector<Expr> candidates{states};
    for (auto state : parts.states)
      candidates.push_back(terms.sum({state}));
    for (Expr reference : candidates) {
      auto [weight, state] = splitCoefficient(reference);
      bool settled = state && state->isFunction(fnSettle);
      Expr bare = settled ? terms.scale(weight, state->operand()) : reference;
      if (!bounds(element, bare, term))
        continue;
      term.exponent = {element, bare};
      term.settled = settled;
      defer(terms.sub(exponent, terms.add(element, reference)));
      return true;
    }
  }
  Interval range = rangeOf(underGuards(parts.element, term), ofLeaf);
  if (range.low >= -safeExponent && range.high <= safeExponent) {
    term.phi = terms.mul(term.phi, terms.exp(parts.element));
    defer(terms.sub(exponent, parts.element));
    return true;
  }
  return refuse("exp(" + terms.str(exponent) + "): no maximum of '" + terms.str(parts.element) +
                "' is subtracted, and without one the running sum may overflow");
}

/// Equal but for the rounding of constants such as 1/768.
static bool nearlyEqual(Expr a, Expr b) {
  if (a == b)
    return true;
  auto terms = [](Expr e) {
    return e->kind == Kind::sum ? llvm::ArrayRef(e->args)
                                : llvm::ArrayRef<std::pair<double, Expr>>();
  };
  std::pair<double, Expr> one{1, a}, other{1, b};
  auto left = a->kind == Kind::sum ? terms(a) : llvm::ArrayRef(one);
  auto right = b->kind == Kind::sum ? terms(b) : llvm::ArrayRef(other);
  double valueA = a->kind == Kind::sum ? a->value : 0, valueB = b->kind == Kind::sum ? b->value : 0;
  auto near = [](double x, double y) { return std::fabs(x - y) <= 2.4e-7 * std::fabs(x); };
  if (left.size() != right.size() || !near(valueA, valueB))
    return false;
  return llvm::all_of(llvm::zip(left, right), [&](auto pair) {
    auto [x, y] = pair;
    return x.second == y.second && near(x.first, y.first);
  });
}

/// The running reference that weight * state stands for, if `element` is near
/// it: minus a maximum, a minimum or a mean of `element`. Null otherwise.
Expr TermSplitter::tracking(Expr element, double weight, Expr state) {
  if (const Component *component = plain(state)) {
    bool extremum = component->monoid == Monoid::max || component->monoid == Monoid::min;
    if (extremum && nearlyEqual(element, terms.scale(-weight, component->contribution)))
      return terms.scale(weight, state);
  }
  // A weighted mean: total / weights; the extent is the sum of 1.
  std::pair<double, Expr> storage;
  Expr total = nullptr, weights = nullptr;
  for (auto [power, base] : factorsOf(state, storage)) {
    if (power == 1 && plain(base) && !total)
      total = base;
    else if (power == -1 && !weights)
      weights = base;
    else
      return nullptr;
  }
  if (!total || plain(total)->monoid != Monoid::add)
    return nullptr;
  if (!weights && extent && extent->isConstant()) {
    weight *= extent->value;
    weights = count();
  } else if (weights && weights == extent) {
    weights = count();
  }
  const Component *divisor = weights ? plain(weights) : nullptr;
  if (!divisor || divisor->monoid != Monoid::add ||
      !rangeOf(divisor->contribution, ofLeaf).isNonNegative())
    return nullptr;
  Expr expected = terms.scale(-weight, plain(total)->contribution);
  if (!nearlyEqual(expected, terms.mul(element, divisor->contribution)))
    return nullptr;
  // The constant rounding of 1 / extent is gone: what is left is the scale.
  auto [scale, rest] = splitCoefficient(element);
  auto [own, same] = splitCoefficient(plain(total)->contribution);
  double exact = rest == same && divisor->contribution->isConstant(1) ? -scale / own : weight;
  return terms.product({{terms.constant(exact), 1}, {total, 1}, {weights, -1}});
}

/// Takes (a + r)^k into `term`, or expands a + r where r is only in part a
/// reference.
bool TermSplitter::addPower(const Draft &draft, unsigned which, Term &term, bool &replaced) {
  auto [base, power] = draft.factors[which];
  Parts parts = partsOf(terms, base);
  if (parts.mixed)
    return refuse("a power of '" + terms.str(parts.mixed) +
                  "', which multiplies an element by a result of the same rank");
  for (Expr element : {terms.add(parts.element, parts.row), parts.element})
    for (auto [weight, state] : parts.states) {
      Expr reference = tracking(element, weight, state);
      if (!reference)
        continue;
      Expr rest = terms.sub(base, terms.sum({{1, element}, {weight, state}}));
      if (rest->isConstant(0)) {
        term.powers.push_back({{element, reference}, static_cast<unsigned>(power)});
        return true;
      }
      if (power != 1)
        continue;
      replaced = true;
      for (Expr part : {terms.sum({{1, element}, {weight, state}}), rest}) {
        Draft next = draft;
        next.factors[which] = {part, 1};
        if (!expand(next))
          return false;
      }
      return true;
    }
  return refuse("'" + terms.str(base) + "': no running maximum, minimum or mean of '" +
                terms.str(parts.element) + "' is subtracted, so its sum may cancel");
}

} // namespace einfall::algebra
