//===- Device.cpp - The CPU: tensors are used where they lie --------------===//
#include "Device.h"
#include "core/Memory.h"
#include "core/Package.h"
#include "core/Profile.h"
#include "core/ThreadPool.h"

#include <algorithm>
#include <cstring>

namespace einfall::rt::cpu {
namespace {

class Memory : public DeviceMemory {
public:
  explicit Memory(PageMemory pages) : pages_(std::move(pages)) {
    data_ = pages_.data();
    size_ = pages_.size();
  }
  void clear() { pages_.clear(); }

private:
  PageMemory pages_;
};

/// Calls are done when they return, on the threads of the process.
class CpuQueue : public Queue {
public:
  explicit CpuQueue(const Code &code) : code_(code) {}

  Result<MemoryPtr> allocate(uint64_t bytes, const std::string &what) override {
    Result<PageMemory> pages = PageMemory::allocate(bytes, what);
    if (!pages)
      return pages.status();
    return MemoryPtr(std::make_unique<Memory>(std::move(*pages)));
  }
  Status clear(DeviceMemory &memory) override {
    static_cast<Memory &>(memory).clear();
    return {};
  }
  Result<Place> placeOf(const void *) const override { return Place::Host; }
  Result<void *> attach(const Argument &argument, Staging &staging) override;
  Result<int32_t> run(const EntryCall &call) override;
  Status detach(const Argument &argument, void *address, Staging &) override {
    if (address != argument.data && argument.bytes != 0)
      std::memcpy(argument.data, address, argument.bytes);
    return {};
  }
  Status finish(Status status) override { return status; }
  Status wait() override { return {}; }

private:
  const Code &code_;
};

/// Compiled code counts on an alignment of 64 bytes.
Result<void *> CpuQueue::attach(const Argument &argument, Staging &staging) {
  if (argument.data && reinterpret_cast<uintptr_t>(argument.data) % 64 == 0)
    return argument.data;
  if (!staging.memory || staging.memory->size() < argument.bytes) {
    auto memory = allocate(std::max<uint64_t>(argument.bytes, 64), "an aligned copy");
    if (!memory)
      return memory.status();
    staging.memory = std::move(*memory);
  }
  if (argument.isInput && argument.bytes != 0)
    std::memcpy(staging.memory->data(), argument.data, argument.bytes);
  return static_cast<void *>(staging.memory->data());
}

Result<int32_t> CpuQueue::run(const EntryCall &call) {
  einf_call frame = {&ThreadPool::services(), &ThreadPool::process(), call.symbols.data(),
                     call.buffers};
  if (call.profile) {
    frame.services = &call.profile->begin(call.info, call.symbols, code_);
    frame.pool = call.profile;
  }
  return call.function(&frame);
}

class CpuProgram : public Program {
public:
  CpuProgram(const Package &package, const Code &code) : package_(package), code_(code) {}

  const std::string &target() const override { return code_.target(); }
  const Code &code() const override { return code_; }
  const std::vector<EntryInfo> &entries() const override {
    return package_.manifest().entriesOf(target());
  }
  void *weight(size_t index) const override {
    return const_cast<std::byte *>(package_.weight(index).data());
  }
  Result<std::unique_ptr<Queue>> makeQueue() override {
    return std::unique_ptr<Queue>(std::make_unique<CpuQueue>(code_));
  }

private:
  const Package &package_;
  const Code &code_;
};

class Cpu : public Device {
public:
  const std::string &name() const override { return name_; }
  Result<std::shared_ptr<Program>> load(Package &package) override {
    Result<const Code *> code = package.code();
    if (!code)
      return code.status();
    return std::shared_ptr<Program>(std::make_shared<CpuProgram>(package, **code));
  }

private:
  std::string name_ = "cpu";
};

} // namespace

std::shared_ptr<Device> openDevice() {
  static const std::shared_ptr<Device> device = std::make_shared<Cpu>();
  return device;
}

} // namespace einfall::rt::cpu
