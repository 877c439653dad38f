//===- LinearLayoutTest.cpp - Layouts against their definitions -----------===//
#include "lib/Layout/LinearLayout.h"
#include <gtest/gtest.h>
#include <map>

using namespace einfall::layout;

namespace {

/// All layouts (a: 2^1, b: 2^1) -> (x: 2^1, y: 2^1) or wider, by their columns.
template <typename Body> void forAllLayouts(unsigned ins, unsigned outs, Body body) {
  for (uint64_t code = 0; code < 1ull << (ins * outs); ++code) {
    VectorList columns;
    for (unsigned i = 0; i < ins; ++i)
      columns.push_back(code >> (i * outs) & lowMask(outs));
    body(LinearLayout({{"a", 1}, {"b", ins - 1}}, {{"x", outs - 1}, {"y", 1}}, columns));
  }
}

uint64_t places(const LinearLayout &l) { return 1ull << l.inBits(); }

const LinearLayout accumulator =
    LinearLayout::identity(1, dimRegister, "n") * LinearLayout::identity(2, dimLane, "n") *
    LinearLayout::identity(3, dimLane, "m") * LinearLayout::identity(1, dimRegister, "m");

TEST(LinearLayoutTest, PointsAndNumbersAgree) {
  for (uint64_t r = 0; r < 4; ++r)
    for (uint64_t l = 0; l < 32; ++l) {
      Point at = accumulator({{dimRegister, r}, {dimLane, l}});
      EXPECT_EQ(at[0], std::make_pair(llvm::StringRef("n"), 2 * (l % 4) + r % 2));
      EXPECT_EQ(at[1], std::make_pair(llvm::StringRef("m"), l / 4 + 8 * (r / 2)));
      uint64_t flat = accumulator.flattenIn({{dimLane, l}, {dimRegister, r}});
      EXPECT_EQ(flat, r + 4 * l);
      EXPECT_EQ(accumulator(flat), accumulator.flattenOut(at));
    }
  EXPECT_EQ(accumulator.basis(dimLane, 2, "m"), 1u);
  EXPECT_TRUE(accumulator.isBijective());
}

TEST(LinearLayoutTest, Pieces) {
  LinearLayout strided = LinearLayout::strided(2, 3, "a", "x");
  for (uint64_t i = 0; i < 4; ++i)
    EXPECT_EQ(strided(i), 8 * i);
  EXPECT_EQ(strided.outBits("x"), 5u);
  LinearLayout zeros = LinearLayout::zeros(2, "a", "x");
  EXPECT_EQ(zeros(3), 0u);
  EXPECT_EQ(LinearLayout() * strided, strided);
  EXPECT_EQ(strided * LinearLayout(), strided);
}

TEST(LinearLayoutTest, RankClassifies) {
  forAllLayouts(3, 3, [](const LinearLayout &l) {
    std::map<uint64_t, unsigned> copies;
    for (uint64_t p = 0; p < places(l); ++p)
      ++copies[l(p)];
    EXPECT_EQ(l.isInjective(), copies.size() == places(l));
    EXPECT_EQ(l.isSurjective(), copies.size() == 1ull << l.outBits());
    // All elements have as many copies, a power of two: the free bits.
    for (auto [element, count] : copies)
      EXPECT_EQ(count, 1u << __builtin_popcountll(l.freeBits()));
    uint64_t zero = l.zeroBits("b");
    EXPECT_EQ(zero & ~l.freeBits("b"), 0u);
    LinearLayout dense = l.withoutZeroBases("b");
    EXPECT_EQ(dense.zeroBits("b"), 0u);
    EXPECT_EQ(dense.inBits("b"), 2u - __builtin_popcountll(zero));
    EXPECT_EQ(dense.rank(), l.rank());
  });
}

TEST(LinearLayoutTest, Inverses) {
  forAllLayouts(3, 3, [](const LinearLayout &l) {
    auto inverse = l.inverse();
    ASSERT_EQ(inverse.has_value(), l.isBijective());
    if (!inverse)
      return;
    for (uint64_t p = 0; p < places(l); ++p) {
      EXPECT_EQ((*inverse)(l(p)), p);
      EXPECT_EQ(l((*inverse)(p)), p);
    }
    EXPECT_EQ(inverse->ins(), l.outs());
    EXPECT_EQ(inverse->outs(), l.ins());
  });
}

TEST(LinearLayoutTest, PseudoInverses) {
  for (auto [ins, outs] : {std::pair(2u, 3u), {3u, 2u}, {3u, 3u}})
    forAllLayouts(ins, outs, [](const LinearLayout &l) {
      LinearLayout p = l.pseudoInverse();
      for (uint64_t place = 0; place < places(l); ++place)
        EXPECT_EQ(l(p(l(place))), l(place));
      for (uint64_t element = 0; element < 1ull << l.outBits(); ++element) {
        EXPECT_EQ(p(element) & l.freeBits(), 0u);
        if (l.isSurjective())
          EXPECT_EQ(l(p(element)), element);
      }
    });
}

TEST(LinearLayoutTest, Composition) {
  forAllLayouts(3, 2, [](const LinearLayout &f) {
    // Inputs in another order, one that f does not give, one that is longer.
    LinearLayout g({{"y", 1}, {"z", 1}, {"x", 2}}, {{"out", 3}}, {5, 7, 3, 6});
    LinearLayout both = f.then(g);
    for (uint64_t p = 0; p < places(f); ++p) {
      Point middle = f.unflattenOut(f(p));
      EXPECT_EQ(both(p), g(g.flattenIn(middle)));
    }
  });
}

TEST(LinearLayoutTest, ProductsContinue) {
  forAllLayouts(2, 2, [](const LinearLayout &f) {
    LinearLayout g({{"b", 1}, {"c", 1}}, {{"y", 2}, {"z", 1}}, {3, 6});
    LinearLayout product = f * g;
    EXPECT_EQ(product.inBits(), 4u);
    for (uint64_t p = 0; p < places(f); ++p)
      for (uint64_t q = 0; q < places(g); ++q) {
        Point x = f.unflattenIn(p), y = g.unflattenIn(q);
        Point at{{"a", x[0].second}, {"b", x[1].second | y[0].second << 1}, {"c", y[1].second}};
        Point fx = f(x), gy = g(y);
        Point expected{
            {"x", fx[0].second}, {"y", fx[1].second | gy[0].second << 1}, {"z", gy[1].second}};
        EXPECT_EQ(product(at), expected);
      }
  });
}

TEST(LinearLayoutTest, ProductsAssociateAndDivide) {
  LinearLayout g({{"b", 1}, {"c", 1}}, {{"y", 2}, {"z", 1}}, {3, 6});
  LinearLayout h({{"a", 1}, {"c", 1}}, {{"x", 1}, {"z", 1}}, {1, 3});
  forAllLayouts(3, 2, [&](const LinearLayout &f) {
    EXPECT_EQ((f * g) * h, f * (g * h));
    ASSERT_TRUE((f * g).divideLeft(f));
    EXPECT_EQ(f * *(f * g).divideLeft(f), f * g);
    ASSERT_TRUE((f * g).divideRight(g));
    EXPECT_EQ(*(f * g).divideRight(g) * g, f * g);
  });
}

TEST(LinearLayoutTest, DivisionFindsAllQuotients) {
  // For each layout and each divisor, a quotient is found if one exists at all.
  LinearLayout one = LinearLayout::identity(1, "a", "x");
  forAllLayouts(3, 3, [&](const LinearLayout &l) {
    bool exists = false;
    for (uint64_t code = 0; code < 16; ++code)
      exists |= LinearLayout({{"a", 1}}, {{"x", 1}}, {1}) *
                    LinearLayout({{"b", 2}}, {{"x", 1}, {"y", 1}}, {code & 3, code >> 2}) ==
                l;
    EXPECT_EQ(l.divideLeft(one).has_value(), exists);
    exists = false;
    for (uint64_t code = 0; code < 16; ++code)
      exists |= LinearLayout({{"a", 1}, {"b", 1}}, {{"x", 2}, {"y", 0}}, {code & 3, code >> 2}) *
                    LinearLayout({{"b", 1}}, {{"y", 1}}, {1}) ==
                l;
    EXPECT_EQ(l.divideRight(LinearLayout({{"b", 1}}, {{"y", 1}}, {1})).has_value(), exists);
  });
  EXPECT_FALSE(one.divideLeft(LinearLayout::identity(2, "a", "x")));
  EXPECT_FALSE(one.divideRight(LinearLayout::identity(1, "b", "x")));
}

TEST(LinearLayoutTest, InstructionTilesDivide) {
  LinearLayout tile = LinearLayout::identity(1, dimRegister, "n") *
                      LinearLayout::identity(2, dimLane, "n") *
                      LinearLayout::identity(3, dimLane, "m");
  auto rest = accumulator.divideLeft(tile);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->str(), "[register: (1)] -> (m: 2)");
  EXPECT_FALSE(accumulator.divideLeft(LinearLayout::identity(2, dimRegister, "n")));
}

