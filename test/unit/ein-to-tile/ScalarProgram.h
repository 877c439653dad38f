//===- ScalarProgram.h - Runs scalar integer code ---------------*- C++ -*-===//
//
// A block of `arith` on integers, translated once and run many times. Integers
// wrap at the width of their type and are kept signed, an i1 as 0 or 1.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEST_UNIT_EINTOTILE_SCALARPROGRAM_H
#define EINFALL_TEST_UNIT_EINTOTILE_SCALARPROGRAM_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>
#include <vector>

class ScalarProgram {
public:
  /// `input` says which input a value is; -1: none.
  ScalarProgram(mlir::Block &block, std::function<int(mlir::Value)> input);

  void run(const std::vector<int64_t> &inputs);
  /// The value of `value` in the last run.
  int64_t operator[](mlir::Value value) const { return values[slots.lookup(value)]; }

private:
  using Function = int64_t (*)(int64_t a, int64_t b, int64_t c);
  struct Step {
    Function function = nullptr; // null: an input or a constant
    int64_t immediate = 0;
    bool isInput = false;
    unsigned width = 64, operands[3] = {0, 0, 0}, result = 0;
  };
  void translate(mlir::Operation &op, Step &step);
  unsigned slotOf(mlir::Value value, const std::function<int(mlir::Value)> &input);

  std::vector<Step> steps;
  std::vector<int64_t> values;
  llvm::DenseMap<mlir::Value, unsigned> slots;
};

#endif
