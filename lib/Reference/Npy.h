//===- Npy.h - Tensors as .npy files ----------------------------*- C++ -*-===//
//
// How the interpreter exchanges tensors with NumPy. The element type comes
// from the program, so that types NumPy lacks have a place: for bf16 and the
// 8-bit floats, integers or void elements of the same size are taken as bits,
// floats of any type as values.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_REFERENCE_NPY_H
#define EINFALL_LIB_REFERENCE_NPY_H

#include "lib/Reference/Tensor.h"
#include "llvm/Support/Error.h"

namespace einfall::reference {

/// Reads `path` as a tensor of `element`. In declared mode floats are rounded
/// to `element`; in f64 mode they are kept as they are.
llvm::Expected<Tensor> readNpy(llvm::StringRef path, mlir::Type element, Mode mode);

/// Writes float64 in f64 mode; otherwise the element type, bf16 and 8-bit
/// floats as float32.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor, Mode mode);

} // namespace einfall::reference

#endif
