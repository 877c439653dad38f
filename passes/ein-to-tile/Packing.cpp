//===- Packing.cpp - What a block computes once from its operands ---------===//
#include "passes/ein-to-tile/Packing.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinMonoids.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/ein-to-tile/Supports.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace einfall {
namespace {

/// Elements of a packed operand of a block at most. Bytes of all of them are those of a
/// block's own tensors: they stay in a core's second-level cache while the other operand
/// passes by.
constexpr int64_t kMostPacked = 512 * 1024;
/// The same where the loops without packing read both operands in order, and have the
/// registers to read columns once for seven rows.
constexpr int64_t kFewestRowsInOrder = 32;
/// The same where those loops multiply by dots that are slower than fma.
constexpr int64_t kFewestSlowRows = 16;
/// Sums that are too long to be packed whole are walked in chunks of so many elements of
/// 32 bits, or less where those do not fit.
constexpr int64_t kChunk = 1024, kShortestChunk = 128;
/// Elements of partial sums that a block keeps between chunks.
constexpr int64_t kPartialSums = 64 * 1024;
/// Rows of a block whose lanes run along rows: of more, columns are packed. The columns of a
/// block are part of all that there are, and use each element that is packed of the rows.
constexpr int64_t kTurnedRows = 128, kTurnedPart = 8;
constexpr int64_t kFewestTurned = 256, kMostTurned = 1024;
/// The same where products are by `tile.multiply`, so fast that what is packed of the rows is a
/// larger part.
constexpr int64_t kTurnedTilePart = 4, kMostTurnedByTiles = 2048;
/// Up to so many rows tiles read columns as they lie, and rows are copied again for each block of
/// columns; of more, columns are copied once for all rows.
constexpr int64_t kMostRowsByTiles = 192;
/// Groups from which on a sum fills enough of a tile.
constexpr int64_t kFewestTileGroups = 8;

/// True if the inner loop may read groups of a dot's factor where they lie.
bool readsGroups(ein::EinsumOp root, ArrayRef<Access> reads, const Schedule &packed, Value factor) {
  auto argument = dyn_cast<BlockArgument>(factor);
  if (!argument || factor.getType() != packed.dot->element)
    return false;
  if (packed.dot->packsRaised && factor == packed.dot->lhs)
    return false;
  const Access &read = reads[argument.getArgNumber()];
  unsigned last = root.getNumRanks() - 1;
  std::optional<int64_t> extent = root.getRankExtent(last).getLiteral();
  return !read.dependsOn(packed.widened) && read.isUnitStride(last) && extent &&
         *extent % packed.dot->group == 0;
}

/// Collects the largest values of the body that lack rows or columns.
class Collector {
public:
  Collector(ein::EinsumOp root, ArrayRef<Access> reads, const Schedule &packed)
      : root(root), reads(reads), packed(packed), supports(root, reads) {}

  void collect() {
    if (!packed.dot)
      return collect(root.getYielded());
    for (Value factor : {packed.dot->lhs, packed.dot->rhs})
      if (!readsGroups(root, reads, packed, factor))
        add(factor);
  }
  SmallVector<Packed> found;

private:
  void collect(Value value) {
    if (llvm::any_of(found, [&](const Packed &other) { return other.value == value; }))
      return;
    uint64_t mask = supports.of(value);
    uint64_t both = uint64_t(1) << packed.narrow | uint64_t(1) << packed.widened;
    bool reduced = mask >> root.getNumFree();
    if ((mask & both) != both) {
      if (reduced && value.getType().isIntOrFloat() && !value.getType().isInteger(1) &&
          isRead(value) && isWorth(value))
        add(value);
      return;
    }
    if (Operation *op = value.getDefiningOp())
      for (Value operand : op->getOperands())
        collect(operand);
  }

  /// True if memory is read for it: coordinates alone are cheaper made again.
  bool isRead(Value value) {
    SmallVector<unsigned> operands;
    supports.operandsOf(value, operands);
    return !operands.empty();
  }

