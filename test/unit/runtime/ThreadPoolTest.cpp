#include "core/ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <random>

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
