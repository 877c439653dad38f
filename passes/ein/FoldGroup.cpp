//===- FoldGroup.cpp - Reductions on their way to one fold ----------------===//
#include "passes/ein/FoldGroup.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "passes/ein/Reducers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using einfall::algebra::Expr;

namespace einfall::ein {

//===----------------------------------------------------------------------===//
// Which reductions
//===----------------------------------------------------------------------===//

SmallVector<EinsumOp> FoldGroup::reductions() const {
  return llvm::map_to_vector(members, [](const Member &member) { return member.op; });
}

/// True if `op` reduces ranks like the sink's, all by one monoid, of floats.
bool FoldGroup::isAligned(EinsumOp op) {
  unsigned count = sink.getNumRanks() - sink.getNumFree();
  if (op.getMonoids().size() != count || !llvm::all_equal(op.getMonoids()) ||
      !isa<FloatType>(op.getYielded().getType()) ||
      !isa<FloatType>(op.getResult().getType().getElementType()))
    return false;
  for (unsigned i = 0; i < count; ++i)
    if (op.getRankExtent(op.getNumFree() + i) != frame.extents[frame.numFree + i])
      return false;
  return true;
}

bool FoldGroup::reachesReduction(Value tensor, unsigned depth) {
  auto maker = tensor.getDefiningOp<EinsumOp>();
  if (!maker || depth > 8)
    return false;
  if (!maker.getMonoids().empty())
    return isAligned(maker);
  return llvm::any_of(maker.getInputs(),
                      [&](Value input) { return reachesReduction(input, depth + 1); });
}

Expr FoldGroup::readState(Value tensor, ArrayRef<AffineExpr> indices) {
  auto maker = tensor.getDefiningOp<EinsumOp>();
  if (!maker || maker.getMonoids().empty() || !isAligned(maker))
    return nullptr;
  for (AffineExpr index : indices) {
    for (unsigned rank = frame.numFree; rank < frame.ranks.size(); ++rank)
      if (index.isFunctionOfDim(rank))
        return nullptr;
    bool gathered = false;
    index.walk([&](AffineExpr sub) {
      auto symbol = dyn_cast<AffineSymbolExpr>(sub);
      gathered |= symbol && !frame.symbols[symbol.getPosition()].name;
    });
    if (gathered)
      return nullptr;
  }
  for (auto [i, member] : llvm::enumerate(members))
    if (member.op == maker && ArrayRef(member.at) == indices)
      return steps[i].value;
  return addMember(maker, indices) ? steps.back().value : nullptr;
}

bool FoldGroup::addMember(EinsumOp op, ArrayRef<AffineExpr> at) {
  SmallVector<AffineExpr> ranks(at);
  llvm::append_range(ranks, ArrayRef(frame.identity()).drop_front(frame.numFree));
  auto reader = [&](Value tensor, ArrayRef<AffineExpr> indices) {
    return readState(tensor, indices);
  };
  auto look = [&](EinsumOp reader, unsigned operand, unsigned depth) {
    Value input = reader.getInputs()[operand];
    return depth < 16 && input.getDefiningOp<EinsumOp>().getMonoids().empty() &&
           (deep || reachesReduction(input, 0));
  };
  Expr body = frame.translate(op, ranks, reader, look);
  if (!body)
    return false;
  auto name = op->getAttrOfType<StringAttr>("ein.name");
  Expr value = frame.terms.variable(
      name ? name.getValue() : stringifyMonoid(op.getMonoid(op.getNumFree())), algebra::onState);
  members.push_back({op, SmallVector<AffineExpr>(at)});
  steps.push_back({toAlgebra(op.getMonoid(op.getNumFree())), body, value});
  return true;
}

Expr FoldGroup::elementCount() {
  SmallVector<std::pair<Expr, double>> factors;
  for (ExtentAttr extent : ArrayRef(frame.extents).drop_front(frame.numFree))
    factors.push_back({frame.extent(extent), 1});
  return frame.terms.product(factors);
}

bool FoldGroup::derive() {
  if (sink.getMonoids().empty() || !isAligned(sink))
    return false;
  SmallVector<AffineExpr> free = frame.identity();
  free.truncate(frame.numFree);
  if (!addMember(sink, free)) {
    refusal = frame.problem;
    return false;
  }
  if (!hasStates())
    return false;
  if (!plan())
    return false;
  wanted = {static_cast<unsigned>(members.size() - 1)};
  return true;
}

bool FoldGroup::plan() {
  full = algebra::deriveFold(frame.terms, steps, elementCount(),
                             [this](Expr e) { return frame.rangeOf(e); });
  refusal = full.refusal;
  if (!full)
    return false;
  // x / x is 1 but for elements that are 0 or not finite, and these count.
  algebra::FoldPlan kept = full;
  kept.keepOnly({static_cast<unsigned>(members.size() - 1)});
  if (kept.components.empty())
    refusal = "all that is folded cancels";
  return refusal.empty();
}

std::optional<SmallVector<AffineExpr>> FoldGroup::locate(const FoldGroup &other) const {
  unsigned count = other.frame.numFree;
  for (const Member &theirs : ArrayRef(other.members).drop_back())
    for (const Member &ours : members) {
      if (ours.op != theirs.op)
        continue;
      SmallVector<AffineExpr> place(count);
      for (auto [here, there] : llvm::zip(ours.at, theirs.at)) {
        auto dim = dyn_cast<AffineDimExpr>(there);
        if (dim && dim.getPosition() < count && isa<AffineDimExpr>(here))
          place[dim.getPosition()] = here;
      }
      auto fits = [&](unsigned rank) {
        auto dim = dyn_cast_if_present<AffineDimExpr>(place[rank]);
        return dim && frame.extents[dim.getPosition()] == other.frame.extents[rank];
      };
      if (llvm::all_of(llvm::seq(0u, count), fits))
        return place;
    }
  return std::nullopt;
}

bool FoldGroup::adopt(const FoldGroup &other) {
  auto folded = [](const Frame &frame) {
    return ArrayRef(frame.extents).drop_front(frame.numFree);
  };
  if (folded(frame) != folded(other.frame) || llvm::is_contained(reductions(), other.sink))
    return false;
  std::optional<SmallVector<AffineExpr>> place = locate(other);
  if (!place)
    return false;
  size_t numMembers = members.size();
  bool wasDeep = deep;
  deep = other.deep;
  bool done = addMember(other.sink, *place) && plan();
  deep = wasDeep;
  if (done) {
    wanted.push_back(members.size() - 1);
    return true;
  }
  members.truncate(numMembers);
  steps.resize(numMembers);
  (void)plan(); // as before
  return false;
}

bool FoldGroup::want(EinsumOp op) {
  for (auto [i, member] : llvm::enumerate(members)) {
    if (member.op != op)
      continue;
    // The result has to cover its ranks, each once.
    SmallVector<AffineExpr> seen;
    for (auto [dim, index] : llvm::enumerate(member.at)) {
      auto rank = dyn_cast<AffineDimExpr>(index);
      if (!rank || llvm::is_contained(seen, index) ||
          frame.extents[rank.getPosition()] != op.getResult().getType().getExtent(dim))
        return false;
      seen.push_back(index);
    }
    wanted.push_back(i);
    return true;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

Block *FoldGroup::addBlock(OpBuilder &builder, Region &region, unsigned states,
                           const Operands &operands) {
  Block *block = builder.createBlock(&region);
  for (unsigned i = 0; i < states; ++i)
    block->addArgument(frame.workingType(), sink.getLoc());
  for (Value value : operands.values)
    block->addArgument(cast<TensorType>(value.getType()).getElementType(), sink.getLoc());
  return block;
}

void FoldGroup::buildInit(OpBuilder &builder, Region &region) {
  builder.createBlock(&region);
  SmallVector<Value> states;
  for (const algebra::Component &component : kept.components)
    states.push_back(arith::ConstantOp::create(
        builder, sink.getLoc(),
        builder.getFloatAttr(frame.workingType(), *algebra::factsOf(component.monoid).identity)));
  YieldOp::create(builder, sink.getLoc(), states);
}

void FoldGroup::buildStep(OpBuilder &builder, Region &region, const Operands &operands) {
  unsigned count = kept.components.size();
  Block *block = addBlock(builder, region, count, operands);
  Emitter emitter(frame, builder, sink.getLoc());
  operands.bind(frame, emitter, block->getArguments().drop_front(count));
  SmallVector<Value> states;
  for (auto [i, component] : llvm::enumerate(kept.components))
    emitter.bind(component.before, block->getArgument(i));
  for (const algebra::Component &component : kept.components) {
    // Old state and contribution stay apart: a walk in chunks needs each alone.
    Value old = emitter.emit(component.corrected ? component.corrected : component.before,
                             frame.workingType());
    Value more = emitter.emit(component.contribution, frame.workingType());
    states.push_back(
        combineScalars(builder, sink.getLoc(), static_cast<Monoid>(component.monoid), old, more));
    emitter.bind(component.now, states.back());
  }
  YieldOp::create(builder, sink.getLoc(), states);
}

void FoldGroup::buildMerge(OpBuilder &builder, Region &region, const Operands &operands) {
  unsigned count = kept.components.size();
  Block *block = addBlock(builder, region, 2 * count, operands);
  Emitter emitter(frame, builder, sink.getLoc());
  operands.bind(frame, emitter, block->getArguments().drop_front(2 * count));
  llvm::DenseMap<Expr, Expr> sides[2];
  for (unsigned side : {0, 1})
    for (auto [i, component] : llvm::enumerate(kept.components)) {
      Expr variable = frame.terms.variable(side ? "right" : "left", algebra::onState);
      sides[side][component.before] = variable;
      emitter.bind(variable, block->getArgument(side * count + i));
    }
  SmallVector<Value> states;
  for (const algebra::Component &component : kept.components) {
    Expr merged = kept.merged(
        frame.terms, component, [&](Expr e) { return sides[0].lookup(e); },
        [&](Expr e) { return sides[1].lookup(e); });
    states.push_back(emitter.emit(merged, frame.workingType()));
    emitter.bind(component.now, states.back());
  }
  YieldOp::create(builder, sink.getLoc(), states);
}

/// If `value` is a sum of the state times a scale: the sum times 1 where the fiber is `empty`, as
/// it is 0 there, else times the scale. That chooses once a row what a select of the product would
/// choose for each element. Null if `value` is something else.
Value FoldGroup::scaleUnless(OpBuilder &builder, Value empty, Value value) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product)
    return {};
  for (unsigned i : {0, 1}) {
    auto sum = dyn_cast<BlockArgument>(product->getOperand(i));
    if (!sum || sum.getArgNumber() >= kept.components.size() ||
        kept.components[sum.getArgNumber()].monoid != algebra::Monoid::add)
      continue;
    Location loc = product.getLoc();
    Value scale = product->getOperand(1 - i);
    Value one = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(scale.getType(), 1));
    scale = arith::SelectOp::create(builder, loc, empty, one, scale);
    return arith::MulFOp::create(builder, loc, sum, scale, product.getFastmathAttr());
  }
  return {};
}

