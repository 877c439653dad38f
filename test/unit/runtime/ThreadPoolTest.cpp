#include "core/ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <random>
#include <sched.h>
#include <set>

using namespace einfall::rt;

namespace {

struct Counts {
  std::vector<std::atomic<int>> hits;
  explicit Counts(size_t n) : hits(n) {}
};

void count(const void *frame, int64_t begin, int64_t end) {
  const auto *counts = *static_cast<Counts *const *>(frame);
  for (int64_t i = begin; i < end; ++i)
    const_cast<Counts *>(counts)->hits[size_t(i)].fetch_add(1, std::memory_order_relaxed);
}

void nothing(const void *, int64_t, int64_t) {}

void hammer(ThreadPool &pool, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    int64_t blocks = random() % 70, grain = 1 + random() % 9;
    Counts counts(static_cast<size_t>(blocks));
    Counts *frame = &counts;
    pool.launch(count, &frame, blocks, grain);
    for (auto &hit : counts.hits)
      ASSERT_EQ(hit.load(std::memory_order_relaxed), 1);
    if (random() % 500 == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

} // namespace

TEST(ThreadPool, EveryBlockOnce) {
  for (unsigned threads : {1u, 2u, 3u, 5u}) {
    ThreadPool pool(threads);
    hammer(pool, threads, 5000);
  }
}

TEST(ThreadPool, ConcurrentCallers) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < 3; ++i)
    callers.emplace_back([&, i] { hammer(pool, i, 3000); });
  for (int i = 0; i < 5; ++i)
    pool.resize(1 + unsigned(i) % 4);
  for (std::thread &caller : callers)
    caller.join();
}

namespace {

/// The CPUs that each thread of a launch may run on.
struct Masks {
  std::mutex mutex;
  std::map<std::thread::id, std::set<int>> seen;
};

std::set<int> maskOfThisThread() {
  cpu_set_t set;
  std::set<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set))
        cpus.insert(cpu);
  return cpus;
}

void noteMask(const void *frame, int64_t, int64_t) {
  auto *masks = *static_cast<Masks *const *>(frame);
  {
    std::lock_guard lock(masks->mutex);
    masks->seen[std::this_thread::get_id()] = maskOfThisThread();
  }
  std::this_thread::sleep_for(std::chrono::microseconds(50)); // leaves blocks for the others
}

/// Launches until every thread of the pool has computed something.
std::map<std::thread::id, std::set<int>> masksOf(ThreadPool &pool) {
  Masks masks;
  Masks *frame = &masks;
  for (int round = 0; round < 5000 && masks.seen.size() < pool.threads(); ++round)
    pool.launch(noteMask, &frame, 64, 1);
  return masks.seen;
}

} // namespace

TEST(ThreadPool, PlacesAreTheCpusOfTheMask) {
  std::vector<int> places = ThreadPool::places();
  EXPECT_EQ(std::set<int>(places.begin(), places.end()), maskOfThisThread());
  EXPECT_EQ(places.size(), maskOfThisThread().size());
}

TEST(ThreadPool, PinnedWorkersHaveACpuEach) {
  const std::vector<int> places = ThreadPool::places();
  const std::set<int> all = maskOfThisThread();
  // One more than there are CPUs: that one is not bound.
  ThreadPool pool(unsigned(places.size()) + 1);
  EXPECT_FALSE(pool.pinned());
  pool.pin(true);
  EXPECT_TRUE(pool.pinned());
  auto seen = masksOf(pool);
  ASSERT_EQ(seen.size(), pool.threads());
  std::set<int> bound;
  size_t unbound = 0;
  for (auto &[id, mask] : seen) {
    if (id == std::this_thread::get_id())
      EXPECT_EQ(mask, all) << "the caller is left alone";
    else if (mask.size() == 1 && all.size() > 1)
      EXPECT_TRUE(bound.insert(*mask.begin()).second) << "two workers on one CPU";
    else
      ++unbound;
  }
  EXPECT_EQ(bound.size(), places.size() - 1);
  EXPECT_EQ(unbound, 1u);
  EXPECT_EQ(bound.count(places[0]), 0u) << "the first CPU is the caller's";

  // A new number of threads is bound, too; at the end all are free again.
  pool.resize(unsigned(places.size()));
  EXPECT_TRUE(pool.pinned());
  if (all.size() > 1)
    for (auto &[id, mask] : masksOf(pool))
      EXPECT_EQ(mask.size(), id == std::this_thread::get_id() ? all.size() : 1u);
  pool.pin(false);
  for (auto &[id, mask] : masksOf(pool))
    EXPECT_EQ(mask, all);
}

TEST(ThreadPool, PinningBesideCallers) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < 3; ++i)
    callers.emplace_back([&, i] { hammer(pool, i, 2000); });
  for (int i = 0; i < 6; ++i)
    pool.pin(i % 2 == 0);
  for (std::thread &caller : callers)
    caller.join();
}

TEST(ThreadPool, LaunchLatency) {
  ThreadPool pool(2);
  constexpr int kRounds = 20000;
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i)
    pool.launch(nothing, nullptr, 64, 1);
  std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
  RecordProperty("microseconds_per_launch", std::to_string(time.count() / kRounds));
  std::printf("%.2f us a launch\n", time.count() / kRounds);
}
