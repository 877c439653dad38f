//===- added_vocabulary.cpp - Tokens found before the model runs ---------===//

#include "added_vocabulary.h"

#include "nfc.h"
#include "unicode.h"
#include "utf8.h"

#include <algorithm>

namespace einfall::text {

void AddedVocabulary::Trie::insert(std::string_view pattern, int32_t id) {
  if (pattern.empty())
    return;
  starts[static_cast<uint8_t>(pattern[0])] = true;
  uint32_t at = 0;
  for (char c : pattern) {
    auto [it, isNew] = nodes[at].next.try_emplace(c, static_cast<uint32_t>(nodes.size()));
    at = it->second;
    if (isNew)
      nodes.emplace_back();
  }
  if (!nodes[at].id)
    nodes[at].id = id;
}

std::optional<std::pair<int32_t, size_t>> AddedVocabulary::Trie::longest(std::string_view text,
                                                                         size_t pos) const {
  std::optional<std::pair<int32_t, size_t>> best;
  if (!starts[static_cast<uint8_t>(text[pos])])
    return best;
  uint32_t at = 0;
  while (pos < text.size()) {
    auto it = nodes[at].next.find(text[pos]);
    if (it == nodes[at].next.end())
      break;
    at = it->second;
    ++pos;
    if (nodes[at].id)
      best.emplace(*nodes[at].id, pos);
  }
  return best;
}

void AddedVocabulary::build(const std::vector<AddedToken> &list, const BpeModel &model, bool nfc) {
  std::vector<const AddedToken *> order;
  for (const AddedToken &token : list)
    if (token.special && !token.content.empty() && specials.insert(token.content).second)
      order.push_back(&token);

  int32_t modelSize = static_cast<int32_t>(model.vocabSize());
  int32_t largest = -1;
  for (const AddedToken &token : list) {
    if (token.content.empty())
      continue;
    auto known = ids.find(token.content);
    if (known != ids.end() && tokens[known->second] == token)
      continue;
    int32_t id;
    if (known != ids.end())
      id = known->second;
    else if (std::optional<int32_t> inModel = model.idOf(token.content))
      id = *inModel;
    else
      id = largest >= 0 && (largest >= modelSize || modelSize == 0) ? largest + 1 : modelSize;
    ids[token.content] = id;
    largest = std::max(largest, id);
    tokens[id] = token;
    if (!specials.contains(token.content))
      order.push_back(&token);
  }
  for (const AddedToken *token : order) {
    int32_t id = ids[token->content];
    if (token->normalized)
      normalized.insert(nfc ? toNfc(token->content) : token->content, id);
    else
      verbatim.insert(token->content, id);
  }
}

const std::string *AddedVocabulary::tokenOf(int32_t id) const {
  auto it = tokens.find(id);
  return it == tokens.end() ? nullptr : &it->second.content;
}

size_t AddedVocabulary::extraSize(const BpeModel &model) const {
  return size_t(std::count_if(ids.begin(), ids.end(),
                              [&](const auto &entry) { return !model.idOf(entry.first); }));
}

/// Whether a word character of Rust's regex crate stands before / at `pos`.
static bool wordBefore(std::string_view text, size_t pos) {
  if (pos == 0)
    return false;
  pos = previousCodePoint(text, pos);
  return isRustWord(nextCodePoint(text, pos));
}

static bool wordAt(std::string_view text, size_t pos) {
  return pos < text.size() && isRustWord(nextCodePoint(text, pos));
}

/// `least` bounds the search, which keeps the whole pass linear.
static size_t spacesBefore(std::string_view text, size_t pos, size_t least) {
  while (pos > least) {
    size_t start = previousCodePoint(text, pos), next = start;
    if (!isSpace(nextCodePoint(text, next)))
      break;
    pos = start;
  }
  return std::max(pos, least);
}

static size_t spacesAfter(std::string_view text, size_t pos) {
  while (pos < text.size()) {
    size_t next = pos;
    if (!isSpace(nextCodePoint(text, next)))
      break;
    pos = next;
  }
  return pos;
}

void AddedVocabulary::split(std::string_view text, const Trie &trie,
                            std::vector<Piece> &out) const {
  size_t done = 0;
  for (size_t pos = 0; pos < text.size();) {
    auto match = trie.longest(text, pos);
    if (!match) {
      ++pos;
      continue;
    }
    auto [id, stop] = *match;
    size_t start = pos;
    // Stripping does not move the search: a token may start in spaces that
    // the one before it took.
    pos = stop;
    const AddedToken &token = tokens.at(id);
    if (token.singleWord && (wordBefore(text, start) || wordAt(text, stop)))
      continue;
    if (token.lstrip)
      start = spacesBefore(text, start, done);
    if (token.rstrip)
      stop = spacesAfter(text, stop);
    if (done < start)
      out.push_back({std::string(text.substr(done, start - done)), {}, false});
    out.push_back({{}, id, false});
    done = stop;
  }
  if (done < text.size())
    out.push_back({std::string(text.substr(done)), {}, false});
}

std::vector<Piece> AddedVocabulary::extract(std::string_view text, bool nfc) const {
  std::vector<Piece> first, result;
  split(text, verbatim, first);
  for (Piece &piece : first) {
    if (piece.added)
      result.push_back(std::move(piece));
    else if (nfc)
      split(toNfc(piece.text), normalized, result);
    else
      split(piece.text, normalized, result);
  }
  return result;
}

} // namespace einfall::text
