//===- Fragments.cpp - Staged kernels in fragments ------------------------===//
#include "passes/ein-to-tile/Fragments.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinMonoids.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace mlir;

namespace einfall {
namespace {

/// Rows and depth of a matrix instruction. A warp has two such parts of rows where its
/// registers hold them: what it reads of the other factor serves both.
constexpr int64_t kRows = 16, kDepth = 16;
/// Of a stream, columns at a time. A warp alone computes for long what it asked for at once:
/// it takes less, and more of them share a core.
constexpr int64_t kChunk = 64, kChunkAlone = 32;
/// The same where products are fused: what a thread reads of the block's memory bounds them, so
/// that more rows count for more than longer chunks do. Shorter ones are for two blocks of a
/// multiprocessor, of which one multiplies while the other waits.
constexpr int64_t kChunkFused = 32, kShortChunkFused = 16;
/// Chunks in the block's memory. Few warps have to ask for more to keep memory busy.
constexpr int64_t kSlots = 2, kSlotsAlone = 3;
/// The most columns of a fragment.
constexpr int64_t kMostColumns = 256;
/// Of a thread's registers those that sums and a chunk's products may take, and those with
/// a factor that is the same in all chunks.
constexpr int64_t kMostHeld = 208, kMostWithFactor = 168;

/// Rows that blocks may have at most, if that is known.
std::optional<int64_t> rowsOf(const FragmentPlan &fragments, const BlockPlan &plan) {
  if (fragments.rows.empty())
    return 1;
  std::optional<int64_t> rows = plan.ranks.find(fragments.rows)->second.extent.getLiteral();
  if (!fragments.group)
    return rows;
  return std::min(rows.value_or(fragments.group), fragments.group);
}

class Planner {
public:
  Planner(ein::KernelOp kernel, BlockPlan &plan, const KernelSymbols &symbols,
          const TileTarget &target, int64_t fusedChunk)
      : kernel(kernel), plan(plan), symbols(symbols), target(target), fusedChunk(fusedChunk) {}

  std::optional<FragmentPlan> run(const std::vector<Stage> &stages) {
    if (!collect(stages, /*inStream=*/false) || !findRows())
      return std::nullopt;
    result.rowBlock = target.warps * kRows;
    result.slots = target.warps == 1 ? kSlotsAlone : kSlots;
    isFused = llvm::any_of(ops, [](ein::EinsumOp op) {
      std::optional<Factors> two = factorsOf(op);
      return two && two->lhs.getType().isF32() && two->rhs.getType().isF32();
    });
    // Most rows of a fragment would be of nothing.
    if (isFused && rowsOf(result, plan).value_or(kRows) < kRows)
      return std::nullopt;
    for (ein::EinsumOp op : ops)
      if (!add(op))
        return std::nullopt;
    int64_t chunk = 0;
    for (ein::EinsumOp op : ops) {
      findTotal(op);
      auto own = result.ops.find(op);
      if (own != result.ops.end() && own->second.isProduct && !own->second.total)
        chunk = std::max(chunk, heldBy(op, own->second.columns));
    }
    bool multiplies = llvm::any_of(result.ops, [](auto &own) { return own.second.isProduct; });
    if (!multiplies || carried + chunk > kMostHeld || bytes + leftBytes > target.matrixBytes)
      return std::nullopt;
    if (2 * (carried + chunk) <= kMostHeld && !isWide && isLong() &&
        bytes + 2 * leftBytes <= target.matrixBytes) {
      result.rowBlock *= 2;
      carried *= 2, chunk *= 2, leftHeld *= 2, leftBytes *= 2;
    }
    result.bytes = bytes + leftBytes;
    result.rereadsLeft = isFused || carried + chunk + leftHeld > kMostWithFactor;
    if (rowPart() < std::min(result.group, kRows / 2))
      return std::nullopt; // most rows of a fragment would be of nothing
    for (StringRef label : plan.grid)
      plan.ranks.find(label)->second.part = label == result.rows ? rowPart() : 1;
    for (auto &entry : plan.ranks)
      if (BlockPlan::Rank &rank = entry.getValue(); rank.isStreamed) {
        rank.part = chunkSize();
        if (rank.divides % rank.part)
          return std::nullopt;
      }
    return std::move(result);
  }

