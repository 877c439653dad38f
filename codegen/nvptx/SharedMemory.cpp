//===- SharedMemory.cpp - Where a block's own tensors lie -----------------===//
#include "codegen/nvptx/SharedMemory.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

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

  /// Places what the blocks of `region` make, from `base` on.
  void place(Region &region, int64_t base) {
    for (Block &block : region)
      place(block, base);
  }

private:
  struct Live {
    int64_t begin, end;
    Operation *last;
  };

  void place(Block &block, int64_t base) {
    SmallVector<Live> live;
    for (Operation &op : block) {
      if (auto local = dyn_cast<tile::LocalOp>(op))
        live.push_back(add(local, base, live));
      int64_t top = base;
      for (const Live &one : live)
        top = std::max(top, one.end);
      for (Region &region : op.getRegions())
        place(region, top);
      llvm::erase_if(live, [&](const Live &one) { return one.last == &op; });
    }
  }

  /// The lowest place beside what is alive.
  Live add(tile::LocalOp local, int64_t base, ArrayRef<Live> live) {
    int64_t bytes = bytesOf(local), begin = base;
    SmallVector<Live> sorted(live);
    llvm::sort(sorted, [](const Live &a, const Live &b) { return a.begin < b.begin; });
    for (const Live &one : sorted)
      if (begin + bytes > one.begin)
        begin = std::max(begin, one.end);
    memory.offsets[local] = begin;
    memory.bytes = std::max(memory.bytes, begin + bytes);
    return {begin, begin + bytes, lastUse(local)};
  }

  /// The last op of the local's block in which it is used.
  static Operation *lastUse(tile::LocalOp local) {
    Operation *last = local;
    for (Operation *user : local->getUsers()) {
      Operation *above = local->getBlock()->findAncestorOpInBlock(*user);
      if (last->isBeforeInBlock(above))
        last = above;
    }
    // What is stored may be read until the stage has ended.
    for (Operation *next = last->getNextNode(); next; next = next->getNextNode())
      if (isa<tile::BarrierOp>(next))
        return next;
    return local->getBlock()->getTerminator();
  }

  SharedMemory &memory;
};

} // namespace

SharedMemory placeLocals(Region &program) {
  SharedMemory memory;
  Placement(memory).place(program, 0);
  return memory;
}

} // namespace einfall::nvptx