  /// True if the inner loop would not read `value` as fast where it lies.
  bool isWorth(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return true;
    const Access &read = reads[argument.getArgNumber()];
    if (read.panels)
      return true;
    if (!read.dependsOn(packed.lanes))
      return false;
    if (!read.isUnitStride(packed.lanes))
      return true;
    auto step = dyn_cast_or_null<AffineConstantExpr>(read.stride(root.getNumRanks() - 1));
    return !step || step.getValue() > packed.ranks[packed.lanes].tile();
  }

  void add(Value value) {
    Packed next;
    next.value = value;
    next.group = packed.dot ? packed.dot->group : 1;
    next.isPanel = supports.depends(value, packed.lanes);
    if (auto argument = dyn_cast<BlockArgument>(value))
      next.liesInPanels = reads[argument.getArgNumber()].panels.has_value();
    for (unsigned rank = 0; rank < root.getNumRanks(); ++rank)
      if (supports.depends(value, rank))
        next.ranks.push_back(rank);
    SmallVector<unsigned> operands;
    supports.operandsOf(value, operands);
    int best = 0;
    for (unsigned rank : next.ranks) {
      int score = 0;
      for (unsigned i : operands)
        if (reads[i].dependsOn(rank))
          score += reads[i].isUnitStride(rank) ? 1 : -1;
      bool moves =
          rank >= root.getNumFree() || (int)rank == packed.narrow || (int)rank == packed.widened;
      if (moves && score > best) {
        best = score;
        next.lanes = rank;
      }
    }
    if (next.lanes < 0)
      next.lanes = next.inner(packed);
    found.push_back(next);
  }

  ein::EinsumOp root;
  ArrayRef<Access> reads;
  const Schedule &packed;
  Supports supports;
};

/// True if the points of a sum like this may be taken by other loops, from memory of
/// the block's own.
bool mayPack(ein::EinsumOp root, ArrayRef<Access> reads) {
  Type element = root.getYielded().getType();
  if (root.getMonoids().empty() || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() < 32 || root.getNumRanks() > 64)
    return false;
  for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank)
    if (root.getMonoid(rank) != root.getMonoid(root.getNumFree()))
      return false;
  ein::Monoid monoid = root.getMonoid(root.getNumFree());
  if (monoid != ein::Monoid::add && monoid != ein::Monoid::max && monoid != ein::Monoid::min)
    return false;
  for (auto [read, coordinate] : llvm::zip(reads, root.getCoords()))
    if (!read.inside() || read.fromCoordinate || !cast<StringAttr>(coordinate).getValue().empty())
      return false;
  for (Operation &op : root.getBody().front())
    if (op.getNumRegions() != 0)
      return false;
  return true;
}

/// Rows and columns: each is lacked by an operand that has the other one. Columns run
/// along lanes, so results are stored by them.
std::optional<std::pair<unsigned, unsigned>>
rowsAndColumns(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write, int64_t lanes) {
  const int64_t fewestRows = readsPanels(reads) ? 1 : kFewestPackedRows;
  auto enough = [&](unsigned rank, int64_t least) {
    return root.getRankExtent(rank).getLiteral().value_or(least) >= least &&
           llvm::all_of(reads, [&](const Access &read) { return read.stride(rank) != nullptr; });
  };
  auto parts = [&](unsigned with, unsigned without) {
    return llvm::any_of(reads, [&](const Access &read) {
      bool reduced = false;
      for (unsigned rank = root.getNumFree(); rank < root.getNumRanks(); ++rank)
        reduced |= read.dependsOn(rank);
      return reduced && read.dependsOn(with) && !read.dependsOn(without);
    });
  };
  for (unsigned columns = root.getNumFree(); columns-- > 0;) {
    if (!write.isUnitStride(columns) || !enough(columns, lanes))
      continue;
    std::optional<unsigned> best;
    for (unsigned rows = 0; rows < root.getNumFree(); ++rows)
      if (rows != columns && enough(rows, fewestRows) && write.stride(rows) &&
          parts(rows, columns) && parts(columns, rows))
        best = rows;
    if (best)
      return std::pair(*best, columns);
  }
  return std::nullopt;
}

} // namespace

bool readsPanels(ArrayRef<Access> reads) {
  return llvm::any_of(reads, [](const Access &read) { return read.panels.has_value(); });
}

