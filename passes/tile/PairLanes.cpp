//===- PairLanes.cpp - Both halves of a word beside each other ------------===//
#include "dialects/ein/EinNumerics.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "passes/tile/Passes.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::tile {
#define GEN_PASS_DEF_TILEPAIRLANES
#include "passes/tile/Passes.h.inc"

namespace {

/// True if `value` is a multiple of `of` in every iteration.
bool isMultiple(Value value, int64_t of) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue() % of == 0;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    return loop && argument == loop.getInductionVar() && isMultiple(loop.getLowerBound(), of) &&
           isMultiple(loop.getStep(), of);
  }
  Operation *op = value.getDefiningOp();
  if (isa<arith::AddIOp, arith::SubIOp>(op))
    return isMultiple(op->getOperand(0), of) && isMultiple(op->getOperand(1), of);
  return isa<arith::MulIOp>(op) &&
         (isMultiple(op->getOperand(0), of) || isMultiple(op->getOperand(1), of));
}

/// Values, and memory of the block's own, whose lanes have to lie alike.
class Orders {
public:
  Orders(func::FuncOp program, int64_t least) : least(least) {
    program.walk([&](Operation *op) { add(op); });
  }

  /// Whether every widening may have the order of pairs, and is worth it. With some of them a
  /// row's sum would depend on the loop that computes it.
  bool allPair() const {
    return !widenings.empty() && widenings.size() >= roundings.size() &&
           llvm::none_of(widenings, [&](arith::ExtFOp op) { return isInOrder(op.getResult()); });
  }

  int64_t rewrite();

private:
  int64_t lanesOf(Type type) const {
    int64_t lanes = hasLanes(type) ? cast<RankedTensorType>(type).getShape().back() : 0;
    return lanes >= least && lanes % 2 == 0 ? lanes : 0;
  }
  bool isInOrder(Value value) const {
    return classes.findLeader(value.getAsOpaquePointer()) == classes.findLeader((const void *)this);
  }
  void tie(Value a, Value b) { classes.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer()); }
  void keep(Value value) { classes.unionSets(value.getAsOpaquePointer(), (const void *)this); }
  /// Splats lie in every order.
  static bool isSplat(Value value) {
    Operation *op = value.getDefiningOp();
    DenseElementsAttr elements;
    if (auto broadcast = dyn_cast_or_null<BroadcastOp>(op))
      return !hasLanes(broadcast.getSource().getType());
    return op && matchPattern(op, m_Constant(&elements)) && elements.isSplat();
  }
  bool counts(Value value) const { return lanesOf(value.getType()) && !isSplat(value); }
  void tieAll(ValueRange values) {
    Value first;
    for (Value value : values)
      if (counts(value)) {
        if (first)
          tie(first, value);
        first = value;
      }
  }

  void add(Operation *op);
  void addMoved(Value value, Value buffer, Value offset, ValueRange strides, bool whole);
  void addLoop(scf::ForOp loop);

  const int64_t least;
  // Those with `this` have the order of memory.
  llvm::EquivalenceClasses<const void *> classes;
  llvm::DenseMap<Value, int64_t> groups; // lanes of what passes through memory
  SmallVector<arith::ExtFOp> widenings;
  SmallVector<arith::TruncFOp> roundings;
};

/// Memory of the block's own has the order of its values, if all that passes are whole groups of
/// lanes; any other memory has its own.
void Orders::addMoved(Value value, Value buffer, Value offset, ValueRange strides, bool whole) {
  int64_t lanes = lanesOf(value.getType());
  bool isOwn = buffer.getDefiningOp<LocalOp>() != nullptr;
  if (isOwn && lanes && whole && isConstantIntValue(strides.back(), 1) &&
      isMultiple(offset, lanes) &&
      llvm::all_of(strides.drop_back(), [&](Value stride) { return isMultiple(stride, lanes); })) {
    if (counts(value))
      tie(value, buffer);
    // Groups of another size are in another order.
    auto [found, isNew] = groups.try_emplace(buffer, lanes);
    if (!isNew && found->second != lanes)
      keep(buffer);
    return;
  }
  if (isOwn)
    keep(buffer);
  if (counts(value))
    keep(value);
}

void Orders::addLoop(scf::ForOp loop) {
  for (auto [argument, result, start, next] :
       llvm::zip(loop.getRegionIterArgs(), loop.getResults(), loop.getInitArgs(),
                 loop.getYieldedValues()))
    tieAll({argument, result, start, next});
}

void Orders::add(Operation *op) {
  if (auto load = dyn_cast<LoadOp>(op))
    return addMoved(load.getResult(), load.getBuffer(), load.getOffset(), load.getStrides(),
                    !load.getLimit() && !load.getWhere() && !load.getPicks());
  if (auto store = dyn_cast<StoreOp>(op))
    return addMoved(store.getValue(), store.getBuffer(), store.getOffset(), store.getStrides(),
                    !store.getLimit() && !store.getWhere());
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return addLoop(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    for (auto [number, result] : llvm::enumerate(branch.getResults()))
      tieAll(
          {result, branch.thenYield().getOperand(number), branch.elseYield().getOperand(number)});
    return;
  }
  if (isa<scf::YieldOp, LocalOp>(op))
    return;
  auto isOf = [&](Value wide, Value narrow) {
    return lanesOf(wide.getType()) && getElementTypeOrSelf(wide.getType()).isF32() &&
           getElementTypeOrSelf(narrow.getType()).isBF16();
  };
  if (auto widening = dyn_cast<arith::ExtFOp>(op);
      widening && isOf(widening.getOut(), widening.getIn())) {
    widenings.push_back(widening);
    classes.insert(widening.getOut().getAsOpaquePointer());
    return counts(widening.getIn()) ? keep(widening.getIn()) : void();
  }
  if (auto rounding = dyn_cast<arith::TruncFOp>(op);
      rounding && isOf(rounding.getIn(), rounding.getOut())) {
    roundings.push_back(rounding);
    return keep(rounding.getOut());
  }
  // In any order they give the same, or bits that are combined in any order.
  if (auto reduce = dyn_cast<ReduceOp>(op); reduce && !reduce.getLimit())
    return;
  if (isa<AreNumbersOp>(op))
    return;
  SmallVector<Value> values(op->getOperands());
  llvm::append_range(values, op->getResults());
  if (isa<BroadcastOp>(op) || OpTrait::hasElementwiseMappableTraits(op))
    return tieAll(values);
  for (Value value : values) {
    if (counts(value) || value.getDefiningOp<LocalOp>())
      keep(value);
  }
}

int64_t Orders::rewrite() {
  for (arith::ExtFOp op : widenings) {
    OpBuilder builder(op);
    op.replaceAllUsesWith(
        ExtendPairsOp::create(builder, op.getLoc(), op.getType(), op.getIn()).getResult());
    op.erase();
  }
  for (arith::TruncFOp op : roundings) {
    Value wide = op.getIn();
    if (isSplat(wide) || isInOrder(wide))
      continue;
    OpBuilder builder(op);
    op.replaceAllUsesWith(
        RoundPairsOp::create(builder, op.getLoc(), op.getType(), wide).getResult());
    op.erase();
  }
  return widenings.size();
}

struct PairLanesPass : impl::TilePairLanesBase<PairLanesPass> {
  using TilePairLanesBase::TilePairLanesBase;
  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      if (!program->hasAttr(kProgram) || ein::isStrict(program))
        continue;
      Orders found(program, lanes);
      if (found.allPair())
        numWidenings += found.rewrite();
    }
  }
};

} // namespace
} // namespace einfall::tile
