//===- FakeCuda.cpp - The driver's functions over host memory -------------===//
#include "FakeCuda.h"
#include "FakeKernels.h"
#include "devices/cuda/Driver.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

using namespace einfall::rt::cuda;

namespace einfall::rt::cuda {

struct FunctionHandle {
  std::string name;
  FakeKernel run;
};
struct ModuleHandle {
  std::string text;
  std::vector<std::unique_ptr<FunctionHandle>> functions;
};
struct StreamHandle {
  std::vector<std::function<void()>> work;
};
struct EventHandle {
  Stream stream = nullptr;
};
struct GraphNodeObject {
  bool isCopy = false;
  CopyNode copy = {};
  KernelNode kernel = {};
  std::vector<char> frame;
};
struct GraphObject {
  std::vector<std::unique_ptr<GraphNodeObject>> nodes;
};
struct GraphExecObject {
  GraphHandle graph; ///< changes of an instance go to its graph: good enough here
};

} // namespace einfall::rt::cuda

namespace {

constexpr Code kInvalid = 1, kRefused = 701, kFault = 700, kNotSupported = 801;

// Never destroyed, as with a driver that outlives the statics of a process.
FakeCounts counts;
auto &mutex = *new std::mutex; // over all that follows
auto &blocks = *new std::map<Pointer, size_t>;
auto &streams = *new std::set<Stream>;
int failure = 0; // sticky, until the last context goes
thread_local auto &current = *new std::vector<Context>;
void (*onWait)(void *) = nullptr;
void *onWaitArgument = nullptr;

long setting(const char *name, long otherwise) {
  const char *text = std::getenv(name);
  return text && *text ? std::atol(text) : otherwise;
}
bool isNamed(const char *variable, const std::string &kernel) {
  const char *text = std::getenv(variable);
  return text && kernel == text;
}
int sharedOfBlock() { return int(setting("EINFALL_FAKE_SHARED", 232448)); }
Context contextOf(DeviceHandle device) { return reinterpret_cast<Context>(size_t(device) + 1); }

/// What every function asks first.
Code ready() { return failure ? failure : current.empty() ? 201 : 0; }

Code readyForGraph(const char *step) {
  return isNamed("EINFALL_FAKE_REFUSE_GRAPH", step) ? kRefused : ready();
}

void drain(Stream stream) {
  std::vector<std::function<void()>> work = std::move(stream->work);
  stream->work.clear();
  for (auto &item : work)
    if (!failure)
      item();
}

Code enqueue(Stream stream, std::function<void()> item) {
  if (Code code = ready(); code != 0)
    return code;
  stream->work.push_back(std::move(item));
  return 0;
}

void *host(Pointer address) { return reinterpret_cast<void *>(address); }

/// A pointer into a block of device memory.
bool isDevice(Pointer address) {
  auto after = blocks.upper_bound(address);
  return after != blocks.begin() && address < std::prev(after)->first + std::prev(after)->second;
}

std::vector<char> frameOf(void **extra) {
  const char *data = nullptr;
  size_t size = 0;
  for (size_t i = 0; extra[i]; i += 2)
    if (extra[i] == kParameterBuffer)
      data = static_cast<const char *>(extra[i + 1]);
    else if (extra[i] == kParameterSize)
      size = *static_cast<size_t *>(extra[i + 1]);
  return {data, data + size};
}

void execute(Function function, unsigned blockCount, unsigned threads,
             const std::vector<char> &frame) {
  if (isNamed("EINFALL_FAKE_FAULT", function->name)) {
    failure = kFault;
    return;
  }
  ++counts.launches;
  std::vector<int64_t> slots(frame.size() / 8);
  std::memcpy(slots.data(), frame.data(), slots.size() * 8);
  function->run(slots.data(), blockCount, threads);
}

Code addNode(GraphNode *node, GraphHandle graph, size_t afterCount,
             std::unique_ptr<GraphNodeObject> made) {
  if (Code code = readyForGraph("add"); code != 0)
    return code;
  if (afterCount != (graph->nodes.empty() ? 0 : 1)) // the runtime makes chains
    return kInvalid;
  *node = made.get();
  graph->nodes.push_back(std::move(made));
  return 0;
}

} // namespace

