//===- Protocol.h - Who fills slots, and who may read them ------*- C++ -*-===//
//
// A protocol is what agents (warps) do to slots of shared memory, step by step: copies that arrive
// some time later, groups of them, barriers of all agents, and barriers with a parity that
// arrivals count at (mbarrier). `explore` goes through every interleaving of the agents, each
// copy arriving at any time between its begin and what waits for it, and returns the first
// fault: an agent that waits for ever, a read of what is not there yet, or of
// what has been overwritten. A state is where each agent stands and what has landed in each agent's
// part of each slot; states that come again are not explored again, so what is returned is about
// all executions, not about some.
//
// What it leaves out: memory orders weaker than the barriers', and addresses within a slot.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_PROTOCOL_PROTOCOL_H
#define EINFALL_LIB_PROTOCOL_PROTOCOL_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace einfall::protocol {

enum class Kind : uint8_t {
  copy,    ///< begins to bring the agent's part of `item` to slot `place`
  write,   ///< the same, there at once
  read,    ///< all parts of `item` from slot `place`
  commit,  ///< ends a group of copies
  wait,    ///< until all but the last `item` groups of the agent have arrived
  barrier, ///< until all agents that pass barrier `place` are there
  arrive,  ///< at counter `place`
  await,   ///< until the phase of parity `item` of counter `place` is over
};

/// Where a copy belongs to its agent's group.
inline constexpr int kGroup = -1;

struct Step {
  Kind kind;
  int place = 0, item = 0;
  int signal = kGroup; ///< of a copy: the counter where it arrives, instead of its group
};

struct Protocol {
  std::vector<std::vector<Step>> agents;
  std::vector<int> counters; ///< arrivals that end a phase, of each counter
};

enum class Fault : uint8_t { deadlock, readBeforeArrival, overwrite };

struct Verdict {
  std::optional<Fault> fault;
  size_t agent = 0, step = 0; ///< where: one of those that wait, or the one that reads or copies
  std::string text;           ///< what happened, in words
  size_t states = 0;
  bool isComplete = true; ///< false: there are more states than were to be explored
};

/// When copies of groups arrive: at any time up to the wait for them, or as late as that. A copy
/// on its way is a fault wherever one that has arrived is one, and nobody but the wait
/// depends on it: so the faults are the same, and the states fewer.
enum class Arrivals : uint8_t { any, late };

Verdict explore(const Protocol &protocol, size_t mostStates = size_t(1) << 20,
                Arrivals arrivals = Arrivals::any);

//===----------------------------------------------------------------------===//
// Rings
//===----------------------------------------------------------------------===//

/// As `tile.aref.create` says it.
struct Ring {
  int depth = 1, ahead = 0, lag = 0;
};

/// `items` items by groups of copies and one barrier, all of `warps` alike (tile-lower-aref).
Protocol byGroups(Ring ring, int items, int warps);
/// `items` items from one producer to `consumers` by two counters a slot, empty and full.
Protocol byCounters(Ring ring, int items, int consumers);

} // namespace einfall::protocol

#endif
