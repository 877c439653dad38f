//===- fuzz_test.cpp - Damaged tokenizer.json files ----------------------===//
//
// No damage may trap: a file loads and works, or is refused with a message. Run
// under AddressSanitizer and UBSan to mean the most.
//
//===----------------------------------------------------------------------===//

#include "text/tokenizer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <random>

using namespace einfall::text;
using nlohmann::json;

namespace {

/// Every section this library reads, small.
const char *const everything = R"({
  "version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [
    {"id": 9, "content": "<x>", "single_word": true, "lstrip": true,
     "rstrip": true, "normalized": false, "special": true},
    {"id": 10, "content": "é", "single_word": false, "lstrip": false,
     "rstrip": true, "normalized": true, "special": false}],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex":
      "(?i:'s|'t|'re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"},
     "behavior": "Isolated", "invert": false},
    {"type": "Split", "pattern": {"String": "--"},
     "behavior": "MergedWithNext", "invert": false},
    {"type": "Digits", "individual_digits": true},
    {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
     "use_regex": false}]},
  "post_processor": {"type": "Sequence", "processors": [
    {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false},
    {"type": "TemplateProcessing",
     "single": [{"SpecialToken": {"id": "q", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}}],
     "pair": [],
     "special_tokens": {"q": {"id": "q", "ids": [9], "tokens": ["<x>"]}}}]},
  "decoder": {"type": "Sequence", "decoders": [
    {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}]},
  "model": {"type": "BPE", "dropout": null, "unk_token": "u",
    "continuing_subword_prefix": "", "end_of_word_suffix": "",
    "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
    "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ã": 4, "©": 5, "Ã©": 6, "u": 7,
              "Ġab": 8},
    "merges": ["a b", ["Ã", "©"], "Ġ ab"]}})";

const char *const sample = "ab ab'S <x> e\u0301 \u00E9  12345--ab\r\n\n  \xFF\xC3 u";

void exercise(std::string_view text) {
  std::string error;
  auto tokenizer = Tokenizer::fromJson(text, error);
  if (!tokenizer) {
    EXPECT_FALSE(error.empty());
    return;
  }
  std::vector<int32_t> ids = tokenizer->encode(sample, true);
  ids.push_back(-1);
  ids.push_back(12345);
  for (bool skip : {false, true})
    tokenizer->decode(ids, skip);
}

class Mutator {
public:
  explicit Mutator(uint32_t seed) : random(seed) {}

  size_t below(size_t n) { return n ? random() % n : 0; }

  std::string bytes(std::string text) {
    size_t edits = 1 + below(4);
    for (size_t i = 0; i < edits && !text.empty(); ++i) {
      size_t at = below(text.size());
      switch (below(4)) {
      case 0:
        text[at] = char(random());
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, text.substr(below(text.size()), below(16)));
        break;
      case 3:
        text[at] = "(){}[]?*+|\\^-,:\"0123"[below(20)];
        break;
      }
    }
    if (below(8) == 0)
      text.resize(below(text.size()));
    return text;
  }

  /// Replaces, removes or damages one value of the tree.
  void tree(json &value) {
    if (value.is_structured() && !value.empty() && below(6)) {
      auto it = value.begin();
      std::advance(it, below(value.size()));
      if (below(12))
        return tree(*it);
      value.erase(it);
      return;
    }
    if (value.is_string() && below(3)) {
      std::string text = bytes(value.get<std::string>());
      value = json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
      return;
    }
    const json others[] = {nullptr,
                           true,
                           false,
                           -1,
                           0,
                           7,
                           1 << 30,
                           2147483648,
                           1e300,
                           "",
                           "a",
                           "BPE",
                           "ByteLevel",
                           json::array(),
                           json::object(),
                           {1, "a"},
                           {{"type", "Sequence"}},
                           "(?:a|a)*+",
                           UINT64_MAX};
    value = others[below(std::size(others))];
  }

private:
  std::mt19937 random;
};

TEST(Fuzz, DamagedBytes) {
  exercise(everything);
  Mutator mutate(1);
  for (int i = 0; i < 1500; ++i)
    exercise(mutate.bytes(everything));
}

TEST(Fuzz, DamagedValues) {
  const json original = json::parse(everything);
  Mutator mutate(2);
  for (int i = 0; i < 15000; ++i) {
    json damaged = original;
    for (size_t edits = 1 + mutate.below(3); edits; --edits)
      mutate.tree(damaged);
    exercise(damaged.dump());
  }
}

TEST(Fuzz, EveryTruncation) {
  std::string text = everything;
  for (size_t length = 0; length < text.size(); ++length)
    exercise(std::string_view(text).substr(0, length));
}

TEST(Fuzz, DamagedModelFile) {
  std::ifstream file(TEXT_TEST_MODEL, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(text.empty());
  Mutator mutate(3);
  for (int i = 0; i < 150; ++i)
    exercise(mutate.bytes(text));
}

} // namespace
