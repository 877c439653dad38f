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
#include <random>

namespace einfall::verify {

class Run {
public:
  /// What is shown: an op of which `isShown` holds. `show` fails to end the run.
  using IsShown = mlir::function_ref<bool(mlir::Operation &)>;
  using Show = mlir::function_ref<mlir::LogicalResult(mlir::Operation &)>;

  Run(mlir::func::FuncOp program, IsShown isShown, Show show, unsigned seed);
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

  mlir::func::FuncOp program;
  IsShown isShown;
  Show show;
  std::mt19937 random;
  unsigned kind; // of the sizes that are chosen
  int64_t steps = 0;
  bool hasFailed = false;
  llvm::DenseMap<mlir::Value, int64_t> numbers;
  llvm::DenseSet<mlir::Operation *> relevant; // is shown, or holds what is
};

} // namespace einfall::verify

#endif
