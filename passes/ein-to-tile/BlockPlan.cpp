//===- BlockPlan.cpp - How a staged kernel's ranks are cut ----------------===//
#include "passes/ein-to-tile/BlockPlan.h"
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinNumerics.h"
#include "passes/ein-to-tile/Matrices.h"
#include "passes/ein-to-tile/Packing.h"
#include "passes/ein-to-tile/Schedule.h"
#include "passes/ein/BlockCosts.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace einfall {
namespace {

/// Stands for an extent that nothing bounds: more than fits.
constexpr int64_t kUnbounded = 1 << 20;
/// Bytes that a block of a CPU may keep even where its cache is smaller.
constexpr int64_t kAlwaysKept = 512 * 1024;
/// Of rows and of columns, where matrix instructions multiply.
constexpr int64_t kMatrixPart = 64;

template <typename Visit> void forEachEinsum(const std::vector<Stage> &stages, Visit visit) {
  for (const Stage &stage : stages) {
    forEachEinsum(stage.body, visit);
    if (!stage.root)
      continue;
    visit(stage.root);
    for (ein::EinsumOp op : stage.epilogue)
      visit(op);
  }
}

/// Parts of a rank together are walked once.
double pointsOf(ein::EinsumOp op, const BlockPlan &plan) {
  double points = 1;
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
    if (!plan.ranks.find(op.getRankName(rank))->second.isOfParts)
      points *= ein::typicalExtent(op.getRankExtent(rank));
  return points;
}

/// Ranks along which one operand of a product is reused while the other moves on.
/// 0: of any number of coordinates; else of so many from a multiple of that number on
/// (`k[h floordiv 4]` is one row for four heads).
using Reuse = llvm::StringMap<int64_t>;

void addReusedRanks(ein::EinsumOp op, Reuse &reused) {
  if (op.getMonoids().empty())
    return;
  for (int64_t rank = 0; rank < op.getNumFree(); ++rank) {
    bool some = false, all = true;
    int64_t most = -1;
    for (unsigned i = 0; i < op.getInputs().size(); ++i) {
      AffineMap map = op.getMap(i);
      bool isReduced = false;
      for (int64_t r = op.getNumFree(); r < op.getNumRanks(); ++r)
        isReduced |= map.isFunctionOfDim(r);
      int64_t run = standsStill(op, i, rank);
      some |= run == 1;
      all &= run == 1 || !isReduced;
      if (run != 1 && isReduced)
        most = most < 0 ? run : std::gcd(most, run);
    }
    if (!some || all || most == 1)
      continue;
    auto [it, isNew] = reused.try_emplace(op.getRankName(rank), most);
    if (!isNew)
      it->second = std::gcd(it->second, most);
  }
}

} // namespace

SmallVector<std::pair<StringRef, BlockPlan::Rank>> BlockPlan::inOrder() const {
  SmallVector<std::pair<StringRef, Rank>> list;
  for (const auto &entry : ranks)
    list.push_back({entry.getKey(), entry.getValue()});
  llvm::sort(list, [](const auto &a, const auto &b) { return a.second.number < b.second.number; });
  return list;
}

SmallVector<StringRef> BlockPlan::labelsOf(Value tensor) const {
  SmallVector<StringRef> labels;
  auto op = cast<ein::EinsumOp>(tensor.getDefiningOp());
  for (int64_t rank = 0; rank < op.getNumFree(); ++rank)
    labels.push_back(op.getRankName(rank));
  return labels;
}

static int64_t partOf(const BlockPlan::Rank &rank) {
  std::optional<int64_t> literal = rank.extent.getLiteral();
  return literal ? std::min(*literal, rank.part) : rank.part;
}

int64_t BlockPlan::pointsOf(StringRef label) const {
  const Rank &rank = ranks.find(label)->second;
  bool isCut = rank.isStreamed || llvm::is_contained(grid, label);
  return isCut ? partOf(rank) : ein::typicalExtent(rank.extent);
}

/// True if `op` stands outside of the stream that walks the rank: it has all of it.
static bool isWhole(const BlockPlan::Rank &rank, Operation *op, StringRef label) {
  if (!rank.isStreamed)
    return false;
  for (auto stream = op->getParentOfType<ein::StreamOp>(); stream;
       stream = stream->getParentOfType<ein::StreamOp>())
    if (stream.getRank() == label)
      return false;
  return true;
}

