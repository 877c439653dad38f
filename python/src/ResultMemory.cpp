//===- ResultMemory.cpp - Main memory of results --------------------------===//
#include "ResultMemory.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace einfall::python {
namespace {

/// Smaller results would waste much of such pages, and the allocator keeps them by itself.
constexpr uint64_t kHugePage = 2u << 20, kLarge = 2 * kHugePage;
constexpr uint64_t kMostKept = 256u << 20;

uint64_t roundUp(uint64_t bytes, uint64_t to) { return (bytes + to - 1) / to * to; }

void *allocate(uint64_t bytes) {
  const bool isLarge = bytes >= kLarge;
  void *data =
      std::aligned_alloc(isLarge ? kHugePage : 64, roundUp(std::max<uint64_t>(bytes, 1), 64));
  if (!data)
    throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // A wish. Of what is new, the system hands out one page where it were 512; the rest behind
  // the last whole one stays as it is.
  if (isLarge)
    (void)madvise(data, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  return data;
}

/// Large blocks that nobody uses, oldest first.
class Kept {
public:
  /// A block of at least `bytes`, and a quarter more at most; null if there is none. `capacity` is
  /// what it has.
  void *take(uint64_t bytes, uint64_t &capacity) {
    std::lock_guard lock(mutex);
    auto best = blocks.end();
    for (auto it = blocks.begin(); it != blocks.end(); ++it)
      if (it->bytes >= bytes && it->bytes - bytes <= bytes / 4 &&
          (best == blocks.end() || it->bytes <= best->bytes))
        best = it;
    if (best == blocks.end())
      return nullptr;
    void *data = best->data;
    capacity = best->bytes;
    total -= capacity;
    blocks.erase(best);
    return data;
  }

  void give(void *data, uint64_t bytes) {
    if (bytes > kMostKept)
      return std::free(data);
    std::vector<Block> dropped;
    {
      std::lock_guard lock(mutex);
      blocks.push_back({data, bytes});
      total += bytes;
      while (total > kMostKept) {
        dropped.push_back(blocks.front());
        total -= blocks.front().bytes;
        blocks.erase(blocks.begin());
      }
    }
    for (const Block &block : dropped)
      std::free(block.data);
  }

private:
  struct Block {
    void *data;
    uint64_t bytes;
  };
  std::mutex mutex;
  std::vector<Block> blocks;
  uint64_t total = 0;
};

/// Never destroyed: results may outlive everything.
Kept &kept() {
  static Kept *const all = new Kept;
  return *all;
}

} // namespace

std::shared_ptr<void> allocateResult(uint64_t bytes) {
  if (bytes < kLarge)
    return std::shared_ptr<void>(allocate(bytes), std::free);
  uint64_t capacity = bytes;
  void *data = kept().take(bytes, capacity);
  if (!data)
    data = allocate(bytes);
  return std::shared_ptr<void>(data, [capacity](void *block) { kept().give(block, capacity); });
}

} // namespace einfall::python