/// The users' expressions, on the final state. An empty fiber has the monoid's
/// identity, whatever they give.
void FoldGroup::buildFinish(OpBuilder &builder, Region &region, const Operands &operands) {
  unsigned count = kept.components.size();
  Block *block = addBlock(builder, region, count, operands);
  Location loc = sink.getLoc();
  Emitter emitter(frame, builder, loc);
  operands.bind(frame, emitter, block->getArguments().drop_front(count));
  for (auto [i, component] : llvm::enumerate(kept.components))
    emitter.bind(component.now, block->getArgument(i));
  SmallVector<Value> results;
  for (unsigned member : wanted) {
    Type element = members[member].op.getResult().getType().getElementType();
    Value value = emitter.emit(kept.values[member], element);
    for (ExtentAttr extent : ArrayRef(frame.extents).drop_front(frame.numFree)) {
      if (extent.getLiteral().value_or(0) > 0)
        continue;
      Value size = ExtentOp::create(builder, loc, builder.getIndexType(), extent);
      Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
      Value empty = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, size, zero);
      Value scaled = steps[member].monoid == algebra::Monoid::add
                         ? scaleUnless(builder, empty, value)
                         : Value();
      if (scaled) {
        value = scaled;
        continue;
      }
      Expr identity = frame.terms.constant(*algebra::factsOf(steps[member].monoid).identity);
      value = arith::SelectOp::create(builder, loc, empty, emitter.emit(identity, element), value);
    }
    results.push_back(value);
  }
  YieldOp::create(builder, loc, results);
}

