//===- Schedule.cpp - How one kernel is cut into tiles --------------------===//
#include "passes/ein-to-tile/Schedule.h"
#include "dialects/ein/EinNumerics.h"
#include "passes/ein-to-tile/Packing.h"
#include "passes/ein-to-tile/Picks.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {
namespace {

/// Extents that are known at run time only count as this.
constexpr int64_t kTypicalExtent = 64;
/// Bytes that an instruction of a GPU loads for a thread, and blocks of a product of one row
/// that it runs at once: two a multiprocessor.
constexpr int64_t kAccessBytes = 16, kBlocksAtOnce = 256;
constexpr int64_t kTypicalColumns = 4096;
/// The same of a rank along the lanes of a GPU, where tiles are wide.
constexpr int64_t kTypicalRow = 1024;
/// Loads of a tile, which are code: where one of each tensor is many, tiles are narrow.
constexpr int64_t kMostLoads = 256;
/// Rows and columns of 32-bit elements that share the first-level cache, where tiles with
/// lanes along a longer sum take it in chunks.
constexpr int64_t kChunkRows = 8;
/// And where all warps of a block have one row.
constexpr int64_t kTypicalTeamRow = 4096;

int64_t sizeOf(ein::EinsumOp root, unsigned rank) {
  return root.getRankExtent(rank).getLiteral().value_or(kTypicalExtent);
}

} // namespace

void RankSchedule::keepUsed(ArrayRef<int64_t> counts) {
  SmallVector<int64_t, 4> used;
  bool isOver = false;
  for (int64_t size : tiles)
    if (llvm::any_of(counts, [&](int64_t count) {
          for (int64_t larger : tiles)
            if (larger > size)
              count %= larger;
          return count >= size;
        }))
      used.push_back(size);
  for (int64_t count : counts) {
    for (int64_t size : tiles)
      count %= size;
    isOver |= count > 0;
  }
  if (used.empty())
    return;
  tiles = used;
  if (!isOver)
    rest = Rest::none;
}

void RankSchedule::cutEvenly(int64_t count) {
  if (tiles.size() < 3 || count < 1)
    return;
  int64_t most = tile(), parts = llvm::divideCeil(count, most), least = count / parts;
  rest = Rest::none;
  if (count % parts == 0) {
    tiles = {least};
    return;
  }
  // Three at least: loops that find nothing to do are dropped.
  tiles.clear();
  for (int64_t size = most; size > 0 && (size >= least || tiles.size() < 3); --size)
    tiles.push_back(size);
}

void Schedule::cutEvenly(ein::EinsumOp root) {
  if (lanes >= (int)root.getNumFree() && !packed)
    return;
  auto cut = packed ? std::make_shared<Schedule>(*packed) : nullptr;
  for (unsigned rank = 0; rank < root.getNumFree(); ++rank) {
    std::optional<int64_t> extent = root.getRankExtent(rank).getLiteral();
    if (!extent || *extent > ranks[rank].block)
      continue;
    if (lanes < (int)root.getNumFree())
      ranks[rank].cutEvenly(*extent);
    if (cut)
      cut->ranks[rank].cutEvenly(*extent);
  }
  packed = cut;
}

bool mayRunAlongLanes(ein::EinsumOp root, unsigned rank) {
  if (!root.isReduced(rank))
    return true;
  // Partial results of the lanes are combined at the end, so the rank has to
  // be innermost and all reductions the same one.
  if (rank + 1 != root.getNumRanks())
    return false;
  ein::Monoid monoid = root.getMonoid(rank);
  // Strict numerics fix the order of every sum and product that rounds.
  if (isa<FloatType>(root.getYielded().getType()) && monoid != ein::Monoid::max &&
      monoid != ein::Monoid::min && ein::isStrict(root))
    return false;
  for (unsigned r = root.getNumFree(); r < rank; ++r)
    if (root.getMonoid(r) != monoid)
      return false;
  if (root.getYielded().getType().isInteger(1))
    return false; // a vector of bits has no reduction of its own kind
  return monoid != ein::Monoid::argmax && monoid != ein::Monoid::argmin &&
         monoid != ein::Monoid::logaddexp;
}