int64_t BlockPlan::partFor(Operation *op, StringRef label) const {
  const Rank &rank = ranks.find(label)->second;
  if (isWhole(rank, op, label))
    return rank.extent.getLiteral().value_or(kUnbounded);
  // Strips are cut where blocks are.
  if (isInStrips(op, label) && rank.part % strip == 0)
    return std::min(partOf(rank), strip);
  return partOf(rank);
}

bool BlockPlan::isInStrips(Operation *op, StringRef label) const {
  return strip && label == strips && op->getParentOfType<ein::StreamOp>();
}

int64_t BlockPlan::sizeOf(Value tensor) const {
  int64_t size = 1;
  for (StringRef label : labelsOf(tensor))
    size *= std::max<int64_t>(1, partFor(tensor.getDefiningOp(), label));
  return size;
}

LocalLayout BlockPlan::layoutOf(Value tensor, unsigned firstSymbol, MLIRContext *context) const {
  LocalLayout layout;
  int64_t stride = sizeOf(tensor);
  for (StringRef label : labelsOf(tensor)) {
    const Rank &rank = ranks.find(label)->second;
    Operation *op = tensor.getDefiningOp();
    stride /= std::max<int64_t>(1, partFor(op, label));
    unsigned number = isInStrips(op, label) ? ranks.size() : rank.number;
    layout.begin.push_back(isWhole(rank, op, label)
                               ? getAffineConstantExpr(0, context)
                               : getAffineSymbolExpr(firstSymbol + number, context));
    layout.strides.push_back(stride);
  }
  return layout;
}

/// As ein-form-kernels decided (KernelShape): of what is read near the reader's own
/// coordinates, a block has its part and some more; of what else is read at other
/// coordinates, all.
static void findHaloes(const std::vector<Stage> &stages, BlockPlan &plan) {
  struct Reads {
    StringRef along;
    int64_t least, most;
    bool isNear;
  };
  llvm::MapVector<StringRef, Reads> reads;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      auto maker = input.getDefiningOp<ein::EinsumOp>();
      if (!maker)
        continue;
      for (auto [dim, index] : llvm::enumerate(op.getMap(i).getResults())) {
        auto at = ein::shiftedLabel(index);
        StringRef label = maker.getRankName(dim);
        StringRef along = at ? op.getRankName(at->label) : StringRef();
        if (at && !at->shift && along == label)
          continue;
        bool isNear = at && !op.isReduced(at->label);
        int64_t shift = at ? at->shift : 0;
        auto [it, isNew] = reads.try_emplace(label, Reads{along, shift, shift, isNear});
        Reads &all = it->second;
        all.isNear &= isNear && all.along == along;
        all.least = std::min(all.least, shift);
        all.most = std::max(all.most, shift);
      }
    }
  });
  for (auto &[label, all] : reads) {
    BlockPlan::Rank &rank = plan.ranks.find(label)->second;
    int64_t span = all.most - all.least;
    auto along = plan.ranks.find(all.along);
    if (!all.isNear || rank.isReduced || rank.isStreamed || !ein::isHalo(rank.extent, span) ||
        along->second.isReduced || along->second.isStreamed || reads.contains(all.along)) {
      rank.isReduced = true;
      continue;
    }
    rank.follows = all.along;
    rank.first = all.least;
    rank.span = span;
  }
}

/// What follows a rank has as much of its own, and the span.
static void growHaloes(BlockPlan &plan) {
  for (auto &entry : plan.ranks)
    if (BlockPlan::Rank &rank = entry.getValue(); !rank.follows.empty())
      rank.part = partOf(plan.ranks.find(rank.follows)->second) + rank.span;
}

