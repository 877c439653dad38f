//===- Arena.h - Places temporaries in one block of memory ----------------===//
//
// A pure function, so that it can be tested on its own: the buffers of an
// entry with their sizes and lifetimes in, offsets out.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_ARENA_H
#define EINFALL_CORE_ARENA_H

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace einfall::rt {

/// A buffer that is alive from launch `first` to launch `last`, inclusive.
struct ArenaRequest {
  uint64_t bytes = 0;
  uint32_t first = 0, last = 0;
};

struct ArenaPlan {
  std::vector<uint64_t> offsets; ///< one a request, multiples of 64
  uint64_t bytes = 0;            ///< size of the arena
};

/// Greedy best fit, largest buffer first: each goes into the smallest gap
/// between the placed buffers that are alive with it. No two buffers that are
/// alive together overlap. Nothing if the sizes overflow.
std::optional<ArenaPlan> planArena(std::span<const ArenaRequest> requests);

} // namespace einfall::rt
#endif
