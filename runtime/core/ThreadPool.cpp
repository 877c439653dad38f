//===- ThreadPool.cpp - Deals the blocks of a launch to threads -----------===//
#include "ThreadPool.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace einfall::rt {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

/// About 40 us of pauses, then the thread sleeps.
constexpr int kSpins = 1500;
constexpr int64_t kChunksAPart = 4;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void futexWait(std::atomic<uint32_t> &word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void futexWake(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

unsigned defaultThreads() {
  if (const char *text = std::getenv("EINFALL_NUM_THREADS")) {
    char *end = nullptr;
    long value = std::strtol(text, &end, 10);
    if (end != text && *end == 0 && value >= 1)
      return unsigned(std::min(value, 256l));
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return unsigned(std::max(CPU_COUNT(&set), 1));
  return std::max(std::thread::hardware_concurrency(), 1u);
}

void launchService(void *pool, einf_kernel_fn kernel, const void *frame, int64_t blocks,
                   int64_t grain) {
  static_cast<ThreadPool *>(pool)->launch(kernel, frame, blocks, grain);
}

} // namespace

ThreadPool::ThreadPool(unsigned threads) : parts_(std::make_unique<Part[]>(kMaxThreads)) {
  start(threads);
}

ThreadPool::~ThreadPool() { stop(); }

ThreadPool &ThreadPool::process() {
  // Never destroyed: sessions may run in static destructors.
  static ThreadPool *pool = new ThreadPool(defaultThreads());
  return *pool;
}

const einf_services &ThreadPool::services() {
  static const einf_services table = {EINF_ABI_VERSION, 0, launchService, nullptr, nullptr};
  return table;
}

void ThreadPool::start(unsigned threads) {
  threads = std::clamp(threads, 1u, kMaxThreads);
  stopping_.store(false);
  uint32_t seen = epoch_.load();
  for (unsigned i = 1; i < threads; ++i)
    workers_.emplace_back([this, i, seen] { work(i, seen); });
  threads_.store(threads);
}

void ThreadPool::stop() {
  stopping_.store(true);
  epoch_.fetch_add(1);
  futexWake(epoch_);
  for (std::thread &worker : workers_)
    worker.join();
  workers_.clear();
}

void ThreadPool::resize(unsigned threads) {
  while (busy_.exchange(true, kAcquire))
    sched_yield();
  stop();
  start(threads);
  busy_.store(false, kRelease);
}

uint32_t ThreadPool::waitForEpoch(uint32_t seen) {
  for (int i = 0; i < kSpins; ++i) {
    uint32_t now = epoch_.load(kAcquire);
    if (now != seen)
      return now;
    pause();
  }
  // The caller bumps the epoch before it reads sleepers_, and this thread
  // counts itself before the futex rereads the epoch: one sees the other.
  sleepers_.fetch_add(1);
  uint32_t now;
  while ((now = epoch_.load()) == seen)
    futexWait(epoch_, seen);
  sleepers_.fetch_sub(1);
  return now;
}

void ThreadPool::work(unsigned self, uint32_t seen) {
  while (true) {
    seen = waitForEpoch(seen);
    if (stopping_.load(kAcquire))
      return;
    take(self, seen);
  }
}

void ThreadPool::takePart(unsigned part, uint32_t epoch) {
  // Fields first, then the cursor: if a chunk of this epoch could be taken,
  // the job was not over and the fields are its own. How many are left stands
  // in the cursor itself: the fields may already be those of the next job
  // while the cursor still shows this epoch. Acquire and release on the
  // fields keep the two in this order.
  einf_kernel_fn kernel = job_.kernel.load(kAcquire);
  const void *frame = job_.frame.load(kAcquire);
  int64_t blocks = job_.blocks.load(kAcquire);
  int64_t chunk = job_.chunk.load(kAcquire);
  int64_t parts = job_.parts.load(kAcquire);
  uint32_t chunks = job_.chunks.load(kAcquire);
  if (part >= parts)
    return;
  int64_t each = blocks / parts, more = blocks % parts;
  int64_t first = part * each + std::min<int64_t>(part, more);
  int64_t end = first + each + (part < more ? 1 : 0);
  std::atomic<uint64_t> &cursor = parts_[part].cursor;
  uint64_t at = cursor.load(kAcquire);
  while (uint32_t(at >> 32) == epoch && uint32_t(at) != 0) {
    if (!cursor.compare_exchange_weak(at, at - 1, std::memory_order_acq_rel, kAcquire))
      continue;
    int64_t begin = first + int64_t(chunks - uint32_t(at)) * chunk;
    if (begin < end)
      kernel(frame, begin, std::min(begin + chunk, end));
    if (remaining_.fetch_sub(1) == 1 && callerSleeps_.load() != 0)
      futexWake(remaining_);
    at = cursor.load(kAcquire);
  }
}

void ThreadPool::take(unsigned self, uint32_t epoch) {
  unsigned parts = job_.parts.load(kAcquire);
  for (unsigned i = 0; i < parts; ++i)
    takePart((self + i) % parts, epoch);
}

void ThreadPool::awaitRest() {
  for (int i = 0; i < kSpins; ++i) {
    if (remaining_.load(kAcquire) == 0)
      return;
    pause();
  }
  callerSleeps_.store(1);
  while (uint32_t left = remaining_.load())
    futexWait(remaining_, left);
  callerSleeps_.store(0);
}

void ThreadPool::launch(einf_kernel_fn kernel, const void *frame, int64_t blocks, int64_t grain) {
  if (blocks <= 0)
    return;
  grain = std::max<int64_t>(grain, 1);
  unsigned threads = threads_.load(kRelaxed);
  if (threads == 1 || blocks <= grain || busy_.load(kRelaxed) || busy_.exchange(true, kAcquire))
    return kernel(frame, 0, blocks);

  int64_t parts = std::min<int64_t>(threads_.load(kRelaxed), (blocks - 1) / grain + 1);
  int64_t largest = (blocks - 1) / parts + 1;
  int64_t chunk = std::max(std::min(grain, largest), (largest - 1) / kChunksAPart + 1);
  int64_t chunks = (largest - 1) / chunk + 1;
  uint32_t epoch = epoch_.load(kRelaxed) + 1;
  job_.kernel.store(kernel, kRelease);
  job_.frame.store(frame, kRelease);
  job_.blocks.store(blocks, kRelease);
  job_.chunk.store(chunk, kRelease);
  job_.parts.store(uint32_t(parts), kRelease);
  job_.chunks.store(uint32_t(chunks), kRelease);
  remaining_.store(uint32_t(parts * chunks), kRelaxed);
  for (int64_t i = 0; i < parts; ++i)
    parts_[i].cursor.store(uint64_t(epoch) << 32 | uint64_t(chunks), kRelease);
  epoch_.store(epoch);
  if (sleepers_.load() != 0)
    futexWake(epoch_);
  take(0, epoch);
  awaitRest();
  busy_.store(false, kRelease);
}

} // namespace einfall::rt