static void collectRanks(const std::vector<Stage> &stages, BlockPlan &plan) {
  auto add = [&](StringRef label, ein::ExtentAttr extent) -> BlockPlan::Rank & {
    auto [it, isNew] = plan.ranks.try_emplace(label);
    if (isNew) {
      it->second.extent = extent;
      it->second.number = plan.ranks.size() - 1;
    }
    return it->second;
  };
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
      add(op.getRankName(rank), op.getRankExtent(rank)).isReduced |= op.isReduced(rank);
  });
  for (const Stage &stage : stages)
    if (ein::StreamOp stream = stage.stream) {
      add(stream.getRank(), stream.getExtent()).isStreamed = true;
      if (std::optional<StringRef> part = stream.getPartRank()) {
        plan.ranks.find(*part)->second.isOfParts = true;
        SmallVector<StringAttr> table;
        plan.ranks.find(stream.getRank())->second.divides =
            stream.getPartLength()->over(table).getLargestKnownDivisor();
      }
      // A block has all of a list of best ones.
      for (const Stage &inner : stage.body)
        if (ein::TopKOp topk = inner.order)
          plan.ranks.find(topk.getRankName(topk.getDim()))->second.isReduced = true;
    }
  findHaloes(stages, plan);
}

/// True if somebody reads `op`'s result from the block's own memory.
static bool isLocal(ein::EinsumOp op) {
  return llvm::any_of(op.getResult().getUsers(), [](Operation *user) {
    return !isa<ein::UpdateOp>(user) &&
           !(isa<ein::YieldOp>(user) && isa<ein::KernelOp>(user->getParentOp()));
  });
}

/// True if what `op` makes is read beyond its own stage.
static bool isReadBeyond(const std::vector<Stage> &stages, ein::EinsumOp op) {
  return llvm::any_of(stages, [&](const Stage &stage) {
    if (!stage.computes(op.getResult()))
      return isReadBeyond(stage.body, op);
    return llvm::any_of(op.getResult().getUsers(),
                        [&](Operation *user) { return !llvm::is_contained(stage.epilogue, user); });
  });
}

/// The rank of `op` along which a block moves where it moves along `label`: that
/// rank, or one that follows it; -1 without one.
static int64_t rankAlong(const BlockPlan &plan, ein::EinsumOp op, StringRef label) {
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
    if (StringRef own = op.getRankName(rank);
        own == label || plan.ranks.find(own)->second.follows == label)
      return rank;
  return -1;
}

/// True if `op` makes a tensor of the block's own, as far as the plan of a block looks at
/// it: that of a team knows what only its own stage reads.
static bool isOwn(const std::vector<Stage> &stages, ein::EinsumOp op, bool team) {
  return isLocal(op) && (!team || isReadBeyond(stages, op));
}

static bool isKept(const std::vector<Stage> &stages, const BlockPlan &plan, StringRef label,
                   bool team) {
  bool kept = false;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    int64_t rank = rankAlong(plan, op, label);
    kept |= rank >= 0 && !op.isReduced(rank) && isOwn(stages, op, team);
  });
  return kept;
}

/// True if memory is contiguous along the rank where a reduction reads what it reduces.
static bool isContiguous(const std::vector<Stage> &stages, StringRef label) {
  bool found = false;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    int64_t rank = op.findRank(label);
    for (unsigned i = 0; rank >= 0 && !op.getMonoids().empty() && i < op.getInputs().size(); ++i) {
      AffineMap map = op.getMap(i);
      bool isReduced = false;
      for (int64_t r = op.getNumFree(); r < op.getNumRanks(); ++r)
        isReduced |= map.isFunctionOfDim(r);
      found |= isReduced && map.getResult(map.getNumResults() - 1).isFunctionOfDim(rank);
    }
  });
  return found;
}

/// True if results are contiguous in memory along the rank.
static bool isInnermost(const std::vector<Stage> &stages, StringRef label) {
  bool found = false;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    found |= op.getNumFree() && op.getRankName(op.getNumFree() - 1) == label;
  });
  return found;
}

/// True if chunks of the rank may be skipped: smaller ones are skipped more.
static bool isGuarded(const std::vector<Stage> &stages, StringRef label) {
  return llvm::any_of(stages, [&](const Stage &stage) {
    ein::StreamOp stream = stage.stream;
    return stream && stream.getRank() == label &&
           !stream.getBody().front().getOps<ein::GuardOp>().empty();
  });
}

