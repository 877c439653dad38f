//===- Handles.h - What the C interface's handles are ---------------------===//
#ifndef EINFALL_CAPI_HANDLES_H
#define EINFALL_CAPI_HANDLES_H

#include "core/Session.h"
#include "einfall/einfall.h"

#include <exception>
#include <new>
#include <string>
#include <vector>

struct einf_package {
  std::shared_ptr<einfall::rt::Package> package;
  std::string manifestJson;                     ///< zero-ended copy
  std::vector<std::vector<std::string>> shapes; ///< by entry and buffer
};

struct einf_session {
  std::shared_ptr<einfall::rt::Package> package;
  std::unique_ptr<einfall::rt::Session> session;
  std::string target, notes;
};

namespace einfall::rt {

/// Keeps the message for einf_last_error and gives the code.
einf_status report(const Status &status);

/// Runs `body`, which returns a Status, and turns exceptions (only the
/// standard library's, for lack of memory) into a code.
template <typename Fn> einf_status guarded(Fn body) {
  try {
    return report(body());
  } catch (const std::bad_alloc &) {
    return report({StatusCode::OutOfMemory, "out of memory"});
  } catch (const std::exception &error) {
    return report({StatusCode::OutOfMemory, error.what()});
  }
}

} // namespace einfall::rt
#endif