SmallVector<Packed> findPacked(ein::EinsumOp root, ArrayRef<Access> reads, const Schedule &packed) {
  Collector collector(root, reads, packed);
  collector.collect();
  return collector.found;
}

int64_t sizeOfPacked(const Packed &packed, const Schedule &schedule, ArrayRef<int64_t> parts) {
  int64_t size = 1;
  for (unsigned rank : packed.ranks) {
    if (parts[rank] < 0)
      return -1;
    bool isLanes = (int)rank == schedule.lanes;
    bool isGrouped = rank + 1 == schedule.ranks.size();
    int64_t whole = isLanes ? schedule.ranks[rank].tile() : isGrouped ? packed.group : 1;
    size *= llvm::alignTo(parts[rank], whole);
  }
  return size;
}

SmallVector<int64_t> partsOf(ein::EinsumOp root, const Schedule &schedule) {
  SmallVector<int64_t> parts;
  for (unsigned rank = 0; rank < root.getNumRanks(); ++rank) {
    std::optional<int64_t> literal = root.getRankExtent(rank).getLiteral();
    if (rank < root.getNumFree())
      parts.push_back(std::min(literal.value_or(INT64_MAX), schedule.ranks[rank].block));
    else
      parts.push_back(literal.value_or(-1));
  }
  return parts;
}

bool isTurned(const Schedule &packed) {
  return !(packed.dot && packed.dot->bias) && packed.narrow > packed.widened;
}

int64_t rowsAtOnce(const Schedule &schedule, const Schedule &few) {
  int64_t rows = few.ranks[few.lanes].block;
  return rows > 1 ? std::min(rows, schedule.fewTo) : schedule.fewTo;
}

int64_t chunkOf(ein::EinsumOp root, const Schedule &packed) {
  int64_t chunk = packed.ranks[root.getNumFree()].block;
  return chunk > 1 ? chunk : 0;
}

int64_t chunkOfLanes(ein::EinsumOp root, const Schedule &schedule) {
  unsigned rank = root.getNumFree();
  if (!schedule.cutsSums || schedule.lanes != (int)rank || schedule.narrow < 0 ||
      root.getNumRanks() != rank + 1 || ein::isArg(root.getMonoid(rank)) || schedule.widened < 0 ||
      root.getYielded().getType().getIntOrFloatBitWidth() < 32)
    return 0;
  const RankSchedule &plan = schedule.ranks[rank];
  return plan.block > plan.tile() ? plan.block : 0;
}

/// Cuts the outermost reduced rank, so that points are added in the order that they
/// have.
static void planChunk(ein::EinsumOp root, ArrayRef<int64_t> parts, int64_t chunk,
                      Schedule &packed) {
  unsigned outermost = root.getNumFree();
  int64_t inside = 1;
  for (unsigned rank = outermost + 1; rank < root.getNumRanks(); ++rank) {
    if (parts[rank] < 0 || parts[rank] > chunk)
      return;
    inside *= std::max<int64_t>(1, parts[rank]);
  }
  bool isLong = parts[outermost] < 0 || parts[outermost] * inside > chunk;
  if (isLong && inside <= chunk / 2)
    packed.ranks[outermost].block = chunk / inside;
}

/// Bytes of what a block packs; nothing where that has no bound.
static std::optional<int64_t> bytesOf(ein::EinsumOp root, ArrayRef<Packed> values,
                                      const Schedule &packed, ArrayRef<int64_t> parts) {
  SmallVector<int64_t> inChunk(parts);
  if (int64_t chunk = chunkOf(root, packed);
      chunk || (usesTiles(packed) && !reducesOneRank(root))) {
    if (chunk)
      inChunk[root.getNumFree()] = chunk;
    const int64_t most = kPartialSums * (usesTiles(packed) ? 2 : 1);
    int64_t sums = 1;
    for (int64_t part : parts.take_front(root.getNumFree()))
      sums *= std::min(part, most + 1);
    if (sums > most)
      return std::nullopt;
  }
  int64_t bytes = 0;
  for (const Packed &value : values) {
    int64_t size = sizeOfPacked(value, packed, inChunk);
    if (size < 0 || size > kMostPacked)
      return std::nullopt;
    bytes += value.group > 1
                 ? size / value.group * 4
                 : size * std::max(1u, value.value.getType().getIntOrFloatBitWidth() / 8);
  }
  return bytes;
}

