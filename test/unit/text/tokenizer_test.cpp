//===- tokenizer_test.cpp - Tokenizers read from JSON --------------------===//

#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

using namespace einfall::text;

namespace {

using Ids = std::vector<int32_t>;

std::string readFile(const char *path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::unique_ptr<Tokenizer> load(const std::string &json) {
  std::string error;
  auto tokenizer = Tokenizer::fromJson(json, error);
  EXPECT_TRUE(tokenizer) << error;
  return tokenizer;
}

std::string refusal(const std::string &json) {
  std::string error;
  EXPECT_FALSE(Tokenizer::fromJson(json, error)) << json;
  return error;
}

/// A file with the given sections besides a model of a, b, ab and a space.
std::string file(const std::string &sections) {
  return R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3},
             "merges": ["a b"]})" +
         (sections.empty() ? "" : ", " + sections) + "}";
}

std::string added(const std::string &content, const std::string &yes = "") {
  std::string token = R"({"id": 9, "content": ")" + content + '"';
  for (const char *flag : {"single_word", "lstrip", "rstrip", "normalized", "special"})
    token += std::string(", \"") + flag +
             (yes.find(flag) == std::string::npos ? "\": false" : "\": true");
  return token + "}";
}

const std::string byteLevel =
    R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true})";

TEST(Tokenizer, TinyLlamaRoundTrips) {
  auto tokenizer = load(readFile(TEXT_TEST_MODEL));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocabSize(), 4096u);
  using namespace std::string_literals;
  std::string text = "The \xE2\x82\xAC and \xF0\x9F\x99\x82, it's 3.14\n\n\tend \0 ."s;
  Ids ids = tokenizer->encode(text, true);
  EXPECT_EQ(tokenizer->decode(ids, true), text);
  EXPECT_EQ(tokenizer->encode("</s>", false), Ids{1});
  EXPECT_EQ(tokenizer->decode(Ids{0, 1}, true), "");
  EXPECT_EQ(tokenizer->decode(Ids{0, -1, 4096, INT32_MAX}, false), "<s>");
  EXPECT_EQ(tokenizer->encode("\xFF", false), tokenizer->encode("\xEF\xBF\xBD", false));
}

TEST(Tokenizer, StreamDecoderWaitsForWholeCharacters) {
  auto tokenizer = load(readFile(TEXT_TEST_MODEL));
  ASSERT_TRUE(tokenizer);
  std::string smile = "\xF0\x9F\xAB\xA8";
  Ids ids = tokenizer->encode(smile, false);
  ASSERT_GT(ids.size(), 1u);
  StreamDecoder stream(*tokenizer, false);
  for (size_t i = 0; i + 1 < ids.size(); ++i)
    EXPECT_EQ(stream.push(ids[i]), "");
  EXPECT_EQ(stream.push(ids.back()), smile);
  EXPECT_EQ(stream.push(ids[0]), "");
  EXPECT_EQ(stream.flush(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.flush(), "");
}

TEST(Tokenizer, LongTextTakesLinearTime) {
  auto tokenizer = load(readFile(TEXT_TEST_MODEL));
  ASSERT_TRUE(tokenizer);
  std::string text;
  for (int i = 0; i < 200000; ++i)
    text += " word" + std::to_string(i % 5000);
  text += std::string(1 << 20, 'x') + std::string(1 << 20, ' ');
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, false), false), text);
}

TEST(Tokenizer, MergesAsStringsAndPairs) {
  auto strings = load(file(R"("pre_tokenizer": )" + byteLevel));
  auto pairs = load(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1,
      "ab": 2}, "merges": [["a", "b"]]}})");
  ASSERT_TRUE(strings && pairs);
  EXPECT_EQ(strings->encode("ab ba", false), (Ids{2, 3, 1, 0}));
  EXPECT_EQ(pairs->encode("abba", false), (Ids{2, 1, 0}));
}

TEST(Tokenizer, AddedTokensGetTheNextFreeIds) {
  auto tokenizer = load(file(R"("added_tokens": [)" + added("<x>", "special") + ", " +
                             added("<y>") + ", " + added("ab") + "]"));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocabSize(), 6u);
  EXPECT_EQ(tokenizer->encode("a<x>ab<y>b", true), (Ids{0, 4, 2, 5, 1}));
  EXPECT_EQ(tokenizer->decode(Ids{4, 5}, true), "<y>");
  EXPECT_EQ(tokenizer->decode(Ids{4, 5}, false), "<x> <y>");
}

