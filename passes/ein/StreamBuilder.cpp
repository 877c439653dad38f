//===- StreamBuilder.cpp - Writes a walk in chunks ------------------------===//
#include "passes/ein/StreamBuilder.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinMonoids.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/ein/EmptySteps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace einfall::ein {

//===----------------------------------------------------------------------===//
// PartEmitter
//===----------------------------------------------------------------------===//

void PartEmitter::addInput(unsigned input, Leaves &leaves) {
  if (llvm::is_contained(leaves.inputs, input))
    return;
  AffineMap map = reducer.map(input);
  for (unsigned other = 0; other < input; ++other)
    if (map.isFunctionOfSymbol(other)) // a coordinate
      addInput(other, leaves);
  leaves.inputs.push_back(input);
  llvm::sort(leaves.inputs);
}

void PartEmitter::collect(Value value, bool expand, Leaves &leaves, llvm::DenseSet<Value> &seen) {
  if (!seen.insert(value).second)
    return;
  if (auto it = kept.find(value); it != kept.end() && !expand) {
    leaves.tensors.insert({value, it->second});
    return;
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    addInput(argument.getArgNumber() - reducer.numStates, leaves);
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    collect(operand, false, leaves, seen);
}

Value PartEmitter::clone(OpBuilder &inner, Value value, IRMapping &scalars) {
  if (Value known = scalars.lookupOrNull(value))
    return known;
  Operation *maker = value.getDefiningOp();
  for (Value operand : maker->getOperands())
    clone(inner, operand, scalars);
  inner.clone(*maker, scalars);
  return scalars.lookup(value);
}

/// How the operands of a new Einsum over `ranks` are read.
struct PartEmitter::Operands {
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> fills;
  SmallVector<StringAttr> symbols;
};

PartEmitter::Operands PartEmitter::operandsOf(const Leaves &leaves, ValueRange extras,
                                              ArrayRef<unsigned> ranks, unsigned numFree) {
  MLIRContext *context = builder.getContext();
  Operands result;
  SmallVector<AffineExpr> dims(reducer.ranks.size(), getAffineConstantExpr(0, context));
  for (auto [place, rank] : llvm::enumerate(ranks))
    dims[rank] = getAffineDimExpr(place, context);
  for (Attribute name : reducer.op->getAttrOfType<ArrayAttr>("symbols"))
    result.symbols.push_back(cast<StringAttr>(name));
  unsigned count = leaves.inputs.size() + leaves.tensors.size() + extras.size();
  unsigned numSymbols = count + result.symbols.size();
  SmallVector<AffineExpr> replacement(reducer.inputs().size(), getAffineConstantExpr(0, context));
  for (auto [place, input] : llvm::enumerate(leaves.inputs))
    replacement[input] = getAffineSymbolExpr(place, context);
  for (unsigned i = count; i < numSymbols; ++i)
    replacement.push_back(getAffineSymbolExpr(i, context));

  auto add = [&](Value tensor, ArrayRef<AffineExpr> indices, TypedAttr fill = {}) {
    result.values.push_back(tensor);
    result.fills.push_back(fill);
    result.maps.push_back(AffineMap::get(ranks.size(), numSymbols, indices, context));
  };
  for (unsigned input : leaves.inputs) {
    AffineMap map =
        reducer.map(input).replaceDimsAndSymbols(dims, replacement, ranks.size(), numSymbols);
    add(tensors.lookupOrDefault(reducer.inputs()[input]), map.getResults(),
        fillOf(reducer.op, input));
  }
  for (auto &[value, source] : leaves.tensors)
    add(source.tensor,
        llvm::map_to_vector(source.ranks, [&](unsigned rank) { return dims[rank]; }));
  ArrayRef<AffineExpr> all(dims);
  SmallVector<AffineExpr> free;
  for (unsigned rank : ranks.take_front(numFree))
    free.push_back(all[rank]);
  for (Value extra : extras)
    add(extra, free);
  return result;
}

Value PartEmitter::einsum(ArrayRef<unsigned> free, ArrayRef<unsigned> reduced, Monoid monoid,
                          ValueRange roots, ValueRange extras, Type element, Body body,
                          bool expandRoots) {
  Leaves leaves;
  llvm::DenseSet<Value> seen;
  for (Value root : roots)
    collect(root, expandRoots, leaves, seen);

  SmallVector<unsigned> ranks(free);
  llvm::append_range(ranks, reduced);
  Operands operands = operandsOf(leaves, extras, ranks, free.size());
  SmallVector<StringRef> names;
  SmallVector<ExtentAttr> shape, extents;
  for (auto [place, rank] : llvm::enumerate(ranks)) {
    names.push_back(reducer.ranks[rank]);
    (place < free.size() ? shape : extents).push_back(reducer.extents[rank]);
  }
  SmallVector<Monoid> monoids(reduced.size(), monoid);
  auto made = EinsumOp::create(
      builder, reducer.op->getLoc(), TensorType::get(builder.getContext(), shape, element),
      operands.values, names, operands.maps, monoids, extents, operands.symbols,
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        IRMapping scalars;
        for (auto [place, input] : llvm::enumerate(leaves.inputs))
          scalars.map(reducer.body->getArgument(reducer.numStates + input), arguments[place]);
        for (auto [place, entry] : llvm::enumerate(leaves.tensors))
          scalars.map(entry.first, arguments[leaves.inputs.size() + place]);
        SmallVector<Value> values;
        for (Value root : roots)
          values.push_back(clone(inner, root, scalars));
        llvm::append_range(values, arguments.take_back(extras.size()));
        return body(inner, values);
      },
      operands.fills);
  if (reducer.op->hasAttr("partial"))
    made.setPartial(true);
  return made.getResult();
}

