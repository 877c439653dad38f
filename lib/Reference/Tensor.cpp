//===- Tensor.cpp - A value of the interpreter ----------------------------===//
#include "lib/Reference/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <bit>
#include <cstring>

using namespace mlir;

namespace einfall::reference {

int64_t countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

unsigned bytesOf(Type element) { return std::bit_ceil((element.getIntOrFloatBitWidth() + 7) / 8); }

Tensor Tensor::zeros(ArrayRef<int64_t> shape, Type element) {
  Tensor tensor{SmallVector<int64_t>(shape), element, {}};
  Scalar zero = isa<FloatType>(element) ? ofFloat(0) : ofInt(0);
  tensor.data.assign(countOf(shape), zero);
  return tensor;
}

Tensor Tensor::ofBytes(ArrayRef<int64_t> shape, Type element, ArrayRef<char> bytes) {
  Tensor tensor = zeros(shape, element);
  unsigned step = bytesOf(element);
  for (auto [i, value] : llvm::enumerate(tensor.data)) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * step, step);
    if (tensor.isFloat())
      value.f = fromBits(bits, element);
    else
      value.i = wrap(static_cast<int64_t>(bits), widthOf(element));
  }
  return tensor;
}

FailureOr<Tensor> Tensor::of(ElementsAttr literal) {
  auto type = cast<ShapedType>(literal.getType());
  Type element = type.getElementType();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(literal)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob ||
        static_cast<int64_t>(blob->getData().size()) != type.getNumElements() * bytesOf(element))
      return failure();
    return ofBytes(type.getShape(), element, blob->getData());
  }
  Tensor tensor = zeros(type.getShape(), element);
  if (isa<FloatType>(element)) {
    auto values = literal.tryGetValues<APFloat>();
    if (!values)
      return failure();
    for (auto [to, from] : llvm::zip(tensor.data, *values)) {
      APFloat number = from;
      bool lost;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      to.f = number.convertToDouble();
    }
    return tensor;
  }
  auto values = literal.tryGetValues<APInt>();
  if (!values)
    return failure();
  for (auto [to, from] : llvm::zip(tensor.data, *values))
    to.i = wrap(from.getSExtValue(), widthOf(element));
  return tensor;
}

} // namespace einfall::reference
