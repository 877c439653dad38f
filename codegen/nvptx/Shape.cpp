//===- Shape.cpp - How a tile lies in the registers of a thread -----------===//
#include "codegen/nvptx/Shape.h"
#include "codegen/common/Held.h"
#include "lib/Layout/Fragments.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::nvptx {

Shape::Shape(Type type, int64_t threads)
    : threads(threads), unit(codegen::heldType(getElementTypeOrSelf(type))) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return;
  lead.assign(tensor.getShape().begin(), tensor.getShape().end());
  if (tile::hasLanes(type))
    lanes = lead.pop_back_val();
  if ((factor = tile::factorOf(type))) {
    int64_t warps = factor.getLeft() ? factor.getRowWarps() : factor.getColumnWarps();
    int64_t part = lead[0] / warps;
    if (unit.isF32()) {
      // Of eight coordinates a thread has one row, or two columns.
      factorRegisters = part / (factor.getLeft() ? 8 : 4) * lead[1];
    } else {
      // Of 16 by 16 elements, a thread has four pairs.
      factorRegisters = 4 * (part / 16) * (lead[1] / 16);
      unit = IntegerType::get(type.getContext(), 32);
    }
    lead.clear();
  }
  fragment = tile::fragmentOf(type);
  if (fragment && fragment.getColumns())
    warpColumns = lead.pop_back_val() / fragment.getColumnWarps();
  if (fragment && fragment.getRows())
    warpRows = lead.pop_back_val() / fragment.getRowWarps();
}

/// Of mma's sums: bit 0 of a register is a column's, bit 1 a row's; what lies beyond repeats that.
static int64_t farOf(StringRef dim, unsigned bit, int64_t number) {
  static const layout::LinearLayout sums = layout::mmaAccumulator();
  int64_t tile = int64_t(1) << sums.outBits(dim);
  return number / 2 * tile + number % 2 * int64_t(sums.basis(layout::dimRegister, bit, dim));
}

int64_t Shape::rowFar(int64_t number) { return farOf("m", 1, number); }
int64_t Shape::columnFar(int64_t number) { return farOf("n", 0, number); }

int64_t Shape::places() const { return llvm::product_of(lead); }

SmallVector<int64_t> Shape::place(int64_t number) const {
  SmallVector<int64_t> at(lead.size());
  for (int64_t i = lead.size(); i-- > 0; number /= lead[i])
    at[i] = number % lead[i];
  return at;
}

} // namespace einfall::nvptx
