//===- ProtocolTest.cpp - Rings that work, and rings that do not ----------===//
#include "lib/Protocol/Protocol.h"
#include "gtest/gtest.h"

namespace einfall::protocol {
namespace {

constexpr int kMostDepth = 4;

std::string say(Ring ring, int items) {
  return "depth " + std::to_string(ring.depth) + ", ahead " + std::to_string(ring.ahead) +
         ", lag " + std::to_string(ring.lag) + ", items " + std::to_string(items);
}

template <typename Check> void forEachRing(Check check) {
  for (int depth = 1; depth <= kMostDepth; ++depth)
    for (int ahead = 0; ahead < depth; ++ahead)
      for (int lag = 0; ahead + lag < depth; ++lag)
        check(Ring{depth, ahead, lag});
}

/// The same change in what every agent does.
Protocol without(Protocol protocol, size_t step) {
  for (auto &steps : protocol.agents)
    steps.erase(steps.begin() + step);
  return protocol;
}

/// In other slots than it was written for.
Protocol withDepth(Protocol protocol, int depth) {
  for (auto &steps : protocol.agents)
    for (Step &step : steps)
      if (step.kind == Kind::copy || step.kind == Kind::read)
        step.place = step.item % depth;
  return protocol;
}

/// To delay what arrives as far as it goes finds what any other time of arrival does.
Verdict exploreBoth(const Protocol &protocol) {
  Verdict any = explore(protocol);
  Verdict late = explore(protocol, size_t(1) << 20, Arrivals::late);
  EXPECT_EQ(any.fault.has_value(), late.fault.has_value()) << any.text << late.text;
  EXPECT_LE(late.isComplete && !late.fault ? late.states : 0, any.states);
  return any;
}

TEST(Groups, EveryRingWorks) {
  forEachRing([](Ring ring) {
    for (int items = 0; items <= ring.depth + 3; ++items) {
      Verdict verdict = exploreBoth(byGroups(ring, items, /*warps=*/2));
      EXPECT_FALSE(verdict.fault) << say(ring, items) << ": " << verdict.text;
      EXPECT_TRUE(verdict.isComplete) << say(ring, items);
    }
  });
}

/// As products of few rows have them.
TEST(Groups, DeepRingsWork) {
  for (int depth = kMostDepth + 1; depth <= 8; ++depth) {
    Ring ring{depth, depth - 2, 0};
    Protocol protocol = byGroups(ring, depth + 3, /*warps=*/2);
    Verdict verdict = explore(protocol, size_t(1) << 20, Arrivals::late);
    EXPECT_FALSE(verdict.fault) << say(ring, depth + 3) << ": " << verdict.text;
    EXPECT_TRUE(verdict.isComplete);
    protocol = withDepth(protocol, depth - 1);
    EXPECT_TRUE(explore(protocol, size_t(1) << 20, Arrivals::late).fault);
  }
}

TEST(Groups, ThreeWarpsToo) {
  for (Ring ring : {Ring{2, 0, 0}, Ring{3, 1, 0}, Ring{1, 0, 0}}) {
    Verdict verdict = exploreBoth(byGroups(ring, 4, /*warps=*/3));
    EXPECT_FALSE(verdict.fault) << say(ring, 4) << ": " << verdict.text;
    EXPECT_TRUE(verdict.isComplete);
  }
}

/// Each wait, and each barrier, is needed.
TEST(Groups, NothingCanBeLeftOut) {
  forEachRing([](Ring ring) {
    int items = ring.depth + 2;
    Protocol protocol = byGroups(ring, items, 2);
    int lastRead = 0;
    for (size_t i = 0; i < protocol.agents[0].size(); ++i)
      if (protocol.agents[0][i].kind == Kind::read)
        lastRead = i;
    int filled = 0;
    for (int i = 0; i < lastRead; ++i) {
      const Step &step = protocol.agents[0][i];
      filled = step.kind == Kind::copy ? step.item : filled;
      bool isNeeded = step.kind == Kind::wait || step.kind == Kind::barrier;
      // Before a put of nothing there is nothing to keep apart.
      if (isNeeded && protocol.agents[0][i + 1].kind == Kind::commit)
        continue;
      if (!isNeeded)
        continue;
      Verdict verdict = exploreBoth(without(protocol, i));
      EXPECT_TRUE(verdict.fault) << say(ring, items) << ": without step " << i;
      EXPECT_NE(verdict.fault, Fault::deadlock);
    }
  });
}

TEST(Groups, WaitsForAGroupLess) {
  forEachRing([](Ring ring) {
    Protocol protocol = byGroups(ring, ring.depth + 2, 2);
    for (auto &steps : protocol.agents)
      for (Step &step : steps)
        if (step.kind == Kind::wait)
          ++step.item;
    EXPECT_EQ(exploreBoth(protocol).fault, Fault::readBeforeArrival) << say(ring, ring.depth + 2);
  });
}

/// A group that is not ended shifts what is counted.
TEST(Groups, LacksACommit) {
  Protocol protocol = byGroups({4, 2, 0}, 6, 2);
  for (size_t i = 0, groups = 0; i < protocol.agents[0].size() && groups < 4; ++i)
    if (protocol.agents[0][i].kind == Kind::commit) {
      ++groups;
      EXPECT_EQ(exploreBoth(without(protocol, i)).fault, Fault::readBeforeArrival) << "step " << i;
    }
}

TEST(Groups, OneSlotTooFew) {
  forEachRing([](Ring ring) {
    // Without a slot more than those that are held and on their way, it counts on barriers.
    if (ring.depth < 2 || ring.ahead + ring.lag + 2 != ring.depth)
      return;
    Verdict verdict = exploreBoth(withDepth(byGroups(ring, ring.depth + 2, 2), ring.depth - 1));
    EXPECT_TRUE(verdict.fault) << say(ring, ring.depth + 2);
    EXPECT_NE(verdict.fault, Fault::deadlock);
  });
}

TEST(Groups, OneAgentSkipsABarrier) {
  Protocol protocol = byGroups({3, 1, 0}, 4, 2);
  auto &steps = protocol.agents[1];
  for (size_t i = 0; i < steps.size(); ++i)
    if (steps[i].kind == Kind::barrier) {
      steps.erase(steps.begin() + i);
      break;
    }
  EXPECT_TRUE(exploreBoth(protocol).fault);
}

TEST(Counters, EveryRingWorks) {
  for (int depth = 1; depth <= kMostDepth; ++depth)
    for (int lag = 0; lag < depth; ++lag)
      for (int consumers = 1; consumers <= 2; ++consumers)
        for (int items = 0; items <= 2 * depth + 2; ++items) {
          Ring ring{depth, 0, lag};
          Verdict verdict = explore(byCounters(ring, items, consumers));
          EXPECT_FALSE(verdict.fault) << say(ring, items) << ": " << verdict.text;
          EXPECT_TRUE(verdict.isComplete);
        }
}

TEST(Counters, ALagOfAllSlotsWaitsForEver) {
  for (int depth = 1; depth <= kMostDepth; ++depth)
    for (int lag = depth; lag <= depth + 1; ++lag)
      for (int items = 1; items <= 2 * depth + 2; ++items)
        EXPECT_EQ(explore(byCounters({depth, 0, lag}, items, 1)).fault,
                  items > depth ? std::optional(Fault::deadlock) : std::nullopt)
            << say({depth, 0, lag}, items);
}

/// An odd one out among the steps of one agent.
TEST(Counters, EveryWaitAndArrivalIsNeeded) {
  for (int depth = 1; depth <= 3; ++depth)
    for (int lag = 0; lag < depth; ++lag) {
      int items = 2 * depth + 1;
      Protocol protocol = byCounters({depth, 0, lag}, items, 2);
      for (size_t agent = 0; agent < 2; ++agent)
        for (size_t i = 0, item = 0; i < protocol.agents[agent].size(); ++i) {
          const Step &step = protocol.agents[agent][i];
          if (step.kind != Kind::await && step.kind != Kind::arrive)
            continue;
          // Slots are free at first, and nobody waits for the last ones.
          bool isProducer = agent == 0;
          bool isFree = isProducer && item < static_cast<size_t>(depth);
          bool isLast = step.kind == Kind::arrive && item + depth >= static_cast<size_t>(items);
          item += isProducer || step.kind == Kind::arrive;
          if (isFree || isLast)
            continue;
          Protocol broken = protocol;
          broken.agents[agent].erase(broken.agents[agent].begin() + i);
          EXPECT_TRUE(explore(broken).fault)
              << say({depth, 0, lag}, items) << ": agent " << agent << " without step " << i;
        }
    }
}

TEST(Counters, WrongParityOfTheProducer) {
  Protocol protocol = byCounters({2, 0, 0}, 4, 1);
  for (Step &step : protocol.agents[0])
    if (step.kind == Kind::await)
      step.item = 1 - step.item;
  EXPECT_EQ(explore(protocol).fault, Fault::deadlock);
}

TEST(Explore, SaysWhatHappened) {
  Protocol protocol;
  protocol.agents = {{{Kind::copy, 0, 0}, {Kind::commit}, {Kind::read, 0, 0}}};
  Verdict verdict = explore(protocol);
  EXPECT_EQ(verdict.text,
            "agent 0, step 2: item 0 is read from slot 0 before the part of agent 0 has arrived");
  protocol.agents = {{{Kind::write, 0, 0}, {Kind::barrier}, {Kind::read, 0, 0}},
                     {{Kind::barrier}, {Kind::copy, 0, 1}, {Kind::commit}}};
  EXPECT_FALSE(explore(protocol).fault) << "parts of a slot are agents' own";
  protocol.agents = {{{Kind::copy, 0, 0}, {Kind::commit}, {Kind::copy, 0, 1}}};
  EXPECT_EQ(explore(protocol).text, "agent 0, step 2: item 1 is brought to slot 0 while item 0 is "
                                    "on its way there");
  protocol.agents = {{{Kind::barrier}}, {{Kind::barrier}, {Kind::barrier}}};
  EXPECT_EQ(explore(protocol).text, "agent 1, step 1: waits for ever");
}

TEST(Explore, EndsWhereItIsTold) {
  Verdict verdict = explore(byGroups({4, 2, 0}, 8, 2), /*mostStates=*/100);
  EXPECT_FALSE(verdict.isComplete);
  EXPECT_FALSE(verdict.fault);
}

} // namespace
} // namespace einfall::protocol
