//===- Access.cpp - Where an einsum reads and writes ----------------------===//
#include "passes/ein-to-tile/Access.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace mlir;

namespace einfall {

KernelSymbols KernelSymbols::of(ein::KernelOp kernel) {
  KernelSymbols symbols;
  auto add = [&](StringAttr name) {
    if (!llvm::is_contained(symbols.names, name))
      symbols.names.push_back(name);
  };
  auto addType = [&](Type type) {
    if (auto tensor = dyn_cast<ein::TensorType>(type))
      for (ein::ExtentAttr extent : tensor.getShape())
        llvm::for_each(extent.getSymbols(), add);
  };
  llvm::for_each(kernel.getOperandTypes(), addType);
  kernel.getBody().walk([&](Operation *op) {
    llvm::for_each(op->getResultTypes(), addType);
    if (auto names = op->getAttrOfType<ArrayAttr>("symbols"))
      for (Attribute name : names)
        add(cast<StringAttr>(name));
    if (auto extents = op->getAttrOfType<ArrayAttr>("extents"))
      for (Attribute extent : extents)
        llvm::for_each(cast<ein::ExtentAttr>(extent).getSymbols(), add);
    if (auto stream = dyn_cast<ein::StreamOp>(op))
      llvm::for_each(stream.getExtent().getSymbols(), add);
    if (auto extent = dyn_cast<ein::ExtentOp>(op))
      llvm::for_each(extent.getExtent().getSymbols(), add);
  });
  symbols.numExtents = symbols.names.size();
  return symbols;
}

AffineExpr KernelSymbols::expr(ein::ExtentAttr extent) const {
  SmallVector<StringAttr> table(names);
  AffineExpr result = extent.over(table);
  assert(table.size() == names.size() && "a symbol of the kernel was not collected");
  return result;
}

int64_t standsStill(AffineMap map, unsigned dim) {
  int64_t run = 0;
  for (AffineExpr index : map.getResults()) {
    auto quotient = dyn_cast<AffineBinaryOpExpr>(index);
    if (!index.isFunctionOfDim(dim))
      continue;
    if (!quotient || quotient.getKind() != AffineExprKind::FloorDiv ||
        quotient.getLHS() != getAffineDimExpr(dim, map.getContext()) ||
        !isa<AffineConstantExpr>(quotient.getRHS()))
      return 1;
    run = std::gcd(run, cast<AffineConstantExpr>(quotient.getRHS()).getValue());
  }
  return run;
}

/// d expr / d rank, if that is the same everywhere. Term by term, since strides
/// are products of symbols that a generic simplifier does not cancel.
static AffineExpr derivative(AffineExpr expr, unsigned rank) {
  MLIRContext *context = expr.getContext();
  if (!expr.isFunctionOfDim(rank))
    return getAffineConstantExpr(0, context);
  if (isa<AffineDimExpr>(expr))
    return getAffineConstantExpr(1, context);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  AffineExpr lhs = derivative(binary.getLHS(), rank), rhs = derivative(binary.getRHS(), rank);
  if (!lhs || !rhs)
    return {};
  if (expr.getKind() == AffineExprKind::Add)
    return lhs + rhs;
  if (expr.getKind() != AffineExprKind::Mul)
    return {};
  return lhs * binary.getRHS() + binary.getLHS() * rhs;
}

AffineExpr Access::stride(unsigned rank) const {
  AffineExpr step = derivative(offset, rank);
  if (!step)
    return {};
  step = ein::simplifyIndex(step, numRanks, numSymbols);
  for (unsigned i = 0; i < numRanks; ++i)
    if (step.isFunctionOfDim(i))
      return {};
  return step;
}

bool Access::dependsOn(unsigned rank) const { return offset.isFunctionOfDim(rank); }

bool Access::isUnitStride(unsigned rank) const {
  AffineExpr step = stride(rank);
  auto constant = step ? dyn_cast<AffineConstantExpr>(step) : AffineConstantExpr();
  return constant && constant.getValue() == 1;
}

/// The least common multiple of what coordinates of `rank` are divided by in `expr`; 0 if that is
/// no number.
static int64_t periodOf(AffineExpr expr, unsigned rank) {
  int64_t period = 1;
  expr.walk([&](AffineExpr inner) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(inner);
    if (!binary || inner.getKind() == AffineExprKind::Add ||
        inner.getKind() == AffineExprKind::Mul || !inner.isFunctionOfDim(rank))
      return;
    auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    period = divisor && divisor.getValue() > 0 ? std::lcm(period, divisor.getValue()) : 0;
  });
  return period;
}

