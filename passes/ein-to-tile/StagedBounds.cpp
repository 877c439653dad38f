//===- StagedBounds.cpp - What conditions are over a block's part ---------===//
//
// Where a condition is settled all over the block's part of a chunk, the stage runs without
// it, or the chunk is not visited: interval arithmetic on coordinates, and on the least and
// the greatest element of what a condition reads.
//
//===----------------------------------------------------------------------===//
#include "dialects/ein/EinBounds.h"
#include "passes/ein-to-tile/BoxPredicate.h"
#include "passes/ein-to-tile/StagedLowering.h"
#include "llvm/ADT/STLExtras.h"
#include <set>

using namespace mlir;

namespace einfall {

ein::EinsumOp einsumOver(OpBuilder &builder, ein::TensorType result, Value tensor,
                         ArrayRef<StringRef> labels, ArrayRef<ein::Monoid> monoids,
                         llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  auto type = cast<ein::TensorType>(tensor.getType());
  AffineMap map = AffineMap::get(
      type.getRank(), 1,
      AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext()).getResults(),
      type.getContext());
  ArrayRef<ein::ExtentAttr> reduced =
      monoids.empty() ? ArrayRef<ein::ExtentAttr>() : type.getShape();
  return ein::EinsumOp::create(builder, tensor.getLoc(), result, tensor, labels, map, monoids,
                               reduced, ArrayRef<StringAttr>(), body);
}

static ein::EinsumOp minimumOf(OpBuilder &builder, Value tensor, ArrayRef<StringRef> labels,
                               Type element,
                               llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  SmallVector<ein::Monoid> monoids(labels.size(), ein::Monoid::min);
  return einsumOver(builder, ein::TensorType::get(tensor.getContext(), {}, element), tensor, labels,
                    monoids, body);
}

/// The elements of an operand that the block's part reads, or nothing where that
/// is more than a small part of the work of a chunk.
bool StagedLowering::isCheapToScan(ein::EinsumOp op, const Access &read) {
  double points = 1, heaviest = 0;
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
    if (read.dependsOn(rank))
      points *= plan.pointsOf(op.getRankName(rank));
  for (auto other : chunk->getOps<ein::EinsumOp>()) {
    double work = 1;
    for (int64_t rank = 0; rank < other.getNumRanks(); ++rank)
      work *= plan.pointsOf(other.getRankName(rank));
    heaviest = std::max(heaviest, work);
  }
  return 8 * points <= heaviest;
}

/// The least (or greatest) element of an operand in the block's part.
Value StagedLowering::extremeOf(ein::EinsumOp op, unsigned number, const Access &read,
                                ein::Monoid monoid) {
  MLIRContext *context = builder.getContext();
  SmallVector<StringRef> labels;
  SmallVector<ein::ExtentAttr> reduced;
  SmallVector<AffineExpr> dims(op.getNumRanks(), getAffineConstantExpr(0, context));
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
    if (read.dependsOn(rank)) {
      dims[rank] = getAffineDimExpr(labels.size(), context);
      labels.push_back(op.getRankName(rank));
      reduced.push_back(op.getRankExtent(rank));
    }
  AffineMap map = op.getMap(number);
  unsigned count = op.getInputs().size(), numSizes = map.getNumSymbols() - count;
  SmallVector<AffineExpr> sizes(count, getAffineConstantExpr(0, context));
  for (unsigned i = 0; i < numSizes; ++i)
    sizes.push_back(getAffineSymbolExpr(1 + i, context));
  SmallVector<StringAttr> names;
  for (Attribute name : op.getSymbols())
    names.push_back(cast<StringAttr>(name));
  Type element = op.getBody().front().getArgument(number).getType();
  // The order of i1 is that of a signed number.
  bool isTruth = element.isInteger(1);
  Type ordered = isTruth ? builder.getIntegerType(8) : element;
  OpBuilder inner(op);
  Stage scan;
  scan.root = ein::EinsumOp::create(
      inner, loc, ein::TensorType::get(context, {}, ordered), op.getInputs()[number], labels,
      map.replaceDimsAndSymbols(dims, sizes, labels.size(), 1 + numSizes),
      SmallVector<ein::Monoid>(labels.size(), monoid), reduced, names,
      [&](OpBuilder &b, Location at, ValueRange v) -> Value {
        return isTruth ? arith::ExtUIOp::create(b, at, ordered, v[0]).getResult() : v[0];
      });
  return scalarOf(scan);
}

