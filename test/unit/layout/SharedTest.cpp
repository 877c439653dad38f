//===- SharedTest.cpp - Layouts of memory ---------------------------------===//
#include "lib/Layout/Shared.h"
#include <gtest/gtest.h>

using namespace einfall::layout;

namespace {

TEST(SharedTest, RowMajor) {
  LinearLayout l = contiguous({{"column", 3}, {"row", 2}});
  for (uint64_t offset = 0; offset < 32; ++offset) {
    EXPECT_EQ(l({{dimOffset, offset}})[0].second, offset % 8);
    EXPECT_EQ(l({{dimOffset, offset}})[1].second, offset / 8);
  }
}

TEST(SharedTest, SwizzlesUndoThemselves) {
  for (unsigned bits : {0, 1, 2, 3})
    for (unsigned base : {0, 1, 4})
      for (unsigned shift : {3, 4})
        for (unsigned total : {4, 9, 12}) {
          LinearLayout l = xorSwizzle(total, bits, base, shift, dimOffset, dimOffset);
          for (uint64_t x = 0; x < 1ull << total; ++x) {
            EXPECT_EQ(l(x), x ^ ((x >> (base + shift) & ((1u << bits) - 1)) << base));
            EXPECT_EQ(l(l(x)), x);
          }
        }
}

TEST(SharedTest, TmaSwizzles) {
  // Where TMA puts an element: rows of `span` bytes, 16-byte piece c of the line
  // of 128 bytes at piece c ^ (line mod span / 16).
  for (unsigned elementBits : {8, 16, 32})
    for (unsigned span : {16, 32, 64, 128})
      for (unsigned slabs : {0, 1}) {
        unsigned bytes = elementBits / 8, width = span / bytes, rows = 32;
        unsigned log2columns = __builtin_ctz(width) + slabs;
        LinearLayout l = tmaSwizzled({"column", log2columns}, {"row", 5}, elementBits, span);
        LinearLayout where = *l.inverse();
        for (uint64_t row = 0; row < rows; ++row)
          for (uint64_t column = 0; column < 1u << log2columns; ++column) {
            uint64_t address = (column / width * rows + row) * span + column % width * bytes;
            uint64_t line = address / 128, piece = address / 16;
            uint64_t expected = (piece ^ (line % (span / 16))) * 16 + address % 16;
            EXPECT_EQ(where({{"column", column}, {"row", row}})[0].second * bytes, expected);
          }
      }
}

} // namespace
