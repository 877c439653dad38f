//===- Bytes.h - Little-endian writing and bounds-checked reading ---------===//
#ifndef EINFALL_FORMAT_BYTES_H
#define EINFALL_FORMAT_BYTES_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace einfall::rt {

/// Appends values to a byte string.
class ByteWriter {
public:
  template <typename T>
    requires std::is_integral_v<T>
  void number(T value) {
    out_.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  void zeros(size_t count) { out_.append(count, '\0'); }
  size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

private:
  std::string out_;
};

/// Reads values off a span. After the first read past the end `failed` holds
/// and everything reads as zero.
class ByteReader {
public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
    requires std::is_integral_v<T>
  T number() {
    T value{};
    if (take(sizeof value))
      std::memcpy(&value, bytes_.data() + at_ - sizeof value, sizeof value);
    return value;
  }
  std::string_view raw(size_t count) {
    if (!take(count))
      return {};
    return {reinterpret_cast<const char *>(bytes_.data()) + at_ - count, count};
  }
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  size_t remaining() const { return failed_ ? 0 : bytes_.size() - at_; }

private:
  bool take(size_t count) {
    if (failed_ || count > bytes_.size() - at_)
      return failed_ = true, false;
    at_ += count;
    return true;
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

} // namespace einfall::rt
#endif