/// A rank is part of the grid if nothing reduces it and no reduction that lacks
/// it would cost much to repeat in each of its blocks.
static void chooseGrid(const std::vector<Stage> &stages, BlockPlan &plan, bool team) {
  double heaviest = 1;
  forEachEinsum(stages,
                [&](ein::EinsumOp op) { heaviest = std::max(heaviest, pointsOf(op, plan)); });
  for (auto &[label, rank] : plan.inOrder()) {
    if (rank.isReduced || rank.isStreamed || !rank.follows.empty())
      continue;
    bool fits = true;
    if (rank.isOfParts) {
      plan.grid.push_back(label);
      continue;
    }
    forEachEinsum(stages, [&, name = label, &rank = rank](ein::EinsumOp op) {
      if (!op.getMonoids().empty() && rankAlong(plan, op, name) < 0)
        fits &= ein::isLightToRepeat(pointsOf(op, plan), heaviest, rank.extent);
    });
    // Without a bound, a block cannot keep all of it; it may sweep over it.
    if (fits || (!rank.extent.getLiteral() && isKept(stages, plan, label, team)))
      plan.grid.push_back(label);
  }
}

static int64_t bytesOf(ein::EinsumOp op, const BlockPlan &plan) {
  unsigned bits = op.getResult().getType().getElementType().getIntOrFloatBitWidth();
  return plan.sizeOf(op.getResult()) * std::max(1u, bits / 8);
}

static int64_t bytesOf(const std::vector<Stage> &stages, const BlockPlan &plan, bool team) {
  int64_t bytes = 0;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    if (isOwn(stages, op, team))
      bytes += bytesOf(op, plan);
  });
  return bytes;
}

/// The product of the extents that a block has all of beside rank `label`: of free
/// ranks of a contraction along which the same operands move.
static int64_t wholeBeside(const std::vector<Stage> &stages, const BlockPlan &plan,
                           StringRef label) {
  int64_t most = 1;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    int64_t rank = op.findRank(label);
    if (op.getMonoids().empty() || rank < 0 || op.isReduced(rank))
      return;
    int64_t whole = 1;
    for (int64_t other = 0; other < op.getNumFree(); ++other) {
      bool together = llvm::all_of(llvm::seq<unsigned>(0, op.getInputs().size()), [&](unsigned i) {
        return ein::movesAlong(op, i, rank) == ein::movesAlong(op, i, other);
      });
      if (other != rank && together && !llvm::is_contained(plan.grid, op.getRankName(other)))
        whole *= op.getRankExtent(other).getLiteral().value_or(1);
    }
    most = std::max(most, whole);
  });
  return most;
}

/// True if all that some contraction reads moves along both ranks or along neither:
/// together they are its rows, or its columns.
static bool moveTogether(const std::vector<Stage> &stages, StringRef a, StringRef b) {
  bool found = false;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    int64_t first = op.findRank(a), second = op.findRank(b);
    if (op.getInputs().size() < 2 || op.getMonoids().empty() || first < 0 || second < 0)
      return;
    found |= llvm::all_of(llvm::seq<unsigned>(0, op.getInputs().size()), [&](unsigned i) {
      return ein::movesAlong(op, i, first) == ein::movesAlong(op, i, second);
    });
  });
  return found;
}

/// True if the same factors of some product move along both ranks.
static bool areSideBySide(const std::vector<Stage> &stages, StringRef a, StringRef b) {
  bool found = false;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    int first = op.findRank(a), second = op.findRank(b);
    std::optional<Factors> factors = first < 0 || second < 0 ? std::nullopt : factorsOf(op);
    if (factors)
      found |= llvm::all_of(ArrayRef{factors->lhs, factors->rhs}, [&](Value factor) {
        return dependsOn(op, factor, first) == dependsOn(op, factor, second);
      });
  });
  return found;
}

