//===- AllocationTest.cpp - A step that came before allocates nothing -----===//
#include "TestPackage.h"
#include "core/Generator.h"
#include "core/ThreadPool.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

// ThreadSanitizer has allocation functions of its own, which cannot be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EINFALL_NO_COUNT 1
#endif
#endif

using namespace einfall;
using namespace einfall::rt;

#ifndef EINFALL_NO_COUNT

namespace {

std::atomic<size_t> allocations{0};

void *counted(size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void *countedOrThrown(size_t bytes) {
  void *memory = counted(bytes);
  if (!memory)
    throw std::bad_alloc();
  return memory;
}

void nothing(const void *, int64_t, int64_t) {}

} // namespace

// Of all threads of this program.
void *operator new(size_t bytes) { return countedOrThrown(bytes); }
void *operator new[](size_t bytes) { return countedOrThrown(bytes); }
void *operator new(size_t bytes, const std::nothrow_t &) noexcept { return counted(bytes); }
void *operator new[](size_t bytes, const std::nothrow_t &) noexcept { return counted(bytes); }
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete[](void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
void operator delete[](void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete[](void *memory, size_t) noexcept { std::free(memory); }

TEST(Allocation, TheCountCounts) {
  size_t before = allocations.load();
  std::vector<int> memory(100);
  EXPECT_EQ(memory[99], 0);
  EXPECT_GT(allocations.load(), before);
}

TEST(Allocation, NoneInALaunch) {
  ThreadPool pool(3);
  pool.launch(nothing, nullptr, 64, 1);
  size_t before = allocations.load();
  for (int i = 0; i < 1000; ++i)
    pool.launch(nothing, nullptr, 1 + i % 70, 1 + i % 5);
  EXPECT_EQ(allocations.load(), before);
}

TEST(Allocation, NoneInACall) {
  Binding bounds[] = {{"b", 2}, {"s", 4}, {"t", 8}, {"c", 8}, {"n", 1000}};
  auto session = Session::open(test::openToy(), bounds);
  ASSERT_TRUE(session.ok()) << session.status().message();
  // From 64 bytes on, so that nothing is copied; `scale` is not the first entry.
  alignas(64) static float x[1000], y[1000];
  auto call = [&](int64_t n) {
    int64_t shape[] = {n};
    TensorView inputs[] = {{"x", x, DType::F32, shape}}, outputs[] = {{"y", y, DType::F32, shape}};
    return (*session)->run("scale", inputs, {}, outputs).ok();
  };
  ASSERT_TRUE(call(1000));
  size_t before = allocations.load();
  bool ok = true;
  for (int64_t n : {1000, 1, 17, 999, 0, 1000})
    ok &= call(n);
  EXPECT_EQ(allocations.load(), before);
  EXPECT_TRUE(ok);
}

TEST(Allocation, NoneInADecodeStep) {
  auto session = openLmSession(test::openToy(), 1, 80, 8);
  ASSERT_TRUE(session.ok()) << session.status().message();
  GenerateOptions options;
  options.maxNewTokens = 64;
  options.ignoreEos = true;
  std::vector<size_t> seen;
  seen.reserve(64);
  options.onToken = [&](int64_t, int64_t, int64_t) {
    seen.push_back(allocations.load());
    return true;
  };
  for (double temperature : {0.0, 0.8}) {
    options.temperature = temperature;
    seen.clear();
    TokenRows out;
    GenerateStats stats;
    Status status = generate(**session, {{1, 2, 3}}, options, out, stats);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(seen.size(), 64u);
    EXPECT_EQ(seen.back(), seen[4]) << "temperature " << temperature;
  }
}

#endif // EINFALL_NO_COUNT
