//===- Interpreter.h - The meaning of ein -----------------------*- C++ -*-===//
//
// Plain loops over every op of the dialect. A pass is correct if the program
// before it and the program after it mean the same here: the same bits in
// `declared` mode for a rewrite of class `bitwise`, values within the stated
// bound of `f64` mode for the others.
//
//   declared  every operation is rounded to its declared type, every reduction
//             runs in ascending coordinate order with one accumulator of the
//             declared type; a product that feeds a sum is one fma. This is
//             what `strict` promises.
//   f64       floats are doubles whatever their type, casts between floats do
//             nothing; integers wrap at their width. The error bound's base.
//
// Nothing here aborts on a program or its inputs: what is wrong is an error
// at the op, in terms of its ranks and symbols.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_REFERENCE_INTERPRETER_H
#define EINFALL_LIB_REFERENCE_INTERPRETER_H

#include "lib/Reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace einfall::reference {

/// Called for ops that are not part of a cascade (checks), with their operands.
using Observer =
    llvm::function_ref<mlir::LogicalResult(mlir::Operation *, llvm::ArrayRef<const Tensor *>)>;
/// Symbols that are passed as numbers (`ein.params`).
using Params = llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>>;

/// Runs `function` and gives its results. Symbols that are whole dimensions of
/// arguments are bound by their shapes, the others by `params`. Without an
/// observer, ops outside of the dialect are errors. `splitFolds`: see Context.
mlir::FailureOr<llvm::SmallVector<Tensor>> interpret(mlir::func::FuncOp function,
                                                     llvm::ArrayRef<Tensor> args, Params params,
                                                     Mode mode, Observer observer = nullptr,
                                                     uint64_t splitFolds = 0);

} // namespace einfall::reference

#endif
