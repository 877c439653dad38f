//===- nfc_test.cpp - Normalization form C -------------------------------===//

#include "text/nfc.h"

#include <gtest/gtest.h>

using namespace einfall::text;

namespace {

TEST(Nfc, LeavesComposedTextAlone) {
  EXPECT_EQ(toNfc(""), "");
  EXPECT_EQ(toNfc("plain caf\xC3\xA9"), "plain caf\xC3\xA9");
}

TEST(Nfc, ComposesAndOrdersMarks) {
  EXPECT_EQ(toNfc("e\u0301"), "\u00E9");
  // A dot below (220) moves before a circumflex (230).
  EXPECT_EQ(toNfc("a\u0302\u0323"), "\u1EAD");
  // The second mark of a class is blocked by the first.
  EXPECT_EQ(toNfc("q\u0307\u0307"), "q\u0307\u0307");
  EXPECT_EQ(toNfc("\u0301e"), "\u0301e");
  EXPECT_EQ(toNfc("e\u0301\u0301"), "\u00E9\u0301");
}

TEST(Nfc, ReplacesSingletonsAndHonoursExclusions) {
  EXPECT_EQ(toNfc("\u212B"), "\u00C5");
  EXPECT_EQ(toNfc("\u0958"), "\u0915\u093C");
  EXPECT_EQ(toNfc("\U0001D15F"), "\U0001D158\U0001D165");
}

TEST(Nfc, ComposesHangul) {
  EXPECT_EQ(toNfc("\u1112\u1161\u11AB"), "\uD55C");
  EXPECT_EQ(toNfc("\uD558\u11AB"), "\uD55C");
  EXPECT_EQ(toNfc("\uD55C\u11AB"), "\uD55C\u11AB");
}

} // namespace
