//===- bpe.cpp - Byte-pair encoding of one word --------------------------===//

#include "bpe.h"

#include "utf8.h"

#include <queue>

namespace einfall::text {

namespace {

constexpr int32_t noId = -1;

/// The code point for each byte: printable Latin-1 stands for itself, the
/// other bytes count on from U+0100.
std::array<uint32_t, 256> alphabetCodePoints() {
  std::array<uint32_t, 256> result{};
  uint32_t next = 256;
  for (uint32_t b = 0; b < 256; ++b) {
    bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
    result[b] = printable ? b : next++;
  }
  return result;
}

/// The byte for each code point of the alphabet, -1 for others.
std::array<int16_t, 0x144> alphabetBytes() {
  std::array<int16_t, 0x144> result;
  result.fill(-1);
  std::array<uint32_t, 256> codePoints = alphabetCodePoints();
  for (int16_t b = 0; b < 256; ++b)
    result[codePoints[size_t(b)]] = b;
  return result;
}

uint64_t pairKey(int32_t left, int32_t right) {
  return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
}

} // namespace

const std::array<std::string, 256> &byteAlphabet() {
  static const std::array<std::string, 256> alphabet = [] {
    std::array<std::string, 256> result;
    std::array<uint32_t, 256> codePoints = alphabetCodePoints();
    for (size_t b = 0; b < 256; ++b)
      appendUtf8(result[b], codePoints[b]);
    return result;
  }();
  return alphabet;
}

std::string toByteAlphabet(std::string_view bytes) {
  const std::array<std::string, 256> &alphabet = byteAlphabet();
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes)
    out += alphabet[static_cast<uint8_t>(c)];
  return out;
}

std::string fromByteAlphabet(std::string_view text) {
  static const std::array<int16_t, 0x144> bytes = alphabetBytes();
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    uint32_t c = nextCodePoint(text, pos);
    if (c >= bytes.size() || bytes[c] < 0)
      return std::string(text);
    out += char(bytes[c]);
  }
  return out;
}

bool BpeModel::build(BpeConfig &&config, std::string &error) {
  vocab.reserve(config.vocab.size());
  tokens.reserve(config.vocab.size());
  for (auto &[token, id] : config.vocab) {
    auto entry = vocab.insert_or_assign(std::move(token), id).first;
    tokens[id] = &entry->first;
  }
  continuingPrefix = std::move(config.continuingPrefix);
  endSuffix = std::move(config.endSuffix);
  fuseUnknown = config.fuseUnknown;
  ignoreMerges = config.ignoreMerges;
  if (config.unknown)
    unknownId = idOf(*config.unknown);
  for (size_t b = 0; b < 256; ++b)
    byteIds[b] = idOf(byteAlphabet()[b]).value_or(noId);

  merges.reserve(config.merges.size());
  uint32_t rank = 0;
  for (const auto &[left, right] : config.merges) {
    if (right.size() < continuingPrefix.size()) {
      error = "merge part '" + right + "' is shorter than the prefix";
      return false;
    }
    std::string joined = left + right.substr(continuingPrefix.size());
    for (const std::string *token : {&left, &right, &std::as_const(joined)})
      if (!idOf(*token)) {
        error = "merge of '" + left + "' and '" + right + "': token '" + *token +
                "' is out of the vocabulary";
        return false;
      }
    merges[pairKey(*idOf(left), *idOf(right))] = {rank++, *idOf(joined)};
  }
  return true;
}

std::optional<int32_t> BpeModel::idOf(std::string_view token) const {
  auto it = vocab.find(token);
  return it == vocab.end() ? std::nullopt : std::optional(it->second);
}

const std::string *BpeModel::tokenOf(int32_t id) const {
  auto it = tokens.find(id);
  return it == tokens.end() ? nullptr : it->second;
}

const BpeModel::Merge *BpeModel::findMerge(int32_t left, int32_t right) const {
  auto it = merges.find(pairKey(left, right));
  return it == merges.end() ? nullptr : &it->second;
}

std::vector<BpeModel::Symbol> BpeModel::symbolsOf(std::string_view word, bool bytes) const {
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  auto add = [&](int32_t id) {
    int32_t index = static_cast<int32_t>(symbols.size());
    if (index)
      symbols.back().next = index;
    symbols.push_back({id, index - 1, -1, true});
  };
  bool plain = bytes && continuingPrefix.empty() && endSuffix.empty();
  bool afterUnknown = false;
  for (size_t pos = 0; pos < word.size();) {
    std::optional<int32_t> id;
    uint8_t byte = static_cast<uint8_t>(word[pos]);
    if (plain) {
      ++pos;
      if (byteIds[byte] != noId)
        id = byteIds[byte];
    } else {
      size_t start = pos;
      std::string unit = start ? continuingPrefix : std::string();
      if (bytes) {
        unit += byteAlphabet()[byte];
        ++pos;
      } else {
        nextCodePoint(word, pos);
        unit += word.substr(start, pos - start);
      }
      if (pos == word.size())
        unit += endSuffix;
      id = idOf(unit);
    }
    if (id)
      add(*id);
    else if (unknownId && !(fuseUnknown && afterUnknown))
      add(*unknownId);
    afterUnknown = !id;
  }
  return symbols;
}

void BpeModel::mergeAll(std::vector<Symbol> &symbols) const {
  struct Candidate {
    uint32_t rank;
    int32_t position;
    int32_t id;
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  std::vector<Candidate> initial;
  auto candidate = [&](int32_t left, int32_t right, auto &&sink) {
    const Merge *merge = findMerge(symbols[size_t(left)].id, symbols[size_t(right)].id);
    if (merge)
      sink(Candidate{merge->rank, left, merge->id});
  };
  for (int32_t i = 0; i + 1 < static_cast<int32_t>(symbols.size()); ++i)
    candidate(i, i + 1, [&](Candidate c) { initial.push_back(c); });

  std::priority_queue<Candidate> queue(std::less<Candidate>(), std::move(initial));
  auto enqueue = [&](Candidate c) { queue.push(c); };
  while (!queue.empty()) {
    Candidate best = queue.top();
    queue.pop();
    Symbol &left = symbols[size_t(best.position)];
    if (!left.alive || left.next < 0)
      continue;
    // A candidate is stale once either side has merged with another symbol.
    Symbol &right = symbols[size_t(left.next)];
    const Merge *current = findMerge(left.id, right.id);
    if (!current || current->id != best.id)
      continue;
    left.id = best.id;
    right.alive = false;
    left.next = right.next;
    if (left.next >= 0)
      symbols[size_t(left.next)].previous = best.position;
    if (left.previous >= 0)
      candidate(left.previous, best.position, enqueue);
    if (left.next >= 0)
      candidate(best.position, left.next, enqueue);
  }
}

void BpeModel::tokenize(std::string_view word, bool bytes, std::vector<int32_t> &ids) const {
  if (ignoreMerges) {
    std::optional<int32_t> id = bytes ? idOf(toByteAlphabet(word)) : idOf(word);
    if (id) {
      ids.push_back(*id);
      return;
    }
  }
  std::vector<Symbol> symbols = symbolsOf(word, bytes);
  if (symbols.size() > 1)
    mergeAll(symbols);
  for (const Symbol &symbol : symbols)
    if (symbol.alive)
      ids.push_back(symbol.id);
}

} // namespace einfall::text
