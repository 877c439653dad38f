//===- Reducers.cpp - Reductions taken apart for a walk in chunks ---------===//
#include "passes/ein/Reducers.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/ein/KernelShape.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {

//===----------------------------------------------------------------------===//
// Monoids on scalars
//===----------------------------------------------------------------------===//

/// The monoid that an operation on two scalars is, if it is one.
static std::optional<Monoid> monoidOf(Operation *op) {
  if (!op || op->getNumOperands() != 2)
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, std::optional<Monoid>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Monoid::add; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Monoid::mul; })
      .Case<arith::MaximumFOp, arith::MaxSIOp>([](auto) { return Monoid::max; })
      .Case<arith::MinimumFOp, arith::MinSIOp>([](auto) { return Monoid::min; })
      .Case<arith::OrIOp>([](auto) { return Monoid::or_; })
      .Case<arith::AndIOp>([](auto) { return Monoid::and_; })
      .Default([](Operation *) { return std::nullopt; });
}

/// log(exp(a) + exp(b)); where the greater one is infinite, that one.
static Value logAddExp(OpBuilder &builder, Location loc, Value a, Value b) {
  Value high = arith::MaximumFOp::create(builder, loc, a, b);
  auto part = [&](Value x) -> Value {
    return math::ExpOp::create(builder, loc, arith::SubFOp::create(builder, loc, x, high));
  };
  Value sum = arith::AddFOp::create(builder, loc, part(a), part(b));
  Value result = arith::AddFOp::create(builder, loc, high, math::LogOp::create(builder, loc, sum));
  Value infinity =
      arith::ConstantOp::create(builder, loc, builder.getFloatAttr(a.getType(), HUGE_VAL));
  Value size = math::AbsFOp::create(builder, loc, high);
  Value infinite = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, size, infinity);
  return arith::SelectOp::create(builder, loc, infinite, high, result);
}

Value combineScalars(OpBuilder &builder, Location loc, Monoid monoid, Value a, Value b) {
  bool isFloat = isa<FloatType>(a.getType()), isBit = a.getType().isInteger(1);
  switch (monoid) {
  case Monoid::add:
    return isFloat ? Value(arith::AddFOp::create(builder, loc, a, b))
                   : Value(arith::AddIOp::create(builder, loc, a, b));
  case Monoid::mul:
    return isFloat ? Value(arith::MulFOp::create(builder, loc, a, b))
                   : Value(arith::MulIOp::create(builder, loc, a, b));
  case Monoid::max:
    if (isFloat)
      return arith::MaximumFOp::create(builder, loc, a, b);
    return isBit ? Value(arith::OrIOp::create(builder, loc, a, b))
                 : Value(arith::MaxSIOp::create(builder, loc, a, b));
  case Monoid::min:
    if (isFloat)
      return arith::MinimumFOp::create(builder, loc, a, b);
    return isBit ? Value(arith::AndIOp::create(builder, loc, a, b))
                 : Value(arith::MinSIOp::create(builder, loc, a, b));
  case Monoid::or_:
    return arith::OrIOp::create(builder, loc, a, b);
  case Monoid::and_:
    return arith::AndIOp::create(builder, loc, a, b);
  case Monoid::logaddexp:
    return logAddExp(builder, loc, a, b);
  case Monoid::argmax:
  case Monoid::argmin:
    break;
  }
  llvm_unreachable("argmax and argmin combine coordinates by values");
}

//===----------------------------------------------------------------------===//
// Taking apart
//===----------------------------------------------------------------------===//

ValueRange Reducer::inputs() const {
  if (auto fold = dyn_cast<FoldOp>(op))
    return fold.getInputs();
  return cast<EinsumOp>(op).getInputs();
}

AffineMap Reducer::map(unsigned input) const {
  return cast<AffineMapAttr>(op->getAttrOfType<ArrayAttr>("maps")[input]).getValue();
}

int Reducer::partOf(Value value) const {
  if (!isa<FoldOp>(op))
    return -1;
  OperandRange yielded = body->getTerminator()->getOperands();
  auto it = llvm::find(yielded, value);
  return it == yielded.end() ? -1 : it - yielded.begin();
}

/// Calls `visit` on scalars that `value` is made of, itself first; those for
/// which it gives false are not looked into.
static void walkScalars(Value value, llvm::DenseSet<Value> &seen,
                        llvm::function_ref<bool(Value)> visit) {
  if (!seen.insert(value).second || !visit(value))
    return;
  if (Operation *maker = value.getDefiningOp())
    for (Value operand : maker->getOperands())
      walkScalars(operand, seen, visit);
}