TEST(LinearLayoutTest, Views) {
  LinearLayout flat = accumulator.reshapeOuts({{"e", 7}});
  for (uint64_t p = 0; p < 128; ++p)
    EXPECT_EQ(flat(p), accumulator(p));
  EXPECT_EQ(flat.reshapeOuts(accumulator.outs()), accumulator);
  EXPECT_EQ(accumulator.reshapeIns({{"p", 7}}).reshapeIns(accumulator.ins()), accumulator);

  LinearLayout turned = accumulator.transposeOuts({"m", "n"});
  for (uint64_t p = 0; p < 128; ++p) {
    Point a = accumulator.unflattenOut(accumulator(p)), b = turned.unflattenOut(turned(p));
    EXPECT_EQ(a[0], b[1]);
    EXPECT_EQ(a[1], b[0]);
  }
  LinearLayout lanesFirst = accumulator.transposeIns({{"lane", 5}, {"warp", 1}, {"register", 2}});
  for (uint64_t r = 0; r < 4; ++r)
    for (uint64_t l = 0; l < 32; ++l)
      EXPECT_EQ(lanesFirst({{"lane", l}, {"register", r}, {"warp", 1}}),
                accumulator({{"lane", l}, {"register", r}}));

  LinearLayout rows = accumulator.sublayout({"lane"}, {"m"});
  for (uint64_t l = 0; l < 32; ++l)
    EXPECT_EQ(rows(l), l / 4);
  EXPECT_EQ(accumulator.renameOut("n", "k").renameOut("k", "n"), accumulator);
  EXPECT_EQ(accumulator.renameIn("lane", "offset").columns("offset"), accumulator.columns("lane"));
}

