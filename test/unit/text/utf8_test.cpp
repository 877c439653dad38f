//===- utf8_test.cpp - Repair of ill-formed UTF-8 ------------------------===//

#include "text/utf8.h"

#include <gtest/gtest.h>

using namespace einfall::text;

namespace {

const std::string bad = "\xEF\xBF\xBD";

TEST(Utf8, RoundTripsEveryCodePoint) {
  std::string all;
  for (uint32_t c = 0; c <= 0x10FFFF; ++c)
    if (c < 0xD800 || c > 0xDFFF)
      appendUtf8(all, c);
  EXPECT_EQ(repairUtf8(all), all);
  uint32_t expected = 0;
  for (size_t pos = 0; pos < all.size();) {
    size_t start = pos;
    if (expected == 0xD800)
      expected = 0xE000;
    ASSERT_EQ(nextCodePoint(all, pos), expected++);
    ASSERT_EQ(previousCodePoint(all, pos), start);
  }
}

TEST(Utf8, ReplacesMaximalIllFormedParts) {
  EXPECT_EQ(repairUtf8("a\x80z"), "a" + bad + "z");
  EXPECT_EQ(repairUtf8("\xE2\x82"), bad);
  EXPECT_EQ(repairUtf8("\xE2\x82z"), bad + "z");
  EXPECT_EQ(repairUtf8("\xF0\x9F\x98\xE2\x82\xAC"), bad + "\xE2\x82\xAC");
  EXPECT_EQ(repairUtf8("\xC0\xAF"), bad + bad);
  EXPECT_EQ(repairUtf8("\xED\xA0\x80"), bad + bad + bad);
  EXPECT_EQ(repairUtf8("\xE0\x9F\xBF"), bad + bad + bad);
  EXPECT_EQ(repairUtf8("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(repairUtf8("\xFF\xFE"), bad + bad);
}

TEST(Utf8, HoldsBackWhatMayStillBeCompleted) {
  LossyUtf8 decoder;
  std::string out;
  decoder.push("\xE2\x82", out);
  EXPECT_EQ(out, "");
  decoder.push("\xAC\xF0\x9F", out);
  EXPECT_EQ(out, "\xE2\x82\xAC");
  decoder.push("x", out);
  EXPECT_EQ(out, "\xE2\x82\xAC" + bad + "x");
  decoder.push("\xC3", out);
  decoder.flush(out);
  decoder.flush(out);
  EXPECT_EQ(out, "\xE2\x82\xAC" + bad + "x" + bad);
}

} // namespace
