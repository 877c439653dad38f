//===- EinBounds.cpp - Which reads stay inside ----------------------------===//
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall::ein {
namespace {

/// Least and greatest value of an expression, both over symbols alone.
struct Interval {
  AffineExpr low, high;
};

struct BoundsProver {
  MLIRContext *context;
  SmallVector<StringAttr> table;   // symbol names of bounds
  SmallVector<AffineExpr> assumed; // each at least 0
  ArrayRef<ExtentAttr> extents;
  unsigned firstSymbol;
  ArrayRef<StringAttr> symbols;
  function_ref<std::optional<int64_t>(unsigned)> coordinateLimit;

  std::optional<int64_t> literal(AffineExpr expr) {
    expr = simplifyIndex(expr, 0, table.size());
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return constant.getValue();
    return std::nullopt;
  }

  bool atLeastZero(AffineExpr expr) {
    if (auto value = literal(expr))
      return *value >= 0;
    // A sum of assumed extents and a non-negative rest.
    for (AffineExpr fact : assumed)
      if (auto rest = literal(expr - fact); rest && *rest >= 0)
        return true;
    for (AffineExpr a : assumed)
      for (AffineExpr b : assumed)
        if (auto rest = literal(expr - a - b); rest && *rest >= 0)
          return true;
    return false;
  }

  std::optional<Interval> bound(AffineExpr expr) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return Interval{constant, constant};
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      ExtentAttr extent = extents[dim.getPosition()];
      if (!extent)
        return std::nullopt;
      return Interval{getAffineConstantExpr(0, context), extent.over(table) - 1};
    }
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
      unsigned position = symbol.getPosition();
      if (position < firstSymbol) {
        std::optional<int64_t> limit = coordinateLimit(position);
        if (!limit)
          return std::nullopt;
        return Interval{getAffineConstantExpr(0, context),
                        getAffineConstantExpr(*limit - 1, context)};
      }
      AffineExpr value = ExtentAttr::symbol(context, symbols[position - firstSymbol]).over(table);
      return Interval{value, value};
    }
    auto binary = cast<AffineBinaryOpExpr>(expr);
    std::optional<Interval> lhs = bound(binary.getLHS());
    if (!lhs)
      return std::nullopt;
    if (expr.getKind() == AffineExprKind::Add) {
      std::optional<Interval> rhs = bound(binary.getRHS());
      if (!rhs)
        return std::nullopt;
      return Interval{lhs->low + rhs->low, lhs->high + rhs->high};
    }
    auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
    if (!constant)
      return std::nullopt;
    int64_t value = constant.getValue();
    switch (expr.getKind()) {
    case AffineExprKind::Mul:
      if (value >= 0)
        return Interval{lhs->low * value, lhs->high * value};
      return Interval{lhs->high * value, lhs->low * value};
    case AffineExprKind::FloorDiv:
      return Interval{lhs->low.floorDiv(value), lhs->high.floorDiv(value)};
    case AffineExprKind::CeilDiv:
      return Interval{lhs->low.ceilDiv(value), lhs->high.ceilDiv(value)};
    default:
      return Interval{getAffineConstantExpr(0, context), getAffineConstantExpr(value - 1, context)};
    }
  }
};

} // namespace

static SmallVector<IndexBounds>
boundsOf(AffineMap map, ArrayRef<ExtentAttr> shape, ArrayRef<ExtentAttr> extents,
         unsigned firstSymbol, ArrayRef<StringAttr> symbols, Operation *scope,
         function_ref<std::optional<int64_t>(unsigned)> coordinateLimit) {
  BoundsProver prover{map.getContext(), {}, {}, extents, firstSymbol, symbols, coordinateLimit};
  auto function = scope->getParentOfType<func::FuncOp>();
  if (auto facts = function ? function->getAttrOfType<ArrayAttr>("ein.assume") : ArrayAttr())
    for (Attribute fact : facts)
      prover.assumed.push_back(cast<ExtentAttr>(fact).over(prover.table));
  SmallVector<IndexBounds> inside;
  for (auto [index, extent] : llvm::zip(map.getResults(), shape)) {
    // A rank alone over its own extent needs no arithmetic.
    auto dim = dyn_cast<AffineDimExpr>(index);
    if (dim && extents[dim.getPosition()] == extent) {
      inside.push_back({true, true});
      continue;
    }
    std::optional<Interval> range = prover.bound(index);
    AffineExpr limit = extent.over(prover.table);
    inside.push_back({range && prover.atLeastZero(range->low),
                      range && prover.atLeastZero(limit - 1 - range->high)});
  }
  return inside;
}

