//===- Space.h - Walking an iteration space by rows -------------*- C++ -*-===//
//
// All indexed ops do the same: walk a space of ranks, and at each point find
// the element of every operand, or find that the point does not exist. Almost
// all indices are linear in the ranks, so the walk goes by *rows* (the
// coordinates along the innermost rank, the others fixed): for a row, a linear
// operand is an offset and a step, and its bounds are an interval of the row.
// Only indices with floordiv, mod or gathered coordinates are worked out at
// every point, by a postfix program.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_REFERENCE_SPACE_H
#define EINFALL_LIB_REFERENCE_SPACE_H

#include "lib/Reference/Context.h"

namespace einfall::reference {

/// One operand's elements over a space.
class Access {
public:
  /// `symbols` follow `numCoords` gathered coordinates in the map's symbols.
  static mlir::FailureOr<Access> create(mlir::Operation *op, mlir::AffineMap map,
                                        llvm::ArrayRef<int64_t> shape,
                                        llvm::ArrayRef<int64_t> extents,
                                        llvm::ArrayRef<int64_t> symbols, unsigned numCoords);

  /// True if no index has floordiv, mod or a gathered coordinate.
  bool isLinear() const { return general.empty(); }
  int64_t step() const { return steps.back(); }
  /// The offset at the row's start; narrows [lo, hi) to where it exists.
  int64_t enterRow(const int64_t *point, int64_t &lo, int64_t &hi) const;
  /// The offset at a point, or -1 where it does not exist.
  int64_t locate(const int64_t *point, const int64_t *gathered) const;

private:
  /// start + sum of coefficients * coordinates, within [0, extent).
  struct Linear {
    int64_t start = 0;
    llvm::SmallVector<int64_t> coefficients;
    int64_t extent = 0, stride = 0;
  };
  struct Step {
    enum Kind { constant, rank, gathered, add, mul, floordiv, ceildiv, mod } kind;
    int64_t value;
  };
  struct General {
    llvm::SmallVector<Step> steps;
    int64_t extent = 0, stride = 0;
  };
  bool makeLinear(mlir::AffineExpr expr, Linear &linear) const;
  mlir::LogicalResult makeGeneral(mlir::Operation *op, mlir::AffineExpr expr,
                                  General &general) const;
  static int64_t evaluate(const General &index, const int64_t *point, const int64_t *gathered);

  unsigned numCoords = 0;
  llvm::SmallVector<int64_t> symbols;
  int64_t start = 0;                 // of the indices that are always inside
  llvm::SmallVector<int64_t> steps;  // by rank, of all linear indices
  llvm::SmallVector<Linear> checked; // linear, may fall outside
  llvm::SmallVector<General> general;
};

/// All operands of an op over one space. A space without ranks is one point.
class Space {
public:
  /// `numbers`: which operands of `op` these are; all of them if empty.
  static mlir::FailureOr<Space> create(mlir::Operation *op, llvm::ArrayRef<int64_t> extents,
                                       mlir::ArrayAttr maps, Inputs operands,
                                       mlir::ArrayAttr symbolNames, const Context &context,
                                       llvm::ArrayRef<unsigned> numbers = {});

  llvm::SmallVector<int64_t> extents; // at least one
  llvm::SmallVector<int64_t> starts;  // where ranks begin: 0, of a part elsewhere
  llvm::SmallVector<int64_t> point;   // the current point

  /// Rank `rank` has the coordinates from `from` up to `to` only, where these exist.
  void restrict(unsigned rank, int64_t from, int64_t to) {
    starts[rank] = from;
    extents[rank] = std::min(extents[rank], to);
  }

  /// Calls visit(i) at every existing point i of the row at `point`, with the
  /// operands' elements in values[0..] (values may be null).
  template <typename Visit> void row(Scalar *values, Visit visit) {
    if (!enterRow())
      return;
    int64_t &last = point.back();
    for (int64_t i = lo; i < hi; ++i) {
      last = i;
      if (load(i, values))
        visit(i);
    }
  }
  /// Calls visit() for every combination of the ranks before `end`.
  template <typename Visit> void outer(unsigned end, Visit visit, unsigned rank = 0) {
    if (rank >= end)
      return visit();
    for (int64_t i = 0; i < extents[rank]; ++i) {
      point[rank] = i;
      outer(end, visit, rank + 1);
    }
  }

  /// After enterRow: loads point i, in any order; false if it does not exist.
  bool visit(int64_t i, Scalar *values) {
    point.back() = i;
    return i >= lo && i < hi && load(i, values);
  }
  /// Operand k's element at the row's first point, or `none`.
  Scalar first(unsigned operand, Scalar none);

  /// Works out the row at `point`; false if it has no points.
  bool enterRow();
  bool allLinear() const { return linear; }
  int64_t begin() const { return lo; }
  int64_t end() const { return hi; }
  /// After enterRow, of a linear operand.
  const Scalar *rowData(unsigned operand) const { return data[operand] + offsets[operand]; }
  int64_t rowStep(unsigned operand) const { return accesses[operand].step(); }
  /// The offset of operand k at the point visited.
  int64_t offset(unsigned operand) const { return at[operand]; }

private:
  bool load(int64_t i, Scalar *values) {
    for (size_t k = 0, e = accesses.size(); k < e; ++k) {
      int64_t where = -1;
      if (i >= filled[k].lo && i < filled[k].hi)
        where = accesses[k].isLinear() ? offsets[k] + i * accesses[k].step()
                                       : accesses[k].locate(point.data(), gathered.data());
      if (where < 0 && !filled[k].value)
        return false;
      const Scalar &value = where < 0 ? *filled[k].value : data[k][where];
      at[k] = where;
      if (integer[k])
        gathered[k] = value.i;
      if (values)
        values[k] = value;
    }
    return true;
  }

  /// An operand's value outside, if it has one, and the part of a row in which
  /// its linear indices are inside.
  struct Filled {
    std::optional<Scalar> value;
    int64_t lo = 0, hi = std::numeric_limits<int64_t>::max();
  };

  std::vector<Access> accesses;
  std::vector<Filled> filled;
  llvm::SmallVector<const Scalar *> data;
  llvm::SmallVector<bool> integer;
  llvm::SmallVector<int64_t> offsets, at, gathered;
  int64_t lo = 0, hi = 0;
  bool linear = true;
};

} // namespace einfall::reference

#endif
