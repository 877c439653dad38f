//===- ConvertTest.cpp - Every element arrives ----------------------------===//
#include "lib/Layout/Convert.h"
#include "lib/Layout/Blocked.h"
#include "lib/Layout/Fragments.h"
#include "test/unit/layout/Simulator.h"
#include <gtest/gtest.h>

using namespace einfall::layout;
using namespace einfall::layout::test;

namespace {

/// Runs all plans; yields the conversion.
Conversion check(const LinearLayout &source, const LinearLayout &target,
                 const ConversionOptions &options) {
  Conversion conversion = convert(source, target, options);
  EXPECT_TRUE(conversion) << conversion.refusal;
  unsigned lanes = 1u << std::max(source.inBits(dimLane), target.inBits(dimLane));
  unsigned warps = 1u << std::max(source.inBits(dimWarp), target.inBits(dimWarp));
  for (const Plan &plan : conversion.plans) {
    Simulator simulator(source, 1u << target.inBits(dimRegister), lanes, warps);
    simulator.run(plan);
    EXPECT_TRUE(simulator.holds(target)) << plan.str() << "\n"
                                         << source.str() << "\n"
                                         << target.str();
    EXPECT_GE(plan.cost.total(), conversion.cheapest().cost.total());
  }
  return conversion;
}

const Plan *planOf(const Conversion &conversion, Way way) {
  for (const Plan &plan : conversion.plans)
    if (plan.way == way)
      return &plan;
  return nullptr;
}

unsigned roundsOf(const Plan &plan) {
  return llvm::count_if(
      plan.steps, [](const Step &step) { return std::holds_alternative<ShuffleRound>(step); });
}

unsigned shufflesOf(const Plan &plan) {
  return llvm::count_if(plan.steps, [](const Step &step) {
    auto *round = std::get_if<ShuffleRound>(&step);
    return round && round->crossesLanes;
  });
}

/// All invertible matrices of three bits.
std::vector<VectorList> allBases() {
  std::vector<VectorList> bases;
  for (uint64_t code = 0; code < 512; ++code) {
    VectorList columns{code & 7, code >> 3 & 7, code >> 6};
    if (rankOf(columns) == 3)
      bases.push_back(columns);
  }
  return bases;
}

TEST(ConvertTest, AllPairsOfSmallLayouts) {
  std::vector<VectorList> bases = allBases();
  ASSERT_EQ(bases.size(), 168u);
  for (auto [registers, lanes] : {std::pair(1u, 2u), {2u, 1u}, {1u, 1u}, {0u, 2u}}) {
    DimList ins{{"register", registers}, {"lane", lanes}, {"warp", 3 - registers - lanes}};
    // Renaming elements changes nothing, so one of the layouts may be the identity.
    LinearLayout source(ins, Dim{"x", 3}, unitVectors(3));
    for (const VectorList &columns : bases) {
      LinearLayout target(ins, Dim{"x", 3}, columns);
      Conversion c = check(source, target, {.elementBits = 32, .has = {}});
      // Within warps shuffles need one round a register, never more.
      if (const Plan *plan = planOf(c, Way::shuffles))
        EXPECT_EQ(roundsOf(*plan), 1u << registers);
      LinearLayout transfer = transferBetween(source, target);
      EXPECT_EQ(transfer.then(source), target);
      bool staysInWarp = true, staysInLane = true;
      for (uint64_t p = 0; p < 8; ++p) {
        staysInWarp &= transfer(p) >> (registers + lanes) == p >> (registers + lanes);
        staysInLane &= transfer(p) >> registers == p >> registers;
      }
      EXPECT_EQ(planOf(c, Way::shuffles) || planOf(c, Way::registers) || planOf(c, Way::nothing),
                staysInWarp);
      EXPECT_EQ(c.cheapest().way == Way::nothing, columns == unitVectors(3));
      if (planOf(c, Way::registers))
        EXPECT_TRUE(staysInLane);
    }
  }
}

TEST(ConvertTest, RandomLayoutsWithBroadcasts) {
  std::mt19937 random(4);
  unsigned shuffles = 0, refused = 0, within = 0, unskewed = 0;
  for (unsigned i = 0; i < 6000; ++i) {
    unsigned bits = 2 + random() % 4;
    auto layout = [&] {
      for (;;) {
        unsigned registers = random() % 4, warps = random() % 2;
        DimList ins{{"register", registers}, {"lane", 3}, {"warp", warps}};
        VectorList columns;
        for (unsigned k = 0; k < totalBits(ins); ++k)
          columns.push_back(random() % 3 ? random() & lowMask(bits) : 0);
        LinearLayout l(ins, Dim{"x", bits}, columns);
        if (l.isSurjective())
          return l;
      }
    };
    LinearLayout source = layout(), target = layout();
    if (i % 2) // mostly the same lanes and warps, so that memory is not the only way
      target = source.then({source.outs(), source.outs(), randomOrder(bits, random)});
    unsigned elementBits = 1u << random() % 7;
    Conversion c = check(source, target, {.elementBits = elementBits, .has = {}});
    shuffles += planOf(c, Way::shuffles) != nullptr;
    LinearLayout t = transferBetween(source, target);
    bool stays = true;
    for (uint64_t p : unitVectors(t.inBits()))
      stays &= t.unflattenIn(p)[2] == t.unflattenOut(t(p))[2];
    within += stays;
    unskewed += stays && c.plans.size() == 1 && c.cheapest().way == Way::memory;
    refused += c.plans.size() == 1 && c.cheapest().way == Way::memory;
  }
  // Lanes may want so much of few others that rounds do not suffice; that is rare.
  EXPECT_LT(100 * unskewed, within);
  EXPECT_GT(shuffles, 500u);
  EXPECT_GT(refused, 500u);
}

TEST(ConvertTest, RandomWarps) {
  std::mt19937 random(5);
  for (unsigned i = 0; i < 200; ++i) {
    unsigned registers = random() % 5, warps = random() % 3, bits = registers + 5 + warps;
    DimList ins{{"register", registers}, {"lane", 5}, {"warp", warps}};
    unsigned elementBits = 4u << random() % 5;
    bool moveOnly = random() % 2;
    auto columns = [&] { return moveOnly ? randomOrder(bits, random) : randomBasis(bits, random); };
    Conversion c = check({ins, Dim{"x", bits}, columns()}, {ins, Dim{"x", bits}, columns()},
                         {.elementBits = elementBits, .has = {true, true}});
    if (warps == 0)
      EXPECT_TRUE(planOf(c, Way::shuffles) || c.cheapest().cost.total() == 0);
  }
}

TEST(ConvertTest, NothingAndRegisters) {
  DimList shape{{"k", 6}, {"m", 6}};
  LinearLayout a = spread(mmaA(16), {{"m", 2}}, shape);
  EXPECT_EQ(check(a, a, {.elementBits = 16, .has = {}}).cheapest().way, Way::nothing);
  // The accumulator of one product is an operand of the next.
  LinearLayout p = spread(mmaAccumulator(), {{"m", 2}}, {{"n", 6}, {"m", 6}}).renameOut("n", "k");
  Conversion c = check(p, a, {.elementBits = 16, .has = {}});
  EXPECT_EQ(c.cheapest().way, Way::nothing);
  // In another order of registers it is renamed.
  DimList ins(a.ins());
  VectorList columns(a.columns());
  std::swap(columns[0], columns[3]);
  c = check(a, {ins, a.outs(), columns}, {.elementBits = 16, .has = {}});
  EXPECT_EQ(c.cheapest().way, Way::registers);
  EXPECT_EQ(c.cheapest().cost.total(), 0u);
  // A dimension that the target lacks or has besides is a broadcast.
  LinearLayout x = LinearLayout::identity(3, dimRegister, "x");
  LinearLayout everywhere = x * LinearLayout::zeros(2, dimLane, "x");
  EXPECT_EQ(check(x, everywhere, {}).cheapest().way, Way::nothing);
  EXPECT_EQ(check(x, LinearLayout::zeros(1, dimRegister, "x") * x, {}).cheapest().way,
            Way::registers);
}

TEST(ConvertTest, FewShufflesBeatMemory) {
  DimList shape{{"n", 3}, {"m", 4}};
  LinearLayout c = mmaAccumulator();
  // Two lanes exchange halves of their registers.
  LinearLayout rows = blocked({{2, 0}, {1, 4}, {0, 0}, {0, 1}}, shape);
  Conversion conversion = check(c, rows, {.elementBits = 32, .has = {}});
  EXPECT_EQ(conversion.cheapest().way, Way::shuffles);
  EXPECT_EQ(roundsOf(conversion.cheapest()), 4u);
  EXPECT_EQ(conversion.cheapest().cost.wavefronts, shufflesOf(conversion.cheapest()));
  // Half as wide, two elements travel in a word.
  conversion = check(c, rows, {.elementBits = 16, .has = {}});
  EXPECT_EQ(roundsOf(*planOf(conversion, Way::shuffles)), 2u);
  // A tile of many registers is better off in memory.
  DimList large{{"n", 7}, {"m", 4}};
  conversion = check(fitted(c, large), blocked({{3, 0}, {4, 1}, {0, 0}, {0, 1}}, large),
                     {.elementBits = 16, .has = {true, true}});
  EXPECT_EQ(conversion.cheapest().way, Way::memory);
  EXPECT_TRUE(planOf(conversion, Way::shuffles));
}

TEST(ConvertTest, WhatStaysIsNotShuffled) {
  // Lanes 0 and 1 of each pair exchange half of their registers.
  for (unsigned registers : {1, 2, 3}) {
    DimList ins{{"register", registers}, {"lane", 5}}, outs{{"x", registers + 5}};
    VectorList columns = unitVectors(registers + 5);
    LinearLayout source(ins, outs, columns);
    std::swap(columns[0], columns[registers]);
    Conversion c = check(source, {ins, outs, columns}, {.elementBits = 32, .has = {}});
    EXPECT_EQ(shufflesOf(*planOf(c, Way::shuffles)), 1u << (registers - 1));
  }
}

TEST(ConvertTest, OperandsTravelAsMatrices) {
  for (unsigned elementBits : {8, 16, 32}) {
    DimList shape{{"k", 6}, {"m", 6}};
    unsigned wide = elementBits == 8 ? 4 : elementBits == 16 ? 3 : 2;
    LinearLayout loaded = blocked({{wide, 0}, {3, 2}, {0, 2}, {0, 1}}, shape);
    Conversion c = check(loaded, spread(mmaA(elementBits), {{"m", 2}}, shape),
                         {.elementBits = elementBits, .has = {true, false}});
    EXPECT_EQ(c.cheapest().way, Way::memory);
    auto &load = std::get<MemoryStep>(c.cheapest().steps[2]).access;
    EXPECT_EQ(load.kind, AccessKind::matrix);
    EXPECT_EQ(load.matrices.size(), 2u);
    EXPECT_EQ(load.wavefronts, 4 * load.instructions);
    EXPECT_EQ(c.cheapest().bytesOfMemory(), 4096u * elementBits / 8);
  }
}

TEST(ConvertTest, NarrowElementsTakeBytes) {
  DimList ins{{"register", 1}, {"lane", 5}, {"warp", 1}};
  LinearLayout a(ins, Dim{"x", 7}, {64, 1, 2, 4, 8, 16, 32});
  LinearLayout b(ins, Dim{"x", 7}, {64, 2, 1, 4, 8, 32, 16});
  // Each lane has two elements: those of four bits fill a byte, narrower ones do not.
  for (unsigned elementBits = 1; elementBits <= 8; ++elementBits)
    EXPECT_EQ(check(a, b, {.elementBits = elementBits, .has = {}}).cheapest().storageBits,
              elementBits == 3 || elementBits == 4 ? 4u : 8u);
}

TEST(ConvertTest, BlocksStayWhereTheyAre) {
  DimList ins{{"register", 1}, {"lane", 1}, {"block", 1}};
  LinearLayout a(ins, Dim{"x", 3}, {1, 2, 4}), b(ins, Dim{"x", 3}, {2, 1, 4}),
      c(ins, Dim{"x", 3}, {4, 2, 1});
  EXPECT_TRUE(convert(a, b, {}));
  Conversion refused = convert(a, c, {});
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.refusal, "elements change their block");
}

} // namespace