/// How much more `expr` is at each of `lanes` coordinates of `rank`, from a multiple of `period`
/// on, than at the first; nothing where that is not the same everywhere.
static SmallVector<int64_t> stepsAlong(const Access &access, AffineExpr expr, unsigned rank,
                                       int64_t lanes, int64_t period) {
  AffineExpr dim = getAffineDimExpr(rank, expr.getContext()), first;
  SmallVector<int64_t> steps;
  for (int64_t i = 0; i < lanes; ++i) {
    AffineExpr at = expr.replace(dim, dim * period + i);
    first = i == 0 ? at : first;
    auto apart = dyn_cast<AffineConstantExpr>(
        ein::simplifyIndex(at - first, access.numRanks, access.numSymbols));
    if (!apart)
      return {};
    steps.push_back(apart.getValue());
  }
  return steps;
}

std::optional<LanePicks> picksAlong(const Access &access, unsigned rank, int64_t lanes) {
  LanePicks run;
  run.period = periodOf(access.offset, rank);
  if (lanes < 2 || run.period < 1 || lanes % run.period != 0)
    return std::nullopt;
  run.picks = stepsAlong(access, access.offset, rank, lanes, run.period);
  if (run.picks.empty())
    return std::nullopt;
  auto [least, most] = std::minmax_element(run.picks.begin(), run.picks.end());
  if (*most - *least >= 2 * lanes)
    return std::nullopt;
  run.first = *least;
  for (int64_t &pick : run.picks)
    pick -= run.first;
  return run;
}

std::optional<std::pair<int64_t, int64_t>>
spreadAlong(const Access &access, unsigned number, unsigned rank, int64_t lanes, int64_t period) {
  AffineExpr index = access.indices[number];
  if (int64_t own = periodOf(index, rank); own < 1 || period % own != 0)
    return std::nullopt;
  SmallVector<int64_t> steps = stepsAlong(access, index, rank, lanes, period);
  if (steps.empty())
    return std::nullopt;
  auto [least, most] = std::minmax_element(steps.begin(), steps.end());
  return std::pair(*least, *most);
}

Access accessOf(Operation *op, unsigned number, const KernelSymbols &symbols,
                const LocalLayout *layout) {
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  AffineMap map = cast<AffineMapAttr>(maps[number]).getValue();
  auto type = cast<ein::TensorType>(ein::indexedBy(op, number).getType());
  MLIRContext *context = op->getContext();
  unsigned firstSymbol = maps.size(), numNames = symbols.names.size();
  Access access;
  access.numRanks = map.getNumDims();
  access.numSymbols = numNames + firstSymbol;
  SmallVector<AffineExpr> replacement;
  for (unsigned i = 0; i < firstSymbol; ++i)
    replacement.push_back(getAffineSymbolExpr(numNames + i, context));
  for (Attribute name : op->getAttrOfType<ArrayAttr>("symbols"))
    replacement.push_back(getAffineSymbolExpr(
        llvm::find(symbols.names, cast<StringAttr>(name)) - symbols.names.begin(), context));
  access.offset = getAffineConstantExpr(0, context);
  access.fill = ein::fillOf(op, number);
  SmallVector<bool> inside = ein::indicesInside(op, number);
  for (auto [dim, extentAttr] : llvm::enumerate(type.getShape())) {
    AffineExpr index = map.getResult(dim).replaceSymbols(replacement);
    AffineExpr extent = symbols.expr(extentAttr);
    access.offset = layout ? access.offset + (index - layout->begin[dim]) * layout->strides[dim]
                           : access.offset * extent + index;
    for (unsigned i = 0; i < firstSymbol; ++i)
      access.fromCoordinate |= index.isFunctionOfSymbol(numNames + i);
    if (inside[dim])
      continue;
    access.indices.push_back(index);
    access.extents.push_back(extent);
  }
  access.offset = ein::simplifyIndex(access.offset, access.numRanks, access.numSymbols);
  return access;
}

Access accessAll(ein::TensorType type, const KernelSymbols &symbols, const LocalLayout *layout) {
  MLIRContext *context = type.getContext();
  Access access;
  access.numRanks = type.getRank();
  access.numSymbols = symbols.names.size();
  access.offset = getAffineConstantExpr(0, context);
  for (auto [dim, extent] : llvm::enumerate(type.getShape()))
    if (AffineExpr index = getAffineDimExpr(dim, context); layout)
      access.offset = access.offset + (index - layout->begin[dim]) * layout->strides[dim];
    else
      access.offset = access.offset * symbols.expr(extent) + index;
  access.offset = ein::simplifyIndex(access.offset, access.numRanks, access.numSymbols);
  return access;
}

} // namespace einfall
