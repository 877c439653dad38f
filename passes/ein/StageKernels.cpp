//===- StageKernels.cpp - Folds in kernels become walks in chunks ---------===//
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"
#include "passes/ein/StreamBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSTAGEKERNELS
#include "passes/ein/Passes.h.inc"

namespace {

/// True if result dimensions of `op` run along the rank called `rank`.
bool keepsRank(Operation *op, StringRef rank) {
  auto ranks = op->getAttrOfType<ArrayAttr>("ranks");
  if (!ranks || op->getNumResults() != 1)
    return false;
  unsigned kept = cast<TensorType>(op->getResult(0).getType()).getRank();
  for (Attribute name : ranks.getValue().take_front(std::min<size_t>(kept, ranks.size())))
    if (cast<StringAttr>(name).getValue() == rank)
      return true;
  return false;
}

/// What `op` reduces: the rank that it is walked along, and its extent.
struct Walk {
  StringRef rank;
  ExtentAttr extent;
};

/// Folds are walked along their outermost folded rank. So is a reduction of
/// what the kernel computes along the rank; others read memory, in one go.
std::optional<Walk> walkOf(Operation *op) {
  if (auto fold = dyn_cast<FoldOp>(op))
    return Walk{fold.getRankName(fold.getNumFree()), fold.getRankExtent(fold.getNumFree())};
  if (auto topk = dyn_cast<TopKOp>(op); topk && topk.getRanks())
    return Walk{topk.getOrderedRank(), topk.getOrderedExtent()};
  auto einsum = dyn_cast<EinsumOp>(op);
  if (!einsum)
    return std::nullopt;
  for (int64_t rank = einsum.getNumFree(); rank < einsum.getNumRanks(); ++rank)
    for (Value input : einsum.getInputs())
      if (Operation *maker = input.getDefiningOp(); maker && isa<EinsumOp>(maker))
        if (StringRef name = einsum.getRankName(rank); keepsRank(maker, name))
          return Walk{name, einsum.getRankExtent(rank)};
  return std::nullopt;
}

/// Reductions that walk a rank together.
struct Group {
  Walk walk;
  SmallVector<Operation *> reductions;
};

bool readsFrom(Operation *op, ArrayRef<Operation *> makers, llvm::DenseSet<Operation *> &seen) {
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    Operation *maker = operand.getDefiningOp();
    if (!maker || !seen.insert(maker).second)
      return false;
    return llvm::is_contained(makers, maker) || readsFrom(maker, makers, seen);
  });
}

struct StageKernelsPass : impl::EinStageKernelsBase<StageKernelsPass> {
  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    for (KernelOp kernel : getOperation().getOps<KernelOp>())
      if (failed(stage(kernel)))
        return signalPassFailure();
  }

  LogicalResult stage(KernelOp kernel);
  LogicalResult build(const Group &group);
};

} // namespace

LogicalResult StageKernelsPass::build(const Group &group) {
  // What the reductions read along the rank, makers first.
  llvm::SetVector<Operation *> members;
  std::function<void(Operation *)> add = [&](Operation *op) {
    for (Value operand : op->getOperands())
      if (Operation *maker = operand.getDefiningOp(); maker && !members.contains(maker))
        if (keepsRank(maker, group.walk.rank)) {
          add(maker);
          members.insert(maker);
        }
  };
  for (Operation *op : group.reductions)
    add(op);
  OpBuilder builder(group.reductions.back());
  StreamBuilder stream(group.walk.rank, group.walk.extent);
  if (failed(stream.build(builder, members.getArrayRef(), group.reductions)))
    return failure();
  ++numStreams;
  for (Operation *op : llvm::reverse(members))
    if (op->use_empty())
      op->erase();
  return success();
}

LogicalResult StageKernelsPass::stage(KernelOp kernel) {
  SmallVector<Group> groups;
  for (Operation &op : kernel.getBody().front()) {
    std::optional<Walk> walk = walkOf(&op);
    if (!walk)
      continue;
    if (isStrict(&op))
      return op.emitOpError("is walked in chunks, but strict numerics fix the order of its sums: "
                            "compile it with algebraic numerics");
    Group *group = llvm::find_if(groups, [&](Group &other) {
      llvm::DenseSet<Operation *> seen;
      return other.walk.rank == walk->rank && other.walk.extent == walk->extent &&
             !readsFrom(&op, other.reductions, seen);
    });
    if (group == groups.end()) {
      groups.push_back({*walk, {}});
      group = &groups.back();
    }
    group->reductions.push_back(&op);
  }
  for (const Group &group : groups)
    if (failed(build(group)))
      return failure();
  // A stream stands where its last reduction stood; what read an earlier one follows.
  if (!groups.empty())
    sortTopologically(&kernel.getBody().front());
  return success();
}

} // namespace einfall::ein
