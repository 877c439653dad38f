//===- added_vocabulary.h - Tokens found before the model runs -----------===//
#ifndef EINFALL_TEXT_ADDED_VOCABULARY_H
#define EINFALL_TEXT_ADDED_VOCABULARY_H

#include "bpe.h"

#include <unordered_set>

namespace einfall::text {

struct AddedToken {
  std::string content;
  bool singleWord = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = false;
  bool special = false;

  bool operator==(const AddedToken &) const = default;
};

/// A part of the text on its way to ids: an added token, or text.
struct Piece {
  std::string text;
  std::optional<int32_t> added;
  /// The model reads `text` through the byte alphabet.
  bool bytes = false;
};

class AddedVocabulary {
public:
  /// As the library, gives each token the model's id for its content or the
  /// next free one; the ids in tokenizer.json are only a record of that.
  void build(const std::vector<AddedToken> &list, const BpeModel &model, bool nfc);

  /// Cuts the added tokens out of `text` and normalizes the rest.
  std::vector<Piece> extract(std::string_view text, bool nfc) const;

  /// Null if `id` is not an added token.
  const std::string *tokenOf(int32_t id) const;
  bool isSpecial(const std::string &token) const { return specials.contains(token); }
  /// How many tokens are not in the model's vocabulary.
  size_t extraSize(const BpeModel &model) const;

private:
  /// Finds the leftmost-longest of a set of strings.
  class Trie {
  public:
    void insert(std::string_view pattern, int32_t id);
    /// The id and end of the longest pattern at `pos`.
    std::optional<std::pair<int32_t, size_t>> longest(std::string_view text, size_t pos) const;

  private:
    struct Node {
      std::unordered_map<char, uint32_t> next;
      std::optional<int32_t> id;
    };
    std::vector<Node> nodes{1};
    std::array<bool, 256> starts{};
  };

  void split(std::string_view text, const Trie &trie, std::vector<Piece> &out) const;

  std::unordered_map<std::string, int32_t> ids;
  std::unordered_map<int32_t, AddedToken> tokens;
  std::unordered_set<std::string> specials;
  Trie verbatim;
  Trie normalized;
};

} // namespace einfall::text

#endif
