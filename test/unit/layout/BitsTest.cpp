//===- BitsTest.cpp - Linear algebra over F2, by enumeration --------------===//
#include "lib/Layout/Bits.h"
#include <gtest/gtest.h>
#include <set>

using namespace einfall::layout;

namespace {

std::set<uint64_t> allSums(Vectors vectors) {
  std::set<uint64_t> sums;
  for (uint64_t x = 0; x < 1ull << vectors.size(); ++x)
    sums.insert(multiply(vectors, x));
  return sums;
}

/// Calls `body` with all matrices of `columns` columns of `bits` bits.
template <typename Body> void forAllMatrices(unsigned columns, unsigned bits, Body body) {
  for (uint64_t code = 0; code < 1ull << (columns * bits); ++code) {
    VectorList matrix;
    for (unsigned i = 0; i < columns; ++i)
      matrix.push_back(code >> (i * bits) & lowMask(bits));
    body(matrix);
  }
}

TEST(BitsTest, RankCountsTheSpan) {
  forAllMatrices(4, 3, [](Vectors m) {
    std::set<uint64_t> sums = allSums(m);
    EXPECT_EQ(1ull << rankOf(m), sums.size());
    Span span;
    span.insert(m);
    for (uint64_t v = 0; v < 8; ++v) {
      EXPECT_EQ(span.contains(v), sums.count(v) == 1);
      if (auto x = span.solve(v))
        EXPECT_EQ(multiply(m, *x), v);
    }
  });
}

TEST(BitsTest, SolutionsAreLinear) {
  forAllMatrices(4, 3, [](Vectors m) {
    Span span;
    span.insert(m);
    std::set<uint64_t> sums = allSums(m);
    for (uint64_t a : sums)
      for (uint64_t b : sums)
        EXPECT_EQ(*span.solve(a) ^ *span.solve(b), *span.solve(a ^ b));
  });
}

TEST(BitsTest, KernelIsWhatVanishes) {
  forAllMatrices(4, 3, [](Vectors m) {
    VectorList kernel = kernelOf(m);
    EXPECT_EQ(kernel.size(), 4 - rankOf(m));
    EXPECT_EQ(rankOf(kernel), kernel.size());
    for (uint64_t x : kernel)
      EXPECT_EQ(multiply(m, x), 0u);
  });
}

TEST(BitsTest, IntersectionsAndExtensions) {
  forAllMatrices(4, 3, [](Vectors m) {
    Vectors a = m.take_front(2), b = m.drop_front(2);
    std::set<uint64_t> inA = allSums(a), inB = allSums(b), inBoth;
    for (uint64_t v : inA)
      if (inB.count(v))
        inBoth.insert(v);
    VectorList both = intersectionOf(a, b);
    EXPECT_EQ(allSums(both), inBoth);
    EXPECT_EQ(rankOf(both), both.size());

    VectorList rest = extensionOf(a, unitVectors(3));
    EXPECT_EQ(rest.size(), 3 - rankOf(a));
    rest.append(a.begin(), a.end());
    EXPECT_EQ(rankOf(rest), 3u);
  });
}

} // namespace
