//===- PassCounts.h - How often a rank has to be walked ---------*- C++ -*-===//
//
// The counting behind ein-count-passes and the compiler's report. Nothing here
// changes the program.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_PASSCOUNTS_H
#define EINFALL_PASSES_EIN_PASSCOUNTS_H

#include "mlir/IR/AsmState.h"
#include "passes/ein/Fibers.h"

namespace einfall::ein {

/// When a tensor is known, while a rank is walked.
struct Moment {
  unsigned pass = 0;
  bool streams = false; // element by element, else at the end of `pass`
};

/// What the ops of one function mean for one rank.
class PassCount {
public:
  PassCount(const Fibers &fibers, unsigned rank) : fibers(fibers), rank(rank) {}
  void run(mlir::func::FuncOp function);

  unsigned passes = 0;
  llvm::SmallVector<mlir::Value> live; // outer parts that wait for an end

  /// What each pass ends with that the next one waits for, in order.
  llvm::SmallVector<mlir::Operation *> chain() const;
  /// The pass in which `op` walks the complete rank; 0 if it does not.
  unsigned passOfOp(mlir::Operation *op) const { return passOf.lookup(op); }
  Moment momentOf(mlir::Value tensor) const { return moments.lookup(tensor); }

private:
  Moment read(const Space &space, unsigned number, unsigned operand) const;
  void visit(const Space &space, unsigned number);

  const Fibers &fibers;
  unsigned rank;
  mlir::Operation *last = nullptr; // the first op of the last pass
  llvm::DenseMap<mlir::Value, Moment> moments;
  llvm::DenseMap<mlir::Operation *, unsigned> passOf;   // of ops over the complete fiber
  llvm::DenseMap<mlir::Operation *, mlir::Value> cause; // what set an op's moment
  llvm::DenseSet<mlir::Operation *> reduces;            // the rank, or its outer part
};

/// The count of one rank in words.
struct RankPasses {
  std::string rank; // `m`, `m = (m1, m0)`
  unsigned passes = 0;
  std::vector<std::string> chain; // tensors that each end a pass, `GM[p]`
  /// Outer parts of unbounded size that wait for an end, and their elements.
  std::vector<std::pair<std::string, std::string>> live;
};

/// The counts of every rank that something in a function reduces.
class PassTable {
public:
  explicit PassTable(mlir::func::FuncOp function);

  const Fibers &getFibers() const { return fibers; }
  llvm::ArrayRef<PassCount> getCounts() const { return counts; }
  llvm::StringRef rankName(unsigned count) const { return fibers.getReducedRanks()[count].second; }
  /// The counts in words; they speak of tensors by `ein.name`, else by number.
  std::vector<RankPasses> describe();
  /// What the user calls a tensor, with its labels: `GM[p]`.
  std::string describe(mlir::Operation *op);
  /// `ein.name`, or the number in the printed text.
  std::string nameOf(mlir::Value tensor);

private:
  Fibers fibers;
  std::vector<PassCount> counts; // one a reduced rank
  mlir::AsmState names;
  llvm::DenseMap<mlir::Operation *, unsigned> spaceOf;
};

} // namespace einfall::ein

#endif
