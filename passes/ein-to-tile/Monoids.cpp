//===- Monoids.cpp - Reductions as tile operations ------------------------===//
#include "passes/ein-to-tile/Monoids.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace einfall {

using ein::Monoid;

TypedAttr identityOf(Monoid monoid, Type type) {
  Builder builder(type.getContext());
  if (auto real = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = real.getFloatSemantics();
    switch (monoid) {
    case Monoid::mul:
      return FloatAttr::get(type, 1.0);
    case Monoid::max:
    case Monoid::argmax:
    case Monoid::logaddexp:
      return FloatAttr::get(type, APFloat::getInf(semantics, /*Negative=*/true));
    case Monoid::min:
    case Monoid::argmin:
      return FloatAttr::get(type, APFloat::getInf(semantics));
    default:
      return FloatAttr::get(type, 0.0);
    }
  }
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1 && (monoid == Monoid::max || monoid == Monoid::min))
    return builder.getBoolAttr(monoid == Monoid::min);
  switch (monoid) {
  case Monoid::mul:
    return builder.getIntegerAttr(type, APInt(width, 1));
  case Monoid::max:
  case Monoid::argmax:
    return builder.getIntegerAttr(type, APInt::getSignedMinValue(width));
  case Monoid::min:
  case Monoid::argmin:
    return builder.getIntegerAttr(type, APInt::getSignedMaxValue(width));
  case Monoid::and_:
    return builder.getIntegerAttr(type, APInt::getAllOnes(width));
  default:
    return builder.getIntegerAttr(type, APInt(width, 0));
  }
}

static TileValue logAddExp(TileBuilder &tiles, Type type, TileValue a, TileValue b) {
  TileValue top = tiles.create<arith::MaximumFOp>(type, {a, b});
  // An infinity less itself would be NaN: infinite tops are not subtracted.
  TileValue high = tiles.constant(identityOf(Monoid::min, type));
  auto predicate = std::pair<StringRef, Attribute>(
      "predicate", tiles.builder.getI64IntegerAttr((int64_t)arith::CmpFPredicate::OEQ));
  TileValue size = tiles.create<math::AbsFOp>(type, {top});
  TileValue endless =
      tiles.create<arith::CmpFOp>(tiles.builder.getI1Type(), {size, high}, predicate);
  TileValue zero = tiles.constant(FloatAttr::get(type, 0.0));
  TileValue base = tiles.create<arith::SelectOp>(type, {endless, zero, top});
  TileValue ea = tiles.create<math::ExpOp>(type, {tiles.create<arith::SubFOp>(type, {a, base})});
  TileValue eb = tiles.create<math::ExpOp>(type, {tiles.create<arith::SubFOp>(type, {b, base})});
  TileValue sum = tiles.create<arith::AddFOp>(type, {ea, eb});
  return tiles.create<arith::AddFOp>(type, {base, tiles.create<math::LogOp>(type, {sum})});
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