EXPORT FakeCounts *einf_fake_counts() { return &counts; }
EXPORT void einf_fake_on_wait(void (*call)(void *), void *argument) {
  onWait = call;
  onWaitArgument = argument;
}

EXPORT void einf_fake_drain() {
  std::lock_guard lock(mutex);
  for (Stream stream : streams)
    drain(stream);
}

EXPORT Code cuInit(unsigned) { return setting("EINFALL_FAKE_DEVICES", 1) == 0 ? kNoDevice : 0; }
EXPORT Code cuDriverGetVersion(int *version) {
  *version = int(setting("EINFALL_FAKE_VERSION", 12040));
  return 0;
}
EXPORT Code cuGetErrorName(Code code, const char **name) {
  *name = code == kOutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == kFault     ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                               : "CUDA_ERROR_OTHER";
  return 0;
}
EXPORT Code cuGetErrorString(Code code, const char **text) {
  *text = code == kOutOfMemory ? "out of memory"
          : code == kFault     ? "an illegal memory access was encountered"
                               : "another error";
  return 0;
}
EXPORT Code cuDeviceGetCount(int *count) {
  *count = int(setting("EINFALL_FAKE_DEVICES", 1));
  return 0;
}
EXPORT Code cuDeviceGet(DeviceHandle *device, int ordinal) {
  *device = ordinal;
  return 0;
}
EXPORT Code cuDeviceGetName(char *name, int size, DeviceHandle) {
  std::strncpy(name, "Fake GPU", size_t(size));
  return 0;
}
EXPORT Code cuDeviceGetAttribute(int *value, int attribute, DeviceHandle) {
  *value = attribute == kCapabilityMajor ? 9 : attribute == kSharedOfBlock ? sharedOfBlock() : 0;
  return 0;
}
EXPORT Code cuDevicePrimaryCtxRetain(Context *context, DeviceHandle device) {
  std::lock_guard lock(mutex);
  ++counts.contexts;
  *context = contextOf(device);
  return 0;
}
EXPORT Code cuDevicePrimaryCtxRelease_v2(DeviceHandle) {
  std::lock_guard lock(mutex);
  if (--counts.contexts == 0)
    failure = 0;
  return 0;
}
EXPORT Code cuCtxPushCurrent_v2(Context context) {
  current.push_back(context);
  return 0;
}
EXPORT Code cuCtxPopCurrent_v2(Context *context) {
  *context = current.back();
  current.pop_back();
  return 0;
}

EXPORT Code cuMemAlloc_v2(Pointer *address, size_t bytes) {
  std::lock_guard lock(mutex);
  if (Code code = ready(); code != 0)
    return code;
  int64_t limit = setting("EINFALL_FAKE_MEMORY", int64_t(1) << 32);
  if (counts.bytes + int64_t(bytes) > limit)
    return kOutOfMemory;
  void *data = std::aligned_alloc(512, (bytes + 511) / 512 * 512);
  std::memset(data, 0xa5, bytes); // nobody may count on zeros
  *address = reinterpret_cast<Pointer>(data);
  blocks[*address] = bytes;
  counts.bytes += int64_t(bytes);
  ++counts.allocations, ++counts.alive;
  return 0;
}
EXPORT Code cuMemFree_v2(Pointer address) {
  std::lock_guard lock(mutex);
  auto found = blocks.find(address);
  if (found == blocks.end())
    return kInvalid;
  counts.bytes -= int64_t(found->second);
  --counts.alive;
  blocks.erase(found);
  std::free(host(address));
  return 0;
}
EXPORT Code cuMemGetInfo_v2(size_t *free, size_t *total) {
  *total = size_t(setting("EINFALL_FAKE_MEMORY", int64_t(1) << 32));
  *free = *total - size_t(counts.bytes);
  return 0;
}
EXPORT Code cuMemHostAlloc(void **address, size_t bytes, unsigned) {
  std::lock_guard lock(mutex);
  if (Code code = ready(); code != 0)
    return code;
  *address = std::malloc(bytes);
  ++counts.pinnedAllocations, ++counts.alive;
  return 0;
}
EXPORT Code cuMemFreeHost(void *address) {
  std::lock_guard lock(mutex);
  std::free(address);
  --counts.alive;
  return 0;
}
EXPORT Code cuPointerGetAttributes(unsigned count, int *attributes, void **values,
                                   Pointer address) {
  std::lock_guard lock(mutex);
  bool known = isDevice(address);
  for (unsigned i = 0; i < count; ++i)
    *static_cast<int *>(values[i]) =
        attributes[i] == kPointerMemoryType ? (known ? kMemoryTypeDevice : 0) : (known ? 0 : -2);
  return 0;
}

