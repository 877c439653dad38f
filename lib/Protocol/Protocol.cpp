//===- Protocol.cpp - Every interleaving of agents ------------------------===//
#include "lib/Protocol/Protocol.h"
#include <algorithm>
#include <deque>
#include <set>
#include <unordered_set>

namespace einfall::protocol {
namespace {

constexpr int16_t kNothing = -1;
constexpr int16_t kNoGroup = INT16_MAX; // a copy that arrives at a counter

/// An agent's part of a slot.
struct Part {
  int16_t landed = kNothing, flying = kNothing;
  int16_t group = 0, signal = kGroup; // of what is flying
};

struct Counter {
  int16_t pending = 0, parity = 0;
};

struct State {
  std::vector<int16_t> at; // the next step of each agent
  std::vector<Part> parts; // of slot 0: of each agent; of slot 1: ..
  std::vector<Counter> counters;

  std::string key() const {
    std::string key;
    auto add = [&](const auto &list) {
      key.append(reinterpret_cast<const char *>(list.data()), list.size() * sizeof(list[0]));
    };
    add(at);
    add(parts);
    add(counters);
    return key;
  }
};

class Explorer {
public:
  Explorer(const Protocol &protocol, Arrivals arrivals)
      : protocol(protocol), numAgents(protocol.agents.size()), isLate(arrivals == Arrivals::late) {
    int numPlaces = 0, numBarriers = 0;
    for (const auto &steps : protocol.agents)
      for (const Step &step : steps) {
        if (fills(step) || step.kind == Kind::read)
          numPlaces = std::max(numPlaces, step.place + 1);
        if (step.kind == Kind::barrier)
          numBarriers = std::max(numBarriers, step.place + 1);
      }
    fillers.resize(numPlaces);
    members.resize(numBarriers);
    for (size_t agent = 0; agent < numAgents; ++agent) {
      commits.emplace_back(1, 0);
      for (const Step &step : protocol.agents[agent]) {
        if (fills(step))
          fillers[step.place].insert({step.item, agent});
        if (step.kind == Kind::barrier)
          members[step.place].insert(agent);
        commits.back().push_back(commits.back().back() + (step.kind == Kind::commit));
      }
    }
  }

  Verdict explore(size_t mostStates) {
    State start;
    start.at.resize(numAgents);
    start.parts.resize(fillers.size() * numAgents);
    for (int arrivals : protocol.counters)
      start.counters.push_back({static_cast<int16_t>(arrivals), 0});
    reach(std::move(start));
    while (!open.empty() && !verdict.fault) {
      if (seen.size() >= mostStates) {
        verdict.isComplete = false;
        break;
      }
      State state = std::move(open.front());
      open.pop_front();
      expand(state);
    }
    verdict.states = seen.size();
    return verdict;
  }

private:
  static bool fills(const Step &step) {
    return step.kind == Kind::copy || step.kind == Kind::write;
  }
  Part &part(State &state, int place, size_t agent) const {
    return state.parts[place * numAgents + agent];
  }
  bool isDone(const State &state, size_t agent) const {
    return static_cast<size_t>(state.at[agent]) == protocol.agents[agent].size();
  }
  const Step &next(const State &state, size_t agent) const {
    return protocol.agents[agent][state.at[agent]];
  }

  void reach(State state) {
    if (seen.insert(state.key()).second)
      open.push_back(std::move(state));
  }

  void fail(Fault fault, size_t agent, size_t step, std::string text) {
    verdict.fault = fault;
    verdict.agent = agent;
    verdict.step = step;
    verdict.text =
        "agent " + std::to_string(agent) + ", step " + std::to_string(step) + ": " + text;
  }

  void take(State state, size_t agent) {
    go(state, agent);
    if (!verdict.fault)
      reach(std::move(state));
  }

