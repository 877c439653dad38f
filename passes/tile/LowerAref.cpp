//===- LowerAref.cpp - Rings by groups of copies and barriers -------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/tile/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILELOWERAREF
#include "passes/tile/Passes.h.inc"

namespace {

/// True if an op of `Kinds` on `ring` is in `region`.
template <typename... Kinds> bool uses(Value ring, Region &region) {
  return llvm::any_of(ring.getUsers(), [&](Operation *user) {
    return isa<Kinds...>(user) && region.isAncestor(user->getParentRegion());
  });
}

class RingLowering {
public:
  RingLowering(ArefCreateOp create, int64_t number)
      : create(create), ring(create.getRing()), builder(create), depth(ring.getType().getDepth()),
        number(number) {}

  LogicalResult run() {
    isAsync = llvm::any_of(ring.getUsers(), [](Operation *user) {
      return isa<ArefPutOp>(user) && llvm::any_of(user->getUsers(), [](Operation *use) {
               auto copy = dyn_cast<CopyOp>(use);
               return copy && copy.getAligned();
             });
    });
    for (Type type : ring.getType().getSlot()) {
      auto slot = cast<MemRefType>(type);
      auto all = MemRefType::get({depth * slot.getNumElements()}, slot.getElementType());
      auto local = LocalOp::create(builder, create.getLoc(), all);
      local->setAttr(kRing, builder.getI64IntegerAttr(number));
      local->setAttr(kSlots, builder.getI64IntegerAttr(depth));
      memory.push_back(local);
    }
    for (Operation *user : llvm::make_early_inc_range(ring.getUsers()))
      if (failed(lower(user)))
        return failure();
    create.erase();
    return success();
  }
  int64_t barriers = 0;

private:
  LogicalResult lower(Operation *op) {
    builder.setInsertionPoint(op);
    if (isa<ArefPutOp>(op)) {
      if (mayBeRead(cast<ArefPutOp>(op)))
        meet(op->getLoc());
    } else if (auto commit = dyn_cast<ArefCommitOp>(op)) {
      Operation *around = hoisted<ArefGetOp>(op);
      builder.setInsertionPointAfter(around);
      if (isAsync)
        mark(CommitOp::create(builder, op->getLoc()));
    } else if (isa<ArefGetOp>(op)) {
      Operation *around = hoisted<ArefCommitOp>(op);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(around);
      if (isAsync)
        mark(WaitOp::create(builder, op->getLoc(), builder.getI64IntegerAttr(create.getAhead())));
      meet(op->getLoc());
    } else if (isa<ArefCloseOp>(op) && !isFollowedByBarrier(op)) {
      meet(op->getLoc());
    }
    if (isa<ArefPutOp, ArefGetOp, ArefSlotOp>(op) && failed(placeSlot(op)))
      return failure();
    op->erase();
    return success();
  }

  void mark(Operation *op) { op->setAttr(kRing, builder.getI64IntegerAttr(number)); }

  void meet(Location loc) {
    BarrierOp::create(builder, loc);
    ++barriers;
  }

  /// Whether some warp may still read the slot that `put` fills. With a slot more than those of
  /// items that are held or on their way, the barrier of the last get has been passed since
  /// the slot's release.
  bool mayBeRead(ArefPutOp put) {
    bool hasSpare = static_cast<int64_t>(create.getAhead() + create.getLag()) + 2 <= depth;
    std::optional<int64_t> item = getConstantIntValue(put.getNumber());
    return !hasSpare && !(item && *item < depth);
  }

  /// What `op` stands at for all warps and on all ways: groups are counted, so where
  /// nothing is put there is an empty one; to wait for it is harmless.
  template <typename Other> Operation *hoisted(Operation *op) {
    while (auto branch = dyn_cast<scf::IfOp>(op->getParentOp())) {
      if (branch->isProperAncestor(create))
        break;
      Region &own = *op->getParentRegion();
      Region &other =
          &own == &branch.getThenRegion() ? branch.getElseRegion() : branch.getThenRegion();
      if (uses<ArefPutOp, ArefGetOp>(ring, other) || uses<Other>(ring, own))
        break;
      op = branch;
    }
    return op;
  }

