//===- EinMonoids.cpp - Values of reductions ------------------------------===//
#include "dialects/ein/EinMonoids.h"

using namespace mlir;

namespace einfall::ein {

TypedAttr identityOf(Monoid monoid, Type type) {
  Builder builder(type.getContext());
  if (auto real = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = real.getFloatSemantics();
    // Formats without an infinity have their greatest number for it.
    auto extreme = [&](bool negative) {
      return FloatAttr::get(type, APFloat::semanticsHasInf(semantics)
                                      ? APFloat::getInf(semantics, negative)
                                      : APFloat::getLargest(semantics, negative));
    };
    switch (monoid) {
    case Monoid::mul:
      return FloatAttr::get(type, 1.0);
    case Monoid::max:
    case Monoid::argmax:
    case Monoid::logaddexp:
      return extreme(/*negative=*/true);
    case Monoid::min:
    case Monoid::argmin:
      return extreme(/*negative=*/false);
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

} // namespace einfall::ein