void PartEmitter::keep(Value value) {
  llvm::SmallBitVector span = reducer.spanOf(value);
  SmallVector<unsigned> ranks;
  for (unsigned rank : span.set_bits())
    ranks.push_back(rank);
  Value tensor = einsum(
      ranks, {}, Monoid::add, value, {}, value.getType(),
      [](OpBuilder &, ValueRange values) { return values[0]; }, /*expandRoots=*/true);
  kept[value] = {tensor, ranks};
}

//===----------------------------------------------------------------------===//
// StreamBuilder
//===----------------------------------------------------------------------===//

unsigned StreamBuilder::carry(Value start) {
  Value before = body->addArgument(start.getType(), start.getLoc());
  carried.push_back({start, before, Value()});
  return carried.size() - 1;
}

/// A tensor over `ranks` of the reducer, the same everywhere.
static Value filled(OpBuilder &builder, Reducer &reducer, ArrayRef<unsigned> ranks, Type element,
                    llvm::function_ref<Value(OpBuilder &, Location)> scalar) {
  SmallVector<ExtentAttr> shape;
  SmallVector<StringRef> names;
  for (unsigned rank : ranks) {
    shape.push_back(reducer.extents[rank]);
    names.push_back(reducer.ranks[rank]);
  }
  auto type = TensorType::get(builder.getContext(), shape, element);
  auto body = [&](OpBuilder &inner, Location loc, ValueRange) { return scalar(inner, loc); };
  return EinsumOp::create(builder, reducer.op->getLoc(), type, ValueRange(), names,
                          ArrayRef<AffineMap>(), ArrayRef<Monoid>(), ArrayRef<ExtentAttr>(),
                          ArrayRef<StringAttr>(), body)
      .getResult();
}

Value StreamBuilder::startOf(OpBuilder &outer, Reducer &reducer, unsigned number) {
  const Reducer::Part &part = reducer.parts[number];
  auto fold = dyn_cast<FoldOp>(reducer.op);
  Type element = fold ? fold.getStateTypes()[number] : part.contribution.getType();
  return filled(outer, reducer, reducer.freeRanks(part.span), element,
                [&](OpBuilder &inner, Location loc) -> Value {
                  if (!fold)
                    return arith::ConstantOp::create(inner, loc, identityOf(part.monoid, element));
                  IRMapping scalars;
                  Block &init = fold.getInit().front();
                  for (Operation &op : init.without_terminator())
                    inner.clone(op, scalars);
                  return scalars.lookup(init.getTerminator()->getOperand(number));
                });
}

