/*===- dlpack.h - The parts of the DLPack ABI that the binding uses --------===*/
#ifndef EINFALL_PYTHON_SRC_DLPACK_H
#define EINFALL_PYTHON_SRC_DLPACK_H

#include <cstdint>

namespace einfall::dlpack {

constexpr int32_t kCpu = 1, kCuda = 2, kCudaHost = 3, kCudaManaged = 13;

struct Device {
  int32_t type, id;
};

enum TypeCode : uint8_t {
  Int = 0,
  UInt = 1,
  Float = 2,
  BFloat = 4,
  Bool = 6,
  F8E4M3FN = 10,
  F8E4M3FNUZ = 11,
  F8E5M2 = 12,
  F8E5M2FNUZ = 13
};

struct DataType {
  uint8_t code, bits;
  uint16_t lanes;
};

struct Tensor {
  void *data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t *shape, *strides;
  uint64_t byteOffset;
};

struct Managed {
  Tensor tensor;
  void *context;
  void (*deleter)(Managed *self);
};
static_assert(sizeof(Tensor) == 48 && sizeof(Managed) == 64, "the ABI of DLPack");

} // namespace einfall::dlpack

#endif