  /// True if one block's memory is more than half of what there is.
  bool isAloneFused() const { return isFused && 2 * (bytes + leftBytes) > target.matrixBytes; }

private:
  bool collect(const std::vector<Stage> &stages, bool inStream) {
    for (const Stage &stage : stages) {
      if (stage.order || stage.update)
        return false;
      if (ein::StreamOp stream = stage.stream) {
        Block &body = stream.getBody().front();
        for (unsigned i = 0, e = stream.getInputs().size(); i < e; ++i)
          outer[body.getArgument(i)] = stream.getInputs()[i];
        bool again = llvm::any_of(body.getOps<ein::GuardOp>(),
                                  [](ein::GuardOp guard) { return guard.getSeen().has_value(); });
        if (inStream || again || !collect(stage.body, /*inStream=*/true))
          return false;
        for (Value now : body.getTerminator()->getOperands()) {
          auto maker = now.getDefiningOp<ein::EinsumOp>();
          if (!maker)
            return false;
          carriers.push_back(maker);
        }
        continue;
      }
      ops.push_back(stage.root);
      llvm::append_range(ops, stage.epilogue);
    }
    return true;
  }

  /// The kernel's own op that makes `tensor`; null for its arguments.
  ein::EinsumOp makerOf(Value tensor) {
    for (auto it = outer.find(tensor); it != outer.end(); it = outer.find(tensor))
      tensor = it->second;
    if (auto stream = tensor.getDefiningOp<ein::StreamOp>())
      tensor = stream.getBody().front().getTerminator()->getOperand(
          cast<OpResult>(tensor).getResultNumber());
    return tensor.getDefiningOp<ein::EinsumOp>();
  }

  bool readsOwn(ein::EinsumOp op, Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return makerOf(op.getInputs()[argument.getArgNumber()]) != nullptr;
    return llvm::any_of(value.getDefiningOp()->getOperands(),
                        [&](Value operand) { return readsOwn(op, operand); });
  }

  /// Of all products, the rank of the most rows that one factor has and that are one group for
  /// the other one; none, if no product has more than one. False where products differ.
  bool findRows() {
    llvm::MapVector<StringRef, int64_t> groups;
    bool first = true, hasOneRow = true;
    for (ein::EinsumOp op : ops) {
      std::optional<Factors> two = factorsOf(op);
      if (!two)
        continue;
      llvm::MapVector<StringRef, int64_t> own;
      for (int64_t rank = 0; rank < op.getNumFree(); ++rank) {
        StringRef label = op.getRankName(rank);
        int64_t left = standsStill(op, two->lhs, rank), right = standsStill(op, two->rhs, rank);
        if (!llvm::is_contained(plan.grid, label) || (left == 1) == (right == 1) ||
            plan.ranks.find(label)->second.isOfParts)
          continue;
        own[label] = left == 1 ? right : left;
        hasOneRow &= own[label] == 1 || op.getRankExtent(rank).getLiteral() == 1;
      }
      if (first)
        groups = own;
      groups.remove_if([&](auto &entry) { return !own.contains(entry.first); });
      for (auto &[label, group] : groups)
        group = std::gcd(group, own.lookup(label));
      first = false;
    }
    int64_t most = 1;
    for (auto &[label, group] : groups) {
      int64_t rows = plan.ranks.find(label)->second.extent.getLiteral().value_or(INT64_MAX);
      rows = group ? std::min(rows, group) : rows;
      if (rows <= most)
        continue;
      most = rows;
      result.rows = label;
      result.group = group;
    }
    return hasOneRow || !result.rows.empty();
  }

  /// Rows that a block computes: a group, or what divides it.
  int64_t rowPart() const {
    return result.group && result.group <= result.rowBlock
               ? result.group
               : std::gcd(result.group, result.rowBlock);
  }

  /// Coordinates of a rank in a block, of a multiple of what instructions take; 0 if there
  /// are too many.
  int64_t blockOf(ein::EinsumOp op, int rank) {
    const BlockPlan::Rank &cut = plan.ranks.find(op.getRankName(rank))->second;
    if (cut.isStreamed)
      return op->getParentOfType<ein::StreamOp>() ? chunkSize() : 0;
    int64_t size = cut.extent.getLiteral().value_or(INT64_MAX);
    return size <= kMostColumns ? llvm::alignTo(size, kDepth) : 0;
  }

