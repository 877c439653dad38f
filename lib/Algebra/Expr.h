//===- Expr.h - Scalar expressions in a normal form -------------*- C++ -*-===//
//
// What this folder is for, in plain words.
//
// A program is a chain of reductions: `m = max_k x_k`, then `z = sum_k
// exp(x_k - m)`, then `o = sum_k exp(x_k - m) / z * v_k`. Read as loops, the
// second cannot begin before the first has seen every k, so the data is
// walked three times. Whether one walk suffices is a question about the scalar
// expressions alone, and three facts of school algebra answer it:
//
//  1. *Distribution.* `1 / z` does not depend on k, and multiplication
//     distributes over the sum, so it may wait: `sum (p_k / z) = (sum p_k) / z`.
//     Which operation distributes over which monoid is a table (Monoid.h); how
//     an expression splits into a part that depends on k and a part that does
//     not is *factorisation* (Factor.h).
//
//  2. *Reparameterisation.* `exp(x - m)` splits into `exp(x) * exp(-m)`, but
//     `exp(x)` alone overflows. So `m` stays inside, as the maximum *so far*,
//     and the sum so far is corrected whenever the maximum moves from m to m':
//     `exp(x - m') = exp(x - m) * exp(m - m')`. The factor is psi(m') psi(m)^-1
//     and exists because exp turns sums into products (a homomorphism).
//     `(x - mean)^2` moves the same way by the binomial theorem, with the count
//     and the deviations as companions: that is the mergeable variance.
//
//  3. *Merging.* Two halves of the data are two states with two references.
//     Correct both to the joint reference and combine by the monoid.
//
// Fold.h puts these together: from reductions that feed one another it derives
// init, step, merge and finish, or says why it cannot. No expression is ever
// compared with a known formula, so what is one operation away from a known
// program derives as well as that program.
//
// To see these facts, an expression must not hide them: `a / b` and `a * b^-1`
// have to be one thing, and so have `exp(a) * exp(b)` and `exp(a + b)`. That is
// the normal form here:
//
//     sum      constant + c1 * t1 + c2 * t2 ...     no sum among the t
//     product  b1^p1 * b2^p2 ...                    no product among the b, at
//                                                   most one exp, no constant
//     exp(e), log(e)     exp(c * log a + b) is a^c * exp(b),
//                        log(a * exp(b)) is log(a) + b
//     apply    any other function, which only congruence is known of
//
// Equal nodes are one node (hash-consing), so equality is comparing pointers.
// Products of sums are not multiplied out: `(x - m)^2` is the safe form, and
// `x^2 - 2 x m + m^2` is not.
//
// Side conditions. The laws hold for real numbers. On floats they are of
// exactness class `algebraic`, and assume besides: what is divided by is not
// zero, logarithms and roots are of non-negative numbers, and what is multiplied
// by an exact 0 is finite. Infinities that a program meets in its ordinary
// life, masked scores of -inf and rows that are masked throughout, are not left
// to chance: Fold.h treats them explicitly.
//
// The library knows no IR. passes/ein/AlgebraBridge translates bodies of Einsums.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ALGEBRA_EXPR_H
#define EINFALL_LIB_ALGEBRA_EXPR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace einfall::algebra {

enum class Kind : uint8_t { constant, variable, sum, product, exp, log, apply };

/// What a variable may change with. A row's value is known before the fold
/// starts and is the same at all its elements; a state is what the fold carries.
enum Dependence : uint8_t { onElement = 1, onRow = 2, onState = 4 };

/// Functions of `apply` that the algebra knows something of. A number from
/// `firstOpaque` on is one that it does not.
enum Function : unsigned {
  fnMax,
  fnMin,
  fnSelect,   // (condition, a, b)
  fnAbs,      //
  fnTanh,     //
  fnSettle,   // its argument, or 0 where that is not finite
  fnRelocate, // exp(a - settle(a)): 1 where a is finite
  fnSome,     // (n, a): a where n > 0, else 0
  firstOpaque
};

