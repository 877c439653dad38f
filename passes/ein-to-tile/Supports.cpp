//===- Supports.cpp - On which ranks values of a body depend --------------===//
#include "passes/ein-to-tile/Supports.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

uint64_t Supports::of(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  uint64_t mask = 0;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    for (unsigned rank = 0; rank < root.getNumRanks(); ++rank)
      if (reads[argument.getArgNumber()].dependsOn(rank))
        mask |= uint64_t(1) << rank;
  } else if (auto index = value.getDefiningOp<ein::IndexOp>()) {
    mask = uint64_t(1) << root.findRank(index.getRank());
  } else {
    for (Value operand : value.getDefiningOp()->getOperands())
      mask |= of(operand);
  }
  return known[value] = mask;
}

void Supports::operandsOf(Value value, SmallVectorImpl<unsigned> &operands) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (!llvm::is_contained(operands, argument.getArgNumber()))
      operands.push_back(argument.getArgNumber());
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    operandsOf(operand, operands);
}

} // namespace einfall
