//===- Monoids.cpp - Reductions as tile operations ------------------------===//
#include "passes/ein-to-tile/Monoids.h"
#include "dialects/ein/EinNumerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace einfall {

using ein::Monoid;

/// top + log1p(exp(low - top)); infinite tops are not subtracted, their
/// difference would be NaN.
static TileValue logAddExp(TileBuilder &tiles, Type type, TileValue a, TileValue b) {
  // Strict numerics compute it in f64 and round once.
  Type work = type;
  if (ein::isStrict(tiles.builder.getInsertionBlock()->getParentOp()) && !type.isF64()) {
    work = tiles.builder.getF64Type();
    a = tiles.create<arith::ExtFOp>(work, {a});
    b = tiles.create<arith::ExtFOp>(work, {b});
  }
  TileValue top = tiles.create<arith::MaximumFOp>(work, {a, b});
  TileValue low = tiles.create<arith::MinimumFOp>(work, {a, b});
  auto predicate = std::pair<StringRef, Attribute>(
      "predicate", tiles.builder.getI64IntegerAttr((int64_t)arith::CmpFPredicate::OEQ));
  TileValue size = tiles.create<math::AbsFOp>(work, {top});
  TileValue infinity = tiles.constant(FloatAttr::get(work, INFINITY));
  TileValue endless =
      tiles.create<arith::CmpFOp>(tiles.builder.getI1Type(), {size, infinity}, predicate);
  TileValue small =
      tiles.create<math::ExpOp>(work, {tiles.create<arith::SubFOp>(work, {low, top})});
  TileValue sum =
      tiles.create<arith::AddFOp>(work, {top, tiles.create<math::Log1pOp>(work, {small})});
  TileValue result = tiles.create<arith::SelectOp>(work, {endless, top, sum});
  return work == type ? result : tiles.create<arith::TruncFOp>(type, {result});
}

TileValue combine(TileBuilder &tiles, Monoid monoid, TileValue a, TileValue b) {
  Type type = getElementTypeOrSelf(a.value.getType());
  bool real = isa<FloatType>(type);
  // i1 is a truth value: its max is "or".
  if (type.isInteger(1) && (monoid == Monoid::max || monoid == Monoid::min))
    monoid = monoid == Monoid::max ? Monoid::or_ : Monoid::and_;
  switch (monoid) {
  case Monoid::add:
    return real ? tiles.create<arith::AddFOp>(type, {a, b})
                : tiles.create<arith::AddIOp>(type, {a, b});
  case Monoid::mul:
    return real ? tiles.create<arith::MulFOp>(type, {a, b})
                : tiles.create<arith::MulIOp>(type, {a, b});
  case Monoid::max:
    return real ? tiles.create<arith::MaximumFOp>(type, {a, b})
                : tiles.create<arith::MaxSIOp>(type, {a, b});
  case Monoid::min:
    return real ? tiles.create<arith::MinimumFOp>(type, {a, b})
                : tiles.create<arith::MinSIOp>(type, {a, b});
  case Monoid::or_:
    return tiles.create<arith::OrIOp>(type, {a, b});
  case Monoid::and_:
    return tiles.create<arith::AndIOp>(type, {a, b});
  default:
    return logAddExp(tiles, type, a, b);
  }
}

SmallVector<Value> combineArg(TileBuilder &tiles, Monoid monoid, ArrayRef<Value> running,
                              uint32_t full, TileValue value, TileValue coordinate,
                              TileValue exists) {
  OpBuilder &builder = tiles.builder;
  Type type = getElementTypeOrSelf(value.value.getType()), bit = builder.getI1Type();
  TileValue best{running[0], full}, where{running[1], full};
  bool greatest = monoid == Monoid::argmax;
  auto compare = [&](auto predicate) {
    return std::pair<StringRef, Attribute>("predicate",
                                           builder.getI64IntegerAttr((int64_t)predicate));
  };
  TileValue better;
  if (isa<FloatType>(type)) {
    // Unordered: the first NaN wins, and keeps its place.
    better = tiles.create<arith::CmpFOp>(
        bit, {value, best},
        compare(greatest ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT));
    TileValue settled =
        tiles.create<arith::CmpFOp>(bit, {best, best}, compare(arith::CmpFPredicate::OEQ));
    better = tiles.create<arith::AndIOp>(bit, {better, settled});
  } else {
    better = tiles.create<arith::CmpIOp>(
        bit, {value, best},
        compare(greatest ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt));
  }
  TileValue first =
      tiles.create<arith::CmpIOp>(bit, {where, tiles.index(0)}, compare(arith::CmpIPredicate::slt));
  better = tiles.create<arith::OrIOp>(bit, {better, first});
  if (exists.value)
    better = tiles.create<arith::AndIOp>(bit, {better, exists});
  better = tiles.broadcast(better, full);
  return {tiles.create<arith::SelectOp>(type, {better, value, best}).value,
          tiles.create<arith::SelectOp>(builder.getIndexType(), {better, coordinate, where}).value};
}

} // namespace einfall
