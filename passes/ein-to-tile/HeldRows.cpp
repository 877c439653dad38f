//===- HeldRows.cpp - Rows in the registers of a team ---------------------===//
//
// Where a tile of all threads of a block has a lane for each element of its row, every
// tensor along the row is such a tile and every other one a number that all threads hold:
// the kernel is straight code over registers, and a row is read once. A stream has one
// chunk then. Longer rows are walked (StagedLowering.cpp).
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

/// By the first tile that holds the row. An empty one has no chunk, so it is walked.
void StagedLowering::emitRow(const HeldRow &row, const std::vector<Stage> &stages) {
  if (row.extent.getLiteral())
    return holdRow(row, row.tiles.front());
  OpBuilder::InsertionGuard guard(builder);
  Value extent = expand(symbols.expr(row.extent), {});
  Value last = arith::SubIOp::create(builder, loc, extent, constant(1));
  for (int64_t lanes : row.tiles) {
    Value fits =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, last, constant(lanes));
    auto branch = scf::IfOp::create(builder, loc, fits, /*withElse=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    holdRow(row, lanes);
    builder.setInsertionPointToStart(branch.elseBlock());
  }
  emit(stages);
}

/// Stands at the block's point of the ranks of `op`, and at all of the row.
void StagedLowering::enterRow(ein::EinsumOp op, const HeldRow &row, int64_t lanes) {
  beginRoot(op);
  unsigned numRanks = op.getNumRanks();
  extents.clear();
  for (unsigned rank = 0; rank < numRanks; ++rank)
    extents.push_back(op.getRankExtent(rank));
  at.assign(numRanks, Value());
  ends.assign(numRanks, Value());
  active.assign(numRanks, 1);
  schedule = Schedule();
  schedule.ranks.resize(numRanks);
  for (unsigned rank = 0; rank < std::min<unsigned>(row.rank, op.getNumFree()); ++rank)
    at[rank] = boxes.find(op.getRankName(rank))->second.begin;
  bool alongRow = numRanks > row.rank && !isCount(op);
  limit = alongRow ? expand(symbols.expr(row.extent), {}) : Value();
  if (alongRow) {
    at[row.rank] = constant(0);
    active[row.rank] = lanes;
    schedule.lanes = row.rank;
    schedule.ranks[row.rank].tiles = {lanes};
  }
  setSpace();
  accumulators = tiles.space;
}

/// What was read once stays in registers.
TileValue StagedLowering::read(ein::EinsumOp op, unsigned number, ArrayRef<TileValue> coordinates,
                               TileValue &exists) {
  if (auto early = earlyReads.find({op, number}); early != earlyReads.end()) {
    exists = both(exists, early->second.exists);
    return early->second.value;
  }
  if (op == root && stage && !stage->inside.empty())
    return readInside(op.getInputs()[number]);
  std::optional<RowRead> key = heldRow ? rowRead(op, number, heldRow->rank) : std::nullopt;
  if (!key)
    return EinsumLowering::read(op, number, coordinates, exists);
  TileValue &held = heldReads[*key];
  if (!held.value)
    held = EinsumLowering::read(op, number, coordinates, exists);
  return held;
}

void StagedLowering::holdBlock(Block &block, const HeldRow &row, int64_t lanes) {
  for (Operation &op : block.without_terminator()) {
    if (auto einsum = dyn_cast<ein::EinsumOp>(op)) {
      enterRow(einsum, row, lanes);
      results[einsum.getResult()] = einsum.getMonoids().empty() ? evaluate(einsum) : reduceAtOnce();
      continue;
    }
    auto stream = cast<ein::StreamOp>(op);
    Block &body = stream.getBody().front();
    for (auto [argument, input] : llvm::zip(body.getArguments(), stream.getInputs()))
      if (auto held = results.find(input); held != results.end())
        results[argument] = TileValue(held->second);
    holdBlock(body, row, lanes);
    for (auto [result, now] : llvm::zip(stream.getResults(), body.getTerminator()->getOperands()))
      results[result] = TileValue(results.find(now)->second);
  }
}

/// Asks for what needs no result of the row, so that nothing waits for it in the end: what
/// says where to read (`x[m, label[m]]`) before the row itself, what is read there after it.
void StagedLowering::readAhead(const HeldRow &row, int64_t lanes) {
  auto isArgument = [&](Value tensor) {
    auto argument = dyn_cast<BlockArgument>(outside(tensor));
    return argument && argument.getOwner() == &kernel.getBody().front();
  };
  SmallVector<ein::EinsumOp> besides;
  for (auto op : kernel.getBody().front().getOps<ein::EinsumOp>())
    if (op.getMonoids().empty() && op.getNumRanks() <= row.rank)
      besides.push_back(op);
  auto readAll = [&](bool found) {
    for (ein::EinsumOp op : besides) {
      enterRow(op, row, lanes);
      unsigned count = op.getInputs().size();
      SmallVector<TileValue> coordinates(count);
      for (unsigned i = 0; i < count; ++i) {
        bool isFound = false, isKnown = true;
        for (unsigned by = 0; by < count; ++by)
          if (op.getMap(i).isFunctionOfSymbol(by)) {
            isFound = true;
            isKnown &= (bool)coordinates[by].value;
          }
        if (!isArgument(op.getInputs()[i]) || !isKnown || (isFound && !found))
          continue;
        if (!earlyReads.contains({op, i})) {
          EarlyRead made;
          made.value = EinsumLowering::read(op, i, coordinates, made.exists);
          earlyReads[{op, i}] = made;
        }
        if (!cast<StringAttr>(op.getCoords()[i]).getValue().empty())
          coordinates[i] = toIndex(earlyReads[{op, i}].value);
      }
    }
  };
  readAll(/*found=*/false);
  auto first = kernel.getBody().walk([&](ein::EinsumOp op) {
    if (op.getNumRanks() <= row.rank || isCount(op))
      return WalkResult::advance();
    enterRow(op, row, lanes);
    for (unsigned i = 0; i < op.getInputs().size(); ++i)
      if (TileValue exists; isArgument(op.getInputs()[i]) && rowRead(op, i, row.rank))
        read(op, i, {}, exists);
    return WalkResult::interrupt();
  });
  if (first.wasInterrupted())
    readAll(/*found=*/true);
}

/// The kernel over a tile of so many lanes. What is stored is so when all has been read.
void StagedLowering::holdRow(const HeldRow &row, int64_t lanes) {
  epilogue.clear();
  results.clear();
  heldReads.clear();
  earlyReads.clear();
  heldRow = &row;
  Block &block = kernel.getBody().front();
  for (auto stream : block.getOps<ein::StreamOp>())
    for (auto [argument, input] : llvm::zip(stream.getBody().getArguments(), stream.getInputs()))
      captured[argument] = input;
  readAhead(row, lanes);
  holdBlock(block, row, lanes);
  for (OpOperand &output : block.getTerminator()->getOpOperands()) {
    auto op = output.get().getDefiningOp<ein::EinsumOp>();
    enterRow(op, row, lanes);
    store(accessAll(op.getResult().getType(), symbols), outputs[output.getOperandNumber()],
          results[op.getResult()], {});
  }
  limit = Value();
  results.clear();
  earlyReads.clear();
  heldRow = nullptr;
}

} // namespace einfall
