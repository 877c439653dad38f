//===- FragmentsTest.cpp - Fragments against the formulas of the PTX ISA --===//
#include "lib/Layout/Fragments.h"
#include <gtest/gtest.h>
#include <map>

using namespace einfall::layout;

namespace {

/// The ISA's text: groupID = lane >> 2, threadID_in_group = lane % 4, and formulas
/// over these and the index i of an element among those of the thread.
using Formula = uint64_t (*)(unsigned i, unsigned group, unsigned thread);

void expectFragment(const LinearLayout &l, unsigned elements, Formula first, Formula second) {
  ASSERT_EQ(1u << l.inBits(dimRegister), elements);
  ASSERT_EQ(l.inBits(dimLane), 5u);
  EXPECT_TRUE(l.isBijective());
  for (unsigned i = 0; i < elements; ++i)
    for (unsigned lane = 0; lane < 32; ++lane) {
      Point at = l({{dimRegister, i}, {dimLane, lane}});
      EXPECT_EQ(at[0].second, first(i, lane >> 2, lane % 4)) << i << " " << lane;
      EXPECT_EQ(at[1].second, second(i, lane >> 2, lane % 4)) << i << " " << lane;
    }
}

TEST(FragmentsTest, M16N8K16) {
  expectFragment(
      mmaA(16), 8,
      [](unsigned i, unsigned, unsigned t) -> uint64_t {
        return t * 2 + (i & 1) + (i < 4 ? 0 : 8);
      },
      [](unsigned i, unsigned g, unsigned) -> uint64_t {
        return (i < 2) || (4 <= i && i < 6) ? g : g + 8;
      });
  expectFragment(
      mmaB(16), 4,
      [](unsigned i, unsigned, unsigned t) -> uint64_t {
        return t * 2 + (i & 1) + (i < 2 ? 0 : 8);
      },
      [](unsigned, unsigned g, unsigned) -> uint64_t { return g; });
}

/// Of a row or column of the accumulators, each thread has what its sums there are made of.
TEST(FragmentsTest, FusedFactorsAreOfTheThreadsSums) {
  LinearLayout sums = mmaAccumulator(), left = fusedA(2), right = fusedB(2);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned k = 0; k < 4; ++k)
      for (unsigned i = 0; i < 2; ++i) {
        Point sum = sums({{dimRegister, i}, {dimLane, lane}});
        Point a = left({{dimRegister, k}, {dimLane, lane}});
        Point b = right({{dimRegister, k + 4 * i}, {dimLane, lane}});
        EXPECT_EQ(a[0].second, k);
        EXPECT_EQ(b[0].second, k);
        EXPECT_EQ(b[1].second, sum[0].second);
        EXPECT_EQ(a[1].second, sum[1].second);
      }
}

/// Rows of a part of the depth and 16 bytes: of the eight lanes that one phase of a 16-byte load
/// serves, two never want different words of one bank.
TEST(FragmentsTest, FusedFactorsHaveNoBankConflicts) {
  for (const LinearLayout &layout : {fusedA(2), fusedB(2)})
    for (unsigned part : {8, 16, 32, 64, 128})
      for (unsigned phase = 0; phase < 32; phase += 8) {
        std::map<unsigned, uint64_t> wanted; // word by bank
        for (unsigned lane = phase; lane < phase + 8; ++lane)
          for (unsigned k = 0; k < 4; ++k) {
            Point at = layout({{dimRegister, k}, {dimLane, lane}});
            uint64_t word = at[1].second * (part + 4) + at[0].second;
            EXPECT_EQ(wanted.insert({word % 32, word}).first->second, word) << part << " " << lane;
          }
      }
}

TEST(FragmentsTest, M16N8K8) {
  expectFragment(
      mmaA(32), 4, [](unsigned i, unsigned, unsigned t) -> uint64_t { return i < 2 ? t : t + 4; },
      [](unsigned i, unsigned g, unsigned) -> uint64_t { return i == 0 || i == 2 ? g : g + 8; });
  expectFragment(
      mmaB(32), 2, [](unsigned i, unsigned, unsigned t) -> uint64_t { return i == 0 ? t : t + 4; },
      [](unsigned, unsigned g, unsigned) -> uint64_t { return g; });
}

