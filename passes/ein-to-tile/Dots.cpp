//===- Dots.cpp - Contractions that a machine multiplies in groups --------===//
#include "passes/ein-to-tile/Dots.h"
#include "dialects/ein/EinBounds.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace einfall {

static std::optional<Dot> floatDot(ein::EinsumOp op, const TileTarget &target) {
  auto product = op.getYielded().getDefiningOp<arith::MulFOp>();
  if (!product || !product.getType().isF32() || !target.dotBf16)
    return std::nullopt;
  auto lhs = product.getLhs().getDefiningOp<arith::ExtFOp>();
  auto rhs = product.getRhs().getDefiningOp<arith::ExtFOp>();
  if (!lhs || !rhs || !lhs.getIn().getType().isBF16() || !rhs.getIn().getType().isBF16())
    return std::nullopt;
  Dot dot;
  dot.lhs = lhs.getIn();
  dot.rhs = rhs.getIn();
  dot.element = dot.lhs.getType();
  dot.group = 2;
  return dot;
}

/// The narrow value that is widened to `value`, and whether by zeros.
static std::pair<Value, bool> widened(Value value) {
  if (auto extend = value.getDefiningOp<arith::ExtSIOp>())
    return {extend.getIn(), false};
  if (auto extend = value.getDefiningOp<arith::ExtUIOp>())
    return {extend.getIn(), true};
  return {};
}

static std::optional<Dot> integerDot(ein::EinsumOp op, const TileTarget &target) {
  auto product = op.getYielded().getDefiningOp<arith::MulIOp>();
  if (!product || !product.getType().isInteger(32))
    return std::nullopt;
  Dot dot;
  std::tie(dot.lhs, dot.unsignedLhs) = widened(product.getLhs());
  std::tie(dot.rhs, dot.unsignedRhs) = widened(product.getRhs());
  if (!dot.lhs || !dot.rhs)
    return std::nullopt;
  unsigned width = std::max(dot.lhs.getType().getIntOrFloatBitWidth(),
                            dot.rhs.getType().getIntOrFloatBitWidth());
  bool bytes = dot.lhs.getType().isInteger(8) && dot.rhs.getType().isInteger(8);
  if (bytes && target.dotI8 && !(dot.unsignedLhs && dot.unsignedRhs)) {
    if (dot.unsignedRhs) {
      std::swap(dot.lhs, dot.rhs);
      std::swap(dot.unsignedLhs, dot.unsignedRhs);
    }
    dot.bias = !dot.unsignedLhs;
    dot.packsRaised = dot.bias && target.sharesUnits;
    dot.element = IntegerType::get(op.getContext(), 8);
    dot.group = 4;
    return dot;
  }
  // An unsigned number of 16 bits is not one of i16.
  if (!target.dotI16 || width > 16 || ((dot.unsignedLhs || dot.unsignedRhs) && width == 16))
    return std::nullopt;
  dot.element = IntegerType::get(op.getContext(), 16);
  dot.group = 2;
  return dot;
}

std::optional<Dot> findDot(ein::EinsumOp op, const TileTarget &target) {
  ArrayRef<int32_t> monoids = op.getMonoids();
  if (monoids.empty() ||
      !llvm::all_of(monoids, [](int32_t m) { return m == (int32_t)ein::Monoid::add; }))
    return std::nullopt;
  // A point that does not exist would have to leave the group alone.
  for (unsigned i = 0, e = op.getInputs().size(); i < e; ++i)
    if (!ein::readsInside(op, i))
      return std::nullopt;
  if (std::optional<Dot> dot = floatDot(op, target))
    return dot;
  return integerDot(op, target);
}

} // namespace einfall
