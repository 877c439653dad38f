//===- PackedLowering.cpp - Loops over packed operands --------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// Where the reduced rank begins in the block.
Value EinsumLowering::startOf(unsigned rank) {
  if (rank < root.getNumFree())
    return at[rank];
  return starts[rank] ? starts[rank] : constant(0);
}

void EinsumLowering::emitRoot(ArrayRef<Access> reads) {
  auto emitAll = [&] { emitBlock([&] { emitTile(); }); };
  if (!schedule.packed)
    return emitAll();
  Value many;
  for (int rank : {schedule.packed->narrow, schedule.packed->widened}) {
    if (extents[rank].getLiteral())
      continue;
    Value count = arith::SubIOp::create(builder, loc, endOfBlock(rank), at[rank]);
    Value enough = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, count,
                                         constant(schedule.packedFrom));
    many = many ? Value(arith::AndIOp::create(builder, loc, many, enough)) : enough;
  }
  if (!many)
    return emitPacked(reads);
  auto branch = scf::IfOp::create(builder, loc, many, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  emitAll();
  builder.setInsertionPointToStart(branch.thenBlock());
  emitPacked(reads);
}

void EinsumLowering::emitPacked(ArrayRef<Access> reads) {
  Schedule base = schedule;
  SmallVector<int64_t> parts = blockParts();
  isPacked = true;
  for (const Packed &value : findPacked(root, reads, *base.packed))
    pack(value, *base.packed, parts);
  schedule = *base.packed;
  for (auto [rank, plan] : llvm::enumerate(schedule.ranks))
    plan.block = base.ranks[rank].block;
  emitFree(0, [&] { emitTile(); });
  schedule = base;
  packedValues.clear();
  isPacked = false;
}

/// Lays `value` down. Lanes run where its operands are contiguous; where that is not
/// how it lies, tiles are square, and the store transposes them.
void EinsumLowering::pack(const Packed &value, const Schedule &packed, ArrayRef<int64_t> parts) {
  PackedMemory memory;
  memory.packed = value;
  memory.width = value.isPanel ? packed.ranks[packed.lanes].tile() : 1;
  int64_t stride = memory.width;
  memory.strides.resize(value.ranks.size());
  // Panels are outside of the reduced ranks: a column is that many elements on.
  for (bool panels : {false, true})
    for (unsigned i = value.ranks.size(); i-- > 0;) {
      unsigned rank = value.ranks[i];
      bool isPanel = value.isPanel && (int)rank == packed.lanes;
      bool isFree = rank < root.getNumFree();
      if (panels != isFree)
        continue;
      memory.strides[i] = isPanel ? stride / memory.width : stride;
      stride *= isPanel ? llvm::divideCeil(parts[rank], memory.width) : parts[rank];
    }
  for (unsigned rank : value.ranks)
    memory.begins.push_back(startOf(rank));
  Type element = value.value.getType();
  memory.buffer = tile::LocalOp::create(builder, loc, MemRefType::get({stride}, element));

  Schedule saved = schedule;
  schedule = Schedule();
  schedule.ranks.resize(saved.ranks.size());
  for (auto [rank, plan] : llvm::enumerate(schedule.ranks))
    plan.block = saved.ranks[rank].block;
  unsigned inner = value.inner(packed);
  int64_t bytes = std::max<int64_t>(4, element.getIntOrFloatBitWidth() / 8);
  int64_t lanes = std::max<int64_t>(1, target.vectorBytes / bytes);
  schedule.lanes = value.lanes;
  if (lanes == 1)
    schedule.lanes = -1;
  else if ((int)inner != value.lanes)
    schedule.ranks[inner].tiles = {lanes, 1};
  if (schedule.lanes >= 0) {
    schedule.ranks[value.lanes].tiles = {lanes};
    // A tile of lanes divides what it divides of all of the rank.
    if (value.lanes >= (int)root.getNumFree())
      schedule.ranks[value.lanes].block =
          ends[value.lanes] ? saved.ranks[value.lanes].block : lanes;
  }
  SmallVector<unsigned> order(value.ranks);
  llvm::stable_sort(order, [&](unsigned a, unsigned b) {
    return ((int)a == value.lanes) < ((int)b == value.lanes);
  });
  emitPack(memory, order, packed.lanes);
  schedule = saved;
  packedValues[value.value] = memory;
}

void EinsumLowering::emitPack(const PackedMemory &memory, ArrayRef<unsigned> order, int columns) {
  if (!order.empty()) {
    unsigned rank = order.front();
    bool isFree = rank < root.getNumFree();
    Value end = isFree ? endOfBlock(rank) : ends[rank] ? ends[rank] : extentOf(rank);
    emitRange(rank, startOf(rank), end, [&] { emitPack(memory, order.drop_front(), columns); });
    return;
  }
  setSpace();
  TileValue exists;
  TileValue value = evaluate(root, {memory.packed.value}, exists).front();
  uint32_t mask = 0;
  SmallVector<Value> strides;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    mask |= 1u << dim;
    int place = llvm::find(memory.packed.ranks, rank) - memory.packed.ranks.begin();
    bool side = memory.packed.isPanel && (int)rank == columns;
    strides.push_back(constant(side ? 1 : memory.strides[place]));
  }
  value = tiles.broadcast(value, mask);
  tile::StoreOp::create(builder, loc, value.value, memory.buffer,
                        offsetIn(memory, memory.packed.isPanel ? columns : -1), strides, limit,
                        Value());
}

/// Where the current coordinates lie. `columns` may stand inside a panel; -1: they
/// begin one.
Value EinsumLowering::offsetIn(const PackedMemory &memory, int columns) {
  Value offset = constant(0);
  auto add = [&](Value value) { offset = arith::AddIOp::create(builder, loc, offset, value); };
  for (auto [i, rank] : llvm::enumerate(memory.packed.ranks)) {
    Value place = arith::SubIOp::create(builder, loc, at[rank], memory.begins[i]);
    if ((int)rank == columns) {
      Value inside = arith::RemUIOp::create(builder, loc, place, constant(memory.width));
      place = arith::SubIOp::create(builder, loc, place, inside);
      add(inside);
    }
    add(arith::MulIOp::create(builder, loc, place, constant(memory.strides[i])));
  }
  return offset;
}

/// A packed value at the current tile. Lanes past the end of a panel hold anything.
TileValue EinsumLowering::loadPacked(const PackedMemory &memory) {
  uint32_t mask = 0;
  SmallVector<Value> strides;
  for (auto [dim, rank] : llvm::enumerate(tiles.space.ranks)) {
    auto *it = llvm::find(memory.packed.ranks, rank);
    if (it == memory.packed.ranks.end())
      continue;
    mask |= 1u << dim;
    bool side = (int)rank == schedule.lanes;
    strides.push_back(constant(side ? 1 : memory.strides[it - memory.packed.ranks.begin()]));
  }
  Type type = tiles.space.type(mask, memory.packed.value.getType());
  return {tile::LoadOp::create(builder, loc, type, memory.buffer, offsetIn(memory, -1), strides,
                               Value(), Value()),
          mask};
}

} // namespace einfall
