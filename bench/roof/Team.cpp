//===- Team.cpp - Runs a loop on several threads and times it -------------===//
#include "Roof.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace einfall::roof {
namespace {

using Clock = std::chrono::steady_clock;

/// Seconds for `passes` passes, from a common start to the last thread's end.
double timed(const Loop &loop, unsigned threads, uint64_t passes) {
  std::atomic<unsigned> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> team;
  for (unsigned t = 1; t < threads; ++t)
    team.emplace_back([&, t] {
      ++ready;
      while (!go.load(std::memory_order_acquire)) {
      }
      loop.run(t, threads, passes);
    });
  while (ready.load() != threads - 1)
    std::this_thread::yield();
  auto begin = Clock::now();
  go.store(true, std::memory_order_release);
  loop.run(0, threads, passes);
  for (std::thread &thread : team)
    thread.join();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

} // namespace

double measure(const Loop &loop, unsigned threads, double seconds, unsigned rounds) {
  uint64_t passes = 1;
  double time = timed(loop, threads, passes);
  while (time < seconds / 4) {
    passes *= time < seconds / 64 ? 8 : 2;
    time = timed(loop, threads, passes);
  }
  passes = std::max<uint64_t>(1, uint64_t(double(passes) * seconds / time));
  double rate = 0;
  for (unsigned i = 0; i < rounds; ++i)
    rate = std::max(rate, loop.work * double(passes) / timed(loop, threads, passes));
  return rate;
}

Limit best(std::string name, const char *unit, const std::vector<Loop> &loops, unsigned threads,
           double seconds) {
  Limit limit{std::move(name), unit, 0, ""};
  for (const Loop &loop : loops) {
    double value = measure(loop, threads, seconds, 3) / 1e9;
    if (value > limit.value) {
      limit.value = value;
      limit.loop = loop.name;
    }
  }
  return limit;
}

} // namespace einfall::roof