bool Reducer::dependsOnBefore(Value value) const {
  bool found = false;
  llvm::DenseSet<Value> seen;
  walkScalars(value, seen, [&](Value part) {
    if (partOf(part) >= 0)
      return false;
    auto argument = dyn_cast<BlockArgument>(part);
    found |= argument && argument.getArgNumber() < numStates;
    return true;
  });
  return found;
}

llvm::SmallBitVector Reducer::spanOf(Value value) const {
  llvm::SmallBitVector span(ranks.size());
  std::function<void(unsigned)> addInput = [&](unsigned input) {
    AffineMap indices = map(input);
    for (unsigned rank = 0; rank < ranks.size(); ++rank)
      if (indices.isFunctionOfDim(rank))
        span.set(rank);
    for (unsigned other = 0; other < input; ++other)
      if (indices.isFunctionOfSymbol(other))
        addInput(other);
  };
  llvm::DenseSet<Value> seen;
  walkScalars(value, seen, [&](Value part) {
    if (int number = partOf(part); number >= 0 && part != value) {
      span |= parts[number].span;
      return false;
    }
    if (auto argument = dyn_cast<BlockArgument>(part)) {
      if (argument.getArgNumber() < numStates)
        span |= parts[argument.getArgNumber()].span;
      else
        addInput(argument.getArgNumber() - numStates);
    } else if (auto index = part.getDefiningOp<IndexOp>()) {
      span.set(llvm::find(ranks, index.getRank()) - ranks.begin());
    }
    return true;
  });
  return span;
}

bool Reducer::isElement(Value value) const {
  llvm::SmallBitVector span = spanOf(value);
  return partOf(value) < 0 &&
         llvm::any_of(reducedRanks(), [&](unsigned rank) { return span.test(rank); });
}

bool Reducer::existsEverywhere(Value value) const {
  bool everywhere = true;
  std::function<void(unsigned)> check = [&](unsigned input) {
    everywhere &= ein::existsEverywhere(op, input);
    for (unsigned other = 0; other < input; ++other)
      if (map(input).isFunctionOfSymbol(other))
        check(other);
  };
  llvm::DenseSet<Value> seen;
  walkScalars(value, seen, [&](Value part) {
    if (partOf(part) >= 0 && part != value)
      return false;
    if (auto argument = dyn_cast<BlockArgument>(part);
        argument && argument.getArgNumber() >= numStates)
      check(argument.getArgNumber() - numStates);
    return true;
  });
  return everywhere;
}

SmallVector<unsigned> Reducer::freeRanks(const llvm::SmallBitVector &span) const {
  SmallVector<unsigned> free;
  for (unsigned rank = 0; rank < numFree; ++rank)
    if (span.test(rank))
      free.push_back(rank);
  return free;
}

SmallVector<unsigned> Reducer::reducedRanks() const {
  return llvm::to_vector(llvm::seq<unsigned>(numFree, ranks.size()));
}

bool Reducer::splitYield(unsigned state, Value yielded) {
  Operation *join = yielded.getDefiningOp();
  std::optional<Monoid> monoid = monoidOf(join);
  if (!monoid)
    return false;
  for (unsigned side : {0, 1}) {
    Value old = join->getOperand(side), contribution = join->getOperand(1 - side);
    if (!dependsOnBefore(old) || dependsOnBefore(contribution) || isElement(old))
      continue;
    parts[state].monoid = *monoid;
    parts[state].contribution = contribution;
    parts[state].old = old == body->getArgument(state) ? Value() : old;
    return true;
  }
  return false;
}

/// A state has the ranks of all it is made of, other states included.
void Reducer::findSpans() {
  for (bool changed = true; changed;) {
    changed = false;
    for (Part &part : parts) {
      llvm::SmallBitVector span = part.span;
      span |= spanOf(part.contribution);
      if (part.old)
        span |= spanOf(part.old);
      span.reset(numFree, ranks.size());
      changed |= span != part.span;
      part.span = span;
    }
  }
}

bool Reducer::takeApart(std::string &problem) {
  llvm::SmallBitVector none(ranks.size());
  if (auto einsum = dyn_cast<EinsumOp>(op)) {
    if (!llvm::all_equal(einsum.getMonoids())) {
      problem = "its reduced ranks have several monoids";
      return false;
    }
    parts.push_back({einsum.getMonoid(numFree), einsum.getYielded(), Value(), none});
    for (unsigned rank = 0; rank < numFree; ++rank)
      parts.front().span.set(rank);
    return true;
  }
  OperandRange yielded = body->getTerminator()->getOperands();
  auto fold = cast<FoldOp>(op);
  if (fold.getPartRank()) // each part has states of its own
    none.set(fold.findRank(*fold.getPartRank()));
  parts.assign(numStates, {Monoid::add, Value(), Value(), none});
  for (auto [state, value] : llvm::enumerate(yielded))
    if (!splitYield(state, value)) {
      problem = "state #" + std::to_string(state) +
                " of its step is not the old state joined with what an element contributes";
      return false;
    }
  findSpans();
  return true;
}