unsigned StreamBuilder::addParts(OpBuilder &outer, OpBuilder &inner, Reducer &reducer) {
  PartEmitter emitter(inner, reducer, tensors);
  unsigned first = carried.size();
  for (auto [number, part] : llvm::enumerate(reducer.parts)) {
    unsigned place = carry(startOf(outer, reducer, number));
    if (number < reducer.numStates)
      emitter.kept[reducer.body->getArgument(number)] = {carried[place].before,
                                                         reducer.freeRanks(part.span)};
  }
  SmallVector<Value> shared = reducer.sharedScalars(rank);
  llvm::DenseSet<Value> seen;
  // A scalar that another one is made of comes first.
  std::function<void(Value)> keepShared = [&](Value value) {
    if (emitter.kept.count(value) || !seen.insert(value).second)
      return;
    if (Operation *maker = value.getDefiningOp())
      for (Value operand : maker->getOperands())
        keepShared(operand);
    if (llvm::is_contained(shared, value))
      emitter.keep(value);
  };
  Location loc = reducer.op->getLoc();
  for (auto [number, part] : llvm::enumerate(reducer.parts)) {
    seen.clear();
    keepShared(part.contribution);
    SmallVector<unsigned> free = reducer.freeRanks(part.span);
    Type element = part.contribution.getType();
    Value chunk = emitter.einsum(free, reducer.reducedRanks(), part.monoid, part.contribution, {},
                                 element, [](OpBuilder &, ValueRange values) { return values[0]; });
    Carried &state = carried[first + number];
    SmallVector<Value> old, extras;
    if (part.old)
      old.push_back(part.old);
    else
      extras.push_back(state.before);
    extras.push_back(chunk);
    state.now = emitter.einsum(free, {}, Monoid::add, old, extras, element,
                               [&, &part = part](OpBuilder &b, ValueRange values) {
                                 return combineScalars(b, loc, part.monoid, values[0], values[1]);
                               });
    if (number < reducer.numStates)
      emitter.kept[reducer.body->getTerminator()->getOperand(number)] = {state.now, free};
  }
  return first;
}

/// argmax and argmin carry the best value so far beside its coordinate: the
/// first NaN wins, then the best value, then the lower coordinate.
unsigned StreamBuilder::addExtremum(OpBuilder &outer, OpBuilder &inner, Reducer &reducer) {
  PartEmitter emitter(inner, reducer, tensors);
  const Reducer::Part &part = reducer.parts.front();
  auto einsum = cast<EinsumOp>(reducer.op);
  Location loc = einsum.getLoc();
  bool highest = part.monoid == Monoid::argmax;
  SmallVector<unsigned> free = reducer.freeRanks(part.span);
  Type element = part.contribution.getType();
  Type coordinate = einsum.getResult().getType().getElementType();
  unsigned first = carry(filled(outer, reducer, free, coordinate, [&](OpBuilder &b, Location at) {
    return arith::ConstantOp::create(b, at, b.getIntegerAttr(coordinate, -1)).getResult();
  }));
  unsigned best = carry(filled(outer, reducer, free, element, [&](OpBuilder &b, Location at) {
    return arith::ConstantOp::create(b, at, identityOf(part.monoid, element)).getResult();
  }));
  auto same = [](OpBuilder &, ValueRange values) { return values[0]; };
  Value root = part.contribution;
  if (!isa<BlockArgument>(root) && reducer.canKeep(rank) && reducer.existsEverywhere(root))
    emitter.keep(root); // both reductions read it
  Value value = emitter.einsum(free, reducer.reducedRanks(), highest ? Monoid::max : Monoid::min,
                               root, {}, element, same);
  Value place =
      emitter.einsum(free, reducer.reducedRanks(), part.monoid, root, {}, coordinate, same);
  auto better = [&](OpBuilder &b, Value now, Value before) -> Value {
    if (!isa<FloatType>(element)) {
      auto greater = highest ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt;
      if (element.isInteger(1))
        greater = highest ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::ult;
      return arith::CmpIOp::create(b, loc, greater, now, before);
    }
    // True for a NaN that is new too.
    auto greater = highest ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT;
    Value wins = arith::CmpFOp::create(b, loc, greater, now, before);
    Value proper = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, before, before);
    return arith::AndIOp::create(b, loc, wins, proper);
  };
  // (coordinate before, in the chunk, value before, in the chunk)
  Value extras[] = {carried[first].before, place, carried[best].before, value};
  carried[first].now = emitter.einsum(
      free, {}, Monoid::add, {}, extras, coordinate, [&](OpBuilder &b, ValueRange v) {
        Value zero = arith::ConstantOp::create(b, loc, b.getIntegerAttr(coordinate, 0));
        Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, v[0], zero);
        Value takes = arith::OrIOp::create(b, loc, none, better(b, v[3], v[2]));
        return arith::SelectOp::create(b, loc, takes, v[1], v[0]).getResult();
      });
  carried[best].now = emitter.einsum(free, {}, Monoid::add, {}, {carried[best].before, value},
                                     element, [&](OpBuilder &b, ValueRange v) {
                                       return combineScalars(
                                           b, loc, highest ? Monoid::max : Monoid::min, v[0], v[1]);
                                     });
  return first;
}