TEST(LinearLayoutTest, TextRoundTrips) {
  EXPECT_EQ(accumulator.str(), "[register: (1, 0) (0, 8); lane: (2, 0) (4, 0) (0, 1) (0, 2) "
                               "(0, 4)] -> (n: 8, m: 16)");
  std::string error;
  auto check = [&](const LinearLayout &l) {
    auto parsed = LinearLayout::parse(l.str(), error);
    ASSERT_TRUE(parsed) << error;
    EXPECT_EQ(*parsed, l);
  };
  check(accumulator);
  check(LinearLayout());
  check(LinearLayout::zeros(2, "a", "x"));
  check(LinearLayout({{"a", 1}, {"b", 0}}, {}, {0}));
  forAllLayouts(3, 3, check);
}

TEST(LinearLayoutTest, TextErrors) {
  auto errorOf = [](llvm::StringRef text) {
    std::string error;
    EXPECT_FALSE(LinearLayout::parse(text, error)) << text.str();
    return error;
  };
  EXPECT_EQ(errorOf("a: (1)] -> (x: 2)"),
            "expected '[', but got 'a: (1)] -> (x: 2' at character 0");
  EXPECT_EQ(errorOf("[a: (1] -> (x: 2)"), "expected ')', but got '] -> (x: 2)' at character 6");
  EXPECT_EQ(errorOf("[a: (1)] -> (x: 3)"),
            "expected a power of two as the size of 'x', but got ')' at character 17");
  EXPECT_EQ(errorOf("[a: (1, 1)] -> (x: 2)"),
            "expected as many numbers in a basis as outputs, but got '' at character 21");
  EXPECT_EQ(errorOf("[a: (2)] -> (x: 2)"), "expected bases within 'x', but got '' at character 18");
  EXPECT_EQ(errorOf("[a: (1); a: (1)] -> (x: 2)"), "expected 'a' once, but got '' at character 26");
  EXPECT_EQ(errorOf("[a:] -> (x: 2) y"), "expected the end, but got ' y' at character 14");
  EXPECT_NE(errorOf("[a:] -> (x: 99999999999999999999)"), "");
  EXPECT_NE(errorOf("[a:] -> (x: 4294967296, y: 4294967296, z: 2)"), "");
}

} // namespace
