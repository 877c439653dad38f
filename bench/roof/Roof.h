//===- Roof.h - What a machine can do at best -----------------------------===//
//
// A limit is the best of several loops, because no single loop is best on all
// machines: more accumulators hide latency, fewer avoid spills; some cores want
// many streams, some want prefetches. Each loop keeps its result alive through
// an empty asm statement, so nothing is folded away.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_BENCH_ROOF_H
#define EINFALL_BENCH_ROOF_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace einfall::roof {

/// One way to reach a limit: `run(thread, threads, passes)` does the work of
/// one thread; a pass of all threads together is `work` units.
struct Loop {
  std::string name;
  double work = 0;
  std::function<void(unsigned thread, unsigned threads, uint64_t passes)> run;
};

struct Limit {
  std::string name; ///< "f32_fma", "read", …
  const char *unit; ///< "GFLOP/s", "GOP/s", "GB/s"
  double value = 0; ///< the best, in units of 1e9 a second
  std::string loop; ///< which loop that was
};

/// Runs `loop` on `threads` threads, long enough to be measured, `rounds`
/// times; the best rate in work units a second.
double measure(const Loop &loop, unsigned threads, double seconds, unsigned rounds);

/// The best of `loops`.
Limit best(std::string name, const char *unit, const std::vector<Loop> &loops, unsigned threads,
           double seconds);

// Loops for each limit; none where this CPU lacks the instructions.
std::vector<Loop> fmaF32(unsigned threads);
std::vector<Loop> dotBf16(unsigned threads);
std::vector<Loop> dotInt8(unsigned threads);
std::vector<Loop> amxBf16(unsigned threads);
std::vector<Loop> amxInt8(unsigned threads);

/// Memory of a working set, for all loops of one kind.
class Buffer {
public:
  /// `huge`: ask for huge pages, else refuse them. Null data if there is no memory.
  Buffer(uint64_t bytes, bool huge);
  ~Buffer();
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  char *data() const { return data_; }
  uint64_t size() const { return size_; }

private:
  char *data_ = nullptr;
  uint64_t size_;
};

/// Loops over a buffer that lives as long as they do.
std::vector<Loop> readLoops(Buffer &buffer, std::string_view pages);
std::vector<Loop> writeLoops(Buffer &buffer, std::string_view pages);
/// Reads one half and writes the other; work counts both.
std::vector<Loop> copyLoops(Buffer &buffer, std::string_view pages);

/// A limit of memory by name, and its loops.
struct BandwidthLimit {
  const char *name;
  std::vector<Loop> (*loops)(Buffer &, std::string_view pages);
};

/// Chooses the loop that reaches most and says so, then answers each line of the standard input,
/// the seconds to measure for, with the rate that it has now. False if there is no memory.
bool serve(const BandwidthLimit &limit, uint64_t bytes, unsigned threads, double seconds);

} // namespace einfall::roof
#endif