/// Rows of a block that are not reused: a few, of which the first-level cache holds all that
/// the stages pass on and what they read again. `label` is their rank, with a part of 1.
static int64_t rowsInCache(const std::vector<Stage> &stages, const BlockPlan &plan, StringRef label,
                           int64_t cacheBytes) {
  constexpr int64_t most = 4;
  llvm::MapVector<Value, int64_t> bytes; // of a row
  auto add = [&](Value tensor, ArrayRef<std::pair<StringRef, ein::ExtentAttr>> ranks) {
    int64_t size = std::max(
        1u, cast<ein::TensorType>(tensor.getType()).getElementType().getIntOrFloatBitWidth() / 8);
    for (auto [name, extent] : ranks)
      if (name != label)
        size *= std::min(extent.getLiteral().value_or(cacheBytes), cacheBytes);
    bytes[tensor] = std::max(bytes[tensor], std::min(size, cacheBytes));
  };
  bool isKnown = true;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    SmallVector<std::pair<StringRef, ein::ExtentAttr>> ranks;
    for (int64_t rank = 0; rank < op.getNumFree(); ++rank)
      ranks.push_back({op.getRankName(rank), op.getRankExtent(rank)});
    if (isLocal(op) && op.findRank(label) >= 0)
      add(op.getResult(), ranks);
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      int64_t row = op.findRank(label);
      if (!isa<BlockArgument>(input) || row < 0 || !op.getMap(i).isFunctionOfDim(row))
        continue;
      ranks.clear();
      for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
        if (op.getMap(i).isFunctionOfDim(rank)) {
          ranks.push_back({op.getRankName(rank), op.getRankExtent(rank)});
          isKnown &= rank == row || llvm::is_contained(plan.grid, op.getRankName(rank)) ||
                     op.getRankExtent(rank).getLiteral();
        }
      add(input, ranks);
    }
  });
  int64_t row = 1;
  for (auto &[tensor, size] : bytes)
    row += size;
  return isKnown ? std::clamp<int64_t>(cacheBytes / row, 1, most) : most;
}

/// What a block packs along columns serves all of its rows: it has more of them where
/// little else is kept of each, and nothing is walked in chunks that may be skipped.
static void growRows(const std::vector<Stage> &stages, BlockPlan &plan, ArrayRef<StringRef> cut,
                     bool contracts, const TileTarget &target) {
  constexpr int64_t mostRows = 256;
  bool walks =
      llvm::any_of(plan.ranks, [](const auto &entry) { return entry.getValue().isStreamed; });
  if (!contracts || !target.packs || target.warps || walks || cut.size() < 2)
    return;
  BlockPlan::Rank &rows = plan.ranks.find(cut.back())->second;
  while (rows.part >= ein::kBlockPart && rows.part < mostRows) {
    rows.part *= 2;
    if (bytesOf(stages, plan, target.team) <= target.localBytes / 4)
      continue;
    rows.part /= 2;
    return;
  }
}

/// True if the machine may multiply the factors of `op` by tiles.
static bool mayUseTiles(ein::EinsumOp op, const TileTarget &target) {
  std::optional<Dot> dot = findDot(op, target);
  if (!dot || op.getNumRanks() == op.getNumFree() ||
      (isa<FloatType>(op.getYielded().getType()) && ein::isStrict(op)))
    return false;
  return dot->element.isBF16() ? target.tilesBf16 : target.tilesI8;
}

/// The Einsum that makes what `tensor` is, from chunk to chunk where a stream carries it.
static ein::EinsumOp makerOf(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  auto stream = argument ? dyn_cast<ein::StreamOp>(argument.getOwner()->getParentOp()) : nullptr;
  if (stream && argument.getArgNumber() < stream.getNumResults())
    tensor = argument.getOwner()->getTerminator()->getOperand(argument.getArgNumber());
  else if (stream)
    return makerOf(stream.getInputs()[argument.getArgNumber()]);
  return tensor.getDefiningOp<ein::EinsumOp>();
}

/// True if `op` has the rank as one of its own, and reads what other ops of the kernel make at the
/// same coordinate of it, or lacks it and reads nothing that has it.
static bool keepsTo(ein::EinsumOp op, StringRef label) {
  int64_t own = op.findRank(label);
  if (own >= (int64_t)op.getNumFree())
    return false;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    ein::EinsumOp maker = makerOf(input);
    int64_t made = maker ? maker.findRank(label) : -1;
    if (made < 0 || made >= (int64_t)maker.getNumFree())
      continue;
    auto at = dyn_cast<AffineDimExpr>(op.getMap(i).getResult(made));
    if (!at || (int64_t)at.getPosition() != own)
      return false;
  }
  return true;
}

