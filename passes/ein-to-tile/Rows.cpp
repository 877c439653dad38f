//===- Rows.cpp - Kernels of which a block has one row --------------------===//
#include "passes/ein-to-tile/Rows.h"
#include "dialects/ein/EinBounds.h"
#include "passes/ein-to-tile/EinsumLowering.h"
#include "passes/ein/BlockCosts.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

/// Shorter rows leave most threads of a block idle.
constexpr int64_t kShortest = 1024;

/// Lengths of rows that a team may hold, and a thread's registers for its part. All are
/// straight code, of at most so many additions.
constexpr int64_t kHeld[] = {2048, 4096, 8192}, kHeldRegisters = 96, kHeldCost = 1024;
/// Bytes of operands that a thread of a small team may keep.
constexpr int64_t kFewBytes = 256;

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
    if (einsum.getMonoids().empty() || isCount(einsum)) {
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
    unsigned count = op.getNumFree(), common = rows->size();
    unsigned shared = std::min(count, common);
    if (ArrayRef(*rows).take_front(shared) != ArrayRef(labelsOf(op, shared)))
      return false;
    return count <= common ||
           (count == common + 1 && isLong(op.getRankExtent(common)) && readsAlongLast(op));
  });
}

/// True if what `op` reads of the kernel's own tensors was made at its own coordinates.
static bool readsInPlace(ein::EinsumOp op) {
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    auto argument = dyn_cast<BlockArgument>(input);
    // A stream's arguments are what it carries, and tensors from outside.
    auto stream = argument ? dyn_cast<ein::StreamOp>(argument.getOwner()->getParentOp()) : nullptr;
    bool isOwn =
        !argument || (stream && !isa<BlockArgument>(stream.getInputs()[argument.getArgNumber()]));
    if (!isOwn)
      continue;
    if (!cast<StringAttr>(op.getCoords()[i]).getValue().empty() || ein::fillOf(op, i))
      return false;
    for (auto [dim, index] : llvm::enumerate(op.getMap(i).getResults()))
      if (index != getAffineDimExpr(dim, op.getContext()))
        return false;
  }
  return true;
}

std::optional<RowRead> rowRead(ein::EinsumOp op, unsigned number, unsigned rank) {
  Value tensor = op.getInputs()[number];
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (auto stream =
          argument ? dyn_cast<ein::StreamOp>(argument.getOwner()->getParentOp()) : nullptr)
    tensor = stream.getInputs()[argument.getArgNumber()];
  AffineMap map = op.getMap(number);
  bool isPlain = llvm::all_of(map.getResults(), [&](AffineExpr index) {
    return isa<AffineDimExpr, AffineConstantExpr>(index);
  });
  if (!isa<BlockArgument>(tensor) || !isPlain || ein::fillOf(op, number) ||
      !ein::readsInside(op, number) || !cast<StringAttr>(op.getCoords()[number]).getValue().empty())
    return std::nullopt;
  return RowRead{tensor, AffineMap::get(rank + 1, 0, map.getResults(), op.getContext())};
}

/// What a thread reads of the arguments for each of its elements: the bits of each.
static SmallVector<int64_t> bitsOfElement(ArrayRef<ein::EinsumOp> alongRow, unsigned rank) {
  llvm::SmallDenseSet<RowRead> reads;
  SmallVector<int64_t> bits;
  for (ein::EinsumOp op : alongRow)
    for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
      std::optional<RowRead> read = rowRead(op, i, rank);
      bool isNew = !read || reads.insert(*read).second;
      if (!isNew || !op.getMap(i).isFunctionOfDim(rank) || !isa<BlockArgument>(op.getInputs()[i]))
        continue;
      Type element = cast<ein::TensorType>(op.getInputs()[i].getType()).getElementType();
      bits.push_back(element.getIntOrFloatBitWidth());
    }
  return bits;
}

