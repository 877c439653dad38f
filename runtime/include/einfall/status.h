//===- status.h - How the runtime reports failure -------------------------===//
//
// Nothing in the runtime throws or aborts on user input: a function that can
// fail returns a Status, or a Result when there is a value to return.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_STATUS_H
#define EINFALL_STATUS_H

#include <optional>
#include <string>
#include <utility>

namespace einfall::rt {

/// Kinds of failure; the values are those of `einf_status` in einfall.h.
enum class StatusCode : int {
  Ok = 0,
  InvalidArgument = 1, ///< wrong name, dtype, rank, extent, option
  BadPackage = 2,      ///< damaged, truncated, foreign or wrong version
  Unsupported = 3,     ///< the machine lacks what the package needs
  OutOfBounds = 4,     ///< a size beyond the session's bounds, a bad index
  Io = 5,              ///< the operating system refused
  OutOfMemory = 6,
  Stopped = 7,      ///< a callback asked to stop
  DeviceFailed = 8, ///< a kernel or its device; others go on
};

/// Success, or a code with a sentence for the user.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::Ok; }
  explicit operator bool() const { return ok(); }
  StatusCode code() const { return code_; }
  const std::string &message() const { return message_; }

private:
  StatusCode code_ = StatusCode::Ok;
  std::string message_;
};

inline Status invalidArgument(std::string message) {
  return {StatusCode::InvalidArgument, std::move(message)};
}
inline Status badPackage(std::string message) {
  return {StatusCode::BadPackage, std::move(message)};
}
inline Status outOfBounds(std::string message) {
  return {StatusCode::OutOfBounds, std::move(message)};
}

/// A value, or the Status that says why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status &status() const { return status_; }
  T &operator*() { return *value_; }
  const T &operator*() const { return *value_; }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

private:
  std::optional<T> value_;
  Status status_;
};

} // namespace einfall::rt

/// Returns from the enclosing function if `expr` is a failed Status.
#define EINF_TRY(expr)                                                                             \
  do {                                                                                             \
    if (::einfall::rt::Status einfStatus_ = (expr); !einfStatus_.ok())                             \
      return einfStatus_;                                                                          \
  } while (false)

#endif