/// Where a stream multiplies by tiles, which take their factors from memory, blocks have as many
/// rows as pay for packing the factors that lack them, and a chunk's stages run strip by strip.
static void planStrips(const std::vector<Stage> &stages, BlockPlan &plan, ArrayRef<StringRef> cut,
                       const TileTarget &target) {
  constexpr int64_t mostRows = 512, fewestBlocks = 32;
  constexpr int64_t pointsOfStrip = 8192; // 32 KiB of f32
  if (!target.packs || target.warps || cut.size() != 1)
    return;
  StringRef label = cut.front();
  bool found = false;
  for (const Stage &stage : stages) {
    ein::StreamOp stream = stage.stream;
    if (!stream)
      continue;
    Block &body = stream.getBody().front();
    auto isCarriedInStrips = [&](Value tensor) {
      auto maker = tensor.getDefiningOp<ein::EinsumOp>();
      return maker && maker.findRank(label) >= 0;
    };
    if (stream.getPartRank() ||
        !llvm::all_of(body.getTerminator()->getOperands(), isCarriedInStrips) ||
        !llvm::all_of(body.getOps<ein::EinsumOp>(),
                      [&](ein::EinsumOp op) { return keepsTo(op, label); }))
      return;
    for (const Stage &inner : stage.body) {
      ein::EinsumOp root = inner.root;
      if (!root || inner.update)
        return;
      found |= root.findRank(label) >= 0 && mayUseTiles(root, target);
    }
  }
  BlockPlan::Rank &rows = plan.ranks.find(label)->second;
  if (!found || rows.part < ein::kBlockPart)
    return;
  for (auto &entry : plan.ranks)
    if (entry.getValue().follows == label)
      return;
  plan.strips = label;
  // Tiles add up as much as they can before sums are stored, unless chunks may be skipped.
  int64_t longest = 0;
  for (auto &entry : plan.ranks) {
    BlockPlan::Rank &rank = entry.getValue();
    if (!rank.isStreamed)
      continue;
    rank.part = isGuarded(stages, entry.getKey()) ? 128 : 256;
    while (rank.divides % rank.part)
      rank.part /= 2;
    longest = std::max(longest, rank.part);
  }
  plan.strip = std::max(kTileRows, pointsOfStrip / longest);
  double points = 1;
  for (StringRef other : plan.grid)
    points *= std::ceil(ein::typicalExtent(plan.ranks.find(other)->second.extent) /
                        (other == label ? 1.0 : plan.ranks.find(other)->second.part));
  while (rows.part < mostRows && points / (2 * rows.part) >= fewestBlocks) {
    rows.part *= 2;
    // What is stored in place of something else is counted again.
    if (bytesOf(stages, plan, target.team) <= target.localBytes)
      continue;
    rows.part /= 2;
    return;
  }
}

static bool isCut(const BlockPlan &plan, StringRef label) {
  const BlockPlan::Rank &rank = plan.ranks.find(label)->second;
  return rank.isStreamed || (llvm::is_contained(plan.grid, label) && !rank.isOfParts);
}

/// Takes the parts that the user or a tuner wrote on the kernel.
static LogicalResult readParts(ein::KernelOp kernel, const TileTarget &target, BlockPlan &plan) {
  auto given = kernel->getAttrOfType<tile::ScheduleAttr>(tile::kSchedule);
  if (!given)
    return success();
  auto refuse = [&]() { return kernel.emitOpError("cannot follow its schedule: "); };
  if (target.warps)
    return refuse() << "on a GPU a kernel of several stages takes none";
  for (NamedAttribute entry : given.getRanks()) {
    StringRef label = entry.getName();
    auto numbers = dyn_cast<DenseI64ArrayAttr>(entry.getValue());
    if (!plan.ranks.contains(label))
      return refuse() << "it has no rank '" << label << "'";
    if (!isCut(plan, label))
      return refuse() << "its blocks have all of rank '" << label << "'";
    if (!numbers || numbers.size() != 1 || numbers[0] < 1 || numbers[0] > 65536)
      return refuse() << "rank '" << label << "' expects array<i64: part>, but got "
                      << entry.getValue();
    BlockPlan::Rank &rank = plan.ranks.find(label)->second;
    if (rank.divides % numbers[0])
      return refuse() << "chunks of rank '" << label << "' have to divide " << rank.divides;
    rank.part = numbers[0];
  }
  return success();
}

