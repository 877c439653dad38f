//===- Fold.cpp - One fold from reductions that feed one another ----------===//
#include "lib/Algebra/Fold.h"
#include "lib/Algebra/Factor.h"
#include "lib/Algebra/Shift.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <cmath>

namespace einfall::algebra {

namespace {

using Powers = llvm::SmallVector<unsigned, 2>;

class Derivation {
public:
  Derivation(Terms &terms, FoldPlan &plan, Expr extent, LeafRange outerRange)
      : terms(terms), plan(plan), extent(extent), outerRange(outerRange) {}

  /// Adds what `reduction` needs and its value; false after a refusal.
  bool add(const Reduction &reduction);
  unsigned component(Monoid monoid, Expr contribution);

private:
  Interval ofLeaf(Expr e) const {
    auto it = known.find(e);
    return it == known.end() ? outerRange(e) : it->second;
  }
  Interval range(Expr e) const {
    return rangeOf(e, [this](Expr leaf) { return ofLeaf(leaf); });
  }
  Expr refuse(const llvm::Twine &reason) {
    plan.refusal = reason.str();
    return nullptr;
  }
  Expr valueOf(Monoid monoid, Expr body);
  Expr extremum(Monoid monoid, Expr body);
  Expr sum(Expr body);

  /// Of the sum of a term's moving part with these powers: the running value.
  Expr running(const Term &term, const Powers &powers);
  Expr determined(const Term &term, const Powers &powers);
  /// The sum with these powers after all references moved by `shift(atom)`.
  Expr shifted(const Term &term, const Powers &powers, llvm::function_ref<Expr(unsigned)> shift,
               llvm::function_ref<Expr(const Powers &)> value);

  Expr settle(Expr e) { return terms.apply(fnSettle, {e}); }
  Expr before(Expr e) {
    Substitution rename(terms, [&](Expr sub) -> Expr {
      for (const Component &component : plan.components)
        if (component.now == sub)
          return component.before;
      return nullptr;
    });
    return rename(e);
  }