std::optional<Dot> findPackedDot(ein::EinsumOp root, ArrayRef<Access> reads, const Schedule &packed,
                                 const TileTarget &target) {
  std::optional<Dot> dot = findDot(root, target);
  if (!dot || (isa<FloatType>(root.getYielded().getType()) && ein::isStrict(root)))
    return std::nullopt;
  Supports supports(root, reads);
  for (Value factor : {dot->lhs, dot->rhs}) {
    bool both = supports.depends(factor, packed.narrow) && supports.depends(factor, packed.widened);
    if (both || !supports.depends(factor, root.getNumRanks() - 1))
      return std::nullopt;
  }
  std::optional<int64_t> depth = root.getRankExtent(root.getNumRanks() - 1).getLiteral();
  bool isDeep = depth.value_or(INT64_MAX) >= kFewestTileGroups * dot->group;
  bool isTiled =
      dot->element.isBF16() ? target.tilesBf16 : dot->element.isInteger(8) && target.tilesI8;
  if (isDeep && isTiled) {
    dot->tiles = true;
    dot->bias = dot->packsRaised = false;
  }
  // Of signed bytes columns are the ones that are summed, once for all rows.
  if (dot->bias && supports.depends(dot->lhs, packed.widened))
    std::swap(dot->lhs, dot->rhs);
  return dot;
}

/// True if panels are groups for `dot`. Where dots are slow, factors that are widened once, as they
/// are packed, are multiplied sooner.
static bool isWorth(const Dot &dot, const TileTarget &target) {
  return dot.tiles || !dot.element.isBF16() || !target.hasSlowPairs();
}

/// Vectors of a panel's row. Six rows by two or four of them are accumulators, three
/// quarters of the registers. More rows would not stay in the first-level cache where
/// they lie a power of two apart.
static int64_t panelVectors(ein::ExtentAttr columns, int64_t lanes, const TileTarget &target) {
  int64_t vectors = target.vectorRegisters >= 32 ? 4 : 2;
  std::optional<int64_t> literal = columns.getLiteral();
  while (literal && vectors > 1 && *literal < 4 * vectors * lanes &&
         *literal % (vectors * lanes) != 0)
    vectors /= 2;
  return vectors;
}

std::optional<PanelShape> panelsOf(ein::EinsumOp root, unsigned columns, Type element,
                                   const TileTarget &target) {
  if (!target.packs || target.warps)
    return std::nullopt;
  if ((element.isBF16() && target.tilesBf16) || (element.isInteger(8) && target.tilesI8))
    return PanelShape{kTileColumns, 32 / element.getIntOrFloatBitWidth()};
  const int64_t lanes = target.lanesOf(4);
  const bool isPaired = element.isBF16() && target.dotBf16 && !target.hasSlowPairs();
  if (lanes == 1 || !(element.isF32() || isPaired))
    return std::nullopt;
  return PanelShape{lanes * panelVectors(root.getRankExtent(columns), lanes, target),
                    isPaired ? 2 : 1};
}

/// Sizes of tiles of `tile.multiply`: of fewer columns than two registers have, one.
static void planTiles(int64_t columns, RankSchedule &rows, RankSchedule &lanes) {
  rows.tiles = {kTileRows};
  lanes.tiles = {columns > kTileColumns / 2 ? kTileColumns : kTileColumns / 2};
}

/// Cuts sums until what is packed of a chunk fits. Sums that tiles add to are in memory, so that
/// chunks are as long as they can be.
static void planChunks(ein::EinsumOp root, ArrayRef<int64_t> parts, Schedule &packed,
                       function_ref<bool()> fits) {
  int64_t group = packed.dot ? packed.dot->group : 1;
  const int64_t longest = usesTiles(packed) ? 2 * kChunk : kChunk;
  for (int64_t chunk = longest; !fits() && chunk >= kShortestChunk; chunk /= 2)
    planChunk(root, parts, chunk * group, packed);
}

static bool packsRows(ArrayRef<Packed> values) {
  return llvm::any_of(values, [](const Packed &value) { return !value.isPanel; });
}