Value indexedBy(Operation *op, unsigned number) {
  if (isa<UpdateOp>(op))
    return op->getOperand(0);
  if (auto scatter = dyn_cast<ScatterOp>(op))
    return number < scatter.getIndices().size() ? scatter.getIndices()[number] : scatter.getDest();
  return op->getOperand(number);
}

SmallVector<ExtentAttr> divisorsOf(Operation *op) {
  SmallVector<ExtentAttr> divisors;
  // `numOthers`: symbols in front of `names`, and ranks, are no sizes.
  auto add = [&](AffineExpr expr, unsigned numOthers, ArrayRef<StringAttr> names) {
    expr.walk([&](AffineExpr inner) {
      auto binary = dyn_cast<AffineBinaryOpExpr>(inner);
      if (!binary || isa<AffineConstantExpr>(binary.getRHS()) ||
          inner.getKind() == AffineExprKind::Add || inner.getKind() == AffineExprKind::Mul)
        return;
      SmallVector<AffineExpr> sizes(numOthers);
      for (unsigned i = 0; i < names.size(); ++i)
        sizes.push_back(getAffineSymbolExpr(i, op->getContext()));
      bool isSize = true;
      binary.getRHS().walk([&](AffineExpr part) {
        auto symbol = dyn_cast<AffineSymbolExpr>(part);
        isSize &= !isa<AffineDimExpr>(part) && (!symbol || symbol.getPosition() >= numOthers);
      });
      if (isSize)
        divisors.push_back(ExtentAttr::of(binary.getRHS().replaceSymbols(sizes), names));
    });
  };
  auto addExtent = [&](ExtentAttr extent) {
    add(extent.getExpr(), 0, SmallVector<StringAttr>(extent.getSymbols()));
  };
  for (Type type : op->getResultTypes())
    if (auto tensor = dyn_cast<TensorType>(type))
      llvm::for_each(tensor.getShape(), addExtent);
  if (auto extents = op->getAttrOfType<ArrayAttr>("extents"))
    llvm::for_each(extents.getAsRange<ExtentAttr>(), addExtent);
  if (auto assumed = op->getAttrOfType<ArrayAttr>("ein.assume"))
    llvm::for_each(assumed.getAsRange<ExtentAttr>(), addExtent);
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  auto symbols = op->getAttrOfType<ArrayAttr>("symbols");
  if (!maps || !symbols)
    return divisors;
  SmallVector<StringAttr> names(symbols.getAsRange<StringAttr>());
  for (AffineMap map : maps.getAsValueRange<AffineMapAttr>())
    for (AffineExpr index : map.getResults())
      add(index, map.getNumSymbols() - names.size(), names);
  return divisors;
}

SmallVector<ExtentAttr> rankExtents(Operation *op) {
  SmallVector<ExtentAttr> extents;
  if (auto einsum = dyn_cast<EinsumOp>(op)) {
    for (int64_t rank = 0, e = einsum.getNumRanks(); rank < e; ++rank)
      extents.push_back(einsum.getRankExtent(rank));
    return extents;
  }
  if (auto fold = dyn_cast<FoldOp>(op)) {
    for (int64_t rank = 0, e = fold.getNumRanks(); rank < e; ++rank)
      extents.push_back(fold.getRankExtent(rank));
    return extents;
  }
  Value space = isa<UpdateOp, ScatterOp>(op) ? op->getOperand(1) : op->getResult(0);
  llvm::append_range(extents, cast<TensorType>(space.getType()).getShape());
  return extents;
}

/// One more than the greatest value of the integers in `source`, if it is an
/// argument whose range is known and has no negative numbers.
static std::optional<int64_t> limitOf(Value source) {
  auto argument = dyn_cast<BlockArgument>(source);
  if (argument)
    if (auto stream = dyn_cast<StreamOp>(argument.getOwner()->getParentOp()))
      argument = dyn_cast<BlockArgument>(stream.getInputs()[argument.getArgNumber()]);
  if (argument)
    if (auto kernel = dyn_cast<KernelOp>(argument.getOwner()->getParentOp()))
      argument = dyn_cast<BlockArgument>(kernel.getInputs()[argument.getArgNumber()]);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
  auto range = function ? function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "ein.range")
                        : ArrayAttr();
  if (!range || range.size() != 2 || cast<IntegerAttr>(range[0]).getInt() < 0)
    return std::nullopt;
  return cast<IntegerAttr>(range[1]).getInt();
}

