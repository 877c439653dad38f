//===- Blocked.cpp - Layouts that a programmer would choose ---------------===//
#include "lib/Layout/Blocked.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>

namespace einfall::layout {

static llvm::SmallVector<llvm::StringRef> namesOf(Dims dims) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const Dim &dim : dims)
    names.push_back(dim.name);
  return names;
}

/// Coordinates modulo the sizes of `shape`, where they are larger.
static LinearLayout wrapped(const LinearLayout &tile, Dims shape) {
  DimList outs(tile.outs());
  for (Dim &out : outs)
    for (const Dim &dim : shape)
      if (dim.name == out.name)
        out.bits = std::min(out.bits, dim.bits);
  LinearLayout frame({}, outs, {});
  VectorList columns;
  for (uint64_t column : tile.columns()) {
    Point point = tile.unflattenOut(column);
    for (auto &[name, value] : point)
      value &= lowMask(frame.outBits(name));
    columns.push_back(frame.flattenOut(point));
  }
  return {tile.ins(), outs, columns};
}

LinearLayout fitted(const LinearLayout &tile, Dims shape) {
  LinearLayout result = wrapped(tile, shape);
  for (const Dim &dim : shape) {
    unsigned missing = dim.bits - result.outBits(dim.name);
    result *= LinearLayout::identity(missing, dimRegister, dim.name);
  }
  return result.transposeOuts(namesOf(shape));
}

LinearLayout blocked(const Blocked &boxes, Dims shape) {
  assert(boxes.order.size() == shape.size() && boxes.registers.size() == shape.size() &&
         boxes.lanes.size() == shape.size() && boxes.warps.size() == shape.size() &&
         "a box has an extent along each dimension");
  LinearLayout tile;
  auto box = [&](llvm::ArrayRef<unsigned> bits, llvm::StringRef in) {
    for (unsigned dim : boxes.order)
      tile *= LinearLayout::identity(bits[dim], in, shape[dim].name);
  };
  box(boxes.registers, dimRegister);
  box(boxes.lanes, dimLane);
  box(boxes.warps, dimWarp);
  // Repetitions run in the order of the boxes, too.
  DimList ordered;
  for (unsigned dim : boxes.order)
    ordered.push_back(shape[dim]);
  return fitted(tile, ordered).transposeOuts(namesOf(shape));
}

LinearLayout spread(const LinearLayout &tile, Dims warps, Dims shape) {
  LinearLayout result = tile;
  for (const Dim &dim : warps)
    result *= LinearLayout::identity(dim.bits, dimWarp, dim.name);
  return fitted(result, shape);
}

} // namespace einfall::layout
