//===- Profile.h - Where the time of a session's calls goes ---------------===//
//
// Compiled code launches through a table of services; a profile puts itself in
// between and notes the time of each launch under its number in the entry. A
// session without one pays nothing.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_PROFILE_H
#define EINFALL_CORE_PROFILE_H

#include "Code.h"
#include "ThreadPool.h"
#include "einfall/manifest.h"

#include <map>
#include <string>
#include <vector>

namespace einfall::rt {

/// Sums over the launches of a step.
struct StepTime {
  const StepInfo *info = nullptr; ///< of the package, for the code that ran
  uint64_t launches = 0;
  double seconds = 0;
  double bytes = 0;    ///< of its buffers, each at most an element a point of the iteration space
  double points = 0;   ///< points of the iteration space
  Counters counters{}; ///< zero where the kernel does not count
};

class Profile {
public:
  /// The services and the pool argument for a call of `entry` with these
  /// symbols; launches until the next call are noted for it.
  const einf_services &begin(const EntryInfo &entry, std::span<const int64_t> symbols,
                             const Code &code);
  /// Launch `step` of that call took `seconds`, for who launches by other means.
  void note(size_t step, double seconds);

  /// By entry, one a step.
  const std::map<std::string, std::vector<StepTime>> &times() const { return times_; }

private:
  static void launch(void *self, einf_kernel_fn kernel, const void *frame, int64_t blocks,
                     int64_t grain);

  std::map<std::string, std::vector<StepTime>> times_;
  const EntryInfo *entry_ = nullptr;
  const Code *code_ = nullptr;
  std::vector<StepTime> *current_ = nullptr;
  size_t next_ = 0;
};

} // namespace einfall::rt
#endif
