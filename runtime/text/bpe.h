//===- bpe.h - Byte-pair encoding of one word ----------------------------===//
#ifndef EINFALL_TEXT_BPE_H
#define EINFALL_TEXT_BPE_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace einfall::text {

/// GPT-2's alphabet: the character that stands for each byte, as UTF-8.
const std::array<std::string, 256> &byteAlphabet();
/// The text with each byte replaced by its character.
std::string toByteAlphabet(std::string_view bytes);
/// The inverse; text that leaves the alphabet stays as it is.
std::string fromByteAlphabet(std::string_view text);

/// What model.type BPE of a tokenizer.json holds.
struct BpeConfig {
  std::vector<std::pair<std::string, int32_t>> vocab;
  std::vector<std::pair<std::string, std::string>> merges;
  std::optional<std::string> unknown;
  std::string continuingPrefix;
  std::string endSuffix;
  bool fuseUnknown = false;
  bool ignoreMerges = false;
};

class BpeModel {
public:
  /// False and a message in `error` if a merge names tokens out of `vocab`.
  bool build(BpeConfig &&config, std::string &error);

  /// Appends the ids of one word. `bytes`: the word is raw UTF-8 to be read
  /// through the byte alphabet; otherwise its code points are the symbols.
  void tokenize(std::string_view word, bool bytes, std::vector<int32_t> &ids) const;

  std::optional<int32_t> idOf(std::string_view token) const;
  /// Null if there is no such id.
  const std::string *tokenOf(int32_t id) const;
  size_t vocabSize() const { return vocab.size(); }

private:
  struct Symbol {
    int32_t id;
    int32_t previous;
    int32_t next;
    bool alive;
  };
  struct Merge {
    uint32_t rank;
    int32_t id;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };

  std::vector<Symbol> symbolsOf(std::string_view word, bool bytes) const;
  void mergeAll(std::vector<Symbol> &symbols) const;
  const Merge *findMerge(int32_t left, int32_t right) const;

  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> vocab;
  std::unordered_map<int32_t, const std::string *> tokens;
  std::unordered_map<uint64_t, Merge> merges;
  std::array<int32_t, 256> byteIds{};
  std::optional<int32_t> unknownId;
  std::string continuingPrefix;
  std::string endSuffix;
  bool fuseUnknown = false;
  bool ignoreMerges = false;
};

} // namespace einfall::text

#endif
