//===- Context.cpp - What an operation is interpreted in ------------------===//
#include "lib/Reference/Context.h"
#include "dialects/ein/EinIndexing.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace einfall::reference {

/// The value of `expr`, or nothing where it divides by less than one.
static std::optional<int64_t> valueOf(AffineExpr expr, ArrayRef<int64_t> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> a = valueOf(binary.getLHS(), symbols);
  std::optional<int64_t> b = valueOf(binary.getRHS(), symbols);
  if (!a || !b)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Add)
    return *a + *b;
  if (expr.getKind() == AffineExprKind::Mul)
    return *a * *b;
  if (*b < 1)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Mod)
    return llvm::mod(*a, *b);
  return expr.getKind() == AffineExprKind::FloorDiv ? llvm::divideFloorSigned(*a, *b)
                                                    : llvm::divideCeilSigned(*a, *b);
}

FailureOr<int64_t> Context::extent(Operation *op, ein::ExtentAttr extent) const {
  FailureOr<SmallVector<int64_t>> known = values(
      op, ArrayAttr::get(op->getContext(), SmallVector<Attribute>(extent.getSymbols().begin(),
                                                                  extent.getSymbols().end())));
  if (failed(known))
    return failure();
  if (std::optional<int64_t> value = valueOf(extent.getExpr(), *known))
    return *value;
  return op->emitError("extent '") << extent.str() << "' divides by less than 1";
}

FailureOr<SmallVector<int64_t>> Context::values(Operation *op, ArrayAttr names) const {
  SmallVector<int64_t> result;
  for (StringRef name : ein::strings(names)) {
    auto it = symbols.find(name);
    if (it == symbols.end())
      return op->emitError("symbol '") << name
                                       << "' has no value: no argument's shape binds it and it "
                                          "was not passed as a parameter";
    result.push_back(it->second);
  }
  return result;
}

FailureOr<SmallVector<int64_t>> Context::shape(Operation *op, ein::TensorType type) const {
  constexpr int64_t limit = int64_t(1) << 33;
  SmallVector<int64_t> result;
  int64_t count = 1;
  for (ein::ExtentAttr dim : type.getShape()) {
    FailureOr<int64_t> value = extent(op, dim);
    if (failed(value))
      return failure();
    if (*value < 0)
      return op->emitError("extent '") << dim.str() << "' is " << *value << ", expected at least 0";
    if (*value > 0 && count > limit / *value)
      return op->emitError("a tensor of ") << type << " is too large to interpret";
    count *= *value;
    result.push_back(*value);
  }
  return result;
}

FailureOr<Tensor> Context::zeros(Operation *op, ein::TensorType type) const {
  FailureOr<SmallVector<int64_t>> extents = shape(op, type);
  if (failed(extents))
    return failure();
  return Tensor::zeros(*extents, type.getElementType());
}

LogicalResult Context::check(Operation *op, const Tensor &tensor, ein::TensorType type,
                             const Twine &what) const {
  if (tensor.element != type.getElementType())
    return op->emitError() << what << ": expected elements of " << type.getElementType()
                           << ", but got " << tensor.element;
  if (static_cast<int64_t>(tensor.shape.size()) != type.getRank())
    return op->emitError() << what << ": expected " << type.getRank() << " dimensions, but got "
                           << tensor.shape.size();
  FailureOr<SmallVector<int64_t>> expected = shape(op, type);
  if (failed(expected))
    return failure();
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    if (tensor.shape[i] != (*expected)[i])
      return op->emitError() << what << ": extent '" << extent.str() << "' of dimension " << i
                             << " is " << (*expected)[i] << ", but got " << tensor.shape[i];
  return success();
}

Scalar scalarOf(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr)) {
    APFloat value = number.getValue();
    bool lost;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return ofFloat(value.convertToDouble());
  }
  auto number = cast<IntegerAttr>(attr);
  return ofInt(wrap(number.getValue().getSExtValue(), widthOf(number.getType())));
}

} // namespace einfall::reference
