//===- DistributeWarps.cpp - Tiles of a stage to the warps of a block -----===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "passes/tile/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILEDISTRIBUTEWARPS
#include "passes/tile/Passes.h.inc"

namespace {

bool isParallel(Operation *op) { return op->hasAttr(kParallel); }

/// True if all warps run `op`, each for its own part.
bool isCollective(Operation *op) {
  auto inFragments = [](Type type) { return fragmentOf(type) || factorOf(type); };
  return isa<CopyOp, StoreRowsOp, CommitOp, WaitOp, WarpBarrierOp>(op) ||
         llvm::any_of(op->getOperandTypes(), inFragments) ||
         llvm::any_of(op->getResultTypes(), inFragments);
}

/// True if `op` is or holds one of `Kinds` as one warp would run it.
template <typename... Kinds> bool holds(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isa<Kinds...>(inner) && !isCollective(inner) ? WalkResult::interrupt()
                                                            : WalkResult::advance();
      })
      .wasInterrupted();
}

/// True if `op`, or what is in it, writes memory as one warp would.
bool writes(Operation *op) { return holds<StoreOp, ScatterOp, CountOp>(op); }

/// True if the warps part or meet in `op`: it cannot be one warp's.
bool isShared(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isParallel(inner) || isCollective(inner) || isa<BarrierOp>(inner)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// What one warp does alone must give nothing to the others.
bool canBeAlone(Operation *op) {
  return llvm::all_of(op->getResults(), [](Value result) { return result.use_empty(); });
}

/// True if `op`, or what is in it, may read or write the block's own memory, or needs warps
/// that have met before.
bool usesBlock(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        bool own = isa<IotaOp, BroadcastOp, WarpOp, IsAlignedOp>(inner) ||
                   !isa<TileDialect>(inner->getDialect());
        if (auto reduce = dyn_cast<ReduceOp>(inner)) { // of threads that exchange words
          FragmentAttr fragment = fragmentOf(reduce.getSource().getType());
          own = fragment && fragment.getColumnWarps() == 1;
        }
        if (isa<LoadOp, GatherOp, StoreOp, ScatterOp>(inner))
          own = llvm::all_of(inner->getOperands(), [](Value value) {
            return !isa<MemRefType>(value.getType()) || isa<BlockArgument>(value);
          });
        return own ? WalkResult::advance() : WalkResult::interrupt();
      })
      .wasInterrupted();
}

/// Drops barriers after which no warp needs what another one has done.
int64_t dropLastBarriers(func::FuncOp program) {
  int64_t dropped = 0;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(program.getBody().front()))) {
    if (isa<BarrierOp>(op)) {
      op.erase();
      ++dropped;
    } else if (usesBlock(&op)) {
      break;
    }
  }
  return dropped;
}

/// True if all warps run `op`, and parts of it are dealt or left to one of them. What
/// only counts may be run by all whatever it gives: nobody reads counters.
bool isRunByAll(Operation *op) {
  return isShared(op) || (!canBeAlone(op) && !holds<StoreOp, ScatterOp>(op));
}

/// No more than this lies between `begin` and `end`; INT64_MAX if that is not known.
int64_t mostBetween(Value begin, Value end) {
  APInt from, to;
  if (matchPattern(begin, m_ConstantInt(&from)) && matchPattern(end, m_ConstantInt(&to)))
    return std::max<int64_t>(0, to.getSExtValue() - from.getSExtValue());
  Operation *maker = end.getDefiningOp();
  if (isa_and_nonnull<arith::MinSIOp>(maker))
    return std::min(mostBetween(begin, maker->getOperand(0)),
                    mostBetween(begin, maker->getOperand(1)));
  if (isa_and_nonnull<arith::AddIOp>(maker) && maker->getOperand(0) == begin &&
      matchPattern(maker->getOperand(1), m_ConstantInt(&to)))
    return std::max<int64_t>(0, to.getSExtValue());
  // A rest that leaves whole tiles is no negative number.
  if (isa_and_nonnull<arith::SubIOp>(maker) && maker->getOperand(1).getDefiningOp<arith::RemUIOp>())
    return mostBetween(begin, maker->getOperand(0));
  return INT64_MAX;
}

/// Warps that have something to do where loops are dealt to them, `warps` at most.
int64_t busyWarps(func::FuncOp program, int64_t warps) {
  int64_t busy = 1;
  program.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isCollective(op))
      busy = warps;
    if (!isParallel(op))
      return WalkResult::advance();
    auto loop = cast<scf::ForOp>(op);
    APInt step;
    int64_t most = mostBetween(loop.getLowerBound(), loop.getUpperBound());
    bool isKnown = most != INT64_MAX && matchPattern(loop.getStep(), m_ConstantInt(&step));
    int64_t trips = isKnown ? llvm::divideCeil(most, step.getSExtValue()) : warps;
    busy = std::max(busy, std::min(trips, warps));
    return WalkResult::skip();
  });
  return busy;
}