namespace {

/// True if a vector of what is read along `rank` is one of neighbours, in another order.
bool readsByPicks(ein::EinsumOp root, const Access &read, unsigned rank, const TileTarget &target) {
  const int64_t lanes = target.lanesOf(4);
  std::optional<LanePicks> run;
  if (!target.warpLanes && !read.fromCoordinate)
    run = picksAlong(read, rank, lanes);
  std::optional<int64_t> extent = root.getRankExtent(rank).getLiteral();
  return run && extent && *extent % run->period == 0 &&
         llvm::all_of(llvm::seq<unsigned>(0, read.indices.size()), [&](unsigned i) {
           return spreadAlong(read, i, rank, lanes, run->period).has_value();
         });
}

/// Contiguous vectors moved along `rank` less those that would be gathered.
/// A read happens at every point, a write once the reductions are done.
double laneScore(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write, unsigned rank,
                 const TileTarget &target) {
  if (!mayRunAlongLanes(root, rank) || sizeOf(root, rank) == 1)
    return -1;
  double score = 0, writes = 1;
  for (unsigned r = root.getNumFree(); r < root.getNumRanks(); ++r)
    writes /= sizeOf(root, r);
  auto add = [&](const Access &access, unsigned numRanks, double times) {
    if (rank < numRanks && access.dependsOn(rank))
      score += access.isUnitStride(rank) ? times : -2 * times;
  };
  for (const Access &read : reads)
    if (read.isUnitStride(rank) || !readsByPicks(root, read, rank, target))
      add(read, root.getNumRanks(), 1);
  add(write, root.getNumFree(), writes);
  return score;
}

} // namespace

tile::ScheduleAttr Schedule::toAttr(ein::EinsumOp root) const {
  Builder builder(root.getContext());
  auto name = [&](int rank) {
    return rank < 0 ? StringAttr() : builder.getStringAttr(root.getRankName(rank));
  };
  SmallVector<NamedAttribute> entries;
  for (auto [rank, plan] : llvm::enumerate(ranks)) {
    SmallVector<int64_t> numbers = {plan.block};
    llvm::append_range(numbers, plan.tiles);
    entries.push_back(builder.getNamedAttr(name(rank), builder.getDenseI64ArrayAttr(numbers)));
  }
  SmallVector<Attribute> slowestFirst;
  for (unsigned rank : order)
    slowestFirst.push_back(name(rank));
  return tile::ScheduleAttr::get(root.getContext(), builder.getDictionaryAttr(entries),
                                 builder.getArrayAttr(slowestFirst), name(lanes),
                                 dot ? dot->group : 1, name(narrow), name(widened), widenedTile,
                                 packed ? Attribute(packed->toAttr(root)) : Attribute(), packedFrom,
                                 matrix ? Attribute(matrix->toAttr(root)) : Attribute(),
                                 few ? Attribute(few->toAttr(root)) : Attribute(), fewTo);
}

static LogicalResult readRank(DenseI64ArrayAttr numbers, RankSchedule &plan) {
  if (!numbers || numbers.size() < 2 ||
      llvm::any_of(numbers.asArrayRef(), [](int64_t n) { return n < 1 || n > 65536; }))
    return failure();
  plan.block = numbers[0];
  plan.tiles.assign(numbers.asArrayRef().begin() + 1, numbers.asArrayRef().end());
  return success(llvm::is_sorted(plan.tiles, std::greater<>()));
}

/// The loops over packed operands that a schedule holds: `given`, which is `packed` or `few`.
static FailureOr<std::shared_ptr<Schedule>> readPacked(Attribute given, ein::EinsumOp root,
                                                       ArrayRef<Access> reads,
                                                       const TileTarget &target,
                                                       const Schedule &schedule) {
  auto inner = dyn_cast<tile::ScheduleAttr>(given);
  if (!inner || inner.getPacked() || inner.getFew())
    return root.emitOpError("cannot follow its schedule: packed expects a plain schedule");
  FailureOr<Schedule> packed = readSchedule(inner, root, reads, target, /*isPacked=*/true);
  if (failed(packed))
    return failure();
  if (!fitsPacking(root, reads, schedule, *packed)) {
    root.emitOpError("cannot follow its schedule: packed expects rows (narrow_rank) and "
                     "columns (narrow_widens) along lanes, parts of known size, chunks of whole "
                     "groups, and tiles that "
                     "the target multiplies");
    return failure();
  }
  return std::make_shared<Schedule>(*packed);
}

