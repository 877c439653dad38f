//===- Json.h - Writes indented JSON --------------------------------------===//
#ifndef EINFALL_FORMAT_JSON_H
#define EINFALL_FORMAT_JSON_H

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace einfall::rt {

/// Builds a JSON text call by call. Commas and indentation are its business;
/// matching begin and end is the caller's.
class JsonWriter {
public:
  JsonWriter &beginObject() { return open('{'); }
  JsonWriter &endObject() { return close('}'); }
  JsonWriter &beginArray() { return open('['); }
  JsonWriter &endArray() { return close(']'); }

  JsonWriter &key(std::string_view name) {
    separate();
    quote(name);
    out_ += ": ";
    afterKey_ = true;
    return *this;
  }
  JsonWriter &string(std::string_view text) {
    separate();
    quote(text);
    return *this;
  }
  JsonWriter &number(int64_t value) { return literal(std::to_string(value)); }
  JsonWriter &real(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return literal(std::isfinite(value) ? text : "null");
  }
  JsonWriter &boolean(bool value) { return literal(value ? "true" : "false"); }
  std::string take() { return std::move(out_); }

private:
  JsonWriter &literal(std::string_view text) {
    separate();
    out_ += text;
    return *this;
  }
  JsonWriter &open(char bracket) {
    separate();
    out_ += bracket;
    ++depth_;
    fresh_ = true;
    return *this;
  }
  JsonWriter &close(char bracket) {
    --depth_;
    if (!fresh_)
      newline();
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  void newline() {
    out_ += '\n';
    out_.append(size_t(depth_), ' ');
  }
  void separate() {
    if (afterKey_) {
      afterKey_ = false;
      return;
    }
    if (!fresh_)
      out_ += ',';
    if (depth_ > 0)
      newline();
    fresh_ = false;
  }
  void quote(std::string_view text) {
    out_ += '"';
    for (char c : text) {
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", c);
        out_ += escape;
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
  int depth_ = 0;
  bool fresh_ = true, afterKey_ = false;
};

} // namespace einfall::rt
#endif
