//===- PanelLowering.cpp - Weights that lie in panels already -------------===//
//
// What `ein.panels` says of a weight is what packing would have made of it: the loops over packed
// operands read it from memory. Matrix tiles ask for the panels that come next in
// TileProducts.cpp, vectors here.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace einfall {

/// What lies in panels already, from where the block's part begins.
EinsumLowering::PackedMemory EinsumLowering::inPanels(const Packed &value, const Schedule &packed) {
  unsigned number = cast<BlockArgument>(value.value).getArgNumber();
  Access read = access(root, number);
  PackedMemory memory;
  memory.packed = value;
  memory.width = read.panels->columns;
  memory.dot = packed.dot;
  memory.buffer = bufferOf(root.getInputs()[number]);
  memory.base = constant(*read.panelOffset());
  const unsigned inner = root.getNumRanks() - 1;
  for (unsigned rank : value.ranks) {
    int64_t stride = *read.panelStride(rank, packed.lanes, inner);
    Value begin = startOf(rank), place = begin;
    if (rank == inner)
      place = arith::DivUIOp::create(builder, loc, place, constant(value.group));
    place = arith::MulIOp::create(builder, loc, place, constant(stride));
    memory.base = arith::AddIOp::create(builder, loc, memory.base, place);
    memory.begins.push_back(begin);
    memory.strides.push_back(stride);
  }
  if (!usesTiles(packed))
    memory.next = nextPanels(memory, packed, *read.panels);
  return memory;
}

/// While rows pass by the panels of a block, each tile of them asks for its share of those that
/// are next.
std::optional<EinsumLowering::PackedMemory::Next>
EinsumLowering::nextPanels(const PackedMemory &memory, const Schedule &packed,
                           const Panels &panels) {
  constexpr int64_t lineBytes = 64;
  PackedMemory::Next next;
  next.rows = packed.narrow;
  next.tile = packed.ranks[next.rows].tile();
  next.begin = at[next.rows];
  const int64_t step = memory.width * memory.packed.group;
  const int64_t columns = llvm::alignTo(blockParts()[packed.lanes], memory.width);
  next.distance = columns * panels.extent;
  next.pass = memory.width * panels.extent;
  if (int64_t chunk = chunkOf(root, packed)) {
    const int64_t stride = *memory.strideOf(root.getNumFree());
    next.distance = next.pass =
        stride * (reducesOneRank(root) ? chunk / memory.packed.group : chunk);
  }
  Value count = arith::SubIOp::create(builder, loc, endOfBlock(next.rows), next.begin);
  Value passes = arith::CeilDivUIOp::create(builder, loc, count, constant(next.tile));
  Value share = arith::CeilDivUIOp::create(builder, loc, constant(step), passes);
  // Of few passes a step would ask for many lines: one after the other they come by themselves.
  const int64_t bytes = cast<MemRefType>(memory.buffer.getType()).getElementTypeBitWidth() / 8;
  Value few = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, passes,
                                    constant(step * bytes / lineBytes));
  next.share = arith::SelectOp::create(builder, loc, few, constant(0), share);
  return next;
}

/// At a step of the sum, whose row of the panel is at `offset`.
void EinsumLowering::askForNextPanels(const PackedMemory &memory, Value offset) {
  const PackedMemory::Next &next = *memory.next;
  Value row = constant(0);
  for (auto [i, rank] : llvm::enumerate(memory.packed.ranks))
    if (rank >= root.getNumFree())
      row = arith::AddIOp::create(builder, loc, row, placeAlong(memory, i));
  Value pass = arith::SubIOp::create(builder, loc, at[next.rows], next.begin);
  pass = arith::DivUIOp::create(builder, loc, pass, constant(next.tile));
  pass = arith::MulIOp::create(builder, loc, pass, constant(next.pass));
  Value steps = arith::DivUIOp::create(builder, loc, arith::AddIOp::create(builder, loc, pass, row),
                                       constant(memory.width * memory.packed.group));
  Value from = arith::SubIOp::create(builder, loc, offset, row);
  from = arith::AddIOp::create(builder, loc, from, constant(next.distance));
  Value ahead = arith::MulIOp::create(builder, loc, steps, next.share);
  tile::PrefetchOp::create(builder, loc, memory.buffer,
                           arith::AddIOp::create(builder, loc, from, ahead));
}

} // namespace einfall
