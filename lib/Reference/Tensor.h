//===- Tensor.h - A value of the interpreter --------------------*- C++ -*-===//
#ifndef EINFALL_LIB_REFERENCE_TENSOR_H
#define EINFALL_LIB_REFERENCE_TENSOR_H

#include "lib/Reference/Rounding.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include <vector>

namespace einfall::reference {

/// A float as a double, or an integer; the element type says which.
union Scalar {
  double f;
  int64_t i;
};

inline Scalar ofFloat(double value) {
  Scalar s;
  s.f = value;
  return s;
}
inline Scalar ofInt(int64_t value) {
  Scalar s;
  s.i = value;
  return s;
}

/// A dense tensor in row-major order.
struct Tensor {
  llvm::SmallVector<int64_t> shape;
  mlir::Type element;
  std::vector<Scalar> data;

  /// All zeros.
  static Tensor zeros(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// The values of a literal; fails on attributes that hold no values.
  static mlir::FailureOr<Tensor> of(mlir::ElementsAttr literal);
  /// Raw little-endian values of `element` (i1: a byte each).
  static Tensor ofBytes(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                        llvm::ArrayRef<char> bytes);

  bool isFloat() const { return mlir::isa<mlir::FloatType>(element); }
  int64_t size() const { return data.size(); }
};

/// The product of a shape.
int64_t countOf(llvm::ArrayRef<int64_t> shape);
/// Elements between neighbours along each dimension.
llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);
/// Bytes that an element takes in memory.
unsigned bytesOf(mlir::Type element);

} // namespace einfall::reference

#endif