/// An Einsum over the result's ranks of `op`.
static Value overResult(OpBuilder &builder, TopKOp op, Type element, ValueRange operands,
                        llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  TensorType shape = op.getValues().getType();
  SmallVector<StringRef> names;
  for (int64_t rank = 0; rank < shape.getRank(); ++rank)
    names.push_back(op.getRankName(rank));
  MLIRContext *context = builder.getContext();
  AffineMap map = AffineMap::get(
      shape.getRank(), operands.size(),
      AffineMap::getMultiDimIdentityMap(shape.getRank(), context).getResults(), context);
  SmallVector<AffineMap> maps(operands.size(), map);
  return EinsumOp::create(builder, op.getLoc(), TensorType::get(context, shape.getShape(), element),
                          operands, names, maps, ArrayRef<Monoid>(), ArrayRef<ExtentAttr>(),
                          ArrayRef<StringAttr>(), body)
      .getResult();
}

/// The k best so far, with their coordinates; negative ones are of none.
unsigned StreamBuilder::addOrder(OpBuilder &outer, OpBuilder &inner, TopKOp op) {
  unsigned first = carried.size();
  for (Value result : op.getResults()) {
    Type element = cast<TensorType>(result.getType()).getElementType();
    bool isPlace = result == op.getIndices();
    carry(overResult(outer, op, element, {}, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
      TypedAttr none = isPlace ? b.getIntegerAttr(element, -1) : b.getZeroAttr(element);
      return arith::ConstantOp::create(b, loc, none);
    }));
  }
  Value best[] = {carried[first].before, carried[first + 1].before};
  auto more = TopKOp::create(inner, op.getLoc(), op.getResultTypes(),
                             tensors.lookupOrDefault(op.getInput()), best, op.getDim(), op.getK(),
                             op.getRanksAttr());
  carried[first].now = more.getValues();
  carried[first + 1].now = more.getIndices();
  return first;
}

void StreamBuilder::finish(OpBuilder &builder, TopKOp op, ValueRange states) {
  for (auto [result, state] : llvm::zip(op.getResults(), states))
    result.replaceAllUsesWith(
        overResult(builder, op, cast<TensorType>(result.getType()).getElementType(), state,
                   [](OpBuilder &, Location, ValueRange values) { return values[0]; }));
}

/// The results of a reduction from what has been carried.
void StreamBuilder::finish(OpBuilder &builder, Reducer &reducer, ValueRange states) {
  auto fold = dyn_cast<FoldOp>(reducer.op);
  IRMapping outside;
  if (!fold) {
    auto einsum = cast<EinsumOp>(reducer.op);
    PartEmitter emitter(builder, reducer, outside);
    Value value = emitter.einsum(llvm::to_vector(llvm::seq(0u, reducer.numFree)), {}, Monoid::add,
                                 {}, states[0], einsum.getResult().getType().getElementType(),
                                 [](OpBuilder &, ValueRange values) { return values[0]; });
    einsum.replaceAllUsesWith(value);
    return;
  }
  Reducer last = reducer;
  last.body = &fold.getFinish().front();
  PartEmitter emitter(builder, last, outside);
  for (unsigned state = 0; state < reducer.numStates; ++state)
    emitter.kept[last.body->getArgument(state)] = {states[state],
                                                   reducer.freeRanks(reducer.parts[state].span)};
  for (unsigned result = 0; result < fold.getNumResults(); ++result) {
    SmallVector<unsigned> free;
    for (int64_t label : fold.getLabels(result))
      free.push_back(label);
    Value root = last.body->getTerminator()->getOperand(result);
    Value value = emitter.einsum(free, {}, Monoid::add, root, {}, root.getType(),
                                 [](OpBuilder &, ValueRange values) { return values[0]; });
    fold.getResult(result).replaceAllUsesWith(value);
  }
}

/// The op around the body, whose uses of outer values become operands.
StreamOp StreamBuilder::create(OpBuilder &builder, Location loc) {
  llvm::SmallSetVector<Value, 8> captured;
  for (Operation &op : *body)
    for (Value operand : op.getOperands())
      if (operand.getParentBlock() != body)
        captured.insert(operand);
  OperationState state(loc, StreamOp::getOperationName());
  SmallVector<Value> nows;
  for (Carried &entry : carried) {
    state.addOperands(entry.start);
    state.addTypes(entry.start.getType());
    nows.push_back(entry.now);
  }
  state.addOperands(captured.getArrayRef());
  state.addAttribute("rank", builder.getStringAttr(rank));
  state.addAttribute("extent", extent);
  if (parted) {
    state.addAttribute("part_rank", parted.getPartRankAttr());
    state.addAttribute("part_length", parted.getPartLengthAttr());
  }
  Region *region = state.addRegion();
  region->push_back(body);
  OpBuilder inner(builder.getContext());
  inner.setInsertionPointToEnd(body);
  YieldOp::create(inner, loc, nows);
  for (Value value : captured) {
    Value argument = body->addArgument(value.getType(), value.getLoc());
    for (Operation &op : *body)
      op.replaceUsesOfWith(value, argument);
  }
  return cast<StreamOp>(builder.create(state));
}

