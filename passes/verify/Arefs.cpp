//===- Arefs.cpp - Follow the items of rings ------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/verify/Passes.h"
#include "passes/verify/Runs.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace einfall::tile;

namespace einfall::verify {
#define GEN_PASS_DEF_VERIFYAREFS
#include "passes/verify/Passes.h.inc"

namespace {

/// What a run has done to a ring. Items are counted: all below `put` have been begun, ..
struct Ring {
  ArefCreateOp create;
  int64_t depth = 0, ahead = 0, lag = 0;
  int64_t put = 0, committed = 0, got = 0, released = 0;
  std::vector<Operation *> puts, gets, releases; // by item
};

/// The memory of an item, and how long it may be used.
struct Slot {
  Ring *ring;
  int64_t item;
  bool isPut;
};

bool isItemOp(Operation &op) {
  return isa<ArefPutOp, ArefCommitOp, ArefGetOp, ArefSlotOp, ArefReleaseOp>(op);
}

/// The memory that comes from slots in `program`.
llvm::DenseSet<Value> memoryOf(func::FuncOp program) {
  llvm::DenseSet<Value> memory;
  program.walk([&](Operation *op) {
    if (isa<ArefPutOp, ArefGetOp, ArefSlotOp>(op))
      memory.insert_range(op->getResults());
  });
  return memory;
}

/// Ops that change rings, or read or write memory of their slots.
Outline outlineOf(func::FuncOp program) {
  llvm::DenseSet<Value> memory = memoryOf(program);
  auto isMove = [](Operation &op) { return isItemOp(op) || isa<ArefCreateOp, ArefCloseOp>(op); };
  auto isUse = [&](Operation &op) {
    return llvm::any_of(op.getOperands(), [&](Value value) { return memory.contains(value); });
  };
  return Outline(program, [&](Operation &op) { return isMove(op) || isUse(op); }, isMove);
}

/// Follows the items of all rings through one run.
class Follower {
public:
  Follower(const Outline &outline, unsigned seed)
      : run(outline, [&](Operation &op) { return visit(op); }, seed) {}

  LogicalResult follow() { return run.execute(); }

private:
  LogicalResult visit(Operation &op) {
    if (auto create = dyn_cast<ArefCreateOp>(op)) {
      Ring ring;
      ring.create = create;
      ring.depth = create.getRing().getType().getDepth();
      ring.ahead = create.getAhead();
      ring.lag = create.getLag();
      rings[create.getRing()] = ring;
      return success();
    }
    if (auto close = dyn_cast<ArefCloseOp>(op))
      return visitClose(rings.find(close.getRing())->second);
    if (!isItemOp(op))
      return visitUse(op);
    Ring &ring = rings.find(op.getOperand(0))->second;
    int64_t item = run.numberOf(op.getOperand(1));
    LogicalResult done = isa<ArefPutOp>(op)      ? visitPut(op, ring, item)
                         : isa<ArefCommitOp>(op) ? visitCommit(op, ring, item)
                         : isa<ArefGetOp>(op)    ? visitGet(op, ring, item)
                         : isa<ArefSlotOp>(op)   ? visitHeld(op, ring, item)
                                                 : visitRelease(op, ring, item);
    for (Value result : op.getResults())
      slots[result] = {&ring, item, isa<ArefPutOp>(op)};
    return done;
  }

  /// An error at `op`, with a note where the ring is created.
  InFlightDiagnostic fail(Operation &op, const Ring &ring) {
    InFlightDiagnostic diag = op.emitOpError("ring '")
                              << ArefCreateOp(ring.create).getName() << "': ";
    diag.attachNote(ring.create->getLoc())
        << "the ring of " << ring.depth << " slots is created here";
    return diag;
  }

  LogicalResult visitPut(Operation &op, Ring &ring, int64_t item) {
    if (item != ring.put)
      return wrong(op, ring, item, ring.put, "be put");
    if (ring.committed != ring.put)
      return fail(op, ring) << "expected the commit of item " << ring.committed << " before item "
                            << item << " is put";
    int64_t before = item - ring.depth;
    if (before >= ring.released)
      return fail(op, ring) << "waits for ever: item " << item << " goes to slot "
                            << item % ring.depth << ", but item " << before
                            << (before < ring.got ? " is still held there"
                                                  : " has not been got from there");
    if (item - ring.ahead - 1 >= ring.got)
      return fail(op, ring) << "expected items to " << ring.ahead
                            << " ahead of the last one got, but item " << item << " is put when "
                            << (ring.got ? "item " + std::to_string(ring.got - 1) + " is"
                                         : "none is");
    if (item >= ring.ahead && item - ring.ahead < ring.got)
      return fail(op, ring) << "item " << item << " comes late: expected it to be put before item "
                            << item - ring.ahead << " is got, " << ring.ahead << " ahead";
    ++ring.put;
    ring.puts.push_back(&op);
    return success();
  }