TEST(FragmentsTest, M16N8K32) {
  expectFragment(
      mmaA(8), 16,
      [](unsigned i, unsigned, unsigned t) -> uint64_t {
        return t * 4 + (i & 3) + (i < 8 ? 0 : 16);
      },
      [](unsigned i, unsigned g, unsigned) -> uint64_t {
        return i < 4 || (8 <= i && i < 12) ? g : g + 8;
      });
  expectFragment(
      mmaB(8), 8,
      [](unsigned i, unsigned, unsigned t) -> uint64_t {
        return t * 4 + (i & 3) + (i < 4 ? 0 : 16);
      },
      [](unsigned, unsigned g, unsigned) -> uint64_t { return g; });
}

TEST(FragmentsTest, Accumulators) {
  expectFragment(
      mmaAccumulator(), 4,
      [](unsigned i, unsigned, unsigned t) -> uint64_t { return t * 2 + (i & 1); },
      [](unsigned i, unsigned g, unsigned) -> uint64_t { return i < 2 ? g : g + 8; });
}

TEST(FragmentsTest, WgmmaAccumulators) {
  for (unsigned log2n = 3; log2n <= 8; ++log2n) {
    LinearLayout l = wgmmaAccumulator(log2n);
    unsigned perThread = (1u << log2n) / 2;
    ASSERT_EQ(1u << l.inBits(dimRegister), perThread);
    EXPECT_TRUE(l.isBijective());
    // d[4 i + j] of a thread of the warp group: rows in blocks of 16 by warp.
    for (unsigned thread = 0; thread < 128; ++thread)
      for (unsigned d = 0; d < perThread; ++d) {
        unsigned lane = thread % 32, i = d / 4, j = d % 4;
        Point at = l({{dimRegister, d}, {dimLane, lane}, {dimWarp, thread / 32}});
        EXPECT_EQ(at[0].second, 8 * i + 2 * (lane % 4) + (j & 1));
        EXPECT_EQ(at[1].second, 16 * (thread / 32) + lane / 4 + 8 * (j >> 1));
      }
  }
}

TEST(FragmentsTest, WgmmaOperandA) {
  LinearLayout l = wgmmaA(16);
  for (unsigned thread = 0; thread < 128; ++thread)
    for (unsigned i = 0; i < 8; ++i) {
      unsigned lane = thread % 32;
      Point at = l({{dimRegister, i}, {dimLane, lane}, {dimWarp, thread / 32}});
      EXPECT_EQ(at[0].second, 2 * (lane % 4) + (i & 1) + 8 * (i >> 2));
      EXPECT_EQ(at[1].second, 16 * (thread / 32) + lane / 4 + 8 * (i >> 1 & 1));
    }
}

TEST(FragmentsTest, AccumulatorsAreOperands) {
  // P of one product is A of the next, without a move: 16 columns at a time.
  LinearLayout p = wgmmaAccumulator(4).renameOut("n", "k");
  EXPECT_EQ(p, wgmmaA(16));
}

TEST(FragmentsTest, Matrices) {
  for (unsigned log2count : {0, 1, 2}) {
    for (unsigned bits : {8, 16, 32}) {
      LinearLayout l = matrixRegisters(bits, log2count, false);
      unsigned inWord = 32 / bits;
      EXPECT_TRUE(l.isBijective());
      for (unsigned r = 0; r < inWord << log2count; ++r)
        for (unsigned lane = 0; lane < 32; ++lane) {
          Point at = l({{dimRegister, r}, {dimLane, lane}});
          EXPECT_EQ(at[0].second, lane % 4 * inWord + r % inWord);
          EXPECT_EQ(at[1].second, lane / 4);
          EXPECT_EQ(at[2].second, r / inWord);
        }
    }
    LinearLayout turned = matrixRegisters(16, log2count, true);
    for (unsigned r = 0; r < 2u << log2count; ++r)
      for (unsigned lane = 0; lane < 32; ++lane) {
        Point at = turned({{dimRegister, r}, {dimLane, lane}});
        EXPECT_EQ(at[0].second, lane / 4);
        EXPECT_EQ(at[1].second, lane % 4 * 2 + r % 2);
        EXPECT_EQ(at[2].second, r / 2);
      }
    LinearLayout addresses = matrixAddresses(log2count);
    for (unsigned lane = 0; lane < 32; ++lane) {
      Point at = addresses({{dimLane, lane}});
      EXPECT_EQ(at[0].second, lane % 8);
      EXPECT_EQ(at[1].second, lane / 8 % (1u << log2count));
    }
  }
}

} // namespace
