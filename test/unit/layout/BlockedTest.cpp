//===- BlockedTest.cpp - Layouts that a programmer would choose -----------===//
#include "lib/Layout/Blocked.h"
#include "lib/Layout/Fragments.h"
#include <gtest/gtest.h>

using namespace einfall::layout;

namespace {

/// The definition, digit by digit: in each box the first dimension of `order` varies
/// fastest; a coordinate is its digits from register to warp to repetition.
uint64_t coordinate(const Blocked &boxes, Dims shape, unsigned dim, uint64_t reg, uint64_t lane,
                    uint64_t warp) {
  auto digit = [&](llvm::ArrayRef<unsigned> bits, uint64_t &value) {
    uint64_t found = 0;
    for (unsigned d : boxes.order) {
      if (d == dim)
        found = value % (1u << bits[d]);
      value /= 1u << bits[d];
    }
    return found;
  };
  uint64_t result = digit(boxes.registers, reg);
  unsigned bits = boxes.registers[dim];
  result += digit(boxes.lanes, lane) << bits;
  bits += boxes.lanes[dim];
  result += digit(boxes.warps, warp) << bits;
  bits += boxes.warps[dim];
  llvm::SmallVector<unsigned, 4> rest;
  for (unsigned d = 0; d < shape.size(); ++d) {
    unsigned box = boxes.registers[d] + boxes.lanes[d] + boxes.warps[d];
    rest.push_back(shape[d].bits > box ? shape[d].bits - box : 0);
  }
  result += digit(rest, reg) << bits;
  return result % shape[dim].size();
}

TEST(BlockedTest, FollowsItsDigits) {
  for (unsigned registers : {0, 1, 2})
    for (unsigned lanes : {0, 2, 5})
      for (unsigned order : {0, 1})
        for (unsigned columns = 0; columns < 7; ++columns)
          for (unsigned rows = 0; rows < 7; ++rows) {
            DimList shape{{"column", columns}, {"row", rows}};
            Blocked boxes{{registers, 1}, {lanes, 5 - lanes}, {1, 1}, {order, 1 - order}};
            LinearLayout l = blocked(boxes, shape);
            ASSERT_EQ(l.outs(), Dims(shape));
            EXPECT_TRUE(l.isSurjective());
            for (uint64_t p = 0; p < 1ull << l.inBits(); ++p) {
              Point place = l.unflattenIn(p), at = l(place);
              for (unsigned dim : {0, 1})
                ASSERT_EQ(at[dim].second, coordinate(boxes, shape, dim, place[0].second,
                                                     place[1].second, place[2].second));
            }
          }
}

TEST(BlockedTest, LargerBoxesBroadcast) {
  Blocked boxes{{1}, {5}, {2}, {0}};
  LinearLayout l = blocked(boxes, {{"x", 4}});
  EXPECT_EQ(l.str(), "[register: (1); lane: (2) (4) (8) (0) (0); warp: (0) (0)] -> (x: 16)");
  EXPECT_EQ(l.zeroBits(dimLane), 24u);
  EXPECT_EQ(l.zeroBits(dimWarp), 3u);
}

TEST(BlockedTest, InstructionsSpread) {
  LinearLayout l = spread(mmaAccumulator(), {{"n", 1}, {"m", 1}}, {{"n", 5}, {"m", 6}});
  EXPECT_TRUE(l.isBijective());
  for (uint64_t w = 0; w < 4; ++w)
    for (uint64_t r = 0; r < 16; ++r)
      for (uint64_t lane = 0; lane < 32; ++lane) {
        Point at = l({{dimRegister, r}, {dimLane, lane}, {dimWarp, w}});
        EXPECT_EQ(at[0].second, 2 * (lane % 4) + r % 2 + 8 * (w % 2) + 16 * (r / 4 % 2));
        EXPECT_EQ(at[1].second, lane / 4 + 8 * (r / 2 % 2) + 16 * (w / 2) + 32 * (r / 8));
      }
}

} // namespace