  /// True if one coordinate at a time would be all that a block has of the columns.
  bool isCutAlone(ein::EinsumOp op, unsigned rank) {
    std::optional<Factors> two = factorsOf(op);
    return two && dependsOn(op, two->lhs, rank) != dependsOn(op, two->rhs, rank) &&
           plan.ranks.find(op.getRankName(rank))->second.extent.getLiteral() != 1 &&
           !hasColumns(op, rank);
  }
  /// Columns beside those of the grid: what the grid cuts are rows of more products.
  bool hasColumns(ein::EinsumOp op, unsigned other) {
    for (int64_t rank = 0; rank < op.getNumFree(); ++rank)
      if (rank != other && !llvm::is_contained(plan.grid, op.getRankName(rank)))
        return true;
    return false;
  }

  int64_t chunkSize() const {
    return isFused ? fusedChunk : target.warps == 1 ? kChunkAlone : kChunk;
  }

  /// Registers of a thread that hold the values of 16 rows of a warp.
  int64_t heldBy(ein::EinsumOp op, int rank) {
    return rank < 0 ? 2 : blockOf(op, rank) * kRows / target.warpLanes;
  }

  /// True if there may be more rows than one block of two parts has.
  bool isLong() { return rowsOf(result, plan).value_or(INT64_MAX) > 2 * target.warps * kRows; }

  bool add(ein::EinsumOp op) {
    if (!op.use_empty() && llvm::all_of(op->getUsers(), llvm::IsaPred<ein::GuardOp>))
      return true;
    FragmentOp &own = result.ops[op];
    for (int64_t rank = 0; rank < op.getNumRanks(); ++rank) {
      StringRef label = op.getRankName(rank);
      if (label == result.rows) {
        if (op.isReduced(rank))
          return false;
        own.rows = rank;
        continue;
      }
      if (llvm::is_contained(plan.grid, label) && !op.isReduced(rank)) {
        if (isCutAlone(op, rank))
          return false;
        continue;
      }
      int &place = op.isReduced(rank) ? own.reduced : own.columns;
      if (place >= 0 || blockOf(op, rank) == 0)
        return false;
      place = rank;
    }
    if (!readsAtOwnPoint(op) || (own.reduced >= 0 && !addReduction(op, own)))
      return false;
    if (llvm::is_contained(carriers, op))
      carried += heldBy(op, own.columns);
    return true;
  }

  /// What is in registers is read where it lies.
  bool readsAtOwnPoint(ein::EinsumOp op) {
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      ein::EinsumOp maker = makerOf(input);
      if (!maker)
        continue;
      if (ein::fillOf(op, i) || !cast<StringAttr>(op.getCoords()[i]).getValue().empty())
        return false;
      for (auto [dim, index] : llvm::enumerate(op.getMap(i).getResults())) {
        auto rank = dyn_cast<AffineDimExpr>(index);
        if (!rank || op.getRankName(rank.getPosition()) != maker.getRankName(dim))
          return false;
      }
    }
    return true;
  }

  bool addReduction(ein::EinsumOp op, FragmentOp &own) {
    ein::Monoid monoid = op.getMonoid(own.reduced);
    if (own.columns < 0)
      return !ein::isArg(monoid);
    std::optional<Factors> two = factorsOf(op);
    bool hasOneRow = result.rows.empty();
    if (!two || (own.rows < 0 && !hasOneRow))
      return false;
    own.isProduct = true;
    own.rowsAreLeft = hasOneRow ? !dependsOn(op, two->lhs, own.columns)
                                : standsStill(op, two->lhs, own.rows) == 1;
    Value left = own.rowsAreLeft ? two->lhs : two->rhs;
    Value right = own.rowsAreLeft ? two->rhs : two->lhs;
    auto isEven = [&](unsigned rank) {
      for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
        if (!makerOf(op.getInputs()[i]) && !accessOf(op, i, symbols).stride(rank))
          return false;
      return true;
    };
    if (!dependsOn(op, left, own.reduced) ||
        (!hasOneRow && standsStill(op, right, own.rows) == 1) || dependsOn(op, left, own.columns) ||
        !dependsOn(op, right, own.columns) || !dependsOn(op, right, own.reduced) ||
        readsOwn(op, right) || !isEven(own.columns) || !isEven(own.reduced))
      return false;
    bool streamed = false;
    if (auto stream = op->getParentOfType<ein::StreamOp>())
      streamed =
          op.findRank(stream.getRank()) >= 0 && dependsOn(op, left, op.findRank(stream.getRank()));
    bool isWideLeft = left.getType().isF32(), isWideRight = right.getType().isF32();
    own.inRegisters = streamed || readsOwn(op, left) || (isWideLeft && !isWideRight) ||
                      (hasOneRow && !isCopied(op, left, own.reduced));
    if (isWideRight && !isWideLeft)
      return false;
    int64_t columns = blockOf(op, own.columns), depth = blockOf(op, own.reduced);
    int64_t width = isWideRight ? 4 : 2, pad = 16 / width;
    bytes += width * result.slots * (columns + pad) * (depth + pad);
    if (isWideRight) { // of a fragment, too: threads need more of its rows than they have
      leftBytes += width * result.rowBlock * (depth + pad);
    } else if (own.inRegisters) {
      own.terms = left.getType().isF32() ? termsOf(op, left) : 1;
      isWide |= own.terms > 1;
    } else {
      leftBytes += 2 * result.rowBlock * (depth + 8);
      leftHeld += heldBy(op, own.reduced) / 2;
    }
    return true;
  }

