//===- KernelFacts.cpp - An op of a cascade in words and numbers ----------===//
#include "lib/Driver/KernelFacts.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "lib/Driver/Manifest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/CastInterfaces.h"
#include "passes/ein/Fibers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

Work::Work(MLIRContext *context) : sum(getAffineConstantExpr(0, context)) {}

void Work::add(ArrayRef<ein::ExtentAttr> extents, int64_t perPoint) {
  AffineExpr product = getAffineConstantExpr(perPoint, sum.getContext());
  for (ein::ExtentAttr extent : extents)
    product = product * extent.over(table);
  sum = sum + product;
}

ein::ExtentAttr Work::total() const { return ein::ExtentAttr::of(sum, table); }

namespace {

int64_t operationsIn(Region &region) {
  int64_t count = 0;
  region.walk([&](Operation *op) {
    bool computes = isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
                    !op->hasTrait<OpTrait::ConstantLike>() &&
                    !isa<CastOpInterface, arith::SelectOp, arith::CmpFOp, arith::CmpIOp>(op) &&
                    !op->getResult(0).getType().isIndex() &&
                    !op->getResult(0).getType().isInteger(1);
    if (computes)
      count += isa<math::FmaOp>(op) ? 2 : 1;
  });
  return count;
}

std::string indexText(AffineMap map, ArrayRef<StringRef> labels, ArrayRef<StringRef> symbols) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(map.getResults(), os,
                        [&](AffineExpr index) { ein::printIndexExpr(os, index, labels, symbols); });
  os << ']';
  return text;
}

/// Names for the symbols of an indexed op's maps.
SmallVector<StringRef> symbolNames(Operation *op) {
  auto symbols = op->getAttrOfType<ArrayAttr>("symbols");
  auto maps = op->getAttrOfType<ArrayAttr>("maps");
  auto coords = op->getAttrOfType<ArrayAttr>("coords");
  if (!symbols || !maps)
    return {};
  if (coords)
    return ein::symbolNames(coords, coords.size(), symbols);
  SmallVector<StringRef> names(maps.size(), "?");
  llvm::append_range(names, ein::strings(symbols));
  return names;
}

llvm::json::Array ranksOf(Operation *op, const ein::Space &space) {
  llvm::json::Array ranks;
  auto einsum = dyn_cast<ein::EinsumOp>(op);
  for (unsigned i = 0; i < space.labels.size(); ++i) {
    llvm::json::Object rank{{"name", space.labels[i].str()}, {"extent", space.extents[i].str()}};
    if (einsum && einsum.isReduced(i))
      rank["reduce"] = ein::stringifyMonoid(einsum.getMonoid(i)).str();
    else if (space.resultDim[i] < 0)
      rank["reduce"] = op->getName().stripDialect().str();
    ranks.push_back(std::move(rank));
  }
  return ranks;
}

} // namespace

void addOperations(Operation *op, Work &work) {
  if (auto fold = dyn_cast<ein::FoldOp>(op)) {
    SmallVector<ein::ExtentAttr> all, free;
    for (int64_t rank = 0; rank < fold.getNumRanks(); ++rank) {
      all.push_back(fold.getRankExtent(rank));
      if (!fold.isFolded(rank))
        free.push_back(fold.getRankExtent(rank));
    }
    work.add(all, operationsIn(fold.getStep()));
    return work.add(free, operationsIn(fold.getFinish()));
  }
  if (op->getNumRegions() != 1)
    return;
  int64_t perPoint = operationsIn(op->getRegion(0));
  if (auto einsum = dyn_cast<ein::EinsumOp>(op))
    perPoint += !einsum.getMonoids().empty();
  work.add(ein::rankExtents(op), perPoint);
}

llvm::json::Object describeOp(Operation *op, function_ref<std::string(Value)> nameOf) {
  llvm::json::Object facts{{"op", op->getName().stripDialect().str()},
                           {"source", sourceOf(op->getLoc())}};
  Work work(op->getContext());
  addOperations(op, work);
  facts["flops"] = work.total().str();
  if (auto type = dyn_cast<ein::TensorType>(op->getResult(0).getType())) {
    std::string element;
    llvm::raw_string_ostream(element) << type.getElementType();
    facts["dtype"] = element;
  }
  llvm::json::Array reads;
  if (std::optional<ein::Space> space = ein::Space::of(op)) {
    facts["ranks"] = ranksOf(op, *space);
    // Updates are spaces over the destination here, which their maps are not.
    SmallVector<StringRef> symbols;
    if (!isa<ein::UpdateOp>(op))
      symbols = symbolNames(op);
    for (auto [operand, map] : llvm::zip(space->operands, space->maps)) {
      symbols.resize(std::max<size_t>(symbols.size(), map.getNumSymbols()), "?");
      reads.push_back(nameOf(operand) + indexText(map, space->labels, symbols));
    }
  } else {
    facts["ranks"] = llvm::json::Array();
    for (Value operand : op->getOperands())
      reads.push_back(nameOf(operand));
  }
  facts["reads"] = std::move(reads);
  return facts;
}

} // namespace einfall
