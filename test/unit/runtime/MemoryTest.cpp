//===- MemoryTest.cpp - Where pages lie and when they come ----------------===//
#include "core/Memory.h"
#include "TestPackage.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace einfall::rt;

namespace {

constexpr uint64_t kHugePage = 2u << 20;

uint64_t pageSize() { return uint64_t(sysconf(_SC_PAGESIZE)); }

size_t residentPages(const PageMemory &memory) {
  std::vector<unsigned char> pages((memory.size() + pageSize() - 1) / pageSize());
  EXPECT_EQ(mincore(memory.data(), memory.size(), pages.data()), 0);
  size_t count = 0;
  for (unsigned char page : pages)
    count += page & 1;
  return count;
}

/// KiB of huge pages in the mapping that holds `data`.
uint64_t hugeKilobytes(const void *data) {
  std::ifstream maps("/proc/self/smaps");
  const auto at = reinterpret_cast<uintptr_t>(data);
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long begin = 0, end = 0, value = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx", &begin, &end) == 2 && line[0] != 'A')
      inside = begin <= at && at < end;
    else if (inside && std::sscanf(line.c_str(), "AnonHugePages: %llu", &value) == 1)
      return value;
  }
  return 0;
}

} // namespace

TEST(Memory, LargeBlocksBeginAtAHugePage) {
  for (uint64_t bytes : {kHugePage, kHugePage + 1, 3 * kHugePage - 4096, 7 * kHugePage + 12345}) {
    auto memory = PageMemory::allocate(bytes, "a test");
    ASSERT_TRUE(memory);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % kHugePage, 0u) << bytes;
    EXPECT_EQ(memory->size(), bytes);
    // First and last byte are there and zero; what was trimmed is not part of it.
    for (uint64_t i : {uint64_t(0), bytes - 1}) {
      EXPECT_EQ(memory->data()[i], std::byte(0));
      memory->data()[i] = std::byte(1);
    }
  }
}

TEST(Memory, TrimmedPartsGoBack) {
  // A block whose ends were kept would grow the process by a huge page each.
  auto mapped = [] {
    std::ifstream file("/proc/self/statm");
    uint64_t pages = 0;
    file >> pages;
    return pages * pageSize();
  };
  const uint64_t before = mapped();
  std::vector<PageMemory> blocks;
  for (int i = 0; i < 64; ++i) {
    auto memory = PageMemory::allocate(kHugePage + pageSize(), "a test");
    ASSERT_TRUE(memory);
    blocks.push_back(std::move(*memory));
  }
  EXPECT_LT(mapped() - before, 64 * (kHugePage + pageSize()) + 8 * kHugePage);
  blocks.clear();
  EXPECT_LT(mapped(), before + 8 * kHugePage);
}

TEST(Memory, PagesComeWhenTheyAreTouched) {
  auto memory = PageMemory::allocate(16 * kHugePage, "a test");
  ASSERT_TRUE(memory);
  EXPECT_EQ(residentPages(*memory), 0u);
  memory->data()[5 * kHugePage] = std::byte(1);
  size_t touched = residentPages(*memory);
  EXPECT_GE(touched, 1u);
  EXPECT_LE(touched, kHugePage / pageSize());
  memory->clear();
  EXPECT_EQ(residentPages(*memory), 0u);
  EXPECT_EQ(memory->data()[5 * kHugePage], std::byte(0));
}

TEST(Memory, HugePagesWhereTheSystemHasThem) {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string modes;
  std::getline(file, modes);
  if (modes.find("[madvise]") == std::string::npos && modes.find("[always]") == std::string::npos)
    GTEST_SKIP() << "NOT RUN: the system has no huge pages (" << modes << ")";
  auto memory = PageMemory::allocate(8 * kHugePage, "a test");
  ASSERT_TRUE(memory);
  std::memset(memory->data(), 1, memory->size());
  // A system short of memory may refuse some.
  if (hugeKilobytes(memory->data()) == 0)
    GTEST_SKIP() << "NOT RUN: the system had no free huge page";
  EXPECT_GE(hugeKilobytes(memory->data()), kHugePage >> 10);
}

TEST(Memory, TooMuchIsRefused) {
  for (uint64_t bytes : {uint64_t(1) << 47, UINT64_MAX, UINT64_MAX - kHugePage}) {
    auto memory = PageMemory::allocate(bytes, "the arena");
    ASSERT_FALSE(memory);
    EXPECT_NE(memory.status().message().find("for the arena"), std::string::npos);
  }
}

TEST(Memory, LargeFilesBeginAtAHugePage) {
  for (uint64_t bytes : {uint64_t(1), kHugePage - 1, kHugePage, 2 * kHugePage + 12345}) {
    std::string text(bytes, 'a');
    text.back() = 'z';
    std::string path = einfall::test::temporaryPath("mapped");
    einfall::test::writeFile(path, text);
    std::vector<MappedFile> files;
    for (int i = 0; i < 3; ++i) {
      auto file = MappedFile::open(path);
      ASSERT_TRUE(file);
      ASSERT_EQ(file->bytes().size(), bytes);
      EXPECT_EQ(std::memcmp(file->bytes().data(), text.data(), bytes), 0);
      uintptr_t begin = reinterpret_cast<uintptr_t>(file->bytes().data());
      EXPECT_EQ(bytes < kHugePage ? 0 : begin % kHugePage, 0u);
      files.push_back(std::move(*file));
    }
  }
}
