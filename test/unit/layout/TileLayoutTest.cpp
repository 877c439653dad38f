//===- TileLayoutTest.cpp - Products against their definition -------------===//
#include "lib/Layout/TileLayout.h"
#include "lib/Layout/Fragments.h"
#include "llvm/Support/MathExtras.h"
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace einfall::layout;
using Shape = TileLayout::Shape;

namespace {

/// Small tiles with extents that are no powers of two.
std::vector<TileLayout> tiles() {
  std::vector<TileLayout> result;
  for (uint64_t a : {1, 2, 3})
    for (uint64_t b : {1, 2, 5}) {
      result.push_back(TileLayout::spatial({a, b}));
      result.push_back(TileLayout::local({a, b}));
      result.push_back(TileLayout::columnSpatial({a, b}));
      result.push_back(TileLayout::columnLocal({a, b}));
    }
  result.push_back(TileLayout::replicated(2, 3));
  return result;
}

/// Whether both are the same map.
bool sameMap(const TileLayout &a, const TileLayout &b) {
  if (a.shape() != b.shape() || a.threads() != b.threads() || a.registers() != b.registers())
    return false;
  for (uint64_t t = 0; t < a.threads(); ++t)
    for (uint64_t r = 0; r < a.registers(); ++r)
      if (a.index(t, r) != b.index(t, r))
        return false;
  return true;
}

TEST(TileLayoutTest, Pieces) {
  TileLayout s = TileLayout::spatial({3, 5}), l = TileLayout::columnLocal({3, 5});
  EXPECT_EQ(s.threads(), 15u);
  EXPECT_EQ(s.registers(), 1u);
  EXPECT_EQ(l.threads(), 1u);
  EXPECT_EQ(l.registers(), 15u);
  for (uint64_t i = 0; i < 15; ++i) {
    EXPECT_EQ(s.index(i, 0), Shape({i / 5, i % 5}));
    EXPECT_EQ(l.index(0, i), Shape({i % 3, i / 3}));
  }
  TileLayout copies = TileLayout::replicated(2, 3);
  EXPECT_EQ(copies.threads(), 3u);
  EXPECT_EQ(copies.index(2, 0), Shape({0, 0}));
}

TEST(TileLayoutTest, ProductsFollowTheirDefinition) {
  for (const TileLayout &f : tiles())
    for (const TileLayout &g : tiles()) {
      TileLayout p = f * g;
      ASSERT_EQ(p.threads(), f.threads() * g.threads());
      ASSERT_EQ(p.registers(), f.registers() * g.registers());
      for (uint64_t t = 0; t < p.threads(); ++t)
        for (uint64_t r = 0; r < p.registers(); ++r) {
          Shape outer = f.index(t / g.threads(), r / g.registers());
          Shape inner = g.index(t % g.threads(), r % g.registers());
          for (unsigned d : {0, 1})
            EXPECT_EQ(p.index(t, r)[d], outer[d] * g.shape()[d] + inner[d]);
        }
    }
}

TEST(TileLayoutTest, EqualityIsThatOfMaps) {
  std::vector<TileLayout> products = tiles();
  for (const TileLayout &f : tiles())
    for (const TileLayout &g : tiles())
      products.push_back(f * g);
  for (unsigned i = 0; i < products.size(); i += 3)
    for (const TileLayout &other : products)
      EXPECT_EQ(products[i] == other, sameMap(products[i], other))
          << products[i].str() << " " << other.str();
}

TEST(TileLayoutTest, ProductsAssociateAndDivide) {
  std::mt19937 random(6);
  std::vector<TileLayout> all = tiles();
  auto some = [&] { return all[random() % all.size()]; };
  for (unsigned i = 0; i < 3000; ++i) {
    TileLayout f = some() * some(), g = some() * some(), h = some();
    EXPECT_EQ((f * g) * h, f * (g * h));
    TileLayout p = f * g;
    auto outer = p.divideRight(g), inner = p.divideLeft(f);
    ASSERT_TRUE(outer && inner) << f.str() << " * " << g.str();
    EXPECT_EQ(*outer, f);
    EXPECT_EQ(*inner, g);
    // What divides, divides: a quotient is never invented.
    TileLayout other = some() * some();
    if (auto q = p.divideRight(other))
      EXPECT_EQ(*q * other, p);
    if (auto q = p.divideLeft(other))
      EXPECT_EQ(other * *q, p);
  }
  EXPECT_FALSE(TileLayout::spatial({6, 1}).divideRight(TileLayout::local({2, 1})));
  EXPECT_FALSE(TileLayout::spatial({6, 1}).divideRight(TileLayout::spatial({4, 1})));
  EXPECT_FALSE(TileLayout::spatial({6, 2}).divideLeft(TileLayout::spatial({2, 2})));
}

TEST(TileLayoutTest, Permutations) {
  TileLayout p = mmaAccumulatorTile().permuted({1, 0});
  for (uint64_t t = 0; t < 32; ++t)
    for (uint64_t r = 0; r < 4; ++r) {
      Shape at = mmaAccumulatorTile().index(t, r);
      EXPECT_EQ(p.index(t, r), Shape({at[1], at[0]}));
    }
  EXPECT_EQ(p.permuted({1, 0}), mmaAccumulatorTile());
}

TEST(TileLayoutTest, WgmmaAccumulatorsOfAllWidths) {
  for (unsigned n = 8; n <= 256; n += 8) {
    TileLayout l = wgmmaAccumulatorTile(n);
    ASSERT_EQ(l.threads(), 128u);
    ASSERT_EQ(l.registers(), n / 2);
    std::set<Shape> seen;
    for (uint64_t t = 0; t < 128; ++t)
      for (uint64_t r = 0; r < n / 2; ++r) {
        uint64_t lane = t % 32;
        Shape expected{16 * (t / 32) + lane / 4 + 8 * (r / 2 % 2),
                       8 * (r / 4) + 2 * (lane % 4) + r % 2};
        EXPECT_EQ(l.index(t, r), expected);
        seen.insert(expected);
      }
    EXPECT_EQ(seen.size(), 64 * n);
    EXPECT_TRUE(l.divideRight(mmaAccumulatorTile()));
    auto linear = l.linear({"m", "n"});
    ASSERT_EQ(linear.has_value(), llvm::isPowerOf2_32(n));
    if (linear)
      EXPECT_EQ(*linear, wgmmaAccumulator(llvm::Log2_32(n)));
  }
}

TEST(TileLayoutTest, PowersOfTwoAreLinear) {
  for (const TileLayout &f : tiles())
    for (const TileLayout &g : tiles()) {
      TileLayout p = f * g;
      auto linear = p.linear({"m", "n"}, 1);
      bool expected = true;
      for (uint64_t size : {p.shape()[0], p.shape()[1], p.threads(), p.registers()})
        expected &= llvm::isPowerOf2_64(size);
      ASSERT_EQ(linear.has_value(), expected);
      for (uint64_t t = 0; linear && t < p.threads(); ++t)
        for (uint64_t r = 0; r < p.registers(); ++r) {
          Point at = (*linear)({{dimRegister, r}, {dimLane, t % 2}, {dimWarp, t / 2}});
          EXPECT_EQ(Shape({at[1].second, at[0].second}), p.index(t, r));
        }
    }
}

TEST(TileLayoutTest, Text) {
  EXPECT_EQ(mmaAccumulatorTile().str(),
            "(16, 8): threads 4 along 1 by 2, 8 along 0; registers 2 along 1, 2 along 0 by 8");
  EXPECT_EQ(TileLayout::replicated(1, 3).str(), "(1): threads 3 copies");
  EXPECT_EQ(TileLayout::local({1}).str(), "(1)");
}

} // namespace
