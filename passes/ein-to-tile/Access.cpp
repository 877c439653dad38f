//===- Access.cpp - Where an einsum reads and writes ----------------------===//
#include "passes/ein-to-tile/Access.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "dialects/ein/EinPanels.h"
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

int64_t standsStill(ein::EinsumOp op, unsigned operand, unsigned rank) {
  AffineMap map = op.getMap(operand);
  int64_t run = standsStill(map, rank);
  for (unsigned source = 0; source < op.getInputs().size(); ++source)
    if (map.isFunctionOfSymbol(source))
      run = std::gcd(run, standsStill(op, source, rank));
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

/// d expr / d rank, if that is one number.
static std::optional<int64_t> constantStep(AffineExpr expr, unsigned rank) {
  auto step = dyn_cast_or_null<AffineConstantExpr>(derivative(expr, rank));
  return step ? std::optional(step.getValue()) : std::nullopt;
}

std::optional<int64_t> Access::panelStride(unsigned rank, unsigned lanes, unsigned inner) const {
  std::optional<int64_t> across = constantStep(panels->column, rank);
  std::optional<int64_t> along = constantStep(panels->depth, rank);
  if (!across || !along || (*across && *along))
    return std::nullopt;
  if (rank == lanes)
    return *across == 1 ? std::optional(panels->extent) : std::nullopt;
  if (rank == inner)
    return *along == 1 ? std::optional(panels->columns * panels->group) : std::nullopt;
  if (*across % panels->columns || *along % panels->group)
    return std::nullopt;
  return *across * panels->extent + *along * panels->columns;
}

std::optional<int64_t> Access::panelOffset() const {
  auto atZero = [&](AffineExpr expr) {
    MLIRContext *context = expr.getContext();
    SmallVector<AffineExpr> zeros(numRanks, getAffineConstantExpr(0, context));
    return dyn_cast<AffineConstantExpr>(expr.replaceDims(zeros));
  };
  AffineConstantExpr column = atZero(panels->column), depth = atZero(panels->depth);
  if (!column || !depth || column.getValue() % panels->columns || depth.getValue() % panels->group)
    return std::nullopt;
  return column.getValue() * panels->extent + depth.getValue() * panels->columns;
}

void setPanels(Access &access, Operation *op, unsigned number, Value operand) {
  auto argument = dyn_cast<BlockArgument>(operand);
  auto kernel = argument ? dyn_cast<ein::KernelOp>(argument.getOwner()->getParentOp()) : nullptr;
  auto all = kernel ? kernel->getAttrOfType<ArrayAttr>(ein::kPanels) : nullptr;
  auto numbers = all ? dyn_cast<DenseI64ArrayAttr>(all[argument.getArgNumber()]) : nullptr;
  if (!numbers)
    return;
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  AffineMap map = cast<AffineMapAttr>(maps[number]).getValue();
  auto shape = cast<ein::TensorType>(operand.getType()).getShape();
  unsigned column = numbers[0], depth = 1 - column;
  access.panels = Panels{map.getResult(column), map.getResult(depth), *shape[depth].getLiteral(),
                         numbers[1], numbers[2]};
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
  setPanels(access, op, number, ein::indexedBy(op, number));
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
