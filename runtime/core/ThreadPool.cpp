//===- ThreadPool.cpp - Deals the blocks of a launch to threads -----------===//
#include "ThreadPool.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <linux/futex.h>
#include <pthread.h>
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

/// The number that the first line of a file of sysfs begins with; -1 without one.
int readNumber(const std::string &path) {
  std::ifstream file(path);
  int value = -1;
  return file >> value ? value : -1;
}

/// The mask of a thread on a machine of any number of CPUs; empty if it is not told.
std::vector<int> allowedCpus() {
  for (int most = CPU_SETSIZE; most <= 1 << 16; most *= 2) {
    cpu_set_t *set = CPU_ALLOC(most);
    size_t size = CPU_ALLOC_SIZE(most);
    std::vector<int> cpus;
    bool told = set && sched_getaffinity(0, size, set) == 0;
    for (int cpu = 0; told && cpu < most; ++cpu)
      if (CPU_ISSET_S(cpu, size, set))
        cpus.push_back(cpu);
    CPU_FREE(set);
    if (told)
      return cpus;
  }
  return {};
}

/// True if the thread runs on that CPU only from now on.
bool bindTo(pthread_t thread, int cpu) {
  cpu_set_t *set = CPU_ALLOC(cpu + 1);
  if (!set)
    return false;
  size_t size = CPU_ALLOC_SIZE(cpu + 1);
  CPU_ZERO_S(size, set);
  CPU_SET_S(cpu, size, set);
  bool bound = pthread_setaffinity_np(thread, size, set) == 0;
  CPU_FREE(set);
  return bound;
}

unsigned defaultThreads() {
  if (const char *text = std::getenv("EINFALL_NUM_THREADS")) {
    char *end = nullptr;
    long value = std::strtol(text, &end, 10);
    if (end != text && *end == 0 && value >= 1)
      return unsigned(std::min(value, 256l));
  }
  if (std::vector<int> cpus = allowedCpus(); !cpus.empty())
    return unsigned(cpus.size());
  return std::max(std::thread::hardware_concurrency(), 1u);
}

bool isAskedToPin() {
  const char *text = std::getenv("EINFALL_PIN_THREADS");
  return text && std::strcmp(text, "1") == 0;
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
  static ThreadPool *pool = [] {
    ThreadPool *made = new ThreadPool(defaultThreads());
    if (isAskedToPin())
      made->pin(true);
    return made;
  }();
  return *pool;
}

std::vector<int> ThreadPool::places() {
  std::vector<int> first, siblings, cores;
  for (int cpu : allowedCpus()) {
    std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    // The list of a core's CPUs begins with the same number for all of them.
    int core = readNumber(folder + "thread_siblings_list");
    bool isNew = core < 0 || std::find(cores.begin(), cores.end(), core) == cores.end();
    if (isNew)
      cores.push_back(core);
    (isNew ? first : siblings).push_back(cpu);
  }
  first.insert(first.end(), siblings.begin(), siblings.end());
  return first;
}

const einf_services &ThreadPool::services() {
  static const einf_services table = {EINF_ABI_VERSION, 0, launchService, nullptr, nullptr};
  return table;
}

void ThreadPool::start(unsigned threads) {
  threads = std::clamp(threads, 1u, kMaxThreads);
  stopping_.store(false);
  uint32_t seen = epoch_.load();
  std::vector<int> cpus = pinned() ? places() : std::vector<int>();
  for (unsigned i = 1; i < threads; ++i) {
    workers_.emplace_back([this, i, seen] { work(i, seen); });
    // Where the system refuses, the worker goes on unbound.
    if (i < cpus.size())
      (void)bindTo(workers_.back().native_handle(), cpus[i]);
  }
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

void ThreadPool::restart(unsigned threads, bool pinned) {
  stop();
  pinned_.store(pinned);
  start(threads);
  busy_.store(false, kRelease);
}

void ThreadPool::resize(unsigned threads) {
  while (busy_.exchange(true, kAcquire))
    sched_yield();
  restart(threads, pinned());
}

void ThreadPool::pin(bool pinned) {
  while (busy_.exchange(true, kAcquire))
    sched_yield();
  restart(threads(), pinned);
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
