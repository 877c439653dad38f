//===- EinBounds.cpp - Which reads stay inside ----------------------------===//
#include "dialects/ein/EinBounds.h"
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
    expr = simplifyAffineExpr(expr, 0, table.size());
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

bool staysInside(AffineMap map, ArrayRef<ExtentAttr> shape, ArrayRef<ExtentAttr> extents,
                 unsigned firstSymbol, ArrayRef<StringAttr> symbols, Operation *scope,
                 function_ref<std::optional<int64_t>(unsigned)> coordinateLimit) {
  BoundsProver prover{map.getContext(), {}, {}, extents, firstSymbol, symbols, coordinateLimit};
  auto function = scope->getParentOfType<func::FuncOp>();
  if (auto facts = function ? function->getAttrOfType<ArrayAttr>("ein.assume") : ArrayAttr())
    for (Attribute fact : facts)
      prover.assumed.push_back(cast<ExtentAttr>(fact).over(prover.table));
  for (auto [index, extent] : llvm::zip(map.getResults(), shape)) {
    // A rank alone over its own extent needs no arithmetic.
    auto dim = dyn_cast<AffineDimExpr>(index);
    if (dim && extents[dim.getPosition()] == extent)
      continue;
    std::optional<Interval> range = prover.bound(index);
    if (!range)
      return false;
    AffineExpr limit = extent.over(prover.table);
    if (!prover.atLeastZero(range->low) || !prover.atLeastZero(limit - 1 - range->high))
      return false;
  }
  return true;
}

bool readsInside(EinsumOp op, unsigned operand) {
  SmallVector<ExtentAttr> extents;
  for (int64_t rank = 0, e = op.getNumRanks(); rank < e; ++rank)
    extents.push_back(op.getRankExtent(rank));
  SmallVector<StringAttr> symbols;
  for (Attribute name : op.getSymbols())
    symbols.push_back(cast<StringAttr>(name));
  auto type = cast<TensorType>(op.getInputs()[operand].getType());
  auto coordinateLimit = [&](unsigned source) -> std::optional<int64_t> {
    auto argument = dyn_cast<BlockArgument>(op.getInputs()[source]);
    if (argument)
      if (auto kernel = dyn_cast<KernelOp>(argument.getOwner()->getParentOp()))
        argument = dyn_cast<BlockArgument>(kernel.getInputs()[argument.getArgNumber()]);
    auto function =
        argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
    auto range = function
                     ? function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "ein.range")
                     : ArrayAttr();
    if (!range || range.size() != 2 || cast<IntegerAttr>(range[0]).getInt() < 0)
      return std::nullopt;
    return cast<IntegerAttr>(range[1]).getInt();
  };
  return staysInside(op.getMap(operand), type.getShape(), extents, op.getInputs().size(), symbols,
                     op, coordinateLimit);
}

} // namespace einfall::ein
