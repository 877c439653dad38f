//===- StageKernels.cpp - Folds in kernels become walks in chunks ---------===//
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/KernelShape.h"
#include "passes/ein/Passes.h"
#include "passes/ein/StreamBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

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

/// True if a reduction is among what makes the result of `op` along the rank.
bool isContracted(Operation *op, StringRef rank) {
  auto einsum = dyn_cast_or_null<EinsumOp>(op);
  if (!einsum || !keepsRank(einsum, rank))
    return false;
  return !einsum.getMonoids().empty() || llvm::any_of(einsum.getInputs(), [&](Value input) {
    return isContracted(input.getDefiningOp(), rank);
  });
}

/// The outermost rank that `op` reduces of what the kernel computes along it, if
/// `accepts` it for an input.
std::optional<Walk> reducedOf(EinsumOp op, function_ref<bool(const Walk &, Operation *)> accepts) {
  for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank) {
    Walk walk{op.getRankName(rank), op.getRankExtent(rank)};
    for (Value input : op.getInputs())
      if (auto maker = input.getDefiningOp<EinsumOp>())
        if (keepsRank(maker, walk.rank) && accepts(walk, maker))
          return walk;
  }
  return std::nullopt;
}

Walk outermost(FoldOp fold) {
  return {fold.getRankName(fold.getNumFree()), fold.getRankExtent(fold.getNumFree())};
}

/// The ranks that a kernel walks in chunks: the outermost folded ones, and those
/// of which a block cannot hold all that is computed along them.
llvm::StringSet<> walkedRanks(Block &kernel) {
  llvm::StringSet<> walked;
  for (Operation &op : kernel) {
    if (auto fold = dyn_cast<FoldOp>(op)) {
      walked.insert(outermost(fold).rank);
    } else if (auto topk = dyn_cast<TopKOp>(op)) {
      if (topk.getRanks())
        walked.insert(topk.getOrderedRank());
    } else if (auto einsum = dyn_cast<EinsumOp>(op)) {
      auto walk = reducedOf(einsum, [](const Walk &walk, Operation *maker) {
        return isWalkedInChunks(walk.extent, isContracted(maker, walk.rank));
      });
      if (walk)
        walked.insert(walk->rank);
    }
  }
  return walked;
}

std::optional<Walk> walkOf(Operation *op, const llvm::StringSet<> &walked) {
  if (auto fold = dyn_cast<FoldOp>(op))
    return outermost(fold);
  if (auto topk = dyn_cast<TopKOp>(op); topk && topk.getRanks())
    return Walk{topk.getOrderedRank(), topk.getOrderedExtent()};
  auto einsum = dyn_cast<EinsumOp>(op);
  if (!einsum)
    return std::nullopt;
  return reducedOf(einsum,
                   [&](const Walk &walk, Operation *) { return walked.contains(walk.rank); });
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
  llvm::StringSet<> walked = walkedRanks(kernel.getBody().front());
  for (Operation &op : kernel.getBody().front()) {
    std::optional<Walk> walk = walkOf(&op, walked);
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
