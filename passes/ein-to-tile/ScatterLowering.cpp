//===- ScatterLowering.cpp - Stores that may meet in one element ----------===//
//
// ein.scatter, and ein.update where several sources may go to one element.
// Their order counts: the last source wins, sums are rounded at every step. So
// ranks that may meet are loops in ascending order inside of a block, and the
// grid is over the ranks that keep elements apart; no result depends on how
// blocks are dealt to threads.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "passes/ein-to-tile/BlockLowering.h"
#include "passes/ein-to-tile/Monoids.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

class ScatterLowering : BlockLowering {
public:
  ScatterLowering(OpBuilder &builder, ein::KernelOp kernel, const TileTarget &target)
      : BlockLowering(builder, kernel, target), op(&kernel.getBody().front().front()),
        scatter(dyn_cast<ein::ScatterOp>(op)) {}
  FailureOr<func::FuncOp> run(StringRef name);

private:
  void emitOrdered(unsigned rank);
  void emitPoint();
  unsigned numIndices() { return scatter ? scatter.getIndices().size() : 0; }
  Value dest() { return op->getOperand(0); }
  Value source() { return op->getOperand(1); }

  Operation *op;
  ein::ScatterOp scatter; // null for an update
  SmallVector<bool> separated;
  SmallVector<Access> indices;
  Access read, write;
};

FailureOr<func::FuncOp> ScatterLowering::run(StringRef name) {
  if (!isa<BlockArgument>(dest()))
    return op->emitOpError("expected to update an operand of the kernel");
  extents = ein::rankExtents(op);
  separated = ein::separatedRanks(op);
  for (unsigned i = 0; i < numIndices(); ++i)
    indices.push_back(accessOf(op, i, symbols));
  write = accessOf(op, numIndices(), symbols);
  auto type = cast<ein::TensorType>(source().getType());
  read = accessAll(type, symbols);
  SmallVector<Access> accesses(indices);
  accesses.append({read, write});
  planWalk(accesses, separated, type.getElementType());

  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp program = begin(name);
  AffineExpr work = builder.getAffineConstantExpr(1);
  AffineExpr grid = placeBlock(program.getArguments().back(), work);
  for (auto [rank, extent] : llvm::enumerate(extents))
    if (!separated[rank])
      work = work * symbols.expr(extent);
  emitFree(0, [&] {
    setSpace();
    emitOrdered(0);
  });
  finish(program, grid, work);
  return program;
}

/// Loops over the ranks from `rank` on that may meet, in ascending order.
void ScatterLowering::emitOrdered(unsigned rank) {
  if (rank == extents.size())
    return emitPoint();
  if (separated[rank])
    return emitOrdered(rank + 1);
  auto loop = scf::ForOp::create(builder, loc, constant(0), extentOf(rank), constant(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  at[rank] = loop.getInductionVar();
  emitOrdered(rank + 1);
  at[rank] = Value();
}

void ScatterLowering::emitPoint() {
  SmallVector<TileValue> coordinates(numIndices() + 1);
  TileValue exists;
  for (unsigned i = 0; i < numIndices(); ++i)
    coordinates[i] = toIndex(load(indices[i], scatter.getIndices()[i], coordinates, exists));
  TileValue none, value = load(read, source(), {}, none);
  if (scatter && scatter.getMonoid())
    value = combine(tiles, *scatter.getMonoid(), load(write, dest(), coordinates, none), value);
  store(write, outputs[0], value, coordinates, exists);
}

} // namespace

FailureOr<func::FuncOp> lowerScatter(OpBuilder &builder, ein::KernelOp kernel, StringRef name,
                                     const TileTarget &target) {
  return ScatterLowering(builder, kernel, target).run(name);
}

} // namespace einfall
