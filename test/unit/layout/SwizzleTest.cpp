//===- SwizzleTest.cpp - Memory without conflicts -------------------------===//
#include "lib/Layout/Swizzle.h"
#include "lib/Layout/Blocked.h"
#include "lib/Layout/Fragments.h"
#include "lib/Layout/Shared.h"
#include "test/unit/layout/Machine.h"
#include <gtest/gtest.h>

using namespace einfall::layout;
using namespace einfall::layout::test;

namespace {

/// Bytes over 128: no access of a warp has fewer wavefronts, if nothing is broadcast.
unsigned fewest(unsigned warpElements, unsigned elementBits) {
  return std::max(1u, warpElements * elementBits / 8 / 128);
}

Staging search(const LinearLayout &writer, const LinearLayout &reader, unsigned elementBits,
               MatrixInstructions has = {}) {
  auto staging = searchStaging(writer, reader, elementBits, has);
  EXPECT_TRUE(staging);
  if (!staging)
    return {};
  EXPECT_TRUE(staging->memory.isBijective());
  EXPECT_EQ(staging->write.wavefronts,
            countWavefronts(staging->write, offsetsIn(staging->memory, writer), elementBits));
  EXPECT_EQ(staging->read.wavefronts,
            countWavefronts(staging->read, offsetsIn(staging->memory, reader), elementBits));
  return *staging;
}

TEST(SwizzleTest, TransposesHaveNoConflicts) {
  for (unsigned elementBits : {8, 16, 32, 64})
    for (unsigned registers : {0, 1, 2}) {
      DimList shape{{"column", 6}, {"row", 6}};
      LinearLayout rows = blocked({{registers, 0}, {3, 2}, {1, 1}, {0, 1}}, shape);
      LinearLayout columns = blocked({{0, registers}, {2, 3}, {1, 1}, {1, 0}}, shape);
      Staging s = search(rows, columns, elementBits);
      unsigned warpElements = 1u << (rows.inBits(dimRegister) + 5);
      // Elements narrower than a word that go alone leave part of a wavefront empty.
      unsigned least = fewest(warpElements, elementBits);
      if (elementBits >= 32) {
        EXPECT_EQ(s.write.wavefronts, least);
        EXPECT_EQ(s.read.wavefronts, least);
      } else {
        EXPECT_EQ(s.write.wavefronts, std::max(least, s.write.instructions));
        EXPECT_EQ(s.read.wavefronts, std::max(least, s.read.instructions));
      }
    }
}

TEST(SwizzleTest, AnyTwoLayoutsOfWordsHaveNoConflicts) {
  // The theorem on common complements, on layouts without any structure.
  std::mt19937 random(3);
  for (unsigned i = 0; i < 500; ++i) {
    unsigned bits = 5 + random() % 7, registers = random() % (bits - 4);
    DimList ins{{"register", registers}, {"lane", 5}, {"warp", bits - registers - 5}};
    DimList outs{{"x", bits}};
    Staging s =
        search({ins, outs, randomBasis(bits, random)}, {ins, outs, randomBasis(bits, random)}, 32);
    // Whatever vectors were found, they cost no more than words without conflicts.
    EXPECT_LE(s.cost(), 4u << registers);
  }
}

TEST(SwizzleTest, VectorsAreShared) {
  // The same tile, with lanes in another order: 16-byte vectors on both sides.
  DimList shape{{"column", 6}, {"row", 5}};
  LinearLayout a = blocked({{3, 0}, {3, 2}, {0, 2}, {0, 1}}, shape);
  LinearLayout b = blocked({{3, 0}, {0, 5}, {2, 0}, {0, 1}}, shape);
  Staging s = search(a, b, 16);
  EXPECT_EQ(s.write.word.size(), 3u);
  EXPECT_EQ(s.read.word.size(), 3u);
  EXPECT_EQ(s.write.wavefronts, 8u);
  EXPECT_EQ(s.read.wavefronts, 8u);
}

TEST(SwizzleTest, FragmentsAreLoadedAsMatrices) {
  // Written as it comes from global memory, read by the tensor core.
  DimList shape{{"k", 6}, {"m", 6}};
  LinearLayout loaded = blocked({{3, 0}, {3, 2}, {0, 2}, {0, 1}}, shape);
  LinearLayout a = spread(mmaA(16), {{"m", 2}}, shape);
  Staging s = search(loaded, a, 16, {true, true});
  EXPECT_EQ(s.write.word.size(), 3u);
  EXPECT_EQ(s.write.wavefronts, 4 * s.write.instructions);
  EXPECT_EQ(s.read.kind, AccessKind::matrix);
  EXPECT_EQ(s.read.matrices.size(), 2u);
  EXPECT_EQ(s.read.wavefronts, 4 * s.read.instructions);

  // The other operand lies with its other rank contiguous.
  DimList turned{{"k", 6}, {"n", 6}};
  LinearLayout rows = blocked({{0, 3}, {2, 3}, {2, 0}, {1, 0}}, turned);
  LinearLayout b = spread(mmaB(16), {{"n", 2}}, turned);
  s = search(rows, b, 16, {true, true});
  EXPECT_EQ(s.read.kind, AccessKind::matrixTransposed);
  EXPECT_EQ(s.write.wavefronts, 4 * s.write.instructions);
  EXPECT_EQ(s.read.wavefronts, 4 * s.read.instructions);
}

TEST(SwizzleTest, AccumulatorsAreStoredAsMatrices) {
  DimList shape{{"n", 7}, {"m", 6}};
  LinearLayout c = spread(mmaAccumulator(), {{"m", 2}}, shape);
  LinearLayout stored = blocked({{3, 0}, {4, 1}, {0, 2}, {0, 1}}, shape);
  Staging s = search(c, stored, 16, {false, true});
  EXPECT_EQ(s.write.kind, AccessKind::matrix);
  EXPECT_EQ(s.write.matrices.size(), 2u);
  EXPECT_EQ(s.write.wavefronts, 4 * s.write.instructions);
  EXPECT_EQ(s.read.word.size(), 3u);
  EXPECT_EQ(s.read.wavefronts, 4 * s.read.instructions);
  // Wide vectors and then ldmatrix serve as well; without either it takes longer.
  EXPECT_EQ(search(c, stored, 16, {true, false}).cost(), s.cost());
  EXPECT_EQ(search(c, stored, 16).cost(), s.cost() + 8);
}

TEST(SwizzleTest, CoordinatesDoNotMatter) {
  // Lanes whose coordinates are mixed with those of registers are no worse.
  std::mt19937 random(8);
  DimList shape{{"k", 6}, {"m", 5}};
  LinearLayout loaded = blocked({{3, 0}, {3, 2}, {0, 1}, {0, 1}}, shape);
  LinearLayout columns = blocked({{0, 2}, {2, 3}, {1, 0}, {1, 0}}, shape);
  LinearLayout a = spread(mmaA(16), {{"m", 1}}, shape);
  for (MatrixInstructions has : {MatrixInstructions{}, MatrixInstructions{true, true}})
    for (const LinearLayout &reader : {columns, a}) {
      unsigned cost = search(loaded, reader, 16, has).cost();
      for (unsigned i = 0; i < 20; ++i) {
        LinearLayout mix(shape, shape, randomBasis(11, random));
        EXPECT_EQ(search(loaded.then(mix), reader.then(mix), 16, has).cost(), cost);
      }
    }
}

TEST(SwizzleTest, VectorsAreNotThoseThatLanesMix) {
  // Registers 1 and 2 on both sides; lane 1 is element 4 here, 4 ^ 1 there.
  DimList ins{{"register", 2}, {"lane", 5}}, outs{{"x", 7}};
  Staging s =
      search({ins, outs, {1, 2, 4, 8, 16, 32, 64}}, {ins, outs, {1, 2, 5, 16, 8, 64, 32}}, 32);
  // Register 2 may be the shared vector; register 1 may widen one side's.
  EXPECT_EQ(s.write.word.size() + s.read.word.size(), 3u);
  EXPECT_EQ(s.write.wavefronts, 4u);
  EXPECT_EQ(s.read.wavefronts, 4u);
}

TEST(SwizzleTest, FractionsOfBytesNeedCompany) {
  DimList shape{{"x", 6}};
  LinearLayout alone({{"register", 1}, {"lane", 5}}, shape, {32, 1, 2, 4, 8, 16});
  LinearLayout pairs({{"register", 1}, {"lane", 5}}, shape, {1, 2, 4, 8, 16, 32});
  EXPECT_TRUE(searchStaging(pairs, pairs, 4));
  EXPECT_FALSE(searchStaging(alone, pairs, 4));
  EXPECT_FALSE(searchStaging(pairs, pairs, 2));
}

} // namespace
