//===- Rows.cpp - Kernels of which a block has one row --------------------===//
#include "passes/ein-to-tile/Rows.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

/// Shorter rows leave most threads of a block idle.
constexpr int64_t kShortest = 1024;

bool isLong(ein::ExtentAttr extent) { return extent.getLiteral().value_or(kShortest) >= kShortest; }

/// True if what `op` reads along its last rank lies side by side.
bool readsAlongLast(ein::EinsumOp op) {
  unsigned last = op.getNumRanks() - 1;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    AffineMap map = op.getMap(i);
    for (auto [dim, index] : llvm::enumerate(map.getResults()))
      if (index.isFunctionOfDim(last) &&
          (dim + 1 != map.getNumResults() || !isa<AffineDimExpr>(index)))
        return false;
  }
  return true;
}

SmallVector<StringRef> labelsOf(ein::EinsumOp op, unsigned count) {
  SmallVector<StringRef> labels;
  for (unsigned rank = 0; rank < count; ++rank)
    labels.push_back(op.getRankName(rank));
  return labels;
}

} // namespace

bool isRowwise(ein::KernelOp kernel, const TileTarget &target) {
  if (!target.teams || !target.warpLanes || target.warps < 2)
    return false;
  std::optional<SmallVector<StringRef>> rows;
  SmallVector<ein::EinsumOp> maps;
  WalkResult walked = kernel.getBody().walk([&](Operation *op) {
    auto einsum = dyn_cast<ein::EinsumOp>(op);
    if (!einsum) {
      bool isTensors = isa<ein::EinDialect>(op->getDialect());
      bool isKnown = isa<ein::StreamOp, ein::YieldOp, ein::ExtentOp, ein::IndexOp>(op);
      return isTensors && !isKnown ? WalkResult::interrupt() : WalkResult::advance();
    }
    if (einsum.getMonoids().empty()) {
      maps.push_back(einsum);
      return WalkResult::advance();
    }
    unsigned numFree = einsum.getNumFree();
    SmallVector<StringRef> labels = labelsOf(einsum, numFree);
    bool fits = einsum.getNumRanks() == numFree + 1 && mayRunAlongLanes(einsum, numFree) &&
                isLong(einsum.getRankExtent(numFree)) && readsAlongLast(einsum);
    if (!fits || (rows && *rows != labels))
      return WalkResult::interrupt();
    rows = labels;
    return WalkResult::advance();
  });
  if (walked.wasInterrupted() || !rows)
    return false;
  return llvm::all_of(maps, [&](ein::EinsumOp op) {
    unsigned count = op.getNumRanks(), common = rows->size();
    if (count < common || labelsOf(op, common) != *rows)
      return false;
    return count == common ||
           (count == common + 1 && isLong(op.getRankExtent(common)) && readsAlongLast(op));
  });
}

} // namespace einfall