/// True if the sum is of so many groups that a block of columns has to pack it in chunks.
static bool isDeep(ein::EinsumOp root, const Schedule &packed) {
  std::optional<int64_t> depth = root.getRankExtent(root.getNumRanks() - 1).getLiteral();
  return depth.value_or(INT64_MAX) > kChunk * packed.dot->group;
}

/// True if a block's memory holds as many columns as rows, both packed, and chunks of their sums
/// are not short.
static bool isSquare(const TileTarget &target, ArrayRef<Packed> values) {
  return packsRows(values) && target.localBytes >= 1 << 20;
}

/// Sides of such a block: rows are packed again for each of them.
constexpr int64_t kSquare = 256;

/// Rows of a block whose products are by tiles: as many as columns have to be used by, half of it
/// where sums are kept between chunks.
constexpr int64_t kTileBlockRows = 1024;

/// Columns of a block. Rows that pass by tiles are used once for all of them.
static int64_t columnsOfBlock(const TileTarget &target, const Schedule &packed,
                              ArrayRef<Packed> values) {
  return isSquare(target, values) || usesTiles(packed) ? kSquare : 64;
}

/// Rows of a block, so many that packing columns is a small part of its work: the faster
/// a machine multiplies, the more. Rows that are packed too take room, and of more rows
/// a tile of columns would have more partial sums than are kept between chunks.
static int64_t rowsOfBlock(ein::EinsumOp root, const TileTarget &target, const Schedule &packed,
                           ArrayRef<Packed> values) {
  constexpr int64_t fewest = 192, most = 512, unit = 64;
  constexpr double share = 32;
  if (packsRows(values))
    return isSquare(target, values) ? kSquare : fewest;
  if (usesTiles(packed))
    return isDeep(root, packed) ? kTileBlockRows / 2 : kTileBlockRows;
  double rows = std::clamp<double>(target.usesThatHideCopies(share), fewest, most);
  return llvm::alignTo<unit>(int64_t(rows) - unit / 2 + 1);
}

/// Cuts the ranks beside `columns` by which packed panels are more (the heads that columns belong
/// to), so that all of them together are as many columns as a block has.
static void cutPanels(ArrayRef<Packed> values, unsigned columns, unsigned numFree, int64_t most,
                      ArrayRef<int64_t> parts, Schedule &cut) {
  int64_t left = std::max<int64_t>(1, most / parts[columns]);
  // The last ranks first: their columns are neighbours.
  for (unsigned rank = numFree; rank-- > 0;) {
    bool isOfPanel = llvm::any_of(values, [&](const Packed &value) {
      return value.isPanel && llvm::is_contained(value.ranks, rank);
    });
    if (rank == columns || !isOfPanel)
      continue;
    // Loops without packing take whole vectors of it.
    int64_t whole = (int)rank == cut.lanes ? cut.ranks[rank].tile() : 1;
    if (parts[rank] > left)
      cut.ranks[rank].block = llvm::alignTo(left, whole);
    left /= std::clamp<int64_t>(parts[rank], 1, left); // an extent of 0 is a part, too
  }
}

/// True if what lies in panels is read in those of `packed`.
static bool fitsPanels(ArrayRef<Access> reads, ArrayRef<Packed> values, const Schedule &packed) {
  for (const Packed &value : values) {
    if (!value.liesInPanels)
      continue;
    const Access &read = reads[cast<BlockArgument>(value.value).getArgNumber()];
    auto moves = [&](unsigned rank) {
      return read.panelStride(rank, packed.lanes, packed.ranks.size() - 1).has_value();
    };
    if (!value.isPanel || value.group != read.panels->group ||
        packed.ranks[packed.lanes].tile() != read.panels->columns || !read.panelOffset() ||
        !llvm::all_of(value.ranks, moves))
      return false;
  }
  return true;
}

/// True if blocks that have such `parts` of the ranks begin with a panel of `packed`.
static bool beginsPanels(ein::EinsumOp root, const Schedule &packed, ArrayRef<int64_t> parts) {
  int64_t part = parts[packed.lanes];
  return part == root.getRankExtent(packed.lanes).getLiteral() ||
         part % packed.ranks[packed.lanes].tile() == 0;
}

