//===- SplitFolds.cpp - A long fold becomes many short ones ---------------===//
//
// A fold of few rows over a long rank (attention of one query over a cache) is one walk a
// row: few blocks, most of the machine idle. Its states merge (lib/Algebra/Fold.h), so parts
// of the rank are folded side by side, by a kernel whose grid has them as a rank of its own,
// and a second kernel folds the parts' states by `merge`.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinMonoids.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/ein/Passes.h"
#include "passes/ein/Reducers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall::ein {
#define GEN_PASS_DEF_EINSPLITFOLDS
#include "passes/ein/Passes.h.inc"

namespace {

/// Parts of a rank.
constexpr int64_t kMostParts = 128;

/// Operations of a kernel's body, in order.
using Members = llvm::SmallSetVector<Operation *, 8>;

/// Adds `op` and what of the same block it is made of, as far as `end`.
void addWithMakers(Operation *op, Members &members, Operation *end = nullptr) {
  if (members.contains(op) || op == end)
    return;
  for (Value operand : op->getOperands())
    if (Operation *maker = operand.getDefiningOp(); maker && maker->getBlock() == op->getBlock())
      addWithMakers(maker, members, end);
  members.insert(op);
}

/// True if `op` reduces all of its ranks by one monoid that merges, the outermost one of
/// what the kernel computes along it.
bool walksLikeFold(EinsumOp op) {
  if (op.getMonoids().empty() || !llvm::all_equal(op.getMonoids()) ||
      isArg(op.getMonoid(op.getNumFree())) ||
      op.getYielded().getType() != op.getResult().getType().getElementType())
    return false;
  StringRef walked = op.getRankName(op.getNumFree());
  return llvm::any_of(op.getInputs(), [&](Value input) {
    auto maker = input.getDefiningOp<EinsumOp>();
    int64_t rank = maker ? maker.findRank(walked) : -1;
    return rank >= 0 && !maker.isReduced(rank);
  });
}

/// The reduction as a fold of one state.
FoldOp foldOf(EinsumOp op) {
  OpBuilder builder(op);
  Monoid monoid = op.getMonoid(op.getNumFree());
  Type element = op.getResult().getType().getElementType();
  Location loc = op.getLoc();
  SmallVector<Attribute> extents;
  for (int64_t rank = op.getNumFree(); rank < op.getNumRanks(); ++rank)
    extents.push_back(op.getRankExtent(rank));
  OperationState state(loc, FoldOp::getOperationName());
  state.addOperands(op.getInputs());
  state.addTypes(op->getResultTypes());
  for (StringRef name : {"ranks", "maps", "coords", "symbols", "partial", "fills"})
    if (Attribute value = op->getAttr(name))
      state.addAttribute(name, value);
  state.addAttribute("extents", builder.getArrayAttr(extents));
  auto labels = llvm::to_vector(llvm::seq<int64_t>(0, op.getNumFree()));
  state.addAttribute("labels", builder.getArrayAttr(builder.getDenseI64ArrayAttr(labels)));
  for (unsigned i = 0; i < 4; ++i)
    state.addRegion();
  auto fold = cast<FoldOp>(builder.create(state));
  auto block = [&](Region &region, unsigned states, bool elements) {
    Block *made = builder.createBlock(&region);
    made->addArguments(SmallVector<Type>(states, element), SmallVector<Location>(states, loc));
    for (Value input : op.getInputs())
      if (elements)
        made->addArgument(cast<TensorType>(input.getType()).getElementType(), loc);
    return made;
  };
  auto yield = [&](Value value) { YieldOp::create(builder, loc, value); };
  OpBuilder::InsertionGuard guard(builder);
  block(fold.getInit(), 0, false);
  yield(arith::ConstantOp::create(builder, loc, identityOf(monoid, element)));
  Block *step = block(fold.getStep(), 1, true);
  IRMapping scalars;
  for (auto [from, to] :
       llvm::zip(op.getBody().front().getArguments(), step->getArguments().drop_front()))
    scalars.map(from, to);
  for (Operation &inner : op.getBody().front().without_terminator())
    builder.clone(inner, scalars);
  yield(
      combineScalars(builder, loc, monoid, step->getArgument(0), scalars.lookup(op.getYielded())));
  Block *merge = block(fold.getMerge(), 2, true);
  yield(combineScalars(builder, loc, monoid, merge->getArgument(0), merge->getArgument(1)));
  yield(block(fold.getFinish(), 1, true)->getArgument(0));
  return fold;
}

/// Splits the fold of one kernel.
class FoldSplitter {
public:
  FoldSplitter(KernelOp kernel, int64_t length, int64_t mostRows)
      : kernel(kernel), body(kernel.getBody().front()), length(length), mostRows(mostRows) {}