/// The integer that a stage without free ranks makes of the block's part.
Value StagedLowering::scalarOf(const Stage &current) {
  Value result = scanned = ein::EinsumOp(current.root).getResult();
  makeLocals(current);
  emitPart(current);
  scanned = Value();
  tiles.space = TileSpace();
  schedule.lanes = -1;
  TileValue exists;
  Access found =
      accessAll(cast<ein::TensorType>(result.getType()), symbols, &localOf(result).layout);
  Value value = toIndex(load(found, result, {}, exists)).value;
  // What follows may take the memory: all have read it first.
  tile::BarrierOp::create(builder, loc);
  locals.erase(result);
  results.clear();
  result.getDefiningOp()->erase();
  return value;
}

/// Between which values an operand of a condition lies all over the block's
/// part: its one value, if it does not vary there, or the least and the greatest
/// element, which are read first.
std::optional<Bounds> StagedLowering::boundsOf(ein::EinsumOp op, BlockArgument argument) {
  unsigned number = argument.getArgNumber();
  Value tensor = outside(op.getInputs()[number]);
  if (!isa<BlockArgument>(tensor) || !isa<IntegerType>(argument.getType()) ||
      !ein::readsInside(op, number))
    return std::nullopt;
  Access read = access(op, number);
  if (read.fromCoordinate)
    return std::nullopt;
  std::string key;
  llvm::raw_string_ostream(key) << cast<BlockArgument>(tensor).getArgNumber() << ' '
                                << op.getMap(number);
  bool varies = false;
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
    if (read.dependsOn(rank)) {
      StringRef label = op.getRankName(rank);
      key += (" " + Twine(rank) + "=" + label).str();
      varies |= plan.ranks.find(label)->second.part != 1;
    }
  if (auto known = knownBounds.find(key); known != knownBounds.end())
    return known->second;
  if (varies && !isCheapToScan(op, read))
    return std::nullopt;
  if (varies) {
    Value low = extremeOf(op, number, read, ein::Monoid::min);
    return knownBounds[key] = Bounds{low, extremeOf(op, number, read, ein::Monoid::max)};
  }
  at.assign(op.getNumRanks(), Value());
  active.assign(op.getNumRanks(), 1);
  for (int64_t rank = 0; rank < op.getNumRanks(); ++rank)
    at[rank] = boxes.find(op.getRankName(rank))->second.begin;
  tiles.space = TileSpace();
  schedule.lanes = -1;
  TileValue exists;
  SmallVector<TileValue> none(op.getInputs().size());
  Value value = toIndex(load(read, op.getInputs()[number], none, exists)).value;
  return knownBounds[key] = Bounds{value, value};
}

/// Looks up what conditions of the stream read and what is the same in all of
/// its chunks.
void StagedLowering::boundBefore(ein::StreamOp stream) {
  auto look = [&](ein::EinsumOp op, Value condition) {
    for (BlockArgument argument : argumentsOf(condition)) {
      int64_t rank = op.findRank(stream.getRank());
      if (rank < 0 || !access(op, argument.getArgNumber()).dependsOn(rank))
        boundsOf(op, argument);
    }
  };
  for (auto guard : stream.getBody().front().getOps<ein::GuardOp>())
    if (auto mask = guard.getMask().getDefiningOp<ein::EinsumOp>())
      look(mask, mask.getYielded());
}

/// What is proven of a condition in the body of `op`, all over the block's part.
Verdict StagedLowering::verdictOf(ein::EinsumOp op, Value condition) {
  auto boxOf = [&](StringRef label) {
    const Box &box =
        rowsOfWarp.begin && label == fragments->rows ? rowsOfWarp : boxes.find(label)->second;
    Value last = arith::SubIOp::create(builder, loc, box.end, constant(1));
    return Bounds{box.begin, last};
  };
  auto extentValue = [&](ein::ExtentAttr extent) { return expand(symbols.expr(extent), {}); };
  return BoxPredicate(builder, loc, boxOf, extentValue,
                      [&](BlockArgument argument) { return boundsOf(op, argument); })
      .of(condition);
}