Reducer Reducer::around(Operation *op) {
  Reducer result;
  result.op = op;
  result.ranks = strings(op->getAttrOfType<ArrayAttr>("ranks"));
  if (auto fold = dyn_cast<FoldOp>(op)) {
    result.numFree = fold.getNumFree();
    result.body = &fold.getStep().front();
    result.numStates = fold.getStateTypes().size();
    for (unsigned rank = 0; rank < result.ranks.size(); ++rank)
      result.extents.push_back(fold.getRankExtent(rank));
  } else {
    auto einsum = cast<EinsumOp>(op);
    result.numFree = einsum.getNumFree();
    result.body = &einsum.getBody().front();
    result.numStates = 0;
    for (unsigned rank = 0; rank < result.ranks.size(); ++rank)
      result.extents.push_back(einsum.getRankExtent(rank));
  }
  return result;
}

std::optional<Reducer> Reducer::of(Operation *op, std::string &problem) {
  Reducer result = around(op);
  if (!result.takeApart(problem))
    return std::nullopt;
  return result;
}

//===----------------------------------------------------------------------===//
// Scalars worth keeping
//===----------------------------------------------------------------------===//

static bool isCostly(Operation *op) {
  return isa<arith::DivFOp, arith::RemFOp>(op) ||
         (isa<math::MathDialect>(op->getDialect()) && !isa<math::FmaOp, math::AbsFOp>(op));
}

namespace {
/// What the parts of a reducer make of its body's scalars.
struct Uses {
  explicit Uses(const Reducer &reducer) : reducer(reducer) {
    for (auto [number, part] : llvm::enumerate(reducer.parts)) {
      llvm::DenseSet<Value> seen;
      walkScalars(part.contribution, seen, [&](Value value) {
        if (reducer.partOf(value) >= 0)
          return false;
        llvm::SmallBitVector &by = users[value];
        by.resize(reducer.parts.size());
        by.set(number);
        return true;
      });
    }
  }
  /// Operations that compute `value`, casts aside; costly ones count much.
  unsigned costOf(Value value) const {
    unsigned cost = 0;
    llvm::DenseSet<Value> seen;
    walkScalars(value, seen, [&](Value part) {
      if (reducer.partOf(part) >= 0)
        return false;
      Operation *maker = part.getDefiningOp();
      if (maker && !isa<CastOpInterface, arith::ConstantOp, IndexOp, ExtentOp>(maker))
        cost += isCostly(maker) ? 16 : 1;
      return true;
    });
    return cost;
  }

  const Reducer &reducer;
  llvm::MapVector<Value, llvm::SmallBitVector> users; // parts that use a scalar
};
} // namespace

bool Reducer::canKeep(StringRef walked) const {
  int64_t kept = 1;
  for (unsigned rank : reducedRanks())
    if (ranks[rank] != walked)
      kept *= extents[rank].getLiteral().value_or(kMostKept + 1);
  return kept <= kMostKept;
}

SmallVector<Value> Reducer::sharedScalars(StringRef walked) const {
  SmallVector<Value> shared;
  if (!canKeep(walked))
    return shared;
  Uses uses(*this);
  auto reaches = [&](Value value) -> const llvm::SmallBitVector & {
    return uses.users.find(value)->second;
  };
  for (auto &[value, by] : uses.users) {
    if (by.count() < 2 || !isElement(value) || uses.costOf(value) <= 3 || !existsEverywhere(value))
      continue;
    bool isRoot = llvm::any_of(parts, [&](const Part &p) { return p.contribution == value; });
    bool isEdge = llvm::any_of(value.getUsers(), [&, &by = by](Operation *user) {
      Value result = user->getNumResults() ? user->getResult(0) : Value();
      return result && uses.users.count(result) && reaches(result) != by;
    });
    if (isRoot || isEdge)
      shared.push_back(value);
  }
  for (const Part &part : parts) {
    llvm::DenseSet<Value> seen;
    walkScalars(part.contribution, seen, [&](Value value) {
      if (partOf(value) >= 0 || llvm::is_contained(shared, value) || !isElement(value))
        return false;
      llvm::SmallBitVector span = spanOf(value);
      span.reset(numFree, ranks.size());
      if (span == part.span || uses.costOf(value) < 16 || !existsEverywhere(value))
        return true;
      shared.push_back(value);
      return false;
    });
  }
  return shared;
}

} // namespace einfall::ein
