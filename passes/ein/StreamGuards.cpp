//===- StreamGuards.cpp - Which chunks may be skipped ---------------------===//
#include "passes/ein/StreamGuards.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "passes/ein/EmptySteps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
namespace {

/// A copy of a reduction whose body also holds those of the maps that it reads:
/// what follows from a condition in one of them is a question about one body.
class Spliced {
public:
  Spliced(Operation *reduction, ArrayRef<Operation *> members) : copy(reduction->clone()) {
    bool isFold = isa<FoldOp>(copy);
    Block &body = copy->getRegion(isFold ? 1 : 0).front();
    unsigned first = isFold ? cast<FoldOp>(copy).getStateTypes().size() : 0;
    unsigned count = copy->getNumOperands();
    for (unsigned input = 0; input < count; ++input)
      splice(reduction->getOperand(input), body.getArgument(first + input), body, members);
  }
  ~Spliced() { copy->destroy(); }

  /// True if an element where `condition`, of the body of `op`, has the value
  /// `holds` changes nothing.
  bool isEmptied(Value condition, bool holds, const EmptyRules &rules) {
    Value inside = scalars.lookupOrNull(condition);
    if (!inside)
      return false;
    if (auto fold = dyn_cast<FoldOp>(copy))
      return emptiesWhen(fold, inside, holds, rules);
    auto einsum = cast<EinsumOp>(copy);
    if (!llvm::all_equal(einsum.getMonoids()))
      return false;
    return emptiesWhen({Contribution{einsum.getMonoid(einsum.getNumFree()), einsum.getYielded()}},
                       inside, holds, rules);
  }
  void mapOwn(Operation *reduction) {
    for (auto [from, to] : llvm::zip(reduction->getRegions(), copy->getRegions()))
      for (auto [a, b] : llvm::zip(from.front(), to.front()))
        for (auto [x, y] : llvm::zip(a.getResults(), b.getResults()))
          scalars.map(x, y);
  }

private:
  void splice(Value tensor, Value argument, Block &body, ArrayRef<Operation *> members) {
    auto map = tensor.getDefiningOp<EinsumOp>();
    if (!map || !map.getMonoids().empty() || !llvm::is_contained(members, map.getOperation()))
      return;
    OpBuilder builder(copy->getContext());
    builder.setInsertionPointToStart(&body);
    Block &from = map.getBody().front();
    if (!scalars.contains(map.getYielded())) {
      for (auto [input, scalar] : llvm::zip(map.getInputs(), from.getArguments()))
        scalars.map(scalar, body.addArgument(scalar.getType(), scalar.getLoc()));
      for (Operation &op : from.without_terminator())
        builder.clone(op, scalars);
    }
    argument.replaceAllUsesWith(scalars.lookup(map.getYielded()));
  }

  Operation *copy;
  IRMapping scalars;
};

/// True if a condition of the body of `op` depends on an element of what another member makes. A
/// guard is asked before a chunk is computed, so it would read the member's tensor of the whole
/// rank, kept outside of the walk.
bool readsMember(Operation *op, Value condition, ArrayRef<Operation *> members) {
  bool isFold = isa<FoldOp>(op);
  Block &body = op->getRegion(isFold ? 1 : 0).front();
  unsigned first = isFold ? cast<FoldOp>(op).getStateTypes().size() : 0;
  SmallVector<Value> todo = {condition};
  llvm::SmallDenseSet<Value> seen;
  while (!todo.empty()) {
    Value value = todo.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (Operation *made = value.getDefiningOp()) {
      llvm::append_range(todo, made->getOperands());
      continue;
    }
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != &body || argument.getArgNumber() < first ||
        argument.getArgNumber() - first >= op->getNumOperands())
      continue;
    Operation *source = op->getOperand(argument.getArgNumber() - first).getDefiningOp();
    if (source && llvm::is_contained(members, source))
      return true;
  }
  return false;
}

} // namespace

SmallVector<StreamGuard> findGuards(ArrayRef<Operation *> members, ArrayRef<Operation *> reductions,
                                    bool withFiniteMasks) {
  SmallVector<StreamGuard> found;
  std::vector<std::unique_ptr<Spliced>> copies;
  for (Operation *op : reductions) {
    copies.push_back(std::make_unique<Spliced>(op, members));
    if (reductions.size() == 1)
      copies.back()->mapOwn(op);
  }
  EmptyRules finite;
  finite.minusInfinityFrom = kFiniteMask;
  auto look = [&](Operation *op, Block &body) {
    for (Value condition : candidateConditions(body)) {
      if (readsMember(op, condition, members))
        continue;
      for (bool holds : {false, true})
        for (bool needsSight : {false, true})
          if ((withFiniteMasks || !needsSight) && llvm::all_of(copies, [&](auto &copy) {
                return copy->isEmptied(condition, holds, needsSight ? finite : EmptyRules());
              })) {
            found.push_back({op, condition, !holds, needsSight});
            return; // wholes stand before their parts
          }
    }
  };
  for (Operation *op : members)
    if (auto map = dyn_cast<EinsumOp>(op); map && map.getMonoids().empty())
      look(op, map.getBody().front());
  if (reductions.size() == 1)
    look(reductions[0], reductions[0]->getRegion(isa<FoldOp>(reductions[0]) ? 1 : 0).front());
  return found;
}

} // namespace einfall::ein
