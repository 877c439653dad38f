//===- StagedKept.cpp - What blocks of one call have in common ------------===//
//
// A thread runs many blocks one after the other, and the last ranks of the grid
// move first. What does not depend on them (the normalised row that all blocks of
// columns multiply) is in the block's memory already, from the block before.
//
//===----------------------------------------------------------------------===//
#include "passes/ein-to-tile/StagedLowering.h"

using namespace mlir;

namespace einfall {

/// Ranks at the end of the grid along which blocks differ that have all that `op` has.
unsigned StagedLowering::indifferentTo(ein::EinsumOp op) {
  auto stands = [&](StringRef label) {
    return llvm::any_of(llvm::seq(op.getNumRanks()), [&](unsigned rank) {
      StringRef own = op.getRankName(rank);
      const BlockPlan::Rank &cut = plan.ranks.find(own)->second;
      return own == label || cut.follows == label || cut.isStreamed;
    });
  };
  unsigned count = 0;
  for (StringRef label : llvm::reverse(plan.grid)) {
    if (stands(label))
      break;
    ++count;
  }
  return count;
}

/// True if the stage's results are memory of the block's own that nothing writes but the stage,
/// from what the kernel leaves as it is.
bool StagedLowering::isKept(const Stage &current, ArrayRef<Value> kept) {
  if (!current.root || current.update)
    return false;
  auto isSame = [&](Value input) {
    if (llvm::is_contained(kept, input) || current.computes(input))
      return true;
    auto argument = dyn_cast<BlockArgument>(input);
    if (!argument || argument.getOwner() != &kernel.getBody().front())
      return false;
    for (unsigned i = 0, e = kernel.getNumResults(); i < e; ++i)
      if (kernel.getInPlaceOperand(i) == argument.getArgNumber())
        return false;
    return true;
  };
  auto isOwn = [&](Value tensor) {
    return llvm::all_of(tensor.getUses(), [](OpOperand &use) {
      auto stream = dyn_cast<ein::StreamOp>(use.getOwner());
      bool isCarried = stream && use.getOperandNumber() < stream.getNumResults();
      return !isCarried && !isa<ein::YieldOp, ein::UpdateOp>(use.getOwner());
    });
  };
  auto isKeptOp = [&](ein::EinsumOp op) {
    return llvm::all_of(op.getInputs(), isSame) && isOwn(op.getResult());
  };
  return isKeptOp(current.root) && llvm::all_of(current.epilogue, isKeptOp);
}

/// Emits the first stages that blocks side by side have in common where the block before left
/// none of them; returns how many these are.
unsigned StagedLowering::emitKept(const std::vector<Stage> &stages) {
  unsigned count = 0, last = plan.grid.size();
  SmallVector<Value> kept;
  for (const Stage &current : stages) {
    if (target.warpLanes || !isKept(current, kept))
      break;
    unsigned own = indifferentTo(current.root);
    for (ein::EinsumOp op : current.epilogue)
      own = std::min(own, indifferentTo(op));
    if (own == 0)
      break;
    last = std::min(last, own);
    ein::EinsumOp root = current.root;
    kept.push_back(root.getResult());
    for (ein::EinsumOp op : current.epilogue)
      kept.push_back(op.getResult());
    ++count;
  }
  if (count == 0)
    return 0;
  for (const Stage &current : ArrayRef(stages).take_front(count))
    makeLocals(current);
  // Blocks that differ in the last ranks alone.
  Value alike = constant(1);
  for (StringRef label : ArrayRef(plan.grid).take_back(last)) {
    const BlockPlan::Rank &rank = plan.ranks.find(label)->second;
    Value blocks = expand(symbols.expr(rank.extent).ceilDiv(rank.part), {});
    alike = arith::MulIOp::create(builder, loc, alike, blocks);
  }
  auto holds = [&](arith::CmpIPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  Value before = tile::PreviousOp::create(builder, loc, builder.getIndexType(), blockNumber);
  Value isFirst = holds(arith::CmpIPredicate::slt, before, constant(0));
  Value isOther =
      holds(arith::CmpIPredicate::ne, arith::DivUIOp::create(builder, loc, before, alike),
            arith::DivUIOp::create(builder, loc, blockNumber, alike));
  Value isNew = arith::OrIOp::create(builder, loc, isFirst, isOther);
  auto branch = scf::IfOp::create(builder, loc, isNew, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  for (const Stage &current : ArrayRef(stages).take_front(count))
    emitStage(current);
  return count;
}

} // namespace einfall
