//===- RowWork.cpp - What a row needs once, in vectors --------------------===//
#include "passes/ein-to-tile/RowWork.h"
#include "dialects/ein/EinBounds.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "passes/ein/Inlining.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

bool isCostly(Operation &op) {
  return isa<math::MathDialect>(op.getDialect()) && !isa<math::FmaOp, math::AbsFOp>(op);
}

/// What one scalar of a body is computed from.
struct Slice {
  llvm::SetVector<Operation *> ops;
  llvm::SetVector<BlockArgument> arguments;

  /// False if that is more than operands.
  bool add(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      arguments.insert(argument);
      return true;
    }
    Operation *op = value.getDefiningOp();
    if (ops.contains(op))
      return true;
    if (isa<ein::EinDialect>(op->getDialect()) || !isPure(op) || op->getNumRegions() ||
        !llvm::all_of(op->getOperands(), [&](Value operand) { return add(operand); }))
      return false;
    ops.insert(op);
    return true;
  }
};

/// The ranks by which a tensor's elements are read, if each index is one, in order.
std::optional<SmallVector<unsigned>> ranksOf(AffineMap map) {
  SmallVector<unsigned> ranks;
  for (AffineExpr index : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(index);
    if (!dim || (!ranks.empty() && ranks.back() >= dim.getPosition()))
      return std::nullopt;
    ranks.push_back(dim.getPosition());
  }
  return ranks;
}

/// True if nothing but the last op of the slice needs the operand, or what is made of it.
bool isOnlyFor(BlockArgument argument, const Slice &slice) {
  auto isInside = [&](Operation *user) { return slice.ops.contains(user); };
  SmallPtrSet<Value, 8> made = {argument};
  for (Operation *op : slice.ops) {
    if (llvm::none_of(op->getOperands(), [&](Value operand) { return made.contains(operand); }))
      continue;
    made.insert(op->result_begin(), op->result_end());
    if (op != slice.ops.back() && !llvm::all_of(op->getUsers(), isInside))
      return false;
  }
  return llvm::all_of(argument.getUsers(), isInside);
}

/// An operand that only `slice` needs, by the ranks that all of it has: the place for what it
/// computes. Null if there is none.
BlockArgument placeOf(ein::EinsumOp map, const Slice &slice) {
  std::optional<SmallVector<unsigned>> ranks;
  BlockArgument place;
  for (BlockArgument argument : slice.arguments) {
    unsigned number = argument.getArgNumber();
    auto read = ranksOf(map.getMap(number));
    if (!read || (ranks && *read != *ranks) || ein::fillOf(map, number) ||
        !ein::readsInside(map, number) ||
        !cast<StringAttr>(map.getCoords()[number]).getValue().empty())
      return {};
    ranks = read;
    if (isOnlyFor(argument, slice))
      place = argument;
  }
  return ranks && !ranks->empty() ? place : BlockArgument();
}

/// A map of what `value` of `map` is, by the ranks of `place`.
ein::EinsumOp mapOf(ein::EinsumOp map, Value value, const Slice &slice, BlockArgument place) {
  OpBuilder builder(map);
  Operation *last = nullptr; // that makes an operand
  SmallVector<Value> inputs;
  for (BlockArgument argument : slice.arguments) {
    inputs.push_back(map.getInputs()[argument.getArgNumber()]);
    Operation *maker = inputs.back().getDefiningOp();
    if (maker && maker->getBlock() == map->getBlock() && (!last || last->isBeforeInBlock(maker)))
      last = maker;
  }
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(map->getBlock());
  SmallVector<StringRef> labels;
  SmallVector<ein::ExtentAttr> shape;
  const SmallVector<unsigned> ranks = *ranksOf(map.getMap(place.getArgNumber()));
  for (unsigned rank : ranks) {
    labels.push_back(map.getRankName(rank));
    shape.push_back(map.getRankExtent(rank));
  }
  AffineMap all = AffineMap::get(labels.size(), inputs.size(),
                                 builder.getMultiDimIdentityMap(labels.size()).getResults(),
                                 builder.getContext());
  return ein::EinsumOp::create(
      builder, map.getLoc(), ein::TensorType::get(builder.getContext(), shape, value.getType()),
      inputs, labels, SmallVector<AffineMap>(inputs.size(), all), ArrayRef<ein::Monoid>(),
      ArrayRef<ein::ExtentAttr>(), ArrayRef<StringAttr>(),
      [&](OpBuilder &inner, Location, ValueRange arguments) -> Value {
        IRMapping mapping;
        for (auto [from, to] : llvm::zip(slice.arguments, arguments))
          mapping.map(from, to);
        for (Operation *op : slice.ops)
          inner.clone(*op, mapping);
        return mapping.lookup(value);
      });
}

bool areEqual(ein::EinsumOp a, ein::EinsumOp b) {
  return OperationEquivalence::isEquivalentTo(a, b, OperationEquivalence::IgnoreLocations);
}

/// Replaces a costly scalar of `map` that is the same all along a rank, or that another map was
/// given; false if there is none. `made` has what maps before were given.
bool splitMap(ein::EinsumOp map, SmallVectorImpl<ein::EinsumOp> &made) {
  for (Operation &op : map.getBody().front()) {
    if (!isCostly(op))
      continue;
    Slice slice;
    BlockArgument place = slice.add(op.getResult(0)) ? placeOf(map, slice) : BlockArgument();
    if (!place)
      continue;
    ein::EinsumOp row = mapOf(map, op.getResult(0), slice, place);
    auto *same = llvm::find_if(made, [&](ein::EinsumOp other) { return areEqual(other, row); });
    if (same != made.end()) {
      row.erase();
      row = *same;
    } else if (row.getNumFree() == map.getNumFree()) {
      row.erase();
      continue;
    } else {
      made.push_back(row);
    }
    place.setType(op.getResult(0).getType());
    op.getResult(0).replaceAllUsesWith(place);
    map->setOperand(place.getArgNumber(), row.getResult());
    for (Operation *dead : llvm::reverse(slice.ops))
      if (dead->use_empty())
        dead->erase();
    return true;
  }
  return false;
}

} // namespace

void splitRowWork(ein::KernelOp kernel) {
  IRRewriter rewriter(kernel.getContext());
  llvm::SetVector<Block *> blocks;
  kernel.walk([&](ein::StreamOp stream) {
    blocks.insert(&stream.getBody().front());
    blocks.insert(stream->getBlock()); // finishes what is carried
  });
  for (Block *block : blocks) {
    SmallVector<ein::EinsumOp> made;
    for (auto map : llvm::to_vector(block->getOps<ein::EinsumOp>())) {
      if (!map.getMonoids().empty())
        continue;
      bool isSplit = false;
      while (splitMap(map, made))
        isSplit = true;
      rewriter.setInsertionPoint(map);
      if (isSplit)
        ein::mergeOperands(rewriter, map);
    }
  }
}

} // namespace einfall
