//===- RowsAtOnce.cpp - Walks along several rows beside one another --------===//
#include "passes/ein-to-tile/RowsAtOnce.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/Matchers.h"
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace einfall {
namespace {

/// Shorter rows are in the cache before much could run beside them.
constexpr int64_t kShortRow = 1024;
/// An extent that is known at run time only counts as this.
constexpr int64_t kTypicalRow = 4096;
constexpr int64_t kVectors = 2;    // of a step: what several walks keep in registers is much
constexpr int64_t kRegisters = 32; // that hold the sums and constants of all walks
constexpr int64_t kAheadBytes = 8192;

class Planner {
public:
  Planner(ein::KernelOp kernel, const std::vector<Stage> &stages, const BlockPlan &plan,
          const TileTarget &target)
      : kernel(kernel), stages(stages), plan(plan), target(target) {}

  std::optional<RowsAtOnce> run() {
    if (target.warps || target.warpLanes || !target.walksBlocks || plan.grid.empty() ||
        target.vectorRegisters < kRegisters ||
        llvm::any_of(
            llvm::seq<unsigned>(0, kernel.getNumResults()),
            [&](unsigned i) { return kernel.getInPlaceOperand(i).has_value(); }))
      return std::nullopt;
    found.rows = plan.grid.back();
    if (!goesRowByRow())
      return std::nullopt;
    for (const Stage &stage : stages)
      if (!add(stage))
        return std::nullopt;
    if (found.last < 2 || found.extent.getLiteral().value_or(kTypicalRow) < kShortRow || !fits())
      return std::nullopt;
    found.slots = llvm::PowerOf2Ceil(found.last + 1);
    // Memory has no more slots than their rank has coordinates.
    if (plan.ranks.find(found.rows)->second.extent.getLiteral().value_or(found.slots) < found.slots)
      return std::nullopt;
    found.tile = kVectors * target.lanesOf(4);
    return found;
  }

private:
  /// True if blocks are numbered like rows, but for the part of their last rank, which the user
  /// did not choose: a row's coordinates follow from its number.
  bool goesRowByRow() const {
    auto given = kernel->getAttrOfType<tile::ScheduleAttr>(tile::kSchedule);
    auto partOf = [&](StringRef label) { return plan.ranks.find(label)->second.part; };
    if (given && given.getRanks().contains(found.rows) && partOf(found.rows) != 1)
      return false;
    return llvm::all_of(ArrayRef(plan.grid).drop_back(),
                        [&](StringRef label) { return partOf(label) == 1; });
  }

  /// Each rank of the grid counts rows. What lacks one is made for several of them, and goes
  /// round in memory with none of them; what alone has one, like the columns of a product,
  /// reads nothing of a row of its own.
  bool hasRows(ein::EinsumOp op) const {
    return llvm::all_of(plan.grid, [&](StringRef label) {
      int64_t rank = op.findRank(label);
      return rank >= 0 && rank < op.getNumFree();
    });
  }

  /// The rank of `op` along the row; -1 without one, nothing where it has others.
  std::optional<int64_t> alongOf(ein::EinsumOp op) {
    int64_t along = -1;
    for (int64_t rank = 0; rank < op.getNumRanks(); ++rank) {
      StringRef label = op.getRankName(rank);
      const BlockPlan::Rank &cut = plan.ranks.find(label)->second;
      if (cut.isStreamed || cut.isOfParts || !cut.follows.empty())
        return std::nullopt;
      if (llvm::is_contained(plan.grid, label))
        continue;
      if (along >= 0 || (found.extent && found.extent != op.getRankExtent(rank)))
        return std::nullopt;
      found.extent = op.getRankExtent(rank);
      along = rank;
    }
    return along;
  }

  static bool isNarrow(Value tensor) {
    Type element = cast<ein::TensorType>(tensor.getType()).getElementType();
    return element.isIntOrFloat() && element.getIntOrFloatBitWidth() <= 32;
  }

  /// True if what another op of the kernel made is read where it was made.
  bool readsInPlace(ein::EinsumOp op, unsigned number, int64_t along) {
    auto maker = op.getInputs()[number].getDefiningOp<ein::EinsumOp>();
    if (!maker)
      return true;
    for (auto [dim, index] : llvm::enumerate(op.getMap(number).getResults())) {
      auto at = dyn_cast<AffineDimExpr>(index);
      StringRef label = maker.getRankName(dim);
      if (!at || (llvm::is_contained(plan.grid, label) ? op.getRankName(at.getPosition()) != label
                                                       : (int64_t)at.getPosition() != along))
        return false;
    }
    return true;
  }

  bool add(const Stage &stage) {
    if (!stage.root || stage.update)
      return false;
    std::optional<int64_t> walks = alongOf(stage.root);
    if (!walks)
      return false;
    SmallVector<ein::EinsumOp> ops{stage.root};
    llvm::append_range(ops, stage.epilogue);
    int64_t behind = 0;
    for (ein::EinsumOp op : ops) {
      std::optional<int64_t> along = alongOf(op);
      if (!along || !hasRows(op) || !isNarrow(op.getResult()) || (*along >= 0 && *walks < 0) ||
          (op != stage.root && !op.getMonoids().empty()))
        return false;
      for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
        Value input = op.getInputs()[i];
        if (!isNarrow(input) ||
            !llvm::all_of(op.getMap(i).getResults(), llvm::IsaPred<AffineDimExpr>) ||
            !readsInPlace(op, i, *along))
          return false;
        if (auto made = madeBehind.find(input); made != madeBehind.end())
          behind = std::max(behind, made->second);
      }
    }
    // Of what is made along the row, the next walk has each tile before it is made anew.
    for (ein::EinsumOp op : ops)
      for (Value input : op.getInputs())
        if (auto made = madeBehind.find(input);
            made != madeBehind.end() && rowBytes.count(input) && behind > made->second + 1)
          return false;
    bool reduces = *walks >= ops.front().getNumFree();
    for (ein::EinsumOp op : ops) {
      madeBehind[op.getResult()] = behind + (reduces ? 1 : 0);
      addBytes(op.getResult(), op, op.getNumFree(), behind);
      for (Value input : op.getInputs())
        if (isa<BlockArgument>(input))
          addBytes(input, op, op.getNumRanks(), behind);
    }
    found.behind.push_back(behind);
    found.walks.push_back(*walks >= 0);
    if (*walks >= 0)
      found.last = std::max(found.last, behind);
    return true;
  }

  /// Counts the bytes of a row of a tensor, if it has one.
  void addBytes(Value tensor, ein::EinsumOp op, int64_t numRanks, int64_t behind) {
    found.firstRead.try_emplace(tensor, behind);
    lastRead[tensor] = std::max(lastRead.lookup(tensor), behind);
    std::optional<int64_t> along = alongOf(op);
    if (*along < 0 || *along >= numRanks)
      return;
    auto type = cast<ein::TensorType>(tensor.getType());
    rowBytes[tensor] = found.extent.getLiteral().value_or(kTypicalRow) *
                       std::max(1u, type.getElementType().getIntOrFloatBitWidth() / 8);
  }

  /// Blocks of whole rows have theirs in the cache, and those of the next block on their way.
  bool fits() {
    int64_t own = 0, whole = 0, part = plan.ranks.find(found.rows)->second.part;
    for (auto [tensor, bytes] : rowBytes) {
      bool isOperand = isa<BlockArgument>(tensor);
      bool isShared = isOperand && !dependsOnRows(tensor);
      own += bytes * (isOperand && !isShared
                          ? lastRead.lookup(tensor) - found.firstRead.lookup(tensor) + 1
                          : 1);
      whole += bytes * (isShared ? 1 : isOperand ? 2 * part : part);
    }
    return own <= std::max(whole, target.firstCacheBytes);
  }

  bool dependsOnRows(Value tensor) {
    return llvm::any_of(tensor.getUses(), [&](OpOperand &use) {
      auto op = dyn_cast<ein::EinsumOp>(use.getOwner());
      int64_t rank = op ? op.findRank(found.rows) : -1;
      return rank >= 0 && op.getMap(use.getOperandNumber()).isFunctionOfDim(rank);
    });
  }

  ein::KernelOp kernel;
  const std::vector<Stage> &stages;
  const BlockPlan &plan;
  const TileTarget &target;
  RowsAtOnce found;
  DenseMap<Value, int64_t> madeBehind; // the first who may read it is so far behind
  DenseMap<Value, int64_t> lastRead, rowBytes;
};

/// True if the operation, or one within, uses a result of one of `makers`.
bool dependsOn(Operation *op, const llvm::SmallPtrSetImpl<Operation *> &makers) {
  return op
      ->walk([&](Operation *inner) {
        bool uses = llvm::any_of(inner->getOperands(), [&](Value operand) {
          return operand.getDefiningOp() && makers.contains(operand.getDefiningOp());
        });
        return uses ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// The memory that operations within store to.
llvm::SmallPtrSet<Value, 4> storedBy(ArrayRef<Operation *> ops) {
  llvm::SmallPtrSet<Value, 4> stored;
  for (Operation *op : ops)
    op->walk([&](tile::StoreOp store) { stored.insert(store.getBuffer()); });
  return stored;
}

/// True if a walk reads a number that one of `late`, which come before it, stores. Each has
/// its own tiles of memory along the row, to which walks store too.
bool needsNumberOf(ArrayRef<Operation *> late, scf::ForOp walk, ArrayRef<Operation *> walks) {
  llvm::SmallPtrSet<Value, 4> stored = storedBy(late), rows = storedBy(walks);
  return walk
      ->walk([&](tile::LoadOp load) {
        bool needs = stored.contains(load.getBuffer()) && !rows.contains(load.getBuffer());
        return needs ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Makes one loop of the `count` walks of a block, in their order. What needs none of their
/// results comes before it, the rest behind it. That keeps its order, or what whole tiles leave
/// over of a row would be overwritten before the walk of the row before it has read it.
void runBeside(Block &block, int64_t tile, unsigned count) {
  SmallVector<Operation *> walks, late;
  for (Operation &op : block.without_terminator())
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      if (!isConstantIntValue(loop.getStep(), tile))
        return;
      walks.push_back(loop);
    }
  SmallVector<scf::ForOp> loops;
  llvm::SmallPtrSet<Operation *, 32> makers;
  for (Operation &op : block.without_terminator()) {
    auto loop = dyn_cast<scf::ForOp>(op);
    bool isLate = dependsOn(&op, makers) || (!loop && !late.empty() && !isMemoryEffectFree(&op));
    if (loop && (isLate || needsNumberOf(late, loop, walks)))
      return;
    if (loop)
      loops.push_back(loop);
    else if (isLate)
      late.push_back(&op);
    if (loop || isLate)
      makers.insert(&op);
  }
  if (loops.size() != count || count < 2)
    return;
  SmallVector<Value> init;
  for (scf::ForOp loop : loops)
    llvm::append_range(init, loop.getInitArgs());
  OpBuilder builder(block.getTerminator());
  auto all = scf::ForOp::create(builder, loops.front().getLoc(), loops.front().getLowerBound(),
                                loops.front().getUpperBound(), loops.front().getStep(), init);
  for (Operation *op : late)
    op->moveBefore(block.getTerminator());
  Block *body = all.getBody();
  SmallVector<Value> yielded;
  unsigned next = 0;
  for (scf::ForOp loop : loops) {
    loop.getInductionVar().replaceAllUsesWith(all.getInductionVar());
    for (BlockArgument carried : loop.getRegionIterArgs()) {
      carried.replaceAllUsesWith(all.getRegionIterArg(next));
      loop.getResult(carried.getArgNumber() - 1).replaceAllUsesWith(all.getResult(next++));
    }
    Operation *end = loop.getBody()->getTerminator();
    llvm::append_range(yielded, end->getOperands());
    auto place = !body->empty() && body->back().hasTrait<OpTrait::IsTerminator>()
                     ? body->back().getIterator()
                     : body->end();
    body->getOperations().splice(place, loop.getBody()->getOperations(), loop.getBody()->begin(),
                                 end->getIterator());
    loop.erase();
  }
  if (!body->empty() && body->back().hasTrait<OpTrait::IsTerminator>())
    body->back().erase();
  builder.setInsertionPointToEnd(body);
  scf::YieldOp::create(builder, all.getLoc(), yielded);
}

} // namespace

std::optional<RowsAtOnce> planRowsAtOnce(ein::KernelOp kernel, const std::vector<Stage> &stages,
                                         const BlockPlan &plan, const TileTarget &target) {
  return Planner(kernel, stages, plan, target).run();
}

/// Memory of what passes between stages. Of what has the row there is one: who reads it a row
/// later does so tile by tile before it is made anew. Numbers of a row are kept for all rows
/// that are under way.
void StagedLowering::makeRowLocals(const std::vector<Stage> &stages) {
  BlockPlan::Rank &rows = plan.ranks.find(rowsAtOnce->rows)->second;
  for (auto [number, current] : llvm::enumerate(stages)) {
    ein::EinsumOp root = current.root;
    SmallVector<Value> made{root.getResult()};
    for (ein::EinsumOp op : current.epilogue)
      made.push_back(op.getResult());
    bool hasRow = rowsAtOnce->walks[number] && root.getMonoids().empty();
    rows.part = hasRow ? 1 : rowsAtOnce->slots;
    makeLocals(current);
    rows.part = 1;
    for (Value tensor : made)
      if (auto it = locals.find(tensor); hasRow && it != locals.end())
        for (auto [dim, label] : llvm::enumerate(plan.labelsOf(tensor)))
          if (llvm::is_contained(plan.grid, label))
            it->second.layout.strides[dim] = 0;
  }
}

/// Stands at row `number` of all.
void StagedLowering::enterRowOf(Value number) {
  Value rest = number;
  for (StringRef label : llvm::reverse(plan.grid)) {
    Value place = rest;
    if (label != plan.grid.front()) {
      Value count = expand(symbols.expr(plan.ranks.find(label)->second.extent), {});
      place = arith::RemUIOp::create(builder, loc, rest, count);
      rest = arith::DivUIOp::create(builder, loc, rest, count);
    }
    enterBox(label, place, arith::AddIOp::create(builder, loc, place, constant(1)));
  }
  // Memory of numbers goes round by the row's.
  Value slot = arith::AndIOp::create(builder, loc, number, constant(rowsAtOnce->slots - 1));
  Value &begin =
      symbolValues[symbols.numExtents + plan.ranks.find(rowsAtOnce->rows)->second.number];
  begin = arith::SubIOp::create(builder, loc, begin, slot);
}

/// The stages over the rows from `begin` to `end`: together where all of them have a row.
void StagedLowering::emitRowsAtOnce(const std::vector<Stage> &stages, Value begin, Value end) {
  makeRowLocals(stages);
  const RowsAtOnce &rows = *rowsAtOnce;
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  auto emitBehind = [&](int64_t behind) {
    for (auto [number, stage] : llvm::enumerate(stages))
      if (rows.behind[number] == behind) {
        behindNow = behind;
        emitPart(stage);
      }
  };
  Value stop = arith::AddIOp::create(builder, loc, end, constant(rows.last));
  auto each = scf::ForOp::create(builder, loc, begin, stop, constant(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(each.getBody());
  auto rowBehind = [&](int64_t behind) -> Value {
    return arith::SubIOp::create(builder, loc, each.getInductionVar(), constant(behind));
  };
  auto exists = [&](Value first, Value last) -> Value {
    return arith::AndIOp::create(builder, loc, compare(arith::CmpIPredicate::sge, first, begin),
                                 compare(arith::CmpIPredicate::slt, last, end));
  };
  Value all = exists(rowBehind(rows.last), each.getInductionVar());
  auto branch = scf::IfOp::create(builder, loc, all, /*withElse=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  for (int64_t behind = rows.last; behind >= 0; --behind) {
    enterRowOf(rowBehind(behind));
    emitBehind(behind);
  }
  runBeside(*branch.thenBlock(), rows.tile, llvm::count(rows.walks, true));
  builder.setInsertionPointToStart(branch.elseBlock());
  for (int64_t behind = rows.last; behind >= 0; --behind) {
    Value row = rowBehind(behind);
    OpBuilder::InsertionGuard inner(builder);
    auto some = scf::IfOp::create(builder, loc, exists(row, row), /*withElse=*/false);
    builder.setInsertionPointToStart(some.thenBlock());
    enterRowOf(row);
    emitBehind(behind);
  }
}

/// The first stage that reads an operand's row asks for what comes next, over its end too.
void StagedLowering::planNextRow(ArrayRef<Access> reads) {
  nextRank = -1;
  for (unsigned rank = 0; rank < root.getNumRanks(); ++rank)
    if (!llvm::is_contained(plan.grid, root.getRankName(rank)))
      nextRank = rank;
  if (nextRank < 0)
    return;
  for (auto [input, read] : llvm::zip(root.getInputs(), reads)) {
    auto argument = dyn_cast<BlockArgument>(input);
    int64_t rows = root.findRank(rowsAtOnce->rows);
    if (!argument || rows < 0 || !read.dependsOn(rows) || !read.isUnitStride(nextRank) ||
        rowsAtOnce->firstRead.lookup(input) != behindNow)
      continue;
    Type element = cast<ein::TensorType>(input.getType()).getElementType();
    int64_t bytes = std::max(1u, element.getIntOrFloatBitWidth() / 8);
    nextOperands[buffers[argument.getArgNumber()]] = kAheadBytes / bytes;
  }
}

} // namespace einfall