static LogicalResult readPackings(tile::ScheduleAttr attr, ein::EinsumOp root,
                                  ArrayRef<Access> reads, const TileTarget &target,
                                  Schedule &schedule) {
  FailureOr<std::shared_ptr<Schedule>> packed =
      readPacked(attr.getPacked(), root, reads, target, schedule);
  if (failed(packed))
    return failure();
  schedule.packed = *packed;
  schedule.packedFrom = attr.getPackedFrom();
  if (!attr.getFew())
    return success();
  schedule.fewTo = attr.getFewTo();
  FailureOr<std::shared_ptr<Schedule>> few =
      readPacked(attr.getFew(), root, reads, target, schedule);
  if (failed(few))
    return failure();
  schedule.few = *few;
  if (!isTurned(*schedule.few) || isTurned(*schedule.packed) ||
      schedule.few->lanes != schedule.packed->narrow || schedule.fewTo < 1)
    return root.emitOpError(
        "cannot follow its schedule: few expects lanes along the rows of packed");
  if (int64_t rows = 2 * target.lanesOf(4);
      !rows || schedule.few->ranks[schedule.few->lanes].tile() % rows)
    return root.emitOpError("cannot follow its schedule: few expects tiles of a multiple of ")
           << rows << " rows";
  return success();
}

FailureOr<Schedule> readSchedule(tile::ScheduleAttr attr, ein::EinsumOp root,
                                 ArrayRef<Access> reads, const TileTarget &target, bool isPacked) {
  Schedule schedule;
  unsigned numRanks = root.getNumRanks(), numFree = root.getNumFree();
  schedule.ranks.resize(numRanks);
  auto refuse = [&]() { return root.emitOpError("cannot follow its schedule: "); };
  auto rankOf = [&](StringAttr name) { return name ? root.findRank(name) : -1; };
  for (NamedAttribute entry : attr.getRanks()) {
    int rank = root.findRank(entry.getName());
    if (rank < 0)
      return refuse() << "it has no rank '" << entry.getName().getValue() << "'";
    if (failed(readRank(dyn_cast<DenseI64ArrayAttr>(entry.getValue()), schedule.ranks[rank])))
      return refuse() << "rank '" << entry.getName().getValue()
                      << "' expects array<i64: block, tile, ..> with tiles in descending order, "
                         "but got "
                      << entry.getValue();
  }
  for (Attribute entry : attr.getOrder() ? attr.getOrder().getValue() : ArrayRef<Attribute>()) {
    int rank = rankOf(dyn_cast<StringAttr>(entry));
    if (rank < 0 || rank >= (int)numFree || llvm::is_contained(schedule.order, (unsigned)rank))
      return refuse() << "the order expects each free rank once, but got " << entry;
    schedule.order.push_back(rank);
  }
  for (unsigned rank = 0; rank < numFree; ++rank)
    if (!llvm::is_contained(schedule.order, rank))
      schedule.order.push_back(rank);
  schedule.lanes = rankOf(attr.getLanes());
  if (attr.getLanes() && (schedule.lanes < 0 || !mayRunAlongLanes(root, schedule.lanes)))
    return refuse() << "rank '" << attr.getLanes().getValue() << "' cannot run along lanes";
  if (schedule.lanes >= 0 && schedule.ranks[schedule.lanes].tiles.size() != 1)
    return refuse() << "rank '" << attr.getLanes().getValue() << "' runs along lanes, in one tile";
  schedule.narrow = rankOf(attr.getNarrowRank());
  schedule.widened = rankOf(attr.getNarrowWidens());
  schedule.widenedTile = std::max<int64_t>(1, attr.getNarrowTile());
  if (schedule.narrow >= (int)numFree || schedule.widened >= (int)numFree ||
      (schedule.narrow < 0) != (schedule.widened < 0))
    return refuse() << "narrow_rank and narrow_widens expect two free ranks";
  if (attr.getPacked() && failed(readPackings(attr, root, reads, target, schedule)))
    return failure();
  if (attr.getGroup() == 1)
    return schedule;
  if (!isPacked)
    schedule.dot = findDot(root, target);
  else if (schedule.narrow >= 0)
    schedule.dot = findPackedDot(root, reads, schedule, target);
  bool fits = isPacked ? schedule.ranks.back().tile() == attr.getGroup()
                       : schedule.lanes >= (int)numFree &&
                             schedule.ranks[schedule.lanes].tile() % attr.getGroup() == 0;
  if (!schedule.dot || schedule.dot->group != attr.getGroup() || !fits)
    return refuse() << "the target has no dot of " << attr.getGroup()
                    << " neighbours for it along these lanes";
  return schedule;
}