EXPORT Code cuMemsetD8Async(Pointer address, unsigned char value, size_t bytes, Stream stream) {
  std::lock_guard lock(mutex);
  return enqueue(stream, [=] { std::memset(host(address), value, bytes); });
}
static Code copy(void *target, const void *source, size_t bytes, Stream stream, int64_t &count) {
  std::lock_guard lock(mutex);
  ++count;
  return enqueue(stream, [=] { std::memcpy(target, source, bytes); });
}
EXPORT Code cuMemcpyHtoDAsync_v2(Pointer target, const void *source, size_t bytes, Stream stream) {
  return copy(host(target), source, bytes, stream, counts.copiesIn);
}
EXPORT Code cuMemcpyDtoHAsync_v2(void *target, Pointer source, size_t bytes, Stream stream) {
  return copy(target, host(source), bytes, stream, counts.copiesOut);
}
EXPORT Code cuMemcpyDtoDAsync_v2(Pointer target, Pointer source, size_t bytes, Stream stream) {
  return copy(host(target), host(source), bytes, stream, counts.copiesWithin);
}

EXPORT Code cuModuleLoadDataEx(Module *module, const void *image, unsigned, int *, void **values) {
  std::lock_guard lock(mutex);
  if (Code code = ready(); code != 0)
    return code;
  const char *text = static_cast<const char *>(image);
  const char *refused = std::getenv("EINFALL_FAKE_REFUSE_IMAGE");
  if (refused && std::strstr(text, refused))
    return kNoBinary;
  if (!std::strstr(text, ".entry")) {
    std::strcpy(static_cast<char *>(values[0]), "line 1: no kernel\nmore");
    return kInvalidImage;
  }
  *module = new ModuleHandle{text, {}};
  ++counts.modules;
  return 0;
}
EXPORT Code cuModuleUnload(Module module) {
  std::lock_guard lock(mutex);
  delete module;
  --counts.modules;
  return 0;
}
EXPORT Code cuModuleGetFunction(Function *function, Module module, const char *name) {
  std::lock_guard lock(mutex);
  FakeKernel kernel = findFakeKernel(name);
  if (!kernel || module->text.find(std::string(".entry ") + name + "(") == std::string::npos)
    return 500;
  auto made = std::make_unique<FunctionHandle>(FunctionHandle{name, kernel});
  *function = made.get();
  module->functions.push_back(std::move(made));
  return 0;
}
EXPORT Code cuFuncSetAttribute(Function, int, int value) {
  return value > sharedOfBlock() ? kInvalid : 0;
}
EXPORT Code cuLaunchKernel(Function function, unsigned gridX, unsigned, unsigned, unsigned blockX,
                           unsigned, unsigned, unsigned, Stream stream, void **, void **extra) {
  std::lock_guard lock(mutex);
  if (gridX == 0)
    return kInvalid;
  if (isNamed("EINFALL_FAKE_REFUSE", function->name))
    return kRefused;
  std::vector<char> frame = frameOf(extra);
  return enqueue(stream, [=] { execute(function, gridX, blockX, frame); });
}

