//===- SettledConditions.h - Bodies without their conditions ----*- C++ -*-===//
//
// Where a mask holds all over a chunk, nothing needs to test it: a stage is
// written twice, with the bodies as they are and with their conditions replaced
// by what they are known to be. Which of the two runs is decided once a chunk
// (BoxPredicate.h).
//
// Of the two truth values a condition has one in mind: the one that chunks are
// left with when those that count for nothing are skipped. `t <= s` keeps what
// it holds of; `t > s`, of which the same program may be made, what it does not
// hold of. The guards of the stream tell.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_SETTLEDCONDITIONS_H
#define EINFALL_PASSES_EINTOTILE_SETTLEDCONDITIONS_H

#include "passes/ein-to-tile/OtherBodies.h"

namespace einfall {

/// An i1 in the body of `op`, and the value that it is taken to have.
struct SettledCondition {
  ein::EinsumOp op;
  mlir::Value value;
  bool holds = true;
};

/// The conditions of `op` that its values depend on, in a stream with this body;
/// wholes stand before their parts.
llvm::SmallVector<SettledCondition> conditionsOf(ein::EinsumOp op, mlir::Block &stream);

/// True if `whole` is made of `part` by `and`, `or` and `xor`, or is it.
bool isPartOf(mlir::Value part, mlir::Value whole);

/// The elements that `scalar` is computed from.
llvm::SmallVector<mlir::BlockArgument> argumentsOf(mlir::Value scalar);

/// While it lives, the bodies are what they are with these values.
class WithoutConditions : OtherBodies {
public:
  explicit WithoutConditions(llvm::ArrayRef<SettledCondition> conditions);
};

} // namespace einfall

#endif
