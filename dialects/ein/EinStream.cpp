//===- EinStream.cpp - ein.stream and ein.guard ---------------------------===//
#include "dialects/ein/EinIndexing.h"

using namespace mlir;

namespace einfall::ein {

LogicalResult StreamOp::verify() {
  unsigned carried = getNumResults();
  if (getInputs().size() < carried ||
      getInputs().take_front(carried).getTypes() != getResultTypes())
    return emitOpError("expected its first inputs to have the results' types"); // stream_c1
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expected region arguments with the types of the inputs"); // stream_c2
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().getTypes() != getResultTypes())
    return emitOpError("expected the region to yield the results' types"); // stream_c2
  if (!isa_and_nonnull<KernelOp>((*this)->getParentOp()))
    return emitOpError("expected to stand in an ein.kernel"); // stream_c3
  if (!arePaired(getPartRankAttr(), getPartLengthAttr()))
    return emitOpError("expected part_rank and, at least 1, part_length together"); // stream_c5
  if (!getPartRank())
    return success();
  for (auto [i, value] : llvm::enumerate(yield->getOperands())) {
    auto ranks = value.getDefiningOp() ? value.getDefiningOp()->getAttrOfType<ArrayAttr>("ranks")
                                       : ArrayAttr();
    int64_t rank = cast<TensorType>(value.getType()).getRank();
    if (!ranks || int64_t(ranks.size()) < rank ||
        !llvm::is_contained(ranks.getValue().take_front(rank), getPartRankAttr()))
      return emitOpError("expected '")
             << *getPartRank() << "' among the ranks of carried tensor #" << i; // stream_c5
  }
  return success();
}

LogicalResult GuardOp::verify() {
  if (!isa_and_nonnull<StreamOp>((*this)->getParentOp()))
    return emitOpError("expected to stand in an ein.stream"); // stream_c3
  if (!getMask().getType().getElementType().isInteger(1))
    return emitOpError("expected a mask of i1, but got ") << getMask().getType(); // stream_c3
  if (getSeen().has_value() != getBoundAttr().operator bool())
    return emitOpError("expected carried tensors and their bound together"); // stream_c4
  auto results = (*this)->getParentOp()->getResultTypes();
  for (int64_t number : getSeen().value_or(ArrayRef<int64_t>()))
    if (number < 0 || number >= int64_t(results.size()) ||
        !isa<FloatType>(cast<TensorType>(results[number]).getElementType()))
      return emitOpError("expected the number of a carried tensor of floats, but got ")
             << number; // stream_c4
  return success();
}

} // namespace einfall::ein
