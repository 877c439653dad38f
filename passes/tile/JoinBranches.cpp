//===- JoinBranches.cpp - Once what both ways of a branch do --------------===//
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "passes/tile/Passes.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILEJOINBRANCHES
#include "passes/tile/Passes.h.inc"

namespace {

/// Fewer instructions are not worth a meeting point.
constexpr int64_t kLeastShared = 64;

/// More values would have to be kept where the ways meet.
constexpr size_t kMostMerged = 4;

/// A program of more instructions takes an assembler more than half a second.
constexpr int64_t kLongProgram = 2300;

constexpr int64_t kWarp = 32;

/// How many elements of a tile a thread has.
int64_t elementsOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return 1;
  FragmentAttr fragment = fragmentOf(type);
  int64_t warps = fragment ? fragment.getRowWarps() * fragment.getColumnWarps() : 1;
  return std::max<int64_t>(1, type.getNumElements() / (kWarp * warps));
}

/// For one element.
int64_t instructionsOf(Operation *op) {
  if (isa<math::ExpOp, math::Exp2Op, arith::DivFOp>(op))
    return 3;
  bool isFunction =
      isa_and_present<math::MathDialect>(op->getDialect()) && !isa<math::FmaOp, math::AbsFOp>(op);
  return isFunction ? 16 : 1;
}

/// About how many instructions a thread runs for `op` and what is in it.
int64_t weigh(Operation *op) {
  int64_t weight = 0;
  op->walk([&](Operation *inner) {
    if (isa<BroadcastOp>(inner)) // is none
      return;
    if (auto product = dyn_cast<MmaOp>(inner)) // of four elements, or of one by one
      weight += product.getLhs().getType().getElementType().isF32()
                    ? elementsOf(product.getAcc()) * product.getLhs().getType().getDimSize(1)
                    : elementsOf(product.getAcc()) / 4;
    else if (isa<LoadFactorOp, AsFactorOp>(inner)) // of eight, and of two
      weight += elementsOf(inner->getResult(0)) / 8;
    else if (auto reduce = dyn_cast<ReduceOp>(inner))
      weight += elementsOf(reduce.getSource());
    else if (inner->getNumResults() == 1)
      weight += elementsOf(inner->getResult(0)) * instructionsOf(inner);
    else
      ++weight;
  });
  return weight;
}

int64_t weigh(ArrayRef<Operation *> ops) {
  int64_t weight = 0;
  for (Operation *op : ops)
    weight += weigh(op);
  return weight;
}

/// The operations that both ways of a branch end with, of values that may differ.
class Tail {
public:
  explicit Tail(scf::IfOp branch);

  int64_t weight() const { return weigh(ArrayRef(then).take_back(length)); }
  /// Writes it once, behind the branch.
  void join();

private:
  bool readSame(Operation *a, Operation *b);
  bool isBefore(Value value, ArrayRef<Operation *> ops) const;
  LogicalResult choose(Value first, Value second);
  bool fits(size_t length);

  scf::IfOp branch;
  SmallVector<Operation *> then, otherwise;
  size_t length = 0;
  IRMapping same; // of the second way: the value of the first
  // Of the first way, what is read in place of another value of the second, and what is read
  // that is the same.
  llvm::MapVector<Value, Value> chosen;
  llvm::DenseSet<Value> kept;
};

SmallVector<Operation *> operationsOf(Block *block) {
  return llvm::map_to_vector(block->without_terminator(), [](Operation &op) { return &op; });
}

Tail::Tail(scf::IfOp branch)
    : branch(branch), then(operationsOf(branch.thenBlock())),
      otherwise(operationsOf(branch.elseBlock())) {
  size_t looksSame = 0;
  while (looksSame < std::min(then.size(), otherwise.size()) &&
         OperationEquivalence::isEquivalentTo(then[then.size() - 1 - looksSame],
                                              otherwise[otherwise.size() - 1 - looksSame],
                                              OperationEquivalence::ignoreValueEquivalence, nullptr,
                                              OperationEquivalence::IgnoreLocations))
    ++looksSame;
  // Where it begins, more may look the same than is.
  while (looksSame && !fits(looksSame))
    --looksSame;
}

/// Whether both, which look the same, read the same or what can be chosen before.
bool Tail::readSame(Operation *a, Operation *b) {
  auto choices = llvm::zip(a->getOperands(), b->getOperands());
  if (!llvm::all_of(choices, [&](auto pair) {
        return succeeded(choose(std::get<0>(pair), std::get<1>(pair)));
      }))
    return false;
  for (auto [own, other] : llvm::zip(a->getRegions(), b->getRegions()))
    for (auto [first, second] : llvm::zip(own, other)) {
      same.map(second.getArguments(), first.getArguments());
      for (auto [x, y] : llvm::zip(first, second))
        if (!readSame(&x, &y))
          return false;
    }
  same.map(b->getResults(), a->getResults());
  return true;
}