  /// True if what instructions take of a row lies as they take it.
  bool isCopied(ein::EinsumOp op, Value factor, unsigned depth) {
    auto argument = dyn_cast<BlockArgument>(factor);
    if (!argument)
      return false;
    Access read = accessOf(op, argument.getArgNumber(), symbols);
    return read.isUnitStride(depth) && !read.fill;
  }

  /// A product that is added to something is added up from there on: sums have no
  /// registers of their own then. Where outputs promise all bits of f32, it is not: a
  /// matrix instruction cuts off what is small beside the sum so far.
  void findTotal(ein::EinsumOp product) {
    auto own = result.ops.find(product);
    if (own == result.ops.end() || !own->second.isProduct || own->second.terms == 3 ||
        !product->hasOneUse())
      return;
    OpOperand &use = *product->getUses().begin();
    auto total = dyn_cast<ein::EinsumOp>(use.getOwner());
    auto it = result.ops.find(total);
    if (!total || it == result.ops.end() || total->getBlock() != product->getBlock() ||
        !total.getMonoids().empty() || it->second.product)
      return;
    for (unsigned i = 0, e = total.getInputs().size(); i < e; ++i)
      if (ein::fillOf(total, i) || !cast<StringAttr>(total.getCoords()[i]).getValue().empty())
        return;
    if (!addendOf(total, use.getOperandNumber()))
      return;
    own->second.total = total;
    it->second.product = product;
  }

  ein::KernelOp kernel;
  BlockPlan &plan;
  const KernelSymbols &symbols;
  const TileTarget &target;
  int64_t fusedChunk;
  FragmentPlan result;
  SmallVector<ein::EinsumOp> ops, carriers;
  DenseMap<Value, Value> outer;      // arguments of streams' bodies
  int64_t bytes = 0, leftBytes = 0;  // of the block's memory
  int64_t carried = 0, leftHeld = 0; // of a thread's registers
  bool isWide = false;               // a factor in registers is several terms
  bool isFused = false;              // some product is
};

} // namespace

Value addendOf(ein::EinsumOp total, unsigned input) {
  Value product = total.getBody().getArgument(input);
  auto sum = total.getYielded().getDefiningOp<arith::AddFOp>();
  if (!sum || !sum.getType().isF32() || !product.hasOneUse())
    return {};
  if (sum.getLhs() == product)
    return sum.getRhs();
  return sum.getRhs() == product ? sum.getLhs() : Value();
}

std::optional<FragmentPlan> planFragments(ein::KernelOp kernel, const std::vector<Stage> &stages,
                                          BlockPlan &plan, const KernelSymbols &symbols,
                                          const TileTarget &target) {
  if (target.matrixBytes == 0 || target.warps == 0 || target.team)
    return std::nullopt;
  Planner planner(kernel, plan, symbols, target, kChunkFused);
  std::optional<FragmentPlan> fragments = planner.run(stages);
  if (!fragments || !planner.isAloneFused())
    return fragments;
  Planner other(kernel, plan, symbols, target, kShortChunkFused);
  std::optional<FragmentPlan> beside = other.run(stages);
  if (beside && !other.isAloneFused())
    return beside;
  return Planner(kernel, plan, symbols, target, kChunkFused).run(stages); // cuts the plan again
}

int64_t warpsFor(const FragmentPlan &fragments, const BlockPlan &plan) {
  std::optional<int64_t> rows = rowsOf(fragments, plan);
  return rows ? llvm::divideCeil(*rows, kRows) : 0;
}

} // namespace einfall
