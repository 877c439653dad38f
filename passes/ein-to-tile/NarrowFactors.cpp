//===- NarrowFactors.cpp - Factors that a dot may take rounded ------------===//
#include "passes/ein-to-tile/NarrowFactors.h"
#include "dialects/ein/EinBounds.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/ein-to-tile/ErrorFlow.h"
#include "passes/ein-to-tile/Matrices.h"
#include "passes/ein-to-tile/Packing.h"

using namespace mlir;

namespace einfall {
namespace {

/// So many points read the same of the `other` factor beside different ones of `wide`, as far as
/// that is known: the rows that a dot could pack it for. `h floordiv 4` stands still for four.
int64_t rowsOf(ein::EinsumOp product, BlockArgument wide, Value other) {
  int64_t rows = 1;
  for (int64_t rank = 0; rank < product.getNumFree() && rows < kFewestPackedRows; ++rank) {
    if (standsStill(product, wide, rank) == 0)
      continue;
    int64_t run = standsStill(product, other, rank);
    rows *= run ? run : product.getRankExtent(rank).getLiteral().value_or(kFewestPackedRows);
  }
  return rows;
}

/// The factor of `product` that would be rounded, or null. Of few rows nothing is packed, so
/// there is no dot.
BlockArgument wideFactor(ein::EinsumOp product) {
  auto times = product.getYielded().getDefiningOp<arith::MulFOp>();
  if (product.getMonoids().empty() || !times || !times.getType().isF32())
    return {};
  for (bool left : {false, true}) {
    auto wide = dyn_cast<BlockArgument>(left ? times.getLhs() : times.getRhs());
    auto other = (left ? times.getRhs() : times.getLhs()).getDefiningOp<arith::ExtFOp>();
    if (!wide || !other || !other.getIn().getType().isBF16())
      continue;
    unsigned number = wide.getArgNumber();
    auto map = product.getInputs()[number].getDefiningOp<ein::EinsumOp>();
    bool fits = map && map.getMonoids().empty() && map->getBlock() == product->getBlock() &&
                !ein::fillOf(product, number) && ein::readsInside(product, number) &&
                termsOf(product, wide) == 1 && rowsOf(product, wide, other) >= kFewestPackedRows;
    return fits ? wide : BlockArgument();
  }
  return {};
}

/// `tensor` rounded to bf16, at the same points.
Value roundedOf(Value tensor) {
  auto map = tensor.getDefiningOp<ein::EinsumOp>();
  OpBuilder builder(map->getContext());
  builder.setInsertionPointAfter(map);
  SmallVector<StringRef> labels;
  SmallVector<AffineExpr> dims;
  for (int64_t rank = 0; rank < map.getNumFree(); ++rank) {
    labels.push_back(map.getRankName(rank));
    dims.push_back(builder.getAffineDimExpr(rank));
  }
  Type narrow = builder.getBF16Type();
  auto type =
      ein::TensorType::get(builder.getContext(), map.getResult().getType().getShape(), narrow);
  return ein::EinsumOp::create(builder, map.getLoc(), type, tensor, labels,
                               AffineMap::get(dims.size(), 1, dims, builder.getContext()),
                               ArrayRef<ein::Monoid>(), ArrayRef<ein::ExtentAttr>(),
                               ArrayRef<StringAttr>(),
                               [&](OpBuilder &inner, Location loc, ValueRange values) -> Value {
                                 return arith::TruncFOp::create(inner, loc, narrow, values[0]);
                               })
      .getResult();
}

} // namespace

void narrowFactors(ein::KernelOp kernel) {
  if (ein::isStrict(kernel) || !storesHalves(kernel))
    return;
  SmallVector<std::pair<ein::EinsumOp, BlockArgument>> found;
  kernel.walk([&](ein::EinsumOp product) {
    if (BlockArgument factor = wideFactor(product))
      found.push_back({product, factor});
  });
  llvm::DenseMap<Value, Value> rounded;
  for (auto [product, factor] : found) {
    unsigned number = factor.getArgNumber();
    Value &narrow = rounded[product.getInputs()[number]];
    if (!narrow)
      narrow = roundedOf(product.getInputs()[number]);
    product->setOperand(number, narrow);
    Type wide = factor.getType();
    factor.setType(cast<ein::TensorType>(narrow.getType()).getElementType());
    OpBuilder inner = OpBuilder::atBlockBegin(&product.getBody().front());
    auto whole = arith::ExtFOp::create(inner, product.getLoc(), wide, factor);
    factor.replaceAllUsesExcept(whole, whole);
  }
}

} // namespace einfall
