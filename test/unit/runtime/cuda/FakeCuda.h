//===- FakeCuda.h - What the driver of the tests counts -------------------===//
//
// libeinfall-fake-cuda.so implements the driver's functions over host memory.
// Work waits in its stream until somebody synchronises, as on a real device, so
// a forgotten wait shows. Environment variables, read at every call:
//
//   EINFALL_FAKE_DEVICES   number of GPUs (1)
//   EINFALL_FAKE_VERSION   of the driver (12040)
//   EINFALL_FAKE_MEMORY    bytes that all allocations together may take
//   EINFALL_FAKE_SHARED    bytes of shared memory that a block may have (232448)
//   EINFALL_FAKE_FAULT     the name of a kernel that faults when it runs
//   EINFALL_FAKE_REFUSE    the name of a kernel that is refused at its launch
//   EINFALL_FAKE_REFUSE_GRAPH  which step of graphs fails: add, instantiate, set or launch
//   EINFALL_FAKE_REFUSE_WRITE  not 0: numbers that a stream should write are refused
//   EINFALL_FAKE_REFUSE_IMAGE  words of code that is not loaded, as of another version
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEST_RUNTIME_CUDA_FAKECUDA_H
#define EINFALL_TEST_RUNTIME_CUDA_FAKECUDA_H

#include <cstdint>

struct FakeCounts {
  int64_t allocations, pinnedAllocations, alive; ///< alive: blocks of both kinds
  int64_t bytes;                                 ///< of device memory that is alive
  int64_t waits;                                 ///< of the host for a stream
  int64_t launches, copiesIn, copiesOut, copiesWithin;
  int64_t graphs, graphLaunches, graphChanges;
  int64_t numbers;                    ///< that streams were asked to write
  int64_t modules, streams, contexts; ///< alive
};

/// Exported as einf_fake_counts.
using FakeCountsFn = FakeCounts *(*)();

/// Exported as einf_fake_on_wait: what is called whenever the host waits for a
/// stream; null ends that.
using FakeOnWaitFn = void (*)(void (*call)(void *), void *argument);

/// Exported as einf_fake_drain: the streams do their work while the host is
/// elsewhere.
using FakeDrainFn = void (*)();

#endif