struct Node;
using Expr = const Node *;

struct Node {
  Kind kind;
  uint8_t depends; // union of Dependence
  unsigned id;     // order of creation
  unsigned symbol; // of variable: its number; of apply: the function
  double value;    // of constant; of sum: the constant addend
  /// sum: coefficients and terms; product: exponents and bases; else (0, operand).
  std::vector<std::pair<double, Expr>> args;

  Expr operand(unsigned i = 0) const { return args[i].second; }
  bool isConstant() const { return kind == Kind::constant; }
  bool isConstant(double c) const { return isConstant() && value == c; }
  bool isFunction(unsigned function) const { return kind == Kind::apply && symbol == function; }
};

/// Owns expressions and keeps equal ones one.
class Terms {
public:
  Terms();

  Expr constant(double value);
  /// A new variable, distinct from all others.
  Expr variable(llvm::StringRef name, Dependence dependence);
  /// constant + sum of coefficient * term.
  Expr sum(llvm::ArrayRef<std::pair<double, Expr>> terms, double constant = 0);
  /// Product of base^exponent.
  Expr product(llvm::ArrayRef<std::pair<Expr, double>> factors);
  Expr exp(Expr e);
  Expr log(Expr e);
  Expr apply(unsigned function, llvm::ArrayRef<Expr> args);
  /// The number of the function called `name`; the same for the same name.
  unsigned function(llvm::StringRef name);

  Expr add(Expr a, Expr b) { return sum({{1, a}, {1, b}}); }
  Expr sub(Expr a, Expr b) { return sum({{1, a}, {-1, b}}); }
  Expr scale(double c, Expr a) { return sum({{c, a}}); }
  Expr mul(Expr a, Expr b) { return product({{a, 1}, {b, 1}}); }
  Expr div(Expr a, Expr b) { return product({{a, 1}, {b, -1}}); }
  Expr pow(Expr a, double p) { return product({{a, p}}); }
  Expr max(Expr a, Expr b) { return apply(fnMax, {a, b}); }
  Expr min(Expr a, Expr b) { return apply(fnMin, {a, b}); }
  Expr select(Expr condition, Expr a, Expr b) { return apply(fnSelect, {condition, a, b}); }

  llvm::StringRef nameOf(unsigned variable) const { return names[variable]; }
  llvm::StringRef functionName(unsigned function) const { return functions[function]; }
  std::string str(Expr e) const;

private:
  Expr intern(Node node);

  struct Less {
    bool operator()(const Node *a, const Node *b) const;
  };
  std::vector<std::unique_ptr<Node>> nodes;
  std::map<const Node *, Expr, Less> known;
  std::vector<std::string> names, functions;
};

/// Coefficient and remaining factor: 3 * x is (3, x); a constant is (c, null).
std::pair<double, Expr> splitCoefficient(Expr e);
/// The factors of a term without coefficient: (exponent, base).
llvm::ArrayRef<std::pair<double, Expr>> factorsOf(Expr term, std::pair<double, Expr> &storage);

/// Rewrites expressions bottom-up; subexpressions that `replace` gives a value
/// for are that value. Remembers what it has seen.
class Substitution {
public:
  Substitution(Terms &terms, std::function<Expr(Expr)> replace)
      : terms(terms), replace(std::move(replace)) {}
  Expr operator()(Expr e);

private:
  Terms &terms;
  std::function<Expr(Expr)> replace;
  llvm::DenseMap<Expr, Expr> done;
};

/// The value of `e` where variable n is variables[n]. `opaque` gives the values
/// of functions that the algebra does not know.
double evaluate(Expr e, llvm::ArrayRef<double> variables,
                llvm::function_ref<double(unsigned, llvm::ArrayRef<double>)> opaque = nullptr);

} // namespace einfall::algebra

#endif
