//===- CudaFixture.h - Tests on the driver of the tests -------------------===//
#ifndef EINFALL_TEST_RUNTIME_CUDA_CUDAFIXTURE_H
#define EINFALL_TEST_RUNTIME_CUDA_CUDAFIXTURE_H

#include "CudaPackage.h"
#include "FakeCuda.h"
#include "core/Generator.h"

#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>

namespace einfall::test {

/// Sets the environment variable in a scope.
class Setting {
public:
  Setting(const char *name, const std::string &value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Setting() { unsetenv(name_); }
  Setting(const Setting &) = delete;

private:
  const char *name_;
};

class Cuda : public testing::Test {
protected:
  Cuda() : driver_("EINFALL_CUDA_DRIVER", EINFALL_TEST_FAKE_CUDA) {
    library_ = dlopen(EINFALL_TEST_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    counts_ = function<FakeCountsFn>("einf_fake_counts")();
  }
  ~Cuda() override { dlclose(library_); }

  template <typename Fn> Fn function(const char *name) {
    return reinterpret_cast<Fn>(dlsym(library_, name));
  }

  static std::shared_ptr<rt::Package> package() {
    auto package = rt::Package::open(cudaPackage());
    EXPECT_TRUE(package.ok()) << package.status().message();
    return *package;
  }
  static rt::Result<std::unique_ptr<rt::Session>> tryOpen(std::shared_ptr<rt::Package> package,
                                                          std::string_view device = "cuda") {
    rt::Binding bounds[] = {{"b", 2}, {"s", 4}, {"t", 16}, {"c", 16}, {"n", 1000}};
    return rt::Session::open(std::move(package), bounds, device);
  }
  static std::unique_ptr<rt::Session> open(std::shared_ptr<rt::Package> package,
                                           std::string_view device = "cuda") {
    auto session = tryOpen(std::move(package), device);
    EXPECT_TRUE(session.ok()) << session.status().message();
    return session ? std::move(*session) : nullptr;
  }
  /// The refusal of a session on the device.
  static std::string refusal(std::shared_ptr<rt::Package> package,
                             std::string_view device = "cuda") {
    std::string message = tryOpen(std::move(package), device).status().message();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }

  static rt::Status scale(rt::Session &session, float *x, float *y, int64_t n) {
    rt::TensorView inputs[] = {{"x", x, rt::DType::F32, {&n, 1}}};
    rt::TensorView outputs[] = {{"y", y, rt::DType::F32, {&n, 1}}};
    return session.run("scale", inputs, {}, outputs);
  }
  /// Feeds one token at place t - 1 and gives the next one; -1 on failure.
  static int64_t next(rt::Session &session, int64_t id, int64_t t, rt::Status *status = nullptr) {
    int64_t start = 0, shape[] = {1, 1}, one = 1, out[] = {1, 7};
    float logits[7];
    rt::TensorView inputs[] = {{"ids", &id, rt::DType::I64, shape},
                               {"start", &start, rt::DType::I64, {&one, 1}}};
    rt::TensorView outputs[] = {{"logits", logits, rt::DType::F32, out}};
    rt::Binding params[] = {{"t", t}};
    rt::Status result = session.run("next", inputs, params, outputs);
    if (status)
      *status = result;
    for (int64_t v = 0; result.ok() && v < 7; ++v)
      if (logits[v] == 1.0f)
        return v;
    return -1;
  }

  static void expectIn(const std::string &message, const std::string &part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  Setting driver_;
  void *library_;
  FakeCounts *counts_;
};

} // namespace einfall::test
#endif
