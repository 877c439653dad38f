//===- Compare.cpp - Where two tensors differ -----------------------------===//
#include "lib/Reference/Compare.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;

namespace einfall::reference {

static std::string textOf(const Tensor &tensor, Scalar value) {
  if (!tensor.isFloat())
    return std::to_string(value.i);
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value.f);
  return text;
}

static std::string difference(const Tensor &got, const Tensor &expected,
                              function_ref<bool(Scalar, Scalar)> same) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (got.shape != expected.shape) {
    os << "shapes differ: [";
    llvm::interleaveComma(got.shape, os);
    os << "] and [";
    llvm::interleaveComma(expected.shape, os);
    os << ']';
    return text;
  }
  int64_t count = 0, first = -1;
  for (int64_t i = 0, e = got.size(); i < e; ++i)
    if (!same(got.data[i], expected.data[i])) {
      first = count++ ? first : i;
    }
  if (count == 0)
    return text;
  os << "at [";
  SmallVector<int64_t> strides = stridesOf(got.shape);
  for (size_t d = 0; d < strides.size(); ++d)
    os << (d ? ", " : "") << first / strides[d] % got.shape[d];
  os << "]: got " << textOf(got, got.data[first]) << ", expected "
     << textOf(expected, expected.data[first]) << "; " << count << " of " << got.size()
     << (got.size() == 1 ? " element differs" : " elements differ");
  return text;
}

std::string differenceExact(const Tensor &got, const Tensor &expected) {
  bool isFloat = got.isFloat();
  return difference(got, expected, [&](Scalar a, Scalar b) {
    if (!isFloat)
      return a.i == b.i;
    return (std::isnan(a.f) && std::isnan(b.f)) ||
           (a.f == b.f && std::signbit(a.f) == std::signbit(b.f));
  });
}

std::string differenceBeyond(const Tensor &got, const Tensor &expected, double atol, double rtol) {
  return difference(got, expected, [&](Scalar a, Scalar b) {
    if (std::isnan(a.f) || std::isnan(b.f))
      return std::isnan(a.f) && std::isnan(b.f);
    if (std::isinf(a.f) || std::isinf(b.f))
      return a.f == b.f;
    return std::fabs(a.f - b.f) <= atol + rtol * std::fabs(b.f);
  });
}

} // namespace einfall::reference
