//===- Runs.h - Executions of a program's control flow ----------*- C++ -*-===//
//
// A run executes a tile program as far as its control flow and its index arithmetic go. Sizes, and
// whatever else is not computed from them, are chosen at random when they are needed; loops go
// round, and the ops of interest are shown in the order in which a warp meets them. So
// what a run shows is an execution that there is, and a protocol that holds in some dozens of
// runs with few and many items has been followed along all of its loops.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_VERIFY_RUNS_H
#define EINFALL_PASSES_VERIFY_RUNS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <functional>
#include <random>

namespace einfall::verify {

/// What of a program its runs execute: the ops of interest, what holds them, and what their
/// numbers, and how often they are met, are computed from.
class Outline {
public:
  using Test = mlir::function_ref<bool(mlir::Operation &)>;
  /// What is shown and is no move is asked for no numbers, and changes nothing: between two moves
  /// a loop need not show it each time.
  Outline(mlir::func::FuncOp program, Test isShown, Test isMove);

  mlir::func::FuncOp getProgram() const { return program; }
  llvm::ArrayRef<mlir::Operation *> opsOf(mlir::Block &block) const;
  /// Which no run has to compute.
  const llvm::DenseMap<mlir::Value, int64_t> &getConstants() const { return constants; }
  bool isShown(mlir::Operation &op) const { return shown.contains(&op); }
  /// Whether the op is shown, or holds one that is.
  bool leadsToShown(mlir::Operation &op) const { return leading.contains(&op); }
  /// Whether all iterations show the same, but for what depends on their number.
  bool isStill(mlir::scf::ForOp loop) const;

private:
  void execute(mlir::Operation &op);
  void need(mlir::ValueRange values);
  /// What `value` is computed from.
  void follow(mlir::Value value);
  void followResult(mlir::OpResult result);
  void followArgument(mlir::BlockArgument argument);

  mlir::func::FuncOp program;
  llvm::DenseSet<mlir::Operation *> shown, leading, moving, executed;
  llvm::DenseSet<mlir::Value> needed;
  llvm::SmallVector<mlir::Value> open; // needed, and not followed yet
  llvm::DenseMap<mlir::Block *, llvm::SmallVector<mlir::Operation *>> steps;
  llvm::DenseMap<mlir::Value, int64_t> constants;
};

class Run {
public:
  /// What is done with an op that is shown. Fails to end the run.
  using Show = std::function<mlir::LogicalResult(mlir::Operation &)>;

  Run(const Outline &outline, Show show, unsigned seed)
      : outline(outline), show(std::move(show)), random(seed), kind(seed % 3),
        numbers(outline.getConstants()) {}
  /// Fails if `show` did. A run that becomes too long ends early.
  mlir::LogicalResult execute();
  /// False if the run ended early.
  bool isWhole() const { return steps < kMostSteps; }
  /// A number of this run, now.
  int64_t numberOf(mlir::Value value);

private:
  static constexpr int64_t kMostSteps = 100000;
  using Numbers = mlir::SmallVector<std::optional<int64_t>>;

  std::optional<int64_t> known(mlir::Value value) const;
  void set(mlir::Value value, std::optional<int64_t> number);
  void set(mlir::ValueRange values, const Numbers &numbers);
  Numbers knownOf(mlir::ValueRange values) const;
  int64_t choose(mlir::Value value);
  std::optional<int64_t> evaluate(mlir::Operation &op);
  /// Null if the run is to end, else what the terminator passes on.
  std::optional<Numbers> executeBlock(mlir::Block &block);
  bool executeOp(mlir::Operation &op);
  bool executeFor(mlir::scf::ForOp loop);
  bool executeWhile(mlir::scf::WhileOp loop);

  const Outline &outline;
  Show show;
  std::mt19937 random;
  unsigned kind; // of the sizes that are chosen
  int64_t steps = 0;
  bool hasFailed = false;
  llvm::DenseMap<mlir::Value, int64_t> numbers;
};

} // namespace einfall::verify

#endif
