//===- SharedMemory.cpp - Where a block's own tensors lie -----------------===//
#include "codegen/nvptx/SharedMemory.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <tuple>

using namespace mlir;

namespace einfall::nvptx {
namespace {

/// What vector accesses need.
constexpr int64_t kAlign = 128;

int64_t bytesOf(tile::LocalOp local) {
  auto type = cast<MemRefType>(local.getResult().getType());
  Type element = type.getElementType();
  int64_t width = element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  return llvm::alignTo(type.getNumElements() * width, kAlign);
}

class Placement {
public:
  explicit Placement(SharedMemory &memory) : memory(memory) {}

  struct Range {
    int64_t begin, end;
    /// The barrier after which nobody reads it; null if none comes in its block.
    Operation *barrier;
  };
  using Ranges = SmallVector<Range>;

  /// Places what the blocks of `region` make, from `base` on; what is held when they end lies
  /// beside `behind`, too, which is written next. Returns all of them.
  Ranges place(Region &region, int64_t base, ArrayRef<Range> behind) {
    Ranges all;
    for (Block &block : region)
      llvm::append_range(all, place(block, base, behind));
    return all;
  }

private:
  Ranges place(Block &block, int64_t base, ArrayRef<Range> behind) {
    Ranges all, live, first; // the first ones are written before all warps have come to a barrier
    bool isLoop = isa<LoopLikeOpInterface>(block.getParentOp()), isFirst = true;
    auto keep = [&](Range range) {
      all.push_back(range);
      if (isFirst)
        first.push_back(range);
    };
    // What is written while others still read what is held at the block's end: a loop's body
    // may have begun again.
    auto writtenAtEnd = [&]() -> Ranges {
      Ranges written(behind);
      if (isLoop)
        llvm::append_range(written, first);
      return written;
    };
    for (Operation &op : block) {
      if (auto local = dyn_cast<tile::LocalOp>(op)) {
        Operation *barrier = barrierBehind(lastUse(local));
        Ranges others = live;
        if (!barrier)
          llvm::append_range(others, writtenAtEnd());
        live.push_back({0, 0, barrier});
        std::tie(live.back().begin, live.back().end) = add(local, base, others);
        keep(live.back());
      } else if (op.getNumRegions()) {
        Operation *barrier = barrierBehind(&op);
        int64_t top = base;
        for (const Range &one : live)
          top = std::max(top, one.end);
        for (Region &region : op.getRegions())
          for (Range one : place(region, top, barrier ? Ranges() : writtenAtEnd())) {
            // A loop of two regions goes from each to the other.
            if (isa<LoopLikeOpInterface>(op))
              top = std::max(top, one.end);
            bool isHeld = !one.barrier;
            one.barrier = isHeld ? barrier : one.barrier;
            keep(one);
            if (isHeld)
              live.push_back(one);
          }
      }
      isFirst &= !isa<tile::BarrierOp>(op);
      llvm::erase_if(live, [&](const Range &one) { return one.barrier == &op; });
    }
    return all;
  }

  /// The lowest place beside `others`.
  std::pair<int64_t, int64_t> add(tile::LocalOp local, int64_t base, Ranges others) {
    int64_t bytes = bytesOf(local), begin = base;
    llvm::sort(others, [](const Range &a, const Range &b) { return a.begin < b.begin; });
    for (const Range &one : others)
      if (begin + bytes > one.begin)
        begin = std::max(begin, one.end);
    memory.offsets[local] = begin;
    memory.bytes = std::max(memory.bytes, begin + bytes);
    return {begin, begin + bytes};
  }

  /// The last op of the local's block in which it is used.
  static Operation *lastUse(tile::LocalOp local) {
    Operation *last = local;
    for (Operation *user : local->getUsers()) {
      Operation *above = local->getBlock()->findAncestorOpInBlock(*user);
      if (last->isBeforeInBlock(above))
        last = above;
    }
    return last;
  }

  /// What is stored may be read until a barrier ends the stage. One in a loop or a branch may be
  /// passed by.
  static Operation *barrierBehind(Operation *op) {
    while ((op = op->getNextNode()))
      if (isa<tile::BarrierOp>(op))
        return op;
    return nullptr;
  }

  SharedMemory &memory;
};

} // namespace

SharedMemory placeLocals(Region &program) {
  SharedMemory memory;
  Placement(memory).place(program, 0, {});
  return memory;
}

} // namespace einfall::nvptx