bool fitsPacking(ein::EinsumOp root, ArrayRef<Access> reads, const Schedule &schedule,
                 const Schedule &packed) {
  if (!mayPack(root, reads) || packed.narrow < 0 || packed.lanes != packed.widened)
    return false;
  // A group is of one chunk.
  if (packed.dot && reducesOneRank(root) && chunkOf(root, packed) % packed.dot->group)
    return false;
  if (usesTiles(packed)) {
    int64_t columns = packed.ranks[packed.lanes].tile();
    if (packed.ranks[packed.narrow].tiles != SmallVector<int64_t, 4>{kTileRows} ||
        (columns != kTileColumns && columns != kTileColumns / 2))
      return false;
  }
  Schedule cut = schedule;
  if (isTurned(packed) && schedule.fewTo)
    cut.ranks[packed.lanes].block =
        std::min(cut.ranks[packed.lanes].block, rowsAtOnce(schedule, packed));
  else if (int64_t columns = packed.ranks[packed.lanes].block; columns > 1)
    cut.ranks[packed.lanes].block = columns;
  SmallVector<Packed> values = findPacked(root, reads, packed);
  SmallVector<int64_t> parts = partsOf(root, cut);
  if (readsPanels(reads) &&
      !(fitsPanels(reads, values, packed) && beginsPanels(root, packed, parts)))
    return false;
  return bytesOf(root, values, packed, parts).has_value();
}

/// True if products are of operands as they lie.
static bool readsFactors(ein::EinsumOp root) {
  Operation *product = root.getYielded().getDefiningOp();
  return product && llvm::all_of(product->getOperands(),
                                 [](Value factor) { return isa<BlockArgument>(factor); });
}

/// True if the root is a sum of products of two operands as they lie, and the one that has
/// `columns` does so along the sum: it is read element by element, and each line stays for
/// those that follow.
static bool readsColumnsInOrder(ein::EinsumOp root, ArrayRef<Access> reads, unsigned columns) {
  auto product = root.getYielded().getDefiningOp<arith::MulFOp>();
  if (!product || !product.getType().isF32() || !readsFactors(root) || reads.size() != 2 ||
      !reducesOneRank(root) || root.getMonoid(root.getNumFree()) != ein::Monoid::add)
    return false;
  return llvm::all_of(reads, [&](const Access &read) {
    return !read.dependsOn(columns) || read.isUnitStride(root.getNumFree());
  });
}

/// Loops whose lanes run along rows, if groups of the columns are factors as they lie, which
/// nobody has to copy, and there are many. Cuts the columns of `schedule` into its blocks.
static std::shared_ptr<Schedule> planTurned(ein::EinsumOp root, ArrayRef<Access> reads,
                                            unsigned rows, unsigned columns,
                                            const TileTarget &target, Schedule &schedule) {
  std::optional<int64_t> numRows = root.getRankExtent(rows).getLiteral();
  int64_t part = root.getRankExtent(columns).getLiteral().value_or(0);
  Schedule packed, cut = schedule;
  packed.ranks.resize(root.getNumRanks());
  packed.ranks[rows].tiles = {2 * target.lanesOf(4)};
  // Sums take half of the registers.
  packed.ranks[columns].tiles.clear();
  for (int64_t tile = target.vectorRegisters / 4; tile > 0; tile /= 2)
    packed.ranks[columns].tiles.push_back(tile);
  packed.lanes = packed.widened = rows;
  packed.narrow = columns;
  packed.dot = findPackedDot(root, reads, packed, target);
  if (!isTurned(packed) || !(packed.dot || readsColumnsInOrder(root, reads, columns)))
    return nullptr;
  // Two blocks at least, of enough columns for each.
  const int64_t blocks = usesTiles(packed) ? kTurnedTilePart : kTurnedPart;
  if (usesTiles(packed) && part >= 2 * kFewestTurned)
    part = std::max(part, blocks * kFewestTurned);
  part /= blocks;
  if (part < kFewestTurned || !target.lanesOf(4))
    return nullptr;
  if (packed.dot)
    packed.ranks.back().tiles = {packed.dot->group};
  if (usesTiles(packed))
    planTiles(numRows.value_or(kTurnedRows), packed.ranks[columns], packed.ranks[rows]);
  SmallVector<Packed> values = findPacked(root, reads, packed);
  if (values.size() != 1 || !values.front().isPanel)
    return nullptr;
  cut.ranks[rows].block = kTurnedRows;
  if (usesTiles(packed))
    packed.ranks[rows].block = kTurnedRows;
  llvm::erase(cut.order, rows);
  cut.order.insert(llvm::find(cut.order, columns) + 1, rows);
  packed.order = cut.order;
  auto fits = [&] {
    // The sums of chunks are kept for all columns of a block.
    const bool hasTiles = usesTiles(packed);
    int64_t most = hasTiles                ? kMostTurnedByTiles
                   : chunkOf(root, packed) ? kMostTurned / 2
                                           : kMostTurned;
    cut.ranks[columns].block = std::min<int64_t>(most, part / kFewestTurned * kFewestTurned);
    std::optional<int64_t> bytes = bytesOf(root, values, packed, partsOf(root, cut));
    return bytes && *bytes <= target.localBytes / (hasTiles ? 2 : 1);
  };
  planChunks(root, partsOf(root, cut), packed, fits);
  if (!fits())
    return nullptr;
  schedule.ranks[columns].block = cut.ranks[columns].block;
  return std::make_shared<Schedule>(packed);
}

