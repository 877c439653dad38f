//===- Device.h - An NVIDIA GPU through the driver's interface ------------===//
#ifndef EINFALL_DEVICES_CUDA_DEVICE_H
#define EINFALL_DEVICES_CUDA_DEVICE_H

#include "Driver.h"
#include "Pool.h"
#include "core/Device.h"

#include <mutex>

namespace einfall::rt::cuda {

/// GPU number `ordinal`.
Result<std::shared_ptr<Device>> openDevice(int ordinal);

/// A GPU with its primary context, which other libraries of the process share,
/// so that their tensors can be used in place. Lives as long as a session there.
class Gpu : public Device, public std::enable_shared_from_this<Gpu> {
public:
  static Result<std::shared_ptr<Gpu>> open(int ordinal);
  ~Gpu() override;

  const std::string &name() const override { return name_; }
  Result<std::shared_ptr<Program>> load(Package &package) override;

  const Driver &driver() const { return driver_; }
  int ordinal() const { return ordinal_; }
  Context context() const { return context_; }
  /// 90 for compute capability 9.0.
  unsigned capability() const { return capability_; }
  /// Bytes of shared memory that a block may have.
  unsigned sharedBytes() const { return sharedBytes_; }
  /// The chip's name, for errors.
  const std::string &model() const { return model_; }
  Pool &pool() { return pool_; }

  /// The failure of `what` on this device. A fatal one is remembered: whatever
  /// is asked of the device afterwards fails with a reference to it.
  Status failure(const std::string &what, Code code);
  /// Success, or what made the device unusable.
  Status usable() const;
  /// Remembers `why` as what made the device unusable.
  void lose(const std::string &why);

private:
  Gpu(const Driver &driver, int ordinal)
      : driver_(driver), ordinal_(ordinal), name_("cuda:" + std::to_string(ordinal)) {}

  const Driver &driver_;
  int ordinal_;
  std::string name_, model_;
  DeviceHandle handle_ = 0;
  Context context_ = nullptr;
  unsigned capability_ = 0, sharedBytes_ = 0;
  Pool pool_{*this};
  mutable std::mutex mutex_;
  std::string lost_;
};

/// Makes the device's context current in this scope, and then the one before.
class Current {
public:
  explicit Current(const Gpu &gpu) : driver_(gpu.driver()) {
    code = driver_.contextPush(gpu.context());
  }
  ~Current() {
    Context old;
    if (code == 0)
      driver_.contextPop(&old);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;

  Code code;

private:
  const Driver &driver_;
};

} // namespace einfall::rt::cuda
#endif