  /// True if the kernel was replaced by two.
  bool run() {
    bool splits =
        findFold() && isLong() && findOperandRanks() && hasFewRows() && findMembers() && build();
    if (fold && fold != walk)
      fold.erase();
    if (splits)
      kernel.erase();
    return splits;
  }

private:
  bool findFold();
  bool isLong();
  bool isHeavy();
  bool findOperandRanks();
  bool hasFewRows();
  void placeParts();
  bool findMembers();
  bool findRows();
  bool areSeparate();
  void nameParts();
  bool build();
  KernelOp
  outline(OpBuilder &builder, StringRef suffix, ArrayRef<Type> types, const Members &members,
          ValueRange more,
          llvm::function_ref<SmallVector<Value>(OpBuilder &, IRMapping &, ValueRange)> fill);
  FoldOp foldParts(OpBuilder &builder, IRMapping &tensors);
  FoldOp foldStates(OpBuilder &builder, IRMapping &tensors, ValueRange states);
  SmallVector<std::optional<unsigned>> ranksOf(unsigned state) const;
  TensorType typeOf(unsigned state) const;

  KernelOp kernel;
  Block &body;
  int64_t length, mostRows;
  Operation *walk = nullptr; // of the body
  FoldOp fold;               // the walk, or what it is as a fold
  std::optional<Reducer> reducer;
  SmallVector<Type> stateTypes;
  Members before, after;      // what makes the fold's operands; what reads its results
  SmallVector<unsigned> rows; // operands that `merge` or `finish` uses
  std::string part;           // the name of the rank of parts
  unsigned partAt = 0;        // its place among the free ranks
  llvm::SmallBitVector ofSome, ofAll;
  ExtentAttr parts, partLength;
};

bool FoldSplitter::findFold() {
  for (Operation &op : body) {
    // The k best, and what walks a rank without being a fold, walk with it.
    if (isa<TopKOp, ScanOp, ScatterOp, SortOp>(op) || isStrict(&op))
      return false;
    auto einsum = dyn_cast<EinsumOp>(op);
    if (!isa<FoldOp>(op) && !(einsum && walksLikeFold(einsum)))
      continue;
    if (walk)
      return false;
    walk = &op;
  }
  fold = dyn_cast_or_null<FoldOp>(walk);
  if (auto einsum = dyn_cast_or_null<EinsumOp>(walk))
    fold = foldOf(einsum);
  if (!fold || fold.getPartRank())
    return false;
  std::string problem;
  reducer = Reducer::of(fold, problem);
  stateTypes = llvm::to_vector(fold.getStateTypes());
  if (!reducer)
    return false;
  llvm::SmallBitVector kept(fold.getNumRanks());
  for (const Reducer::Part &part : reducer->parts)
    kept |= part.span;
  return kept.count() == unsigned(fold.getNumFree()); // else a rank would be of no state
}

bool FoldSplitter::isLong() {
  ExtentAttr extent = fold.getRankExtent(fold.getNumFree());
  if (extent.getLiteral().value_or(INT64_MAX) < 2 * length)
    return false;
  // Longer parts where there would be too many: the merge goes over all of them.
  SmallVector<StringAttr> table;
  AffineExpr size = extent.over(table);
  AffineExpr each = (size.floorDiv(length * kMostParts) + 1) * length;
  partLength = ExtentAttr::of(each, table);
  parts = ExtentAttr::of(size.ceilDiv(each), table);
  return true;
}

/// True if the elements that are folded are made by reductions: a row is much work.
bool FoldSplitter::isHeavy() {
  StringRef walked = fold.getRankName(fold.getNumFree());
  return llvm::any_of(body.getOps<EinsumOp>(), [&](EinsumOp op) {
    int64_t rank = op.findRank(walked);
    return !op.getMonoids().empty() && rank >= 0 && !op.isReduced(rank);
  });
}

/// Which free ranks of the fold some, and which all, of the kernel's operands along the folded
/// rank have; false if it has none.
bool FoldSplitter::findOperandRanks() {
  StringRef walked = fold.getRankName(fold.getNumFree());
  ofSome = llvm::SmallBitVector(fold.getNumFree());
  ofAll = llvm::SmallBitVector(fold.getNumFree(), true);
  bool found = false;
  for (Operation &op : body) {
    auto names = op.getAttrOfType<ArrayAttr>("ranks");
    auto maps = op.getAttrOfType<ArrayAttr>("maps");
    if (!names || !maps)
      continue;
    SmallVector<StringRef> labels = strings(names);
    for (auto [input, attr] : llvm::zip(op.getOperands(), maps)) {
      AffineMap map = cast<AffineMapAttr>(attr).getValue();
      auto has = [&](StringRef label) {
        auto *it = llvm::find(labels, label);
        return it != labels.end() && map.isFunctionOfDim(it - labels.begin());
      };
      if (!isa<BlockArgument>(input) || !has(walked))
        continue;
      found = true;
      for (int64_t rank = 0; rank < fold.getNumFree(); ++rank)
        if (has(fold.getRankName(rank)))
          ofSome.set(rank);
        else
          ofAll.reset(rank);
    }
  }
  return found;
}

/// Rows are points of the result that go over the same elements: of the ranks that none of
/// these operands has. Where an element is little work, all points of the result count, for
/// each of them is a walk as long.
bool FoldSplitter::hasFewRows() {
  int64_t rows = 1;
  bool heavy = isHeavy();
  for (int64_t rank = 0; rank < fold.getNumFree(); ++rank) {
    if (heavy && ofSome.test(rank))
      continue;
    std::optional<int64_t> literal = fold.getRankExtent(rank).getLiteral();
    if (!literal || *literal > mostRows)
      return false;
    rows *= *literal;
  }
  return rows <= mostRows;
}

/// The rank of parts lies behind those that all states have, but before what only some of
/// these operands have: columns of the result stay contiguous.
void FoldSplitter::placeParts() {
  llvm::SmallBitVector before(ofSome);
  before.flip();
  before |= ofAll;
  for (const Reducer::Part &part : reducer->parts)
    for (unsigned rank : before.set_bits())
      if (!part.span.test(rank))
        before.reset(rank);
  partAt = before.find_last() + 1;
}

bool FoldSplitter::findMembers() {
  addWithMakers(walk, before);
  before.remove(walk);
  for (Operation &op : body.without_terminator())
    if (!before.contains(&op) && &op != fold)
      addWithMakers(&op, after, walk);
  return findRows() && areSeparate();
}

/// Operands that `merge` or `finish` uses, which the second kernel has to have.
bool FoldSplitter::findRows() {
  unsigned states = stateTypes.size();
  for (unsigned i = 0; i < fold.getInputs().size(); ++i) {
    bool used = !fold.getMerge().front().getArgument(2 * states + i).use_empty() ||
                !fold.getFinish().front().getArgument(states + i).use_empty();
    if (!used)
      continue;
    AffineMap map = fold.getMap(i);
    for (unsigned other = 0; other < fold.getInputs().size(); ++other)
      if (map.isFunctionOfSymbol(other))
        return false; // a row that is found by data
    rows.push_back(i);
    if (Operation *maker = fold.getInputs()[i].getDefiningOp())
      addWithMakers(maker, after, walk);
  }
  return true;
}

/// Each part does again what is made before the fold and lacks its rank; the second kernel
/// goes along that rank no more, and does again what is light.
bool FoldSplitter::areSeparate() {
  StringRef walked = fold.getRankName(fold.getNumFree());
  for (Operation *op : after) {
    auto einsum = dyn_cast<EinsumOp>(op);
    if (einsum ? einsum.findRank(walked) >= 0 : !isa<UpdateOp>(op))
      return false;
    if (before.contains(op) && (!einsum || !einsum.getMonoids().empty()))
      return false;
  }
  for (Operation *op : before) {
    auto einsum = dyn_cast<EinsumOp>(op);
    if (!einsum || (einsum.findRank(walked) >= 0 && !einsum.isReduced(einsum.findRank(walked))))
      continue;
    for (int64_t rank = einsum.getNumFree(); rank < einsum.getNumRanks(); ++rank)
      if (einsum.getRankExtent(rank).getLiteral().value_or(INT64_MAX) >= 2 * length)
        return false;
  }
  return llvm::all_of(body.getTerminator()->getOperands(), [&](Value result) {
    Operation *maker = result.getDefiningOp();
    return maker && (maker == walk || after.contains(maker));
  });
}

void FoldSplitter::nameParts() {
  part = "part";
  auto isTaken = [&](Operation &op) {
    auto names = op.getAttrOfType<ArrayAttr>("ranks");
    return names && llvm::is_contained(strings(names), part);
  };
  while (llvm::any_of(body, isTaken))
    part += "_";
}

/// The ranks of a state's tensor; nothing for that of the parts.
SmallVector<std::optional<unsigned>> FoldSplitter::ranksOf(unsigned state) const {
  SmallVector<std::optional<unsigned>> ranks;
  for (unsigned rank = 0; rank <= reducer->numFree; ++rank) {
    if (rank == partAt)
      ranks.push_back(std::nullopt);
    if (rank < reducer->numFree && reducer->parts[state].span.test(rank))
      ranks.push_back(rank);
  }
  return ranks;
}

TensorType FoldSplitter::typeOf(unsigned state) const {
  SmallVector<ExtentAttr> shape;
  for (std::optional<unsigned> rank : ranksOf(state))
    shape.push_back(rank ? reducer->extents[*rank] : parts);
  return TensorType::get(fold->getContext(), shape, stateTypes[state]);
}

/// A kernel of copies of `members`; `more` are operands beside those that these read.
KernelOp FoldSplitter::outline(
    OpBuilder &builder, StringRef suffix, ArrayRef<Type> types, const Members &members,
    ValueRange more,
    llvm::function_ref<SmallVector<Value>(OpBuilder &, IRMapping &, ValueRange)> fill) {
  llvm::SmallSetVector<Value, 8> read;
  auto add = [&](ValueRange operands) {
    for (Value operand : operands)
      if (isa<BlockArgument>(operand))
        read.insert(operand);
  };
  for (Operation *op : members)
    add(op->getOperands());
  add(fold.getInputs());
  SmallVector<Value> operands;
  for (Value argument : read)
    operands.push_back(kernel.getInputs()[cast<BlockArgument>(argument).getArgNumber()]);
  llvm::append_range(operands, more);
  OpBuilder::InsertionGuard guard(builder);
  auto made = KernelOp::create(builder, kernel.getLoc(), types, operands,
                               (kernel.getName() + suffix).str(), Attribute(), DenseI64ArrayAttr());
  Block *block = builder.createBlock(&made.getBody());
  IRMapping tensors;
  for (Value operand : operands)
    block->addArgument(operand.getType(), operand.getLoc());
  for (auto [i, argument] : llvm::enumerate(read))
    tensors.map(argument, block->getArgument(i));
  SmallVector<Value> yielded =
      fill(builder, tensors, block->getArguments().drop_front(read.size()));
  YieldOp::create(builder, kernel.getLoc(), yielded);
  // What is read by neither copies nor the fold is no operand.
  for (unsigned i = block->getNumArguments(); i-- > 0;)
    if (block->getArgument(i).use_empty()) {
      block->eraseArgument(i);
      made->eraseOperand(i);
    }
  return made;
}

/// The fold over each part, with its states as results.
FoldOp FoldSplitter::foldParts(OpBuilder &builder, IRMapping &tensors) {
  OperationState state(fold.getLoc(), FoldOp::getOperationName());
  unsigned count = stateTypes.size();
  SmallVector<Attribute> labels, maps, ranks(fold.getRanks().begin(), fold.getRanks().end());
  for (unsigned i = 0; i < count; ++i) {
    SmallVector<int64_t> own;
    for (std::optional<unsigned> rank : ranksOf(i))
      own.push_back(!rank ? partAt : *rank + (*rank >= partAt));
    labels.push_back(builder.getDenseI64ArrayAttr(own));
    state.addTypes(typeOf(i));
  }
  for (Value input : fold.getInputs())
    state.addOperands(tensors.lookup(input));
  for (unsigned i = 0; i < fold.getInputs().size(); ++i)
    maps.push_back(AffineMapAttr::get(fold.getMap(i).shiftDims(1, partAt)));
  ranks.insert(ranks.begin() + partAt, builder.getStringAttr(part));
  state.addAttributes(fold->getAttrs());
  state.attributes.set("ranks", builder.getArrayAttr(ranks));
  state.attributes.set("maps", builder.getArrayAttr(maps));
  state.attributes.set("labels", builder.getArrayAttr(labels));
  state.attributes.set("part_rank", builder.getStringAttr(part));
  state.attributes.set("part_length", partLength);
  for (unsigned i = 0; i < 4; ++i)
    state.addRegion();
  auto made = cast<FoldOp>(builder.create(state));
  for (unsigned region : {0, 1, 2}) { // init, step and merge
    IRMapping scalars;
    fold->getRegion(region).cloneInto(&made->getRegion(region), scalars);
  }
  OpBuilder::InsertionGuard guard(builder);
  Block *finish = builder.createBlock(&made.getFinish());
  for (BlockArgument argument : fold.getFinish().front().getArguments())
    finish->addArgument(argument.getType(), argument.getLoc());
  YieldOp::create(builder, fold.getLoc(), finish->getArguments().take_front(count));
  return made;
}

/// The fold over the parts' states, each step a merge.
FoldOp FoldSplitter::foldStates(OpBuilder &builder, IRMapping &tensors, ValueRange states) {
  MLIRContext *context = builder.getContext();
  unsigned count = states.size(), free = fold.getNumFree(), all = count + rows.size();
  unsigned sizes = fold.getSymbols().size();
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> fills(count);
  OperationState state(fold.getLoc(), FoldOp::getOperationName());
  state.addOperands(states);
  for (unsigned i = 0; i < count; ++i) {
    SmallVector<AffineExpr> index;
    for (std::optional<unsigned> rank : ranksOf(i))
      index.push_back(getAffineDimExpr(rank.value_or(free), context));
    maps.push_back(AffineMap::get(free + 1, all + sizes, index, context));
  }
  SmallVector<AffineExpr> dims, symbols(fold.getInputs().size(), getAffineConstantExpr(0, context));
  for (unsigned rank = 0; rank < fold.getNumRanks(); ++rank)
    dims.push_back(getAffineDimExpr(std::min(rank, free), context));
  for (unsigned i = 0; i < sizes; ++i)
    symbols.push_back(getAffineSymbolExpr(all + i, context));
  for (unsigned row : rows) {
    state.addOperands(tensors.lookup(fold.getInputs()[row]));
    maps.push_back(fold.getMap(row).replaceDimsAndSymbols(dims, symbols, free + 1, all + sizes));
    fills.push_back(fillOf(fold, row));
  }
  SmallVector<Attribute> ranks(fold.getRanks().begin(), fold.getRanks().begin() + free);
  ranks.push_back(builder.getStringAttr(part));
  state.addTypes(fold.getResultTypes());
  state.addAttributes(fold->getAttrs());
  state.attributes.set("ranks", builder.getArrayAttr(ranks));
  state.attributes.set("maps", builder.getAffineMapArrayAttr(maps));
  state.attributes.set("coords", builder.getStrArrayAttr(SmallVector<StringRef>(all, "")));
  state.attributes.set("extents", builder.getArrayAttr(parts));
  state.attributes.erase("fills");
  if (ArrayAttr attr = fillsAttr(builder, fills))
    state.attributes.set("fills", attr);
  for (unsigned i = 0; i < 4; ++i)
    state.addRegion();
  auto made = cast<FoldOp>(builder.create(state));
  OpBuilder::InsertionGuard guard(builder);
  auto block = [&](Region &region, unsigned before) {
    Block *made = builder.createBlock(&region);
    for (unsigned i = 0; i < before; ++i)
      made->addArgument(stateTypes[i % count], fold.getLoc());
    for (Value operand : state.operands)
      made->addArgument(cast<TensorType>(operand.getType()).getElementType(), fold.getLoc());
    return made;
  };
  // Copies `from`, whose first arguments are `values`, then the operands' scalars.
  auto fill = [&](Block &from, Block *to, ValueRange values) {
    IRMapping scalars;
    for (auto [i, value] : llvm::enumerate(values))
      scalars.map(from.getArgument(i), value);
    for (auto [i, row] : llvm::enumerate(rows))
      scalars.map(from.getArgument(values.size() + row),
                  to->getArgument(to->getNumArguments() - rows.size() + i));
    for (Operation &op : from)
      builder.clone(op, scalars);
  };
  IRMapping scalars;
  fold.getInit().cloneInto(&made.getInit(), scalars);
  Block *step = block(made.getStep(), count);
  fill(fold.getMerge().front(), step, step->getArguments().take_front(2 * count));
  Block *merge = block(made.getMerge(), 2 * count);
  fill(fold.getMerge().front(), merge, merge->getArguments().take_front(2 * count));
  Block *finish = block(made.getFinish(), count);
  fill(fold.getFinish().front(), finish, finish->getArguments().take_front(count));
  return made;
}

/// Makes both kernels; false, and nothing is made, where a merge is no step of a walk.
bool FoldSplitter::build() {
  nameParts();
  placeParts();
  OpBuilder builder(kernel);
  SmallVector<Type> types;
  auto copy = [](OpBuilder &inner, const Members &members, IRMapping &tensors) {
    for (Operation *op : members)
      inner.clone(*op, tensors);
  };
  for (unsigned i = 0; i < stateTypes.size(); ++i)
    types.push_back(typeOf(i));
  KernelOp first = outline(builder, "_parts", types, before, {},
                           [&](OpBuilder &inner, IRMapping &tensors, ValueRange) {
                             copy(inner, before, tensors);
                             return SmallVector<Value>(foldParts(inner, tensors).getResults());
                           });
  KernelOp second =
      outline(builder, "_merge", SmallVector<Type>(kernel.getResultTypes()), after,
              first.getResults(), [&](OpBuilder &inner, IRMapping &tensors, ValueRange states) {
                Members again, rest; // what is made before the merged fold, and what reads it
                for (Operation *op : after)
                  (before.contains(op) ? again : rest).insert(op);
                copy(inner, again, tensors);
                tensors.map(walk->getResults(), foldStates(inner, tensors, states).getResults());
                copy(inner, rest, tensors);
                SmallVector<Value> yielded;
                for (Value value : body.getTerminator()->getOperands())
                  yielded.push_back(tensors.lookup(value));
                return yielded;
              });
  std::string problem;
  auto merged = *second.getBody().front().getOps<FoldOp>().begin();
  if (!Reducer::of(merged, problem)) {
    second.erase();
    first.erase();
    return false;
  }
  kernel.replaceAllUsesWith(second.getResults());
  return true;
}

struct SplitFoldsPass : impl::EinSplitFoldsBase<SplitFoldsPass> {
  using EinSplitFoldsBase::EinSplitFoldsBase;

  void runOnOperation() override {
    if (getOperation().isDeclaration() || length <= 0)
      return;
    for (KernelOp kernel : llvm::make_early_inc_range(getOperation().getOps<KernelOp>()))
      numSplit += FoldSplitter(kernel, length, rows).run();
  }
};

} // namespace
} // namespace einfall::ein