/// The mask of a guard, over the ranks that its condition depends on.
GuardOp StreamBuilder::addGuard(OpBuilder &inner, const StreamGuard &guard) {
  Reducer space = Reducer::around(guard.op);
  PartEmitter emitter(inner, space, tensors);
  SmallVector<unsigned> ranks;
  for (unsigned rank : space.spanOf(guard.condition).set_bits())
    ranks.push_back(rank);
  Location loc = guard.op->getLoc();
  Value mask = emitter.einsum(
      ranks, {}, Monoid::add, guard.condition, {}, guard.condition.getType(),
      [&](OpBuilder &b, ValueRange values) -> Value {
        if (guard.keeps)
          return values[0];
        Value on = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
        return arith::XOrIOp::create(b, loc, values[0], on);
      },
      /*expandRoots=*/true);
  return GuardOp::create(inner, loc, mask, DenseI64ArrayAttr(), FloatAttr());
}

LogicalResult StreamBuilder::build(OpBuilder &builder, ArrayRef<Operation *> members,
                                   ArrayRef<Operation *> reductions) {
  SmallVector<std::optional<Reducer>> reducers;
  for (Operation *op : reductions) {
    std::string problem;
    reducers.push_back(isa<TopKOp>(op) ? std::nullopt : Reducer::of(op, problem));
    if (!reducers.back() && !isa<TopKOp>(op))
      return op->emitOpError("cannot walk rank '") << rank << "' in chunks: " << problem;
  }
  for (Operation *op : reductions)
    if (auto fold = dyn_cast<FoldOp>(op); fold && fold.getPartRank()) {
      if (reductions.size() > 1)
        return fold.emitOpError("in parts walks rank '")
               << rank << "' together with other reductions: expected it to be alone";
      parted = fold;
    }
  body = new Block();
  OpBuilder inner(builder.getContext());
  inner.setInsertionPointToEnd(body);
  // Beside a visible element a finite mask gives nothing to a maximum and 0 to a sum;
  // to a minimum it may be what counts.
  bool seesMasks = llvm::all_of(reducers, [](const std::optional<Reducer> &reducer) {
    return reducer && llvm::all_of(reducer->parts, [](const Reducer::Part &part) {
             return part.monoid == Monoid::max || part.monoid == Monoid::add;
           });
  });
  SmallVector<GuardOp> needSight;
  // The k best are of all elements, of those that a mask leaves out too.
  if (llvm::none_of(reductions, llvm::IsaPred<TopKOp>))
    for (const StreamGuard &guard : findGuards(members, reductions, seesMasks)) {
      GuardOp op = addGuard(inner, guard);
      if (guard.needsSight)
        needSight.push_back(op);
    }
  for (Operation *op : members)
    inner.clone(*op, tensors);
  SmallVector<unsigned> first;
  SmallVector<int64_t> maxima;
  for (auto [op, reducer] : llvm::zip(reductions, reducers)) {
    if (!reducer)
      first.push_back(addOrder(builder, inner, cast<TopKOp>(op)));
    else if (isArg(reducer->parts.front().monoid))
      first.push_back(addExtremum(builder, inner, *reducer));
    else
      first.push_back(addParts(builder, inner, *reducer));
    if (reducer)
      for (auto [number, part] : llvm::enumerate(reducer->parts))
        if (part.monoid == Monoid::max && isa<FloatType>(part.contribution.getType()))
          maxima.push_back(first.back() + number);
  }
  if (!maxima.empty()) // exp of a masked element is 0 whatever the others are
    for (GuardOp guard : needSight) {
      guard.setSeen(maxima);
      guard.setBoundAttr(builder.getF64FloatAttr(kSeen));
    }
  StreamOp stream = create(builder, reductions.front()->getLoc());
  for (auto [op, reducer, start] : llvm::zip(reductions, reducers, first)) {
    if (reducer)
      finish(builder, *reducer, stream.getResults().drop_front(start));
    else
      finish(builder, cast<TopKOp>(op), stream.getResults().slice(start, 2));
    op->erase();
  }
  return success();
}

} // namespace einfall::ein
