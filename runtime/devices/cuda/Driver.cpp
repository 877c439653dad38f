//===- Driver.cpp - Opens the driver and speaks of its errors -------------===//
#include "Driver.h"

#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <mutex>

namespace einfall::rt::cuda {
namespace {

/// The first with all functions of the table.
constexpr int kOldest = 12000;

std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Status unsupported(std::string message) { return {StatusCode::Unsupported, std::move(message)}; }

/// Fills in the functions; false if one is missing that is needed.
bool resolve(void *library, Driver &driver) {
  bool complete = true;
#define EINF_CUDA_RESOLVE(name, symbol, parameters)                                                \
  driver.name = reinterpret_cast<Code(*) parameters>(dlsym(library, symbol));
#define EINF_CUDA_REQUIRE(name, symbol, parameters) complete &= driver.name != nullptr;
  EINF_CUDA_FUNCTIONS(EINF_CUDA_RESOLVE)
  EINF_CUDA_OPTIONAL_FUNCTIONS(EINF_CUDA_RESOLVE)
  EINF_CUDA_FUNCTIONS(EINF_CUDA_REQUIRE)
#undef EINF_CUDA_REQUIRE
#undef EINF_CUDA_RESOLVE
  return complete;
}

Result<std::unique_ptr<Driver>> load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return unsupported("there is no NVIDIA driver on this machine (" +
                       std::string(why ? why : path) +
                       "): run on the CPU, or install the driver and libcuda.so.1");
  }
  auto driver = std::make_unique<Driver>();
  bool complete = resolve(library, *driver);
  // The version first: it says why a function is missing.
  int version = 0;
  if (!driver->driverVersion || driver->driverVersion(&version) != 0)
    return unsupported("'" + std::string(path) + "' is no NVIDIA driver");
  if (version < kOldest || !complete)
    return unsupported("the NVIDIA driver supports CUDA " + versionText(version) +
                       ", but einfall needs " + versionText(kOldest) +
                       " or newer: update the driver");
  if (Code code = driver->init(0); code != 0) {
    if (code == kNoDevice)
      return unsupported("there is no NVIDIA GPU on this machine: run on the CPU");
    return unsupported(driver->failure("start the NVIDIA driver", code).message());
  }
  return driver;
}

} // namespace

Result<const Driver *> Driver::open() {
  // By path, so that a failure is not for ever: a user may mend the variable.
  static std::mutex mutex;
  // Never destroyed: a session that a global of the program holds closes through
  // the driver when the statics of this function would be gone.
  static auto &drivers = *new std::map<std::string, std::unique_ptr<Driver>>;
  const char *named = std::getenv("EINFALL_CUDA_DRIVER");
  const char *path = named && *named ? named : "libcuda.so.1";
  std::lock_guard lock(mutex);
  std::unique_ptr<Driver> &known = drivers[path];
  if (!known) {
    Result<std::unique_ptr<Driver>> loaded = load(path);
    if (!loaded)
      return loaded.status();
    known = std::move(*loaded);
  }
  return static_cast<const Driver *>(known.get());
}

Status Driver::failure(const std::string &what, Code code) const {
  const char *name = nullptr, *text = nullptr;
  errorName(code, &name);
  errorText(code, &text);
  std::string message = "cannot " + what + ": " + (text ? text : "unknown error") + " (" +
                        (name ? name : std::to_string(code).c_str()) + ")";
  return {code == kOutOfMemory ? StatusCode::OutOfMemory : StatusCode::DeviceFailed,
          std::move(message)};
}

bool isFatal(Code code) {
  switch (code) {
  case 214: // uncorrectable memory error
  case 700: // illegal address
  case 702: // timeout
  case 709: // the context is gone
  case 710: // a trap
  case 714: // hardware stack
  case 715: // illegal instruction
  case 716: // misaligned address
  case 717: // invalid address space
  case 718: // invalid program counter
  case 719: // launch failure
    return true;
  default:
    return false;
  }
}

} // namespace einfall::rt::cuda