tile::ScheduleAttr BlockPlan::toAttr(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<NamedAttribute> parts;
  for (auto &[label, rank] : inOrder())
    if (isCut(*this, label))
      parts.push_back(builder.getNamedAttr(label, builder.getDenseI64ArrayAttr({rank.part})));
  return tile::ScheduleAttr::get(context, builder.getDictionaryAttr(parts), {}, {}, 1, {}, {}, 1,
                                 {}, 0, {}, {}, 0);
}

/// Says that the block's own tensors do not fit, and what of them is largest.
static LogicalResult refuseToKeep(ein::KernelOp kernel, const std::vector<Stage> &stages,
                                  const BlockPlan &plan, const TileTarget &target) {
  ein::EinsumOp largest;
  forEachEinsum(stages, [&](ein::EinsumOp op) {
    if (isOwn(stages, op, target.team) && (!largest || bytesOf(op, plan) > bytesOf(largest, plan)))
      largest = op;
  });
  InFlightDiagnostic error =
      kernel.emitOpError("keeps tensors of ")
      << bytesOf(stages, plan, target.team) << " bytes for a block, more than the "
      << target.localBytes
      << (target.warps ? " that blocks share of a GPU's core" : " that a core's cache holds");
  std::string whole;
  for (StringRef label : plan.labelsOf(largest.getResult())) {
    const BlockPlan::Rank &rank = plan.ranks.find(label)->second;
    if (!rank.extent.getLiteral() && plan.partFor(largest, label) >= kUnbounded) {
      error << ": rank '" << label << "' has no bound that is known";
      whole.clear();
      break;
    }
    if (int64_t part = plan.partFor(largest, label); part > 1)
      whole += (whole.empty() ? "" : " by ") + std::to_string(part) + " of '" + label.str() + "'";
  }
  if (!whole.empty())
    error << ": one has " << whole << ", which no smaller part serves";
  error.attachNote(largest.getLoc()) << "this takes " << bytesOf(largest, plan) << " of them";
  return failure();
}

