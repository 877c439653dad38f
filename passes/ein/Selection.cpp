//===- Selection.cpp - A concatenation as a map over its parts ------------===//
#include "passes/ein/Selection.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/ein/Inlining.h"

using namespace mlir;

namespace einfall::ein {

EinsumOp selectionOf(OpBuilder &builder, ConcatOp op) {
  MLIRContext *context = op.getContext();
  TensorType type = op.getResult().getType();
  unsigned rank = type.getRank(), count = op.getInputs().size(), dim = op.getDim();
  SmallVector<std::string> names;
  for (unsigned i = 0; i < rank; ++i)
    names.push_back("i" + std::to_string(i));
  SmallVector<StringRef> ranks(names.begin(), names.end());
  SmallVector<StringAttr> symbols;
  SmallVector<AffineExpr> ends{getAffineConstantExpr(0, context)};
  for (Value part : op.getInputs())
    ends.push_back(ends.back() + cast<TensorType>(part.getType()).getExtent(dim).over(symbols));
  for (AffineExpr &end : ends)
    end = end.shiftSymbols(symbols.size(), count);
  AffineMap all = AffineMap::getMultiDimIdentityMap(rank, context);
  AffineExpr place = getAffineDimExpr(dim, context);
  SmallVector<AffineMap> maps;
  for (unsigned i = 0; i < count; ++i) {
    SmallVector<AffineExpr> indices(all.getResults());
    indices[dim] = simplifyIndex(place - ends[i], rank, count + symbols.size());
    maps.push_back(AffineMap::get(rank, count + symbols.size(), indices, context));
  }
  SmallVector<TypedAttr> fills(count, builder.getZeroAttr(type.getElementType()));
  builder.setInsertionPoint(op);
  return EinsumOp::create(
      builder, op.getLoc(), type, op.getInputs(), ranks, maps, ArrayRef<Monoid>(),
      ArrayRef<ExtentAttr>(), symbols,
      [&](OpBuilder &inside, Location loc, ValueRange parts) {
        Coordinates coordinates(inside, loc, ranks, symbols, parts);
        Value value = parts.back();
        for (unsigned i = count - 1; i-- > 0;) {
          Value before = coordinates.isNegative(place - ends[i + 1]);
          value = arith::SelectOp::create(inside, loc, before, parts[i], value);
        }
        return value;
      },
      fills);
}

} // namespace einfall::ein
