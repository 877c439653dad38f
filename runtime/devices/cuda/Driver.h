//===- Driver.h - The part of NVIDIA's driver interface that is used ------===//
//
// libcuda.so.1 comes with the driver, so it is opened at run time, and nothing
// of CUDA is needed to build. The driver keeps its binary interface for good:
// the types here are what its functions take, declared by us; a function with a
// later variant is taken under that variant's name.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DEVICES_CUDA_DRIVER_H
#define EINFALL_DEVICES_CUDA_DRIVER_H

#include "einfall/status.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace einfall::rt::cuda {

using Code = int; ///< CUresult; 0 is success
using DeviceHandle = int;
using Pointer = uint64_t; ///< of the device
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;
using GraphHandle = struct GraphObject *;
using GraphNode = struct GraphNodeObject *;
using GraphExec = struct GraphExecObject *;

/// CUDA_KERNEL_NODE_PARAMS, first version.
struct KernelNode {
  Function function;
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
  void **parameters, **extra;
};

/// CUDA_MEMCPY3D, second version.
struct CopyNode {
  size_t sourceX, sourceY, sourceZ, sourceLod;
  int sourceType;
  const void *sourceHost;
  Pointer source;
  void *sourceArray, *reserved0;
  size_t sourcePitch, sourceHeight;
  size_t targetX, targetY, targetZ, targetLod;
  int targetType;
  void *targetHost;
  Pointer target;
  void *targetArray, *reserved1;
  size_t targetPitch, targetHeight;
  size_t width, height, depth;
};
static_assert(sizeof(KernelNode) == 56 && sizeof(CopyNode) == 200, "the driver's ABI");

// Numbers of the interface that the runtime gives or tests.
enum : int {
  kOutOfMemory = 2,
  kNoDevice = 100,
  kInvalidImage = 200,
  kNoBinary = 209,
  kMemoryTypeDevice = 2,
  kPointerMemoryType = 2,
  kPointerOrdinal = 9,
  kCapabilityMajor = 75,
  kCapabilityMinor = 76,
  kSharedOfBlock = 97, ///< the most that a kernel may ask for
  kFunctionDynamicShared = 8,
  kJitErrorLog = 5,
  kJitErrorLogSize = 6,
};
/// Values of the `extra` array of a launch.
inline void *const kParameterBuffer = reinterpret_cast<void *>(1);
inline void *const kParameterSize = reinterpret_cast<void *>(2);