FailureOr<BlockPlan> planBlock(ein::KernelOp kernel, const std::vector<Stage> &stages,
                               const TileTarget &target) {
  BlockPlan plan;
  collectRanks(stages, plan);
  chooseGrid(stages, plan, target.team);
  Reuse reused;
  forEachEinsum(stages, [&](ein::EinsumOp op) { addReusedRanks(op, reused); });
  // Groups are rows of a block where there are no others; on a GPU a warp has one anyway.
  auto runOf = [&](StringRef label) { return reused.lookup(label); };
  if (target.warps)
    for (auto &entry : llvm::make_early_inc_range(reused))
      if (entry.second != 0)
        reused.erase(entry.getKey());
  // A team has one row, which nothing else reuses.
  bool contracts = !reused.empty() && !target.team, asMatrices = false;
  if (target.matrixBytes)
    forEachEinsum(stages, [&](ein::EinsumOp op) { asMatrices |= multipliesMatrices(op); });
  for (auto &entry : plan.ranks) {
    BlockPlan::Rank &rank = entry.getValue();
    if (rank.isStreamed) {
      rank.part = !contracts                          ? target.team ? 16384 : 1024
                  : isGuarded(stages, entry.getKey()) ? 64
                                                      : 128;
      while (rank.divides % rank.part) // chunks end where the part does
        rank.part /= 2;
    } else if (!llvm::is_contained(plan.grid, entry.getKey()))
      rank.part = rank.extent.getLiteral().value_or(kUnbounded);
  }
  // Parts along which registers reuse what they hold; without any, a few rows.
  // What a block has all of along the same operands counts.
  SmallVector<StringRef> cut;
  for (StringRef label : llvm::reverse(plan.grid)) {
    BlockPlan::Rank &rank = plan.ranks.find(label)->second;
    bool wanted =
        contracts ? reused.contains(label) && cut.size() < (runOf(label) ? 1 : 2) : cut.empty();
    // A matrix has one rank of rows and one of columns.
    if (asMatrices)
      wanted &=
          llvm::none_of(cut, [&](StringRef other) { return areSideBySide(stages, label, other); });
    if (rank.extent.getLiteral() == 1 || rank.isOfParts || !wanted)
      continue;
    // Ranks of one side share its part: the other side gets one too. A GPU has warps for more.
    auto *beside =
        llvm::find_if(cut, [&](StringRef other) { return moveTogether(stages, label, other); });
    if (contracts && !target.warps && beside != cut.end()) {
      int64_t has = partOf(plan.ranks.find(*beside)->second);
      rank.part = std::max<int64_t>(1, ein::kBlockPart / has);
      continue;
    }
    cut.push_back(label);
    // Small parts are many blocks, which hide what memory takes on a GPU; on a CPU,
    // rows side by side are lanes.
    bool whole = contracts || (isContiguous(stages, label) && !target.warps);
    int64_t rows = target.team    ? 1
                   : target.warps ? target.warps
                                  : rowsInCache(stages, plan, label, target.firstCacheBytes);
    rank.part = whole ? asMatrices ? kMatrixPart : ein::kBlockPart : rows;
    if (contracts)
      rank.part = std::max<int64_t>(1, rank.part / wholeBeside(stages, plan, label));
    if (int64_t run = contracts ? runOf(label) : 0)
      rank.part = std::gcd(rank.part, run);
  }
  // Registers reuse nothing along one rank alone: it takes lanes where they run along it, or
  // else a tile of each warp, and blocks are many.
  if (contracts && !asMatrices && target.warps && cut.size() == 1) {
    BlockPlan::Rank &rank = plan.ranks.find(cut.front())->second;
    int64_t columns = isContiguous(stages, cut.front())
                          ? target.warpLanes
                          : target.warps * columnsAlone(rank.extent, target);
    rank.part = std::min<int64_t>(rank.part, columns);
  }
  growRows(stages, plan, cut, contracts, target);
  if (contracts)
    planStrips(stages, plan, cut, target);
  if (failed(readParts(kernel, target, plan)))
    return failure();
  // What is computed beyond a part is a small share of it.
  for (auto &entry : plan.ranks)
    if (const BlockPlan::Rank &halo = entry.getValue(); !halo.follows.empty()) {
      BlockPlan::Rank &rank = plan.ranks.find(halo.follows)->second;
      int64_t least = isInnermost(stages, halo.follows) ? 1024 : 16;
      rank.part = std::max(rank.part, std::max<int64_t>(least, 16 * halo.span));
    }
  // Smaller parts until the block's own tensors fit.
  auto isOfOwn = [&](StringRef label) {
    bool found = false;
    forEachEinsum(stages, [&](ein::EinsumOp op) {
      found |= isOwn(stages, op, target.team) && rankAlong(plan, op, label) >= 0;
    });
    return found;
  };
  while (growHaloes(plan), bytesOf(stages, plan, target.team) > target.localBytes) {
    BlockPlan::Rank *largest = nullptr;
    for (auto &entry : plan.ranks) {
      BlockPlan::Rank &rank = entry.getValue();
      bool cut = rank.isStreamed || llvm::is_contained(plan.grid, entry.getKey());
      if (cut && rank.part > 1 && (!largest || rank.part > largest->part) &&
          isOfOwn(entry.getKey()))
        largest = &rank;
    }
    if (largest) {
      do // chunks still end where the part of a rank does
        largest->part /= 2;
      while (largest->divides % largest->part);
      continue;
    }
    // What repeats work is the last resort.
    StringRef label;
    for (auto &[name, rank] : plan.inOrder())
      if (!rank.isReduced && !rank.isStreamed && rank.follows.empty() && rank.part > 64 &&
          !llvm::is_contained(plan.grid, name))
        label = name;
    // A program that one CPU runs another one must not refuse.
    if (label.empty() && !target.warps && bytesOf(stages, plan, target.team) <= kAlwaysKept)
      break;
    if (label.empty())
      return refuseToKeep(kernel, stages, plan, target);
    plan.grid.push_back(label);
    plan.ranks.find(label)->second.part = 64;
  }
  return plan;
}

} // namespace einfall
