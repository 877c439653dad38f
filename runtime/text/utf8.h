//===- utf8.h - Reading, writing and repairing UTF-8 ---------------------===//
//
// Text inside the library is always valid UTF-8: repair() runs at the border.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEXT_UTF8_H
#define EINFALL_TEXT_UTF8_H

#include <cstdint>
#include <string>
#include <string_view>

namespace einfall::text {

inline bool isContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

/// Reads the code point at `pos` of valid UTF-8 and moves `pos` past it.
inline uint32_t nextCodePoint(std::string_view text, size_t &pos) {
  auto byte = [&](size_t i) { return uint32_t(uint8_t(text[pos + i])); };
  uint32_t lead = byte(0);
  if (lead < 0x80) {
    pos += 1;
    return lead;
  }
  uint32_t value;
  if (lead < 0xE0) {
    value = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    pos += 2;
  } else if (lead < 0xF0) {
    value = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    pos += 3;
  } else {
    value = (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    pos += 4;
  }
  return value;
}

/// Moves `pos` > 0 back to the start of the code point before it.
inline size_t previousCodePoint(std::string_view text, size_t pos) {
  do
    --pos;
  while (pos > 0 && isContinuation(text[pos]));
  return pos;
}

void appendUtf8(std::string &out, uint32_t codePoint);

/// Turns a stream of bytes into valid UTF-8. Each maximal prefix of a sequence
/// that cannot be completed becomes one U+FFFD, as in Rust's from_utf8_lossy
/// and Python's errors="replace". Bytes that may still be completed wait.
class LossyUtf8 {
public:
  void push(std::string_view bytes, std::string &out);
  /// Ends the stream: what waits becomes U+FFFD.
  void flush(std::string &out);

private:
  void pushByte(uint8_t byte, std::string &out);
  bool continues(uint8_t byte) const;

  char pending[4] = {};
  uint8_t have = 0;
  uint8_t need = 0;
};

/// The text with every ill-formed sequence replaced by U+FFFD.
std::string repairUtf8(std::string_view bytes);

} // namespace einfall::text

#endif
