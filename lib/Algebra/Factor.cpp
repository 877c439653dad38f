//===- Factor.cpp - Splitting an expression along a reduction -------------===//
#include "lib/Algebra/Factor.h"

namespace einfall::algebra {

namespace {
struct Splitter {
  Terms &terms;
  Monoid monoid;
  unsigned inside;
  LeafRange ofLeaf;

  bool stays(Expr e) const { return e->depends & inside; }
  bool mayLeave(Expr e) const {
    return distributes(Times::mul, monoid) ||
           (distributes(Times::mul, monoid, true) && rangeOf(e, ofLeaf).isNonNegative());
  }

  /// Factors that leave, and the rest.
  Factorisation product(Expr e) const {
    auto [coefficient, term] = splitCoefficient(e);
    if (!term)
      return {e, nullptr};
    std::pair<double, Expr> storage;
    llvm::SmallVector<std::pair<Expr, double>> in, out;
    in.push_back({terms.constant(coefficient), 1});
    for (auto [power, base] : factorsOf(term, storage)) {
      if (base->isFunction(fnSelect) && power == 1 && stays(base->operand(0))) {
        Factorisation inner = select(base);
        in.push_back({inner.inner, 1});
        if (inner.outer)
          out.push_back({inner.outer, 1});
        continue;
      }
      bool leaves = !stays(base) && mayLeave(terms.pow(base, power));
      (leaves ? out : in).push_back({base, power});
    }
    if (out.empty())
      return {e, nullptr};
    return {terms.product(in), terms.product(out), Times::mul};
  }

  /// select(c, a * r, b * r) is select(c, a, b) * r; 0 has every factor.
  Factorisation select(Expr e) const {
    Expr a = e->operand(1), b = e->operand(2);
    Factorisation left = product(a), right = product(b);
    bool same = left.outer && left.outer == right.outer;
    if (b->isConstant(0) && left.outer)
      return {terms.select(e->operand(0), left.inner, b), left.outer};
    if (a->isConstant(0) && right.outer)
      return {terms.select(e->operand(0), a, right.inner), right.outer};
    if (same)
      return {terms.select(e->operand(0), left.inner, right.inner), left.outer};
    return {e, nullptr};
  }

  Factorisation sum(Expr e) const {
    if (e->kind != Kind::sum)
      return {e, nullptr};
    llvm::SmallVector<std::pair<double, Expr>> in, out;
    for (auto arg : e->args)
      (stays(arg.second) ? in : out).push_back(arg);
    if (out.empty() || in.empty())
      return {e, nullptr};
    return {terms.sum(in, e->value), terms.sum(out), Times::add};
  }
};
} // namespace

Factorisation factor(Terms &terms, Monoid monoid, Expr e, unsigned inside, LeafRange ofLeaf) {
  Splitter splitter{terms, monoid, inside, ofLeaf};
  if (!splitter.stays(e) || e->isConstant())
    return {e, nullptr};
  if (distributes(Times::mul, monoid, true))
    if (Factorisation result = splitter.product(e); !result.isTrivial())
      return result;
  if (distributes(Times::add, monoid))
    return splitter.sum(e);
  return {e, nullptr};
}

} // namespace einfall::algebra
