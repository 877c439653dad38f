//===- Tensor.cpp - A dense array shared with Python ----------------------===//
#include "Tensor.h"
#include "ResultMemory.h"
#include "dlpack.h"

#include <algorithm>
#include <pybind11/stl.h>
#include <string>

namespace py = pybind11;

namespace einfall::python {
namespace {

struct Row {
  einf_dtype dtype;
  dlpack::TypeCode code;
  uint8_t bits;
};

constexpr Row kRows[] = {
    {EINF_F64, dlpack::Float, 64},
    {EINF_F32, dlpack::Float, 32},
    {EINF_F16, dlpack::Float, 16},
    {EINF_BF16, dlpack::BFloat, 16},
    {EINF_F8E4M3FN, dlpack::F8E4M3FN, 8},
    {EINF_F8E5M2, dlpack::F8E5M2, 8},
    {EINF_F8E4M3FNUZ, dlpack::F8E4M3FNUZ, 8},
    {EINF_F8E5M2FNUZ, dlpack::F8E5M2FNUZ, 8},
    {EINF_I1, dlpack::Bool, 8},
    {EINF_I8, dlpack::Int, 8},
    {EINF_I16, dlpack::Int, 16},
    {EINF_I32, dlpack::Int, 32},
    {EINF_I64, dlpack::Int, 64},
    {EINF_U8, dlpack::UInt, 8},
    {EINF_U16, dlpack::UInt, 16},
    {EINF_U32, dlpack::UInt, 32},
    {EINF_U64, dlpack::UInt, 64},
};

bool isRowMajor(const dlpack::Tensor &t) {
  if (!t.strides || std::find(t.shape, t.shape + t.ndim, 0) != t.shape + t.ndim)
    return true;
  int64_t expected = 1;
  for (int32_t d = t.ndim; d-- > 0;) {
    if (t.shape[d] != 1 && t.strides[d] != expected)
      return false;
    expected *= t.shape[d];
  }
  return true;
}

/// What a capsule of ours keeps.
struct Export {
  dlpack::Managed managed;
  std::vector<int64_t> shape, strides;
  std::shared_ptr<void> owner;
};

void deleteUnused(PyObject *capsule) {
  if (!PyCapsule_IsValid(capsule, "dltensor"))
    return;
  auto *managed = static_cast<dlpack::Managed *>(PyCapsule_GetPointer(capsule, "dltensor"));
  managed->deleter(managed);
}

} // namespace

uint64_t Tensor::bytes() const {
  uint64_t total = einf_dtype_size(dtype);
  for (int64_t extent : shape)
    total *= uint64_t(extent);
  return total;
}

Tensor Tensor::empty(std::vector<int64_t> shape, einf_dtype dtype) {
  Tensor t;
  t.shape = std::move(shape);
  t.dtype = dtype;
  uint64_t total = einf_dtype_size(dtype);
  for (int64_t extent : t.shape)
    if (extent < 0 || __builtin_mul_overflow(total, uint64_t(extent), &total) || total > INT64_MAX)
      throw py::value_error("an array is too large");
  t.owner = allocateResult(total);
  t.data = t.owner.get();
  return t;
}

Tensor Tensor::fromDlpack(py::capsule capsule) {
  if (!PyCapsule_IsValid(capsule.ptr(), "dltensor"))
    throw py::buffer_error("expected an unused DLPack capsule");
  auto *managed = static_cast<dlpack::Managed *>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
  const dlpack::Tensor &source = managed->tensor;
  bool onGpu = source.device.type == dlpack::kCuda || source.device.type == dlpack::kCudaManaged;
  if (!onGpu && source.device.type != dlpack::kCpu && source.device.type != dlpack::kCudaHost)
    throw py::buffer_error("the array is neither in main memory nor on an NVIDIA GPU");
  const Row *found = nullptr;
  for (const Row &row : kRows)
    if (row.code == source.dtype.code && row.bits == source.dtype.bits && source.dtype.lanes == 1)
      found = &row;
  if (!found)
    throw py::buffer_error("the array's element type (DLPack code " +
                           std::to_string(source.dtype.code) + ", " +
                           std::to_string(source.dtype.bits) + " bits) is not supported");
  if (!isRowMajor(source))
    throw py::buffer_error("the array is not contiguous");
  Tensor t;
  t.data = static_cast<char *>(source.data) + source.byteOffset;
  t.shape.assign(source.shape, source.shape + source.ndim);
  t.dtype = found->dtype;
  t.gpu = onGpu ? source.device.id : -1;
  // The producer's deleter may run Python code.
  t.owner = std::shared_ptr<void>(managed, [](void *pointer) {
    py::gil_scoped_acquire gil;
    auto *m = static_cast<dlpack::Managed *>(pointer);
    if (m->deleter)
      m->deleter(m);
  });
  PyCapsule_SetName(capsule.ptr(), "used_dltensor");
  return t;
}

Tensor Tensor::fromPointer(uintptr_t address, std::vector<int64_t> shape, einf_dtype dtype,
                           py::object owner, int gpu) {
  Tensor t;
  t.gpu = gpu;
  t.data = reinterpret_cast<void *>(address);
  t.shape = std::move(shape);
  t.dtype = dtype;
  t.owner = std::shared_ptr<void>(owner.release().ptr(), [](void *object) {
    py::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject *>(object));
  });
  return t;
}

