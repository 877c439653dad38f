//===- module.cpp - einfall._runtime: the C ABI for Python ----------------===//
#include "Tensor.h"

#include <pybind11/stl.h>
#include <string>
#include <utility>

namespace py = pybind11;

namespace einfall::python {
namespace {

/// The Python class `RuntimeFailure`, set up by the module.
PyObject *failureClass = nullptr;

void check(einf_status status) {
  if (status == EINF_OK)
    return;
  py::object error = py::reinterpret_borrow<py::object>(failureClass)(einf_last_error());
  error.attr("status") = int(status);
  PyErr_SetObject(failureClass, error.ptr());
  throw py::error_already_set();
}

using Numbers = std::vector<std::pair<std::string, int64_t>>;

std::vector<einf_binding> bindings(const Numbers &numbers) {
  std::vector<einf_binding> list;
  for (const auto &[name, value] : numbers)
    list.push_back({name.c_str(), value});
  return list;
}

/// Tensors that the list keeps alive.
std::vector<einf_tensor> tensors(const py::list &sources) {
  std::vector<einf_tensor> list;
  list.reserve(sources.size());
  for (py::handle source : sources) {
    const Tensor &t = source.cast<const Tensor &>();
    list.push_back({nullptr, t.data, t.shape.data(), int32_t(t.shape.size()), t.dtype});
  }
  return list;
}

class Package {
public:
  explicit Package(const std::string &path) {
    py::gil_scoped_release release;
    einf_status status = einf_package_open(path.c_str(), &handle_);
    py::gil_scoped_acquire acquire;
    check(status);
  }
  ~Package() { einf_package_close(handle_); }
  Package(const Package &) = delete;

  einf_package *handle() const { return handle_; }

  void verify() const {
    py::gil_scoped_release release;
    einf_status status = einf_package_verify(handle_);
    py::gil_scoped_acquire acquire;
    check(status);
  }

  py::object file(const std::string &name) const {
    size_t size = 0;
    const char *data = einf_package_file(handle_, name.c_str(), &size);
    return data ? py::object(py::bytes(data, size)) : py::none();
  }

  /// [(name, [(name, shape, kind, dtype)])].
  py::list entries() const {
    py::list list;
    for (size_t e = 0; e < einf_entry_count(handle_); ++e) {
      py::list buffers;
      for (size_t b = 0; b < einf_buffer_count(handle_, e); ++b) {
        einf_buffer_info info;
        check(einf_buffer_get(handle_, e, b, &info));
        buffers.append(py::make_tuple(info.name ? info.name : "", info.shape, int(info.kind),
                                      int(info.dtype)));
      }
      list.append(py::make_tuple(einf_entry_name(handle_, e), buffers));
    }
    return list;
  }

private:
  einf_package *handle_ = nullptr;
};

class Session {
public:
  Session(const Package &package, const Numbers &bounds, const std::string &device) {
    std::vector<einf_binding> list = bindings(bounds);
    check(
        einf_session_open_on(package.handle(), device.c_str(), list.data(), list.size(), &handle_));
  }
  ~Session() { einf_session_close(handle_); }
  Session(const Session &) = delete;

  std::string device() const { return einf_session_device(handle_); }
  std::string target() const { return einf_session_target(handle_); }
  uint64_t arenaBytes() const { return einf_session_arena_bytes(handle_); }
  uint64_t stateBytes() const { return einf_session_state_bytes(handle_); }
  std::string notes() const { return einf_session_notes(handle_); }
  /// Counters of a kernel; None if it was not compiled to count.
  std::optional<std::vector<uint64_t>> counters(const std::string &kernel) const {
    std::vector<uint64_t> values(EINF_COUNTERS);
    if (!einf_session_counters(handle_, kernel.c_str(), values.data()))
      return std::nullopt;
    return values;
  }
  void reset() { check(einf_reset(handle_)); }
  void wait() {
    einf_status status;
    {
      py::gil_scoped_release release;
      status = einf_wait(handle_);
    }
    check(status);
  }

  std::vector<int64_t> outputShape(const std::string &entry, const py::list &inputs,
                                   const Numbers &params, size_t output) const {
    std::vector<einf_tensor> in = tensors(inputs);
    std::vector<einf_binding> numbers = bindings(params);
    int64_t shape[16];
    int32_t rank = 16;
    check(einf_output_shape(handle_, entry.c_str(), in.data(), in.size(), numbers.data(),
                            numbers.size(), output, shape, &rank));
    return {shape, shape + rank};
  }

  void run(const std::string &entry, const py::list &inputs, const Numbers &params,
           const py::list &outputs) {
    std::vector<einf_tensor> in = tensors(inputs), out = tensors(outputs);
    std::vector<einf_binding> numbers = bindings(params);
    einf_status status;
    std::string message;
    {
      py::gil_scoped_release release;
      status = einf_run(handle_, entry.c_str(), in.data(), in.size(), numbers.data(),
                        numbers.size(), out.data(), out.size());
    }
    check(status);
  }

private:
  einf_session *handle_ = nullptr;
};

} // namespace
} // namespace einfall::python

PYBIND11_MODULE(_runtime, m) {
  using namespace einfall::python;
  m.doc() = "The C interface of the einfall runtime; use einfall.load.";
  if (einf_api_version() != EINF_API_VERSION)
    throw py::import_error("the einfall runtime has another version than its Python binding");
  // A plain class, so that the Python side can derive its own errors from it.
  failureClass = PyErr_NewException("einfall._runtime.RuntimeFailure", nullptr, nullptr);
  m.add_object("RuntimeFailure", py::reinterpret_borrow<py::object>(failureClass));
  bindTensor(m);
  py::class_<Package>(m, "Package")
      .def(py::init<const std::string &>())
      .def("verify", &Package::verify)
      .def("file", &Package::file)
      .def("entries", &Package::entries)
      .def("manifest", [](const Package &p) { return einf_package_manifest(p.handle()); });
  py::class_<Session>(m, "Session")
      .def(py::init<const Package &, const Numbers &, const std::string &>())
      .def_property_readonly("target", &Session::target)
      .def_property_readonly("arena_bytes", &Session::arenaBytes)
      .def_property_readonly("state_bytes", &Session::stateBytes)
      .def_property_readonly("notes", &Session::notes)
      .def("counters", &Session::counters)
      .def_property_readonly("device", &Session::device)
      .def("reset", &Session::reset)
      .def("wait", &Session::wait)
      .def("output_shape", &Session::outputShape)
      .def("run", &Session::run);
  m.def("dtype_name", [](int dtype) { return einf_dtype_name(dtype); });
  m.def("set_num_threads", &einf_set_num_threads);
  m.def("pin_threads", &einf_pin_threads);
}
