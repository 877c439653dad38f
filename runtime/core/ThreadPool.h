//===- ThreadPool.h - Deals the blocks of a launch to threads -------------===//
//
// One pool serves the process. A launch is short (a decode step makes about a
// hundred), so the way in takes no lock and allocates nothing: the job's
// fields are published under a new epoch, workers that spin see it at once,
// those asleep are woken through a futex, and nobody waits for a worker that
// comes late: the caller finishes what is left itself.
//
// Blocks are dealt as even parts, thread i always getting part i, so that
// what a core has in its cache stays there from step to step. A part is taken
// in a few chunks; who is done with its own takes chunks of the others. Each
// part's cursor carries the epoch, so a late worker cannot take a chunk of a
// job whose fields it has not read.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_THREADPOOL_H
#define EINFALL_CORE_THREADPOOL_H

#include "einfall/abi.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace einfall::rt {

class ThreadPool {
public:
  /// `threads` includes the caller; at least 1.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// The pool of the process: EINFALL_NUM_THREADS threads, else one for each
  /// CPU that the process may run on; bound to CPUs if EINFALL_PIN_THREADS is 1.
  static ThreadPool &process();

  /// Changes the number of threads; waits for a launch in progress.
  void resize(unsigned threads);
  unsigned threads() const { return threads_.load(std::memory_order_relaxed); }

  /// Binds every worker to a CPU of its own, or lets them go; waits for a launch
  /// in progress. A caller is the user's thread and is left where it is: the
  /// first CPU is kept free for it. Workers beyond the CPUs are not bound.
  void pin(bool pinned);
  bool pinned() const { return pinned_.load(std::memory_order_relaxed); }

  /// The CPUs that the calling thread may run on, in the order in which threads
  /// take them: one of each core first, then the others of the same cores.
  static std::vector<int> places();

  /// Computes every block of [0, blocks) once. If the pool serves another
  /// caller, all blocks are computed on this thread.
  void launch(einf_kernel_fn kernel, const void *frame, int64_t blocks, int64_t grain);

  /// The table that compiled code calls; its pool argument is a ThreadPool.
  static const einf_services &services();

private:
  static constexpr unsigned kMaxThreads = 256;

  /// Cursor: epoch in the upper half, chunks not yet taken in the lower.
  struct alignas(64) Part {
    std::atomic<uint64_t> cursor{0};
  };

  struct Job {
    std::atomic<einf_kernel_fn> kernel{nullptr};
    std::atomic<const void *> frame{nullptr};
    std::atomic<int64_t> blocks{0}, chunk{1};
    std::atomic<uint32_t> parts{1}, chunks{0}; ///< chunks: of each part
  };

  void start(unsigned threads);
  void stop();
  void restart(unsigned threads, bool pinned);
  void work(unsigned self, uint32_t seen);
  uint32_t waitForEpoch(uint32_t seen);
  void take(unsigned self, uint32_t epoch);
  void takePart(unsigned part, uint32_t epoch);
  void awaitRest();

  alignas(64) std::atomic<uint32_t> epoch_{0};
  std::atomic<uint32_t> sleepers_{0};
  alignas(64) std::atomic<uint32_t> remaining_{0}; ///< chunks not yet done
  std::atomic<uint32_t> callerSleeps_{0};
  alignas(64) std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> threads_{1};
  std::atomic<bool> pinned_{false};
  Job job_;
  std::unique_ptr<Part[]> parts_;
  std::vector<std::thread> workers_;
};

} // namespace einfall::rt
#endif
