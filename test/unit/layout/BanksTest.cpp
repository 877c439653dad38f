//===- BanksTest.cpp - Wavefronts against counting ------------------------===//
#include "lib/Layout/Blocked.h"
#include "lib/Layout/Fragments.h"
#include "lib/Layout/Shared.h"
#include "lib/Layout/Swizzle.h"
#include "test/unit/layout/Machine.h"
#include <gtest/gtest.h>

using namespace einfall::layout;
using namespace einfall::layout::test;

namespace {

void expectCounted(Vectors lanes, unsigned log2bytes) {
  std::vector<uint64_t> addresses;
  for (uint64_t lane = 0; lane < 1u << lanes.size(); ++lane)
    addresses.push_back(multiply(lanes, lane));
  unsigned counted = countWavefronts(addresses, 1 << log2bytes);
  ASSERT_EQ(wavefronts(lanes, log2bytes), counted);
  unsigned phases = std::max<unsigned>(1, (addresses.size() << log2bytes) / 128);
  EXPECT_EQ(isConflictFree(lanes, log2bytes), counted == phases);
}

TEST(BanksTest, RanksCountWavefronts) {
  // All ways for lanes to go, among a few strides that meet in banks or do not.
  uint64_t strides[] = {0, 1, 2, 5, 8, 32, 33};
  for (unsigned log2bytes = 0; log2bytes <= 4; ++log2bytes)
    for (unsigned code = 0; code < 16807; ++code) {
      VectorList lanes;
      for (unsigned i = 0, rest = code; i < 5; ++i, rest /= 7)
        lanes.push_back(strides[rest % 7] << std::max(log2bytes, 2u));
      expectCounted(lanes, log2bytes);
    }
}

TEST(BanksTest, RandomAddresses) {
  std::mt19937 random(1);
  for (unsigned i = 0; i < 20000; ++i) {
    unsigned log2bytes = random() % 5;
    VectorList lanes;
    for (unsigned lane = 0; lane < 5; ++lane)
      lanes.push_back((random() & 1023) >> log2bytes << log2bytes);
    expectCounted(lanes, log2bytes);
  }
}

TEST(BanksTest, ColumnsOfRowMajorConflict) {
  // Lanes down a column of 32 words: one bank. Along a row: no conflict.
  LinearLayout matrix = contiguous({{"column", 5}, {"row", 5}});
  LinearLayout down =
      LinearLayout::identity(5, dimLane, "row") * LinearLayout::identity(5, dimRegister, "column");
  down = down.transposeOuts({"column", "row"});
  LinearLayout along =
      LinearLayout::identity(5, dimLane, "column") * LinearLayout::identity(5, dimRegister, "row");
  LinearLayout offsets = offsetsIn(matrix, down);
  VectorList addresses;
  for (uint64_t offset : offsets.columns(dimLane))
    addresses.push_back(4 * offset);
  EXPECT_EQ(wavefronts(addresses, 2), 32u);
  auto access = vectorAccess(offsetsIn(matrix, along), 32);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->instructions, 32u);
  EXPECT_EQ(access->wavefronts, 32u);
}

TEST(BanksTest, AccessesMoveWhatTheyShouldAndAreCounted) {
  std::mt19937 random(2);
  unsigned seen[3] = {};
  for (unsigned i = 0; i < 4000; ++i) {
    unsigned elementBits = 1u << random() % 7, bits = 7 + random() % 4;
    // Few bits are mixed, so that vectors and matrices are found.
    unsigned registers = random() % (bits - 4);
    VectorList columns = i % 3 ? unitVectors(bits) : randomOrder(bits, random);
    if (i % 3 == 1) // lanes 4, 8 and 16 along a row
      std::rotate(columns.begin(), columns.begin() + 3, columns.begin() + registers + 5);
    for (unsigned k = 0; k < random() % 4; ++k) {
      unsigned a = random() % bits, b = random() % bits;
      if (a != b)
        columns[a] ^= columns[b];
    }
    LinearLayout l({{"register", registers}, {"lane", 5}, {"warp", bits - registers - 5}},
                   {{"offset", bits}}, columns);
    for (AccessKind kind : {AccessKind::vector, AccessKind::matrix, AccessKind::matrixTransposed}) {
      auto access = accessOf(kind, l, elementBits);
      if (!access)
        continue;
      ++seen[static_cast<unsigned>(kind)];
      EXPECT_EQ(access->wavefronts, countWavefronts(*access, l, elementBits));
      uint64_t aligned = kind == AccessKind::vector ? elementBits << access->word.size() : 128;
      for (uint64_t warp = 0; warp < 1u << l.inBits(dimWarp); ++warp)
        forAllMoves(*access, l, elementBits, warp,
                    [&](uint64_t reg, uint64_t lane, uint64_t offset, uint64_t start) {
                      uint64_t own =
                          l.flattenIn({{dimRegister, reg}, {dimLane, lane}, {dimWarp, warp}});
                      EXPECT_EQ(l(own), offset);
                      EXPECT_EQ(start * elementBits % aligned, 0u);
                    });
    }
  }
  for (unsigned count : seen)
    EXPECT_GT(count, 20u);
}

TEST(BanksTest, FragmentsLoadAsMatrices) {
  // A 16x16 tile under the swizzle of 32 bytes: one ldmatrix.x4, without conflicts.
  LinearLayout a = mmaA(16);
  for (unsigned log2rows : {4, 6})
    for (unsigned log2span : {4, 5, 6}) {
      DimList shape{{"k", log2span}, {"m", log2rows}};
      LinearLayout memory = tmaSwizzled(shape[0], shape[1], 16, 2u << log2span);
      auto access = matrixAccess(offsetsIn(memory, fitted(a, shape)), 16, false);
      ASSERT_TRUE(access);
      EXPECT_EQ(access->instructions, 1u << (log2rows + log2span - 8));
      EXPECT_EQ(access->wavefronts, 4 * access->instructions);
      EXPECT_FALSE(matrixAccess(offsetsIn(memory, fitted(a, shape)), 16, true));
    }
  // Without the swizzle eight rows of 128 bytes meet in four banks.
  DimList shape{{"k", 6}, {"m", 4}};
  auto access = matrixAccess(offsetsIn(contiguous(shape), fitted(a, shape)), 16, false);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->wavefronts, 8 * 4 * access->instructions);
}

TEST(BanksTest, TransposedTilesLoadTransposed) {
  // B (k, n) of a row-major k x n tile: n is contiguous, so matrices are transposed.
  DimList shape{{"k", 4}, {"n", 6}};
  LinearLayout b = fitted(mmaB(16), shape);
  LinearLayout memory = tmaSwizzled({"n", 6}, {"k", 4}, 16, 128).transposeOuts({"k", "n"});
  EXPECT_FALSE(matrixAccess(offsetsIn(memory, b), 16, false));
  auto access = matrixAccess(offsetsIn(memory, b), 16, true);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->instructions, 4u);
  EXPECT_EQ(access->wavefronts, 16u);
}

} // namespace
