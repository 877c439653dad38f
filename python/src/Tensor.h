//===- Tensor.h - A dense array shared with Python --------------*- C++ -*-===//
#ifndef EINFALL_PYTHON_SRC_TENSOR_H
#define EINFALL_PYTHON_SRC_TENSOR_H

#include <einfall/einfall.h>
#include <memory>
#include <pybind11/pybind11.h>
#include <vector>

namespace einfall::python {

/// Row-major data in main memory or in that of a GPU; `owner` keeps it alive.
struct Tensor {
  void *data = nullptr;
  std::vector<int64_t> shape;
  einf_dtype dtype = EINF_F32;
  std::shared_ptr<void> owner;
  int gpu = -1; ///< number of the GPU whose memory it is; -1: main memory

  uint64_t bytes() const;

  /// Aligned, uninitialized memory.
  static Tensor empty(std::vector<int64_t> shape, einf_dtype dtype);
  /// The tensor of a "dltensor" capsule, which is consumed. Raises BufferError
  /// for another kind of device, type or order of elements.
  static Tensor fromDlpack(pybind11::capsule capsule);
  /// Memory at an address that `owner` keeps alive, of a GPU unless `gpu` is -1.
  static Tensor fromPointer(uintptr_t address, std::vector<int64_t> shape, einf_dtype dtype,
                            pybind11::object owner, int gpu);
  pybind11::capsule toDlpack() const;
};

void bindTensor(pybind11::module_ &module);

} // namespace einfall::python

#endif
