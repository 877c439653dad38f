//===- Reducers.h - Reductions taken apart for a walk in chunks -*- C++ -*-===//
//
// A walk over a rank in chunks keeps, for each reduction, a state. With one
// chunk more it is
//
//     now[i] = old[i] (+) contribution[i], reduced over the chunk
//
// where `old` is the state before, corrected to what other states are now, and
// a contribution may read states that are known by then. The step of a derived
// fold has this form (lib/Algebra/Fold.h), and so has a plain reduction, whose
// old state is the state before.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_REDUCERS_H
#define EINFALL_PASSES_EIN_REDUCERS_H

#include "dialects/ein/EinDialect.h"
#include "llvm/ADT/SmallBitVector.h"

namespace einfall::ein {

/// A reduction (an `ein.fold`, or an `ein.einsum` with one monoid).
class Reducer {
public:
  struct Part {
    Monoid monoid;
    mlir::Value contribution;
    mlir::Value old;           // null: the state before
    llvm::SmallBitVector span; // ranks that the state has
  };

  /// Nothing where the op does not have the form, with the reason in `problem`.
  static std::optional<Reducer> of(mlir::Operation *op, std::string &problem);

  /// The iteration space of an op without parts, of a map too.
  static Reducer around(mlir::Operation *op);

  mlir::Operation *op;
  llvm::SmallVector<llvm::StringRef> ranks; // free ones, then reduced ones
  unsigned numFree;
  llvm::SmallVector<ExtentAttr> extents;
  mlir::Block *body;  // arguments: the states before (of a fold), then the operands
  unsigned numStates; // among the body's arguments
  llvm::SmallVector<Part> parts;

  mlir::ValueRange inputs() const;
  mlir::AffineMap map(unsigned input) const;
  /// The part whose state after this step is `value`, or -1.
  int partOf(mlir::Value value) const;
  /// The ranks that a scalar of the body depends on.
  llvm::SmallBitVector spanOf(mlir::Value value) const;
  bool isElement(mlir::Value value) const; // depends on a reduced rank
  /// True if no operand that the scalar depends on makes a point missing: as a
  /// tensor it has the same elements.
  bool existsEverywhere(mlir::Value value) const;
  llvm::SmallVector<unsigned> freeRanks(const llvm::SmallBitVector &span) const;
  llvm::SmallVector<unsigned> reducedRanks() const;
  /// True if a scalar of a chunk of `walked` has a bounded number of values a row.
  bool canKeep(llvm::StringRef walked) const;
  /// Scalars that are worth keeping for a chunk of `walked`: several parts use them,
  /// or they are costly and lack ranks that the part has. Outermost first.
  llvm::SmallVector<mlir::Value> sharedScalars(llvm::StringRef walked) const;

private:
  bool takeApart(std::string &problem);
  bool splitYield(unsigned state, mlir::Value yielded);
  bool dependsOnBefore(mlir::Value value) const;
  void findSpans();
};

/// `a` and `b` combined by `monoid`, as scalars of a body.
mlir::Value combineScalars(mlir::OpBuilder &builder, mlir::Location loc, Monoid monoid,
                           mlir::Value a, mlir::Value b);

} // namespace einfall::ein

#endif