  Terms &terms;
  FoldPlan &plan;
  Expr extent;
  LeafRange outerRange;
  llvm::DenseMap<Expr, Interval> known; // of components and reductions' values
  llvm::DenseMap<Expr, Expr> final;     // reductions' values over components
};

} // namespace

unsigned Derivation::component(Monoid monoid, Expr contribution) {
  for (auto [i, old] : llvm::enumerate(plan.components))
    if (old.monoid == monoid && old.contribution == contribution)
      return i;
  unsigned number = plan.components.size();
  Expr now = terms.variable("state" + std::to_string(number), onState);
  Expr before = terms.variable("before" + std::to_string(number), onState);
  bool positive = monoid == Monoid::add && range(contribution).isNonNegative();
  known[now] = known[before] = positive ? Interval{0, HUGE_VAL} : Interval{};
  plan.components.push_back({monoid, now, before, contribution, nullptr});
  return number;
}

/// max, min and logaddexp: what does not depend on the element leaves, and max
/// and min go through functions that increase.
Expr Derivation::extremum(Monoid monoid, Expr body) {
  if (!(body->depends & onState))
    return plan.components[component(monoid, body)].now;
  if (monoid != Monoid::logaddexp && body->kind == Kind::exp) {
    Expr inner = extremum(monoid, body->operand());
    return inner ? terms.exp(inner) : nullptr;
  }
  Factorisation split = factor(terms, monoid, body, onElement, [&](Expr e) { return ofLeaf(e); });
  if (!split.outer || split.inner == body)
    return refuse("no part of '" + terms.str(body) + "' that " + factsOf(monoid).name +
                  " is known to commute with can leave it");
  Expr inner = extremum(monoid, split.inner);
  if (!inner)
    return nullptr;
  return split.times == Times::mul ? terms.mul(inner, split.outer) : terms.add(inner, split.outer);
}

/// A sum of first powers that plain components determine: `sum (x + ref)` is
/// `sum x + ref * sum 1`, and 0 where ref is minus their mean.
Expr Derivation::determined(const Term &term, const Powers &powers) {
  const Shifted *atom = nullptr;
  unsigned degree = 0;
  for (auto [power, entry] : llvm::zip(powers, term.powers)) {
    degree += power;
    if (power)
      atom = &entry.first;
  }
  if (term.exponent.element || degree != 1)
    return nullptr;
  auto find = [&](Expr contribution) -> Expr {
    auto [scale, rest] = splitCoefficient(contribution);
    Expr bare = rest ? rest : terms.constant(1);
    for (const Component &component : plan.components)
      if (component.monoid == Monoid::add && component.contribution == bare)
        return terms.scale(scale, component.now);
    return nullptr;
  };
  Expr first = find(term.guarded(terms, terms.mul(term.phi, atom->element)));
  Expr zeroth = find(term.guarded(terms, term.phi));
  if (!first || !zeroth)
    return nullptr;
  Expr total = terms.add(first, terms.mul(atom->reference, zeroth));
  return total->isConstant() ? total : nullptr;
}

Expr Derivation::shifted(const Term &term, const Powers &powers,
                         llvm::function_ref<Expr(unsigned)> shift,
                         llvm::function_ref<Expr(const Powers &)> value) {
  std::vector<std::pair<double, Expr>> sum;
  Powers lower(powers.size(), 0);
  while (true) {
    double binomials = 1;
    llvm::SmallVector<std::pair<Expr, double>> factors{{value(lower), 1}};
    for (unsigned i = 0; i < powers.size(); ++i) {
      for (unsigned k = 0; k < lower[i]; ++k)
        binomials = binomials * (powers[i] - k) / (k + 1);
      if (powers[i] > lower[i])
        factors.push_back({shift(i), double(powers[i] - lower[i])});
    }
    sum.push_back({binomials, terms.product(factors)});
    unsigned i = 0;
    while (i < lower.size() && lower[i] == powers[i])
      lower[i++] = 0;
    if (i == lower.size())
      return terms.sum(sum);
    ++lower[i];
  }
}

Expr Derivation::running(const Term &term, const Powers &powers) {
  if (Expr value = determined(term, powers))
    return value;
  llvm::SmallVector<std::pair<Expr, double>> factors{{term.phi, 1}};
  bool moves = term.exponent.element;
  for (auto [power, atom] : llvm::zip(powers, term.powers)) {
    factors.push_back({terms.add(atom.first.element, settle(atom.first.reference)), double(power)});
    moves |= power != 0;
  }
  if (term.exponent.element)
    factors.push_back(
        {terms.exp(terms.add(term.exponent.element, settle(term.exponent.reference))), 1});
  size_t count = plan.components.size();
  unsigned number = component(Monoid::add, term.guarded(terms, terms.product(factors)));
  if (plan.components.size() == count || !moves)
    return plan.components[number].now;
  // What was summed before, relative to the references of now.
  Expr factor = terms.constant(1);
  if (Expr reference = term.exponent.reference)
    factor = terms.exp(terms.sub(settle(reference), before(reference)));
  Expr corrected = shifted(
      term, powers,
      [&](unsigned i) {
        Expr reference = term.powers[i].first.reference;
        return terms.sub(settle(reference), settle(before(reference)));
      },
      [&](const Powers &lower) { return before(running(term, lower)); });
  plan.components[number].corrected = terms.mul(factor, corrected);
  return plan.components[number].now;
}

Expr Derivation::sum(Expr body) {
  TermSplitter splitter(terms, plan, extent, [&](Expr e) { return ofLeaf(e); });
  std::optional<std::vector<Term>> split = splitter.split(body);
  if (!split)
    return refuse(splitter.refusal);
  std::vector<std::pair<double, Expr>> total;
  for (const Term &term : *split) {
    Powers powers;
    for (auto &[atom, power] : term.powers)
      powers.push_back(power);
    // Relative to 0 where a reference is not finite; `finish` makes up for it.
    Expr value = shifted(
        term, powers,
        [&](unsigned i) {
          Expr reference = term.powers[i].first.reference;
          return terms.sub(reference, settle(reference));
        },
        [&](const Powers &lower) { return running(term, lower); });
    if (term.exponent.element && !term.settled)
      value = terms.mul(value, terms.apply(fnRelocate, {term.exponent.reference}));
    value = terms.mul(value, term.psi);
    // Where the guards hold of no element the sum is 0, whatever waits for it.
    if (!term.guards.empty()) {
      unsigned held = component(Monoid::add, term.guarded(terms, terms.constant(1)));
      value = terms.apply(fnSome, {plan.components[held].now, value});
    }
    total.push_back({term.coefficient, term.rowGuarded(terms, value)});
  }
  return terms.sum(total);
}

Expr Derivation::valueOf(Monoid monoid, Expr body) {
  switch (monoid) {
  case Monoid::add:
    if (!(body->depends & onState))
      return plan.components[component(monoid, body)].now;
    return sum(body);
  case Monoid::max:
  case Monoid::min:
  case Monoid::logaddexp:
    return extremum(monoid, body);
  case Monoid::mul:
    if (!(body->depends & onState))
      return plan.components[component(monoid, body)].now;
    [[fallthrough]];
  default:
    return refuse("no fold carries " + factsOf(monoid).name +
                  " of what depends on an earlier result");
  }
}

bool Derivation::add(const Reduction &reduction) {
  // Earlier results that are a component's state are that state; the others
  // only ever wait for the end.
  Substitution resolve(terms, [&](Expr e) -> Expr {
    auto it = final.find(e);
    return it != final.end() && it->second->kind == Kind::variable ? it->second : nullptr;
  });
  Expr body = resolve(reduction.body);
  Expr value = valueOf(reduction.monoid, body);
  if (!value)
    return false;
  known[reduction.value] = reduction.monoid == Monoid::add && range(body).isNonNegative()
                               ? Interval{0, HUGE_VAL}
                               : range(value);
  Substitution finish(terms, [&](Expr e) -> Expr {
    auto it = final.find(e);
    return it != final.end() ? it->second : nullptr;
  });
  value = finish(value);
  final[reduction.value] = value;
  plan.values.push_back(value);
  return true;
}

FoldPlan deriveFold(Terms &terms, llvm::ArrayRef<Reduction> reductions, Expr extent,
                    LeafRange ofLeaf) {
  FoldPlan plan;
  Derivation derivation(terms, plan, extent, ofLeaf);
  if (extent)
    derivation.component(Monoid::add, terms.constant(1));
  for (const Reduction &reduction : reductions)
    if (!derivation.add(reduction))
      break;
  // Moving components read the plain ones of now.
  std::vector<Component> ordered;
  for (bool moving : {false, true})
    for (const Component &component : plan.components)
      if ((component.corrected != nullptr) == moving)
        ordered.push_back(component);
  plan.components = std::move(ordered);
  return plan;
}

static void collectVariables(Expr e, llvm::SmallPtrSetImpl<Expr> &seen) {
  if (!seen.insert(e).second)
    return;
  for (auto &[weight, arg] : e->args)
    collectVariables(arg, seen);
}

void FoldPlan::keepOnly(llvm::ArrayRef<unsigned> wanted) {
  llvm::SmallPtrSet<Expr, 32> used;
  for (unsigned value : wanted)
    collectVariables(values[value], used);
  // Moving components need plain ones and each other.
  for (bool changed = true; changed;) {
    size_t size = used.size();
    for (const Component &component : components)
      if (used.contains(component.now) || used.contains(component.before)) {
        used.insert(component.now);
        collectVariables(component.contribution, used);
        if (component.corrected)
          collectVariables(component.corrected, used);
      }
    changed = used.size() != size;
  }
  llvm::erase_if(components, [&](const Component &component) {
    return !used.contains(component.now) && !used.contains(component.before);
  });
}

Expr FoldPlan::stepped(Terms &terms, const Component &component) const {
  return combine(terms, component.monoid,
                 component.corrected ? component.corrected : component.before,
                 component.contribution);
}

Expr FoldPlan::merged(Terms &terms, const Component &component, llvm::function_ref<Expr(Expr)> a,
                      llvm::function_ref<Expr(Expr)> b) const {
  Expr state = component.corrected ? component.corrected : component.before;
  Substitution left(terms, a), right(terms, b);
  return combine(terms, component.monoid, left(state), right(state));
}

} // namespace einfall::algebra