namespace {

/// True if elements of a tile along the rank are inside together or not at all.
bool isWholeAlong(const Access &read, unsigned rank) {
  return !read.fromCoordinate &&
         llvm::none_of(read.indices, [&](AffineExpr index) { return index.isFunctionOfDim(rank); });
}

/// Ranks along which some operand is reused: what is loaded once feeds several
/// accumulators. The two fastest ones, the most that the registers hold; of those
/// along which the same operands move, only the fastest.
SmallVector<unsigned> reusedRanks(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write,
                                  int lanes, const TileTarget &target) {
  SmallVector<unsigned> reused;
  unsigned numFree = root.getNumFree();
  // Where each row adds sums to a tile, two of them read memory once instead of twice.
  int64_t fewest = lanes >= (int)numFree && !target.warpLanes ? 2 : 4;
  if (root.getNumRanks() == numFree || reads.size() < 2)
    return reused;
  for (unsigned rank = 0; rank < numFree; ++rank) {
    if (static_cast<int>(rank) == lanes || sizeOf(root, rank) < fewest || !write.stride(rank))
      continue;
    bool some = false, affine = true;
    for (const Access &read : reads) {
      some |= read.dependsOn(rank) && llvm::any_of(reads, [&](const Access &other) {
                return !other.dependsOn(rank) && other.dependsOn(numFree);
              });
      affine &= read.stride(rank) != nullptr && isWholeAlong(read, rank);
    }
    if (!some || !affine)
      continue;
    llvm::erase_if(reused, [&](unsigned before) {
      return llvm::all_of(reads, [&](const Access &read) {
        return read.dependsOn(before) == read.dependsOn(rank);
      });
    });
    reused.push_back(rank);
  }
  while (reused.size() > 2)
    reused.erase(reused.begin());
  return reused;
}

/// Sizes of register tiles along rows and columns. Of n registers, the products
/// of both take most as accumulators; the rest holds one column of operands.
struct RegisterTile {
  SmallVector<int64_t, 4> rows, columns;
  int64_t alone; // columns where there is one row
};

RegisterTile registerTile(const TileTarget &target) {
  if (target.warpLanes) // every size is code of its own for each kind of edge
    return {{4, 1}, {4, 1}, 4};
  if (target.vectorRegisters >= 32)
    return {{6, 4, 2, 1}, {4, 1}, 4};
  return {{2, 1}, {4, 1}, 4};
}

/// Of the operands' elements, the fewest bytes.
int64_t narrowestBytes(ein::EinsumOp root) {
  int64_t bytes = kAccessBytes;
  for (Value input : root.getInputs()) {
    Type element = cast<ein::TensorType>(input.getType()).getElementType();
    if (element.isIntOrFloat())
      bytes = std::min(bytes, std::max<int64_t>(1, element.getIntOrFloatBitWidth() / 8));
  }
  return bytes;
}

} // namespace

int64_t columnsAlone(ein::ExtentAttr extent, const TileTarget &target) {
  int64_t columns = 4;
  while (columns > 1 &&
         extent.getLiteral().value_or(kTypicalColumns) < kBlocksAtOnce * target.warps * columns)
    columns /= 2;
  return columns;
}

