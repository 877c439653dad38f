//===- BoxPredicate.h - What a mask is on a box of coordinates --*- C++ -*-===//
//
// Masks are predicates on coordinates. `m <= p` is a triangle, `p - m < 128` a
// band, `p floordiv 64 == m floordiv 64` a row of squares, `m < len[b]` a cut. A
// kernel walks its space in boxes, and a box need not be walked where no point
// holds (it contributes nothing), nor tested where every point does.
//
// Which is it? No mask is known here. The scalar body that computes the
// predicate is evaluated on *intervals* instead of numbers: a coordinate is the
// interval that the box spans, an extent is a point, arithmetic has its usual
// interval rules, and a comparison of two intervals is proven false, proven true,
// or neither. The interval of a box is known when the program runs, so what
// comes out is code: a few scalar operations and two bits a box, next to the
// thousands of elements that they may save.
//
//     causal, rows [p0, p1], columns [m0, m1]:   m <= p
//     none = m0 > p1       all = m1 <= p0
//
// A truth value is a pair of bits, `none` and `all`, of which both may be false
// (mixed, or unknown). `and` is none if either side is, all if both are; `or` the
// other way round; `not` swaps. This forgets how sides depend on one another, so
// a box may be proven too little, never too much.
//
// Data in a predicate. A body also compares with what it reads: a length
// (`m < len[b]`), the document of a token (`doc[p] == doc[m]`), a padding mask
// (`pad[b, m]`). Such a block argument has bounds where the caller has any: its
// one value where it does not vary in the box, the values at both ends where it
// is promised to ascend. Without bounds it is unknown, and only it.
//
// Wrap-around. Integers of a body wrap at the width of their type, intervals must
// not. Each interval carries how large its values can be at most (`bits`, known
// now): coordinates and extents stay within 2^48 (nobody walks more), a value of
// iN within N - 1 bits. Where that does not show that an operation fits its type,
// the code tests it (`valid`), and a verdict that rests on it holds only if
// the test did. So a length of 2^63 - 1 that means "all" proves nothing wrong when
// 1 is added to it; it proves nothing.
//
// Nothing emitted traps or reads memory, whatever the bounds: it may run ahead of
// any branch.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_BOXPREDICATE_H
#define EINFALL_PASSES_EINTOTILE_BOXPREDICATE_H

#include "dialects/ein/EinDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>

namespace einfall {

/// Least and greatest value, both inclusive, of type index. Null: no bound.
struct Bounds {
  mlir::Value low, high;
};

/// What is proven of a predicate on a box, as i1. Null: that is never proven.
struct Verdict {
  mlir::Value none; ///< true only if no point of the box holds
  mlir::Value all;  ///< true only if every point of the box holds
};

class BoxPredicate {
public:
  /// The coordinates of a rank in the box.
  using BoxOf = std::function<Bounds(llvm::StringRef rank)>;
  /// The value of an extent, of type index; null if it is not at hand.
  using ExtentValue = std::function<mlir::Value(ein::ExtentAttr extent)>;
  /// Between which values an integer read from a tensor lies at all points of
  /// the box, signed as its type is (that of an i1: 0 or 1).
  using OperandBounds = std::function<std::optional<Bounds>(mlir::BlockArgument argument)>;

  /// One object serves one box: it emits where `builder` stands, each value once.
  BoxPredicate(mlir::OpBuilder &builder, mlir::Location loc, BoxOf boxOf, ExtentValue extentValue,
               OperandBounds operandBounds)
      : builder(builder), loc(loc), boxOf(std::move(boxOf)), extentValue(std::move(extentValue)),
        operandBounds(std::move(operandBounds)) {}

  /// `predicate` is an i1 of the scalar body of an einsum or fold.
  Verdict of(mlir::Value predicate) { return truthOf(predicate); }

private:
  /// An integer. If `valid` (null: always), then its value and `low` and `high` are
  /// within 2^bits, and the value lies between these two.
  struct Range {
    mlir::Value low, high, valid;
    unsigned bits = 63;

    bool isBounded() const { return low && high; }
  };

  Verdict truthOf(mlir::Value value);
  Verdict computeTruth(mlir::Value value);
  Verdict chooseTruth(mlir::arith::SelectOp op);
  Verdict compare(mlir::arith::CmpIOp op);
  Verdict compareTruths(mlir::arith::CmpIOp op);
  Verdict ordered(mlir::arith::CmpIPredicate predicate, const Range &a, const Range &b);
  Verdict equal(const Range &a, const Range &b);
  Verdict lowestBit(const Range &range);

  Range rangeOf(mlir::Value value);
  Range computeRange(mlir::Value value);
  Range argument(mlir::BlockArgument argument);
  Range arithmetic(mlir::Operation *op);
  Range sum(Range a, Range b, bool negate);
  Range product(Range a, Range b);
  Range quotient(mlir::Operation *op, Range a, int64_t divisor);
  Range remainder(Range a, int64_t divisor);
  Range extremum(const Range &a, const Range &b, bool greatest);
  Range magnitude(Range a);
  Range choose(mlir::arith::SelectOp op);
  Range fromTruth(mlir::Value value, bool isSigned);

  /// `range` as a value of `type`, which arithmetic on it may leave.
  Range fitted(Range range, mlir::Type type);
  /// `range` where it is within 2^bits.
  Range narrowed(Range range, unsigned bits);
  /// `range` where it is between `low` and `high`, of which one may be missing.
  Range guarded(Range range, std::optional<int64_t> low, std::optional<int64_t> high);
  Range nonNegative(Range range) { return guarded(range, 0, std::nullopt); }

  mlir::Value constant(int64_t value);
  mlir::Value truth(bool value);
  /// The comparison of two bounds; null if one is missing or it is false.
  mlir::Value test(mlir::arith::CmpIPredicate predicate, mlir::Value a, mlir::Value b);
  mlir::Value both(mlir::Value a, mlir::Value b);
  mlir::Value either(mlir::Value a, mlir::Value b);
  /// Of two conditions under which something is valid, null meaning always.
  mlir::Value joined(mlir::Value a, mlir::Value b);
  Verdict onlyIf(mlir::Value valid, Verdict verdict);
  template <typename Op> mlir::Value make(mlir::Value a, mlir::Value b) {
    return builder.createOrFold<Op>(loc, a, b);
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  BoxOf boxOf;
  ExtentValue extentValue;
  OperandBounds operandBounds;
  llvm::DenseMap<mlir::Value, Verdict> truths;
  llvm::DenseMap<mlir::Value, Range> ranges;
};

} // namespace einfall

#endif
