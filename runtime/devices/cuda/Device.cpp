//===- Device.cpp - An NVIDIA GPU through the driver's interface ----------===//
#include "Device.h"
#include "Program.h"

#include <map>

namespace einfall::rt::cuda {

Result<std::shared_ptr<Device>> openDevice(int ordinal) {
  // A device goes with its last session; that also ends a context that a kernel
  // has broken, so that the next session starts with a new one.
  static std::mutex mutex;
  static std::map<std::pair<const Driver *, int>, std::weak_ptr<Gpu>> open;
  Result<const Driver *> driver = Driver::open();
  if (!driver)
    return driver.status();
  std::lock_guard lock(mutex);
  std::weak_ptr<Gpu> &known = open[{*driver, ordinal}];
  std::shared_ptr<Gpu> gpu = known.lock();
  if (!gpu) {
    Result<std::shared_ptr<Gpu>> opened = Gpu::open(ordinal);
    if (!opened)
      return opened.status();
    gpu = std::move(*opened);
    known = gpu;
  }
  EINF_TRY(gpu->usable());
  return std::shared_ptr<Device>(std::move(gpu));
}

Result<std::shared_ptr<Gpu>> Gpu::open(int ordinal) {
  Result<const Driver *> found = Driver::open();
  if (!found)
    return found.status();
  const Driver &driver = **found;
  std::shared_ptr<Gpu> gpu(new Gpu(driver, ordinal));
  int count = 0;
  if (Code code = driver.deviceCount(&count); code != 0)
    return driver.failure("count the GPUs", code);
  if (ordinal >= count)
    return Status(StatusCode::Unsupported,
                  "there is no device cuda:" + std::to_string(ordinal) + ": this machine has " +
                      (count == 0 ? "no NVIDIA GPU" : std::to_string(count) + " of them") +
                      (count == 0 ? ", run on the CPU" : ", counted from 0"));
  char model[256] = "";
  int major = 0, minor = 0, shared = 0;
  Code code = driver.deviceGet(&gpu->handle_, ordinal);
  if (code == 0)
    code = driver.deviceName(model, sizeof model, gpu->handle_);
  if (code == 0)
    code = driver.deviceAttribute(&major, kCapabilityMajor, gpu->handle_);
  if (code == 0)
    code = driver.deviceAttribute(&minor, kCapabilityMinor, gpu->handle_);
  if (code == 0)
    code = driver.deviceAttribute(&shared, kSharedOfBlock, gpu->handle_);
  if (code == 0)
    code = driver.contextRetain(&gpu->context_, gpu->handle_);
  if (code != 0)
    return driver.failure("use " + gpu->name_, code);
  gpu->model_ = model;
  gpu->capability_ = unsigned(major * 10 + minor);
  gpu->sharedBytes_ = unsigned(shared);
  return gpu;
}

Gpu::~Gpu() {
  if (!context_)
    return;
  pool_.clear();
  driver_.contextRelease(handle_);
}

Result<std::shared_ptr<Program>> Gpu::load(Package &package) {
  return loadProgram(shared_from_this(), package);
}

void Gpu::lose(const std::string &why) {
  std::lock_guard lock(mutex_);
  if (lost_.empty())
    lost_ = why;
}

Status Gpu::failure(const std::string &what, Code code) {
  EINF_TRY(usable());
  Status status = driver_.failure(what + " on " + name_, code);
  if (isFatal(code))
    lose(status.message());
  return status;
}

Status Gpu::usable() const {
  std::lock_guard lock(mutex_);
  if (lost_.empty())
    return {};
  return {StatusCode::DeviceFailed, "sessions on " + name_ +
                                        " cannot go on after an earlier failure; close them all "
                                        "before opening another. The failure: " +
                                        lost_};
}

} // namespace einfall::rt::cuda