Schedule planSchedule(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write,
                      const TileTarget &target) {
  Schedule schedule;
  unsigned numRanks = root.getNumRanks(), numFree = root.getNumFree();
  schedule.ranks.resize(numRanks);
  double best = 0;
  for (unsigned rank = 0; rank < numRanks; ++rank)
    if (double score = laneScore(root, reads, write, rank, target); score > best) {
      best = score;
      schedule.lanes = rank;
    }
  bool reduces = numRanks > numFree;
  bool laneReduced = schedule.lanes >= static_cast<int>(numFree);
  int64_t elementBytes = 4;
  Type element = root.getYielded().getType();
  if (element.isIntOrFloat())
    elementBytes = std::max<int64_t>(4, element.getIntOrFloatBitWidth() / 8);
  if (laneReduced && (schedule.dot = findDot(root, target)))
    elementBytes = schedule.dot->element.getIntOrFloatBitWidth() / 8;
  int64_t lanes = target.lanesOf(elementBytes);

  RegisterTile registers = registerTile(target);
  SmallVector<unsigned> reused = reusedRanks(root, reads, write, schedule.lanes, target);
  auto isLiteral = [&](unsigned rank) { return root.getRankExtent(rank).getLiteral().has_value(); };
  if (reused.size() == 2) {
    // Weights (literal extents) are columns, what passes by them is rows.
    unsigned rows = reused[0], columns = reused[1];
    if (isLiteral(rows) && !isLiteral(columns))
      std::swap(rows, columns);
    schedule.ranks[rows] = {64, registers.rows};
    // Columns are read once for as many rows as there are, up to what the registers hold:
    // a dot of signed bytes has sums of the columns too.
    if (laneReduced && !target.warpLanes && target.vectorRegisters >= 32)
      schedule.ranks[rows].tiles = schedule.dot && schedule.dot->bias
                                       ? SmallVector<int64_t, 4>{5, 4, 3, 2, 1}
                                       : SmallVector<int64_t, 4>{7, 6, 5, 4, 3, 2, 1};
    schedule.ranks[columns] = {64, registers.columns};
    schedule.narrow = rows;
    schedule.widened = columns;
    schedule.widenedTile = registers.alone;
  } else if (reused.size() == 1) {
    schedule.ranks[reused[0]] = {64, laneReduced ? registers.columns : registers.rows};
  }
  // One row over all columns is as fast as memory: a tile of them for each warp of a block.
  const bool isAlone = target.warps && !target.team && laneReduced && reused.size() == 1;
  if (isAlone) {
    int64_t columns = columnsAlone(root.getRankExtent(reused[0]), target);
    schedule.ranks[reused[0]] = {target.warps * columns, {columns}};
    if (columns > 1)
      schedule.ranks[reused[0]].tiles.push_back(1);
  }
  if (schedule.lanes >= 0) {
    RankSchedule &plan = schedule.ranks[schedule.lanes];
    int64_t size = sizeOf(root, schedule.lanes);
    int64_t vectors = 2;
    // A thread has no cache of its own to wait for: it asks for more at once.
    if (target.warpLanes && !root.getRankExtent(schedule.lanes).getLiteral())
      size = target.team ? kTypicalTeamRow : kTypicalRow;
    if (reduces && (reused.size() == 2 || (schedule.dot && !reused.empty())))
      vectors = 1;
    else if (reduces)
      vectors = !laneReduced || reused.empty() ? 4 : 2;
    // What a maximum of a NaN and a number is takes three instructions, one after the other.
    if (laneReduced && reused.empty() && !target.warpLanes && target.vectorRegisters >= 32 &&
        root.getMonoid(schedule.lanes) != ein::Monoid::add)
      vectors = 8;
    schedule.asksAhead = isAlone;
    if (isAlone)
      vectors = std::max<int64_t>(1, kAccessBytes / narrowestBytes(root));
    // 16 bytes a thread at once, twice.
    if (target.warpLanes && reused.empty())
      vectors = llvm::bit_floor(std::clamp<size_t>(kMostLoads / (reads.size() + 1), 1, 16));
    int64_t tile = lanes * vectors;
    while (tile > lanes && tile / 2 >= size)
      tile /= 2;
    // Of a short sum a rest is much; smaller tiles may leave none.
    if (isAlone && size < 8 * tile && size % tile != 0)
      for (int64_t smaller = tile / 2; smaller >= lanes; smaller /= 2)
        if (size % smaller == 0) {
          tile = smaller;
          break;
        }
    plan.tiles = {tile};
    // What is not reduced is dealt to the warps.
    int64_t least = target.team ? tile : std::max<int64_t>(1024, target.warps * tile);
    plan.block = laneReduced ? tile : reduces ? tile : std::max<int64_t>(tile, least);
  }
  // Rows and a tile of columns stay in the first-level cache.
  if (laneReduced && reused.size() == 2 && !target.warpLanes && numRanks == numFree + 1) {
    RankSchedule &plan = schedule.ranks[schedule.lanes];
    int64_t chunk = llvm::bit_floor<uint64_t>(target.firstCacheBytes / (4 * kChunkRows)) *
                    (schedule.dot ? schedule.dot->group : 1);
    if (sizeOf(root, schedule.lanes) >= 2 * chunk && chunk % plan.tile() == 0)
      plan.block = chunk;
  }
  for (unsigned rank = 0; rank < numFree; ++rank)
    schedule.order.push_back(rank);
  // With reuse, ranks of literal extents (weights) go around the others, so a
  // block of weights stays in cache while the rows pass by.
  if (!reused.empty())
    llvm::stable_sort(schedule.order,
                      [&](unsigned a, unsigned b) { return isLiteral(a) && !isLiteral(b); });
  return schedule;
}

} // namespace einfall