/// Whether some guard may hold somewhere in the chunk; null if nothing is known.
/// Some guards do not count where the stream walks `again`.
Value StagedLowering::mayHold(Block &body, Value again) {
  Value result;
  for (auto guard : body.getOps<ein::GuardOp>()) {
    auto mask = guard.getMask().getDefiningOp<ein::EinsumOp>();
    if (!mask)
      continue;
    Value none = verdictOf(mask, mask.getYielded()).none;
    if (!none)
      continue;
    Value some = arith::XOrIOp::create(
        builder, loc, none, arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
    if (guard.getSeen())
      some = arith::OrIOp::create(builder, loc, some, again);
    result = result ? Value(arith::AndIOp::create(builder, loc, result, some)) : some;
  }
  return result;
}

/// Whether what guards name has come out above their bounds, all over the block's
/// part; null if they name nothing.
Value StagedLowering::hasSeen(ein::StreamOp stream) {
  Value result;
  Operation *yield = stream.getBody().front().getTerminator();
  OpBuilder outer(stream.getContext());
  outer.setInsertionPointAfter(stream);
  Type integer = builder.getI32Type();
  std::set<std::pair<int64_t, double>> asked;
  for (auto guard : stream.getBody().front().getOps<ein::GuardOp>())
    for (int64_t number : guard.getSeen().value_or(ArrayRef<int64_t>())) {
      double bound = guard.getBound()->convertToDouble();
      if (!asked.insert({number, bound}).second)
        continue;
      Stage look;
      look.root = minimumOf(
          outer, stream.getResult(number), plan.labelsOf(yield->getOperand(number)), integer,
          [&](OpBuilder &b, Location at, ValueRange v) -> Value {
            Value limit = arith::ConstantOp::create(b, at, b.getFloatAttr(v[0].getType(), bound));
            Value above = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OGT, v[0], limit);
            return arith::ExtUIOp::create(b, at, integer, above);
          });
      Value seen = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, scalarOf(look),
                                         constant(0));
      result = result ? Value(arith::AndIOp::create(builder, loc, result, seen)) : seen;
    }
  return result;
}

/// Whether the conditions of a stage, those that are found, are settled all over
/// the block's part of the chunk; null if nothing is known.
Value StagedLowering::settle(const Stage &current, SmallVectorImpl<SettledCondition> &conditions) {
  Value result;
  auto add = [&](ein::EinsumOp op) {
    for (const SettledCondition &condition : conditionsOf(op, *chunk)) {
      // A part of what is settled needs no test of its own.
      if (llvm::any_of(conditions, [&](const SettledCondition &other) {
            return other.op == op && isPartOf(condition.value, other.value);
          }))
        continue;
      Verdict verdict = verdictOf(op, condition.value);
      Value proven = condition.holds ? verdict.all : verdict.none;
      if (!proven)
        continue;
      conditions.push_back(condition);
      result = result ? Value(arith::AndIOp::create(builder, loc, result, proven)) : proven;
    }
  };
  llvm::for_each(current.inside, add);
  add(current.root);
  llvm::for_each(current.epilogue, add);
  return result;
}

/// Runs `body` without the `conditions` where they are `settled`, else with them.
void StagedLowering::unlessSettled(Value settled, ArrayRef<SettledCondition> conditions,
                                   function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, loc, settled, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  {
    WithoutConditions bodies(conditions);
    body();
  }
  builder.setInsertionPointToStart(branch.elseBlock());
  body();
}

/// In a chunk, conditions may hold all over the block's part: then the stage does without
/// them. Of a reduction only what follows it is written twice, if that alone has conditions:
/// a branch a tile is nothing beside its points, and loops are most of the code.
void StagedLowering::emitStage(const Stage &current) {
  makeLocals(current);
  SmallVector<SettledCondition> conditions;
  Value settled = chunk ? settle(current, conditions) : Value();
  if (!settled)
    return emitPart(current);
  if (counts) {
    auto branch = scf::IfOp::create(builder, loc, settled, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    count("unmasked");
    builder.setInsertionPointToStart(branch.elseBlock());
    count("masked");
  }
  ein::EinsumOp op = current.root;
  bool afterwards =
      !op.getMonoids().empty() && llvm::none_of(conditions, [&](const SettledCondition &condition) {
        return condition.op == op || llvm::is_contained(current.inside, condition.op);
      });
  if (!afterwards)
    return unlessSettled(settled, conditions, [&] { emitPart(current); });
  settledAfter = settled;
  conditionsAfter = std::move(conditions);
  emitPart(current);
  settledAfter = Value();
}

void StagedLowering::storeResults(TileValue value) {
  auto store = [&] { EinsumLowering::storeResults(value); };
  if (settledAfter)
    return unlessSettled(settledAfter, conditionsAfter, store);
  store();
}

} // namespace einfall