class Distribution {
public:
  Distribution(func::FuncOp program, int64_t warps) : program(program), warps(warps) {}

  /// False if the program has to be left to a single warp; nothing is changed then.
  bool run() {
    bool deals = program
                     .walk([](Operation *op) {
                       return isParallel(op) || isCollective(op) ? WalkResult::interrupt()
                                                                 : WalkResult::advance();
                     })
                     .wasInterrupted();
    if (!deals || !isFit(program.front()))
      return false;
    OpBuilder builder(program.getContext());
    builder.setInsertionPointToStart(&program.front());
    Location loc = program.getLoc();
    warp = WarpOp::create(builder, loc, builder.getIndexType());
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    first = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, warp, zero);
    distribute(program.front());
    return true;
  }
  int64_t loops = 0;

private:
  bool isFit(Block &block) {
    return llvm::all_of(block, [&](Operation &op) {
      if (isParallel(&op) || !writes(&op))
        return true;
      if (!isRunByAll(&op))
        return canBeAlone(&op);
      return llvm::all_of(op.getRegions(), [&](Region &region) {
        return llvm::all_of(region, [&](Block &inner) { return isFit(inner); });
      });
    });
  }

  void distribute(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isParallel(&op))
        deal(cast<scf::ForOp>(op));
      else if (!writes(&op))
        continue;
      else if (isRunByAll(&op))
        for (Region &region : op.getRegions())
          for (Block &inner : region)
            distribute(inner);
      else
        leaveToFirst(&op);
    }
  }

  void deal(scf::ForOp loop) {
    OpBuilder builder(loop);
    Location loc = loop.getLoc();
    Value offset = builder.createOrFold<arith::MulIOp>(loc, warp, loop.getStep());
    Value count = arith::ConstantIndexOp::create(builder, loc, warps);
    loop.setLowerBound(arith::AddIOp::create(builder, loc, loop.getLowerBound(), offset));
    loop.setStep(builder.createOrFold<arith::MulIOp>(loc, loop.getStep(), count));
    ++loops;
  }

  /// What only the op needs is the first warp's too: others would read what it writes.
  void leaveToFirst(Operation *op) {
    OpBuilder builder(op);
    auto branch = scf::IfOp::create(builder, op->getLoc(), first, /*withElse=*/false);
    Block *alone = branch.thenBlock();
    Operation *before = branch->getPrevNode();
    op->moveBefore(alone, alone->begin());
    while (before && !isShared(before) && !writes(before)) {
      Operation *maker = std::exchange(before, before->getPrevNode());
      bool isNeeded = llvm::any_of(
          maker->getUsers(), [&](Operation *user) { return !branch->isProperAncestor(user); });
      // A local is memory of the whole block, until its next barrier.
      bool moves = isa<LoadOp, GatherOp>(maker) || isMemoryEffectFree(maker);
      if (moves && !isNeeded && !maker->use_empty())
        maker->moveBefore(alone, alone->begin());
    }
  }

  func::FuncOp program;
  int64_t warps;
  Value warp, first;
};

struct DistributeWarpsPass : impl::TileDistributeWarpsBase<DistributeWarpsPass> {
  using TileDistributeWarpsBase::TileDistributeWarpsBase;

  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      if (!program->hasAttr(kProgram) || program.isExternal())
        continue;
      if (auto team = program->getAttrOfType<IntegerAttr>(kTeam)) {
        program->setAttr(kWarps, team); // every tile is all of them
        ++numTeams;
        continue;
      }
      auto given = program->getAttrOfType<IntegerAttr>(kWarps);
      int64_t own = given ? given.getInt() : busyWarps(program, warps);
      Distribution distribution(program, own);
      bool done = own > 1 && distribution.run();
      auto collective = program.walk([](Operation *op) {
        return isCollective(op) ? WalkResult::interrupt() : WalkResult::advance();
      });
      bool isOne = given && own == 1; // then all lanes are one warp's
      if (!done && !isOne && collective.wasInterrupted()) {
        program.emitOpError("needs all warps of a block, but what it does cannot be dealt to them");
        return signalPassFailure();
      }
      if (done)
        numDropped += dropLastBarriers(program);
      numLoops += distribution.loops;
      numSingle += !done;
      program->setAttr(kWarps, builder.getI64IntegerAttr(done ? own : 1));
    }
  }
};

} // namespace
} // namespace einfall::tile
