//===- KernelShape.cpp - Whether ops can share a kernel -------------------===//
#include "passes/ein/KernelShape.h"
#include "dialects/ein/EinIndexing.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;

namespace einfall::ein {

unsigned freeRanksOf(Operation *op) {
  if (auto fold = dyn_cast<FoldOp>(op))
    return fold.getNumFree();
  if (auto topk = dyn_cast<TopKOp>(op))
    return topk.getValues().getType().getRank();
  return cast<EinsumOp>(op).getNumFree();
}

static ExtentAttr extentOf(Operation *op, unsigned rank) {
  if (auto fold = dyn_cast<FoldOp>(op))
    return fold.getRankExtent(rank);
  if (auto topk = dyn_cast<TopKOp>(op))
    return rank < freeRanksOf(op) ? topk.getValues().getType().getExtent(rank)
                                  : topk.getOrderedExtent();
  return cast<EinsumOp>(op).getRankExtent(rank);
}

static AffineMap mapOf(Operation *op, unsigned input) {
  if (auto topk = dyn_cast<TopKOp>(op))
    return topk.getInputMap();
  return cast<AffineMapAttr>(op->getAttrOfType<ArrayAttr>("maps")[input]).getValue();
}

/// The labels of one result.
static SmallVector<int64_t> labelsOf(Value tensor) {
  if (auto fold = tensor.getDefiningOp<FoldOp>()) {
    ArrayRef<int64_t> labels = fold.getLabels(cast<OpResult>(tensor).getResultNumber());
    return SmallVector<int64_t>(labels);
  }
  return llvm::to_vector(llvm::seq<int64_t>(0, cast<TensorType>(tensor.getType()).getRank()));
}

static unsigned numRanksOf(Operation *op) { return op->getAttrOfType<ArrayAttr>("ranks").size(); }

static bool reduces(Operation *op) {
  auto einsum = dyn_cast<EinsumOp>(op);
  return !einsum || !einsum.getMonoids().empty();
}

/// True if operands are reused: each lacks a free rank that another one has. Coordinates
/// belong to what is read at them.
static bool reusesOperands(Operation *op) {
  SmallVector<unsigned> factors;
  auto coords = op->getAttrOfType<ArrayAttr>("coords");
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    if (!coords || cast<StringAttr>(coords[i]).getValue().empty())
      factors.push_back(i);
  if (!reduces(op) || factors.empty())
    return false;
  bool some = false, other = false;
  for (unsigned rank = 0; rank < freeRanksOf(op); ++rank)
    for (unsigned i : ArrayRef(factors).drop_front()) {
      bool first = movesAlong(op, factors.front(), rank), own = movesAlong(op, i, rank);
      some |= first && !own;
      other |= own && !first;
    }
  return some && other;
}

unsigned KernelShape::find(unsigned number) const {
  while (ranks[number].parent != number)
    number = ranks[number].parent = ranks[ranks[number].parent].parent;
  return number;
}

int KernelShape::numberOf(Operation *op) const {
  auto *it = op ? llvm::find(ops, op) : ops.end();
  return it == ops.end() ? -1 : it - ops.begin();
}

KernelShape::KernelShape(ArrayRef<Operation *> members, int64_t storedRows)
    : ops(members), storedRows(storedRows) {
  for (Operation *op : ops) {
    firstRank.push_back(ranks.size());
    SmallVector<StringRef> labels = strings(op->getAttrOfType<ArrayAttr>("ranks"));
    for (auto [rank, name] : llvm::enumerate(labels))
      ranks.push_back({static_cast<unsigned>(ranks.size()), name, extentOf(op, rank),
                       rank >= freeRanksOf(op), false});
  }
  if (!joinRanks())
    return;
  findWalks();
  if (checkParts() && checkBlocks() && checkSums() && checkParallelism())
    chooseNames();
}

//===----------------------------------------------------------------------===//
// One space
//===----------------------------------------------------------------------===//

/// The indices at which an own tensor is read are ranks of the reader.
bool KernelShape::joinOperand(unsigned consumer, unsigned input) {
  Operation *op = ops[consumer];
  Value tensor = op->getOperand(input);
  unsigned maker = numberOf(tensor.getDefiningOp());
  auto coords = op->getAttrOfType<ArrayAttr>("coords");
  if (coords && !cast<StringAttr>(coords[input]).getValue().empty()) {
    refusal = "coordinates are read from a tensor that would be the kernel's own";
    return false;
  }
  SmallVector<int64_t> labels = labelsOf(tensor);
  for (auto [dim, index] : llvm::enumerate(mapOf(op, input).getResults())) {
    auto at = shiftedLabel(index);
    if (!at || at->shift || extentOf(op, at->label) != extentOf(ops[maker], labels[dim])) {
      // Other coordinates than the reader's: a block has some more of the rank, or all.
      readElsewhere.push_back(node(maker, labels[dim]));
      if (at && at->label < freeRanksOf(op))
        shifted.push_back({node(maker, labels[dim]), node(consumer, at->label), at->shift});
      else
        ranks[find(node(maker, labels[dim]))].isReduced = true;
      continue;
    }
    unsigned a = find(node(maker, labels[dim])), b = find(node(consumer, at->label));
    if (a == b)
      continue;
    ranks[b].parent = a;
    ranks[a].isReduced |= ranks[b].isReduced;
  }
  return true;
}

/// Of what is read near the reader's own coordinates, a block has its part and some
/// more; of what else is read at other coordinates, all.
void KernelShape::findHaloes() {
  llvm::MapVector<unsigned, SmallVector<ShiftedRead>> reads; // by the rank that is read
  for (const ShiftedRead &read : shifted)
    reads[find(read.maker)].push_back(read);
  for (auto &[rank, all] : reads) {
    int64_t least = all.front().shift, most = least;
    for (const ShiftedRead &read : all) {
      least = std::min(least, read.shift);
      most = std::max(most, read.shift);
    }
    unsigned along = find(all.front().reader);
    bool isLast = llvm::any_of(
        llvm::seq<unsigned>(0, freeRanksOf(ops.back())),
        [&, rank = rank](unsigned own) { return find(node(ops.size() - 1, own)) == rank; });
    // What is followed follows nothing itself, so the order does not matter.
    bool follows =
        !ranks[rank].isReduced && !ranks[along].isReduced && !isLast && !reads.contains(along) &&
        isHalo(ranks[rank].extent, most - least) &&
        llvm::all_of(all, [&](const ShiftedRead &read) { return find(read.reader) == along; });
    if (follows)
      ranks[rank].follows = along;
    else
      ranks[rank].isReduced = true;
  }
}

bool KernelShape::joinRanks() {
  for (auto [number, op] : llvm::enumerate(ops))
    for (unsigned input = 0; input < op->getNumOperands(); ++input)
      if (isInternal(op->getOperand(input)) && !joinOperand(number, input))
        return false;
  findHaloes();
  // An op reads what it reads over ranks of its own: no two may be one.
  for (auto [number, op] : llvm::enumerate(ops)) {
    llvm::SmallSet<unsigned, 8> own;
    unsigned count = op->getAttrOfType<ArrayAttr>("ranks").size();
    for (unsigned rank = 0; rank < count; ++rank)
      if (!own.insert(find(node(number, rank))).second) {
        refusal = "one rank would be two ranks of an op";
        return false;
      }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Bounded parts
//===----------------------------------------------------------------------===//

/// True if what a block has of these ranks moves together.
bool KernelShape::isRank(unsigned number, unsigned rank) const {
  unsigned own = find(number);
  return own == rank || ranks[own].follows == rank;
}

bool KernelShape::hasRank(unsigned op, unsigned rank) const {
  unsigned count = numRanksOf(ops[op]);
  for (unsigned own = 0; own < count; ++own)
    if (isRank(node(op, own), rank))
      return true;
  return false;
}

bool KernelShape::keepsRank(unsigned op, unsigned rank) const {
  for (unsigned own = 0; own < freeRanksOf(ops[op]); ++own)
    if (isRank(node(op, own), rank))
      return true;
  return false;
}

/// Ranks that `ein-stage-kernels` will walk in chunks.
void KernelShape::findWalks() {
  for (auto [number, op] : llvm::enumerate(ops)) {
    if (auto fold = dyn_cast<FoldOp>(op)) {
      ranks[find(node(number, fold.getNumFree()))].isWalked = true;
      continue;
    }
    unsigned count = op->getAttrOfType<ArrayAttr>("ranks").size();
    for (unsigned rank = freeRanksOf(op); rank < count; ++rank) {
      unsigned root = find(node(number, rank));
      for (Value input : op->getOperands())
        if (int maker = numberOf(input.getDefiningOp()); maker >= 0 && keepsRank(maker, root))
          ranks[root].isWalked |= isWalkedInChunks(ranks[root].extent, isContracted(input, root));
    }
  }
}

bool KernelShape::isContracted(Value tensor, unsigned rank) const {
  int maker = numberOf(tensor.getDefiningOp());
  if (maker < 0 || !keepsRank(maker, rank))
    return false;
  return reduces(ops[maker]) || llvm::any_of(ops[maker]->getOperands(), [&](Value input) {
           return isContracted(input, rank);
         });
}

/// True if all that `op` computes along the rank ends in reductions of it here.
bool KernelShape::feedsWalk(unsigned op, unsigned rank) const {
  return llvm::all_of(ops[op]->getUsers(), [&](Operation *user) {
    int reader = numberOf(user);
    return reader >= 0 && hasRank(reader, rank) &&
           (!keepsRank(reader, rank) || feedsWalk(reader, rank));
  });
}

/// A tensor known for a chunk of a walked rank is read by what walks along.
bool KernelShape::checkWalked(unsigned op, Value tensor, unsigned rank) {
  if (!hasRank(op, rank)) {
    refusal = ("'" + ranks[rank].name + "' is read elsewhere while it is walked").str();
    return false;
  }
  if (keepsRank(op, rank) && !feedsWalk(op, rank)) {
    refusal =
        ("'" + ranks[rank].name + "' would be walked again for what is computed along it").str();
    return false;
  }
  auto einsum = dyn_cast<EinsumOp>(ops[op]);
  if (isa<FoldOp>(ops[op]) || keepsRank(op, rank))
    return true;
  if (!isContracted(tensor, rank)) {
    refusal = "nothing is saved by walking a rank in chunks for a map";
    return false;
  }
  if (einsum && !llvm::all_equal(einsum.getMonoids())) {
    refusal = "its reduced ranks have several monoids";
    return false;
  }
  return true;
}

/// True if `op` is a walk of its own: nobody else's walk can make its result chunk
/// by chunk.
bool KernelShape::walksItself(unsigned op) const {
  if (!isa<EinsumOp>(ops[op]))
    return true;
  return llvm::any_of(llvm::seq(freeRanksOf(ops[op]), numRanksOf(ops[op])),
                      [&](unsigned rank) { return ranks[find(node(op, rank))].isWalked; });
}

/// What is passed from op to op has a part of bounded size. A chunk serves readers
/// at their own coordinates only.
bool KernelShape::checkPassed(Value tensor) {
  unsigned maker = numberOf(tensor.getDefiningOp());
  int64_t kept = 1, most = kMostMapped;
  for (int64_t label : labelsOf(tensor)) {
    unsigned root = find(node(maker, label));
    const Rank &rank = ranks[root];
    bool isChunk = rank.isWalked && !walksItself(maker);
    if (isChunk && llvm::is_contained(readElsewhere, node(maker, label))) {
      refusal = ("a chunk of '" + rank.name + "' would be read at other coordinates").str();
      return false;
    }
    if (isChunk || !rank.isReduced)
      continue;
    if (isContracted(tensor, root))
      most = kMostKept;
    std::optional<int64_t> literal = rank.extent.getLiteral();
    if (!literal) {
      refusal = ("a tensor along '" + rank.name + "' would have no bounded part").str();
      return false;
    }
    kept *= *literal;
  }
  if (kept <= most)
    return true;
  refusal = "a block would have to keep " + std::to_string(kept) + " elements of a row";
  return false;
}

/// Operations that maps of the kernel spend on each element of `tensor` along the
/// rank.
unsigned KernelShape::mapCost(Value tensor, unsigned rank) const {
  int maker = numberOf(tensor.getDefiningOp());
  auto einsum = maker < 0 ? EinsumOp() : dyn_cast<EinsumOp>(ops[maker]);
  if (!einsum || reduces(einsum) || !keepsRank(maker, rank))
    return 0;
  unsigned cost = 0;
  for (Operation &inner : einsum.getBody().front().without_terminator())
    cost += costOf(inner);
  for (Value input : einsum.getInputs())
    cost += mapCost(input, rank);
  return cost;
}

/// A map whose elements each block of columns computes again has to be light, and its rows
/// few: many of them are worth a kernel of their own.
bool KernelShape::checkRepeated(unsigned op, Value tensor) {
  constexpr unsigned mostCost = 8;
  unsigned maker = numberOf(tensor.getDefiningOp());
  if (reduces(ops[maker]) || !reduces(ops[op]))
    return true;
  unsigned cost = 0;
  int64_t columns = 1;
  Rows rows;
  for (unsigned rank = 0, e = numRanksOf(ops[op]); rank < e; ++rank) {
    unsigned root = find(node(op, rank));
    bool isFree = rank < freeRanksOf(ops[op]);
    if (keepsRank(maker, root) && !isFree && !ranks[root].isWalked)
      cost = std::max(cost, mapCost(tensor, root));
    else if (keepsRank(maker, root) && isFree)
      rows.add(ranks[root].extent);
    else if (!keepsRank(maker, root) && isFree && isOfGrid(root))
      columns *= ranks[root].extent.getLiteral().value_or(kBlockPart + 1);
  }
  bool isStored = rows.areWorthStoring(storedRows) && cost && reusesOperands(ops[op]);
  if (columns <= kBlockPart || (cost <= mostCost && !isStored))
    return true;
  refusal = "each block of columns would compute its map again, which costs more than to store it";
  return false;
}

bool KernelShape::checkParts() {
  for (auto [number, op] : llvm::enumerate(ops)) {
    unsigned walked = 0;
    for (unsigned rank = freeRanksOf(op), e = numRanksOf(op); rank < e; ++rank)
      walked += isa<EinsumOp>(op) && ranks[find(node(number, rank))].isWalked;
    if (walked > 1) {
      refusal = "one reduction would walk two ranks in chunks";
      return false;
    }
  }
  for (auto [number, op] : llvm::enumerate(ops))
    for (Value tensor : op->getOperands()) {
      if (!isInternal(tensor))
        continue;
      if (!checkPassed(tensor) || !checkRepeated(number, tensor))
        return false;
      unsigned maker = numberOf(tensor.getDefiningOp());
      for (unsigned own = 0; own < freeRanksOf(ops[maker]); ++own) {
        unsigned root = find(node(maker, own));
        if (ranks[root].isWalked && !checkWalked(number, tensor, root))
          return false;
      }
    }
  return true;
}

//===----------------------------------------------------------------------===//
// Parallelism
//===----------------------------------------------------------------------===//

double KernelShape::pointsOf(unsigned op) const {
  double points = 1;
  for (unsigned rank = 0, e = numRanksOf(ops[op]); rank < e; ++rank)
    points *= typicalExtent(extentOf(ops[op], rank));
  return points;
}

double KernelShape::heaviestPoints() const {
  double heaviest = 1;
  for (unsigned op : everyOp())
    heaviest = std::max(heaviest, pointsOf(op));
  return heaviest;
}

/// A rank that some reduction lacks is not of the grid, if that would cost much to
/// repeat in each of its blocks.
bool KernelShape::isOfGrid(unsigned root) const {
  double heaviest = heaviestPoints();
  if (ranks[root].isReduced || ranks[root].follows)
    return false;
  return llvm::none_of(everyOp(), [&](unsigned op) {
    return reduces(ops[op]) && !hasRank(op, root) &&
           !isLightToRepeat(pointsOf(op), heaviest, ranks[root].extent);
  });
}

/// True if the result of `op` has a rank that is walked and another one, both of
/// run-time extent: it is never stored, whatever it costs to compute it again.
bool KernelShape::isOfTwoLengths(unsigned op) const {
  unsigned lengths = 0;
  bool isWalked = false;
  for (unsigned rank = 0; rank < freeRanksOf(ops[op]); ++rank) {
    const Rank &own = ranks[find(node(op, rank))];
    lengths += !own.extent.getLiteral();
    isWalked |= own.isWalked && !own.extent.getLiteral();
  }
  return isWalked && lengths > 1;
}

/// A reduction that lacks a rank of run-time extent is repeated by every block
/// along it.
bool KernelShape::checkBlocks() {
  // Ranks without a bound that an op reduces are thought to be those of low-rank
  // factors; what is known to be long is not computed again and again.
  constexpr double lowRank = 8;
  double heaviest = heaviestPoints();
  for (unsigned op : everyOp()) {
    if (!reusesOperands(ops[op]) || isOfTwoLengths(op))
      continue;
    double points = pointsOf(op);
    for (unsigned rank = freeRanksOf(ops[op]), e = numRanksOf(ops[op]); rank < e; ++rank)
      if (ExtentAttr extent = extentOf(ops[op], rank); !extent.getLiteral())
        points *= lowRank / typicalExtent(extent);
    for (unsigned other : everyOp())
      for (unsigned rank = 0; rank < freeRanksOf(ops[other]); ++rank) {
        unsigned root = find(node(other, rank));
        if (ranks[root].isReduced || ranks[root].isWalked || ranks[root].follows ||
            ranks[root].extent.getLiteral() || hasRank(op, root) ||
            isLightToRepeat(points, heaviest, ranks[root].extent))
          continue;
        refusal =
            ("each block of '" + ranks[root].name + "' would contract again what lacks it").str();
        return false;
      }
  }
  return true;
}

/// Blocks that there are at least, run-time extents counting as one coordinate.
int64_t KernelShape::leastBlocks(ArrayRef<unsigned> members) const {
  llvm::SmallSet<unsigned, 8> grid;
  for (unsigned op : members)
    for (unsigned rank = 0; rank < freeRanksOf(ops[op]); ++rank)
      grid.insert(find(node(op, rank)));
  int64_t blocks = 1;
  for (unsigned root : grid)
    if (std::optional<int64_t> literal = ranks[root].extent.getLiteral();
        literal && (members.size() == 1 || isOfGrid(root)))
      blocks *= *literal;
  return blocks;
}

/// True if what contractions make along the rank for `tensor` is never stored: it is
/// larger than what makes it.
bool KernelShape::isExpanded(Value tensor, unsigned rank) const {
  int maker = numberOf(tensor.getDefiningOp());
  if (maker < 0 || !keepsRank(maker, rank))
    return false;
  auto einsum = dyn_cast<EinsumOp>(ops[maker]);
  if (einsum && isContraction(einsum))
    return isExpansion(einsum) || isOfTwoLengths(maker);
  return llvm::any_of(ops[maker]->getOperands(),
                      [&](Value input) { return isExpanded(input, rank); });
}

/// The sums of a walk stay with the block while it walks. Columns that are not of the
/// grid it has all of: where they are many, each chunk moves them through the caches,
/// which costs more than to store what is walked. What is too large to store is walked in any
/// case, unless blocks would have all rows, too, as others of their ops would have to be repeated.
bool KernelShape::checkSums() {
  for (unsigned op : everyOp()) {
    auto einsum = dyn_cast<EinsumOp>(ops[op]);
    if (!walksItself(op) || (einsum && !isContraction(einsum)))
      continue;
    int64_t columns = 1;
    bool hasRows = false;
    for (unsigned rank = 0; rank < freeRanksOf(ops[op]); ++rank)
      if (unsigned root = find(node(op, rank)); !isOfGrid(root) && !ranks[root].follows) {
        int64_t extent = ranks[root].extent.getLiteral().value_or(1);
        columns *= extent;
        hasRows |= !ranks[root].isReduced && extent > 1;
      }
    bool expanded =
        !einsum ||
        llvm::any_of(llvm::seq(freeRanksOf(einsum), numRanksOf(einsum)), [&](unsigned rank) {
          return llvm::any_of(einsum.getInputs(),
                              [&](Value input) { return isExpanded(input, find(node(op, rank))); });
        });
    if (columns <= kMostSummed || (expanded && !hasRows))
      continue;
    refusal = "each chunk would go through the sums of " + std::to_string(columns) + " columns";
    return false;
  }
  return true;
}

/// A contraction of what another one computes may not leave most cores idle.
bool KernelShape::checkParallelism() {
  int64_t together = leastBlocks(llvm::to_vector(everyOp()));
  for (unsigned op : everyOp()) {
    if (!reusesOperands(ops[op]) || leastBlocks({op}) <= together || together >= 2)
      continue;
    // Columns that a block would have all of, of a result that may be stored.
    int64_t columns = 1;
    for (unsigned rank = 0; rank < freeRanksOf(ops[op]); ++rank)
      if (const Rank &own = ranks[find(node(op, rank))]; own.isReduced && !own.isWalked)
        columns *= own.extent.getLiteral().value_or(1);
    auto einsum = dyn_cast<EinsumOp>(ops[op]);
    bool idle = einsum && columns >= 2 * kBlockPart && !isExpansion(einsum);
    // A tensor with two run-time extents would grow without bound in memory.
    bool chained = llvm::any_of(ops[op]->getOperands(), [&](Value tensor) {
      if (!isInternal(tensor))
        return false;
      unsigned maker = numberOf(tensor.getDefiningOp());
      return llvm::none_of(labelsOf(tensor), [&](int64_t label) {
        const Rank &rank = ranks[find(node(maker, label))];
        return rank.isWalked && !rank.extent.getLiteral();
      });
    });
    if (chained || idle) {
      refusal = "few rows would leave cores idle";
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// Each shared rank keeps the name it has first; a name in use gets a number.
void KernelShape::chooseNames() {
  llvm::StringMap<unsigned> taken;
  for (unsigned i = 0; i < ranks.size(); ++i) {
    unsigned root = find(i);
    if (names.count(root))
      continue;
    std::string name = ranks[root].name.str();
    while (taken.count(name))
      name = ranks[root].name.str() + "_" + std::to_string(++taken[ranks[root].name]);
    taken[name] = 0;
    names[root] = name;
  }
}

void KernelShape::rename(Operation *op, unsigned number) const {
  SmallVector<StringRef> before = strings(op->getAttrOfType<ArrayAttr>("ranks"));
  SmallVector<Attribute> after;
  MLIRContext *context = op->getContext();
  llvm::StringMap<StringAttr> renamed;
  for (auto [rank, name] : llvm::enumerate(before)) {
    auto attr = StringAttr::get(context, names.lookup(find(node(number, rank))));
    after.push_back(attr);
    renamed[name] = attr;
  }
  op->walk([&](IndexOp index) { index.setRankAttr(renamed.lookup(index.getRank())); });
  op->setAttr("ranks", ArrayAttr::get(context, after));
}

} // namespace einfall::ein