/// The same of a coordinate that is read, where it is read outside too.
static std::optional<int64_t> limitOf(Operation *op, unsigned number) {
  std::optional<int64_t> limit = limitOf(indexedBy(op, number));
  TypedAttr fill = fillOf(op, number);
  if (!limit || !fill)
    return limit;
  auto value = dyn_cast<IntegerAttr>(fill);
  if (!value || value.getValue().isNegative())
    return std::nullopt;
  return std::max(*limit, value.getInt() + 1);
}

SmallVector<IndexBounds> boundsOf(Operation *op, unsigned number) {
  SmallVector<StringAttr> symbols;
  for (Attribute name : op->getAttrOfType<ArrayAttr>("symbols"))
    symbols.push_back(cast<StringAttr>(name));
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  auto type = cast<TensorType>(indexedBy(op, number).getType());
  return boundsOf(cast<AffineMapAttr>(maps[number]).getValue(), type.getShape(), rankExtents(op),
                  maps.size(), symbols, op, [&](unsigned source) { return limitOf(op, source); });
}

SmallVector<bool> indicesInside(Operation *op, unsigned number) {
  return llvm::map_to_vector(boundsOf(op, number),
                             [](IndexBounds bounds) { return bounds.low && bounds.high; });
}

bool readsInside(Operation *op, unsigned number) {
  return !llvm::is_contained(indicesInside(op, number), false);
}

TypedAttr fillOf(Operation *op, unsigned number) {
  auto fills = op->getAttrOfType<ArrayAttr>("fills");
  return fills ? dyn_cast<TypedAttr>(fills[number]) : TypedAttr();
}

bool existsEverywhere(Operation *op, unsigned number) {
  return fillOf(op, number) || readsInside(op, number);
}

ArrayAttr neededFills(EinsumOp op) {
  SmallVector<TypedAttr> fills = op.getFillList();
  for (auto [i, fill] : llvm::enumerate(fills))
    if (fill && readsInside(op, i))
      fill = {};
  Builder builder(op.getContext());
  return fillsAttr(builder, fills);
}

/// The constant factor of each dim in `expr`; false if it is not linear in
/// them with constant factors.
static bool factorsOf(AffineExpr expr, SmallVectorImpl<int64_t> &factors, int64_t times = 1) {
  if (expr.isSymbolicOrConstant())
    return true;
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    factors[dim.getPosition()] += times;
    return true;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (expr.getKind() == AffineExprKind::Add)
    return factorsOf(binary.getLHS(), factors, times) && factorsOf(binary.getRHS(), factors, times);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && factor &&
         factorsOf(binary.getLHS(), factors, times * factor.getValue());
}

SmallVector<bool> separatedRanks(Operation *op) {
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  AffineMap map = cast<AffineMapAttr>(maps[maps.size() - 1]).getValue();
  SmallVector<ExtentAttr> extents = rankExtents(op);
  SmallVector<bool> separated(extents.size());
  for (auto [rank, extent] : llvm::enumerate(extents))
    separated[rank] = extent.getLiteral() == 1;
  for (AffineExpr index : map.getResults()) {
    SmallVector<int64_t> factors(extents.size());
    // A coordinate that was read may make up for a step along a rank.
    bool readsCoordinate = false;
    for (unsigned i = 0; i < maps.size(); ++i)
      readsCoordinate |= index.isFunctionOfSymbol(i);
    SmallVector<unsigned> ranks;
    if (!factorsOf(index, factors))
      continue;
    for (unsigned rank = 0; rank < extents.size(); ++rank)
      if (factors[rank] != 0 && extents[rank].getLiteral() != 1)
        ranks.push_back(rank);
    // As digits of a number: each step is longer than all that the smaller
    // ones cover together.
    llvm::sort(ranks, [&](unsigned a, unsigned b) {
      return std::pair(std::abs(factors[a]), a) < std::pair(std::abs(factors[b]), b);
    });
    std::optional<int64_t> covered = 0;
    bool digits = true;
    for (unsigned rank : ranks) {
      digits &= covered && std::abs(factors[rank]) > *covered;
      std::optional<int64_t> extent = extents[rank].getLiteral();
      if (covered && extent)
        *covered += std::abs(factors[rank]) * (*extent - 1);
      else
        covered.reset();
    }
    if (digits && !readsCoordinate)
      for (unsigned rank : ranks)
        separated[rank] = true;
  }
  return separated;
}

} // namespace einfall::ein
