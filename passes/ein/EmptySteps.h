//===- EmptySteps.h - Which masks make an element count nothing -*- C++ -*-===//
//
// A box in which a mask holds nowhere (BoxPredicate.h) may be skipped if an
// element of which the mask does not hold changes nothing. Whether it does is a
// question about the scalar body, put before any code is written: *assume the
// condition to be false; is every contribution the identity of its monoid, or
// the state that a step yields the one it got?*
//
// The body is evaluated with what is known in place of numbers: a constant, or
// a name for a value (equal names are equal values, as equal operations on equal
// operands have one name). Operations on constants are folded as everywhere.
// With names in play it takes the laws of infinities and identities:
//
//     -inf + x = -inf     0 * x = 0     0 / x = 0     max(-inf, x) = x
//     exp(-inf) = 0       x + 0 = x     x * 1 = x     x - x = 0, x finite
//
// So no form of a mask is known here. `select(c, s, -inf)`, `s + select(c, 0, -inf)`,
// `exp(s) * uitofp(c)`, and a sigmoid 1 / (1 + exp(-s)) of a masked s all come out.
//
// The class is `algebraic`: data that are multiplied by an exact 0 are finite, and
// no score is +inf or NaN. Under strict numerics nobody may ask. But -inf is
// ordinary. 0 * x is not 0 where the program itself made x of an infinity. A row
// that is masked throughout has the maximum -inf, and where a program says
// exp(-inf - (-inf)) it gets its NaN: so -inf - x is -inf only if x cannot be -inf,
// which of an operand only the caller knows (`neverMinusInfinity`). And -inf * x
// is known of numbers x only: data may be negative.
//
// Folds. A step multiplies its sums by exp(m - m'), m the maximum before and m'
// after; of m' = m that is 1, except where m is -inf: nothing was seen, the sums
// are 0 and stay 0. That is proven by cases. A maximum (or minimum) is finite, or it
// has its initial value; then the states that have their initial values with
// it are found first: by induction, a step after which the maximum is still -inf
// leaves them there. Skipping keeps the state that a step would have kept, and a
// merge absorbs the identity (docs/spec/ein.md), so the cut into pieces is free.
//
// Finite masks. PyTorch's programs add `where(mask, 0, finfo.min)` to scores, or put
// -1e9 for -inf. Such a number is *not* -inf: exp(s - 3.4e38 - m) is 0 only if m, the
// row's maximum, is that of a visible element. In a row without one, m is about
// -3.4e38 too and the program means the average over all elements, which a skip
// would lose. By default they are numbers like others, and the answer is no. With
// `minusInfinityFrom` set they count as -inf, and the answer holds of rows of which
// every maximum that is carried comes out above `kSeen`: a visible element was seen,
// beside which exp of a masked one is exactly 0, and what was added before it is
// multiplied by exactly 0. Who asks has to look at the end, and walk again without
// skipping where it is not so. Scores are taken to be small beside the mask, which
// the class `algebraic` allows; a program that makes the mask small (by a factor
// below 1, a division, a logarithm, a root) is refused.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_EMPTYSTEPS_H
#define EINFALL_PASSES_EIN_EMPTYSTEPS_H

#include "dialects/ein/EinDialect.h"
#include <functional>
#include <limits>

namespace einfall {

/// Finite masks start here, and a maximum above `kSeen` is of a visible element.
inline constexpr double kFiniteMask = -1e9, kSeen = -1e8;

struct EmptyRules {
  /// Float constants up to this one count as -inf; see "Finite masks" above.
  double minusInfinityFrom = -std::numeric_limits<double>::infinity();
  /// True of an argument of the body that is not -inf in any row.
  std::function<bool(mlir::BlockArgument)> neverMinusInfinity;
};

/// What one element gives to a reduction.
struct Contribution {
  ein::Monoid monoid;
  mlir::Value value;
};

/// True if every contribution is the identity of its monoid where `condition`, an
/// i1 of the same body, has the value `holds`. Not so for argmax and argmin: of
/// equal values they name the first, even of identities.
bool emptiesWhen(llvm::ArrayRef<Contribution> contributions, mlir::Value condition, bool holds,
                 const EmptyRules &rules = {});

/// True if a step of `fold` yields the state it got where `condition`, an i1 of its
/// step, has the value `holds`.
bool emptiesWhen(ein::FoldOp fold, mlir::Value condition, bool holds, const EmptyRules &rules = {});

/// The conditions worth asking about: truth values of `body` that something else
/// than a truth value is made of (by a select, a cast), and the parts that `and`,
/// `or` and `xor` make these of; those that depend on a coordinate or on an integer
/// that was read. Wholes stand before their parts.
llvm::SmallVector<mlir::Value> candidateConditions(mlir::Block &body);

} // namespace einfall

#endif