/// What an element of the row costs, in additions. Near functions are instructions.
static int64_t costOfElement(ArrayRef<ein::EinsumOp> alongRow) {
  int64_t cost = 0;
  for (ein::EinsumOp op : alongRow)
    for (Operation &inner : op.getBody().front()) {
      auto math = dyn_cast<arith::ArithFastMathInterface>(inner);
      arith::FastMathFlagsAttr flags = math ? math.getFastMathFlagsAttr() : nullptr;
      bool isNear = flags && bitEnumContainsAny(flags.getValue(), arith::FastMathFlags::afn);
      cost += isNear ? 2 : ein::costOf(inner);
    }
  return cost;
}

std::optional<HeldRow> planHeldRow(ein::KernelOp kernel, const BlockPlan &plan,
                                   const TileTarget &team) {
  HeldRow row;
  SmallVector<ein::EinsumOp> alongRow, all;
  kernel.getBody().walk([&](ein::EinsumOp op) {
    all.push_back(op);
    if (!op.getMonoids().empty() && !isCount(op)) {
      row.rank = op.getNumFree();
      row.extent = op.getRankExtent(row.rank);
    }
  });
  for (ein::EinsumOp op : all) {
    if (!readsInPlace(op))
      return std::nullopt;
    if (op.getNumRanks() > row.rank) {
      if (op.getRankExtent(row.rank) != row.extent ||
          llvm::is_contained(plan.grid, op.getRankName(row.rank)))
        return std::nullopt;
      alongRow.push_back(op);
    }
    // One row a block.
    for (unsigned rank = 0; rank < std::min<unsigned>(row.rank, op.getNumFree()); ++rank)
      if (plan.ranks.find(op.getRankName(rank))->second.part != 1 ||
          !llvm::is_contained(plan.grid, op.getRankName(rank)))
        return std::nullopt;
  }
  for (Value result : kernel.getBody().front().getTerminator()->getOperands())
    row.isWritten |= cast<ein::TensorType>(result.getType()).getRank() > (int64_t)row.rank;
  WalkResult streams = kernel.getBody().walk([&](ein::StreamOp stream) {
    bool fits = stream.getExtent() == row.extent && stream->getParentOp() == kernel;
    return fits ? WalkResult::advance() : WalkResult::interrupt();
  });
  if (streams.wasInterrupted())
    return std::nullopt;
  SmallVector<int64_t> read = bitsOfElement(alongRow, row.rank);
  int64_t registers = 1; // of an element: what is read, and what is made of it
  int64_t stored = 0;    // its bits in memory, which registers hold two by two
  for (int64_t bits : read) {
    registers += llvm::divideCeil(bits, 32);
    stored += std::max<int64_t>(bits, 8);
  }
  int64_t cost = costOfElement(alongRow);
  for (int64_t lanes : kHeld) {
    int64_t own = lanes / team.warpLanes;
    bool isLight = !row.isWritten && own * stored / 8 <= kFewBytes;
    // What is only read has less to do for an element, and no second walk.
    int64_t most = isLight ? 2 * kHeldCost : kHeldCost;
    if ((isLight || own * registers <= kHeldRegisters) && own * cost <= most)
      row.tiles.push_back(lanes);
  }
  if (std::optional<int64_t> literal = row.extent.getLiteral())
    llvm::erase_if(row.tiles, [&](int64_t lanes) { return lanes < *literal; });
  if (row.tiles.empty())
    return std::nullopt;
  row.bytes = row.tiles.back() / team.warpLanes * stored / 8;
  return row;
}

TileTarget teamFor(ein::KernelOp kernel, const std::vector<Stage> &stages,
                   const TileTarget &target) {
  TileTarget whole = target.asTeam(target.warps), half = target.asTeam(target.warps / 2);
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  FailureOr<BlockPlan> plan = planBlock(kernel, stages, half);
  std::optional<HeldRow> row;
  if (succeeded(plan))
    row = planHeldRow(kernel, *plan, half);
  bool holdsLongest = row && row->tiles.back() == *std::prev(std::end(kHeld));
  return holdsLongest && !row->isWritten && row->bytes <= kFewBytes ? half : whole;
}

} // namespace einfall
