//===- RankSplitting.cpp - One rank of an Einsum becomes two --------------===//
#include "passes/ein/RankSplitting.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinIndexing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace einfall::ein {

/// `expr` with rank `rank` (dims after it move up by one) written as
/// divisor * d1 + d0. MLIR folds (c * a + b) floordiv c only if it knows the
/// range of b, so quotients and rests are replaced first.
static AffineExpr split(AffineExpr expr, unsigned rank, int64_t divisor, unsigned numDims,
                        unsigned numSymbols) {
  MLIRContext *context = expr.getContext();
  AffineExpr old = getAffineDimExpr(rank, context);
  AffineExpr outer = getAffineDimExpr(numDims, context),
             inner = getAffineDimExpr(numDims + 1, context);
  DenseMap<AffineExpr, AffineExpr> parts = {{old.floorDiv(divisor), outer}, {old % divisor, inner}};
  expr = expr.replace(parts).replace(old, outer * divisor + inner);
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < numDims; ++i)
    dims.push_back(getAffineDimExpr(i <= rank ? i : i + 1, context));
  dims.push_back(getAffineDimExpr(rank, context));
  dims.push_back(getAffineDimExpr(rank + 1, context));
  return simplifyIndex(expr.replaceDims(dims), numDims + 1, numSymbols);
}

static TensorType split(TensorType type, unsigned dim, int64_t divisor) {
  SmallVector<ExtentAttr> shape(type.getShape());
  MLIRContext *context = type.getContext();
  shape[dim] = *shape[dim].dividedBy(divisor);
  shape.insert(shape.begin() + dim + 1, ExtentAttr::literal(context, divisor));
  return TensorType::get(shape, type.getElementType());
}

EinsumOp splitRank(OpBuilder &builder, EinsumOp op, unsigned rank, int64_t divisor) {
  MLIRContext *context = op.getContext();
  std::string outerName = (op.getRankName(rank) + "1").str(),
              innerName = (op.getRankName(rank) + "0").str();
  while (op.findRank(outerName) >= 0 || op.findRank(innerName) >= 0) {
    outerName += "_";
    innerName += "_";
  }
  SmallVector<StringRef> ranks;
  SmallVector<Monoid> monoids;
  SmallVector<ExtentAttr> extents;
  for (int64_t i = 0, e = op.getNumRanks(); i < e; ++i) {
    ranks.push_back(i == rank ? StringRef(outerName) : op.getRankName(i));
    if (!op.isReduced(i)) {
      if (i == rank)
        ranks.push_back(innerName);
      continue;
    }
    monoids.push_back(op.getMonoid(i));
    extents.push_back(op.getRankExtent(i));
    if (i != rank)
      continue;
    extents.back() = *op.getRankExtent(i).dividedBy(divisor);
    ranks.push_back(innerName);
    monoids.push_back(op.getMonoid(i));
    extents.push_back(ExtentAttr::literal(context, divisor));
  }
  SmallVector<AffineMap> maps;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    AffineMap map = op.getMap(i);
    SmallVector<AffineExpr> indices;
    for (AffineExpr index : map.getResults())
      indices.push_back(split(index, rank, divisor, map.getNumDims(), map.getNumSymbols()));
    maps.push_back(AffineMap::get(map.getNumDims() + 1, map.getNumSymbols(), indices, context));
  }
  TensorType type = op.getResult().getType();
  if (!op.isReduced(rank))
    type = split(type, rank, divisor);
  SmallVector<StringAttr> symbols;
  for (Attribute name : op.getSymbols())
    symbols.push_back(cast<StringAttr>(name));
  return EinsumOp::create(
      builder, op.getLoc(), type, op.getInputs(), ranks, maps, monoids, extents, symbols,
      [&](OpBuilder &inside, Location loc, ValueRange arguments) {
        IRMapping mapping;
        Block &from = op.getBody().front();
        mapping.map(from.getArguments(), arguments);
        for (Operation &inner : from.without_terminator()) {
          auto index = dyn_cast<IndexOp>(inner);
          if (!index || op.findRank(index.getRank()) != rank) {
            inside.clone(inner, mapping);
            continue;
          }
          Type type = inside.getIndexType();
          Value high = IndexOp::create(inside, loc, type, inside.getStringAttr(outerName));
          Value low = IndexOp::create(inside, loc, type, inside.getStringAttr(innerName));
          Value factor = arith::ConstantIndexOp::create(inside, loc, divisor);
          Value scaled = arith::MulIOp::create(inside, loc, high, factor);
          mapping.map(index.getResult(),
                      arith::AddIOp::create(inside, loc, scaled, low).getResult());
        }
        return mapping.lookup(op.getYielded());
      },
      op.getFillList());
}

EinsumOp sliceRank(OpBuilder &builder, EinsumOp op, unsigned rank, int64_t first, int64_t count) {
  MLIRContext *context = op.getContext();
  AffineExpr dim = getAffineDimExpr(rank, context);
  SmallVector<AffineMap> maps;
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i) {
    AffineMap map = op.getMap(i);
    map = map.replace(dim, dim + first, map.getNumDims(), map.getNumSymbols());
    maps.push_back(map);
  }
  auto slice = cast<EinsumOp>(builder.clone(*op));
  SmallVector<ExtentAttr> shape(op.getResult().getType().getShape());
  shape[rank] = ExtentAttr::literal(context, count);
  slice.getResult().setType(TensorType::get(shape, op.getResult().getType().getElementType()));
  slice.setMapsAttr(builder.getAffineMapArrayAttr(maps));
  if (coversPart(slice.getInputs(), maps, rankExtents(slice)))
    slice->setAttr("partial", builder.getUnitAttr());
  if (first == 0)
    return slice;
  slice.getBody().walk([&](IndexOp index) {
    if (op.findRank(index.getRank()) != rank)
      return;
    OpBuilder inside(index->getContext());
    inside.setInsertionPointAfter(index);
    Value offset = arith::ConstantIndexOp::create(inside, index.getLoc(), first);
    auto moved = arith::AddIOp::create(inside, index.getLoc(), index, offset);
    index.getResult().replaceAllUsesExcept(moved, moved);
  });
  return slice;
}

} // namespace einfall::ein
