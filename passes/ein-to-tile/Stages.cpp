//===- Stages.cpp - A kernel as steps of a block --------------------------===//
#include "passes/ein-to-tile/Stages.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinMonoids.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/ein-to-tile/BlockLowering.h"
#include "passes/ein-to-tile/Matrices.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

bool Stage::computes(Value tensor) const {
  Operation *maker = tensor.getDefiningOp();
  return maker && (maker == root || llvm::is_contained(epilogue, maker) ||
                   llvm::is_contained(inside, maker));
}

static bool isIdentity(AffineMap map) {
  for (auto [position, index] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(index);
    if (!dim || dim.getPosition() != position)
      return false;
  }
  return true;
}

static bool isCostly(ein::EinsumOp op) {
  return llvm::any_of(op.getBody().front(), [](Operation &inner) {
    return isa<math::MathDialect>(inner.getDialect()) && !isa<math::FmaOp, math::AbsFOp>(inner);
  });
}

/// True if `op` runs where `stage` has a point: it reads the stage's values at
/// that point, and they are registers there.
static bool follows(ein::EinsumOp op, const Stage &stage, bool asMatrices) {
  ein::EinsumOp root = stage.root;
  if (!root || stage.update || !op.getMonoids().empty() ||
      op.getResult().getType().getShape() != root.getResult().getType().getShape())
    return false;
  // Sums of lanes are finished one by one: costly work is better done in vectors.
  if (isCostly(op) && !root.getMonoids().empty() && !(asMatrices && multipliesMatrices(root)))
    return false;
  bool reads = false;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    if (!stage.computes(input))
      continue;
    reads = true;
    if (!isIdentity(op.getMap(i)) || !cast<StringAttr>(op.getCoords()[i]).getValue().empty() ||
        ein::fillOf(op, i))
      return false;
  }
  return reads;
}

std::optional<std::vector<Stage>> stagesOf(Block &block, bool asMatrices) {
  std::vector<Stage> stages;
  for (Operation &op : block.without_terminator()) {
    Stage *last = stages.empty() ? nullptr : &stages.back();
    if (auto einsum = dyn_cast<ein::EinsumOp>(op)) {
      if (!op.use_empty() && llvm::all_of(op.getUsers(), llvm::IsaPred<ein::GuardOp>))
        continue; // asked of chunks, never stored
      if (last && follows(einsum, *last, asMatrices)) {
        last->epilogue.push_back(einsum);
        continue;
      }
      stages.emplace_back();
      stages.back().root = einsum;
    } else if (auto update = dyn_cast<ein::UpdateOp>(op)) {
      if (!last || !last->root || last->update || update.getSource() != last->last().getResult() ||
          llvm::is_contained(ein::separatedRanks(update), false))
        return std::nullopt;
      last->update = update;
    } else if (auto topk = dyn_cast<ein::TopKOp>(op); topk && !topk.getBest().empty()) {
      stages.emplace_back();
      stages.back().order = topk;
    } else if (auto stream = dyn_cast<ein::StreamOp>(op)) {
      std::optional<std::vector<Stage>> body = stagesOf(stream.getBody().front(), asMatrices);
      if (!body)
        return std::nullopt;
      stages.emplace_back();
      stages.back().stream = stream;
      stages.back().body = std::move(*body);
    } else if (!isa<ein::GuardOp, ein::EmptyOp>(op)) {
      return std::nullopt;
    }
  }
  return stages;
}

/// True if the stage reduces one operand, each of its points once.
static bool reducesOne(const Stage &stage) {
  ein::EinsumOp root = stage.root;
  return root && !stage.update && root.getNumRanks() == root.getNumFree() + 1 &&
         root.getInputs().size() == 1 && !ein::isArg(root.getMonoid(root.getNumFree())) &&
         !ein::fillOf(root, 0) && cast<StringAttr>(root.getCoords()[0]).getValue().empty() &&
         isIdentity(root.getMap(0)) && root.getMap(0).getNumResults() == root.getNumRanks();
}

/// True if `op` is pointwise over the ranks of `root`.
static bool sharesRanks(ein::EinsumOp op, ein::EinsumOp root) {
  if (!op.getMonoids().empty() || op.getNumRanks() != root.getNumRanks())
    return false;
  return llvm::all_of(llvm::seq<int64_t>(0, op.getNumRanks()),
                      [&](int64_t rank) { return op.getRankName(rank) == root.getRankName(rank); });
}

/// Puts what stage `to` reduces, which stage `from` makes, inside of it; false if it cannot be.
static bool fuseReduction(std::vector<Stage> &stages, unsigned from, unsigned to) {
  Stage maker = stages[from], reducer = stages[to];
  ein::EinsumOp root = maker.root;
  bool keepsRoot = !root.getMonoids().empty();
  SmallVector<ein::EinsumOp> moved(maker.epilogue);
  if (!keepsRoot)
    moved.insert(moved.begin(), root);
  ein::EinsumOp reduction = reducer.root;
  Operation *reduced = reduction.getInputs()[0].getDefiningOp();
  if (maker.update || !maker.inside.empty() || !llvm::is_contained(moved, reduced) ||
      !llvm::all_of(moved, [&](ein::EinsumOp op) { return sharesRanks(op, reduction); }))
    return false;
  // The reduction comes first now.
  SmallVector<ein::EinsumOp> ops{reduction};
  llvm::append_range(ops, reducer.epilogue);
  for (ein::EinsumOp op : ops)
    for (Value input : op.getInputs())
      for (const Stage &between : ArrayRef(stages).slice(from + 1, to - from - 1))
        if (between.stream || between.order || between.update || between.computes(input))
          return false;
  reducer.inside = moved;
  stages.erase(stages.begin() + to);
  if (keepsRoot) {
    stages[from].epilogue.clear();
    stages.insert(stages.begin() + from + 1, reducer);
  } else {
    stages[from] = reducer;
  }
  return true;
}

void fuseReductions(std::vector<Stage> &stages) {
  for (unsigned to = 1; to < stages.size(); ++to) {
    if (!reducesOne(stages[to]) || !stages[to].inside.empty())
      continue;
    ein::EinsumOp reduction = stages[to].root;
    for (unsigned from = 0; from < to; ++from)
      if (stages[from].computes(reduction.getInputs()[0]) && fuseReduction(stages, from, to))
        break;
  }
}

bool isStaged(ein::KernelOp kernel, bool asMatrices) {
  Block &block = kernel.getBody().front();
  if (!block.getOps<ein::StreamOp>().empty())
    return true;
  std::optional<std::vector<Stage>> stages = stagesOf(block, asMatrices);
  if (!stages || stages->empty())
    return false;
  return stages->size() > 1 || kernel.getNumResults() > 1 ||
         llvm::any_of(block.without_terminator(), [&](Operation &op) { return !op.hasOneUse(); });
}

} // namespace einfall
