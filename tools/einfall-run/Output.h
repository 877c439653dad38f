//===- Output.h - Files that are written whole or not at all --------------===//
#ifndef EINFALL_RUN_OUTPUT_H
#define EINFALL_RUN_OUTPUT_H

#include "einfall/status.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace einfall::tool {

/// Writes `parts` one after the other, through a temporary file and a rename.
rt::Status writeFile(const std::string &path, std::initializer_list<std::string_view> parts);

} // namespace einfall::tool
#endif
