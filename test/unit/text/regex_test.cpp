//===- regex_test.cpp - The regular expressions of tokenizer.json --------===//
//
// Expected matches are those of Oniguruma through tokenizers 0.23.
//
//===----------------------------------------------------------------------===//

#include "text/regex.h"

#include <gtest/gtest.h>

using namespace einfall::text;

namespace {

using Words = std::vector<std::string>;

Words matches(std::string_view pattern, std::string_view text) {
  std::string error;
  auto regex = Regex::compile(pattern, error);
  EXPECT_TRUE(regex) << pattern << ": " << error;
  Words words;
  if (regex)
    for (Span s : regex->findAll(text))
      words.emplace_back(text.substr(s.first, s.second - s.first));
  return words;
}

std::string refusal(std::string_view pattern) {
  std::string error;
  EXPECT_FALSE(Regex::compile(pattern, error)) << pattern;
  return error;
}

TEST(Regex, Quantifiers) {
  EXPECT_EQ(matches("a+?", "aab"), (Words{"a", "a"}));
  EXPECT_EQ(matches("a*?b", "aab"), (Words{"aab"}));
  EXPECT_EQ(matches("a{1,2}", "aaaaa"), (Words{"aa", "aa", "a"}));
  EXPECT_EQ(matches("a{,2}b", "aaab"), (Words{"aab"}));
  EXPECT_EQ(matches("a{2,}b", "ab aab aaab"), (Words{"aab", "aaab"}));
  EXPECT_EQ(matches("a{2,3}?", "aaaa"), (Words{"aa", "aa"}));
  EXPECT_EQ(matches("a++a|b", "aab"), (Words{"b"}));
  EXPECT_EQ(matches("(?:ab){2}", "ababab"), (Words{"abab"}));
  EXPECT_EQ(matches("(?:ab|a)++b", "abab"), (Words{}));
  EXPECT_EQ(matches("(?:ab|a)+b", "ababb"), (Words{"ababb"}));
}

TEST(Regex, IntervalSuffixesAreOnigurumas) {
  EXPECT_EQ(matches("\\d{1,3}+", "12345678"), (Words{"12345678"}));
  EXPECT_EQ(matches("a{2}+", "aaaaa"), (Words{"aaaa"}));
  EXPECT_EQ(matches("xa{2}?", "xaax"), (Words{"xaa", "x"}));
  EXPECT_EQ(matches("a{", "a{b"), (Words{"a{"}));
  EXPECT_EQ(matches("a{x}", "a{x}"), (Words{"a{x}"}));
}

TEST(Regex, EmptyMatchesAreNotRepeated) {
  EXPECT_EQ(matches("x*", "abxxcx"), (Words{"", "", "xx", "x"}));
  EXPECT_EQ(matches("^", "ab\nc\n"), (Words{"", ""}));
  EXPECT_EQ(matches("b$", "ab\nb"), (Words{"b", "b"}));
  EXPECT_EQ(matches("\\Aa|a\\z", "aaa"), (Words{"a", "a"}));
}

TEST(Regex, Classes) {
  EXPECT_EQ(matches("[^\\s\\p{L}\\p{N}]+", "a!? 1\u00E9-"), (Words{"!?", "-"}));
  EXPECT_EQ(matches("[a-c-]+", "ab-d"), (Words{"ab-"}));
  EXPECT_EQ(matches("[-a]", "a-b"), (Words{"a", "-"}));
  EXPECT_EQ(matches("[^[^a]b]", "abc"), (Words{"a"}));
  EXPECT_EQ(matches("[\\]\\\\]", "a]\\"), (Words{"]", "\\"}));
  EXPECT_EQ(matches("[\u4E00-\u9FA5]+", "a\u4E00\u4E01b"), (Words{"\u4E00\u4E01"}));
  EXPECT_EQ(matches("\\p{^L}\\P{Lu}\\p{Letter}", "1aA"), (Words{"1aA"}));
  EXPECT_EQ(matches("\\x41\\u0042\\x{43}", "ABC"), (Words{"ABC"}));
  EXPECT_EQ(matches(".", "a\nb"), (Words{"a", "b"}));
  EXPECT_EQ(matches("\\w", "\u00B2"), (Words{"\u00B2"}));
  EXPECT_EQ(matches("[\\w]", "\u00B2a"), (Words{"a"}));
}

TEST(Regex, IgnoreCase) {
  EXPECT_EQ(matches("(?i:'s|'t)", "'S't'\u017F"), (Words{"'S", "'t", "'\u017F"}));
  EXPECT_EQ(matches("(?i:[^k])", "kK\u212Ax"), (Words{"x"}));
  EXPECT_EQ(matches("(?i)ab|c", "ABC"), (Words{"AB", "C"}));
  EXPECT_EQ(matches("(?i:a(?-i:b))", "ABAb"), (Words{"Ab"}));
}

TEST(Regex, LookAheadAndAtomicGroups) {
  EXPECT_EQ(matches("\\s+(?!\\S)|\\s+", "a   b  "), (Words{"  ", " ", "  "}));
  EXPECT_EQ(matches("a(?=b)", "abaab"), (Words{"a", "a"}));
  EXPECT_EQ(matches("(?>a+)b", "aab"), (Words{"aab"}));
  EXPECT_EQ(matches("(?>a|ab)c", "abc"), (Words{}));
}

TEST(Regex, RefusesByName) {
  EXPECT_NE(refusal("(?<=a)b").find("(?<="), std::string::npos);
  EXPECT_NE(refusal("\\p{Greek}").find("\\p{Greek}"), std::string::npos);
  EXPECT_NE(refusal("a\\b").find("\\b"), std::string::npos);
  EXPECT_NE(refusal("[a&&b]").find("&&"), std::string::npos);
  EXPECT_NE(refusal("(?i:ss)").find("folding"), std::string::npos);
  EXPECT_NE(refusal("(?i:\u00E9)").find("ASCII"), std::string::npos);
  for (const char *pattern : {"(",           ")",
                              "a)",          "[",
                              "[]",          "[z-a]",
                              "[a-\\d]",     "*",
                              "a**",         "a{3,1}",
                              "(?:a*)*",     "(?:)+",
                              "\\",          "\\p",
                              "\\p{",        "\\u12",
                              "\\x{110000}", "(?",
                              "(?i",         "(?:",
                              "a{2000}",     "(?:(?:a{1000}b){1000}c){1000}",
                              "[a",          "[\\",
                              "[a-"})
    refusal(pattern);
  refusal(std::string(100000, '('));
  refusal(std::string(100000, '['));
}

TEST(Regex, LongRunsNeedNoCallDepth) {
  std::string spaces(1 << 20, ' ');
  EXPECT_EQ(matches("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", spaces + "x").size(), 2u);
  EXPECT_EQ(matches("(?:ab|ac)+", std::string(1 << 16, 'a')).size(), 0u);
}

TEST(Regex, RunawayBacktrackingEnds) {
  EXPECT_EQ(matches("(?:a|a|a)+b", std::string(64, 'a')).size(), 0u);
}

} // namespace
