//===- unicode.h - Sets of code points and Unicode properties ------------===//
//
// The properties are those of the libraries inside Hugging Face tokenizers
// (see utils/gen_unicode_tables.py): Oniguruma for regular expressions, Rust
// for what added tokens and the Digits pre-tokenizer look at.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEXT_UNICODE_H
#define EINFALL_TEXT_UNICODE_H

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace einfall::text {

constexpr uint32_t maxCodePoint = 0x10FFFF;

/// A set of code points: sorted disjoint ranges, and a bitmap for ASCII.
class CodePointSet {
public:
  CodePointSet() = default;
  CodePointSet(uint32_t low, uint32_t high) { add(low, high); }

  void add(uint32_t low, uint32_t high);
  void add(const CodePointSet &other);
  void invert();

  bool contains(uint32_t c) const {
    if (c < 128)
      return ascii[c >> 6] >> (c & 63) & 1;
    return containsWide(c);
  }
  /// The largest member; nothing for the empty set.
  std::optional<uint32_t> largest() const;

private:
  using Range = std::pair<uint32_t, uint32_t>;

  bool containsWide(uint32_t c) const;
  void normalize();

  std::vector<Range> ranges;
  uint64_t ascii[2] = {0, 0};
};

/// White space; Oniguruma and Rust agree on it.
bool isSpace(uint32_t c);
/// \w of Rust's regex crate, which single_word added tokens look at.
bool isRustWord(uint32_t c);
/// Rust's char::is_numeric, which Digits looks at.
bool isRustNumeric(uint32_t c);

/// \s and \w of Oniguruma, whose \w differs inside a class.
CodePointSet regexSpaceSet();
CodePointSet regexWordSet(bool inClass);

/// The set of a general category or group of them ("Lu", "L", "Letter", case
/// and "_- " ignored); nothing for any other property.
std::optional<CodePointSet> categorySet(std::string_view name);

} // namespace einfall::text

#endif
