//===- Fold.h - One fold from reductions that feed one another --*- C++ -*-===//
//
// Given reductions r1, r2, ... over one rank, where the body of each may read
// the finished values of those before it, derives a state that one walk over
// the rank can carry.
//
// A reduction whose body reads no other is a *plain* component: its state is
// its value so far. Any other body is split into terms, and each term into
//
//     coefficient * psi(r) * phi(x) * product of (a(x) + ref(r))^k * exp(a(x) + ref(r))
//
// psi waits for the end. What remains is *moving*: it is relative to references
// ref(r), functions of plain components so far. When these go from `ref` to
// `ref'`, a sum of exp(a + ref) is multiplied by exp(ref' - ref), and sums of
// powers mix by the binomial theorem. Adding the correction of two states is the
// merge; adding one element's contribution is the step.
//
// Only references that keep the numbers small are accepted:
//   * in an exp, an upper bound of a(x) over what was seen (a maximum of it):
//     then no exp overflows, and no sum of them loses what matters;
//   * in a power, a value within the range of a(x): its maximum, minimum or mean.
//     "Mean" means over what was seen. The user divides by the extent, which is
//     the sum of 1 over the rank: its running form is the count.
// Everything else is refused, with the reason.
//
// Identities are absorbed exactly. Where a reference is no finite number (a
// maximum of -inf after masked elements, a mean of nothing) the state is kept
// relative to 0 instead (`settle`): exp(-inf - 0) is 0, as a masked element
// should weigh. `finish` multiplies by exp(ref - settle(ref)) (`relocate`), which
// is 1 for finite references and otherwise what the user's expression gives: so a
// row that is masked throughout is NaN where the program said NaN. Where a condition
// chooses elements, how many were chosen is counted: of none, the sum is 0.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ALGEBRA_FOLD_H
#define EINFALL_LIB_ALGEBRA_FOLD_H

#include "lib/Algebra/Monoid.h"
#include "lib/Algebra/Range.h"

namespace einfall::algebra {

struct Reduction {
  Monoid monoid;
  Expr body;
  /// The variable (onState) by which later bodies read the finished value.
  Expr value;
};

/// A part of the state. Expressions are over elements, rows, and the states of
/// components: `now` after this step or merge, `before` it.
struct Component {
  Monoid monoid;
  Expr now, before;
  Expr contribution;        // of one element
  Expr corrected = nullptr; // of the state before; null: it needs no correction
};

struct FoldPlan {
  /// Plain components first; a moving one reads plain ones only by `now`.
  std::vector<Component> components;
  /// The values of the reductions, over components' `now` and rows.
  std::vector<Expr> values;
  /// Why there is no plan; empty if there is one.
  std::string refusal;

  explicit operator bool() const { return refusal.empty(); }
  /// Drops components that the values in `wanted` do not need.
  void keepOnly(llvm::ArrayRef<unsigned> wanted);
  /// The component's state after joining two states, by `monoid` and `corrected`:
  /// `a` and `b` rename the `before` variables.
  Expr merged(Terms &terms, const Component &component, llvm::function_ref<Expr(Expr)> a,
              llvm::function_ref<Expr(Expr)> b) const;
  /// The component's state after one more element.
  Expr stepped(Terms &terms, const Component &component) const;
};

/// `extent` is an expression that equals the number of elements, if there is one.
FoldPlan deriveFold(Terms &terms, llvm::ArrayRef<Reduction> reductions, Expr extent,
                    LeafRange ofLeaf);

} // namespace einfall::algebra

#endif