  /// All that may happen next.
  void expand(const State &state) {
    // What nobody else can notice, and nothing can prevent, need not be put off.
    for (size_t agent = 0; agent < numAgents; ++agent) {
      if (isDone(state, agent) || !mayGo(state, agent))
        continue;
      if (Kind kind = next(state, agent).kind;
          kind == Kind::commit || (kind == Kind::wait && !isLate))
        return take(state, agent);
    }
    bool moves = false, isOver = true;
    for (size_t agent = 0; agent < numAgents && !verdict.fault; ++agent) {
      isOver &= isDone(state, agent);
      if (isDone(state, agent) || !mayGo(state, agent))
        continue;
      moves = true;
      take(state, agent);
    }
    for (size_t i = 0; i < state.parts.size() && !verdict.fault; ++i)
      if (const Part &own = state.parts[i];
          own.flying != kNothing && !(isLate && own.signal == kGroup)) {
        moves = true;
        State after = state;
        land(after, after.parts[i]);
        reach(std::move(after));
      }
    if (!moves && !isOver)
      reportDeadlock(state);
  }

  /// What is flying to a part lands.
  void land(State &state, Part &part) {
    part.landed = part.flying;
    part.flying = kNothing;
    int signal = part.signal;
    part.group = 0;
    part.signal = kGroup;
    if (signal != kGroup)
      arrive(state, signal);
  }

  void arrive(State &state, int number) {
    Counter &counter = state.counters[number];
    if (--counter.pending == 0) {
      counter.pending = static_cast<int16_t>(protocol.counters[number]);
      counter.parity ^= 1;
    }
  }

  bool mayGo(const State &state, size_t agent) const {
    const Step &step = next(state, agent);
    if (step.kind == Kind::await)
      return state.counters[step.place].parity != step.item;
    if (step.kind == Kind::wait)
      return isLate || awaited(state, agent).empty();
    if (step.kind != Kind::barrier)
      return true;
    return std::all_of(members[step.place].begin(), members[step.place].end(), [&](size_t other) {
      if (isDone(state, other))
        return false;
      const Step &own = next(state, other);
      return own.kind == Kind::barrier && own.place == step.place;
    });
  }

  /// The parts that are still to arrive before the agent's wait is over.
  std::vector<size_t> awaited(const State &state, size_t agent) const {
    int first =
        commits[agent][state.at[agent]] - next(state, agent).item; // of those that may be pending
    std::vector<size_t> parts;
    for (size_t i = agent; i < state.parts.size(); i += numAgents)
      if (state.parts[i].flying != kNothing && state.parts[i].group < first)
        parts.push_back(i);
    return parts;
  }

  void go(State &state, size_t agent) {
    const Step &step = next(state, agent);
    size_t number = state.at[agent];
    if (step.kind == Kind::barrier) {
      for (size_t member : members[step.place])
        ++state.at[member];
      return;
    }
    if (step.kind == Kind::wait)
      for (size_t i : awaited(state, agent))
        land(state, state.parts[i]);
    ++state.at[agent];
    if (step.kind == Kind::arrive)
      arrive(state, step.place);
    else if (step.kind == Kind::read)
      read(state, agent, number, step);
    else if (fills(step))
      fill(state, agent, number, step);
  }

  void fill(State &state, size_t agent, size_t number, const Step &step) {
    Part &own = part(state, step.place, agent);
    if (own.flying != kNothing && own.flying != step.item)
      return fail(Fault::overwrite, agent, number,
                  "item " + std::to_string(step.item) + " is brought to slot " +
                      std::to_string(step.place) + " while item " + std::to_string(own.flying) +
                      " is on its way there");
    if (step.kind == Kind::write) {
      own.landed = static_cast<int16_t>(step.item);
      return;
    }
    own.flying = static_cast<int16_t>(step.item);
    own.signal = static_cast<int16_t>(step.signal);
    own.group = step.signal == kGroup ? static_cast<int16_t>(commits[agent][number]) : kNoGroup;
  }