bool Tail::isBefore(Value value, ArrayRef<Operation *> ops) const {
  return llvm::none_of(ops.take_back(length), [&](Operation *op) {
    return value.getDefiningOp() == op || op->isAncestor(value.getParentRegion()->getParentOp());
  });
}

/// Whether one value can be read that is `first` or `second`, depending on the way: memory cannot
/// be chosen.
LogicalResult Tail::choose(Value first, Value second) {
  Value other = same.lookupOrDefault(second);
  auto found = chosen.find(first);
  if (other == first) {
    kept.insert(first);
    return success(found == chosen.end());
  }
  if (found != chosen.end())
    return success(found->second == other);
  if (isa<MemRefType>(first.getType()) || kept.contains(first) ||
      first.getType() != other.getType() || chosen.size() == kMostMerged ||
      !isBefore(first, then) || !isBefore(second, otherwise))
    return failure();
  chosen[first] = other;
  return success();
}

/// Whether the last `count` operations are the same of what is there before, and so is what
/// both ways yield.
bool Tail::fits(size_t count) {
  length = count;
  same.clear();
  chosen.clear();
  kept.clear();
  auto isSame = [&](auto pair) { return readSame(std::get<0>(pair), std::get<1>(pair)); };
  auto isChosen = [&](auto pair) {
    return succeeded(choose(std::get<0>(pair), std::get<1>(pair)));
  };
  bool all = llvm::all_of(
      llvm::zip(ArrayRef(then).take_back(count), ArrayRef(otherwise).take_back(count)), isSame);
  if (all &&
      llvm::all_of(llvm::zip(branch.thenYield().getOperands(), branch.elseYield().getOperands()),
                   isChosen))
    return true;
  length = 0;
  return false;
}

void Tail::join() {
  OpBuilder builder(branch);
  Location loc = branch.getLoc();
  SmallVector<Value> firsts, seconds;
  for (auto [first, second] : chosen) {
    firsts.push_back(first);
    seconds.push_back(second);
  }
  auto left = scf::IfOp::create(builder, loc, ValueRange(firsts).getTypes(), branch.getCondition(),
                                /*withElse=*/true);
  auto fill = [&](Block *block, ArrayRef<Operation *> ops, ValueRange yields) {
    if (!block->empty())
      block->back().erase();
    for (Operation *op : ops.drop_back(length))
      op->moveBefore(block, block->end());
    builder.setInsertionPointToEnd(block);
    scf::YieldOp::create(builder, loc, yields);
  };
  fill(left.thenBlock(), then, firsts);
  fill(left.elseBlock(), otherwise, seconds);
  IRMapping met;
  met.map(firsts, left.getResults());
  for (auto [result, own] : llvm::zip(branch.getResults(), branch.thenYield().getOperands()))
    result.replaceAllUsesWith(met.lookupOrDefault(own));
  for (Operation *end : ArrayRef(then).take_back(length)) {
    end->moveBefore(branch);
    end->walk([&](Operation *op) {
      for (OpOperand &operand : op->getOpOperands())
        operand.set(met.lookupOrDefault(operand.get()));
    });
  }
  branch.erase();
  if (left.getNumResults() == 0 && left.thenBlock()->without_terminator().empty() &&
      left.elseBlock()->without_terminator().empty())
    left.erase();
}

/// Writes once, before the branch, what both ways begin with.
void joinHeads(scf::IfOp branch) {
  SmallVector<Operation *> then = operationsOf(branch.thenBlock());
  SmallVector<Operation *> otherwise = operationsOf(branch.elseBlock());
  for (auto [own, other] : llvm::zip(then, otherwise)) {
    if (!OperationEquivalence::isEquivalentTo(own, other, OperationEquivalence::IgnoreLocations))
      return;
    own->moveBefore(branch);
    other->replaceAllUsesWith(own);
    other->erase();
  }
}

struct JoinBranchesPass : impl::TileJoinBranchesBase<JoinBranchesPass> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>())
      if (program->hasAttr(kProgram) && !program.isExternal())
        run(program);
  }

private:
  static SmallVector<scf::IfOp> branchesOf(func::FuncOp program) {
    SmallVector<scf::IfOp> branches;
    program.walk([&](scf::IfOp branch) { // inner ones first
      if (branch.elseBlock())
        branches.push_back(branch);
    });
    return branches;
  }

  void run(func::FuncOp program) {
    for (scf::IfOp branch : branchesOf(program))
      if (Tail tail(branch); tail.weight() >= kLeastShared) {
        tail.join();
        ++numTails;
      }
    if (weigh(program) <= kLongProgram)
      return;
    ++numLong;
    llvm::for_each(branchesOf(program), joinHeads);
  }
};

} // namespace

} // namespace einfall::tile
