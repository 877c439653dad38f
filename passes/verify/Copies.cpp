//===- Copies.cpp - What copies, waits and barriers protect ---------------===//
#include "dialects/tile/TileDialect.h"
#include "lib/Protocol/Protocol.h"
#include "passes/verify/Passes.h"
#include "passes/verify/Runs.h"
#include "llvm/ADT/STLExtras.h"
#include <set>

using namespace mlir;
using namespace einfall::tile;

namespace einfall::verify {
#define GEN_PASS_DEF_VERIFYCOPIES
#include "passes/verify/Passes.h.inc"

namespace {

using protocol::Kind;
using protocol::Step;

/// The ring that `buffer` is memory of; null if it is none.
LocalOp ringOf(Value buffer) {
  auto local = buffer.getDefiningOp<LocalOp>();
  return local && local->hasAttr(kRing) && local->hasAttr(kSlots) ? local : nullptr;
}

int64_t numberIn(LocalOp ring, StringRef name) {
  return ring->getAttrOfType<IntegerAttr>(name).getInt();
}

/// Memory of rings that an op reads or fills.
struct Use {
  Kind kind;
  LocalOp ring;
  Value offset;
};

SmallVector<Use> usesOf(Operation &op) {
  SmallVector<Use> uses;
  auto add = [&](Kind kind, Value buffer, Value offset) {
    if (LocalOp ring = ringOf(buffer))
      uses.push_back({kind, ring, offset});
  };
  if (auto copy = dyn_cast<CopyOp>(op)) {
    add(Kind::read, copy.getSource(), copy.getOffset());
    add(copy.getAligned() ? Kind::copy : Kind::write, copy.getDest(), copy.getDestOffset());
  } else if (auto store = dyn_cast<StoreOp>(op)) {
    add(Kind::write, store.getBuffer(), store.getOffset());
  } else if (auto load = dyn_cast<LoadOp>(op)) {
    add(Kind::read, load.getBuffer(), load.getOffset());
  } else if (auto factor = dyn_cast<LoadFactorOp>(op)) {
    add(Kind::read, factor.getBuffer(), factor.getOffset());
  }
  return uses;
}

/// What a warp does to the slots of rings in one run. An item is what is filled between commits
/// and reads; a read is of what a warp alone, whose copies arrive at once, would find.
class Recorder {
public:
  Recorder(const Outline &outline, int64_t mostSteps, unsigned seed)
      : mostSteps(mostSteps), run(outline, [&](Operation &op) { return visit(op); }, seed) {
    (void)run.execute(); // ends early where enough is known
  }

  static bool shows(Operation &op) {
    return isa<CommitOp, WaitOp, BarrierOp>(op) || !usesOf(op).empty();
  }

  std::vector<Step> steps;
  std::vector<Operation *> ops; // of each step
  std::string placeOf(const Step &step) const {
    auto [ring, slot] = names[step.place];
    return "slot " + std::to_string(slot) + " of ring " + std::to_string(ring);
  }
  Operation *outside = nullptr; // an op that leaves its ring

private:
  struct Place {
    int item = -1;
    bool isRead = false;
    int64_t commits = 0; // when it was filled last
  };

  LogicalResult visit(Operation &op) {
    if (auto wait = dyn_cast<WaitOp>(op))
      synchronise(op, {Kind::wait, 0, static_cast<int>(wait.getPending())});
    else if (isa<BarrierOp>(op))
      synchronise(op, {Kind::barrier});
    else if (isa<CommitOp>(op))
      synchronise(op, {Kind::commit});
    commits += isa<CommitOp>(op);
    for (Use use : usesOf(op))
      if (!record(op, use))
        return failure();
    return success(static_cast<int64_t>(steps.size()) < mostSteps);
  }

  void synchronise(Operation &op, Step step) {
    steps.push_back(step);
    ops.push_back(&op);
    since.clear();
  }

  bool record(Operation &op, Use use) {
    int64_t ring = numberIn(use.ring, kRing), slots = numberIn(use.ring, kSlots);
    int64_t size = cast<MemRefType>(use.ring.getResult().getType()).getNumElements() / slots;
    int64_t offset = run.numberOf(use.offset);
    if (offset < 0 || offset >= size * slots) {
      outside = &op;
      return false;
    }
    auto [it, isNew] = numbers.try_emplace({ring, offset / size}, places.size());
    if (isNew) {
      places.emplace_back();
      names.push_back({ring, offset / size});
    }
    Place &place = places[it->second];
    if (use.kind == Kind::read) {
      place.isRead = true;
    } else if (place.item < 0 || place.isRead || place.commits != commits) {
      place = {place.item + 1, false, commits};
    }
    if (place.item < 0)
      return true;
    // Once more between two of what others can notice is nothing more.
    if (since.insert({use.kind, it->second, place.item}).second) {
      steps.push_back({use.kind, it->second, place.item});
      ops.push_back(&op);
    }
    return true;
  }

  int64_t mostSteps, commits = 0;
  std::map<std::pair<int64_t, int64_t>, int> numbers; // of ring and slot
  std::vector<std::pair<int64_t, int64_t>> names;
  std::vector<Place> places;
  std::set<std::tuple<Kind, int, int>> since; // the last step at which others are met
  Run run;
};

struct CopiesPass : impl::VerifyCopiesBase<CopiesPass> {
  using VerifyCopiesBase::VerifyCopiesBase;

  LogicalResult check(const Outline &outline, unsigned seed) {
    Recorder recorder(outline, mostSteps, seed);
    if (recorder.outside)
      return recorder.outside->emitOpError("leaves the memory of its ring");
    protocol::Protocol warps;
    warps.agents.assign(2, recorder.steps);
    protocol::Verdict verdict = protocol::explore(warps, mostStates, protocol::Arrivals::late);
    numStates += verdict.states;
    numIncomplete += !verdict.isComplete;
    if (!verdict.fault)
      return success();
    const Step &step = recorder.steps[verdict.step];
    InFlightDiagnostic diag =
        recorder.ops[verdict.step]->emitOpError("breaks what two warps rely on: ");
    diag << verdict.text;
    if (llvm::is_contained({Kind::copy, Kind::write, Kind::read}, step.kind))
      diag << "; it is " << recorder.placeOf(step);
    for (size_t i = verdict.step; i-- > 0;)
      if (const Step &before = recorder.steps[i];
          before.kind == Kind::wait || before.kind == Kind::barrier) {
        diag.attachNote(recorder.ops[i]->getLoc()) << "the last wait or barrier before it is here";
        break;
      }
    return diag;
  }

  void runOnOperation() override {
    markAllAnalysesPreserved();
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      auto found = program.walk([](LocalOp local) {
        return ringOf(local.getResult()) ? WalkResult::interrupt() : WalkResult::advance();
      });
      if (!found.wasInterrupted())
        continue;
      Outline outline(program, Recorder::shows, Recorder::shows);
      for (unsigned seed = 0; seed < runs; ++seed)
        if (failed(check(outline, seed)))
          return signalPassFailure();
    }
  }
};

} // namespace
} // namespace einfall::verify