  void read(State &state, size_t agent, size_t number, const Step &step) {
    auto what = [&] {
      return "item " + std::to_string(step.item) + " is read from slot " +
             std::to_string(step.place);
    };
    for (auto it = fillers[step.place].lower_bound({step.item, 0});
         it != fillers[step.place].end() && it->first == step.item; ++it) {
      const Part &own = part(state, step.place, it->second);
      std::string whose = " of agent " + std::to_string(it->second);
      for (int item : {own.flying, own.landed}) {
        if (item == step.item && own.flying == kNothing)
          continue;
        if (item > step.item)
          return fail(Fault::overwrite, agent, number,
                      what() + ", where item " + std::to_string(item) + whose +
                          (item == own.flying ? " may land" : " has landed"));
      }
      if (own.landed != step.item || own.flying == step.item)
        return fail(Fault::readBeforeArrival, agent, number,
                    what() + " before the part" + whose + " has arrived");
    }
  }

  void reportDeadlock(const State &state) {
    std::string text = "waits for ever";
    size_t first = numAgents;
    for (size_t agent = 0; agent < numAgents; ++agent)
      if (!isDone(state, agent)) {
        if (first == numAgents)
          first = agent;
        else
          text +=
              ", as agent " + std::to_string(agent) + " at step " + std::to_string(state.at[agent]);
      }
    fail(Fault::deadlock, first, state.at[first], text);
  }

  const Protocol &protocol;
  size_t numAgents;
  bool isLate;
  std::vector<std::set<std::pair<int, size_t>>> fillers; // of each slot: item and agent
  std::vector<std::set<size_t>> members;                 // of each barrier
  std::vector<std::vector<int>> commits;                 // of each agent, before each step
  std::unordered_set<std::string> seen;
  std::deque<State> open; // in order of their distance, so that the first fault is a near one
  Verdict verdict;
};

} // namespace

Verdict explore(const Protocol &protocol, size_t mostStates, Arrivals arrivals) {
  return Explorer(protocol, arrivals).explore(mostStates);
}

Protocol byGroups(Ring ring, int items, int warps) {
  std::vector<Step> steps;
  auto slot = [&](int item) { return item % ring.depth; };
  auto put = [&](int item) {
    if (item < items)
      steps.push_back({Kind::copy, slot(item), item});
    steps.push_back({Kind::commit}); // an empty one past the last
  };
  for (int item = 0; item <= ring.ahead; ++item)
    put(item);
  bool hasSpare = ring.ahead + ring.lag + 2 <= ring.depth;
  for (int item = 0; item < items; ++item) {
    steps.push_back({Kind::wait, 0, ring.ahead});
    steps.push_back({Kind::barrier});
    steps.push_back({Kind::read, slot(item), item});
    if (hasSpare)
      put(item + ring.ahead + 1);
    // What is held is read to the end.
    for (int held = std::max(item - ring.lag, 0); held <= item; ++held)
      steps.push_back({Kind::read, slot(held), held});
    if (!hasSpare) {
      if (item + ring.ahead + 1 >= ring.depth) // the slot had an item
        steps.push_back({Kind::barrier});
      put(item + ring.ahead + 1);
    }
  }
  return {std::vector<std::vector<Step>>(warps, steps), {}};
}

Protocol byCounters(Ring ring, int items, int consumers) {
  // Counter 2 s says that slot s is empty, 2 s + 1 that it is full.
  Protocol protocol;
  for (int slot = 0; slot < ring.depth; ++slot) {
    protocol.counters.push_back(consumers);
    protocol.counters.push_back(1);
  }
  std::vector<Step> producer, consumer;
  for (int item = 0; item < items; ++item) {
    int slot = item % ring.depth, parity = item / ring.depth & 1;
    producer.push_back({Kind::await, 2 * slot, 1 - parity});
    producer.push_back({Kind::copy, slot, item, 2 * slot + 1});
    consumer.push_back({Kind::await, 2 * slot + 1, parity});
    for (int held = std::max(item - ring.lag, 0); held <= item; ++held)
      consumer.push_back({Kind::read, held % ring.depth, held});
    if (item >= ring.lag)
      consumer.push_back({Kind::arrive, 2 * ((item - ring.lag) % ring.depth)});
  }
  protocol.agents.push_back(producer);
  protocol.agents.resize(1 + consumers, consumer);
  return protocol;
}

} // namespace einfall::protocol
