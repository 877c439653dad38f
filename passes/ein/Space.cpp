//===- Space.cpp - Ops of a cascade as iteration spaces -------------------===//
#include "dialects/ein/EinIndexing.h"
#include "passes/ein/Fibers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

template <typename Op> static Space indexed(Op op, ValueRange inputs) {
  Space space;
  space.op = op;
  space.labels = strings(op.getRanks());
  space.operands.assign(inputs.begin(), inputs.end());
  for (unsigned i = 0; i < inputs.size(); ++i)
    space.maps.push_back(op.getMap(i));
  TensorType type = op.getResult().getType();
  space.extents.assign(type.getShape().begin(), type.getShape().end());
  for (int64_t i = 0, e = space.labels.size(); i < e; ++i)
    space.resultDim.push_back(i < type.getRank() ? i : -1);
  return space;
}

/// An op whose labels are its result's dimensions, without names.
static Space shaped(Operation *op, TensorType type) {
  static constexpr StringLiteral names[] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"};
  Space space;
  space.op = op;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    space.labels.push_back(names[std::min<int64_t>(i, 7)]);
    space.extents.push_back(type.getExtent(i));
    space.resultDim.push_back(i);
  }
  return space;
}

static AffineMap identity(TensorType type) {
  return AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext());
}

static Space ofUpdate(UpdateOp op) {
  TensorType type = op.getResult().getType();
  Space space = shaped(op, type);
  space.operands = {op.getDest(), op.getSource()};
  // The source is read where the destination's index is one of its labels.
  MLIRContext *context = op.getContext();
  SmallVector<AffineExpr> indices(op.getRanks().size(), getAffineConstantExpr(0, context));
  for (auto [dim, index] : llvm::enumerate(op.getMap(0).getResults()))
    for (unsigned label = 0; label < indices.size(); ++label)
      if (index.isFunctionOfDim(label))
        indices[label] = getAffineDimExpr(dim, context);
  space.maps = {identity(type), AffineMap::get(type.getRank(), 0, indices, context)};
  return space;
}

static Space ofOrder(Operation *op, Value input, int64_t dim) {
  Space space = shaped(op, cast<TensorType>(input.getType()));
  space.operands = {input};
  space.maps = {identity(cast<TensorType>(input.getType()))};
  space.resultDim[dim] = -1; // the order is known at the end only
  return space;
}

static Space ofFold(FoldOp op) {
  Space space;
  space.op = op;
  space.labels = strings(op.getRanks());
  space.operands.assign(op.getInputs().begin(), op.getInputs().end());
  for (int64_t i = 0, e = op.getInputs().size(); i < e; ++i)
    space.maps.push_back(op.getMap(i));
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank) {
    space.extents.push_back(op.getRankExtent(rank));
    ArrayRef<int64_t> labels = op.getLabels(0);
    const int64_t *it = llvm::find(labels, rank);
    // A rank that only other results have counts as kept.
    space.resultDim.push_back(op.isFolded(rank)    ? -1
                              : it == labels.end() ? 0
                                                   : it - labels.begin());
  }
  return space;
}

std::optional<Space> Space::of(Operation *op) {
  using Result = std::optional<Space>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([](EinsumOp einsum) {
        Space space = indexed(einsum, einsum.getInputs());
        for (int64_t i = einsum.getNumFree(); i < einsum.getNumRanks(); ++i)
          space.extents.push_back(einsum.getRankExtent(i));
        return space;
      })
      .Case([](FoldOp fold) { return ofFold(fold); })
      .Case<ViewOp, GatherOp>([](auto view) { return indexed(view, view.getInputs()); })
      .Case([](ScanOp scan) {
        Space space = indexed(scan, scan.getInputs());
        space.reversed = scan.getReverse();
        return space;
      })
      .Case([](UpdateOp update) { return ofUpdate(update); })
      .Case([](ConcatOp concat) {
        Space space = shaped(concat, concat.getResult().getType());
        for (Value input : concat.getInputs()) {
          space.operands.push_back(input);
          space.maps.push_back(identity(concat.getResult().getType()));
        }
        return space;
      })
      .Case<TopKOp, SortOp>(
          [](auto order) { return ofOrder(order, order.getInput(), order.getDim()); })
      .Default([](Operation *) { return Result(); });
}

} // namespace einfall::ein
