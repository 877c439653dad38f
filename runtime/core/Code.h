//===- Code.h - Host code of a package, loaded ----------------------------===//
#ifndef EINFALL_CORE_CODE_H
#define EINFALL_CORE_CODE_H

#include "einfall/abi.h"
#include "einfall/counters.h"
#include "einfall/manifest.h"

#include <array>
#include <memory>
#include <optional>
#include <span>

namespace einfall::rt {

/// By einf_counter.
using Counters = std::array<uint64_t, EINF_COUNTERS>;

/// A shared object in memory and its entry points. Unloads in the destructor.
class Code {
public:
  /// Checks `image`, loads it and finds einf_entry_<name> for all `entries`.
  static Result<std::unique_ptr<Code>> load(std::span<const std::byte> image,
                                            const TargetInfo &target,
                                            std::span<const EntryInfo> entries);
  ~Code();
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;

  /// Name of its target.
  const std::string &target() const { return target_; }
  /// In the order of the manifest's entries.
  einf_entry_fn entry(size_t index) const { return entries_[index]; }
  /// What a kernel has counted since the code was loaded; nothing if it was not
  /// compiled to count.
  std::optional<Counters> counters(const std::string &kernel) const;

private:
  Code() = default;
  void *handle_ = nullptr;
  int fd_ = -1;
  std::string target_;
  std::vector<einf_entry_fn> entries_;
};

} // namespace einfall::rt
#endif
