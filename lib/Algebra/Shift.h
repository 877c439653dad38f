//===- Shift.h - Terms relative to references -------------------*- C++ -*-===//
//
// Splits the body of a sum into terms whose parts are what Fold.h can carry,
// and finds the references that keep their numbers small.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ALGEBRA_SHIFT_H
#define EINFALL_LIB_ALGEBRA_SHIFT_H

#include "lib/Algebra/Fold.h"

namespace einfall::algebra {

/// element + reference; null where there is none.
struct Shifted {
  Expr element = nullptr, reference = nullptr;
};

/// coefficient * psi * phi * product of powers * exp(exponent), where the
/// guards hold, and 0 elsewhere.
struct Term {
  double coefficient = 1;
  Expr phi, psi;
  llvm::SmallVector<std::pair<Shifted, unsigned>, 2> powers;
  Shifted exponent;
  /// The program itself settles the exponent's reference: to 0 where it is
  /// infinite, as the running sum does.
  bool settled = false;
  using Guards = llvm::SmallVector<std::pair<Expr, bool>, 2>; // condition, which way
  Guards guards;                                              // of elements
  Guards rowGuards;                                           // of rows: they wait for the end

  /// `e` where the guards of elements hold, else 0.
  Expr guarded(Terms &terms, Expr e) const { return where(terms, guards, e); }
  /// `e` where those of the row hold, else 0.
  Expr rowGuarded(Terms &terms, Expr e) const { return where(terms, rowGuards, e); }

private:
  static Expr where(Terms &terms, const Guards &guards, Expr e);
};

class TermSplitter {
public:
  TermSplitter(Terms &terms, const FoldPlan &plan, Expr extent,
               std::function<Interval(Expr)> ofLeaf)
      : terms(terms), plan(plan), extent(extent), ofLeaf(std::move(ofLeaf)) {}

  /// The terms of `body`; nothing after a refusal.
  std::optional<std::vector<Term>> split(Expr body);
  std::string refusal;

private:
  /// A product on its way to a term.
  struct Draft {
    double coefficient = 1;
    llvm::SmallVector<std::pair<Expr, double>> factors;
    llvm::SmallVector<std::pair<Expr, bool>, 2> guards;
  };
  bool refuse(const llvm::Twine &reason);
  bool expand(Draft draft);
  bool expandFactor(const Draft &draft, unsigned which);
  Expr hoistSelect(Expr e);
  bool finish(const Draft &draft);
  bool addExponential(Term &term, Expr exponent);
  bool addPower(const Draft &draft, unsigned which, Term &term, bool &replaced);

  Expr underGuards(Expr e, const Term &term);
  bool bounds(Expr element, Expr reference, const Term &term);
  Expr tracking(Expr element, double weight, Expr state);
  const Component *plain(Expr state) const;
  Expr count() const;

  Terms &terms;
  const FoldPlan &plan;
  Expr extent;
  std::function<Interval(Expr)> ofLeaf;
  std::vector<Term> result;
};

} // namespace einfall::algebra

#endif