  /// Other than the next item, and so, if it is another one of a turn, another slot.
  LogicalResult wrong(Operation &op, Ring &ring, int64_t item, int64_t expected, StringRef what) {
    return fail(op, ring) << "wrong slot: expected item " << expected << " (slot "
                          << expected % ring.depth << ") to " << what << ", but got item " << item
                          << " (slot " << item % ring.depth << ")";
  }

  LogicalResult visitCommit(Operation &op, Ring &ring, int64_t item) {
    if (ring.committed == ring.put)
      return fail(op, ring) << "commits item " << item << " without a put";
    if (item != ring.committed)
      return wrong(op, ring, item, ring.committed, "be committed");
    ++ring.committed;
    return success();
  }

  LogicalResult visitGet(Operation &op, Ring &ring, int64_t item) {
    if (item < ring.got)
      return fail(op, ring) << "gets item " << item << " a second time";
    if (item >= ring.committed)
      return fail(op, ring) << "get without a put: waits for ever for item " << item << ", but "
                            << (ring.put > item ? "its put is not committed" : "nobody has put it");
    if (item != ring.got)
      return wrong(op, ring, item, ring.got, "be got");
    if (ring.released < item - ring.lag)
      return fail(op, ring) << "expected a release lag of at most " << ring.lag << ", but item "
                            << ring.released << " is still held when item " << item << " is got";
    ++ring.got;
    ring.gets.push_back(&op);
    return success();
  }

  LogicalResult visitHeld(Operation &op, Ring &ring, int64_t item) {
    if (item >= ring.got)
      return fail(op, ring) << "uses item " << item << ", which has not been got";
    if (item < ring.released)
      return released(op, ring, item);
    return success();
  }

  LogicalResult visitRelease(Operation &op, Ring &ring, int64_t item) {
    if (item >= ring.got)
      return fail(op, ring) << "releases item " << item << ", which has not been got";
    if (item < ring.released)
      return fail(op, ring) << "releases item " << item << " a second time";
    if (item != ring.released)
      return wrong(op, ring, item, ring.released, "be released");
    ++ring.released;
    ring.releases.push_back(&op);
    return success();
  }

  LogicalResult released(Operation &op, Ring &ring, int64_t item) {
    InFlightDiagnostic diag = fail(op, ring);
    diag << "uses the slot of item " << item << " after its release";
    diag.attachNote(ring.releases[item]->getLoc()) << "it is released here";
    return diag;
  }

  /// An op that reads or writes memory of slots.
  LogicalResult visitUse(Operation &op) {
    for (Value operand : op.getOperands()) {
      auto it = slots.find(operand);
      if (it == slots.end())
        continue;
      auto [ring, item, isPut] = it->second;
      if (isPut && item < ring->committed)
        return fail(op, *ring) << "uses the slot of item " << item << " after its commit";
      if (!isPut && item < ring->released)
        return released(op, *ring, item);
    }
    return success();
  }

  LogicalResult visitClose(Ring &ring) {
    if (ring.committed < ring.put)
      return fail(*ring.puts[ring.committed], ring)
             << "the put of item " << ring.committed << " is never committed";
    if (ring.got < ring.put)
      return fail(*ring.puts[ring.got], ring)
             << "put without a get: item " << ring.got << " is put, but never got";
    if (ring.released < ring.got)
      return fail(*ring.gets[ring.released], ring)
             << "expected a release of item " << ring.released << " after this get";
    return success();
  }

  llvm::DenseMap<Value, Slot> slots;
  struct ByPointer {
    bool operator()(Value a, Value b) const {
      return a.getAsOpaquePointer() < b.getAsOpaquePointer();
    }
  };
  std::map<Value, Ring, ByPointer> rings; // slots point to them
  Run run;
};

struct ArefsPass : impl::VerifyArefsBase<ArefsPass> {
  using VerifyArefsBase::VerifyArefsBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      auto found = program.walk([](ArefCreateOp) { return WalkResult::interrupt(); });
      if (!found.wasInterrupted())
        continue;
      ++numPrograms;
      Outline outline = outlineOf(program);
      for (unsigned seed = 0; seed < runs; ++seed)
        if (failed(Follower(outline, seed).follow()))
          return signalPassFailure();
    }
  }
};

} // namespace
} // namespace einfall::verify
