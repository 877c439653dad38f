//===- regex.h - The regular expressions of tokenizer.json ---------------===//
//
// A backtracking matcher for the part of Oniguruma's language that byte-level
// BPE tokenizers are written in: alternation, groups, (?i:), classes (nested,
// negated, \p{general category}, \s \d \w), greedy, lazy and possessive
// quantifiers, lookahead, atomic groups, ^ $ \A \z. Everything else is refused
// with its name. Matching needs no recursion on the text and no exceptions.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEXT_REGEX_H
#define EINFALL_TEXT_REGEX_H

#include "unicode.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace einfall::text {

enum class Greed { Greedy, Lazy, Possessive };

/// One instruction of a compiled expression; `a`, `b`, `c` are its operands.
struct RegexOp {
  enum Kind {
    Set,       ///< one code point of sets[a]
    Repeat,    ///< sets[a], at least b, at most c times, as `greed` says
    Split,     ///< try a, then b
    Jump,      ///< go to a
    Look,      ///< the block [next, a) matches here (or, if b, does not)
    Atomic,    ///< the block [next, a) matches, without coming back to it
    LineBegin, ///< ^
    LineEnd,   ///< $
    TextBegin, ///< \A
    TextEnd,   ///< \z
    Accept,    ///< end of the expression or of a block
  };
  Kind kind;
  uint32_t a = 0, b = 0, c = 0;
  Greed greed = Greed::Greedy;
};

struct RegexProgram {
  std::vector<RegexOp> ops;
  std::vector<CodePointSet> sets;
};

/// A byte range [first, second).
using Span = std::pair<size_t, size_t>;

class Regex {
public:
  /// Null and a message in `error` if the pattern is malformed or unsupported.
  static std::unique_ptr<Regex> compile(std::string_view pattern, std::string &error);

  /// All matches in valid UTF-8, as Oniguruma's scan finds them: leftmost,
  /// first alternative, an empty match not right behind another match.
  std::vector<Span> findAll(std::string_view text) const;

private:
  RegexProgram program;
};

} // namespace einfall::text

#endif
