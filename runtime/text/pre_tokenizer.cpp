//===- pre_tokenizer.cpp - Cutting text into words -----------------------===//

#include "pre_tokenizer.h"

#include "unicode.h"
#include "utf8.h"

#include <algorithm>

namespace einfall::text {

const std::string_view byteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

/// A stretch of text and whether the pattern matched it.
struct Stretch {
  Span span;
  bool match;
};

/// Covers `size` bytes with the matches and what lies between them.
std::vector<Stretch> cover(const std::vector<Span> &matches, size_t size) {
  std::vector<Stretch> result;
  size_t done = 0;
  for (Span m : matches) {
    if (done != m.first)
      result.push_back({{done, m.first}, false});
    result.push_back({m, true});
    done = m.second;
  }
  if (done != size)
    result.push_back({{done, size}, false});
  return result;
}

std::vector<Stretch> merge(std::vector<Stretch> list, SplitBehavior behavior) {
  if (behavior == SplitBehavior::Removed || behavior == SplitBehavior::Isolated)
    return list;
  bool backward = behavior == SplitBehavior::MergedWithNext;
  if (backward)
    std::reverse(list.begin(), list.end());
  std::vector<Stretch> result;
  bool previous = false;
  for (Stretch s : list) {
    bool joins = behavior == SplitBehavior::Contiguous ? s.match == previous : s.match && !previous;
    previous = s.match;
    if (!joins || result.empty())
      result.push_back(s);
    else if (backward)
      result.back().span.first = s.span.first;
    else
      result.back().span.second = s.span.second;
  }
  if (backward)
    std::reverse(result.begin(), result.end());
  return result;
}

std::vector<Span> findLiteral(std::string_view text, std::string_view what) {
  std::vector<Span> found;
  if (what.empty())
    return found;
  for (size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size()))
    found.emplace_back(at, at + what.size());
  return found;
}

std::vector<Span> findNumeric(std::string_view text) {
  std::vector<Span> found;
  for (size_t pos = 0; pos < text.size();) {
    size_t start = pos;
    if (isRustNumeric(nextCodePoint(text, pos)))
      found.emplace_back(start, pos);
  }
  return found;
}

class Cutter {
public:
  Cutter(std::string_view text, std::vector<Piece> &out) : text(text), out(out) {}

  void operator()(const SplitStep &step) {
    cut(step.regex ? step.regex->findAll(text) : findLiteral(text, step.literal), step.behavior,
        step.invert);
  }
  void operator()(const DigitsStep &step) {
    cut(findNumeric(text), step.individual ? SplitBehavior::Isolated : SplitBehavior::Contiguous,
        false);
  }
  void operator()(const ByteLevelStep &step) {
    std::string prefixed;
    if (step.addPrefixSpace && text[0] != ' ') {
      prefixed = ' ';
      prefixed += text;
      text = prefixed;
    }
    size_t first = out.size();
    if (step.regex)
      cut(step.regex->findAll(text), SplitBehavior::Isolated, false);
    else
      out.push_back({std::string(text), {}, false});
    for (size_t i = first; i < out.size(); ++i)
      out[i].bytes = true;
  }

private:
  void cut(const std::vector<Span> &matches, SplitBehavior behavior, bool invert) {
    std::vector<Stretch> list = cover(matches, text.size());
    for (Stretch &s : list)
      s.match ^= invert;
    for (Stretch s : merge(std::move(list), behavior)) {
      bool removed = s.match && behavior == SplitBehavior::Removed;
      if (!removed && s.span.first != s.span.second)
        out.push_back(
            {std::string(text.substr(s.span.first, s.span.second - s.span.first)), {}, false});
    }
  }

  std::string_view text;
  std::vector<Piece> &out;
};

} // namespace

void PreTokenizer::run(std::vector<Piece> &pieces) const {
  for (const PreTokenizerStep &step : steps) {
    std::vector<Piece> next;
    next.reserve(pieces.size());
    for (Piece &piece : pieces) {
      if (piece.added) {
        next.push_back(std::move(piece));
        continue;
      }
      // Steps behind ByteLevel see its alphabet, the model reads it directly.
      std::string text = piece.bytes ? toByteAlphabet(piece.text) : std::move(piece.text);
      std::visit(Cutter(text, next), step);
    }
    pieces = std::move(next);
  }
}

} // namespace einfall::text
