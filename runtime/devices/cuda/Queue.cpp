//===- Queue.cpp - A session's stream on a GPU ----------------------------===//
#include "Queue.h"

#include <cstdlib>
#include <cstring>

namespace einfall::rt::cuda {

Result<std::unique_ptr<Queue>> openQueue(std::shared_ptr<GpuProgram> program) {
  auto queue = std::make_unique<GpuQueue>(std::move(program));
  EINF_TRY(queue->open());
  return std::unique_ptr<Queue>(std::move(queue));
}

GpuQueue::GpuQueue(std::shared_ptr<GpuProgram> program)
    : program_(std::move(program)), gpu_(*program_->gpu()), driver_(gpu_.driver()),
      graphs_(program_->entries().size()) {
  auto isOn = [](const char *name) {
    const char *text = std::getenv(name);
    return !text || std::string_view(text) != "0";
  };
  useGraphs_ = isOn("EINFALL_CUDA_GRAPHS");
  checkValues_ = isOn("EINFALL_CUDA_CHECK_VALUES");
}

GpuQueue::~GpuQueue() {
  Current current(gpu_);
  graphs_.clear();
  if (stream_)
    driver_.streamDestroy(stream_);
}

Status GpuQueue::open() {
  constexpr unsigned kOrderedWithDefault = 0;
  Current current(gpu_);
  Code code = current.code ? current.code : driver_.streamCreate(&stream_, kOrderedWithDefault);
  if (code != 0)
    return gpu_.failure("open a stream", code);
  return trail_.open(program_->gpu());
}

Result<MemoryPtr> GpuQueue::allocate(uint64_t bytes, const std::string &what) {
  Result<MemoryPtr> memory = allocateBlock(program_->gpu(), bytes, what);
  if (memory)
    EINF_TRY(clear(**memory));
  return memory;
}

Status GpuQueue::clear(DeviceMemory &memory) {
  if (memory.size() == 0)
    return {};
  Current current(gpu_);
  Code code = driver_.fill(toPointer(memory.data()), 0, memory.size(), stream_);
  return code == 0 ? Status() : failure("clear memory", code);
}

Result<Place> GpuQueue::placeOf(const void *data) const {
  Current current(gpu_);
  unsigned type = 0;
  int ordinal = gpu_.ordinal();
  int attributes[] = {kPointerMemoryType, kPointerOrdinal};
  void *values[] = {&type, &ordinal};
  // The driver does not know memory that it has not allocated: the host's. Asked
  // for several attributes at once, it answers zeros; for one, that is an error,
  // which tools that watch the driver tell of every array of the host.
  if (!data || driver_.pointerAttributes(2, attributes, values, toPointer(data)) != 0 ||
      type != unsigned(kMemoryTypeDevice))
    return Place::Host;
  if (ordinal != gpu_.ordinal())
    return invalidArgument("lies on cuda:" + std::to_string(ordinal) + ", but the session is on " +
                           gpu_.name());
  return Place::Device;
}

/// Grows `staging` to the tensor's size; the stream may still use what it had.
Status GpuQueue::reserve(const Argument &argument, Staging &staging) {
  EINF_TRY(grow(staging.memory, argument.bytes, allocateBlock));
  return argument.place == Place::Host ? grow(staging.pinned, argument.bytes, allocatePinned)
                                       : Status();
}

Status GpuQueue::grow(MemoryPtr &memory, uint64_t bytes, decltype(allocateBlock) *allocate) {
  if (memory && memory->size() >= bytes)
    return {};
  if (memory)
    EINF_TRY(wait());
  memory.reset();
  Result<MemoryPtr> grown = allocate(program_->gpu(), bytes, "a copy of a tensor");
  if (grown)
    memory = std::move(*grown);
  return grown.status();
}

Result<const void *> GpuQueue::fetch(const Argument &argument, Staging &staging) {
  EINF_TRY(gpu_.usable());
  if (!checkValues_)
    return static_cast<const void *>(nullptr);
  EINF_TRY(grow(staging.pinned, argument.bytes, allocatePinned));
  Current current(gpu_);
  ending_.underWay = true;
  EINF_TRY(failedCopy(
      driver_.copyOut(staging.pinned->data(), toPointer(argument.data), argument.bytes, stream_)));
  return static_cast<const void *>(staging.pinned->data());
}

/// Compiled code counts on an alignment of 64 bytes.
Result<void *> GpuQueue::attach(const Argument &argument, Staging &staging) {
  EINF_TRY(gpu_.usable());
  bool onDevice = argument.place == Place::Device;
  if (onDevice && reinterpret_cast<uintptr_t>(argument.data) % 64 == 0)
    return argument.data;
  EINF_TRY(reserve(argument, staging));
  ending_.hostOwns |= !onDevice;
  void *address = staging.memory->data();
  if (!argument.isInput || argument.bytes == 0)
    return address;
  Current current(gpu_);
  if (onDevice) {
    Code code =
        driver_.copyWithin(toPointer(address), toPointer(argument.data), argument.bytes, stream_);
    EINF_TRY(failedCopy(code));
    return address;
  }
  ending_.underWay = true;
  std::memcpy(staging.pinned->data(), argument.data, argument.bytes);
  EINF_TRY(failedCopy(
      driver_.copyIn(toPointer(address), staging.pinned->data(), argument.bytes, stream_)));
  return address;
}

/// The failure of `what`, or of a kernel before it: the driver tells a fault of the
/// one at whatever it is asked next.
Status GpuQueue::failure(const std::string &what, Code code) {
  return gpu_.failure(isFatal(code) ? "run " + trail_.suspect() : what, code);
}

Status GpuQueue::failedCopy(Code code) {
  return code == 0 ? Status() : failure("copy a tensor", code);
}

Result<int32_t> GpuQueue::run(const EntryCall &call) {
  EINF_TRY(gpu_.usable());
  trail_.forget();
  recording_.clear(uint32_t(program_->kernels().size()));
  einf_call frame = {&Recording::services(), &recording_, call.symbols.data(), call.buffers};
  if (int32_t broken = call.function(&frame); broken != 0)
    return broken;
  if (!recording_.error().empty())
    return badPackage("entry '" + call.info.name + "' " + recording_.error());
  trail_.begin(call.info, recording_, program_->kernels());
  EINF_TRY(launchAll(call));
  return 0;
}

Status GpuQueue::launchAll(const EntryCall &call) {
  Current current(gpu_);
  if (call.profile) {
    call.profile->begin(call.info, call.symbols, program_->code());
    Timer timer(driver_, stream_);
    EINF_TRY(launchEach(&timer));
    EINF_TRY(wait());
    Code code = timer.note(*call.profile, recording_.launches());
    return code == 0 ? Status() : failure("read the times of kernels", code);
  }
  Result<bool> launched = launchGraph(call);
  if (!launched)
    return launched.status();
  return *launched ? Status() : launchEach(nullptr);
}

/// Launches the recording as a graph; false if it is not to be one.
Result<bool> GpuQueue::launchGraph(const EntryCall &call) {
  if (!useGraphs_)
    return false;
  Code code = 0;
  GraphCache &graphs = graphs_[call.index];
  Graph *graph = graphs.find(recording_, gpu_, program_->kernels(), code);
  trail_.setGraph(graph != nullptr);
  if (graph)
    code = graph->launch(recording_, stream_);
  if (code == 0 && graph)
    code = trail_.passed(0, stream_);
  if (code == 0)
    return graph != nullptr;
  std::string what = "launch the kernels of entry '" + call.info.name + "'";
  if (isFatal(code))
    return failure(what, code);
  // A graph saves time, no more: nothing of it has been launched, so do without.
  graphs.giveUp();
  trail_.setGraph(false);
  notes_ +=
      "they are launched one by one: " + driver_.failure(what + " as a graph", code).message() +
      "\n";
  return false;
}

Status GpuQueue::launchEach(Timer *timer) {
  std::span<const Launch> launches = recording_.launches();
  for (size_t i = 0; i < launches.size(); ++i) {
    Code code = timer ? timer->mark() : 0;
    if (code == 0)
      code = launch(launches[i]);
    if (code == 0 && timer)
      code = timer->mark();
    if (code == 0)
      code = trail_.passed(i, stream_);
    if (code != 0)
      return failure("launch " + trail_.nameOf(i), code);
  }
  return {};
}

Code GpuQueue::launch(const Launch &launch) {
  if (launch.kernel == kCopy)
    return driver_.copyWithin(toPointer(launch.target), toPointer(launch.source),
                              size_t(launch.blocks), stream_);
  const Kernel &kernel = program_->kernels()[launch.kernel];
  size_t size = launch.frameBytes;
  void *extra[] = {kParameterBuffer, const_cast<std::byte *>(recording_.frame(launch)),
                   kParameterSize, &size, nullptr};
  return driver_.launch(kernel.function, unsigned(launch.blocks), 1, 1, kernel.threads, 1, 1,
                        kernel.sharedBytes, stream_, nullptr, extra);
}

Status GpuQueue::detach(const Argument &argument, void *address, Staging &staging) {
  if (address == argument.data || argument.bytes == 0)
    return {};
  Current current(gpu_);
  if (argument.place == Place::Device)
    return failedCopy(
        driver_.copyWithin(toPointer(argument.data), toPointer(address), argument.bytes, stream_));
  ending_.underWay = true;
  EINF_TRY(failedCopy(
      driver_.copyOut(staging.pinned->data(), toPointer(address), argument.bytes, stream_)));
  ending_.deliveries.push_back({argument.data, staging.pinned->data(), argument.bytes});
  return {};
}

Status GpuQueue::finish(Status status) {
  Status waited;
  if (status.ok() ? ending_.hostOwns : ending_.underWay)
    waited = wait();
  if (status.ok() && waited.ok())
    for (const Delivery &delivery : ending_.deliveries)
      std::memcpy(delivery.target, delivery.source, delivery.bytes);
  ending_.clear();
  // The first failure is the call's; the device remembers a fault.
  return status.ok() ? waited : status;
}

Status GpuQueue::wait() {
  EINF_TRY(gpu_.usable());
  Current current(gpu_);
  Code code = current.code ? current.code : driver_.streamWait(stream_);
  ending_.underWay &= code != 0;
  return code == 0 ? Status() : failure("wait for a call", code);
}

} // namespace einfall::rt::cuda