  /// What lies there is kept until the next barrier of the block (codegen/nvptx/SharedMemory).
  static bool isFollowedByBarrier(Operation *op) {
    while ((op = op->getNextNode()))
      if (isa<BarrierOp>(op))
        return true;
    return false;
  }

  /// Puts the memory of all slots in place of that of one.
  LogicalResult placeSlot(Operation *op) {
    Location loc = op->getLoc();
    Value slot;
    if (depth > 1)
      slot = builder.createOrFold<arith::RemUIOp>(loc, op->getOperand(1), index(loc, depth));
    for (auto [result, all] : llvm::zip_equal(op->getResults(), memory)) {
      Value offset;
      if (slot && !result.use_empty())
        offset = builder.createOrFold<arith::MulIOp>(
            loc, slot, index(loc, cast<MemRefType>(result.getType()).getNumElements()));
      for (OpOperand &use : llvm::make_early_inc_range(result.getUses()))
        if (failed(moveUse(use, all, offset)))
          return failure();
    }
    return success();
  }

  LogicalResult moveUse(OpOperand &use, Value all, Value offset) {
    Operation *op = use.getOwner();
    OpOperand *place =
        TypeSwitch<Operation *, OpOperand *>(op)
            .Case<LoadOp, StoreOp, LoadFactorOp>([](auto user) { return &user.getOffsetMutable(); })
            .Case([&](CopyOp copy) {
              bool isSource = use.getOperandNumber() == 0;
              return isSource ? &copy.getOffsetMutable() : &copy.getDestOffsetMutable();
            })
            .Default(nullptr);
    if (!place)
      return op->emitOpError("has no form on memory of ring '") << create.getName() << "'";
    use.set(all);
    if (!offset)
      return success();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    place->set(builder.createOrFold<arith::AddIOp>(op->getLoc(), offset, place->get()));
    return success();
  }

  Value index(Location loc, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  ArefCreateOp create;
  TypedValue<ArefType> ring;
  OpBuilder builder;
  int64_t depth, number;
  bool isAsync = false;
  SmallVector<Value> memory;
};

/// Groups of all rings are counted together: those that others end between the last one of the
/// wait's ring and the wait, on all ways, may be on their way too.
int64_t othersBefore(WaitOp wait) {
  int64_t others = 0;
  Attribute own = wait->getAttr(kRing);
  for (Operation *op = wait->getPrevNode(); op; op = op->getPrevNode()) {
    if (isa<CommitOp>(op) && op->getAttr(kRing) != own) {
      ++others;
      continue;
    }
    auto found = op->walk([&](CommitOp commit) {
      return commit->getAttr(kRing) == own ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (found.wasInterrupted())
      return others;
  }
  return 0;
}

void countOthers(func::FuncOp program) {
  program.walk([](WaitOp wait) {
    if (wait->hasAttr(kRing))
      wait.setPending(wait.getPending() + othersBefore(wait));
  });
  program.walk([](Operation *op) {
    if (isa<WaitOp, CommitOp>(op))
      op->removeAttr(kRing);
  });
}

struct LowerArefPass : impl::TileLowerArefBase<LowerArefPass> {
  using TileLowerArefBase::TileLowerArefBase;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      SmallVector<ArefCloseOp> closes;
      program.walk([&](ArefCloseOp close) { closes.push_back(close); });
      // The last one first: who closes looks for barriers further on.
      for (auto [i, close] : llvm::enumerate(llvm::reverse(closes))) {
        RingLowering ring(close.getRing().getDefiningOp<ArefCreateOp>(), closes.size() - 1 - i);
        if (failed(ring.run()))
          return signalPassFailure();
        ++numRings;
        numBarriers += ring.barriers;
      }
      countOthers(program);
    }
  }
};

} // namespace
} // namespace einfall::tile
