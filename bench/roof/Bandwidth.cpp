//===- Bandwidth.cpp - Reading, writing and copying a working set ---------===//
//
// The buffer is cut into a part for each thread and each part into streams that
// advance together. A vector is 64 bytes, one line, whatever the registers are.
//
//===----------------------------------------------------------------------===//
#include "Roof.h"

#include <cstring>
#include <sys/mman.h>

namespace einfall::roof {
namespace {

using Line = int64_t __attribute__((vector_size(64)));
constexpr uint64_t kLine = sizeof(Line);
constexpr uint64_t kHugePage = 2u << 20;

#if defined(__x86_64__)
#define EINFALL_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EINFALL_CLONES
#endif

/// What one thread does: `streams` runs of `lines` lines, `stride` apart.
struct Part {
  char *from, *to;
  uint64_t lines, stride;
};

Part partOf(char *data, uint64_t bytes, unsigned thread, unsigned threads, unsigned streams) {
  uint64_t lines = bytes / kLine / threads / streams;
  char *begin = data + uint64_t(thread) * lines * streams * kLine;
  return {begin, begin, lines, lines * kLine};
}

/// Every stream of the part, `Streams` lines a step; a line ahead is prefetched
/// where `ahead` is not 0.
template <int Streams> inline __attribute__((always_inline)) void readPart(Part part, long ahead) {
  Line sum[Streams] = {};
  for (uint64_t i = 0; i < part.lines; ++i) {
    const char *at = part.from + i * kLine;
#pragma clang loop unroll(full)
    for (int s = 0; s < Streams; ++s) {
      if (ahead)
        __builtin_prefetch(at + s * part.stride + ahead);
      sum[s] ^= *reinterpret_cast<const Line *>(at + s * part.stride);
    }
  }
  for (Line &line : sum) {
    int64_t one = line[0] ^ line[3] ^ line[7];
    asm volatile("" ::"r"(one));
  }
}

template <int Streams, bool Stream>
inline __attribute__((always_inline)) void writePart(Part part) {
  Line value = {};
  for (uint64_t i = 0; i < part.lines; ++i)
#pragma clang loop unroll(full)
    for (int s = 0; s < Streams; ++s) {
      Line *to = reinterpret_cast<Line *>(part.to + i * kLine + s * part.stride);
      if constexpr (Stream)
        __builtin_nontemporal_store(value, to);
      else
        *to = value;
    }
}

template <int Streams, bool Stream> inline __attribute__((always_inline)) void copyPart(Part part) {
  for (uint64_t i = 0; i < part.lines; ++i)
#pragma clang loop unroll(full)
    for (int s = 0; s < Streams; ++s) {
      uint64_t at = i * kLine + s * part.stride;
      Line value = *reinterpret_cast<const Line *>(part.from + at);
      Line *to = reinterpret_cast<Line *>(part.to + at);
      if constexpr (Stream)
        __builtin_nontemporal_store(value, to);
      else
        *to = value;
    }
}

EINFALL_CLONES void read1(Part part, long ahead) { readPart<1>(part, ahead); }
EINFALL_CLONES void read2(Part part, long ahead) { readPart<2>(part, ahead); }
EINFALL_CLONES void read4(Part part, long ahead) { readPart<4>(part, ahead); }
EINFALL_CLONES void read8(Part part, long ahead) { readPart<8>(part, ahead); }
EINFALL_CLONES void write1(Part part) { writePart<1, false>(part); }
EINFALL_CLONES void write4(Part part) { writePart<4, false>(part); }
EINFALL_CLONES void writeStream1(Part part) { writePart<1, true>(part); }
EINFALL_CLONES void writeStream4(Part part) { writePart<4, true>(part); }
EINFALL_CLONES void copy1(Part part) { copyPart<1, false>(part); }
EINFALL_CLONES void copy4(Part part) { copyPart<4, false>(part); }
EINFALL_CLONES void copyStream1(Part part) { copyPart<1, true>(part); }
EINFALL_CLONES void copyStream4(Part part) { copyPart<4, true>(part); }

std::string describe(std::string_view kind, int streams, std::string_view pages) {
  std::string text(kind);
  return text + ", " + std::to_string(streams) + (streams == 1 ? " stream, " : " streams, ") +
         std::string(pages);
}

struct StoreLoop {
  const char *kind;
  int streams;
  void (*run)(Part);
};

} // namespace

Buffer::Buffer(uint64_t bytes, bool huge) : size_((bytes + kHugePage - 1) / kHugePage * kHugePage) {
  void *data =
      mmap(nullptr, size_ + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return;
  // The part before the first huge page and the rest behind the last go back.
  char *begin = static_cast<char *>(data);
  uint64_t skip = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (skip)
    munmap(begin, skip);
  if (skip != kHugePage)
    munmap(begin + skip + size_, kHugePage - skip);
  data_ = begin + skip;
#ifdef MADV_HUGEPAGE
  madvise(data_, size_, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  std::memset(data_, 1, size_);
  size_ = bytes;
}

Buffer::~Buffer() {
  if (data_)
    munmap(data_, (size_ + kHugePage - 1) / kHugePage * kHugePage);
}

std::vector<Loop> readLoops(Buffer &buffer, std::string_view pages) {
  std::vector<Loop> loops;
  const std::pair<int, void (*)(Part, long)> kinds[] = {
      {1, read1}, {2, read2}, {4, read4}, {8, read8}};
  for (auto [streams, function] : kinds)
    for (long ahead : {0, 512, 2048, 8192}) {
      std::string kind = ahead ? "prefetch " + std::to_string(ahead) : "no prefetch";
      loops.push_back({describe(kind, streams, pages), double(buffer.size()),
                       [&buffer, function = function, streams = streams,
                        ahead](unsigned thread, unsigned threads, uint64_t passes) {
                         Part part = partOf(buffer.data(), buffer.size(), thread, threads, streams);
                         for (uint64_t pass = 0; pass < passes; ++pass)
                           function(part, ahead);
                       }});
    }
  return loops;
}

std::vector<Loop> writeLoops(Buffer &buffer, std::string_view pages) {
  std::vector<Loop> loops;
  for (StoreLoop kind : {StoreLoop{"stores", 1, write1}, StoreLoop{"stores", 4, write4},
                         StoreLoop{"streaming stores", 1, writeStream1},
                         StoreLoop{"streaming stores", 4, writeStream4}})
    loops.push_back({describe(kind.kind, kind.streams, pages), double(buffer.size()),
                     [&buffer, kind](unsigned thread, unsigned threads, uint64_t passes) {
                       Part part =
                           partOf(buffer.data(), buffer.size(), thread, threads, kind.streams);
                       for (uint64_t pass = 0; pass < passes; ++pass)
                         kind.run(part);
                     }});
  return loops;
}

std::vector<Loop> copyLoops(Buffer &buffer, std::string_view pages) {
  std::vector<Loop> loops;
  for (StoreLoop kind : {StoreLoop{"stores", 1, copy1}, StoreLoop{"stores", 4, copy4},
                         StoreLoop{"streaming stores", 1, copyStream1},
                         StoreLoop{"streaming stores", 4, copyStream4}})
    loops.push_back({describe(kind.kind, kind.streams, pages), double(buffer.size()),
                     [&buffer, kind](unsigned thread, unsigned threads, uint64_t passes) {
                       uint64_t half = buffer.size() / 2 / kLine * kLine;
                       Part part = partOf(buffer.data(), half, thread, threads, kind.streams);
                       part.to += half;
                       for (uint64_t pass = 0; pass < passes; ++pass)
                         kind.run(part);
                     }});
  return loops;
}

} // namespace einfall::roof