EXPORT Code cuStreamCreate(Stream *stream, unsigned) {
  std::lock_guard lock(mutex);
  *stream = new StreamHandle;
  streams.insert(*stream);
  ++counts.streams;
  return ready();
}
EXPORT Code cuStreamDestroy_v2(Stream stream) {
  std::lock_guard lock(mutex);
  streams.erase(stream);
  delete stream;
  --counts.streams;
  return 0;
}
EXPORT Code cuStreamSynchronize(Stream stream) {
  if (onWait)
    onWait(onWaitArgument);
  std::lock_guard lock(mutex);
  ++counts.waits;
  drain(stream);
  return failure;
}
#ifndef EINFALL_FAKE_OLD
EXPORT Code cuStreamWriteValue32_v2(Stream stream, Pointer address, uint32_t value, unsigned) {
  std::lock_guard lock(mutex);
  if (setting("EINFALL_FAKE_REFUSE_WRITE", 0) != 0)
    return kNotSupported;
  ++counts.numbers;
  return enqueue(stream, [=] { *static_cast<uint32_t *>(host(address)) = value; });
}
#endif
EXPORT Code cuEventCreate(Event *event, unsigned) {
  *event = new EventHandle;
  return ready();
}
EXPORT Code cuEventDestroy_v2(Event event) {
  delete event;
  return 0;
}
EXPORT Code cuEventRecord(Event event, Stream stream) {
  event->stream = stream;
  return ready();
}
EXPORT Code cuEventSynchronize(Event event) {
  std::lock_guard lock(mutex);
  drain(event->stream);
  return failure;
}
EXPORT Code cuEventElapsedTime(float *milliseconds, Event, Event) {
  *milliseconds = 0.5f;
  return ready();
}

EXPORT Code cuGraphCreate(GraphHandle *graph, unsigned) {
  *graph = new GraphObject;
  return ready();
}
EXPORT Code cuGraphDestroy(GraphHandle graph) {
  delete graph;
  return 0;
}
EXPORT Code cuGraphAddKernelNode(GraphNode *node, GraphHandle graph, const GraphNode *,
                                 size_t afterCount, const KernelNode *kernel) {
  std::lock_guard lock(mutex);
  auto made = std::make_unique<GraphNodeObject>();
  made->kernel = *kernel;
  made->frame = frameOf(kernel->extra);
  return addNode(node, graph, afterCount, std::move(made));
}
EXPORT Code cuGraphAddMemcpyNode(GraphNode *node, GraphHandle graph, const GraphNode *,
                                 size_t afterCount, const CopyNode *copy, Context) {
  std::lock_guard lock(mutex);
  auto made = std::make_unique<GraphNodeObject>();
  made->isCopy = true;
  made->copy = *copy;
  return addNode(node, graph, afterCount, std::move(made));
}
EXPORT Code cuGraphInstantiateWithFlags(GraphExec *exec, GraphHandle graph, unsigned long long) {
  std::lock_guard lock(mutex);
  if (Code code = readyForGraph("instantiate"); code != 0)
    return code;
  *exec = new GraphExecObject{graph};
  ++counts.graphs;
  return 0;
}
EXPORT Code cuGraphExecKernelNodeSetParams(GraphExec, GraphNode node, const KernelNode *kernel) {
  std::lock_guard lock(mutex);
  if (node->isCopy || node->kernel.function != kernel->function)
    return kInvalid;
  node->kernel = *kernel;
  node->frame = frameOf(kernel->extra);
  ++counts.graphChanges;
  return readyForGraph("set");
}
EXPORT Code cuGraphExecMemcpyNodeSetParams(GraphExec, GraphNode node, const CopyNode *copy,
                                           Context) {
  std::lock_guard lock(mutex);
  node->copy = *copy;
  ++counts.graphChanges;
  return ready();
}
EXPORT Code cuGraphLaunch(GraphExec exec, Stream stream) {
  std::lock_guard lock(mutex);
  Code code = readyForGraph("launch");
  counts.graphLaunches += code == 0;
  for (auto &node : exec->graph->nodes) {
    if (code != 0)
      break;
    if (node->isCopy)
      code = enqueue(stream, [copy = node->copy] {
        std::memcpy(host(copy.target), host(copy.source), copy.width);
      });
    else // a copy of the parameters: later changes do not concern this launch
      code = enqueue(stream, [kernel = node->kernel, frame = node->frame] {
        execute(kernel.function, kernel.gridX, kernel.blockX, frame);
      });
  }
  return code;
}
EXPORT Code cuGraphExecDestroy(GraphExec exec) {
  delete exec;
  return 0;
}
