//===- utf8.cpp - Reading, writing and repairing UTF-8 -------------------===//

#include "utf8.h"

namespace einfall::text {

void appendUtf8(std::string &out, uint32_t c) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += char(0xC0 | c >> 6);
    out += char(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += char(0xE0 | c >> 12);
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  } else {
    out += char(0xF0 | c >> 18);
    out += char(0x80 | (c >> 12 & 0x3F));
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  }
}

static constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool LossyUtf8::continues(uint8_t byte) const {
  if (have > 1)
    return byte >= 0x80 && byte <= 0xBF;
  // The second byte rules out overlong forms, surrogates and > U+10FFFF.
  switch (static_cast<uint8_t>(pending[0])) {
  case 0xE0:
    return byte >= 0xA0 && byte <= 0xBF;
  case 0xED:
    return byte >= 0x80 && byte <= 0x9F;
  case 0xF0:
    return byte >= 0x90 && byte <= 0xBF;
  case 0xF4:
    return byte >= 0x80 && byte <= 0x8F;
  default:
    return byte >= 0x80 && byte <= 0xBF;
  }
}

void LossyUtf8::pushByte(uint8_t byte, std::string &out) {
  if (have) {
    if (continues(byte)) {
      pending[have++] = char(byte);
      if (have == need) {
        out.append(pending, have);
        have = 0;
      }
      return;
    }
    out += replacement;
    have = 0;
  }
  if (byte < 0x80) {
    out += char(byte);
    return;
  }
  if (byte < 0xC2 || byte > 0xF4) {
    out += replacement;
    return;
  }
  pending[0] = char(byte);
  have = 1;
  need = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

void LossyUtf8::push(std::string_view bytes, std::string &out) {
  for (char c : bytes)
    pushByte(static_cast<uint8_t>(c), out);
}

void LossyUtf8::flush(std::string &out) {
  if (have)
    out += replacement;
  have = 0;
}

std::string repairUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  LossyUtf8 decoder;
  decoder.push(bytes, out);
  decoder.flush(out);
  return out;
}

} // namespace einfall::text