/// Existence is part of the expressions: all operands have values everywhere.
void FoldGroup::setFills(const Operands &operands) {
  Builder builder(frame.context);
  SmallVector<TypedAttr> fills(operands.fills);
  for (auto [i, fill] : llvm::enumerate(fills)) {
    auto type = cast<TensorType>(fold.getInputs()[i].getType());
    if (readsInside(fold, i))
      fill = {};
    else if (!fill)
      fill = builder.getZeroAttr(type.getElementType());
  }
  if (ArrayAttr attr = fillsAttr(builder, fills))
    fold.setFillsAttr(attr);
}

void FoldGroup::replaceTensor(Value from, Value to) {
  for (Leaf &leaf : frame.leaves)
    if (leaf.tensor == from)
      leaf.tensor = to;
}

void FoldGroup::build(OpBuilder &builder) {
  kept = full;
  kept.keepOnly(wanted);
  SmallVector<Expr> expressions;
  for (const algebra::Component &component : kept.components) {
    expressions.push_back(component.contribution);
    if (component.corrected)
      expressions.push_back(component.corrected);
  }
  SmallVector<Type> types;
  SmallVector<Attribute> labels;
  for (unsigned member : wanted) {
    expressions.push_back(kept.values[member]);
    types.push_back(members[member].op.getResult().getType());
    labels.push_back(
        builder.getDenseI64ArrayAttr(llvm::map_to_vector(members[member].at, [](AffineExpr index) {
          return static_cast<int64_t>(cast<AffineDimExpr>(index).getPosition());
        })));
  }
  Operands operands(frame, expressions);
  OperationState state(sink.getLoc(), FoldOp::getOperationName());
  state.addOperands(operands.values);
  state.addTypes(types);
  auto array = [&](auto list) {
    return builder.getArrayAttr(SmallVector<Attribute>(list.begin(), list.end()));
  };
  state.addAttribute("ranks", builder.getStrArrayAttr(frame.ranks));
  state.addAttribute("maps", builder.getAffineMapArrayAttr(operands.maps));
  state.addAttribute("coords", coordinateNames(builder, operands.maps));
  state.addAttribute("symbols", array(operands.symbols));
  state.addAttribute("extents", array(ArrayRef(frame.extents).drop_front(frame.numFree)));
  state.addAttribute("labels", builder.getArrayAttr(labels));
  if (coversPart(operands.values, operands.maps, frame.extents))
    state.addAttribute("partial", builder.getUnitAttr());
  if (auto name = sink->getAttr("ein.name"))
    state.addAttribute("ein.name", name);
  for (unsigned i = 0; i < 4; ++i)
    state.addRegion();
  OpBuilder::InsertionGuard guard(builder);
  fold = cast<FoldOp>(builder.create(state));
  setFills(operands);
  buildInit(builder, fold.getInit());
  buildStep(builder, fold.getStep(), operands);
  buildMerge(builder, fold.getMerge(), operands);
  buildFinish(builder, fold.getFinish(), operands);
}

} // namespace einfall::ein
