//===- PackingTest.cpp - Elements of a few bits ---------------------------===//
#include "lib/Layout/Packing.h"
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace einfall::layout;

namespace {

TEST(PackingTest, StreamsOfBits) {
  std::mt19937_64 random(7);
  for (unsigned elementBits = 1; elementBits <= 8; ++elementBits)
    for (unsigned wordBits : {8, 16, 32, 64})
      for (unsigned count : {0, 1, 7, 32, 65}) {
        Packing packing{elementBits, wordBits};
        llvm::SmallVector<uint64_t> elements;
        for (unsigned i = 0; i < count; ++i)
          elements.push_back(random() & lowMask(elementBits));
        auto words = packing.pack(elements);
        ASSERT_EQ(words.size(), (count * elementBits + wordBits - 1) / wordBits);
        for (unsigned bit = 0; bit < count * elementBits; ++bit)
          EXPECT_EQ(words[bit / wordBits] >> bit % wordBits & 1,
                    elements[bit / elementBits] >> bit % elementBits & 1);
        EXPECT_EQ(packing.unpack(words, count), elements);
      }
}

TEST(PackingTest, PiecesRepeat) {
  for (unsigned elementBits = 1; elementBits <= 8; ++elementBits) {
    Packing packing{elementBits, 32};
    uint64_t period = packing.elementsInPeriod(), words = packing.wordsInPeriod();
    EXPECT_EQ(period * elementBits, words * 32);
    unsigned divided = 0;
    for (uint64_t i = 0; i < 2 * period; ++i) {
      auto pieces = packing.piecesOf(i), next = packing.piecesOf(i + period);
      divided += pieces.size() == 2;
      unsigned bits = 0;
      for (BitPiece &piece : pieces) {
        EXPECT_LE(piece.shift + piece.bits, 32u);
        EXPECT_EQ(piece.from, bits);
        bits += piece.bits;
        piece.word += words;
      }
      EXPECT_EQ(bits, elementBits);
      EXPECT_EQ(pieces, next);
    }
    // Every word but the last of a period ends within an element.
    EXPECT_EQ(divided, 2 * (words - 1));
  }
}

TEST(PackingTest, BytesAreElementsUnderAnotherName) {
  for (unsigned elementBits = 1; elementBits <= 8; ++elementBits)
    for (uint64_t registers : {1, 2, 4, 8, 24, 40, 128}) {
      auto layout = byteLayout(32, registers, elementBits);
      ASSERT_EQ(layout.has_value(), registers * elementBits % 8 == 0);
      if (!layout)
        continue;
      uint64_t bytes = registers * elementBits / 8;
      EXPECT_EQ(layout->threads(), 32u);
      EXPECT_EQ(layout->registers(), bytes);
      std::vector<unsigned> seen(32 * bytes);
      for (uint64_t t = 0; t < 32; ++t)
        for (uint64_t r = 0; r < bytes; ++r)
          ++seen[layout->index(t, r)[0]];
      EXPECT_EQ(seen, std::vector<unsigned>(32 * bytes, 1));
      // A thread's vector is contiguous and aligned, and threads follow one another.
      uint64_t vector = std::gcd(bytes, uint64_t(16));
      for (uint64_t t = 0; t < 32; ++t)
        for (uint64_t r = 0; r < bytes; ++r)
          EXPECT_EQ(layout->index(t, r)[0], (r / vector * 32 + t) * vector + r % vector);
    }
}

TEST(PackingTest, PairsAreHalfAWordApart) {
  for (unsigned elementBits : {1, 2, 4, 8}) {
    LinearLayout l = pairInterleaved(elementBits);
    ASSERT_TRUE(l.isBijective());
    LinearLayout slot = *l.inverse();
    for (uint64_t i = 0; i < 32 / elementBits; i += 2) {
      EXPECT_EQ(slot(i) * elementBits + 16, slot(i + 1) * elementBits);
      EXPECT_EQ(slot(i), i / 2);
    }
  }
  uint64_t nibbles[] = {0, 2, 4, 6, 1, 3, 5, 7};
  for (uint64_t i = 0; i < 8; ++i)
    EXPECT_EQ(pairInterleaved(4)(i), nibbles[i]);
}

} // namespace