TEST(Tokenizer, AddedTokenFlags) {
  auto encode = [](const std::string &flags, const std::string &text) {
    auto tokenizer = load(
        file(R"("added_tokens": [)" + added("<x>", flags) + R"(], "pre_tokenizer": )" + byteLevel));
    return tokenizer ? tokenizer->encode(text, true) : Ids();
  };
  EXPECT_EQ(encode("", "a <x> b"), (Ids{0, 3, 4, 3, 1}));
  EXPECT_EQ(encode("lstrip", "a <x> b"), (Ids{0, 4, 3, 1}));
  EXPECT_EQ(encode("rstrip", "a <x> \t\u00A0b"), (Ids{0, 3, 4, 1}));
  EXPECT_EQ(encode("lstrip rstrip", "<x>  <x>  "), (Ids{4, 4}));
  EXPECT_EQ(encode("single_word", "a<x> <x>a <x>"), (Ids{0, 3, 0, 3, 4}));
}

TEST(Tokenizer, PostProcessors) {
  std::string tokens = R"("added_tokens": [)" + added("<x>", "special") + "],";
  std::string plate = R"({"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<x>", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
      "special_tokens": {"<x>": {"id": "<x>", "ids": [4], "tokens": ["<x>"]}}})";
  auto alone = load(file(tokens + R"("post_processor": )" + plate));
  auto nested = load(file(tokens + R"("post_processor": {"type": "Sequence", "processors": [)" +
                          byteLevel + ", " + plate + "]}"));
  auto ends = load(file(R"("post_processor": {"type": "RobertaProcessing",
      "cls": ["a", 0], "sep": ["b", 1], "trim_offsets": true,
      "add_prefix_space": true})"));
  ASSERT_TRUE(alone && nested && ends);
  for (const auto &tokenizer : {alone.get(), nested.get()}) {
    EXPECT_EQ(tokenizer->encode("ab", true), (Ids{4, 2}));
    EXPECT_EQ(tokenizer->encode("ab", false), Ids{2});
    EXPECT_EQ(tokenizer->encode("", true), Ids{4});
  }
  EXPECT_EQ(ends->encode("ab", true), (Ids{0, 2, 1}));
  EXPECT_EQ(ends->encode("ab", false), Ids{2});
}

TEST(Tokenizer, RefusesOtherKindsByName) {
  auto names = [](const std::string &error, const char *kind) {
    return error.find(kind) != std::string::npos &&
           error.find("pass token ids") != std::string::npos;
  };
  for (const char *kind : {"Unigram", "WordPiece", "WordLevel"})
    EXPECT_TRUE(names(refusal(std::string(R"({"model": {"type": ")") + kind + "\"}}"), kind));
  for (const char *section : {"normalizer", "pre_tokenizer", "decoder", "post_processor"})
    EXPECT_TRUE(names(refusal(file(std::string("\"") + section + R"(": {"type": "Metaspace"})")),
                      "Metaspace"));
  EXPECT_TRUE(names(refusal(R"({"model": {"type": "BPE", "byte_fallback": true,
      "vocab": {}, "merges": []}})"),
                    "byte_fallback"));
  EXPECT_TRUE(names(refusal(file(R"j("pre_tokenizer": {"type": "Split",
      "pattern": {"Regex": "(?<=a)"}, "behavior": "Isolated",
      "invert": false})j")),
                    "(?<=a)"));
}

TEST(Tokenizer, RefusesMalformedFiles) {
  for (const char *text :
       {"", "{", "[]", "null", "{}", R"({"model": 1})", R"({"model": {}})",
        R"({"model": {"type": "BPE"}})",
        R"({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}})",
        R"({"model": {"type": "BPE", "vocab": {"a": 1.5}, "merges": []}})",
        R"({"model": {"type": "BPE", "vocab": {"a": 9999999999}, "merges": []}})",
        R"({"model": {"type": "BPE", "vocab": {"a": 18446744073709551615},
            "merges": []}})",
        R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}})",
        R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}})",
        R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}})"})
    EXPECT_FALSE(refusal(text).empty());
  refusal(file(R"("added_tokens": [{"id": 1, "content": "x"}])"));
  refusal(file(R"("added_tokens": {})"));
  refusal(file(R"("pre_tokenizer": {"type": "ByteLevel"})"));
  refusal(file(R"("post_processor": {"type": "TemplateProcessing", "single":
      [{"SpecialToken": {"id": "x", "type_id": 0}}], "special_tokens": {}})"));
}

} // namespace
