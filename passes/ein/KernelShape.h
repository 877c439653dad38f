//===- KernelShape.h - Whether ops can share a kernel -----------*- C++ -*-===//
//
// Ops of one kernel run on one grid, block by block, and pass tensors in memory
// of a block's own. For that their labels have to be ranks of one space, and a
// block's part of every tensor that is passed has to be bounded: its ranks are
// of the grid, have a small literal extent, or are walked in chunks by whatever
// reads it.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EIN_KERNELSHAPE_H
#define EINFALL_PASSES_EIN_KERNELSHAPE_H

#include "dialects/ein/EinDialect.h"
#include "passes/ein/BlockCosts.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/Sequence.h"

namespace einfall::ein {

class KernelShape {
public:
  /// `ops`: Einsums and folds in program order. From `storedRows` rows on (0: for
  /// none) contractions read maps of theirs from memory.
  explicit KernelShape(llvm::ArrayRef<mlir::Operation *> ops, int64_t storedRows = 0);

  /// Why these ops should not share a kernel; empty if they should.
  std::string refusal;

  /// True if a rank is walked in chunks, by a fold or for want of a bound.
  bool walks() const {
    return llvm::any_of(ranks, [](const Rank &rank) { return rank.isWalked; });
  }

  /// True if the last op walks a rank: a later walk cannot make its result in chunks.
  bool endsInWalk() const { return walksItself(ops.size() - 1); }

  /// Gives `op`, a copy of op number `number`, the labels of the shared ranks.
  void rename(mlir::Operation *op, unsigned number) const;

private:
  struct Rank {
    unsigned parent;
    llvm::StringRef name;
    ExtentAttr extent;
    bool isReduced = false, isWalked = false;
    /// The rank of which each block has this one's part too, and some more.
    std::optional<unsigned> follows = std::nullopt;
  };
  /// An own tensor that is read at a rank of the reader plus a constant.
  struct ShiftedRead {
    unsigned maker, reader; // numbers of ranks
    int64_t shift;
  };
  unsigned node(unsigned op, unsigned rank) const { return firstRank[op] + rank; }
  auto everyOp() const { return llvm::seq<unsigned>(0, ops.size()); }
  unsigned find(unsigned number) const;
  int numberOf(mlir::Operation *op) const;
  bool isInternal(mlir::Value tensor) const { return numberOf(tensor.getDefiningOp()) >= 0; }
  bool joinRanks();
  bool joinOperand(unsigned consumer, unsigned input);
  void findHaloes();
  bool isRank(unsigned number, unsigned rank) const;
  void findWalks();
  bool hasRank(unsigned op, unsigned rank) const;
  bool keepsRank(unsigned op, unsigned rank) const;
  /// True if a reduction is among what makes `tensor` along the rank.
  bool isContracted(mlir::Value tensor, unsigned rank) const;
  bool feedsWalk(unsigned op, unsigned rank) const;
  bool checkWalked(unsigned op, mlir::Value tensor, unsigned rank);
  bool walksItself(unsigned op) const;
  bool checkPassed(mlir::Value tensor);
  unsigned mapCost(mlir::Value tensor, unsigned rank) const;
  bool checkRepeated(unsigned op, mlir::Value tensor);
  bool checkParts();
  bool isOfTwoLengths(unsigned op) const;
  bool checkBlocks();
  bool isExpanded(mlir::Value tensor, unsigned rank) const;
  bool checkSums();
  bool checkParallelism();
  double pointsOf(unsigned op) const;
  double heaviestPoints() const;
  bool isOfGrid(unsigned root) const;
  int64_t leastBlocks(llvm::ArrayRef<unsigned> members) const;
  void chooseNames();

  llvm::SmallVector<mlir::Operation *> ops;
  int64_t storedRows;
  llvm::SmallVector<unsigned> firstRank;
  mutable llvm::SmallVector<Rank> ranks;
  llvm::SmallVector<ShiftedRead> shifted;
  llvm::SmallVector<unsigned> readElsewhere;   // ranks of makers, by their numbers
  llvm::DenseMap<unsigned, std::string> names; // of the roots
};

/// Labels of an Einsum or fold, and the number of those that are not reduced.
unsigned freeRanksOf(mlir::Operation *op);

} // namespace einfall::ein

#endif
