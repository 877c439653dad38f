//===- Device.h - Where a session's memory lies and its kernels run -------===//
//
// A device loads a package's code and weights once (Program); every session
// has a Queue there, which owns its memory and runs its calls in order. One
// folder of runtime/devices/ implements these for a kind of device. The CPU's
// takes tensors where they lie, so a session on it pays for this in a few
// virtual calls.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_DEVICE_H
#define EINFALL_CORE_DEVICE_H

#include "Code.h"
#include "einfall/abi.h"
#include "einfall/manifest.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace einfall::rt {

class Package;
class Profile;

/// Memory of a device, or host memory that it copies from; freed with this
/// object. A block of no bytes has an address, too, but on the CPU.
class DeviceMemory {
public:
  virtual ~DeviceMemory() = default;
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  std::byte *data() const { return data_; }
  uint64_t size() const { return size_; }

protected:
  DeviceMemory() = default;
  std::byte *data_ = nullptr;
  uint64_t size_ = 0;
};
using MemoryPtr = std::unique_ptr<DeviceMemory>;

/// Whether the host may read a tensor.
enum class Place { Host, Device };

/// Copies of one of the caller's tensors, kept from call to call.
struct Staging {
  MemoryPtr memory; ///< where kernels find it
  MemoryPtr pinned; ///< on the way there, for devices with memory of their own
};

/// A tensor of the caller in one call.
struct Argument {
  void *data = nullptr;
  uint64_t bytes = 0;
  Place place = Place::Host;
  bool isInput = true;
};

/// One call of an entry.
struct EntryCall {
  const EntryInfo &info;
  size_t index; ///< of the entry
  einf_entry_fn function;
  std::span<const int64_t> symbols;
  void *const *buffers;
  Profile *profile; ///< may be null
};

/// The memory and the calls of one session, in order.
class Queue {
public:
  virtual ~Queue() = default;

  /// Zeroed; `what` names it in the error.
  virtual Result<MemoryPtr> allocate(uint64_t bytes, const std::string &what) = 0;
  /// Makes every byte zero again.
  virtual Status clear(DeviceMemory &memory) = 0;

  /// Where `data` lies. The error ends a sentence about the tensor.
  virtual Result<Place> placeOf(const void *data) const = 0;
  /// Begins to bring the values of a tensor on the device to the host, which may
  /// read them at the returned address after wait(); null if nobody shall.
  virtual Result<const void *> fetch(const Argument &argument, Staging &) { return argument.data; }
  /// The address that the entry gets for a tensor: its own, or that of a copy
  /// in `staging`.
  virtual Result<void *> attach(const Argument &argument, Staging &staging) = 0;
  /// What the entry returns; the work may still be under way.
  virtual Result<int32_t> run(const EntryCall &call) = 0;
  /// Brings an output that the entry wrote to `address` where it belongs, at
  /// the latest with wait().
  virtual Status detach(const Argument &argument, void *address, Staging &staging) = 0;
  /// Ends a call that has gone as `status` says so far, and gives how it went: waits
  /// if the host owns one of the tensors, and if a call that failed has left
  /// copies under way, which would meet the next call in `staging`.
  virtual Status finish(Status status) = 0;
  /// Waits for all work.
  virtual Status wait() = 0;
  /// What it had to make do with, a line each; usually empty.
  virtual std::string notes() const { return {}; }
};

/// A package's code and weights on a device, shared by its sessions there.
class Program {
public:
  virtual ~Program() = default;
  virtual const std::string &target() const = 0;
  virtual const Code &code() const = 0;
  virtual const std::vector<EntryInfo> &entries() const = 0;
  virtual void *weight(size_t index) const = 0;
  virtual Result<std::unique_ptr<Queue>> makeQueue() = 0;
};

class Device {
public:
  virtual ~Device() = default;
  virtual const std::string &name() const = 0; ///< "cpu", "cuda:0"
  virtual Result<std::shared_ptr<Program>> load(Package &package) = 0;
};

/// "cpu" (also if empty), "cuda" or "cuda:1". The error is one line for a user
/// whose machine has no such device.
Result<std::shared_ptr<Device>> openDevice(std::string_view choice);

} // namespace einfall::rt
#endif