py::capsule Tensor::toDlpack() const {
  auto kept = std::make_unique<Export>();
  kept->shape = shape;
  kept->strides.resize(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    kept->strides[d] = stride;
    stride *= std::max<int64_t>(shape[d], 1);
  }
  kept->owner = owner;
  dlpack::Device device = {dlpack::kCpu, 0};
  if (gpu >= 0)
    device = {dlpack::kCuda, gpu};
  dlpack::Tensor &t = kept->managed.tensor;
  t = {data, device, int32_t(shape.size()), {}, kept->shape.data(), kept->strides.data(), 0};
  for (const Row &row : kRows)
    if (row.dtype == dtype)
      t.dtype = {row.code, row.bits, 1};
  kept->managed.context = kept.get();
  kept->managed.deleter = [](dlpack::Managed *m) { delete static_cast<Export *>(m->context); };
  PyObject *capsule = PyCapsule_New(&kept->managed, "dltensor", deleteUnused);
  if (!capsule)
    throw py::error_already_set();
  kept.release();
  return py::reinterpret_steal<py::capsule>(capsule);
}

void bindTensor(py::module_ &module) {
  py::class_<Tensor>(module, "Tensor", "A dense row-major array in main memory or on a GPU.",
                     py::buffer_protocol())
      .def_static("empty", [](std::vector<int64_t> shape,
                              int dtype) { return Tensor::empty(std::move(shape), dtype); })
      .def_static("from_dlpack", &Tensor::fromDlpack)
      .def_static("from_pointer", &Tensor::fromPointer, py::arg("address"), py::arg("shape"),
                  py::arg("dtype"), py::arg("owner"), py::arg("gpu") = -1)
      .def_readonly("shape", &Tensor::shape)
      .def_readonly("dtype", &Tensor::dtype)
      .def_readonly("gpu", &Tensor::gpu)
      .def_property_readonly("pointer",
                             [](const Tensor &t) { return reinterpret_cast<uintptr_t>(t.data); })
      .def("__dlpack__", [](const Tensor &t, const py::kwargs &) { return t.toDlpack(); })
      .def("__dlpack_device__",
           [](const Tensor &t) {
             return py::make_tuple(t.gpu < 0 ? dlpack::kCpu : dlpack::kCuda, std::max(t.gpu, 0));
           })
      // The raw bytes; Python gives them their shape and type.
      .def_buffer([](Tensor &t) {
        if (t.gpu >= 0)
          throw py::buffer_error("the array is on a GPU");
        return py::buffer_info(static_cast<uint8_t *>(t.data), py::ssize_t(t.bytes()));
      });
}

} // namespace einfall::python
