//===- ScanLowering.cpp - ein.scan as a tile program ----------------------===//
//
// A block walks the scanned rank with the state in registers; the other ranks
// are the grid, and lanes run along one of them where memory does.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/BlockLowering.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

class ScanLowering : BlockLowering {
public:
  ScanLowering(OpBuilder &builder, ein::KernelOp kernel, const TileTarget &target)
      : BlockLowering(builder, kernel, target),
        op(cast<ein::ScanOp>(kernel.getBody().front().front())) {}
  FailureOr<func::FuncOp> run(StringRef name);

private:
  void emitTile();
  TileValue initialState();
  TileValue step(TileValue state);
  TileValue read(unsigned operand, SmallVectorImpl<TileValue> &coordinates, TileValue &exists);

  ein::ScanOp op;
  SmallVector<Access> reads;
  Access write;
};

FailureOr<func::FuncOp> ScanLowering::run(StringRef name) {
  ein::TensorType type = op.getResult().getType();
  llvm::append_range(extents, type.getShape());
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
    reads.push_back(accessOf(op, i, symbols));
  write = accessAll(type, symbols);
  SmallVector<Access> accesses(reads);
  accesses.push_back(write);
  SmallVector<bool> parallel(extents.size(), true);
  parallel[op.getScanned()] = false;
  planWalk(accesses, parallel, type.getElementType());

  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp program = begin(name);
  AffineExpr work = symbols.expr(extents[op.getScanned()]);
  AffineExpr grid = placeBlock(program.getArguments().back(), work);
  emitFree(0, [&] { emitTile(); });
  finish(program, grid, work);
  return program;
}

TileValue ScanLowering::read(unsigned operand, SmallVectorImpl<TileValue> &coordinates,
                             TileValue &exists) {
  TileValue value = load(reads[operand], op.getInputs()[operand], coordinates, exists);
  if (!cast<StringAttr>(op.getCoords()[operand]).getValue().empty())
    coordinates[operand] = toIndex(value);
  return value;
}

/// The state before the first step: 0 where it does not exist.
TileValue ScanLowering::initialState() {
  unsigned last = op.getInputs().size() - 1;
  at[op.getScanned()] = constant(0);
  SmallVector<TileValue> coordinates(op.getInputs().size());
  TileValue exists;
  for (unsigned i = 0; i < last; ++i)
    if (!cast<StringAttr>(op.getCoords()[i]).getValue().empty())
      read(i, coordinates, exists);
  TileValue state = read(last, coordinates, exists);
  Type element = op.getResult().getType().getElementType();
  if (exists.value)
    state = tiles.create<arith::SelectOp>(
        element, {exists, state, tiles.constant(builder.getZeroAttr(element))});
  return tiles.broadcast(state, tiles.space.fullMask());
}

/// The state after a step; a point that does not exist leaves it alone.
TileValue ScanLowering::step(TileValue state) {
  Block &body = op.getBody().front();
  SmallVector<TileValue> coordinates(op.getInputs().size());
  DenseMap<Value, TileValue> values;
  TileValue exists;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
    values[body.getArgument(i)] = read(i, coordinates, exists);
  values[body.getArguments().back()] = state;
  evaluateBody(body, values, [&](StringRef rank) { return op.findRank(rank); });
  TileValue next = values.lookup(body.getTerminator()->getOperand(0));
  if (exists.value)
    next = tiles.create<arith::SelectOp>(op.getResult().getType().getElementType(),
                                         {exists, next, state});
  return tiles.broadcast(next, tiles.space.fullMask());
}

void ScanLowering::emitTile() {
  setSpace();
  unsigned scanned = op.getScanned();
  TileValue first = initialState();
  Value extent = extentOf(scanned), one = constant(1);
  auto loop = scf::ForOp::create(builder, loc, constant(0), extent, one, first.value);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value place = loop.getInductionVar();
    if (op.getReverse()) {
      Value last = arith::SubIOp::create(builder, loc, extent, one);
      place = arith::SubIOp::create(builder, loc, last, place);
    }
    at[scanned] = place;
    TileValue before{loop.getRegionIterArgs()[0], tiles.space.fullMask()};
    TileValue after = step(before);
    store(write, outputs[0], op.getExclusive() ? before : after, {});
    scf::YieldOp::create(builder, loc, after.value);
  }
  at[scanned] = Value();
}

} // namespace

FailureOr<func::FuncOp> lowerScan(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                  const TileTarget &target) {
  return ScanLowering(builder, kernel, target).run(name);
}

} // namespace einfall