/// Columns of a block that are in panels already, of sums that are not cut: more blocks share the
/// threads more evenly.
constexpr int64_t kPanelColumns = 128;

void planPacking(ein::EinsumOp root, ArrayRef<Access> reads, const Access &write,
                 const TileTarget &target, Schedule &schedule, ArrayRef<int64_t> parts) {
  if (!target.packs || !mayPack(root, reads))
    return;
  int64_t bytes = root.getYielded().getType().getIntOrFloatBitWidth() / 8;
  int64_t lanes = target.lanesOf(bytes);
  auto found = rowsAndColumns(root, reads, write, lanes);
  if (!found)
    return;
  auto [rows, columns] = *found;
  const bool inPanels = readsPanels(reads);
  if (!inPanels && !parts.empty() && parts[rows] >= 0 && parts[rows] < kFewestPackedRows)
    return;
  Schedule packed;
  packed.ranks.resize(root.getNumRanks());
  packed.ranks[columns].tiles = {lanes * panelVectors(root.getRankExtent(columns), lanes, target)};
  packed.ranks[rows].tiles = {6, 4, 2, 1};
  packed.lanes = packed.widened = columns;
  packed.narrow = rows;
  packed.order = schedule.order;
  packed.dot = findPackedDot(root, reads, packed, target);
  if (!packed.dot && schedule.dot)
    return;
  const bool isSlow = packed.dot && !isWorth(*packed.dot, target);
  if (isSlow)
    packed.dot.reset();
  if (packed.dot)
    packed.ranks.back().tiles = {packed.dot->group};
  if (usesTiles(packed))
    planTiles(root.getRankExtent(columns).getLiteral().value_or(INT64_MAX), packed.ranks[rows],
              packed.ranks[columns]);
  SmallVector<Packed> values = findPacked(root, reads, packed);
  if (values.empty() || (inPanels && !fitsPanels(reads, values, packed)))
    return;
  // Groups are of one part: of the sum it may be a chunk of a walk.
  const std::optional<int64_t> depth = root.getRankExtent(root.getNumRanks() - 1).getLiteral();
  if (packed.dot && !parts.empty() && parts.back() >= 0 && parts.back() != depth &&
      parts.back() % packed.dot->group)
    return;
  // Loops over packed columns take whole tiles of a part.
  if (!parts.empty() && (inPanels || parts[packed.lanes] >= 0) &&
      !beginsPanels(root, packed, parts))
    return;
  auto mayHave = [&](int64_t count) {
    return root.getRankExtent(rows).getLiteral().value_or(count) >= count;
  };
  // The side that is copied is the one that has fewer for a block of the other, if that is known.
  std::optional<int64_t> numRows = root.getRankExtent(rows).getLiteral();
  if (Schedule cut = schedule;
      usesTiles(packed) && !inPanels && parts.empty() && mayHave(kFewestPackedRows))
    if (auto turned = planTurned(root, reads, rows, columns, target, cut);
        turned && numRows.value_or(INT64_MAX) <= kMostRowsByTiles) {
      schedule.ranks = cut.ranks;
      schedule.ranks[rows].block = turned->ranks[rows].block;
      schedule.order = turned->order;
      turned->ranks[rows].block = 1;
      schedule.packed = turned;
      schedule.packedFrom = kFewestPackedRows;
      return;
    }
  // Whole blocks are packed; what is left of the rows may be few.
  bool alongSum = schedule.lanes >= (int)root.getNumFree();
  bool inOrder = target.vectorRegisters >= 32 &&
                 ((alongSum && schedule.dot) || (!packed.dot && readsFactors(root)));
  const int64_t fewest = inPanels  ? 1
                         : isSlow  ? kFewestSlowRows
                         : inOrder ? kFewestRowsInOrder
                                   : kFewestPackedRows;
  if (!mayHave(fewest))
    return;
  if (!parts.empty()) {
    auto fits = [&] {
      std::optional<int64_t> bytes = bytesOf(root, values, packed, parts);
      return bytes && *bytes <= target.localBytes / 2;
    };
    planChunks(root, parts, packed, fits);
    if (!fits())
      return;
  } else {
    Schedule cut = schedule;
    int64_t tile = packed.ranks[columns].tile();
    cut.ranks[rows].block = rowsOfBlock(root, target, packed, values);
    const int64_t least =
        (int)columns == cut.lanes ? std::max(tile, cut.ranks[columns].tile()) : tile;
    int64_t many = llvm::alignTo(columnsOfBlock(target, packed, values), least);
    cut.ranks[columns].block = many;
    cutPanels(values, columns, root.getNumFree(), many, partsOf(root, cut), cut);
    // Of two neighbours in the grid the wider part stays: what changes is read from
    // farther away.
    llvm::erase(cut.order, rows);
    cut.order.insert(llvm::find(cut.order, columns), rows);
    int64_t most = target.localBytes;
    auto fits = [&] {
      std::optional<int64_t> bytes = bytesOf(root, values, packed, partsOf(root, cut));
      return bytes && *bytes <= most;
    };
    planChunks(root, partsOf(root, cut), packed, fits);
    while (!fits()) {
      if (cut.ranks[columns].block <= least)
        return;
      cut.ranks[columns].block /= 2;
    }
    if (inPanels && !chunkOf(root, packed))
      cut.ranks[columns].block =
          std::min<int64_t>(cut.ranks[columns].block, llvm::alignTo(kPanelColumns, least));
    // Rows that pass by tiles as they lie, as nothing else is packed, take the other half. Chunks
    // stay: they cost more than to pass by the rows twice.
    if (usesTiles(packed) && values.size() == 1) {
      most /= 2;
      while (cut.ranks[columns].block > least && !fits())
        cut.ranks[columns].block /= 2;
    }
    // As many blocks, but of one size: the last one may have a few columns else.
    if (std::optional<int64_t> all = root.getRankExtent(columns).getLiteral()) {
      int64_t &block = cut.ranks[columns].block;
      int64_t blocks = std::max<int64_t>(1, llvm::divideCeil(*all, block));
      block = std::min<int64_t>(block, llvm::alignTo(llvm::divideCeil(*all, blocks), least));
    }
    schedule = cut;
    // Of rows whose number is not known there may be few.
    int64_t block = cut.ranks[columns].block;
    // By slow dots they would take longer than to pack columns for them.
    bool mayBeFew = !isSlow && !inPanels && !numRows && cut.ranks[rows].block > kTurnedRows;
    if (mayBeFew && (schedule.few = planTurned(root, reads, rows, columns, target, schedule))) {
      packed.ranks[columns].block = block;
      // Tiles take parts of them.
      schedule.fewTo = usesTiles(*schedule.few) ? kMostRowsByTiles : kTurnedRows;
    }
  }
  schedule.packed = std::make_shared<Schedule>(packed);
  schedule.packedFrom = schedule.few && schedule.few->dot ? kFewestPackedRows : fewest;
}

} // namespace einfall