/// Every function that is needed: name here, symbol, parameters.
#define EINF_CUDA_FUNCTIONS(F)                                                                     \
  F(init, "cuInit", (unsigned flags))                                                              \
  F(driverVersion, "cuDriverGetVersion", (int *version))                                           \
  F(errorName, "cuGetErrorName", (Code code, const char **name))                                   \
  F(errorText, "cuGetErrorString", (Code code, const char **text))                                 \
  F(deviceCount, "cuDeviceGetCount", (int *count))                                                 \
  F(deviceGet, "cuDeviceGet", (DeviceHandle * device, int ordinal))                                \
  F(deviceName, "cuDeviceGetName", (char *name, int size, DeviceHandle device))                    \
  F(deviceAttribute, "cuDeviceGetAttribute", (int *value, int attribute, DeviceHandle device))     \
  F(contextRetain, "cuDevicePrimaryCtxRetain", (Context * context, DeviceHandle device))           \
  F(contextRelease, "cuDevicePrimaryCtxRelease_v2", (DeviceHandle device))                         \
  F(contextPush, "cuCtxPushCurrent_v2", (Context context))                                         \
  F(contextPop, "cuCtxPopCurrent_v2", (Context * context))                                         \
  F(memoryAllocate, "cuMemAlloc_v2", (Pointer * address, size_t bytes))                            \
  F(memoryFree, "cuMemFree_v2", (Pointer address))                                                 \
  F(memoryInfo, "cuMemGetInfo_v2", (size_t *free, size_t *total))                                  \
  F(hostAllocate, "cuMemHostAlloc", (void **address, size_t bytes, unsigned flags))                \
  F(hostFree, "cuMemFreeHost", (void *address))                                                    \
  F(fill, "cuMemsetD8Async", (Pointer address, unsigned char value, size_t bytes, Stream stream))  \
  F(copyIn, "cuMemcpyHtoDAsync_v2",                                                                \
    (Pointer target, const void *source, size_t bytes, Stream stream))                             \
  F(copyOut, "cuMemcpyDtoHAsync_v2", (void *target, Pointer source, size_t bytes, Stream stream))  \
  F(copyWithin, "cuMemcpyDtoDAsync_v2",                                                            \
    (Pointer target, Pointer source, size_t bytes, Stream stream))                                 \
  F(pointerAttributes, "cuPointerGetAttributes",                                                   \
    (unsigned count, int *attributes, void **values, Pointer address))                             \
  F(moduleLoad, "cuModuleLoadDataEx",                                                              \
    (Module * module, const void *image, unsigned options, int *names, void **values))             \
  F(moduleUnload, "cuModuleUnload", (Module module))                                               \
  F(moduleFunction, "cuModuleGetFunction", (Function * function, Module module, const char *name)) \
  F(functionSet, "cuFuncSetAttribute", (Function function, int attribute, int value))              \
  F(launch, "cuLaunchKernel",                                                                      \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,           \
     unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream stream, void **parameters,     \
     void **extra))                                                                                \
  F(streamCreate, "cuStreamCreate", (Stream * stream, unsigned flags))                             \
  F(streamDestroy, "cuStreamDestroy_v2", (Stream stream))                                          \
  F(streamWait, "cuStreamSynchronize", (Stream stream))                                            \
  F(eventCreate, "cuEventCreate", (Event * event, unsigned flags))                                 \
  F(eventDestroy, "cuEventDestroy_v2", (Event event))                                              \
  F(eventRecord, "cuEventRecord", (Event event, Stream stream))                                    \
  F(eventWait, "cuEventSynchronize", (Event event))                                                \
  F(eventElapsed, "cuEventElapsedTime", (float *milliseconds, Event begin, Event end))             \
  F(graphCreate, "cuGraphCreate", (GraphHandle * graph, unsigned flags))                           \
  F(graphDestroy, "cuGraphDestroy", (GraphHandle graph))                                           \
  F(graphAddKernel, "cuGraphAddKernelNode",                                                        \
    (GraphNode * node, GraphHandle graph, const GraphNode *after, size_t afterCount,               \
     const KernelNode *kernel))                                                                    \
  F(graphAddCopy, "cuGraphAddMemcpyNode",                                                          \
    (GraphNode * node, GraphHandle graph, const GraphNode *after, size_t afterCount,               \
     const CopyNode *copy, Context context))                                                       \
  F(graphInstantiate, "cuGraphInstantiateWithFlags",                                               \
    (GraphExec * exec, GraphHandle graph, unsigned long long flags))                               \
  F(graphSetKernel, "cuGraphExecKernelNodeSetParams",                                              \
    (GraphExec exec, GraphNode node, const KernelNode *kernel))                                    \
  F(graphSetCopy, "cuGraphExecMemcpyNodeSetParams",                                                \
    (GraphExec exec, GraphNode node, const CopyNode *copy, Context context))                       \
  F(graphLaunch, "cuGraphLaunch", (GraphExec exec, Stream stream))                                 \
  F(graphExecDestroy, "cuGraphExecDestroy", (GraphExec exec))

/// Functions that the runtime can do without; null where a driver lacks them.
#define EINF_CUDA_OPTIONAL_FUNCTIONS(F)                                                            \
  F(streamWrite, "cuStreamWriteValue32_v2",                                                        \
    (Stream stream, Pointer address, uint32_t value, unsigned flags))

/// The driver's functions; lives as long as the process.
struct Driver {
#define EINF_CUDA_MEMBER(name, symbol, parameters) Code(*name) parameters = nullptr;
  EINF_CUDA_FUNCTIONS(EINF_CUDA_MEMBER)
  EINF_CUDA_OPTIONAL_FUNCTIONS(EINF_CUDA_MEMBER)
#undef EINF_CUDA_MEMBER

  /// Opens and initialises libcuda.so.1, or the file that EINFALL_CUDA_DRIVER
  /// names. The error is one line: no driver, or one that is too old.
  static Result<const Driver *> open();

  /// "cannot WHAT: out of memory (CUDA_ERROR_OUT_OF_MEMORY)".
  Status failure(const std::string &what, Code code) const;
};

/// True for what a kernel did wrong: its context is of no use any more.
bool isFatal(Code code);

} // namespace einfall::rt::cuda
#endif
